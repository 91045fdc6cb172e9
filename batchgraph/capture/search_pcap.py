"""The next record behind a gap in a classic pcap file, and what is suspect from there on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import records
from batchgraph.capture.evidence import TIED, UNKNOWN, evidence, length_by_packet
from batchgraph.capture.look import LARGEST_PACKET, SMALL_GAP, Look, between, most_in_payload
from batchgraph.capture.records import chain, header_at, is_within, survey
from batchgraph.capture.walk import MAX_PACKET
from batchgraph.capture.walk_pcap import find_record


class RecordSearch:
    """Reads record headers, damaged as they may be, and searches for records behind gaps.

    Parameters
    ----------
    layout
        Of the file; its zones of doubt are set here.
    """

    def __init__(self, layout: NDArray[np.int64]) -> None:
        self._doubted_until = 0
        self._layout = layout

    @property
    def header(self) -> int:
        """Octets of a record header."""
        return int(self._layout[records.RECORD_HEADER])

    def read(self, seen: Look, at: int) -> tuple[int, int, int, int]:
        """Read a record header: seconds, fraction, captured length, length on the wire."""
        return header_at(seen.octets, at, self._layout)

    def lengths(self, seen: Look, at: int) -> Iterator[int]:
        """Give the lengths that the record at a place may have instead of the one in its header."""
        _, _, captured, wire = self.read(seen, at)
        have = min(seen.stop - at - self.header, LARGEST_PACKET)
        by_packet = length_by_packet(seen.octets, at + self.header, have, self._layout[records.LINK_TYPE])
        snap = int(self._layout[records.SNAP])
        if captured == wire == by_packet:
            return
        for length in (wire, by_packet, 60 if 0 < by_packet < 60 else 0):
            if 0 < (snapped := min(length, snap)) <= self._layout[records.MAXIMUM] and snapped != captured:
                yield snapped

    def is_recognisable(self, seen: Look, at: int) -> bool:
        """Tell whether a record header stands at a place, damaged as it may be in one number."""
        if seen.stop - at < self.header:
            return False
        seconds, fraction, captured, wire = self.read(seen, at)
        units = 1_000_000_000 if self._layout[records.FRACTION_NS] == 1 else 1_000_000
        if fraction >= units or not 0 < wire <= self._layout[records.MAXIMUM]:
            return False
        have = min(max(captured, wire), seen.stop - at - self.header)
        packet = evidence(seen.octets, at + self.header, have, wire, self._layout[records.LINK_TYPE])
        last = int(self._layout[records.LAST_SECONDS])
        return packet == TIED or (packet >= UNKNOWN and last >= 0 and abs(seconds - last) <= records.HOUR)

    def search(self, seen: Look, start: int, bad: int) -> int:
        """Find the next record, or -1; chains within a payload that lead nowhere are passed over.

        `_doubted_until` is then where what is doubted of a chain ends that is kept, as its times are the capture's.
        """
        self._doubted_until = 0
        extent = (seen.stop, seen.at_end, bad)
        found, _, _, _ = find_record(seen.octets, start, seen.limit, extent, self._layout)
        if found < 0:
            return -1
        stop = min(seen.stop, found + 2 * LARGEST_PACKET)
        at_end = int(seen.at_end and stop == seen.stop)
        _, broke, last, whole = chain(seen.octets, found, stop, at_end, 1 << 20, self._layout)
        # The last one's length may have led anywhere.
        if whole or last - found > most_in_payload(int(self._layout[records.LARGEST])):
            return int(found)
        # A chain that breaks off may lie in the payload of a packet whose header is lost: one that leads on wins.
        other, _, _, _ = find_record(seen.octets, found + 1, broke, (seen.stop, seen.at_end, broke), self._layout)
        if other < 0 or any(last + self.header + length == other for length in self.lengths(seen, last)):
            return int(found)
        if self._is_of_capture(seen, int(found), int(broke), int(other)):
            self._doubted_until = int(other)
            return int(found)
        return int(other)

    def _is_of_capture(self, seen: Look, found: int, broke: int, other: int) -> bool:
        """Tell whether a chain's times lie between those before the gap and those of another chain behind it.

        A chain breaks off at further damage too. One in a payload was captured before, and seldom just before.
        """
        low = int(self._layout[records.SOUND_TIME])
        seconds, fraction, _, _ = self.read(seen, other)
        high = seconds * 1_000_000_000 + fraction * int(self._layout[records.FRACTION_NS])
        return low > 0 and is_within(seen.octets, found, broke, between(low, high), self._layout)

    def claim(self, seen: Look, at: int) -> int:
        """Give how long the record at a place may be, by anything that it says of itself; 0 where it is none."""
        if at != seen.start and not self.is_recognisable(seen, at):
            return 0
        lengths = (self.read(seen, at)[2], *self.lengths(seen, at))
        return max((length for length in lengths if length <= MAX_PACKET), default=0)

    def set_zones(self, seen: Look, found: int, *, claimed: int, passed: int) -> None:
        """Set how far behind a gap packets are suspect: they could be the payload of one that the gap swallowed.

        As far as the largest packet reaches they are; as far as any IP packet could, those whose time is not between
        the times around.
        """
        layout = self._layout
        stop = min(seen.stop, found + 2 * LARGEST_PACKET)
        largest, high = survey(seen.octets, found, stop, layout)
        largest = max(largest, claimed, int(layout[records.LARGEST]))
        low = int(layout[records.SOUND_SECONDS])
        self.pass_by(found - seen.start)
        zone = max(largest + self.header, self._doubted_until - found)
        layout[records.SUSPECT_ZONE] = max(zone, layout[records.SUSPECT_ZONE])
        layout[records.TIMED_ZONE] = LARGEST_PACKET
        layout[records.TIME_LOW] = layout[records.SOUND_TIME]
        gap = passed + found - seen.start
        layout[records.TIME_HIGH] = high if low >= 0 and gap <= SMALL_GAP else -1
        layout[records.LENIENT] = 0
        layout[records.LAST_SECONDS] = -1

    def pass_by(self, n_octets: int) -> None:
        """Let so many octets of the zones of doubt be behind."""
        for place in (records.LENIENT, records.SUSPECT_ZONE, records.TIMED_ZONE):
            self._layout[place] = max(0, int(self._layout[place]) - n_octets)
