"""Pcapng files (draft-ietf-opsawg-pcapng): sections, interfaces, packets, and the texts beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import blocks, walk
from batchgraph.capture.blocks import Blocks
from batchgraph.capture.framing import FAULTS, State, Walked, columns, frozen, thawed
from batchgraph.capture.index import NO_TIME, REPAIRED, Accounting, PacketIndex, Problem
from batchgraph.capture.look import look
from batchgraph.capture.mend_pcapng import PcapngMender
from batchgraph.capture.notes import Notes
from batchgraph.capture.salvage import Mended
from batchgraph.capture.walk_pcapng import walk_pcapng

_INTERFACES_AT_FIRST = 16
_INTERFACE_COLUMNS = blocks.IF_MAXIMUM + 1
_REMARKS = 2 * blocks.REMARKS_PER_BLOCK


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
        self._blocks = Blocks(
            state=np.zeros(blocks.STATE_PLACES, np.int64),
            interfaces=np.zeros((_INTERFACES_AT_FIRST, _INTERFACE_COLUMNS), np.int64),
            link_types=np.zeros(1 << 16, np.uint8),
            remarks=np.zeros((_REMARKS, 4), np.int64),
        )
        self._blocks.state[blocks.WANTED] = self._notes.wanted
        self._blocks.state[blocks.LAST_TIME] = NO_TIME
        self._mender = PcapngMender()

    @classmethod
    def resumed(cls, state: State, accounting: Accounting) -> PcapngFraming:
        """Go on where another framing was in `state`."""
        self = cls(accounting)
        counts, interfaces, search = thawed(state)
        counts[blocks.WANTED] = self._notes.wanted
        known = interfaces.reshape(-1, _INTERFACE_COLUMNS)
        table = np.zeros((search[2], _INTERFACE_COLUMNS), np.int64)
        table[: len(known)] = known
        self._blocks = self._blocks._replace(state=counts, interfaces=table)
        self._mender.is_lost, self._mender.passed = bool(search[0]), int(search[1])
        return self

    def state(self) -> State:
        """Give all that bears on what is read from here on."""
        known, mender = self._blocks, self._mender
        interfaces = known.interfaces[: known.state[blocks.INTERFACES]]
        return frozen(
            known.state, interfaces, np.array([mender.is_lost, mender.passed, len(known.interfaces)], np.int64)
        )

    def begin_lost(self) -> None:
        """Search for blocks from the start: the section's header is lost."""
        self._mender.is_lost = True

    def mark_repaired(self) -> None:
        """Let no packet be beyond doubt."""
        self._blocks.state[blocks.TRUST] = REPAIRED

    @property
    def is_lost(self) -> bool:
        """Whether the next block is still searched for."""
        return self._mender.is_lost

    def walk(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex, *, at_end: bool) -> Walked:
        """Walk the blocks in a window."""
        position, packets, reason, needed = self._step(octets, start, stop, index)
        while reason == walk.INTERFACES_FULL and packets == 0:
            self._make_room()
            position, packets, reason, needed = self._step(octets, position, stop, index)
        is_cut = reason == walk.MORE and at_end and position < stop
        return Walked(position, packets, needed, FAULTS.get(walk.CUT if is_cut else reason, ""))

    def mend(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex, *, at_end: bool) -> Mended:
        """Do the best about the block where the walk stopped."""
        mended = self._mender.mend(look(octets, start, stop, at_end), self._blocks)
        if mended.inferred:
            self._accounting.link_types.update(np.flatnonzero(self._blocks.link_types).tolist())
        return mended

    def _step(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex) -> tuple[int, int, int, int]:
        state = self._blocks.state
        before = state.copy()
        position, packets, reason, needed = walk_pcapng(octets, start, stop, self._blocks, columns(index))
        for place in (blocks.SUSPECT_ZONE, blocks.TIMED_ZONE):
            state[place] = max(0, state[place] - (position - start))
        self._account(octets, before)
        return position, packets, reason, needed

    def _make_room(self) -> None:
        known = self._blocks.interfaces
        grown = np.zeros((min(4 * len(known), blocks.MAX_INTERFACES), _INTERFACE_COLUMNS), np.int64)
        grown[: len(known)] = known
        self._blocks = self._blocks._replace(interfaces=grown)

    def _account(self, octets: NDArray[np.uint8], before: NDArray[np.int64]) -> None:
        """Carry over what the walk counted and noted."""
        state = self._blocks.state
        for name, place in (
            ("header", blocks.HEADER_OCTETS),
            ("records", blocks.RECORD_OCTETS),
            ("other", blocks.OTHER_OCTETS),
        ):
            self._accounting.octets[name] += int(state[place] - before[place])
        if state[blocks.DESCRIBED] != before[blocks.DESCRIBED]:
            self._accounting.link_types.update(np.flatnonzero(self._blocks.link_types).tolist())
        if state[blocks.UNNUMBERED] and not before[blocks.UNNUMBERED]:
            what = f"a section describes more than {blocks.MAX_INTERFACES:,} interfaces"
            lost = "link types and times of packets on the others"
            self._accounting.problems.append(Problem(0, what, kept="all packets", lost=lost))
        self._notes.count(int(state[blocks.COMMENTS]), int(state[blocks.SECRETS]))
        for kind, at, length, big in self._blocks.remarks[: state[blocks.REMARKS]].tolist():
            self._notes.read(kind, octets[at : at + length].tobytes(), big=bool(big))
        self._notes.count_cut(int(state[blocks.NAME_BLOCKS]))
        state[blocks.REMARKS] = 0
        state[blocks.WANTED] = self._notes.wanted
