"""Finding the packets that may tell a name: a compiled loop over rows, which counts datagrams that are alike as one."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture.index import SUSPECT, Window
from batchgraph.compiled import inlined, kernel
from batchgraph.decode.columns import RowGroup
from batchgraph.decode.primitives import Integer, Rows, big16, big32, big64
from batchgraph.decode.program import NONE, SLOT

TCP, UDP = 6, 17
DNS, LLMNR, MDNS, NBNS, DHCP_SERVER, DHCP_CLIENT = 53, 5355, 5353, 137, 67, 68

_DNS_LIKE = (DNS, LLMNR, MDNS)
_ALL = (DNS, LLMNR, MDNS, NBNS, DHCP_SERVER, DHCP_CLIENT)

_SPORT, _DPORT, _PROTO, _LOAD = (SLOT[name] for name in ("sport", "dport", "proto", "load"))
_NEEDED = np.uint32(1 << _SPORT | 1 << _DPORT | 1 << _PROTO | 1 << _LOAD)

_MOST_TRIED = 16
"""Places of the table that are looked at: whoever makes datagrams collide finds them counted one by one."""

ROW, START, STOP, PACKETS = range(4)
"""What is found of a packet: its row, where its payload begins and ends, or -1 twice, and how many say the same."""

_SEED = np.frombuffer(os.urandom(8), np.uint64)[0]


class _Search(NamedTuple):
    """What is looked through, what is found, and by what it is found again.

    Attributes
    ----------
    octets, offset, cap_len, trust
        The window's octets, and of its packets what `batchgraph.capture.index.PacketIndex` has.
    rows
        Of the group.
    found
        int64, shape (n_rows, 4): takes `ROW`, `START`, `STOP` and `PACKETS`.
    table
        int32, shape (a power of two,): open-addressed, number of what is found or `NONE`.
    seed
        Makes the places in the table unpredictable; what is found does not depend on it.
    """

    octets: NDArray[np.uint8]
    offset: NDArray[np.int64]
    cap_len: NDArray[np.uint32]
    trust: NDArray[np.uint8]
    rows: Rows
    found: NDArray[np.int64]
    table: NDArray[np.int32]
    seed: np.uint64


def find_datagrams(window: Window, first: int, group: RowGroup, row: int) -> NDArray[np.int64]:
    """Find the packets that may tell a name, by the source port: who tells a name sends from the service's port.

    Parameters
    ----------
    window, first
        The window, and the number in it of the first packet to look at.
    group, row
        The rows, and that packet's.

    Returns
    -------
    int64, shape (n_found, 4): `ROW`, `START`, `STOP` and `PACKETS`, in the order of rows. Where the payload lies is
    known only of datagrams that are as most are, DNS in UDP to the packet's end; of those that differ in nothing but
    the identifier, the first stands for all. Packets whose record is `SUSPECT` are left out: they may be none.
    """
    found = np.empty((group.n - row, 4), np.int64)
    table = np.full(1 << (2 * len(found)).bit_length(), NONE, np.int32)
    index = window.index
    search = _Search(window.octets, index.offset, index.cap_len, index.trust, group.rows, found, table, _SEED)
    return found[: find(search, first, row, group.n)]


@kernel
def find(search: _Search, first: Integer, row: Integer, stop_row: Integer) -> Integer:
    """Look through rows, the first of which is the packet of number `first`; give how many are found."""
    rows, found, n = search.rows, search.found, 0
    for at in range(row, stop_row):
        port = rows.values[_SPORT, at]
        if port not in _ALL:
            continue
        packet = np.uintp(first + at - row)
        # A row without ports has left in its place whatever was there.
        if rows.present[at] & _NEEDED != _NEEDED or search.trust[packet] == SUSPECT:
            continue
        protocol, load = rows.values[_PROTO, at], np.int64(rows.values[_LOAD, at])
        if load == 0 or not (protocol == UDP or (protocol == TCP and port == DNS)):
            continue
        begin = search.offset[packet]
        stop = begin + np.int64(search.cap_len[packet])
        start = stop - load
        ports = np.uint64(port) << np.uint64(16) | np.uint64(rows.values[_DPORT, at])
        if protocol != UDP or port not in _DNS_LIKE or not _is_datagram(search.octets, begin, start, ports, load):
            start = stop = np.int64(-1)
        elif _was_found(search, start, stop, port, n):
            continue
        found[n, ROW], found[n, START], found[n, STOP], found[n, PACKETS] = at, start, stop, 1
        n += 1
    return n


@inlined
def _is_datagram(octets: NDArray[np.uint8], begin: Integer, start: Integer, ports: Integer, load: Integer) -> bool:
    """Tell whether a UDP header (RFC 768) of these ports and this length precedes the payload."""
    if load <= 2 or start - 8 < begin:
        return False
    return bool(big32(octets, start - 8) == ports and big16(octets, start - 4) == (8 + load) & 0xFFFF)


@inlined
def _was_found(search: _Search, start: Integer, stop: Integer, port: Integer, n: Integer) -> bool:
    """Count a datagram with the one found before that is alike behind the identifier; else enter it as number `n`."""
    table, found = search.table, search.found
    mask = np.uint64(len(table) - 1)
    place = _mixed(search.octets, start + 2, stop, search.seed ^ np.uint64(port)) & mask
    for _ in range(_MOST_TRIED):
        if table[place] == NONE:
            table[place] = n
            return False
        other = found[np.uintp(table[place])]
        is_so_far = search.rows.values[_SPORT, other[ROW]] == port and other[STOP] - other[START] == stop - start
        if is_so_far and _are_alike(search.octets, other[START] + 2, start + 2, stop - start - 2):
            other[PACKETS] += 1
            return True
        place = (place + np.uint64(1)) & mask
    return False


@inlined
def _mixed(octets: NDArray[np.uint8], at: Integer, stop: Integer, seed: Integer) -> Integer:
    mixed = seed
    while at + 8 <= stop:
        mixed = (mixed ^ big64(octets, at)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
        at += 8
    while at < stop:
        mixed = (mixed ^ np.uint64(octets[np.uintp(at)])) * np.uint64(0xD6E8FEB86659FD93)
        at += 1
    return mixed ^ (mixed >> np.uint64(32))


@inlined
def _are_alike(octets: NDArray[np.uint8], one: Integer, other: Integer, n: Integer) -> bool:
    i = 0
    while i < n and octets[np.uintp(one + i)] == octets[np.uintp(other + i)]:
        i += 1
    return bool(i == n)
