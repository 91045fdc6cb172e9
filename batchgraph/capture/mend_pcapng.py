"""Mending pcapng files: a block's lengths by each other, else the next block that is convincing.

Where a number of a block is known to be wrong and what it should be is proven, it is set right in the window, and the
block is walked like any other.
"""

from __future__ import annotations

import numpy as np

from batchgraph.capture import blocks
from batchgraph.capture.blocks import BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SECTION, Blocks, block_extent
from batchgraph.capture.chain_pcapng import (
    chain_blocks,
    ends_in_next,
    find_block,
    find_trailer,
    is_known,
)
from batchgraph.capture.evidence import length_by_packet
from batchgraph.capture.habits import DOUBTED, captured_length
from batchgraph.capture.index import NO_NUMBER, REPAIRED, SUSPECT
from batchgraph.capture.look import LARGEST_PACKET, Look, describe_zeros
from batchgraph.capture.salvage import Mended
from batchgraph.capture.search_pcapng import BlockSearch
from batchgraph.capture.walk import MAX_PACKET, MORE, TRAILER, largest_packet, number32

_FOLLOWED = 1 << 20


class PcapngMender:
    """Mends the blocks of a pcapng file."""

    def __init__(self) -> None:
        self.is_lost = False
        self.passed = 0
        self._gaps = BlockSearch()

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
                self._gaps.set_zones(seen, known, after, gap=0, claimed=length)
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
        found = self._gaps.search(seen, known, seen.start + 1)
        at = seen.start
        if found < 0:
            self.is_lost, self.passed = seen.at_end == 0, seen.limit - at
            return Mended(seen.limit, 0, seen.limit - at, at, what, ends=seen.at_end == 1)
        inferred = self._gaps.resume(seen, known, found, gap=found - at, claimed=self._claim(seen, known))
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
        found = self._gaps.search(seen, known, seen.start)
        if found < 0:
            self.passed += seen.limit - seen.start
            return Mended(seen.limit, skipped=seen.limit - seen.start, ends=seen.at_end == 1)
        inferred = self._gaps.resume(seen, known, found, gap=self.passed + found - seen.start)
        self.is_lost = False
        return Mended(found, skipped=found - seen.start, inferred=inferred)


def _cut_off(seen: Look, known: Blocks) -> str:
    left, needed = seen.stop - seen.start, 12
    if left >= 12:
        needed = number32(seen.octets, seen.start + 4, int(known.state[blocks.ORDER]))
    return f"the last record needs {needed:,} octets, {left:,} are there: it is cut off"


def _write32(seen: Look, at: int, value: int, order: int) -> None:
    seen.octets[at : at + 4] = np.frombuffer(int(value).to_bytes(4, "big" if order else "little"), np.uint8)
