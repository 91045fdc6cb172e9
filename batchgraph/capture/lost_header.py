"""Captures whose file header is destroyed or missing: what it said, by the records that are there."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import records
from batchgraph.capture.blocks import IF_MAXIMUM, MAX_INTERFACES
from batchgraph.capture.chain_pcapng import chain_blocks, find_block
from batchgraph.capture.index import NO_NUMBER, REPAIRED
from batchgraph.capture.infer import LINK_TYPES, describe_link_type
from batchgraph.capture.records import chain
from batchgraph.capture.walk import MAX_PACKET, largest_packet
from batchgraph.capture.walk_pcap import find_record

_CERTAIN = 16
"""Points of a chain by which a file without any header is taken for a capture: four packets with tied lengths."""

_FILE_HEADER = 24
_CHAINS_TRIED = 64


@dataclass(slots=True)
class LostHeader:
    """What is known in spite of a lost file header.

    Attributes
    ----------
    format
        ``pcap`` or ``pcapng``.
    layout
        For pcap: as the walkers take it.
    what
        What was inferred, for people.
    """

    format: str
    layout: NDArray[np.int64]
    what: str


def infer_header(head: bytes, *, at_end: bool) -> LostHeader | None:
    """Infer a capture's format and layout from the first octets of a file; None where they show no records.

    What chains of records cover most octets decides, as those in the payload of a few packets cover little.

    Parameters
    ----------
    head
        Octets from the start of the file.
    at_end
        Whether they are the whole file.
    """
    octets = np.frombuffer(head, np.uint8).copy()
    best, most = _best_layout(octets, at_end)
    blocks = max(_blocks_covered(octets, at_end, order) for order in (0, 1))
    if max(most, blocks)[1] < _CERTAIN:
        return None
    if blocks > most:
        return LostHeader("pcapng", best, "the section's header is destroyed or missing")
    first, _, _, _ = find_record(octets, 0, _limit(octets, at_end), (len(octets), int(at_end), -1), best)
    _read_rest(head, first, best)
    return LostHeader("pcap", best, _describe(best))


def _limit(octets: NDArray[np.uint8], at_end: bool) -> int:
    return len(octets) if at_end else len(octets) // 2


def _best_layout(octets: NDArray[np.uint8], at_end: bool) -> tuple[NDArray[np.int64], tuple[int, int]]:
    """Try byte orders, precisions and link types, and give the layout that is most convincing, with what it covers."""
    best, most = np.zeros(records.LAYOUT_PLACES, np.int64), (0, 0)
    for big in (0, 1):
        for fraction_ns in (1000, 1):
            for link_type in (NO_NUMBER, *LINK_TYPES):
                layout = _layout(big, fraction_ns, link_type)
                covered = _records_covered(octets, at_end, layout)
                if covered[1] > most[1]:
                    best, most = layout, covered
    return best, most


def _records_covered(octets: NDArray[np.uint8], at_end: bool, layout: NDArray[np.int64]) -> tuple[int, int]:
    """Give the octets that chains of records cover, and the points of these."""
    at, covered, points = 0, 0, 0
    for _ in range(_CHAINS_TRIED):
        extent = (len(octets), int(at_end), -1)
        found, _, _, _ = find_record(octets, at, _limit(octets, at_end), extent, layout)
        if found < 0:
            break
        more, at, _, _ = chain(octets, found, len(octets), int(at_end), len(octets), layout)
        covered, points = covered + at - found, points + more
    return covered, points


def _layout(big: int, fraction_ns: int, link_type: int) -> NDArray[np.int64]:
    layout = np.zeros(records.LAYOUT_PLACES, np.int64)
    layout[records.BIG], layout[records.RECORD_HEADER], layout[records.FRACTION_NS] = big, 16, fraction_ns
    layout[records.MAXIMUM] = layout[records.SNAP] = MAX_PACKET
    layout[records.LINK_TYPE], layout[records.TRUST] = link_type, REPAIRED
    layout[records.LAST_SECONDS] = layout[records.SOUND_SECONDS] = -1
    return layout


def _blocks_covered(octets: NDArray[np.uint8], at_end: bool, order: int) -> tuple[int, int]:
    """Give the octets that chains of blocks cover, and the points of these."""
    interfaces = np.zeros((1, IF_MAXIMUM + 1), np.int64)
    at, covered, points = 0, 0, 0
    for _ in range(_CHAINS_TRIED):
        extent = (len(octets), int(at_end), -1)
        found, _, _, _ = find_block(octets, at, _limit(octets, at_end), extent, order, interfaces, 0)
        if found < 0:
            break
        followed = (len(octets), int(at_end), len(octets))
        more, at, _, _ = chain_blocks(octets, found, followed, order, interfaces, 0)
        covered, points = covered + at - found, points + more
    return covered, points


def _read_rest(head: bytes, first: int, layout: NDArray[np.int64]) -> None:
    """Take the link type from the header's own field where the rest of the header is good."""
    order = ">" if layout[records.BIG] else "<"
    if first != _FILE_HEADER:
        return
    major, minor, snap, link_type = struct.unpack_from(order + "HH8xII", head, 4)
    if (major, minor) == (2, 4) and link_type < MAX_INTERFACES and _FILE_HEADER < snap <= 4 * MAX_PACKET:
        layout[records.LINK_TYPE] = link_type
        layout[records.MAXIMUM] = layout[records.SNAP] = largest_packet(link_type)


def _describe(layout: NDArray[np.int64]) -> str:
    order = "big" if layout[records.BIG] else "little"
    unit = "nano" if layout[records.FRACTION_NS] == 1 else "micro"
    link_type = describe_link_type(int(layout[records.LINK_TYPE]))
    return f"the file header is destroyed or missing: {order}-endian, {unit}seconds and {link_type} were inferred"
