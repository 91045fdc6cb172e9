"""Chains of pcapng blocks, compiled: what speaks for them, and the search for them after damage."""

# ruff: noqa: PLR0917 (compiled functions are called with plain positional arguments)

from __future__ import annotations

from batchgraph.capture.blocks import (
    BLOCK_ENHANCED,
    BLOCK_INTERFACE,
    BLOCK_OBSOLETE,
    BLOCK_SECRETS,
    BLOCK_SECTION,
    BLOCK_SIMPLE,
    block_extent,
    packet_block,
    simple_block,
)
from batchgraph.capture.evidence import CONTRADICTED, TIED, evidence
from batchgraph.capture.index import NO_NUMBER, NO_TIME
from batchgraph.capture.records import FOLLOWED
from batchgraph.capture.walk import MAX_BLOCK, MORE, Numbers, Octets, number32
from batchgraph.compiled import kernel

CONVINCING = 8
"""Points of a chain that begin a new stretch of blocks: a packet whose length is tied, or two other packets."""

_TIED_POINTS, _PLAIN_POINTS, _DOUBTED_POINTS = 8, 4, 2


@kernel
def is_known(kind: int) -> bool:
    """Tell whether a block type is one that files commonly have."""
    return 1 <= kind <= 6 or kind in (BLOCK_SECRETS, 9, BLOCK_SECTION, 0x0BAD, 0x40000BAD)


@kernel
def ends_in_next(octets: Octets, end: int, length: int, order: int) -> bool:
    """Tell whether a block, its body ending at `end`, is 8 octets too long: its last 12 are its end and a beginning.

    What is taken for its second length is the first length of the next block then, which happens to be as wrong.
    """
    return bool(number32(octets, end - 8, order) == length - 8 and is_known(number32(octets, end - 4, order)))


@kernel
def packet_of(
    octets: Octets, at: int, block: tuple[int, int, int], interfaces: Numbers, n_interfaces: int
) -> tuple[int, int, int, int, int, int]:
    """Read the packet in a whole block (type, byte order, length), as `packet_block` gives it."""
    kind, order, length = block
    extent = (kind, at + 8, at + length - 4)
    if kind == BLOCK_SIMPLE:
        return simple_block(octets, extent, order, interfaces, n_interfaces)
    return packet_block(octets, extent, order, interfaces, n_interfaces)


@kernel
def packet_points(octets: Octets, at: int, block: tuple[int, int, int], interfaces: Numbers, n_interfaces: int) -> int:
    """Give points for a whole packet block, -1 where it cannot be one."""
    kind, _, length = block
    number, place, captured, wire, time, link_type = packet_of(octets, at, block, interfaces, n_interfaces)
    if captured < 0 or number == NO_NUMBER or (kind != BLOCK_SIMPLE and 0 < n_interfaces <= number):
        return -1
    rest = at + length - 4 - place - ((captured + 3) & ~3)
    if kind != BLOCK_SIMPLE and (rest < 0 or captured > wire):
        return 1 if rest >= 0 else -1
    seen = evidence(octets, place, captured, wire, link_type)
    if time == NO_TIME and link_type != NO_NUMBER and kind != BLOCK_SIMPLE:
        return 0
    return _TIED_POINTS if seen == TIED else (_DOUBTED_POINTS if seen == CONTRADICTED else _PLAIN_POINTS)


@kernel
def chain_blocks(
    octets: Octets, at: int, extent: tuple[int, int, int], order: int, interfaces: Numbers, n_interfaces: int
) -> tuple[int, int, int, int]:
    """Follow a chain of blocks from `at`, and give points for what is convincing about them.

    `extent` is what may be looked at (stop, whether the file ends there) and how many blocks to follow at most. Returns
    points, where the chain came to, where its last block begins (or -1), and whether it came to the end.
    """
    stop, at_end, n_blocks = extent
    points, last = 0, -1
    for _ in range(n_blocks):
        if at == stop and at_end:
            return points + 6, at, last, 1
        if stop - at < 12:
            return points, at, last, 0 if at_end else 1
        kind, order, length, reason, _ = block_extent(octets, at, stop, order)
        if reason == MORE:
            return points, at, last, 1 if is_known(kind) and length <= MAX_BLOCK else 0
        if reason >= 0:
            return points, at, last, 0
        if kind in (BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SIMPLE):
            more = packet_points(octets, at, (kind, order, length), interfaces, n_interfaces)
            if more < 0:
                return points, at, last, 0
            points += more
        else:
            points += 4 if is_known(kind) else 1
            if kind == BLOCK_SECTION:
                n_interfaces = 0
        last = at
        at += length
    return points, at, last, 1


