"""Looking for names in packets that were decoded: chosen by their ports, their payload found again, and read."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

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
    for segment in _segments(group, row):
        packet = first + segment.row - row
        if window.index.trust[packet] == SUSPECT:
            continue
        at, length = int(window.index.offset[packet]), int(window.index.cap_len[packet])
        octets = window.octets[at : at + length].tobytes()
        collected.add(frame + segment.row - row, _told(octets, segment, group))
        if collected.is_full:
            return


def _segments(group: RowGroup, row: int) -> Iterator[_Segment]:
    values, present = group.rows.values, group.rows.present
    ports = values[SLOT["sport"], row : group.n]
    # Six comparisons cost a quarter of one look into a table for each packet.
    candidates = np.flatnonzero(functools.reduce(np.bitwise_or, [ports == port for port in _PORTS])) + row
    # A row without ports has left in its place whatever was there.
    candidates = candidates[present[candidates] & _NEEDED == _NEEDED]
    columns = [values[SLOT[name], candidates].tolist() for name in ("sport", "dport", "proto", "load", "tcp_flags")]
    for fields in zip(candidates.tolist(), *columns, strict=True):
        segment = _Segment(*fields)
        if segment.load and (segment.proto == _UDP or (segment.proto == _TCP and segment.sport == _DNS)):
            yield segment


def _told(octets: bytes, segment: _Segment, group: RowGroup) -> list[Said]:
    if segment.proto == _TCP:
        return _told_by_tcp(_tcp_payload(octets, segment))
    payload = _udp_payload(octets, segment)
    if segment.sport in _DNS_LIKE:
        # The same is said again and again, by announcements above all, and only the identifier differs.
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
