"""Snoop files, as Solaris writes them (RFC 1761), and Shomiti's variant of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import walk
from batchgraph.capture.framing import FAULTS, State, Walked, columns, frozen, thawed
from batchgraph.capture.index import NO_NUMBER, Accounting, PacketIndex, Problem
from batchgraph.capture.look import look
from batchgraph.capture.mend_snoop import SnoopMender
from batchgraph.capture.salvage import Mended
from batchgraph.capture.walk_snoop import LAYOUT_PLACES, LINK_TYPE, MAXIMUM, ROOMY, walk_snoop
from batchgraph.errors import CorruptCaptureError, UnsupportedCaptureError

_HEADER_OCTETS = 16
_SHOMITI_TRAILER_OCTETS = 16

_LINK_TYPES = {0: 1, 2: 6, 4: 1, 8: 10, 9: 0, 14: 0, 16: 122, 18: 123, 26: 242, 0x80000005: 226}
"""LINKTYPE_ by snoop's datalink type (the IANA registry of these, and Solaris's private ones)."""

_SHOMITI_LINK_TYPES = {0: 1, 2: 6, 4: 1, 8: 10, 10: 1, 11: 6, 12: 1, 13: 6, 14: 6, 19: 1}
"""The same for Shomiti's and Finisar's Surveyor, which took numbers of its own."""


class SnoopFraming:
    """The records of a snoop file.

    Parameters
    ----------
    head
        The first octets of the file.
    accounting
        Gets link type and octets.
    """

    header_octets = _HEADER_OCTETS

    def __init__(self, head: bytes, accounting: Accounting) -> None:
        if len(head) < _HEADER_OCTETS:
            raise CorruptCaptureError(f"the file ends after {len(head)} octets, within its header")
        version, datalink = int.from_bytes(head[8:12], "big"), int.from_bytes(head[12:16], "big")
        if not 2 <= version <= 5:
            raise UnsupportedCaptureError(f"snoop version {version}", offset=8)
        link_type = (_SHOMITI_LINK_TYPES if _is_shomiti(head) else _LINK_TYPES).get(datalink, NO_NUMBER)
        self._accounting = accounting
        accounting.octets["header"] += _HEADER_OCTETS
        if link_type == NO_NUMBER:
            what = f"snoop datalink type {datalink} has no link type"
            accounting.problems.append(Problem(12, what, kept="all packets, undecoded"))
        else:
            accounting.link_types.add(link_type)
        self._layout = np.zeros(LAYOUT_PLACES, np.int64)
        self._mender = SnoopMender(self._layout)
        self._layout[MAXIMUM] = walk.MAX_PACKET
        self._layout[LINK_TYPE] = link_type
        self._layout[ROOMY] = _room_of_first(head) >= 4

    @classmethod
    def resumed(cls, state: State, accounting: Accounting) -> SnoopFraming:
        """Go on where another framing was in `state`."""
        self = cls.__new__(cls)
        self.header_octets = 0
        self._accounting = accounting
        self._layout, search = thawed(state)
        self._mender = SnoopMender(self._layout)
        self._mender.is_lost = bool(search[0])
        return self

    @property
    def is_lost(self) -> bool:
        """Whether the next record is still searched for."""
        return self._mender.is_lost

    def state(self) -> State:
        """Give all that bears on what is read from here on."""
        return frozen(self._layout, np.array([self._mender.is_lost], np.int64))

    def walk(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex, *, at_end: bool) -> Walked:
        """Walk the records in a window."""
        position, packets, reason, needed = walk_snoop(octets, start, stop, int(at_end), self._layout, columns(index))
        self._accounting.octets["records"] += position - start
        return Walked(position, packets, needed, FAULTS.get(reason, ""))

    def mark_repaired(self) -> None:
        """Do nothing: no snoop file is recognised that was transferred in text mode."""

    def mend(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex, *, at_end: bool) -> Mended:
        """Do the best about the record where the walk stopped."""
        mended = self._mender.mend(look(octets, start, stop, at_end), index)
        self._accounting.octets["records"] += mended.position - start - mended.skipped
        return mended


def _is_shomiti(head: bytes) -> bool:
    """Tell whether the first record has room for Shomiti's trailer, more than any padding (as wiretap does)."""
    return _room_of_first(head) >= _SHOMITI_TRAILER_OCTETS


def _room_of_first(head: bytes) -> int:
    """Give the octets of the first record that are neither header nor packet, 0 where it is not there."""
    if len(head) < _HEADER_OCTETS + 24:
        return 0
    return int.from_bytes(head[24:28], "big") - 24 - int.from_bytes(head[20:24], "big")
