"""What a reader made of a damaged capture, held against the truth."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batchgraph.capture.index import SUSPECT
from batchgraph.capture.reader import open_capture

from .captures import Capture, whole_packets

Packet = tuple[bytes, int, int]
"""Octets, length on the wire, time."""


@dataclass(slots=True)
class Score:
    """How well a damaged capture was read.

    Attributes
    ----------
    intact, exact
        Records that the damage left alone, and how many of them were returned as they were.
    foreign, forged
        Packets returned as trusted that are none of the capture's, or lay in the payload of one.
    forged_any
        The latter with those that are not trusted.
    phantoms
        Packets returned, trusted or not, that bear neither octets nor time of any record.
    strict, returned
        Packets that a strict reader finds, zeros left out, and that were returned.
    is_whole
        Whether the damaged file is byte by byte a whole capture, of which all packets are intact then.
    """

    intact: int
    exact: int
    foreign: int
    forged: int
    forged_any: int
    phantoms: int
    strict: int
    returned: int
    suspect: int
    accounted: bool
    status: str
    seconds: float
    is_whole: bool

    @property
    def share(self) -> float:
        """Share of the intact records that were returned exactly."""
        return self.exact / self.intact if self.intact else 1.0


def read_packets(path: Path) -> tuple[list[tuple[Packet, int]], object]:
    """Read a capture: every packet and its trust, and the accounting."""
    reader = open_capture(path)
    packets = []
    for window in reader.windows():
        index = window.index
        columns = zip(
            index.offset.tolist(), index.cap_len.tolist(), index.wire_len.tolist(), index.time_ns.tolist(),
            index.trust.tolist(), strict=True,
        )  # fmt: skip
        octets = window.octets
        packets += [((octets[o : o + n].tobytes(), w, t), trust) for o, n, w, t, trust in columns]
    return packets, reader.accounting


def score(capture: Capture, path: Path) -> Score:
    """Write a damaged capture to `path`, read it, and hold what was read against the truth."""
    from time import process_time

    path.write_bytes(capture.octets.tobytes())
    began = process_time()
    packets, accounting = read_packets(path)
    seconds = process_time() - began
    intact, excepted = _truth(capture)
    if capture.restorable:
        intact = Counter((record.data, record.wire_len, record.time_ns) for record in capture.records)
    original = {record.data for record in capture.records}
    if whole := whole_packets(capture):
        intact = Counter(whole)
        original |= {data for data, _, _ in whole}
    times = {record.time_ns for record in capture.records}
    returned = Counter(packet for packet, _ in packets)
    trusted = [packet[0] for packet, trust in packets if trust != SUSPECT]
    forged = capture.forged - original
    return Score(
        intact=sum(intact.values()),
        exact=sum((intact & returned).values()),
        foreign=sum(data not in original and data not in excepted and data not in forged for data in trusted),
        forged=sum(data in forged for data in trusted),
        forged_any=sum(packet[0] in forged for packet, _ in packets),
        phantoms=sum(
            p[0] not in original and p[0] not in forged and p[0] not in excepted and p[2] not in times
            for p, _ in packets
        ),
        strict=strict_count(capture.octets.tobytes()),
        returned=len(packets),
        suspect=sum(trust == SUSPECT for _, trust in packets),
        accounted=sum(accounting.octets.values()) == len(capture.octets) or capture.octets.size != accounting.size,
        status=accounting.status,
        seconds=seconds,
        is_whole=bool(whole),
    )


def _truth(capture: Capture) -> tuple[Counter[Packet], set[bytes]]:
    """Give the records that are intact, and the octets of those damaged in nothing but their payload or their time."""
    intact: Counter[Packet] = Counter()
    excepted: set[bytes] = set()
    places = np.flatnonzero(capture.owner >= 0)
    numbers = capture.owner[places]
    firsts = np.searchsorted(numbers, np.arange(len(capture.records)))
    lasts = np.searchsorted(numbers, np.arange(len(capture.records)), side="right") - 1
    for number, record in enumerate(capture.records):
        if lasts[number] < firsts[number]:
            continue
        first, last = int(places[firsts[number]]), int(places[lasts[number]])
        if last - first + 1 != record.octets or lasts[number] - firsts[number] + 1 != record.octets:
            continue
        changed = capture.changed[first : last + 1]
        if not changed.any():
            intact[record.data, record.wire_len, record.time_ns] += 1
            continue
        # What reaches the lengths of the next record can be seen; a damaged time cannot.
        reach = capture.changed[last : last + 1 + record.framing[1]]
        runs_on = len(reach) > record.framing[0] and reach[: record.framing[0] + 1].all()
        if not changed[record.framing[1] - 1 : record.data_at + 1].all() and not runs_on:
            start = first + record.data_at
            excepted.add(capture.octets[start : start + len(record.data)].tobytes())
    return intact, excepted


def strict_count(octets: bytes) -> int:
    """Count the packets of a reader that stops at the first error; pcap records without octets and zeros are none."""
    if octets[:4] == b"\x0a\x0d\x0d\x0a":
        return _strict_pcapng(octets)
    if octets[:8] == b"snoop\0\0\0":
        return _strict_snoop(octets)
    order = {
        b"\xd4\xc3\xb2\xa1": "<",
        b"\x4d\x3c\xb2\xa1": "<",
        b"\xa1\xb2\xc3\xd4": ">",
        b"\xa1\xb2\x3c\x4d": ">",
    }.get(octets[:4])
    if order is None:
        return 0
    at, n = 24, 0
    while len(octets) - at >= 16:
        captured = struct.unpack_from(order + "I", octets, at + 8)[0]
        if captured > 262_144 or captured > len(octets) - at - 16:
            break
        n += captured > 0
        at += 16 + captured
    return n


def _strict_pcapng(octets: bytes) -> int:
    at, n, order = 0, 0, "<"
    while len(octets) - at >= 12:
        if octets[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = ">" if octets[at + 8] == 0x1A else "<"
        kind, length = struct.unpack_from(order + "II", octets, at)
        if length < 12 or length % 4 or length > len(octets) - at:
            break
        if struct.unpack_from(order + "I", octets, at + length - 4)[0] != length:
            break
        if kind == 6:
            captured = struct.unpack_from(order + "I", octets, at + 20)[0] if length >= 32 else length
            if captured > length - 32:
                break
            # Zeros over all numbers of its header are a gap: nothing of a packet is left to return.
            n += any(octets[at + 8 : at + 28])
        at += length
    return n


def _strict_snoop(octets: bytes) -> int:
    at, n = 16, 0
    while len(octets) - at >= 24:
        captured, length = struct.unpack_from(">II", octets, at + 4)
        if captured > 262_144 or length < 24 + captured or length > len(octets) - at:
            break
        n += captured > 0
        at += length
    return n
