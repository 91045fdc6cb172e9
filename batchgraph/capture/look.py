"""What may be looked at to decide about a damaged place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture.records import LOOK_AHEAD
from batchgraph.capture.walk import Octets
from batchgraph.compiled import kernel

LARGEST_PACKET = 65_536
"""A packet that carries records in its payload may be as long as IP allows, whatever else the file holds."""

SMALL_GAP = 16_384
"""A gap up to which the times around it are close enough to tell what belongs between them."""


_TIME_OCTETS = 8
_NEVER = 0x7FFFFFFFFFFFFFFF


@dataclass(slots=True)
class Look:
    """What may be looked at to decide about the octets from `start`.

    Attributes
    ----------
    octets
        The window.
    start, stop
        Where the octets begin in it, and where they end or `LOOK_AHEAD` does.
    at_end
        1 where the file ends at `stop`.
    """

    octets: NDArray[np.uint8]
    start: int
    stop: int
    at_end: int

    @property
    def limit(self) -> int:
        """Where to stop searching: in the second half, no chain could be followed far enough."""
        return self.stop if self.at_end else self.start + LOOK_AHEAD // 2


def look(octets: NDArray[np.uint8], start: int, stop: int, at_end: bool) -> Look:
    """Limit what is looked at, so that decisions do not depend on how a file is cut into windows."""
    horizon = min(stop, start + LOOK_AHEAD)
    return Look(octets, start, horizon, int(at_end and horizon == stop))


def between(low: int, high: int) -> tuple[int, int]:
    """Give the times between those before a gap and behind it; where the latter is the older, it bounds nothing."""
    return low, high if high >= low else _NEVER


def most_in_payload(largest: int) -> int:
    """Give the octets that a chain of records in a payload may have, after the largest packet that was seen."""
    return min(LARGEST_PACKET, max(SMALL_GAP, 4 * largest))


def describe_zeros(seen: Look, at: int) -> str:
    """Say how many zeros stand at a place, where there are any to speak of; else give nothing."""
    if seen.octets[at : min(at + 16, seen.stop)].any():
        return ""
    n = int(count_zeros(seen.octets, at, seen.stop))
    return f"a run of {n:,} zeros{'' if at + n < seen.stop or seen.at_end else ' or more'}"


def begins_in_zeros(seen: Look, at: int) -> bool:
    """Tell whether a place lies within zeros, as many behind it as a time has: what stands before it may be damaged."""
    n = min(_TIME_OCTETS, seen.stop - at)
    return n == _TIME_OCTETS and not seen.octets[at - 1 : at + n].any()


@kernel
def count_zeros(octets: Octets, at: int, stop: int) -> int:
    """Count the zeros from a place on."""
    n = 0
    while at + n < stop and octets[at + n] == 0:
        n += 1
    return n
