"""Pcapng blocks, compiled: their extent, and what is in them (draft-ietf-opsawg-pcapng, section 4)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture.index import NO_NUMBER, NO_TIME
from batchgraph.capture.ticks import power_of_ten, time_of_ticks
from batchgraph.capture.walk import (
    BYTE_ORDER,
    MAX_BLOCK,
    MAX_PACKET,
    MORE,
    TOO_LONG,
    TOO_SHORT,
    TRAILER,
    VERSION,
    Numbers,
    Octets,
    largest_packet,
    number16,
    number32,
)
from batchgraph.compiled import kernel


class Blocks(NamedTuple):
    """What a pcapng walk knows of the file so far, and carries over to the next window.

    Attributes
    ----------
    state
        Shape (`STATE_PLACES`,), see `ORDER` and the places after it.
    interfaces
        A row for each interface of the section, see `IF_LINK_TYPE` and the columns after it.
    link_types
        Shape (65536,), 1 for every link type that an interface of any section has.
    remarks
        A row for each text met since they were last taken, see `REMARK_KIND`.
    """

    state: Numbers
    interfaces: Numbers
    link_types: NDArray[np.uint8]
    remarks: Numbers


(ORDER, INTERFACES, HEADER_OCTETS, RECORD_OCTETS, OTHER_OCTETS) = range(5)
(REMARKS, WANTED, COMMENTS, SECRETS, DESCRIBED, UNNUMBERED) = range(5, 11)
(TRUST, MENDED, LARGEST, LAST_TIME, SUSPECT_ZONE, TIMED_ZONE, TIME_LOW, TIME_HIGH) = range(11, 19)
(WHOLE, CUT, LONGER, FILLED, ENDED) = range(19, 24)
NAME_BLOCKS = 24
STATE_PLACES = 25
"""Places in the state of a pcapng walk: 1 in `ORDER` is big-endian, `INTERFACES` are those of the section.

`TRUST` is that of packets beyond doubt; `MENDED` the most that of the next block's can be after its framing was mended,
else 0; `LARGEST` the longest block with a packet so far; `LAST_TIME` the time of the last packet that is not suspect.
Packets in the octets of the `SUSPECT_ZONE` are suspect, and those in the `TIMED_ZONE` where their time is not from
`TIME_LOW` to `TIME_HIGH`. `WHOLE` to `ENDED` are what packets were like so far, see `habits`;
`NAME_BLOCKS` counts name resolution blocks.
"""

REMARK_KIND, REMARK_AT, REMARK_OCTETS, REMARK_BIG = range(4)
"""Columns of the remarks: where in the window a text stands, and in which byte order."""

IF_LINK_TYPE, IF_SNAP, IF_RESOLUTION, IF_OFFSET, IF_SCALE, IF_LIMIT, IF_MAXIMUM = range(7)
"""Columns of the table of interfaces; `IF_SCALE` is nanoseconds per tick, 0 where that is no whole number."""

MAX_INTERFACES = 65536
"""Interfaces of one section that are kept; a packet block can name no more of them in 16 bits."""

BLOCK_SECTION, BLOCK_INTERFACE, BLOCK_OBSOLETE, BLOCK_SIMPLE = 0x0A0D0D0A, 1, 2, 3
BLOCK_NAMES, BLOCK_STATISTICS, BLOCK_ENHANCED, BLOCK_SECRETS = 4, 5, 6, 10

REMARK_COMMENT, REMARK_NAMES = 1, 2
"""Kinds of remarks: a comment, a name resolution block's body. `WANTED` in the state is the sum of those to note."""

REMARKS_PER_BLOCK = 128
"""Remarks that a single block is sure to find room for."""


