"""Mending pcapng files: a block's lengths by each other, else the next block that is convincing.

Where a number of a block is known to be wrong and what it should be is proven, it is set right in the window, and the
block is walked like any other.
"""

from __future__ import annotations

import numpy as np

from batchgraph.capture import blocks
from batchgraph.capture.blocks import BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SECTION, BLOCK_SIMPLE, Blocks, block_extent
from batchgraph.capture.chain_pcapng import (
    are_within,
    chain_blocks,
    ends_in_next,
    find_block,
    find_trailer,
    is_known,
    packet_of,
    survey_blocks,
)
from batchgraph.capture.evidence import length_by_packet
from batchgraph.capture.habits import DOUBTED, captured_length
from batchgraph.capture.index import NO_NUMBER, NO_TIME, REPAIRED, SUSPECT
from batchgraph.capture.infer import PACKETS_TRIED, describe_link_type, infer_link_type
from batchgraph.capture.look import LARGEST_PACKET, SMALL_GAP, Look, between, describe_zeros, most_in_payload
from batchgraph.capture.salvage import Mended
from batchgraph.capture.walk import MAX_PACKET, MORE, TRAILER, largest_packet, number32

_PACKETS = (BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SIMPLE)
_FOLLOWED = 1 << 20
_HEADERS = (28, 48)
"""Octets of a section header, and with an interface description: where just these are missing, no packet is."""

_YEAR_1990_US, _YEAR_2100_US = 631_152_000_000_000, 4_102_444_800_000_000


