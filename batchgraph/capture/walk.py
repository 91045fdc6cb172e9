"""The compiled walkers: from octets of a capture file to the positions of its packets.

A walker goes from record to record through ``octets[start:stop]``, checks every length against what is there before it
uses it, fills the arrays of a `PacketIndex`, and returns ``(position, packets, reason, needed)``: where it stopped, how
many packets it wrote, why it stopped, and how many octets from `position` the next record needs, where that is why.

All walkers stand in this one module, because the compiler's cache looks at the age of a kernel's own file alone.
Numbers are int64 throughout, except where 64-bit ticks need uint64: mixing the two gives floats.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture.index import NO_NUMBER, NO_TIME, SOUND
from batchgraph.compiled import kernel

Octets = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class Columns(NamedTuple):
    """The arrays of a `PacketIndex`, which a compiled function takes only as a tuple."""

    offset: Numbers
    cap_len: NDArray[np.uint32]
    wire_len: NDArray[np.uint32]
    time_ns: Numbers
    interface: NDArray[np.int32]
    link_type: NDArray[np.int32]
    trust: NDArray[np.uint8]


class Blocks(NamedTuple):
    """What a pcapng walk knows of the file so far, and carries over to the next window.

    Attributes
    ----------
    state
        Shape (11,), see `ORDER` and the places after it.
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


MORE, FULL, INTERFACES_FULL = 0, 1, 2
"""Reasons to go on later: a record that is not whole, no room in the index or for remarks, no room for interfaces."""

TOO_LONG, TOO_SHORT, TRAILER, OVERFLOW, BYTE_ORDER, VERSION = 10, 11, 12, 13, 14, 15
"""Faults: what is wrong with the record at the position returned."""

NOT_SWAPPED, SWAPPED, SWAPPED_WHERE_LARGER = 0, 1, 2
"""Order of the two lengths in a pcap record header."""

BIG, RECORD_HEADER, FRACTION_NS, LENGTHS, MAXIMUM, LINK_TYPE = range(6)
"""Places in the layout of a pcap file."""

(ORDER, INTERFACES, HEADER_OCTETS, RECORD_OCTETS, OTHER_OCTETS) = range(5)
(REMARKS, WANTED, COMMENTS, SECRETS, DESCRIBED, UNNUMBERED) = range(5, 11)
"""Places in the state of a pcapng walk: 1 in `ORDER` is big-endian, `INTERFACES` are those of the section."""

REMARK_KIND, REMARK_AT, REMARK_OCTETS, REMARK_BIG = range(4)
"""Columns of the remarks: where in the window a text stands, and in which byte order."""

IF_LINK_TYPE, IF_SNAP, IF_RESOLUTION, IF_OFFSET, IF_SCALE, IF_LIMIT, IF_MAXIMUM = range(7)
"""Columns of the table of interfaces; `IF_SCALE` is nanoseconds per tick, 0 where that is no whole number."""

MAX_INTERFACES = 65536
"""Interfaces of one section that are kept; a packet block can name no more of them in 16 bits."""

MAX_PACKET, MAX_PACKET_USB, MAX_PACKET_EBHSCR, MAX_PACKET_DBUS = 262_144, 134_217_728, 33_554_432, 134_217_728
"""Largest captured length by link type, as libpcap and wiretap have them (D-Bus allows messages of 128 MiB)."""

MAX_BLOCK = MAX_PACKET_DBUS + 131_072
"""Largest pcapng block: the largest packet, and 128 KiB for its header and options, as libpcap has it."""

_BLOCK_SECTION, _BLOCK_INTERFACE, _BLOCK_OBSOLETE, _BLOCK_SIMPLE = 0x0A0D0D0A, 1, 2, 3
_BLOCK_NAMES, _BLOCK_STATISTICS, _BLOCK_ENHANCED, _BLOCK_SECRETS = 4, 5, 6, 10

REMARK_COMMENT, REMARK_NAMES = 1, 2
"""Kinds of remarks: a comment, a name resolution block's body. `WANTED` in the state is the sum of those to note."""

REMARKS_PER_BLOCK = 128
"""Remarks that a single block is sure to find room for."""


@kernel
def number16(octets: Octets, at: int, big: int) -> int:
    """Read 16 bits in either byte order."""
    first, second = np.int64(octets[at]), np.int64(octets[at + 1])
    return int(first << 8 | second if big else second << 8 | first)


