"""Looking for names in packets that were decoded: chosen by their ports, their payload found again, and read."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture.index import SUSPECT, Window
from batchgraph.decode.columns import RowGroup
from batchgraph.decode.program import SLOT
from batchgraph.naming.dhcp import dhcp_names
from batchgraph.naming.dns import dns_names
from batchgraph.naming.nbns import nbns_names
from batchgraph.naming.said import Collected, Said

_TCP, _UDP = 6, 17
_DNS, _LLMNR, _MDNS, _NBNS, _DHCP_SERVER, _DHCP_CLIENT = 53, 5355, 5353, 137, 67, 68
_DNS_LIKE = {_DNS: "dns", _LLMNR: "llmnr", _MDNS: "mdns"}

_PORTS = (_DNS, _LLMNR, _MDNS, _NBNS, _DHCP_SERVER, _DHCP_CLIENT)
"""Who tells a name sends from the port of the service, so the source port alone decides."""

_NEEDED = np.uint32(sum(1 << SLOT[name] for name in ("sport", "dport", "load", "proto")))


class _Segment(NamedTuple):
    """What the row of a packet says of its transport header."""

    row: int
    sport: int
    dport: int
    proto: int
    load: int
    flags: int


class _Telling(NamedTuple):
    """One thing that packets tell: the number of the first, how many they are, and the names."""

    frame: int
    packets: int
    said: list[Said]


def collect_names(collected: Collected, window: Window, first: int, group: RowGroup, row: int, *, frame: int) -> None:
    """Take the names that packets tell which were decoded last.

    Parameters
    ----------
    collected
        Takes them, until it is full.
    window, first
        The window, and the number in it of the first packet decoded.
    group, row
        The rows, and the first of them that is new: that packet's.
    frame
        Number of that packet in its capture.

    Notes
    -----
    Packets whose record is `SUSPECT` are not asked: they may be none. Nothing is put together, so of DNS over TCP only
    messages count that lie whole in one segment.
    """
    if collected.is_full:
        return
    candidates = _candidates(window, first, group, row)
    if not len(candidates):
        return
    starts = _datagrams_at_end(window, candidates + (first - row), group, candidates)
    plain = starts >= 0
    tellings = _told_alike(window, candidates[plain], starts[plain], group, frame - row)
    tellings += _told_apart(window, candidates[~plain], group, first - row, frame - row)
    for telling in sorted(tellings, key=lambda telling: telling.frame):
        if collected.is_full:
            return
        collected.add(telling.frame, telling.said, packets=telling.packets)


def _candidates(window: Window, first: int, group: RowGroup, row: int) -> NDArray[np.intp]:
    """Give the rows of packets that may tell a name."""
    values, present = group.rows.values, group.rows.present
    ports = values[SLOT["sport"], row : group.n]
    # Six comparisons cost a quarter of one look into a table for each packet.
    found = np.flatnonzero(functools.reduce(np.bitwise_or, [ports == port for port in _PORTS])) + row
    # A row without ports has left in its place whatever was there.
    found = found[present[found] & _NEEDED == _NEEDED]
    found = found[window.index.trust[found + (first - row)] != SUSPECT]
    protocols, ports = values[SLOT["proto"], found], values[SLOT["sport"], found]
    speaks = (protocols == _UDP) | ((protocols == _TCP) & (ports == _DNS))
    return np.asarray(found[speaks & (values[SLOT["load"], found] > 0)])


def _datagrams_at_end(
    window: Window, packets: NDArray[np.intp], group: RowGroup, rows: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Find where the payload begins of those that are as most are, DNS in UDP to the packet's end; of others -1."""
    columns = (group.rows.values[SLOT[name], rows].astype(np.int64) for name in ("sport", "dport", "load", "proto"))
    sport, dport, load, protocol = columns
    begin = window.index.offset[packets].astype(np.int64)
    starts = begin + window.index.cap_len[packets] - load
    is_like_most = (protocol == _UDP) & np.isin(sport, list(_DNS_LIKE)) & (starts - 8 >= begin) & (load > 2)
    header = window.octets[np.where(is_like_most, starts - 8, 0)[:, None] + np.arange(6)].astype(np.int64)
    words = header[:, 0::2] << 8 | header[:, 1::2]  # RFC 768: ports and length
    told = np.stack([sport, dport, (8 + load) & 0xFFFF], axis=1)
    return np.where(is_like_most & (words == told).all(axis=1), starts, -1)


