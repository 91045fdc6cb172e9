"""How large things are drawn: circles and arrows by volume."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from batchgraph.render.traffic import OTHERS, Arrow, Host

_LARGEST_RADIUS = 0.36
_SMALLEST_RADIUS = 0.1
_FOLDED_RADIUS = 0.42
_GROUP_RADIUS = 0.14

_WIDEST_SPAN = 100
"""Ratio of octets below which arrows do not take all widths: what is nearly equal should look so."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How volume becomes size: the logarithm of octets, from those of the smallest arrow of a map.

    Parameters
    ----------
    smallest, largest
        Octets.
    low, high
        Size of the smallest, and of what has `_WIDEST_SPAN` times its octets or is the largest.
    """

    smallest: int
    largest: int
    low: float
    high: float

    def __call__(self, octets: int) -> float:
        """Give the size for so many octets."""
        span = math.log(max(self.largest / self.smallest, _WIDEST_SPAN))
        return self.low + (self.high - self.low) * math.log(max(octets, 1) / self.smallest) / span


def host_radii(hosts: Sequence[Host]) -> dict[str, float]:
    """Size circles in inches: the area grows with the square root of the octets, so that small hosts stay visible."""
    largest = max((host.octets for host in hosts if not host.folded), default=1) or 1
    crowd = min(1.0, (30 / max(len(hosts), 1)) ** 0.25)
    radii = {}
    for host in hosts:
        share = min(1.0, host.octets / largest) ** 0.25
        radii[host.name] = max(_SMALLEST_RADIUS, _LARGEST_RADIUS * crowd * share)
        if host.name == OTHERS:
            radii[host.name] = _FOLDED_RADIUS
        elif host.folded:
            radii[host.name] = min(_GROUP_RADIUS + 0.03 * math.log2(host.folded), 0.3)
    return radii


def arrow_scale(arrows: Sequence[Arrow], *, n_hosts: int) -> Scale:
    """Size arrows, as matplotlib's ``mutation_scale``: by octets, and smaller where there are many."""
    octets = [max(arrow.octets, 1) for arrow in arrows] or [1]
    crowd = min(1.0, max(0.55, (40 / max(len(arrows), n_hosts, 1)) ** 0.25))
    return Scale(min(octets), max(octets), low=12 * crowd, high=30 * crowd)
