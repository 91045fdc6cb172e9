"""What the kernels are made of: the arrays they share, reading numbers, looking codes up, numbering addresses."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from batchgraph.compiled import inlined, kernel
from batchgraph.decode.program import ADDRESS_SLOTS, CODE_FACTOR, CODE_SHIFT, NONE, SLOTS, Program

Integer: TypeAlias = Any
"""A machine integer in compiled code, any kind of integer in the same functions uncompiled."""

N_SLOTS = len(SLOTS)
N_ADDRESSES = len(ADDRESS_SLOTS)
N_INTERNED = N_ADDRESSES + 1

N_STATE = 14
"""Numbers that the interpreter keeps of the packet at hand."""

UNBOUNDED = 1 << 62
"""Logical end of a packet of which no header has said where it ends."""


class Interning(NamedTuple):
    """The distinct addresses and tunnel stacks of a row group, numbered by first appearance, for each interned slot.

    Attributes
    ----------
    table
        int32, shape (N_INTERNED, a power of two): open-addressed, number of the entry or `NONE`.
    high, low
        uint64, shape (N_INTERNED, capacity): the octets of an entry as a 128-bit number.
    kind
        uint8, shape (N_INTERNED, capacity): kind of address (`program.ADDRESS_KINDS`), 0 for a tunnel stack.
    counts
        int64, shape (N_INTERNED,): entries so far.
    seed
        uint64, shape (1,): makes the places in the table unpredictable; the numbers do not depend on it.
    """

    table: NDArray[np.int32]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    kind: NDArray[np.uint8]
    counts: NDArray[np.int64]
    seed: NDArray[np.uint64]


class Walk(NamedTuple):
    """The packet at hand: numbers (int64, shape (N_STATE,)), its addresses by slot, and its tunnel stack."""

    state: NDArray[np.int64]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    kind: NDArray[np.uint8]
    tunnels: NDArray[np.uint64]


def new_walk() -> Walk:
    """Give a place to work."""
    addresses = np.zeros(N_ADDRESSES, np.uint64), np.zeros(N_ADDRESSES, np.uint64), np.zeros(N_ADDRESSES, np.uint8)
    return Walk(np.zeros(N_STATE, np.int64), *addresses, np.zeros(2, np.uint64))


class Packets(NamedTuple):
    """The octets of a window and where the packets lie in it, as `batchgraph.capture.index.PacketIndex` has it."""

    octets: NDArray[np.uint8]
    offset: NDArray[np.int64]
    cap_len: NDArray[np.uint32]
    wire_len: NDArray[np.uint32]
    link_type: NDArray[np.int32]


class Rows(NamedTuple):
    """Where the kernel writes: `values` by slot and row, `present` with a bit for each slot, `status`."""

    values: NDArray[np.uint32]
    present: NDArray[np.uint32]
    status: NDArray[np.uint8]


@inlined
def big16(octets: NDArray[np.uint8], at: Integer) -> Integer:
    """Read two octets as an int64. Unsigned indices spare the check for counting from the end."""
    return (np.int64(octets[np.uintp(at)]) << 8) | np.int64(octets[np.uintp(at + 1)])


@inlined
def big32(octets: NDArray[np.uint8], at: Integer) -> Integer:
    """Read four octets as a uint64."""
    return (
        (np.uint64(octets[np.uintp(at)]) << np.uint64(24))
        | (np.uint64(octets[np.uintp(at + 1)]) << np.uint64(16))
        | (np.uint64(octets[np.uintp(at + 2)]) << np.uint64(8))
        | np.uint64(octets[np.uintp(at + 3)])
    )


@inlined
def big48(octets: NDArray[np.uint8], at: Integer) -> Integer:
    """Read six octets as a uint64."""
    return (np.uint64(big16(octets, at)) << np.uint64(32)) | big32(octets, at + 2)


@inlined
def big64(octets: NDArray[np.uint8], at: Integer) -> Integer:
    """Read eight octets as a uint64."""
    return (big32(octets, at) << np.uint64(32)) | big32(octets, at + 4)


@inlined
def number(octets: NDArray[np.uint8], program: Program, read: Integer, header_at: Integer) -> Integer:
    """Read the number that `read` describes; its octets must be there."""
    field = program.reads[np.uintp(read)]
    at = header_at + field[0]
    n = field[1]
    if n == 1:
        word = np.int64(octets[np.uintp(at)])
    elif n == 2 and field[6] == 0:
        word = big16(octets, at)
    else:
        word = np.int64(0)
        for i in range(n):
            octet = np.int64(octets[np.uintp(at + i)])
            word = (word << 8) | octet if field[6] == 0 else word | (octet << (8 * i))
    return ((word & field[2]) >> field[3]) * field[4] + field[5]


@inlined
def find(program: Program, space: Integer, code: Integer) -> Integer:
    """Find the header registered for a code, or `NONE`."""
    size = len(program.code_keys)
    key = (np.int64(space) << 33) | (code + 1)
    # Unsigned, because compilers take it that signed products do not overflow, and draw conclusions.
    slot = np.int64((np.uint64(key) * np.uint64(CODE_FACTOR)) >> np.uint64(CODE_SHIFT)) & (size - 1)
    while program.code_keys[np.uintp(slot)] != NONE:
        if program.code_keys[np.uintp(slot)] == key:
            return np.int64(program.code_headers[np.uintp(slot)])
        slot = (slot + 1) & (size - 1)
    return np.int64(NONE)


@inlined
def _first_place(interning: Interning, high: Integer, low: Integer) -> Integer:
    """Mix 128 bits and the seed into a place of the table."""
    mixed = (low ^ (high * np.uint64(0x9E3779B97F4A7C15)) ^ interning.seed[0]) * np.uint64(0xD6E8FEB86659FD93)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return mixed >> np.uint64(32)


@inlined
def intern(interning: Interning, slot: Integer, kind: Integer, high: Integer, low: Integer) -> Integer:
    """Give the number of an entry, a new one where it was not met before."""
    table = interning.table[slot]
    mask = np.uint64(len(table) - 1)
    place = _first_place(interning, high, low) & mask
    while table[place] != NONE:
        entry = np.uintp(table[place])
        if (
            interning.low[slot, entry] == low
            and interning.high[slot, entry] == high
            and interning.kind[slot, entry] == kind
        ):
            return np.uint32(entry)
        place = (place + np.uint64(1)) & mask
    entry = np.uintp(interning.counts[slot])
    table[place] = np.int32(entry)
    interning.low[slot, entry] = low
    interning.high[slot, entry] = high
    interning.kind[slot, entry] = kind
    interning.counts[slot] += 1
    return np.uint32(entry)


@inlined
def intern_addresses(present: Integer, rows: Rows, row: Integer, interning: Interning, walk: Walk) -> None:
    """Write the numbers of a packet's addresses."""
    for slot in range(N_ADDRESSES):
        if present & (1 << slot) != 0:
            rows.values[slot, row] = intern(interning, slot, walk.kind[slot], walk.high[slot], walk.low[slot])