@kernel
def number32(octets: Octets, at: int, big: int) -> int:
    """Read 32 bits in either byte order, unsigned."""
    first, second = np.int64(octets[at]), np.int64(octets[at + 1])
    third, fourth = np.int64(octets[at + 2]), np.int64(octets[at + 3])
    if big:
        return int(first << 24 | second << 16 | third << 8 | fourth)
    return int(fourth << 24 | third << 16 | second << 8 | first)


@kernel
def largest_packet(link_type: int) -> int:
    """Give the largest captured length that a link type allows."""
    if link_type == 231:
        return MAX_PACKET_DBUS
    if link_type == 249:
        return MAX_PACKET_USB
    if link_type == 279:
        return MAX_PACKET_EBHSCR
    return MAX_PACKET


@kernel
def walk_pcap(octets: Octets, start: int, stop: int, layout: Numbers, into: Columns) -> tuple[int, int, int, int]:
    """Walk the records of a classic pcap file whose layout is known (draft-ietf-opsawg-pcap, section 5)."""
    big, header, fraction_ns, lengths = layout[BIG], layout[RECORD_HEADER], layout[FRACTION_NS], layout[LENGTHS]
    maximum, link = layout[MAXIMUM], layout[LINK_TYPE]
    offset, cap_len, wire_len, time_ns, interface, link_type, trust = into
    position, n = start, 0
    while True:
        if stop - position < header:
            return position, n, MORE, header
        if n == len(offset):
            return position, n, FULL, 0
        captured = number32(octets, position + 8, big)
        wire = number32(octets, position + 12, big)
        if lengths == SWAPPED or (lengths == SWAPPED_WHERE_LARGER and captured > wire):
            captured, wire = wire, captured
        if captured > maximum:
            return position, n, TOO_LONG, 0
        if header + captured > stop - position:
            return position, n, MORE, header + captured
        seconds = number32(octets, position, big)
        time_ns[n] = seconds * 1_000_000_000 + number32(octets, position + 4, big) * fraction_ns
        offset[n] = position + header
        cap_len[n] = captured
        wire_len[n] = wire
        interface[n] = 0
        link_type[n] = link
        trust[n] = SOUND
        n += 1
        position += header + captured


@kernel
def walk_snoop(octets: Octets, start: int, stop: int, layout: Numbers, into: Columns) -> tuple[int, int, int, int]:
    """Walk the records of a snoop file (RFC 1761)."""
    offset, cap_len, wire_len, time_ns, interface, link_type, trust = into
    position, n = start, 0
    while True:
        if stop - position < 24:
            return position, n, MORE, 24
        if n == len(offset):
            return position, n, FULL, 0
        captured = number32(octets, position + 4, 1)
        record = number32(octets, position + 8, 1)
        if captured > layout[MAXIMUM] or record > layout[MAXIMUM] + 65_536:
            return position, n, TOO_LONG, 0
        if record < 24 + captured:
            return position, n, OVERFLOW, 0
        if record > stop - position:
            return position, n, MORE, record
        seconds = number32(octets, position + 16, 1)
        time_ns[n] = seconds * 1_000_000_000 + number32(octets, position + 20, 1) * 1_000
        offset[n] = position + 24
        cap_len[n] = captured
        wire_len[n] = number32(octets, position, 1)
        interface[n] = 0
        link_type[n] = layout[LINK_TYPE]
        trust[n] = SOUND
        n += 1
        position += record


@kernel
def power_of_ten(exponent: int) -> np.uint64:
    """Give ten to the power of 0 to 19."""
    value = np.uint64(1)
    for _ in range(exponent):
        value *= np.uint64(10)
    return value


@kernel
def time_of_ticks(high: int, low: int, resolution: int, offset: int) -> int:
    """Turn a pcapng timestamp into nanoseconds since 1970, or `NO_TIME` where 64 bits cannot hold it.

    `resolution` is the octet of ``if_tsresol``: 10 to the power of its negative, or 2 where its highest bit is set;
    beyond 10^-19 and 2^-63 it is refused, as by libpcap. `offset` is ``if_tsoffset`` in seconds, signed.
    """
    ticks = np.uint64(high) << np.uint64(32) | np.uint64(low)
    exponent = resolution & 0x7F
    billion = np.uint64(1_000_000_000)
    if resolution & 0x80:
        if exponent > 63:
            return NO_TIME
        bits = np.uint64(exponent)
        whole = ticks >> bits
        rest = ticks - (whole << bits)
        if exponent < 32:
            nanoseconds = rest * billion >> bits
        else:
            # The product needs 94 bits: the lower 32 bits of `rest` only carry into the upper part.
            carry = (rest & np.uint64(0xFFFFFFFF)) * billion >> np.uint64(32)
            nanoseconds = ((rest >> np.uint64(32)) * billion + carry) >> (bits - np.uint64(32))
    else:
        if exponent > 19:
            return NO_TIME
        unit = power_of_ten(exponent)
        whole = ticks // unit
        rest = ticks - whole * unit
        nanoseconds = rest * power_of_ten(9 - exponent) if exponent <= 9 else rest // power_of_ten(exponent - 9)
    if whole > np.uint64(0x7FFFFFFFFFFFFFFF):
        return NO_TIME
    seconds = np.int64(whole)
    if offset > 0 and seconds > 0x7FFFFFFFFFFFFFFF - offset:
        return NO_TIME
    seconds += offset
    if seconds < -9_223_372_036 or seconds > 9_223_372_035:
        return NO_TIME
    return int(seconds * 1_000_000_000 + np.int64(nanoseconds))


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
    if kind in (_BLOCK_ENHANCED, _BLOCK_OBSOLETE):
        return 32
    if kind == _BLOCK_SECTION:
        return 28
    if kind == _BLOCK_INTERFACE:
        return 20
    return 16 if kind == _BLOCK_SIMPLE else 12


