"""What the compiled walkers share: their arguments, their results, and how numbers are read.

A walker goes from record to record through ``octets[start:stop]``, checks every length against what is there before it
uses it, fills the arrays of a `PacketIndex`, and returns ``(position, packets, reason, needed)``: where it stopped, how
many packets it wrote, why it stopped, and how many octets from `position` the next record needs, where that is why.

Numbers are int64 throughout, except where 64-bit ticks need uint64: mixing the two gives floats.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchgraph.compiled import inlined, kernel

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


MORE, FULL, INTERFACES_FULL = 0, 1, 2
"""Reasons to go on later: a record that is not whole, no room in the index or for remarks, no room for interfaces."""

TOO_LONG, TOO_SHORT, TRAILER, OVERFLOW, BYTE_ORDER, VERSION, DOUBTFUL, CUT = range(10, 18)
"""Faults: what is wrong with the record at the position returned; `CUT`: the file ends within it."""

MAX_PACKET, MAX_PACKET_USB, MAX_PACKET_EBHSCR, MAX_PACKET_DBUS = 262_144, 134_217_728, 33_554_432, 134_217_728
"""Largest captured length by link type, as libpcap and wiretap have them (D-Bus allows messages of 128 MiB)."""

MAX_BLOCK = MAX_PACKET_DBUS + 131_072
"""Largest pcapng block: the largest packet, and 128 KiB for its header and options, as libpcap has it."""

_STEP = 64
"""Octets that are held against zero at once."""


@inlined
def number16(octets: Octets, at: int, big: int) -> int:
    """Read 16 bits in either byte order."""
    first, second = np.int64(octets[at]), np.int64(octets[at + 1])
    return int(first << 8 | second if big else second << 8 | first)


@inlined
def number32(octets: Octets, at: int, big: int) -> int:
    """Read 32 bits in either byte order, unsigned."""
    first, second = np.int64(octets[at]), np.int64(octets[at + 1])
    third, fourth = np.int64(octets[at + 2]), np.int64(octets[at + 3])
    if big:
        return int(first << 24 | second << 16 | third << 8 | fourth)
    return int(fourth << 24 | third << 16 | second << 8 | first)


@inlined
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
def skip_zeros(octets: Octets, at: int, stop: int) -> int:
    """Give the first place from `at` on that is not zero, or `stop`."""
    while stop - at >= _STEP:
        some = 0
        # Without a way out of it, this loop is compiled into a few instructions.
        for k in range(at, at + _STEP):
            some |= octets[k]
        if some:
            break
        at += _STEP
    while at < stop and octets[at] == 0:
        at += 1
    return at