class PcapngMender:
    """Mends the blocks of a pcapng file."""

    def __init__(self) -> None:
        self.is_lost = False
        self.passed = 0
        self._doubted_until = 0

    def mend(self, seen: Look, known: Blocks) -> Mended:
        """Do the best about the block at the start of what is looked at."""
        if self.is_lost:
            return self._search_on(seen, known)
        if seen.stop - seen.start >= 12 and (what := self._mend_block(seen, known)):
            return Mended(seen.start, at=seen.start, what=what)
        if length := self._bounded(seen, known):
            what = "the packet is longer than its block, or than its link type allows, or empty in a block with room"
            return Mended(seen.start + length, 0, length, seen.start, what)
        if self._is_cut(seen, known) and not self._ends_with_blocks(seen, known):
            left = seen.stop - seen.start
            return Mended(seen.stop, 0, left, seen.start, _cut_off(seen, known), ends=True, is_cut=True)
        return self._resynchronise(seen, known)

    def _mend_block(self, seen: Look, known: Blocks) -> str:
        """Set right the one number of a block that is wrong, where the others and the next block prove it."""
        octets, at, order = seen.octets, seen.start, int(known.state[blocks.ORDER])
        kind, _, length, reason, _ = block_extent(octets, at, seen.stop, order)
        if reason < 0:
            return self._mend_packet(seen, known, (kind, order, length))
        known.state[blocks.MENDED] = REPAIRED
        if not is_known(kind) or kind == BLOCK_SECTION:
            return ""
        least, state = blocks.least_block(kind), known.state
        interfaces = (known.interfaces, state[blocks.INTERFACES])
        # A wrong length may lead to the beginning of a later block: then a shorter one has its like before another.
        is_led_on = reason == TRAILER and self._leads_on(seen, known, at + length)
        if is_led_on and find_trailer(octets, at, at + length, 0, order, *interfaces) < least:
            said = number32(octets, at + length - 4, order)
            self._doubt_trailer(seen, known, length, said)
            _write32(seen, at + length - 4, length, order)
            return f"the block's second length is {said:,}, by the next block it is {length:,}: it was mended"
        stop = min(seen.stop, at + MAX_PACKET + LARGEST_PACKET)
        at_end = int(seen.at_end and stop == seen.stop)
        proven = find_trailer(octets, at, stop, at_end, order, *interfaces)
        if proven < least or proven == length:
            return ""
        _write32(seen, at + 4, proven, order)
        return f"the block's length is {length:,}, by its end it is {proven:,}: it was mended"

    def _doubt_trailer(self, seen: Look, known: Blocks, length: int, said: int) -> None:
        """Set what is suspect where a block's second length was wrong: the block, and what is behind it, or neither.

        Where what it says is the length of another block, octets are missing before it, and what is behind may be the
        payload of a packet, but where a single bit is wrong. Where the next block is of no known type, both were
        written over, and the end of the packet may have been.
        """
        after, state = seen.start + length, known.state
        if said % 4 == 0 and blocks.least_block(BLOCK_ENHANCED) <= said < MAX_PACKET:
            state[blocks.MENDED] = SUSPECT
            if (said ^ length).bit_count() > 1:
                self._set_zones(seen, known, after, gap=0, claimed=length)
                state[blocks.SUSPECT_ZONE] += length
        elif seen.stop - after >= 4 and not is_known(number32(seen.octets, after, int(state[blocks.ORDER]))):
            state[blocks.MENDED] = SUSPECT

    def _bounded(self, seen: Look, known: Blocks) -> int:
        """Give the length of a block whose bounds are good although what is in it is not; else 0."""
        if seen.stop - seen.start < 12:
            return 0
        _, _, length, reason, _ = block_extent(seen.octets, seen.start, seen.stop, int(known.state[blocks.ORDER]))
        return length if reason < 0 else 0

    def _mend_packet(self, seen: Look, known: Blocks, block: tuple[int, int, int]) -> str:
        """Set right the captured length of a packet in a block that is good."""
        kind, order, length = block
        if kind not in (BLOCK_ENHANCED, BLOCK_OBSOLETE):
            return ""
        at = seen.start
        if kind == BLOCK_ENHANCED and length >= 40 and ends_in_next(seen.octets, at + length - 4, length, order):
            return self._mend_overlap(seen, known, order, length)
        said, wire = number32(seen.octets, at + 20, order), number32(seen.octets, at + 24, order)
        link, snap = self._interface(seen, known, order)
        room = length - 32
        by_packet = length_by_packet(seen.octets, at + 28, room, link)
        if said == wire == 0:
            return self._mend_empty(seen, known, order, room, by_packet)
        if kind == BLOCK_ENHANCED and said <= min(room, largest_packet(link)):
            packet = (at + 28, said, wire, link, snap)
            if captured_length(seen.octets, packet, at + length - 4, order, known.state) == DOUBTED:
                known.state[blocks.MENDED] = SUSPECT
                return (
                    f"the packet claims {said:,} octets of {wire:,}, and its block has room for {room:,}: it is suspect"
                )
        for captured in (wire, by_packet):
            if captured != said and 0 < captured <= min(room, wire) and room < captured + 4:
                _write32(seen, at + 20, captured, order)
                known.state[blocks.MENDED] = REPAIRED
                return f"the packet claims {said:,} octets in a block with room for {room:,}: it was mended"
        return ""

    def _mend_overlap(self, seen: Look, known: Blocks, order: int, length: int) -> str:
        """Set right the length of a block that reaches into the next one, where that leads on."""
        at, own = seen.start, length - 8
        if self._leads_on(seen, known, at + length) or not self._leads_on(seen, known, at + own):
            known.state[blocks.MENDED] = SUSPECT
            return f"the block claims {length:,} octets, and could end after {own:,}: it is suspect"
        _write32(seen, at + 4, own, order)
        known.state[blocks.MENDED] = REPAIRED
        return f"the block's length is {length:,}, by its end it is {own:,}: it was mended"

    def _mend_empty(self, seen: Look, known: Blocks, order: int, room: int, by_packet: int) -> str:
        """Set right lengths that zeros were written over, where the packet tells them; more may be damaged.

        Where the time before them is zeros too, this is a gap and no packet.
        """
        length = 60 if 0 < by_packet < room == 60 else by_packet
        at = seen.start + 12
        if not room - 4 < length <= room or not seen.octets[at : at + 8].any():
            return ""
        for place in (20, 24):
            _write32(seen, seen.start + place, length, order)
        known.state[blocks.MENDED] = SUSPECT
        return f"the packet claims no octets in a block with room for {room:,}: it was mended, and is suspect"

    def _interface(self, seen: Look, known: Blocks, order: int) -> tuple[int, int]:
        """Give link type and snapshot length of the interface that the block at the start names."""
        number = number32(seen.octets, seen.start + 8, order)
        if number >= known.state[blocks.INTERFACES]:
            return NO_NUMBER, 0
        interface = known.interfaces[number]
        return int(interface[blocks.IF_LINK_TYPE]), int(interface[blocks.IF_SNAP])

    def _leads_on(self, seen: Look, known: Blocks, at: int) -> bool:
        if at == seen.stop:
            return seen.at_end == 1
        extent, state = (seen.stop, seen.at_end, 2), known.state
        interfaces = (known.interfaces, state[blocks.INTERFACES])
        return bool(chain_blocks(seen.octets, at, extent, state[blocks.ORDER], *interfaces)[0] >= 4)

    def _is_cut(self, seen: Look, known: Blocks) -> bool:
        """Tell whether a block is just cut off by the end of the file."""
        at, order = seen.start, int(known.state[blocks.ORDER])
        if not seen.at_end:
            return False
        if seen.stop - at < 12:
            return True
        kind, _, length, reason, _ = block_extent(seen.octets, at, seen.stop, order)
        if reason != MORE or not is_known(kind):
            return False
        if kind not in (BLOCK_ENHANCED, BLOCK_OBSOLETE) or seen.stop - at < 28:
            return True
        captured, wire = number32(seen.octets, at + 20, order), number32(seen.octets, at + 24, order)
        return captured <= min(wire, MAX_PACKET) and 0 <= length - 32 - ((captured + 3) & ~3) < LARGEST_PACKET

    def _ends_with_blocks(self, seen: Look, known: Blocks) -> bool:
        """Tell whether blocks lead right to the end of the file behind a place: octets are missing before them."""
        octets, order = seen.octets, int(known.state[blocks.ORDER])
        interfaces, extent = (known.interfaces, known.state[blocks.INTERFACES]), (seen.stop, 1, -1)
        found, start = 0, seen.start + 12
        while found >= 0:
            found, _, _, _ = find_block(octets, start, seen.stop, extent, order, *interfaces)
            if found >= 0:
                _, position, _, _ = chain_blocks(octets, found, (seen.stop, 1, _FOLLOWED), order, *interfaces)
                if position == seen.stop:
                    return True
                start = max(int(position), int(found) + 1)
        return False

    def _resynchronise(self, seen: Look, known: Blocks) -> Mended:
        known.state[blocks.MENDED] = 0
        what = describe_zeros(seen, seen.start) or "no block is where one should be"
        found = self._search(seen, known, seen.start + 1)
        at = seen.start
        if found < 0:
            self.is_lost, self.passed = seen.at_end == 0, seen.limit - at
            return Mended(seen.limit, 0, seen.limit - at, at, what, ends=seen.at_end == 1)
        inferred = self._resume(seen, known, found, gap=found - at, claimed=self._claim(seen, known))
        return Mended(found, 0, found - at, at, what, inferred=inferred)

    def _claim(self, seen: Look, known: Blocks) -> int:
        """Give how long the block at the start may be, by anything that it says of itself."""
        if seen.stop - seen.start < 32:
            return 0
        at, order = seen.start, int(known.state[blocks.ORDER])
        link, _ = self._interface(seen, known, order)
        by_packet = length_by_packet(seen.octets, at + 28, seen.stop - at - 28, link)
        said = (*(number32(seen.octets, at + place, order) for place in (4, 20, 24)), by_packet)
        return max((length + 32 for length in said if length <= MAX_PACKET), default=0)

    def _search_on(self, seen: Look, known: Blocks) -> Mended:
        """Go on searching in a gap that is larger than what can be looked at."""
        found = self._search(seen, known, seen.start)
        if found < 0:
            self.passed += seen.limit - seen.start
            return Mended(seen.limit, skipped=seen.limit - seen.start, ends=seen.at_end == 1)
        inferred = self._resume(seen, known, found, gap=self.passed + found - seen.start)
        self.is_lost = False
        return Mended(found, skipped=found - seen.start, inferred=inferred)

    def _search(self, seen: Look, known: Blocks, start: int) -> int:
        """Find the next block, or -1, in either byte order where no section is known."""
        state = known.state
        if state[blocks.HEADER_OCTETS] or (state[blocks.INTERFACES] and state[blocks.TRUST] != REPAIRED):
            return self._search_in(seen, known, start)
        # Where the section was inferred, it may have been by a capture in a payload, of the other byte order.
        before, found = int(state[blocks.ORDER]), {}
        for order in (0, 1):
            state[blocks.ORDER] = order
            found[order] = self._search_in(seen, known, start)
        places = [(place, order) for order, place in found.items() if place >= 0]
        place, state[blocks.ORDER] = min(places, default=(-1, before))
        if state[blocks.ORDER] != before:
            state[blocks.INTERFACES] = 0
        return place

    def _search_in(self, seen: Look, known: Blocks, start: int) -> int:
        """Find the next block; chains within a payload that lead nowhere are passed over."""
        state, octets, order = known.state, seen.octets, int(known.state[blocks.ORDER])
        self._doubted_until = 0
        interfaces = (known.interfaces, state[blocks.INTERFACES])
        extent = (seen.stop, seen.at_end, -1)
        found, _, _, _ = find_block(octets, start, seen.limit, extent, order, *interfaces)
        if found < 0:
            return -1
        stop = min(seen.stop, found + 2 * LARGEST_PACKET)
        followed = (stop, int(seen.at_end and stop == seen.stop), _FOLLOWED)
        _, broke, _, whole = chain_blocks(octets, found, followed, order, *interfaces)
        if whole or broke - found > most_in_payload(int(state[blocks.LARGEST])):
            return int(found)
        other = self._leads_on_from(seen, known, int(found), int(broke))
        if other < 0:
            return int(found)
        # As for pcap files: further damage breaks a chain off too, and one in a payload was captured before.
        low = int(state[blocks.LAST_TIME])
        _, high = survey_blocks(octets, other, other + number32(octets, other + 4, order), order, *interfaces)
        if NO_TIME in (low, high) or not are_within(octets, found, broke, between(low, int(high)), order, *interfaces):
            return other
        self._doubted_until = other
        return int(found)

    def _leads_on_from(self, seen: Look, known: Blocks, found: int, broke: int) -> int:
        """Give where a chain begins that leads on beyond one that broke off, and not behind its last block; else -1.

        A chain that breaks off at a block may lie in the payload of a packet whose own block is lost, which cuts its
        last block off: a chain that begins within that block and leads on wins, unless the block ends there.
        """
        octets, order = seen.octets, int(known.state[blocks.ORDER])
        if seen.stop - broke < 8:
            return -1
        kind, claimed = number32(octets, broke, order), number32(octets, broke + 4, order)
        if not is_known(kind) or claimed > MAX_PACKET:
            return -1
        interfaces = (known.interfaces, known.state[blocks.INTERFACES])
        extent = (seen.stop, seen.at_end, broke)
        other, _, _, _ = find_block(octets, found + 1, min(broke + claimed, seen.stop), extent, order, *interfaces)
        return -1 if other < 0 or number32(octets, other - 4, order) == other - broke else int(other)

    def _resume(self, seen: Look, known: Blocks, found: int, *, gap: int, claimed: int = 0) -> str:
        """Set what is suspect behind a gap, as for pcap files, and infer what a lost section said."""
        state = known.state
        order, n_interfaces = int(state[blocks.ORDER]), int(state[blocks.INTERFACES])
        kind = number32(seen.octets, found, order)
        inferred = ""
        if n_interfaces == 0 and kind in _PACKETS:
            inferred = self._infer(seen, known, found)
        self._set_zones(seen, known, found, gap=gap, claimed=claimed)
        return inferred

    def _set_zones(self, seen: Look, known: Blocks, found: int, *, gap: int, claimed: int) -> None:
        """Set what is suspect from a place on."""
        state = known.state
        order, n_interfaces = int(state[blocks.ORDER]), int(state[blocks.INTERFACES])
        stop = min(seen.stop, found + 2 * LARGEST_PACKET)
        largest, high = survey_blocks(seen.octets, found, stop, order, known.interfaces, n_interfaces)
        largest = max(largest, claimed, int(state[blocks.LARGEST]))
        low = int(state[blocks.LAST_TIME])
        left = int(state[blocks.SUSPECT_ZONE]) - (found - seen.start)
        state[blocks.SUSPECT_ZONE] = max(largest, left, self._doubted_until - found)
        state[blocks.TIMED_ZONE] = LARGEST_PACKET
        state[blocks.TIME_LOW], state[blocks.TIME_HIGH] = 0, -1
        if NO_TIME not in (low, high) and gap <= SMALL_GAP:
            state[blocks.TIME_LOW], state[blocks.TIME_HIGH] = low, high
        if gap in _HEADERS and not state[blocks.HEADER_OCTETS]:
            state[blocks.SUSPECT_ZONE] = state[blocks.TIMED_ZONE] = 0

    def _infer(self, seen: Look, known: Blocks, found: int) -> str:
        """Describe interfaces as packets show them, where the blocks that did are lost."""
        state = known.state
        packets = [packet for _, _, packet in _packets(seen, known, found, LARGEST_PACKET)][:PACKETS_TRIED]
        places = [(place, captured, wire) for _, place, captured, wire, _, _ in packets]
        link_type = infer_link_type(seen.octets, places)
        state[blocks.TRUST] = REPAIRED
        if link_type == NO_NUMBER:
            return "no interface is described, and its link type could not be inferred"
        order = int(state[blocks.ORDER])
        high, low = number32(seen.octets, found + 12, order), number32(seen.octets, found + 16, order)
        in_us = _YEAR_1990_US < (high << 32 | low) < _YEAR_2100_US
        n = min(max(packet[0] for packet in packets) + 1, len(known.interfaces))
        row = np.zeros(7, np.int64)
        row[blocks.IF_LINK_TYPE], row[blocks.IF_RESOLUTION] = link_type, 6 if in_us else 9
        row[blocks.IF_SCALE] = 1000 if in_us else 1
        row[blocks.IF_LIMIT] = 0x7FFFFFFFFFFFFFFF // row[blocks.IF_SCALE]
        row[blocks.IF_MAXIMUM] = largest_packet(link_type)
        known.interfaces[:n] = row
        known.link_types[link_type] = 1
        state[blocks.INTERFACES] = n
        state[blocks.DESCRIBED] += n
        unit = "micro" if in_us else "nano"
        return f"the section's header is lost: {describe_link_type(link_type)} and {unit}seconds were inferred"


