"""The compiled interpreter of the protocol table: nothing here knows the name of a protocol.

What each step means is said in `batchgraph.wire.spec`. The caller promises that every packet of the index lies within
the octets; the kernel reads only within packets. Packets of the most common kinds take a shorter way that is generated
from the same table (`batchgraph.decode.fast`) and gives the same rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from batchgraph.compiled import inlined, kernel
from batchgraph.decode.fast import decode_common
from batchgraph.decode.primitives import (
    UNBOUNDED,
    Integer,
    Interning,
    Packets,
    Rows,
    Walk,
    big32,
    big48,
    big64,
    find,
    intern,
    intern_addresses,
    is_full,
    number,
)
from batchgraph.decode.program import (
    FORGOTTEN,
    HEADER_FIELDS,
    MALFORMED,
    MAX_HEADERS,
    NONE,
    OK,
    SLOT,
    TRUNCATED,
    UNSUPPORTED,
    Program,
)

MAX_TUNNELS = 16
"""Tunnels of one packet that are entered, at most: what fits the key under which they are interned."""

_SRC, _DST, _OUTER_SRC, _OUTER_DST = SLOT["src"], SLOT["dst"], SLOT["outer_src"], SLOT["outer_dst"]
_TUNNEL, _TYPE, _STOPPED_IN = SLOT["tunnel"], SLOT["type"], SLOT["stopped_in"]
_LOAD, _PROTO = SLOT["load"], SLOT["proto"]
_REMEMBERED = ~sum(1 << SLOT[name] for name in FORGOTTEN)

# Places in a row of Program.headers.
(
    _MIN, _LOOKBACK, _FIXED, _LENGTH_FIRST, _LENGTH_STOP, _ALIGN, _END, _NEXT_FIRST, _NEXT_STOP, _THEN, _SPACE,
    _OPEN_ENDED, _REQUIRE_FIRST, _REQUIRE_STOP, _CONFIRM_FIRST, _CONFIRM_STOP, _STOP_FIRST, _STOP_STOP, _COLUMN_FIRST,
    _COLUMN_STOP, _TYPE_LABEL, _TUNNEL_LABEL, _NETWORK, _EXTENSION, _TRANSPORT, _OTHERWISE,
) = range(len(HEADER_FIELDS))  # fmt: skip

# Places in Walk.state: where the packet begins, ends on the wire and was captured until; where the walk is and where
# the headers say that the packet ends; what was found; where the innermost IP header's payload lies.
(
    _BASE, _CAPTURED, _ON_WIRE, _AT, _LOGICAL_END, _STATUS, _STOPPED, _PRESENT, _LOAD_OCTETS, _LABEL, _PAYLOAD_AT,
    _PAYLOAD_END, _N_TUNNELS, _HINT,
) = range(14)  # fmt: skip


@kernel
def decode(
    packets: Packets, first: Integer, stop: Integer, program: Program, common: bool, only_outer: bool, rows: Rows,
    row: Integer, interning: Interning, walk: Walk,
) -> Integer:  # fmt: skip
    """Decode packets into rows.

    Parameters
    ----------
    packets
        Octets and index.
    first, stop
        Which packets of the index.
    program
        The table.
    common
        Whether packets of common kinds may take the shorter way: the table is the one it was generated from.
    only_outer
        Whether tunnels are not entered.
    rows, row
        Where to write, and the row of the first packet.
    interning, walk
        State of the row group, and a place to work.

    Returns
    -------
    next
        The first packet not decoded: `stop`, unless the interning tables must be made larger first.
    """
    for packet in range(first, stop):
        if is_full(interning):
            return packet
        if not common or not decode_common(packets, packet, program, rows, row, interning, walk):
            decode_packet(packets, packet, program, only_outer, rows, row, interning, walk)
        row += 1
    return stop


@kernel
def decode_packet(
    packets: Packets, packet: Integer, program: Program, only_outer: bool, rows: Rows, row: Integer,
    interning: Interning, walk: Walk,
) -> None:  # fmt: skip
    """Decode one packet by interpreting the table."""
    s = walk.state
    s[_BASE] = packets.offset[packet]
    s[_CAPTURED] = s[_BASE] + np.int64(packets.cap_len[packet])
    s[_ON_WIRE] = max(s[_CAPTURED], s[_BASE] + np.int64(packets.wire_len[packet]))
    s[_AT], s[_LOGICAL_END], s[_STATUS], s[_PRESENT], s[_N_TUNNELS], s[_HINT] = s[_BASE], UNBOUNDED, OK, 0, 0, 0
    s[_STOPPED], s[_LOAD_OCTETS], s[_LABEL], s[_PAYLOAD_AT], s[_PAYLOAD_END] = NONE, NONE, NONE, NONE, NONE
    walk.tunnels[:] = 0
    header = np.int64(NONE)
    if packets.link_type[packet] >= 0:
        header = find(program, 0, np.int64(packets.link_type[packet]))
    if header == NONE:
        _stop(walk, UNSUPPORTED, len(program.headers))
    n_headers = 0
    while header != NONE:
        n_headers += 1
        if n_headers > MAX_HEADERS:
            _stop(walk, UNSUPPORTED, header)
            break
        header = _step(packets.octets, program, header, only_outer, rows, row, walk)
    _finish(program, rows, row, interning, walk)


@inlined
def _stop(walk: Walk, status: Integer, header: Integer) -> Integer:
    walk.state[_STATUS] = status
    walk.state[_STOPPED] = header
    return np.int64(NONE)


@inlined
def _step(
    octets: NDArray[np.uint8], program: Program, header: Integer, only_outer: bool, rows: Rows, row: Integer, walk: Walk
) -> Integer:
    """Read one header and give the next one, or `NONE` where decoding ends."""
    s = walk.state
    h = program.headers[np.uintp(header)]
    at = s[_AT]
    if h[_TUNNEL_LABEL] != 0 and s[_N_TUNNELS] == MAX_TUNNELS:
        return _stop(walk, UNSUPPORTED, header)
    logical = min(s[_LOGICAL_END], s[_ON_WIRE])
    leaf = h[_TUNNEL_LABEL] != 0 and only_outer and s[_PAYLOAD_AT] != NONE
    if not leaf and at + h[_MIN] > logical and s[_HINT] != 0:
        return np.int64(NONE)
    if h[_TYPE_LABEL] != NONE and (s[_LABEL] == NONE or s[_PAYLOAD_AT] == NONE):
        s[_LABEL] = h[_TYPE_LABEL]
    if leaf:
        return np.int64(NONE)
    if at + h[_LOOKBACK] < s[_BASE] or at + h[_MIN] > min(logical, s[_CAPTURED]):
        return _cut_short(octets, program, header, logical, rows, row, walk)
    if not _all_hold(octets, program, h[_CONFIRM_FIRST], h[_CONFIRM_STOP], at):
        return np.int64(NONE)
    sane = _all_hold(octets, program, h[_REQUIRE_FIRST], h[_REQUIRE_STOP], at)
    if not sane and h[_OTHERWISE] != NONE:
        other = program.headers[h[_OTHERWISE]]
        if _all_hold(octets, program, other[_REQUIRE_FIRST], other[_REQUIRE_STOP], at):
            return h[_OTHERWISE]
    length = _length(octets, program, header, at)
    end = _end(octets, program, header, at, s[_LOGICAL_END])
    sane = sane and length != NONE and at + length <= min(end, s[_ON_WIRE])
    is_network = sane and h[_NETWORK] != 0
    if is_network:
        s[_PRESENT] &= _REMEMBERED
        s[_LOAD_OCTETS], s[_LABEL] = NONE, NONE
    if is_network or h[_NETWORK] == 0:
        _fill(octets, program, header, min(logical, s[_CAPTURED]), rows, row, walk)
    if is_network:
        _note_network(min(end, s[_ON_WIRE]), walk)
    if not sane:
        if h[_TRANSPORT] != 0:
            s[_PAYLOAD_END] = NONE  # what follows it is not known
        return _stop(walk, MALFORMED, header)
    return _pass(octets, program, header, length, end, walk)


@inlined
def _pass(
    octets: NDArray[np.uint8], program: Program, header: Integer, length: Integer, end: Integer, walk: Walk
) -> Integer:
    """Step over a header that is as it should be, and give the next one."""
    s = walk.state
    h = program.headers[np.uintp(header)]
    at = s[_AT]
    s[_LOGICAL_END] = end
    s[_AT] = at + length
    if h[_NETWORK] != 0 or (h[_EXTENSION] != 0 and s[_PAYLOAD_AT] != NONE):
        s[_PAYLOAD_AT] = s[_AT]
    if h[_TRANSPORT] != 0 and s[_LOAD_OCTETS] == NONE and s[_PAYLOAD_AT] != NONE:
        s[_LOAD_OCTETS] = min(end, s[_ON_WIRE]) - s[_AT]
    if s[_AT] > s[_CAPTURED]:
        return _stop(walk, TRUNCATED, header)
    if h[_TUNNEL_LABEL] != 0:
        walk.tunnels[0] = (walk.tunnels[0] << np.uint64(8)) | (walk.tunnels[1] >> np.uint64(56))
        walk.tunnels[1] = (walk.tunnels[1] << np.uint64(8)) | np.uint64(h[_TUNNEL_LABEL])
        s[_N_TUNNELS] += 1
    for place in range(h[_STOP_FIRST], h[_STOP_STOP]):
        if number(octets, program, program.lists[np.uintp(place)], at) != 0:
            return np.int64(NONE)
    following = _next(octets, program, header, at)
    s[_HINT] = h[_TRANSPORT]
    if following == NONE and h[_NEXT_STOP] > h[_NEXT_FIRST] and h[_OPEN_ENDED] == 0:
        return _stop(walk, UNSUPPORTED, header)
    return following


@kernel
def _cut_short(
    octets: NDArray[np.uint8], program: Program, header: Integer, logical: Integer, rows: Rows, row: Integer, walk: Walk
) -> Integer:
    """Take what is there of a header that is not whole."""
    s = walk.state
    h = program.headers[np.uintp(header)]
    reachable = s[_AT] + h[_LOOKBACK] >= s[_BASE]
    truncated = reachable and s[_AT] + h[_MIN] <= logical
    if reachable and h[_NETWORK] == 0 and h[_EXTENSION] == 0:
        _fill(octets, program, header, min(logical, s[_CAPTURED]), rows, row, walk)
        if h[_TRANSPORT] != 0:  # what follows it is not known, unless its length is fixed
            fixed = truncated and h[_LENGTH_STOP] == h[_LENGTH_FIRST]
            s[_PAYLOAD_END] = logical - h[_MIN] if fixed else NONE
    return _stop(walk, TRUNCATED if truncated else MALFORMED, header)


@inlined
def _note_network(end: Integer, walk: Walk) -> None:
    """Keep the addresses of the outermost IP header, and where the payload of this one ends."""
    s = walk.state
    if s[_PAYLOAD_AT] == NONE:
        for outer, inner in ((_OUTER_SRC, _SRC), (_OUTER_DST, _DST)):
            walk.high[outer], walk.low[outer], walk.kind[outer] = walk.high[inner], walk.low[inner], walk.kind[inner]
    s[_PAYLOAD_END] = end


@inlined
def _fill(
    octets: NDArray[np.uint8], program: Program, header: Integer, until: Integer, rows: Rows, row: Integer, walk: Walk
) -> None:
    """Fill the columns of a header whose octets lie before `until`."""
    s = walk.state
    h = program.headers[np.uintp(header)]
    at = s[_AT]
    for entry in range(h[_COLUMN_FIRST], h[_COLUMN_STOP]):
        column = program.columns[np.uintp(entry)]
        slot, kind, read, test, equals = column[0], column[1], column[2], column[3], column[4]
        bit = np.int64(1) << slot
        if (s[_PRESENT] & bit != 0 and h[_EXTENSION] == 0) or at + program.reads[np.uintp(read), 7] > until:
            continue
        if test != NONE and (
            at + program.reads[np.uintp(test), 7] > until or not _holds(octets, program, test, equals, at)
        ):
            continue
        s[_PRESENT] |= bit
        if kind == 0:
            rows.values[np.uintp(slot), np.uintp(row)] = np.uint32(number(octets, program, read, at))
        else:
            _note_address(octets, at + program.reads[np.uintp(read), 0], slot, kind, walk)


@inlined
def _note_address(octets: NDArray[np.uint8], at: Integer, slot: Integer, kind: Integer, walk: Walk) -> None:
    """Keep an address of a kind (`program.ADDRESS_KINDS`) for a slot."""
    high = np.uint64(0)
    if kind == 1:
        low = big48(octets, at)
    elif kind == 2:
        low = big32(octets, at)
    else:
        high = big64(octets, at)
        low = big64(octets, at + 8)
    walk.high[slot] = high
    walk.low[slot] = low
    walk.kind[slot] = kind


@inlined
def _holds(octets: NDArray[np.uint8], program: Program, read: Integer, equals: Integer, at: Integer) -> bool:
    value = number(octets, program, read, at)
    return value != 0 if equals == NONE else value == equals


@inlined
def _all_hold(octets: NDArray[np.uint8], program: Program, first: Integer, stop: Integer, at: Integer) -> bool:
    for test in range(first, stop):
        if not _holds(octets, program, program.tests[test, 0], program.tests[test, 1], at):
            return False
    return True


@inlined
def _length(octets: NDArray[np.uint8], program: Program, header: Integer, at: Integer) -> Integer:
    """Give a header's length, or `NONE` where it is less than the header must have."""
    h = program.headers[np.uintp(header)]
    length = h[_FIXED]
    if h[_LENGTH_STOP] > h[_LENGTH_FIRST]:
        length = np.int64(0)
        for place in range(h[_LENGTH_FIRST], h[_LENGTH_STOP]):
            length += number(octets, program, program.lists[np.uintp(place)], at)
        if length < h[_MIN]:
            return np.int64(NONE)
    return (length + h[_ALIGN] - 1) // h[_ALIGN] * h[_ALIGN]


