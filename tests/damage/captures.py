"""Captures with known truth: every record's place and octets, some of them carrying captures in their payload."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BASE_SECONDS = 1_577_836_800

FORMATS = ("pcap", "pcap-big", "pcap-ns", "pcapng", "pcapng-big")
"""The formats that are salvaged whatever the damage is; snoop is not where its file header is lost."""

_DATA_AT = {"pcapng": 28, "pcap": 16, "snoop": 24}
_FRAMING = {"pcapng": (4, 8), "pcap": (8, 12), "snoop": (8, 12)}


@dataclass(slots=True)
class Record:
    """A packet as it was written: its octets, and what its header says of it."""

    data: bytes
    wire_len: int
    time_ns: int
    framing: tuple[int, int]
    """Where the octets of its header stand, from its start, on which its extent depends."""
    data_at: int
    octets: int


@dataclass(slots=True)
class Capture:
    """The octets of a file, and to which record each belongs (-1 where to none)."""

    octets: NDArray[np.uint8]
    owner: NDArray[np.int32]
    records: list[Record]
    forged: set[bytes] = field(default_factory=set)
    changed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    format: str = "pcap"
    header_octets: int = 24
    restorable: bool = False
    """Whether the damage can be undone, so that all records count as intact."""

    def start_of(self, number: int) -> int:
        """Give where a record begins."""
        return int(np.searchsorted(self.owner, number))


def make_capture(seed: int, kind: str, n_packets: int, *, carriers: float = 0.01) -> Capture:
    """Make a capture in a format of `FORMATS` or snoop; a share of its packets carries records of the same format."""
    rng = random.Random(seed)
    forged: set[bytes] = set()
    packets = []
    time_ns = BASE_SECONDS * 10**9 + rng.randrange(10**9)
    for number in range(n_packets):
        time_ns += rng.choice((1_000, 40_000, 2_000_000, 150_000_000))
        if rng.random() < carriers:
            payload = _capture_inside(rng, kind, forged)
            data = _ethernet(rng, number, payload)
        else:
            data = _packet(rng, number)
        packets.append((data, _snapped(rng, data), time_ns if kind == "pcap-ns" else time_ns // 1000 * 1000))
    return assemble(kind, packets, forged)


def assemble(kind: str, packets: list[tuple[bytes, int, int]], forged: set[bytes]) -> Capture:
    """Write packets (octets, length on the wire, time) in a format."""
    head = file_header(kind)
    pieces, owners, records = [head], [np.full(len(head), -1, np.int32)], []
    for number, (data, wire_len, time_ns) in enumerate(packets):
        octets = record(kind, data, wire_len, time_ns)
        pieces.append(octets)
        owners.append(np.full(len(octets), number, np.int32))
        family = kind.partition("-")[0]
        records.append(Record(data, wire_len, time_ns, _FRAMING[family], _DATA_AT[family], len(octets)))
    octets = np.frombuffer(b"".join(pieces), np.uint8).copy()
    owner = np.concatenate(owners)
    return Capture(octets, owner, records, forged, np.zeros(len(octets), bool), kind, len(head))


def file_header(kind: str) -> bytes:
    """Write what comes before the first packet."""
    if kind == "snoop":
        return b"snoop\0\0\0" + struct.pack(">II", 2, 4)
    order = ">" if kind.endswith("big") else "<"
    if not kind.startswith("pcapng"):
        magic = 0xA1B23C4D if kind == "pcap-ns" else 0xA1B2C3D4
        return struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 262_144, 1)
    section = struct.pack(order + "IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    return section + struct.pack(order + "IIHHII", 1, 20, 1, 0, 262_144, 20)


def record(kind: str, data: bytes, wire_len: int, time_ns: int) -> bytes:
    """Write a packet's record or block."""
    if kind == "snoop":
        pad = -len(data) % 4
        numbers = (wire_len, len(data), 24 + len(data) + pad, 0, time_ns // 10**9, time_ns % 10**9 // 1000)
        return struct.pack(">6I", *numbers) + data + bytes(pad)
    order = ">" if kind.endswith("big") else "<"
    if not kind.startswith("pcapng"):
        unit = 1 if kind == "pcap-ns" else 1000
        numbers = (time_ns // 10**9, time_ns % 10**9 // unit, len(data), wire_len)
        return struct.pack(order + "4I", *numbers) + data
    ticks = time_ns // 1000
    length = 32 + (len(data) + 3) // 4 * 4
    head = struct.pack(order + "7I", 6, length, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire_len)
    return head + data + bytes(-len(data) % 4) + struct.pack(order + "I", length)


def whole_packets(capture: Capture) -> list[tuple[bytes, int, int]]:
    """Give the packets of a damaged capture that is a whole one all the same; nothing where it is none.

    It is one where record after record, from the first octet behind the file's header to the last one, is what would be
    written of a packet with the lengths and the time of a record of the capture, each later than the one before. Such a
    file is the very one that would have been written of these packets, so that no reader can see the damage.
    """
    at, last, packets = capture.header_octets, -1, []
    if capture.octets[:at].tobytes() != file_header(capture.format):
        return []
    while at < len(capture.octets):
        number = int(capture.owner[at])
        if number <= last:
            return []
        like = capture.records[number]
        data = capture.octets[at + like.data_at : at + like.data_at + len(like.data)].tobytes()
        written = record(capture.format, data, like.wire_len, like.time_ns)
        if capture.octets[at : at + len(written)].tobytes() != written:
            return []
        packets.append((data, like.wire_len, like.time_ns))
        at, last = at + len(written), number
    return packets


def _capture_inside(rng: random.Random, kind: str, forged: set[bytes]) -> bytes:
    """Make a payload that is a part of a capture: with or without its beginning, ending with a record or within one."""
    inner = kind if rng.random() < 0.7 else rng.choice(FORMATS)
    pieces = [file_header(inner)] if rng.random() < 0.5 else [bytes(rng.randrange(40))]
    time_ns = BASE_SECONDS * 10**9
    for number in range(rng.randrange(1, 50)):
        data = _packet(rng, 10**6 + rng.randrange(10**6) * 64 + number)[: rng.choice((60, 100, 200, 1500))]
        forged.add(data)
        time_ns += 1_000_000
        pieces.append(record(inner, data, len(data), time_ns))
    payload = b"".join(pieces)
    return payload if rng.random() < 0.5 else payload[: max(20, len(payload) - rng.randrange(1, 60))]


def _snapped(rng: random.Random, data: bytes) -> int:
    return len(data) + (rng.randrange(1, 1000) if rng.random() < 0.02 else 0)


def _packet(rng: random.Random, number: int) -> bytes:
    shape = rng.random()
    if shape < 0.08:
        body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + rng.randbytes(20)
        return b"\xff" * 6 + rng.randbytes(6) + b"\x08\x06" + body + number.to_bytes(8, "big") + bytes(10)
    if shape < 0.14:
        return rng.randbytes(12) + b"\x88\xcc" + number.to_bytes(8, "big") + rng.randbytes(rng.randrange(40, 300))
    return _ethernet(rng, number, _payload(rng))


def _payload(rng: random.Random) -> bytes:
    length = rng.choice((0, 10, 60, rng.randrange(600), rng.randrange(1400), 1400))
    what = rng.random()
    if what < 0.5:
        return rng.randbytes(length)
    if what < 0.7:
        return bytes(length)
    if what < 0.8:
        return (b"\0\0\0\1" * (length // 4 + 1))[:length]
    return (b"GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n" * 40)[:length]


def _ethernet(rng: random.Random, number: int, payload: bytes) -> bytes:
    """Write a frame with IPv4 or IPv6 and UDP; its number stands before the payload, so that none is like another."""
    payload = number.to_bytes(8, "big") + payload
    udp = struct.pack(">HHHH", rng.randrange(1024, 65536), 4789 if rng.random() < 0.1 else 53, 8 + len(payload), 0)
    addresses = b"\x02\0\0\0\0" + bytes((rng.randrange(9),)) + b"\x02\0\0\0\0" + bytes((rng.randrange(9),))
    if rng.random() < 0.15:
        ip = struct.pack(">IHBB", 0x60000000, len(udp) + len(payload), 17, 64) + rng.randbytes(32)
        return addresses + b"\x86\xdd" + ip + udp + payload
    total = 20 + len(udp) + len(payload)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, total, number & 0xFFFF, 0, 64, 17, 0) + b"\x0a\0\0" + rng.randbytes(5)
    return addresses + b"\x08\0" + ip + udp + payload