def _told_alike(
    window: Window, rows: NDArray[np.intp], starts: NDArray[np.int64], group: RowGroup, to_frame: int
) -> list[_Telling]:
    """Read what is said once, however many packets say it: announcements above all, of which the identifier differs."""
    octets = window.octets.data
    stops = starts + group.rows.values[SLOT["load"], rows].astype(np.int64)
    ports = group.rows.values[SLOT["sport"], rows].tolist()
    packets: dict[tuple[int, bytes], list[int]] = {}
    for frame, port, start, stop in zip(
        (rows + to_frame).tolist(), ports, starts.tolist(), stops.tolist(), strict=True
    ):
        alike = packets.setdefault((port, bytes(octets[start + 2 : stop])), [frame, 0])
        alike[1] += 1
    return [
        _Telling(frame, n, (_read_before if len(behind) <= _LONGEST_KEPT else _read)(behind, _DNS_LIKE[port]))
        for (port, behind), (frame, n) in packets.items()
    ]


def _told_apart(
    window: Window, rows: NDArray[np.intp], group: RowGroup, to_packet: int, to_frame: int
) -> Iterator[_Telling]:
    """Read the others one by one."""
    names = ("sport", "dport", "proto", "load", "tcp_flags")
    columns = [group.rows.values[SLOT[name], rows].tolist() for name in names]
    for fields in zip(rows.tolist(), *columns, strict=True):
        segment = _Segment(*fields)
        packet = segment.row + to_packet
        at, length = int(window.index.offset[packet]), int(window.index.cap_len[packet])
        octets = window.octets[at : at + length].tobytes()
        yield _Telling(segment.row + to_frame, 1, _told(octets, segment, group))


def _told(octets: bytes, segment: _Segment, group: RowGroup) -> list[Said]:
    if segment.proto == _TCP:
        return _told_by_tcp(_tcp_payload(octets, segment))
    payload = _udp_payload(octets, segment)
    if segment.sport in _DNS_LIKE:
        read = _read_before if len(payload) <= _LONGEST_KEPT else _read
        return read(payload[2:], _DNS_LIKE[segment.sport])
    if segment.sport == _NBNS:
        return nbns_names(payload, group.address(segment.row, "src") or "")
    return dhcp_names(payload)


def _read(behind_identifier: bytes, source: str) -> list[Said]:
    return dns_names(b"\0\0" + behind_identifier, source)


_LONGEST_KEPT = 1500
_read_before = functools.lru_cache(maxsize=1024)(_read)


def _told_by_tcp(payload: bytes) -> list[Said]:
    """Read the messages of a segment, each behind its length (RFC 1035, 4.2.2), where it holds nothing else."""
    told: list[Said] = []
    at = 0
    while at + 2 <= len(payload):
        stop = at + 2 + int.from_bytes(payload[at : at + 2])
        if stop > len(payload):
            break
        told += dns_names(payload[at + 2 : stop], "dns", whole=True)
        at = stop
    return told if at == len(payload) else []


def _udp_payload(octets: bytes, segment: _Segment) -> bytes:
    """Find the UDP header (RFC 768) by its ports and length; what precedes it is headers, which do not look like it."""
    ports = segment.sport.to_bytes(2) + segment.dport.to_bytes(2)
    at = octets.find(ports + (8 + segment.load & 0xFFFF).to_bytes(2))
    if at < 0:
        at = octets.find(ports)
    return octets[at + 8 : at + 8 + segment.load] if at >= 0 else b""


def _tcp_payload(octets: bytes, segment: _Segment) -> bytes:
    """Find the TCP header (RFC 9293, 3.1) by its ports and flags."""
    ports = segment.sport.to_bytes(2) + segment.dport.to_bytes(2)
    at = octets.find(ports)
    while 0 <= at <= len(octets) - 20:
        word = int.from_bytes(octets[at + 12 : at + 14])
        if word & 0x01FF == segment.flags and word >> 12 >= 5:
            start = at + 4 * (word >> 12)
            payload = octets[start : start + segment.load]
            return payload if len(payload) == segment.load else b""
        at = octets.find(ports, at + 1)
    return b""