def _packets(
    seen: Look, known: Blocks, at: int, n_octets: int
) -> list[tuple[int, int, tuple[int, int, int, int, int, int]]]:
    """Give the packet blocks of a chain, up to a distance: where each begins, its length, and its packet."""
    state = known.state
    order, n_interfaces = int(state[blocks.ORDER]), int(state[blocks.INTERFACES])
    stop = min(seen.stop, at + n_octets)
    packets: list[tuple[int, int, tuple[int, int, int, int, int, int]]] = []
    while True:
        kind, order, length, reason, _ = block_extent(seen.octets, at, stop, order)
        if reason >= 0:
            return packets
        if kind in _PACKETS:
            packet = packet_of(seen.octets, at, (kind, order, length), known.interfaces, n_interfaces)
            if packet[2] < 0:
                return packets
            packets.append((at, length, packet))
        at += length


def _cut_off(seen: Look, known: Blocks) -> str:
    left, needed = seen.stop - seen.start, 12
    if left >= 12:
        needed = number32(seen.octets, seen.start + 4, int(known.state[blocks.ORDER]))
    return f"the last record needs {needed:,} octets, {left:,} are there: it is cut off"


def _write32(seen: Look, at: int, value: int, order: int) -> None:
    seen.octets[at : at + 4] = np.frombuffer(int(value).to_bytes(4, "big" if order else "little"), np.uint8)
