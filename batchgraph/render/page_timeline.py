"""The timeline as a picture that needs no script: octets by protocol over time, one path for each protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchgraph.render.page_data import PageTraffic
from batchgraph.render.text import format_instant, format_octets

WIDTH, HEIGHT = 1000, 130
"""Of the picture, in its own units."""

TEXTURES = {
    "UDP": "M-1 1l2-2M0 6l6-6M5 7l2-2",
    "ICMP": "M0 3h6",
    "ICMPv6": "M-1 5l2 2M0 0l6 6M5-1l2 2",
    "ARP": "M3 0v6",
    "IGMP": "M0 3h6M3 0v6",
    "ESP": "M2 3h2",
    "GRE": "M0 0l6 6M0 6l6-6",
    "other": "M0 1.5h6M0 4.5h6",
}
"""Lines across the bars of protocols, as SVG paths in a square of 6 units, by which they are told apart in grey."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Paths by protocol's label, where pieces of time begin, and the height of the largest bin in words.

    Parameters
    ----------
    paths
        ``(label, d)`` of an SVG path, from the bottom of the stack up.
    breaks
        Places along the axis where time was left out.
    first, last
        Times of both ends.
    largest
        Octets of the largest bin.
    """

    paths: Sequence[tuple[str, str]]
    breaks: Sequence[float]
    first: str
    last: str
    largest: str


def timeline_paths(traffic: PageTraffic) -> Timeline | None:
    """Draw the timeline of all captures together; None where no packet has a time."""
    if not traffic.axis:
        return None
    bins = sum(piece.bins for piece in traffic.axis)
    sums = [[0] * bins for _ in traffic.types]
    for _, label, number, _, octets in traffic.cells:
        sums[label][number] += octets
    largest = max(map(sum, zip(*sums, strict=True)))
    bases = [0] * bins
    paths = []
    for name, values in zip(traffic.types, sums, strict=True):
        if any(values):
            paths.append((name, _path(values, bases, largest)))
        bases = [base + value for base, value in zip(bases, values, strict=True)]
    end = traffic.axis[-1]
    return Timeline(
        paths=paths,
        breaks=[round(WIDTH * piece.first_bin / bins, 1) for piece in traffic.axis[1:]],
        first=format_instant(traffic.axis[0].start),
        last=format_instant(end.start + end.width * end.bins),
        largest=format_octets(largest),
    )


def _path(values: Sequence[int], bases: Sequence[int], largest: int) -> str:
    width = WIDTH / len(values)
    bars = []
    for number, (value, base) in enumerate(zip(values, bases, strict=True)):
        if value:
            high, low = (round(HEIGHT * (1 - level / largest), 1) for level in (base + value, base))
            bars.append(f"M{number * width:.1f} {low:g}V{high:g}h{width * 0.9:.1f}V{low:g}z")
    return "".join(bars)
