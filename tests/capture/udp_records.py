"""Octets of UDP packets, and of a little-endian pcap file of them, for tests of what is salvaged."""

import struct

# Magic, version 2.4, time zone, accuracy, snapshot length 262144, link type 1 (Ethernet).
HEADER = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")
NEW_YEAR = 1_577_836_800


def frame(number: int, payload: bytes = b"payload " * 4) -> bytes:
    # Ethernet II, IPv4 (RFC 791, total length in octets 2 and 3), UDP (RFC 768).
    payload = struct.pack(">I", number) + payload
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 28 + len(payload), number & 0xFFFF, 0, 64, 17, 0, 0x0A000001, 0x0A000002)
    return bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", 1000, 2000, 8 + len(payload), 0) + payload


def record(number: int, octets: bytes | None = None, *, captured: int | None = None, wire: int | None = None) -> bytes:
    octets = frame(number) if octets is None else octets
    lengths = (len(octets) if captured is None else captured, len(octets) if wire is None else wire)
    return struct.pack("<4I", NEW_YEAR + number, number, *lengths) + octets


def records(first: int, last: int) -> bytes:
    return b"".join(record(number) for number in range(first, last))
