"""Mending classic pcap files: the length of a record by evidence, else the next record that is convincing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import records
from batchgraph.capture.evidence import TIED, UNKNOWN, evidence, length_by_packet
from batchgraph.capture.index import REPAIRED, SUSPECT, PacketIndex
from batchgraph.capture.look import (
    LARGEST_PACKET,
    SMALL_GAP,
    Look,
    begins_in_zeros,
    between,
    describe_zeros,
    most_in_payload,
)
from batchgraph.capture.records import chain, header_at, is_within, is_zero, oddities, strict_chain, survey
from batchgraph.capture.salvage import Mended
from batchgraph.capture.walk import MAX_PACKET, number32
from batchgraph.capture.walk_pcap import find_record

_FILE_HEADER = 24
_SECONDS_OCTETS = 4
_CHECK, _LEAST_ETHERNET = 4, 64
"""Octets of a frame check sequence, and of the shortest frame: a packet may be followed by it, or padded to this."""

_PROVEN = 4
"""Points of a chain that prove the length of the record before it: one packet whose length is tied."""


class PcapMender:
    """Mends the records of a pcap file.

    Parameters
    ----------
    layout
        Of the file; its zones of doubt are set here.
    """

    def __init__(self, layout: NDArray[np.int64]) -> None:
        self.is_lost = False
        self.is_headless = False
        self.passed = 0
        self._doubted_until = 0
        self._layout = layout

    def mend(self, seen: Look, index: PacketIndex) -> Mended:
        """Do the best about the doubtful record that a walk came to, `DOUBT` octets behind the start."""
        if self.is_lost:
            return self._search_on(seen)
        before, doubtful = seen.start, seen.start + int(self._layout[records.DOUBT])
        if before != doubtful and (length := self._mended_length(seen, before)):
            return self._repair(seen, index, 0, before, length)
        if seen.stop - doubtful < self._header:
            n = self.put_before(seen, index, doubtful)
            return self._cut(seen, n, doubtful)
        if self._is_recognisable(seen, doubtful) and (length := self._mended_length(seen, doubtful)):
            n = self.put_before(seen, index, doubtful)
            return self._repair(seen, index, n, doubtful, length)
        if self._is_cut(seen, doubtful) and not self._ends_with_records(seen, doubtful):
            n = self.put_before(seen, index, doubtful)
            return self._cut(seen, n, doubtful)
        return self._resynchronise(seen, index, before, doubtful)

    def put_before(self, seen: Look, index: PacketIndex, doubtful: int) -> int:
        """Write the packet before a doubtful one to the index, where there is one; give how many that are."""
        if seen.start == doubtful:
            return 0
        is_hit = begins_in_zeros(seen, doubtful) or not self._is_timely(seen, doubtful)
        return self._put(seen, index, 0, seen.start, trust=SUSPECT if is_hit else self._trust)

    def _is_timely(self, seen: Look, at: int) -> bool:
        """Tell whether the seconds of a record, as far as they are there, are near those of the record at the start.

        Where they are not, and something else is wrong there, damage began before them, maybe in the packet before.
        """
        if seen.stop - at < _SECONDS_OCTETS or records.is_file_magic(seen.octets, at):
            return True
        seconds = number32(seen.octets, at, int(self._layout[records.BIG]))
        return abs(seconds - number32(seen.octets, seen.start, int(self._layout[records.BIG]))) <= records.HOUR

    @property
    def _header(self) -> int:
        return int(self._layout[records.RECORD_HEADER])

    @property
    def _trust(self) -> int:
        """Trust of a record at the start of what is looked at."""
        return SUSPECT if self._layout[records.SUSPECT_ZONE] > 0 else int(self._layout[records.TRUST])

    def _read(self, seen: Look, at: int) -> tuple[int, int, int, int]:
        return header_at(seen.octets, at, self._layout)

    def _lengths(self, seen: Look, at: int) -> Iterator[int]:
        """Give the lengths that the record at a place may have instead of the one in its header."""
        _, _, captured, wire = self._read(seen, at)
        have = min(seen.stop - at - self._header, LARGEST_PACKET)
        by_packet = length_by_packet(seen.octets, at + self._header, have, self._layout[records.LINK_TYPE])
        snap = int(self._layout[records.SNAP])
        if captured == wire == by_packet:
            return
        for length in (wire, by_packet, 60 if 0 < by_packet < 60 else 0):
            if 0 < (snapped := min(length, snap)) <= self._layout[records.MAXIMUM] and snapped != captured:
                yield snapped

    def _mended_length(self, seen: Look, at: int) -> int:
        """Find the length at which the record at a place is followed by a chain of others, or the end; else 0."""
        _, _, captured, wire = self._read(seen, at)
        have = min(seen.stop - at - self._header, LARGEST_PACKET)
        is_exact = captured == length_by_packet(seen.octets, at + self._header, have, self._layout[records.LINK_TYPE])
        for length in self._lengths(seen, at):
            after = at + self._header + length
            # What is captured is proven by the packet too, so that the wire's length leads anywhere by chance.
            if after > seen.stop or (is_exact and length == wire > max(captured + _CHECK, _LEAST_ETHERNET)):
                continue
            if after == seen.stop and seen.at_end:
                return length
            if chain(seen.octets, after, seen.stop, seen.at_end, records.CHAIN, self._layout)[0] >= _PROVEN:
                return length
        return 0

    def _put(self, seen: Look, index: PacketIndex, n: int, at: int, *, trust: int, length: int | None = None) -> int:
        """Write a packet to the index, with another captured length than its header says where one is given."""
        seconds, fraction, captured, wire = self._read(seen, at)
        captured = captured if length is None else length
        index.offset[n] = at + self._header
        index.cap_len[n] = captured
        index.wire_len[n] = wire if length is None or captured <= wire <= self._layout[records.MAXIMUM] else captured
        index.time_ns[n] = seconds * 1_000_000_000 + fraction * int(self._layout[records.FRACTION_NS])
        index.interface[n] = 0
        index.link_type[n] = self._layout[records.LINK_TYPE]
        index.trust[n] = trust
        self._layout[records.LAST_SECONDS] = seconds
        if trust != SUSPECT:
            self._layout[records.SOUND_SECONDS], self._layout[records.SOUND_TIME] = seconds, index.time_ns[n]
        return 1

    def _repair(self, seen: Look, index: PacketIndex, n: int, at: int, length: int) -> Mended:
        """Give a packet the length that evidence tells."""
        said = self._read(seen, at)[2]
        trust = max(self._trust, REPAIRED)
        n += self._put(seen, index, n, at, trust=trust, length=length)
        position = at + self._header + length
        self._pass(position - seen.start)
        what = f"the record claims {said:,} octets, by the evidence around it has {length:,}: its length was mended"
        return Mended(position, n, at=at, what=what)

    def _pass(self, n_octets: int) -> None:
        for place in (records.LENIENT, records.SUSPECT_ZONE, records.TIMED_ZONE):
            self._layout[place] = max(0, int(self._layout[place]) - n_octets)

    def _is_cut(self, seen: Look, at: int) -> bool:
        """Tell whether a record is just cut off by the end of the file: nothing is wrong with its header."""
        _, fraction, captured, wire = self._read(seen, at)
        have = seen.stop - at - self._header
        if not seen.at_end or captured <= have or oddities(fraction, captured, wire, self._layout):
            return False
        return self._evidence(seen, at) >= UNKNOWN

    def _ends_with_records(self, seen: Look, at: int) -> bool:
        """Tell whether records lead right to the end of the file behind a place: octets are missing before them."""
        found, start = 0, at + self._header
        while found >= 0:
            found, position, _, _ = find_record(seen.octets, start, seen.stop, (seen.stop, 1, -1), self._layout)
            if found >= 0:
                _, position, _, _ = chain(seen.octets, found, seen.stop, 1, 1 << 20, self._layout)
                if position == seen.stop:
                    return True
                start = max(position, found + 1)
        return False

    def _evidence(self, seen: Look, at: int) -> int:
        _, _, captured, wire = self._read(seen, at)
        captured = min(captured, seen.stop - at - self._header)
        return evidence(seen.octets, at + self._header, captured, wire, self._layout[records.LINK_TYPE])

    def _cut(self, seen: Look, n: int, at: int) -> Mended:
        left = seen.stop - at
        needed = self._header
        if left >= needed:
            needed += self._read(seen, at)[2]
        what = f"the last record needs {needed:,} octets, {left:,} are there: it is cut off"
        return Mended(seen.stop, n, left, at, what, ends=True, is_cut=True)

    def _resynchronise(self, seen: Look, index: PacketIndex, before: int, doubtful: int) -> Mended:
        """Search for the next record, and save what can be saved before it."""
        is_first = before == doubtful
        start = doubtful + 1 if is_first else before + self._header
        found = self._search(seen, start, -1 if is_first else doubtful)
        if found < 0 and (mended := self._go_on_strictly(seen, index, before, doubtful)):
            return mended
        end = found if found >= 0 else max(seen.limit, doubtful)
        n, gap = 0, before
        # Where zeros begin within a record header, so that both its lengths are none, it is none without octets either.
        if not is_first and (any(self._read(seen, before)[2:]) or not begins_in_zeros(seen, doubtful)):
            n, gap = self._save(seen, index, n, before, end, trust=self._trust_before(seen, doubtful))
        if end > doubtful >= gap and self._is_recognisable(seen, doubtful) and found >= 0:
            n, gap = self._save(seen, index, n, doubtful, end, trust=SUSPECT)
            gap_at = gap
        else:
            gap_at = gap
        what = self._describe(seen, doubtful)
        used = self._octets_of(index, n)
        skipped = end - seen.start - used
        at_end = seen.at_end == 1 and found < 0
        if found >= 0:
            self._set_zones(seen, found, claimed=max(self._claim(seen, before), self._claim(seen, doubtful)))
        else:
            self._pass(end - seen.start)
            self.is_lost, self.passed = not at_end, end - seen.start
        return Mended(end, n, skipped, min(gap_at, end), what, ends=at_end, is_cut=False)

    def _octets_of(self, index: PacketIndex, n: int) -> int:
        return int(index.cap_len[:n].sum()) + n * self._header

    def _save(self, seen: Look, index: PacketIndex, n: int, at: int, end: int, *, trust: int) -> tuple[int, int]:
        """Write a packet whose header is good to the index, cut at `end`; give where it ends."""
        captured = self._read(seen, at)[2]
        room = end - at - self._header
        if room < 0:
            return n, at
        if captured > room:
            n += self._put(seen, index, n, at, trust=SUSPECT, length=room)
            return n, end
        n += self._put(seen, index, n, at, trust=trust)
        return n, at + self._header + captured

    def _trust_before(self, seen: Look, doubtful: int) -> int:
        """Trust of the record before a doubtful one: its own octets may be damaged where that is no header at all.

        Where zeros begin right behind an octet that is not zero, the damage began there.
        """
        if begins_in_zeros(seen, doubtful):
            return SUSPECT
        zeros = is_zero(seen.octets, doubtful, min(16, seen.stop - doubtful))
        return self._trust if zeros or self._is_recognisable(seen, doubtful) else SUSPECT

    def _is_recognisable(self, seen: Look, at: int) -> bool:
        """Tell whether a record header stands at a place, damaged as it may be in one number."""
        if seen.stop - at < self._header:
            return False
        seconds, fraction, captured, wire = self._read(seen, at)
        units = 1_000_000_000 if self._layout[records.FRACTION_NS] == 1 else 1_000_000
        if fraction >= units or not 0 < wire <= self._layout[records.MAXIMUM]:
            return False
        have = min(max(captured, wire), seen.stop - at - self._header)
        packet = evidence(seen.octets, at + self._header, have, wire, self._layout[records.LINK_TYPE])
        last = int(self._layout[records.LAST_SECONDS])
        return packet == TIED or (packet >= UNKNOWN and last >= 0 and abs(seconds - last) <= records.HOUR)

    def _search(self, seen: Look, start: int, bad: int) -> int:
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
        if other < 0 or any(last + self._header + length == other for length in self._lengths(seen, last)):
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
        seconds, fraction, _, _ = self._read(seen, other)
        high = seconds * 1_000_000_000 + fraction * int(self._layout[records.FRACTION_NS])
        return low > 0 and is_within(seen.octets, found, broke, between(low, high), self._layout)

    def _claim(self, seen: Look, at: int) -> int:
        """Give how long the record at a place may be, by anything that it says of itself; 0 where it is none."""
        if at != seen.start and not self._is_recognisable(seen, at):
            return 0
        lengths = (self._read(seen, at)[2], *self._lengths(seen, at))
        return max((length for length in lengths if length <= MAX_PACKET), default=0)

    def _set_zones(self, seen: Look, found: int, *, claimed: int) -> None:
        """Set how far behind a gap packets are suspect: they could be the payload of one that the gap swallowed.

        As far as the largest packet reaches they are; as far as any IP packet could, those whose time is not between
        the times around.
        """
        layout = self._layout
        stop = min(seen.stop, found + 2 * LARGEST_PACKET)
        largest, high = survey(seen.octets, found, stop, layout)
        largest = max(largest, claimed, int(layout[records.LARGEST]))
        low = int(layout[records.SOUND_SECONDS])
        self._pass(found - seen.start)
        zone = max(largest + self._header, self._doubted_until - found)
        layout[records.SUSPECT_ZONE] = max(zone, layout[records.SUSPECT_ZONE])
        layout[records.TIMED_ZONE] = LARGEST_PACKET
        layout[records.TIME_LOW] = layout[records.SOUND_TIME]
        gap = self.passed + found - seen.start
        layout[records.TIME_HIGH] = high if low >= 0 and gap <= SMALL_GAP else -1
        layout[records.LENIENT] = 0
        layout[records.LAST_SECONDS] = -1

    def _search_on(self, seen: Look) -> Mended:
        """Go on searching in a gap that is larger than what can be looked at."""
        found = self._search(seen, seen.start, -1)
        if found < 0:
            self.passed += seen.limit - seen.start
            return Mended(seen.limit, skipped=seen.limit - seen.start, ends=seen.at_end == 1)
        self._set_zones(seen, found, claimed=0)
        if self.is_headless and self.passed + found - seen.start == _FILE_HEADER:
            # Nothing but the file header is missing, so that this is the first record.
            self._layout[records.SUSPECT_ZONE] = self._layout[records.TIMED_ZONE] = 0
        self.is_lost, self.is_headless, self.passed = False, False, 0
        return Mended(found, skipped=found - seen.start)

    def _go_on_strictly(self, seen: Look, index: PacketIndex, before: int, doubtful: int) -> Mended | None:
        """Where nothing better is in sight, take records as they stand, as a reader does that doubts nothing."""
        n, position, whole = strict_chain(seen.octets, doubtful, seen.stop, seen.at_end, self._layout)
        if n == 0 or not (whole or seen.at_end):
            return None
        self._layout[records.LENIENT] = position - seen.start
        what = "records from here on are not convincing, and nothing else is in sight: they were taken as they stand"
        if before == doubtful:
            return Mended(before, at=doubtful, what=what)
        packets = self.put_before(seen, index, doubtful)
        self._pass(doubtful - seen.start)
        return Mended(doubtful, packets, at=doubtful, what=what)

    def _describe(self, seen: Look, at: int) -> str:
        if zeros := describe_zeros(seen, at):
            return zeros
        captured = self._read(seen, at)[2]
        if captured > self._layout[records.MAXIMUM]:
            return f"the record claims {captured:,} octets, more than its format allows"
        return "no record header is where one should be"
