"""Mending snoop files: a record's lengths by each other and by its packet, else the next record that is convincing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture.evidence import length_by_packet
from batchgraph.capture.index import REPAIRED, SUSPECT, PacketIndex
from batchgraph.capture.look import LARGEST_PACKET, Look, describe_zeros
from batchgraph.capture.salvage import Mended
from batchgraph.capture.walk import number32
from batchgraph.capture.walk_snoop import (
    LINK_TYPE,
    MAXIMUM,
    MENDED,
    SUSPECT_ZONE,
    find_snoop,
    record_points,
    snoop_chain,
)

_HEADER = 24
_PROVEN = 3
"""More points than these of a chain prove the length of the record before it."""


class SnoopMender:
    """Mends the records of a snoop file.

    Parameters
    ----------
    layout
        Of the file, as the walker takes it.
    """

    def __init__(self, layout: NDArray[np.int64]) -> None:
        self.is_lost = False
        self._layout = layout

    def mend(self, seen: Look, index: PacketIndex) -> Mended:
        """Do the best about the record at the start of what is looked at."""
        if self.is_lost:
            return self._search(seen, seen.start, "")
        if seen.stop - seen.start >= _HEADER and (what := self._mend_lengths(seen)):
            return Mended(seen.start, at=seen.start, what=what)
        if seen.stop - seen.start >= _HEADER and (what := self._doubt(seen)):
            return Mended(seen.start, at=seen.start, what=what)
        if self._is_cut(seen):
            left = seen.stop - seen.start
            needed = number32(seen.octets, seen.start + 8, 1) if left >= _HEADER else _HEADER
            what = f"the last record needs {needed:,} octets, {left:,} are there: it is cut off"
            return Mended(seen.stop, 0, left, seen.start, what, ends=True, is_cut=True)
        mended = self._search(
            seen, seen.start + 1, describe_zeros(seen, seen.start) or "no record is where one should be"
        )
        if passed := self._save(seen, index, mended.position):
            mended.packets, mended.at, mended.skipped = 1, seen.start + passed, mended.skipped - passed
        return mended

    def _mend_lengths(self, seen: Look) -> str:
        """Set right the lengths of a record where others prove them; say what was done, or nothing."""
        at, octets = seen.start, seen.octets
        wire, captured, record = (number32(octets, at + place, 1) for place in (0, 4, 8))
        have = min(seen.stop - at - _HEADER, LARGEST_PACKET)
        by_packet = length_by_packet(octets, at + _HEADER, have, int(self._layout[LINK_TYPE]))
        for length in (captured, wire, by_packet):
            for whole in (record, _HEADER + (length + 3 & ~3), _HEADER + length):
                is_fit = 0 < length <= self._layout[MAXIMUM] and 0 <= whole - _HEADER - length < 4
                if (length, whole) != (captured, record) and is_fit and self._leads_on(seen, at + whole):
                    _write32(octets, at + 4, length)
                    _write32(octets, at + 8, whole)
                    self._layout[MENDED] = REPAIRED
                    return f"the record claims {captured:,} octets of {record:,}, by evidence {length:,}: it was mended"
        return ""

    def _doubt(self, seen: Look) -> str:
        """Keep a record whose lengths do not go together, as a suspect one, where the next stands right behind it."""
        at, octets = seen.start, seen.octets
        captured, record = number32(octets, at + 4, 1), number32(octets, at + 8, 1)
        if captured == 0 or record < _HEADER + captured or not self._leads_on(seen, at + record):
            return ""
        self._layout[MENDED] = SUSPECT
        return f"the record claims {record:,} octets for {captured:,} of a packet: it is suspect"

    def _leads_on(self, seen: Look, at: int) -> bool:
        # The end of the file proves nothing: it may be cut off there.
        return bool(at < seen.stop and snoop_chain(seen.octets, at, seen.stop, seen.at_end, self._layout) > _PROVEN)

    def _is_cut(self, seen: Look) -> bool:
        """Tell whether a record is just cut off by the end of the file."""
        left = seen.stop - seen.start
        if not seen.at_end or left < _HEADER:
            return seen.at_end == 1
        return record_points(seen.octets, seen.start, seen.stop, self._layout)[1] > left

    def _search(self, seen: Look, start: int, what: str) -> Mended:
        """Find the next record; those behind the gap may be the payload of a packet that it swallowed."""
        found = find_snoop(seen.octets, start, seen.limit, seen.stop, seen.at_end, self._layout)
        self.is_lost = found < 0 and not seen.at_end
        end = seen.limit if found < 0 else int(found)
        self._layout[SUSPECT_ZONE] = LARGEST_PACKET
        return Mended(end, 0, end - seen.start, seen.start, what, ends=found < 0 and seen.at_end == 1)

    def _save(self, seen: Look, index: PacketIndex, end: int) -> int:
        """Write the doubtful packet to the index where all of it stands before `end`; give its octets, 0 for none."""
        at, octets = seen.start, seen.octets
        if seen.stop - at < _HEADER or record_points(octets, at, seen.stop, self._layout)[0] < 0:
            return 0
        wire, captured, record, seconds, micros = (number32(octets, at + place, 1) for place in (0, 4, 8, 16, 20))
        if at + _HEADER + captured > end:
            return 0
        index.offset[0], index.cap_len[0], index.wire_len[0] = at + _HEADER, captured, wire
        index.time_ns[0] = seconds * 1_000_000_000 + micros * 1_000
        index.interface[0], index.link_type[0], index.trust[0] = 0, self._layout[LINK_TYPE], SUSPECT
        return min(record, end - at)


def _write32(octets: NDArray[np.uint8], at: int, value: int) -> None:
    octets[at : at + 4] = np.frombuffer(int(value).to_bytes(4, "big"), np.uint8)
