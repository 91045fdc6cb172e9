"""Mending classic pcap files: the length of a record by evidence, else the next record that is convincing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import records
from batchgraph.capture.evidence import UNKNOWN, evidence, length_by_packet
from batchgraph.capture.index import REPAIRED, SUSPECT, PacketIndex
from batchgraph.capture.look import (
    LARGEST_PACKET,
    Look,
    begins_in_zeros,
    describe_zeros,
)
from batchgraph.capture.records import chain, is_zero, oddities, strict_chain
from batchgraph.capture.salvage import Mended
from batchgraph.capture.search_pcap import RecordSearch
from batchgraph.capture.walk import number32
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
        self._records = RecordSearch(layout)
        self._layout = layout

    def mend(self, seen: Look, index: PacketIndex) -> Mended:
        """Do the best about the doubtful record that a walk came to, `DOUBT` octets behind the start."""
        if self.is_lost:
            return self._search_on(seen)
        before, doubtful = seen.start, seen.start + int(self._layout[records.DOUBT])
        if before != doubtful and (length := self._mended_length(seen, before)):
            return self._repair(seen, index, 0, before, length)
        if seen.stop - doubtful < self._records.header:
            n = self.put_before(seen, index, doubtful)
            return self._cut(seen, n, doubtful)
        if self._records.is_recognisable(seen, doubtful) and (length := self._mended_length(seen, doubtful)):
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
    def _trust(self) -> int:
        """Trust of a record at the start of what is looked at."""
        return SUSPECT if self._layout[records.SUSPECT_ZONE] > 0 else int(self._layout[records.TRUST])

    def _mended_length(self, seen: Look, at: int) -> int:
        """Find the length at which the record at a place is followed by a chain of others, or the end; else 0."""
        _, _, captured, wire = self._records.read(seen, at)
        start = at + self._records.header
        have = min(seen.stop - start, LARGEST_PACKET)
        is_exact = captured == length_by_packet(seen.octets, start, have, self._layout[records.LINK_TYPE])
        for length in self._records.lengths(seen, at):
            after = start + length
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
        seconds, fraction, captured, wire = self._records.read(seen, at)
        captured = captured if length is None else length
        index.offset[n] = at + self._records.header
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
        said = self._records.read(seen, at)[2]
        trust = max(self._trust, REPAIRED)
        n += self._put(seen, index, n, at, trust=trust, length=length)
        position = at + self._records.header + length
        self._records.pass_by(position - seen.start)
        what = f"the record claims {said:,} octets, by the evidence around it has {length:,}: its length was mended"
        return Mended(position, n, at=at, what=what)

    def _is_cut(self, seen: Look, at: int) -> bool:
        """Tell whether a record is just cut off by the end of the file: nothing is wrong with its header."""
        _, fraction, captured, wire = self._records.read(seen, at)
        have = seen.stop - at - self._records.header
        if not seen.at_end or captured <= have or oddities(fraction, captured, wire, self._layout):
            return False
        return self._evidence(seen, at) >= UNKNOWN

    def _ends_with_records(self, seen: Look, at: int) -> bool:
        """Tell whether records lead right to the end of the file behind a place: octets are missing before them."""
        found, start = 0, at + self._records.header
        while found >= 0:
            found, position, _, _ = find_record(seen.octets, start, seen.stop, (seen.stop, 1, -1), self._layout)
            if found >= 0:
                _, position, _, _ = chain(seen.octets, found, seen.stop, 1, 1 << 20, self._layout)
                if position == seen.stop:
                    return True
                start = max(position, found + 1)
        return False

    def _evidence(self, seen: Look, at: int) -> int:
        _, _, captured, wire = self._records.read(seen, at)
        captured = min(captured, seen.stop - at - self._records.header)
        return evidence(seen.octets, at + self._records.header, captured, wire, self._layout[records.LINK_TYPE])

    def _cut(self, seen: Look, n: int, at: int) -> Mended:
        left = seen.stop - at
        needed = self._records.header
        if left >= needed:
            needed += self._records.read(seen, at)[2]
        what = f"the last record needs {needed:,} octets, {left:,} are there: it is cut off"
        return Mended(seen.stop, n, left, at, what, ends=True, is_cut=True)

    def _resynchronise(self, seen: Look, index: PacketIndex, before: int, doubtful: int) -> Mended:
        """Search for the next record, and save what can be saved before it."""
        is_first = before == doubtful
        start = doubtful + 1 if is_first else before + self._records.header
        found = self._records.search(seen, start, -1 if is_first else doubtful)
        if found < 0 and (mended := self._go_on_strictly(seen, index, before, doubtful)):
            return mended
        end = found if found >= 0 else max(seen.limit, doubtful)
        n, gap = 0, before
        # Where zeros begin within a record header, so that both its lengths are none, it is none without octets either.
        if not is_first and (any(self._records.read(seen, before)[2:]) or not begins_in_zeros(seen, doubtful)):
            n, gap = self._save(seen, index, n, before, end, trust=self._trust_before(seen, doubtful))
        if end > doubtful >= gap and self._records.is_recognisable(seen, doubtful) and found >= 0:
            n, gap = self._save(seen, index, n, doubtful, end, trust=SUSPECT)
            gap_at = gap
        else:
            gap_at = gap
        what = self._describe(seen, doubtful)
        used = self._octets_of(index, n)
        skipped = end - seen.start - used
        at_end = seen.at_end == 1 and found < 0
        if found >= 0:
            claimed = max(self._records.claim(seen, before), self._records.claim(seen, doubtful))
            self._records.set_zones(seen, found, claimed=claimed, passed=self.passed)
        else:
            self._records.pass_by(end - seen.start)
            self.is_lost, self.passed = not at_end, end - seen.start
        return Mended(end, n, skipped, min(gap_at, end), what, ends=at_end, is_cut=False)

    def _octets_of(self, index: PacketIndex, n: int) -> int:
        return int(index.cap_len[:n].sum()) + n * self._records.header

    def _save(self, seen: Look, index: PacketIndex, n: int, at: int, end: int, *, trust: int) -> tuple[int, int]:
        """Write a packet whose header is good to the index, cut at `end`; give where it ends."""
        captured = self._records.read(seen, at)[2]
        room = end - at - self._records.header
        if room < 0:
            return n, at
        if captured > room:
            n += self._put(seen, index, n, at, trust=SUSPECT, length=room)
            return n, end
        n += self._put(seen, index, n, at, trust=trust)
        return n, at + self._records.header + captured

    def _trust_before(self, seen: Look, doubtful: int) -> int:
        """Trust of the record before a doubtful one: its own octets may be damaged where that is no header at all.

        Where zeros begin right behind an octet that is not zero, the damage began there.
        """
        if begins_in_zeros(seen, doubtful):
            return SUSPECT
        zeros = is_zero(seen.octets, doubtful, min(16, seen.stop - doubtful))
        return self._trust if zeros or self._records.is_recognisable(seen, doubtful) else SUSPECT

    def _search_on(self, seen: Look) -> Mended:
        """Go on searching in a gap that is larger than what can be looked at."""
        found = self._records.search(seen, seen.start, -1)
        if found < 0:
            self.passed += seen.limit - seen.start
            return Mended(seen.limit, skipped=seen.limit - seen.start, ends=seen.at_end == 1)
        self._records.set_zones(seen, found, claimed=0, passed=self.passed)
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
        self._records.pass_by(doubtful - seen.start)
        return Mended(doubtful, packets, at=doubtful, what=what)

    def _describe(self, seen: Look, at: int) -> str:
        if zeros := describe_zeros(seen, at):
            return zeros
        captured = self._records.read(seen, at)[2]
        if captured > self._layout[records.MAXIMUM]:
            return f"the record claims {captured:,} octets, more than its format allows"
        return "no record header is where one should be"