@inlined
def _end(octets: NDArray[np.uint8], program: Program, header: Integer, at: Integer, end: Integer) -> Integer:
    """Give the logical end after a header: its own where it says one, but never beyond the one before it."""
    read = program.headers[np.uintp(header), _END]
    if read == NONE:
        return end
    value = number(octets, program, read, at)
    if value == program.reads[read, 5]:  # a word of 0: the header leaves it open
        return end
    return min(end, at + value)


@inlined
def _next(octets: NDArray[np.uint8], program: Program, header: Integer, at: Integer) -> Integer:
    """Find the header after this one, or `NONE`."""
    h = program.headers[np.uintp(header)]
    if h[_THEN] != NONE:
        return h[_THEN]
    for place in range(h[_NEXT_FIRST], h[_NEXT_STOP]):
        found = find(program, h[_SPACE], number(octets, program, program.lists[np.uintp(place)], at))
        if found != NONE:
            return found
    if h[_NEXT_STOP] > h[_NEXT_FIRST]:
        return find(program, h[_SPACE], np.int64(-1))
    return np.int64(NONE)


@inlined
def _finish(program: Program, rows: Rows, row: Integer, interning: Interning, walk: Walk) -> None:
    """Write what is known of a packet only at its end, and number its addresses."""
    s = walk.state
    present, load, label = s[_PRESENT], s[_LOAD_OCTETS], s[_LABEL]
    if s[_PAYLOAD_AT] != NONE:
        if load == NONE and s[_PAYLOAD_END] >= s[_PAYLOAD_AT]:
            load = s[_PAYLOAD_END] - s[_PAYLOAD_AT]
        if label == NONE and present & (1 << _PROTO) != 0:
            label = np.int64(program.protocol_types[rows.values[_PROTO, row]])
        if s[_N_TUNNELS] > 0:
            present |= (1 << _OUTER_SRC) | (1 << _OUTER_DST)
        if load >= 0:
            rows.values[_LOAD, row] = np.uint32(min(load, np.int64(0xFFFFFFFF)))
            present |= 1 << _LOAD
    if label != NONE:
        rows.values[_TYPE, row] = np.uint32(label)
        present |= 1 << _TYPE
    if s[_STATUS] != OK:
        rows.values[_STOPPED_IN, row] = np.uint32(s[_STOPPED])
        present |= 1 << _STOPPED_IN
    if s[_N_TUNNELS] > 0:
        rows.values[_TUNNEL, row] = intern(interning, _TUNNEL, 0, walk.tunnels[0], walk.tunnels[1])
        present |= 1 << _TUNNEL
    intern_addresses(present, rows, row, interning, walk)
    rows.present[row] = np.uint32(present)
    rows.status[row] = np.uint8(s[_STATUS])
