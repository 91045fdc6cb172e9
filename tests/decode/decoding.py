"""Decoding single packets in tests."""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa

from batchgraph.capture.index import SOUND, PacketIndex, Window
from batchgraph.decode.decoder import TableDecoder
from batchgraph.decode.program import build
from batchgraph.schema import edge_schema
from batchgraph.wire import table

ETHERNET = "02 00 00 00 00 02  02 00 00 00 00 01"


@functools.cache
def _program():
    return build(table(()))


def octets(*texts: str) -> bytes:
    """Join octets written in hexadecimal; blanks do not count."""
    return bytes.fromhex("".join(texts))


def window_of(packets, *, link_type=1, wire_len=None):
    """Lay packets back to back as one window."""
    index = PacketIndex.empty(len(packets))
    index.cap_len[:] = [len(packet) for packet in packets]
    index.offset[:] = np.cumsum(index.cap_len) - index.cap_len
    index.wire_len[:] = index.cap_len if wire_len is None else wire_len
    index.link_type[:] = link_type
    index.time_ns[:], index.interface[:], index.trust[:] = 0, 0, SOUND
    return Window(np.frombuffer(bytearray(b"".join(packets)), np.uint8), index)


def decode_all(packets, *, link_type=1, wire_len=None, tunnels="inner", common=True, program=None):
    """Decode packets into dicts by column."""
    window = window_of(packets, link_type=link_type, wire_len=wire_len)
    decoder = TableDecoder(program or _program(), tunnels=tunnels, capacity=max(1, len(packets)), common=common)
    assert decoder.decode(window, 0) == len(packets)
    return decoder.group.to_arrow("test", 1, edge_schema("test")).to_pylist()


def plain_rows(table):
    """Give a table's rows as dicts, times as nanoseconds: as Python objects they would need pandas."""
    place = table.schema.get_field_index("time")
    return table.set_column(place, "time", table["time"].cast(pa.int64())).to_pylist()


def decode_one(*texts: str, **options):
    """Decode one packet written in hexadecimal into a dict by column."""
    return decode_all([octets(*texts)], **options)[0]


def ipv4(proto: int, payload: str, *, total=None, fragment="0000", src="c0000201", dst="c0000202", ihl=5) -> str:
    """Write an IPv4 packet (RFC 791, section 3.1) with the checksum left 0."""
    body = octets(payload)
    length = 20 + len(body) if total is None else total
    return f"4{ihl:x}00 {length:04x} 0001 {fragment} 40 {proto:02x} 0000 {src} {dst}" + body.hex()


def ipv6(following: int, payload: str, *, length=None) -> str:
    """Write an IPv6 packet (RFC 8200, section 3) from 2001:db8::1 to 2001:db8::2."""
    body = octets(payload)
    plen = len(body) if length is None else length
    address = "20010db8 00000000 00000000 0000000"
    return f"60000000 {plen:04x} {following:02x} 40 {address}1 {address}2" + body.hex()


def udp(payload: str = "", *, sport=0xC000, dport=9, length=None) -> str:
    """Write a UDP datagram (RFC 768) with the checksum left 0."""
    body = octets(payload)
    return f"{sport:04x} {dport:04x} {8 + len(body) if length is None else length:04x} 0000" + body.hex()


TCP = "c000 0050 00000001 00000000 5010 ffff 0000 0000"  # RFC 9293, 3.1: 20 octets, ACK, to port 80
