"""The next block behind a gap in a pcapng file, and what is suspect from there on."""

from __future__ import annotations

import numpy as np

from batchgraph.capture import blocks
from batchgraph.capture.blocks import BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SIMPLE, Blocks, block_extent
from batchgraph.capture.chain_pcapng import (
    are_within,
    chain_blocks,
    find_block,
    is_known,
    packet_of,
    survey_blocks,
)
from batchgraph.capture.index import NO_NUMBER, NO_TIME, REPAIRED
from batchgraph.capture.infer import PACKETS_TRIED, describe_link_type, infer_link_type
from batchgraph.capture.look import LARGEST_PACKET, SMALL_GAP, Look, between, most_in_payload
from batchgraph.capture.walk import MAX_PACKET, largest_packet, number32

_PACKETS = (BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SIMPLE)
_FOLLOWED = 1 << 20
_HEADERS = (28, 48)
"""Octets of a section header, and with an interface description: where just these are missing, no packet is."""

_YEAR_1990_US, _YEAR_2100_US = 631_152_000_000_000, 4_102_444_800_000_000


class BlockSearch:
    """Searches for blocks behind gaps."""

    def __init__(self) -> None:
        self._doubted_until = 0

    def search(self, seen: Look, known: Blocks, start: int) -> int:
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

    def resume(self, seen: Look, known: Blocks, found: int, *, gap: int, claimed: int = 0) -> str:
        """Set what is suspect behind a gap, as for pcap files, and infer what a lost section said."""
        state = known.state
        order, n_interfaces = int(state[blocks.ORDER]), int(state[blocks.INTERFACES])
        kind = number32(seen.octets, found, order)
        inferred = ""
        if n_interfaces == 0 and kind in _PACKETS:
            inferred = self._infer(seen, known, found)
        self.set_zones(seen, known, found, gap=gap, claimed=claimed)
        return inferred

    def set_zones(self, seen: Look, known: Blocks, found: int, *, gap: int, claimed: int) -> None:
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