@kernel
def block_extent(octets: Octets, position: int, stop: int, order: int) -> tuple[int, int, int, int, int]:
    """Find a pcapng block's type, byte order, padded length, and the fault or reason where it is not whole (else -1).

    The fifth number is the octets needed where the reason is `MORE`. A length that does not count the padding is
    taken as if it did: some writers leave it out, and wiretap reads them.
    """
    if stop - position < 12:
        return 0, order, 0, MORE, 12
    kind = number32(octets, position, order)
    if kind == _BLOCK_SECTION:
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
    elif kind == _BLOCK_SECTION and number16(octets, position + 12, order) != 1:
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
    number = number32(octets, body, big) if kind == _BLOCK_ENHANCED else number16(octets, body, big)
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
    if kind == _BLOCK_SECTION:
        state[ORDER], state[INTERFACES] = big, 0
        return body + 16
    if kind == _BLOCK_NAMES:
        note(REMARK_NAMES, body, end - body, state, blocks.remarks)
    elif kind == _BLOCK_SECRETS:
        state[SECRETS] += 1
    elif kind == _BLOCK_STATISTICS:
        return body + 12
    elif kind == _BLOCK_INTERFACE:
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


@kernel
def walk_pcapng(octets: Octets, start: int, stop: int, blocks: Blocks, into: Columns) -> tuple[int, int, int, int]:
    """Walk the blocks of a pcapng file (draft-ietf-opsawg-pcapng).

    Walking stops with `FULL` where the next block could find no room in the index or among the remarks, and with
    `INTERFACES_FULL` where the table has no row for the next interface although `MAX_INTERFACES` are not reached.
    """
    offset, cap_len, wire_len, time_ns, interface, link_type, trust = into
    state, interfaces, _, remarks = blocks
    position, n = start, 0
    while True:
        kind, big, length, reason, needed = block_extent(octets, position, stop, state[ORDER])
        if reason >= 0:
            return position, n, reason, needed
        if n == len(offset) or state[REMARKS] > len(remarks) - REMARKS_PER_BLOCK:
            return position, n, FULL, 0
        end = position + length - 4
        extent = (kind, position + 8, end)
        if kind in (_BLOCK_ENHANCED, _BLOCK_OBSOLETE, _BLOCK_SIMPLE):
            if kind == _BLOCK_SIMPLE:
                number, at, captured, wire, time, link = simple_block(
                    octets, extent, big, interfaces, state[INTERFACES]
                )
                options = end
            else:
                number, at, captured, wire, time, link = packet_block(
                    octets, extent, big, interfaces, state[INTERFACES]
                )
                options = at + ((captured + 3) & ~3)
            if captured < 0:
                return position, n, OVERFLOW, 0
            offset[n], cap_len[n], wire_len[n], time_ns[n] = at, captured, wire, time
            interface[n], link_type[n], trust[n] = number, link, SOUND
            n += 1
            state[RECORD_OCTETS] += length
        else:
            options = other_block(octets, extent, big, blocks)
            if options < 0:
                return position, n, INTERFACES_FULL, 0
            state[HEADER_OCTETS if kind == _BLOCK_SECTION else OTHER_OCTETS] += length
        while end - options >= 4:
            options, octets_of_comment = next_comment(octets, options, end, big)
            if options < 0:
                break
            state[COMMENTS] += 1
            note(REMARK_COMMENT, options, octets_of_comment, state, remarks)
            options += (octets_of_comment + 3) & ~3
        position += length
