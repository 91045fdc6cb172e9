"""Files written octet by octet, and everything that reading one gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from batchgraph.capture.index import Accounting
from batchgraph.capture.reader import open_capture


@dataclass(frozen=True)
class Packet:
    octets: bytes
    wire_len: int
    time_ns: int
    interface: int
    link_type: int


@dataclass(frozen=True)
class Reading:
    packets: list[Packet]
    accounting: Accounting

    @property
    def status(self) -> str:
        return self.accounting.status


def octets_of(*parts: str | bytes) -> bytes:
    return b"".join(bytes.fromhex(part) if isinstance(part, str) else part for part in parts)


def read_capture(path: Path, **options: int) -> Reading:
    reader = open_capture(path, **options)
    packets = []
    for window in reader.windows():
        index = window.index
        for k in range(len(index)):
            start = int(index.offset[k])
            octets = window.octets[start : start + int(index.cap_len[k])].tobytes()
            assert len(octets) == index.cap_len[k]
            numbers = (index.wire_len, index.time_ns, index.interface, index.link_type)
            packets.append(Packet(octets, *(int(column[k]) for column in numbers)))
    return Reading(packets, reader.accounting)


@pytest.fixture
def write(tmp_path):
    def write_file(*parts: str | bytes, name: str = "a.pcap") -> Path:
        path = tmp_path / name
        path.write_bytes(octets_of(*parts))
        return path

    return write_file


@pytest.fixture
def read(write):
    def write_and_read(*parts: str | bytes, **options: int) -> Reading:
        return read_capture(write(*parts), **options)

    return write_and_read


@pytest.fixture
def reading():
    return read_capture


@pytest.fixture
def octets():
    return octets_of
