"""Looking for names in packets that were decoded: chosen by their ports, their payload found again, and read."""

from __future__ import annotations

import functools
from typing import NamedTuple

from batchgraph.capture.index import Window
from batchgraph.decode.columns import RowGroup
from batchgraph.decode.program import SLOT
from batchgraph.naming.datagrams import DNS, LLMNR, MDNS, NBNS, TCP, find_datagrams
from batchgraph.naming.dhcp import dhcp_names
from batchgraph.naming.dns import SHORTEST, dns_names
from batchgraph.naming.nbns import nbns_names
from batchgraph.naming.said import Collected, Said

_DNS_LIKE = {DNS: "dns", LLMNR: "llmnr", MDNS: "mdns"}


class _Segment(NamedTuple):
    """What the row of a packet says of its transport header."""

    row: int
    sport: int
    dport: int
    proto: int
    load: int
    tcp_flags: int


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
    ports = group.rows.values[SLOT["sport"]]
    for at, start, stop, packets in find_datagrams(window, first, group, row).tolist():
        if start >= 0:
            said = _read_kept(window.octets[start + 2 : stop].tobytes(), _DNS_LIKE[int(ports[at])])
        else:
            said = _told(_packet(window, at + first - row), _segment(group, at), group)
        collected.add(at + frame - row, said, packets=packets)
        if collected.is_full:
            return


def _packet(window: Window, packet: int) -> bytes:
    at, length = int(window.index.offset[packet]), int(window.index.cap_len[packet])
    return window.octets[at : at + length].tobytes()


def _segment(group: RowGroup, row: int) -> _Segment:
    return _Segment(row, *(int(group.rows.values[SLOT[name], row]) for name in _Segment._fields[1:]))


def _told(octets: bytes, segment: _Segment, group: RowGroup) -> list[Said]:
    if segment.proto == TCP:
        return _told_by_tcp(_tcp_payload(octets, segment))
    payload = _udp_payload(octets, segment)
    if segment.sport in _DNS_LIKE:
        return _read_kept(payload[2:], _DNS_LIKE[segment.sport])
    if segment.sport == NBNS:
        return nbns_names(payload, group.address(segment.row, "src") or "")
    return dhcp_names(payload)


def _read(behind_identifier: bytes, source: str) -> list[Said]:
    return dns_names(b"\0\0" + behind_identifier, source)


_LONGEST_KEPT = 1500
_read_before = functools.lru_cache(maxsize=1024)(_read)


def _read_kept(behind_identifier: bytes, source: str) -> list[Said]:
    return (_read_before if len(behind_identifier) <= _LONGEST_KEPT else _read)(behind_identifier, source)


def _told_by_tcp(payload: bytes) -> list[Said]:
    """Read the messages of a segment, each behind its length (RFC 1035, 4.2.2), where it holds nothing else."""
    told: list[Said] = []
    at = 0
    while at + 2 <= len(payload):
        stop = at + 2 + int.from_bytes(payload[at : at + 2])
        if stop > len(payload) or stop - at < 2 + SHORTEST:
            return []
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
        if word & 0x01FF == segment.tcp_flags and word >> 12 >= 5:
            start = at + 4 * (word >> 12)
            payload = octets[start : start + segment.load]
            return payload if len(payload) == segment.load else b""
        at = octets.find(ports, at + 1)
    return b""
