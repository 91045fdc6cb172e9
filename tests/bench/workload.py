"""The benchmark's input: packets of the sample captures, again and again, with other addresses and times each time."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

from batchgraph.capture.reader import open_capture

PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
_ETHERNET = 1


def sample_packets(folder: Path) -> Iterator[tuple[int, bytes]]:
    """Give the wire length and the octets of every Ethernet packet of the sample captures."""
    for path in sorted(folder.glob("*.pcap*")):
        for window in open_capture(path).windows():
            index = window.index
            for i in range(len(index)):
                if index.link_type[i] == _ETHERNET:
                    first = int(index.offset[i])
                    yield int(index.wire_len[i]), window.octets[first : first + int(index.cap_len[i])].tobytes()


def _varied(packet: bytes, round_number: int) -> bytes:
    """Give a packet another second octet of its IPv4 addresses, so that hosts grow with the input; others as they are.

    Checksums are left as they were: none of the contestants looks at them.
    """
    if packet[12:14] != b"\x08\x00" or len(packet) < 34:
        return packet
    changed = bytearray(packet)
    changed[27] = changed[31] = round_number % 251
    return bytes(changed)


def write_workload(path: Path, samples: Path, *, packets: int, seed: int) -> int:
    """Write a classic pcap file of so many packets; gives its size in octets."""
    chosen = list(sample_packets(samples))
    chance = random.Random(seed)
    microseconds = 1_700_000_000_000_000
    written = 0
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        round_number = 0
        while written < packets:
            part = chosen[: packets - written]
            records = []
            for wire_len, packet in part:
                microseconds += chance.randrange(1, 200)
                seconds, fraction = divmod(microseconds, 1_000_000)
                records.append(struct.pack("<IIII", seconds, fraction, len(packet), wire_len))
                records.append(_varied(packet, round_number))
            file.write(b"".join(records))
            written += len(part)
            round_number += 1
    return path.stat().st_size