@kernel
def find_block(
    octets: Octets,
    start: int,
    limit: int,
    extent: tuple[int, int, int],
    order: int,
    interfaces: Numbers,
    n_interfaces: int,
) -> tuple[int, int, int, int]:
    """Search ``octets[start:limit]`` for the first packet block that begins a convincing chain.

    `extent` is what may be looked at (stop, whether the file ends there) and a place that is known to be no block, or
    -1: a chain that begins before it must lead on behind it. A section's header begins a chain only where there is none
    yet, as one in a payload would take over all that follows; an interface likewise.
    """
    stop, at_end, bad = extent
    low, high = (3, 0) if order else (0, 3)
    # The next block of a chain that was found to lead nowhere: those behind it lead nowhere either.
    dead = -1
    for at in range(start, min(limit, stop - 11)):
        # The lowest octet of the type passes over nearly every place that is no block, then the ends of the length.
        lowest = octets[at + low]
        is_packet = lowest in (BLOCK_ENHANCED, BLOCK_SIMPLE, BLOCK_OBSOLETE)
        if not is_packet and (n_interfaces or lowest not in (BLOCK_INTERFACE, BLOCK_SECTION & 0xFF)):
            continue
        if octets[at + 4 + low] & 3 or octets[at + 4 + high] > MAX_BLOCK >> 24:
            continue
        kind = number32(octets, at, order)
        is_packet = kind in (BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SIMPLE)
        if not is_packet and (n_interfaces or kind not in (BLOCK_SECTION, BLOCK_INTERFACE)):
            continue
        extent_of_first = (stop, at_end, 1)
        first, behind, _, _ = chain_blocks(octets, at, extent_of_first, order, interfaces, n_interfaces)
        if at == dead < bad:
            dead = behind
            continue
        if first < _PLAIN_POINTS:
            continue
        points, position, last, whole = chain_blocks(octets, at, (stop, at_end, 8), order, interfaces, n_interfaces)
        if at < bad and position <= bad and points >= CONVINCING:
            points, position, last, whole = chain_blocks(
                octets, at, (stop, at_end, FOLLOWED), order, interfaces, n_interfaces
            )
            dead = behind
        if last >= 0 and points >= CONVINCING and (at >= bad or (position > bad and (whole or last > bad))):
            return at, position, last, whole
    return -1, -1, -1, 0


@kernel
def find_trailer(
    octets: Octets, at: int, stop: int, at_end: int, order: int, interfaces: Numbers, n_interfaces: int
) -> int:
    """Find a block's length by that at its end, where a block or the end of the file is behind it; else give 0."""
    low = 3 if order else 0
    for length in range(12, stop - at + 1, 4):
        after = at + length
        # Of most places, one octet tells.
        if octets[after - 4 + low] == length & 0xFF and number32(octets, after - 4, order) == length:
            if after == stop:
                if at_end:
                    return length
                continue
            points, _, _, _ = chain_blocks(octets, after, (stop, at_end, 2), order, interfaces, n_interfaces)
            if points >= 4:
                return length
    return 0


@kernel
def are_within(
    octets: Octets, at: int, stop: int, span: tuple[int, int], order: int, interfaces: Numbers, n_interfaces: int
) -> bool:
    """Tell whether the times of most packets of a chain of blocks up to `stop` lie within a span of nanoseconds."""
    within, n = 0, 0
    while at < stop:
        kind, order, length, reason, _ = block_extent(octets, at, stop, order)
        if reason >= 0:
            break
        if kind in (BLOCK_ENHANCED, BLOCK_OBSOLETE):
            _, _, _, _, time, _ = packet_of(octets, at, (kind, order, length), interfaces, n_interfaces)
            within += 1 if span[0] <= time <= span[1] else 0
            n += 1
        at += length
    return n > 0 and 4 * within >= 3 * n


@kernel
def survey_blocks(
    octets: Octets, at: int, stop: int, order: int, interfaces: Numbers, n_interfaces: int
) -> tuple[int, int]:
    """Give the longest packet block up to `stop`, and the time of the last of them, or `NO_TIME`."""
    largest, last = 0, NO_TIME
    while True:
        kind, order, length, reason, _ = block_extent(octets, at, stop, order)
        if reason >= 0:
            return largest, last
        if kind in (BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SIMPLE):
            _, _, captured, _, time, _ = packet_of(octets, at, (kind, order, length), interfaces, n_interfaces)
            if captured < 0:
                return largest, last
            largest, last = max(largest, length), time
        at += length