@inlined
def is_full(interning: Interning) -> bool:
    """Tell whether the tables must be made larger before another packet."""
    for slot in range(N_INTERNED):
        if interning.counts[slot] >= interning.table.shape[1] // 2:
            return True
    return False


@kernel
def rehash(interning: Interning, table: NDArray[np.int32]) -> None:
    """Enter everything interned into a larger, empty table."""
    mask = np.uint64(table.shape[1] - 1)
    for slot in range(N_INTERNED):
        for entry in range(interning.counts[slot]):
            place = _first_place(interning, interning.high[slot, entry], interning.low[slot, entry]) & mask
            while table[slot, place] != NONE:
                place = (place + np.uint64(1)) & mask
            table[slot, place] = np.int32(entry)


@kernel
def pack_presence(
    present: NDArray[np.uint32], n: Integer, bitmaps: NDArray[np.uint8], counts: NDArray[np.int64]
) -> None:
    """Turn the rows' bits for each slot into Arrow validity bitmaps, least significant bit first, and count them.

    Parameters
    ----------
    present, n
        Bits of the rows, and how many rows there are.
    bitmaps
        Shape (N_SLOTS, at least n / 8 rounded up).
    counts
        Shape (N_SLOTS,): becomes the number of rows in which each slot is present.
    """
    for slot in range(N_SLOTS):
        total = np.int64(0)
        for octet in range((n + 7) // 8):
            word = np.uint32(0)
            for i in range(min(8, n - octet * 8)):
                bit = (present[octet * 8 + i] >> np.uint32(slot)) & np.uint32(1)
                word |= bit << np.uint32(i)
                total += np.int64(bit)
            bitmaps[slot, octet] = np.uint8(word)
        counts[slot] = total