@kernel
def packet_time(octets: Octets, at: int, big: int, interfaces: Numbers, number: int) -> int:
    """Read the timestamp of a pcapng packet block at its interface's resolution."""
    high, low = number32(octets, at, big), number32(octets, at + 4, big)
    scale = interfaces[number, IF_SCALE]
    if scale == 0 or interfaces[number, IF_OFFSET] != 0:
        return time_of_ticks(high, low, interfaces[number, IF_RESOLUTION], interfaces[number, IF_OFFSET])
    if high > 0x7FFFFFFF:
        return NO_TIME
    ticks = high << 32 | low
    return ticks * scale if ticks <= interfaces[number, IF_LIMIT] else NO_TIME


@kernel
def next_comment(octets: Octets, at: int, end: int, big: int) -> tuple[int, int]:
    """Find the next comment among the options in ``octets[at:end]``: where its text stands, or -1, and its length."""
    while end - at >= 4:
        code, length = number16(octets, at, big), number16(octets, at + 2, big)
        at += 4
        if code == 0 or length > end - at:
            break
        if code == 1:
            return at, length
        at += (length + 3) & ~3
    return -1, 0


@kernel
def note(kind: int, at: int, length: int, state: Numbers, remarks: Numbers) -> None:
    """Note where a text of a kind that is wanted stands, as far as there is room."""
    if state[WANTED] & kind and state[REMARKS] < len(remarks):
        remark = remarks[state[REMARKS]]
        remark[REMARK_KIND], remark[REMARK_AT], remark[REMARK_OCTETS] = kind, at, length
        remark[REMARK_BIG] = state[ORDER]
        state[REMARKS] += 1


@kernel
def describe_interface(octets: Octets, body: int, end: int, big: int, described: Numbers) -> None:
    """Read an interface description block into a row of the table (draft-ietf-opsawg-pcapng, section 4.2)."""
    described[IF_LINK_TYPE] = number16(octets, body, big)
    described[IF_SNAP] = number32(octets, body + 4, big)
    described[IF_RESOLUTION], described[IF_OFFSET] = 6, 0
    at = body + 8
    while end - at >= 4:
        code, length = number16(octets, at, big), number16(octets, at + 2, big)
        at += 4
        if code == 0 or length > end - at:
            break
        if code == 9 and length >= 1:
            described[IF_RESOLUTION] = octets[at]
        elif code == 14 and length >= 8:
            upper, lower = number32(octets, at, big), number32(octets, at + 4, big)
            if not big:
                upper, lower = lower, upper
            # Signed 64 bits (section 4.2): the sign is taken from the upper half.
            described[IF_OFFSET] = ((upper ^ 0x80000000) - 0x80000000) << 32 | lower
        at += (length + 3) & ~3
    described[IF_SCALE], described[IF_LIMIT] = 0, 0
    if described[IF_RESOLUTION] <= 9:
        described[IF_SCALE] = np.int64(power_of_ten(9 - described[IF_RESOLUTION]))
        described[IF_LIMIT] = 0x7FFFFFFFFFFFFFFF // described[IF_SCALE]
    described[IF_MAXIMUM] = largest_packet(described[IF_LINK_TYPE])


@kernel
def least_block(kind: int) -> int:
    """Give the least length of a block of a type, that of all its fixed fields."""
    if kind in (BLOCK_ENHANCED, BLOCK_OBSOLETE):
        return 32
    if kind == BLOCK_SECTION:
        return 28
    if kind == BLOCK_INTERFACE:
        return 20
    return 16 if kind == BLOCK_SIMPLE else 12


@kernel
def block_extent(octets: Octets, position: int, stop: int, order: int) -> tuple[int, int, int, int, int]:
    """Find a pcapng block's type, byte order, padded length, and the fault or reason where it is not whole (else -1).

    The fifth number is the octets needed where the reason is `MORE`. A length that does not count the padding is
    taken as if it did: some writers leave it out, and wiretap reads them.
    """
    if stop - position < 12:
        return 0, order, 0, MORE, 12
    kind = number32(octets, position, order)
    if kind == BLOCK_SECTION:
        order = 1 if octets[position + 8] == 0x1A else 0
        if number32(octets, position + 8, order) != 0x1A2B3C4D:
            return kind, order, 0, BYTE_ORDER, 0
    length = (number32(octets, position + 4, order) + 3) & ~3
    reason, needed = -1, 0
    if length > MAX_BLOCK:
        reason = TOO_LONG
    elif length < least_block(kind):
        reason = TOO_SHORT
    elif length > stop - position:
        reason, needed = MORE, length
    elif (number32(octets, position + length - 4, order) + 3) & ~3 != length:
        reason = TRAILER
    elif kind == BLOCK_SECTION and number16(octets, position + 12, order) != 1:
        reason = VERSION
    return kind, order, length, reason, needed


