"""What every container format offers to the reader: walk from record to record through a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import walk
from batchgraph.capture.index import Accounting, PacketIndex
from batchgraph.capture.salvage import Mended


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading can begin: all that a reader knows there which bears on what it reads.

    Attributes
    ----------
    offset
        In octets from the start of the file.
    packets
        Packets before it.
    framing
        The class whose ``resumed`` takes the state.
    state
        As `Framing.state` gives it.
    """

    offset: int
    packets: int
    framing: type[Framing]
    state: State


@dataclass(slots=True)
class Walked:
    """How far a walk through a window came.

    Attributes
    ----------
    position
        Where the next record begins, in octets from the start of the window.
    packets
        Packets written to the index.
    needed
        Octets from `position` that the next record needs, where it is not whole in the window; else 0.
    fault
        What is wrong with the record at `position`; empty where nothing is, and walking can go on.
    """

    position: int
    packets: int
    needed: int = 0
    fault: str = ""


State = tuple[bytes, ...]
"""What a framing knows, as the octets of its int64 arrays."""


def frozen(*arrays: NDArray[np.int64]) -> State:
    """Give the octets of arrays, and the order of these."""
    return tuple(array.tobytes() for array in arrays)


def thawed(state: State) -> tuple[NDArray[np.int64], ...]:
    """Give arrays of one dimension that `frozen` took, to write to."""
    return tuple(np.frombuffer(octets, np.int64).copy() for octets in state)


class Framing(Protocol):
    """The framing of one capture file, after its header."""

    header_octets: int
    """Octets of the file header, which come before the first record."""

    def mark_repaired(self) -> None:
        """Let no packet be beyond doubt, as the file was mended as a whole."""

    @property
    def is_lost(self) -> bool:
        """Whether the next record is still searched for, so that there is nothing to walk."""

    @classmethod
    def resumed(cls, state: State, accounting: Accounting) -> Framing:
        """Go on where another framing was in `state`, with another account."""

    def state(self) -> State:
        """Give all that bears on what is read from here on, between two walks; ``resumed`` makes a framing of it."""

    def walk(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex, *, at_end: bool) -> Walked:
        """Walk the records in ``octets[start:stop]``, fill `index`, and account for the octets passed.

        `at_end` says whether the file ends at `stop`.
        """

    def mend(
        self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex, *, at_end: bool
    ) -> Mended | None:
        """Do the best about the record where the walk stopped; None where this format is not mended.

        At least `LOOK_AHEAD` octets are there, or those up to the end. Octets are accounted for but those skipped.
        """


FAULTS = {
    walk.TOO_LONG: "the record claims more octets than its format allows",
    walk.TOO_SHORT: "the block is shorter than its type requires",
    walk.TRAILER: "the block's two lengths differ",
    walk.OVERFLOW: "the packet is longer than its record, or than its link type allows",
    walk.BYTE_ORDER: "the section header has no byte-order magic",
    walk.VERSION: "the section is of another major version than 1",
    walk.DOUBTFUL: "no record header is where one should be",
    walk.CUT: "the last record is cut off",
}
"""What the walkers' faults mean."""


def columns(index: PacketIndex) -> walk.Columns:
    """Give the arrays of an index as the walkers take them."""
    return walk.Columns(
        index.offset,
        index.cap_len,
        index.wire_len,
        index.time_ns,
        index.interface,
        index.link_type,
        index.trust,
    )
