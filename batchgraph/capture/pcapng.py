"""Pcapng files (draft-ietf-opsawg-pcapng): sections, interfaces, packets, and the texts beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import walk
from batchgraph.capture.framing import FAULTS, Walked, columns
from batchgraph.capture.index import Accounting, PacketIndex, Problem
from batchgraph.capture.notes import Notes

_INTERFACES_AT_FIRST = 16
_REMARKS = 2 * walk.REMARKS_PER_BLOCK


class PcapngFraming:
    """The blocks of a pcapng file; it has no file header, as a section header is a block.

    Parameters
    ----------
    accounting
        Gets link types, octets, and the texts of comments and name resolution blocks.
    """

    header_octets = 0

    def __init__(self, accounting: Accounting) -> None:
        self._accounting = accounting
        self._notes = Notes(accounting.notes)
        self._blocks = walk.Blocks(
            state=np.zeros(11, np.int64),
            interfaces=np.zeros((_INTERFACES_AT_FIRST, 7), np.int64),
            link_types=np.zeros(1 << 16, np.uint8),
            remarks=np.zeros((_REMARKS, 4), np.int64),
        )
        self._blocks.state[walk.WANTED] = self._notes.wanted

    def walk(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex) -> Walked:
        """Walk the blocks in a window."""
        position, packets, reason, needed = self._step(octets, start, stop, index)
        while reason == walk.INTERFACES_FULL and packets == 0:
            self._make_room()
            position, packets, reason, needed = self._step(octets, position, stop, index)
        return Walked(position, packets, needed, FAULTS.get(reason, ""))

    def _step(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex) -> tuple[int, int, int, int]:
        before = self._blocks.state.copy()
        walked = walk.walk_pcapng(octets, start, stop, self._blocks, columns(index))
        self._account(octets, before)
        return walked

    def _make_room(self) -> None:
        known = self._blocks.interfaces
        grown = np.zeros((min(4 * len(known), walk.MAX_INTERFACES), 7), np.int64)
        grown[: len(known)] = known
        self._blocks = self._blocks._replace(interfaces=grown)

    def _account(self, octets: NDArray[np.uint8], before: NDArray[np.int64]) -> None:
        """Carry over what the walk counted and noted."""
        state = self._blocks.state
        for name, place in (
            ("header", walk.HEADER_OCTETS),
            ("records", walk.RECORD_OCTETS),
            ("other", walk.OTHER_OCTETS),
        ):
            self._accounting.octets[name] += int(state[place] - before[place])
        if state[walk.DESCRIBED] != before[walk.DESCRIBED]:
            self._accounting.link_types.update(np.flatnonzero(self._blocks.link_types).tolist())
        if state[walk.UNNUMBERED] and not before[walk.UNNUMBERED]:
            what = f"a section describes more than {walk.MAX_INTERFACES:,} interfaces"
            lost = "link types and times of packets on the others"
            self._accounting.problems.append(Problem(0, what, kept="all packets", lost=lost))
        self._notes.count(int(state[walk.COMMENTS]), int(state[walk.SECRETS]))
        for kind, at, length, big in self._blocks.remarks[: state[walk.REMARKS]].tolist():
            self._notes.read(kind, octets[at : at + length].tobytes(), big=bool(big))
        state[walk.REMARKS] = 0
        state[walk.WANTED] = self._notes.wanted