@kernel
def packet_block(
    octets: Octets, extent: tuple[int, int, int], big: int, interfaces: Numbers, n_interfaces: int
) -> tuple[int, int, int, int, int, int]:
    """Read an enhanced packet block, or the obsolete one, from its body's `extent` (type, start, end).

    Returns interface, place of the packet, captured length (-1 where it cannot be), length on the wire, time and link
    type.
    """
    kind, body, end = extent
    number = number32(octets, body, big) if kind == BLOCK_ENHANCED else number16(octets, body, big)
    captured, wire = number32(octets, body + 12, big), number32(octets, body + 16, big)
    known = number < n_interfaces
    if captured > end - body - 20 or captured > (interfaces[number, IF_MAXIMUM] if known else MAX_PACKET):
        return number, body + 20, -1, wire, NO_TIME, NO_NUMBER
    if not known:
        return number if number < MAX_INTERFACES else NO_NUMBER, body + 20, captured, wire, NO_TIME, NO_NUMBER
    time_ns = packet_time(octets, body + 4, big, interfaces, number)
    return number, body + 20, captured, wire, time_ns, interfaces[number, IF_LINK_TYPE]


@kernel
def simple_block(
    octets: Octets, extent: tuple[int, int, int], big: int, interfaces: Numbers, n_interfaces: int
) -> tuple[int, int, int, int, int, int]:
    """Read a simple packet block as `packet_block` does; it has no time, and belongs to the first interface.

    Its captured length is not written: it is the smaller of the two that are known (section 4.4), and never more than
    there is.
    """
    _, body, end = extent
    wire = number32(octets, body, big)
    captured = wire if wire < end - body - 4 else end - body - 4
    if n_interfaces == 0:
        return 0, body + 4, captured if captured <= MAX_PACKET else -1, wire, NO_TIME, NO_NUMBER
    if 0 < interfaces[0, IF_SNAP] < captured:
        captured = interfaces[0, IF_SNAP]
    if captured > interfaces[0, IF_MAXIMUM]:
        captured = -1
    return 0, body + 4, captured, wire, NO_TIME, interfaces[0, IF_LINK_TYPE]


@kernel
def other_block(octets: Octets, extent: tuple[int, int, int], big: int, blocks: Blocks) -> int:
    """Take in a block without a packet; give where its options begin, or -1 where there is no room for an interface."""
    kind, body, end = extent
    state = blocks.state
    if kind == BLOCK_SECTION:
        state[ORDER], state[INTERFACES] = big, 0
        return body + 16
    if kind == BLOCK_NAMES:
        state[NAME_BLOCKS] += 1
        note(REMARK_NAMES, body, end - body, state, blocks.remarks)
    elif kind == BLOCK_SECRETS:
        state[SECRETS] += 1
    elif kind == BLOCK_STATISTICS:
        return body + 12
    elif kind == BLOCK_INTERFACE:
        if state[INTERFACES] == MAX_INTERFACES:
            state[UNNUMBERED] += 1
        elif state[INTERFACES] == len(blocks.interfaces):
            return -1
        else:
            described = blocks.interfaces[state[INTERFACES]]
            describe_interface(octets, body, end, big, described)
            blocks.link_types[described[IF_LINK_TYPE]] = 1
            state[INTERFACES] += 1
            state[DESCRIBED] += 1
        return body + 8
    return end
