"""What becomes of whole files: statuses, hashes, and files that change or cannot be read."""

import hashlib
import os

import pytest

from batchgraph.capture import stored
from batchgraph.capture.index import PacketIndex
from batchgraph.capture.reader import open_capture

PCAP = "d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000"
RECORD = "00e10b5e 05000000 02000000 3c000000 aabb"


def test_reader__empty_file_has_status_empty(read):
    found = read(b"")

    assert (found.status, found.packets, found.accounting.problems) == ("empty", [], [])


def test_reader__file_that_is_no_capture_is_unsupported_by_its_name(read):
    found = read(b"PK\3\4" + bytes(96))

    assert (found.status, found.accounting.problems[0].what) == ("unsupported", "unsupported: a zip archive")
    assert found.accounting.octets["skipped"] == 100


def test_reader__hashes_the_file_as_stored(read, octets):
    found = read(PCAP, RECORD)

    assert found.accounting.sha256 == hashlib.sha256(octets(PCAP, RECORD)).hexdigest()
    assert found.accounting.size == 42


@pytest.mark.parametrize("tail", [b"", b"\xff" * 3_000_000])
def test_reader__hashes_all_of_a_file_that_it_stops_reading(read, octets, tail):
    found = read(PCAP, "ff" * 16, tail)

    assert found.accounting.sha256 == hashlib.sha256(octets(PCAP, "ff" * 16, tail)).hexdigest()
    assert found.accounting.octets["skipped"] == 16 + len(tail)


def test_reader__file_that_is_not_there_has_failed(tmp_path, reading):
    found = reading(tmp_path / "none.pcap")

    assert found.status == "failed"
    assert found.accounting.problems[0].what.startswith("cannot be read: ENOENT")


def test_reader__pipe_is_not_opened(tmp_path, reading):
    os.mkfifo(tmp_path / "a.pcap")
    found = reading(tmp_path / "a.pcap")

    assert found.status == "failed"
    assert "is a named pipe" in found.accounting.problems[0].what


def test_reader__folder_has_failed(tmp_path, reading):
    found = reading(tmp_path)

    assert (found.status, found.accounting.size) == ("failed", 0)


def test_reader__file_without_permission_has_failed(write, reading, monkeypatch):
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = write(PCAP, RECORD)
    monkeypatch.setattr(stored.os, "open", refuse)
    found = reading(path)

    assert found.status == "failed"
    assert (found.accounting.problems[0].what[:24], found.accounting.size) == ("cannot be read: EACCES (", 42)


def test_reader__error_of_the_system_keeps_the_packets_before(write, reading, monkeypatch):
    path = write(PCAP, RECORD * 100)

    class Failing(stored.io.FileIO):
        def readinto(self, buffer):
            if self.tell() >= 600:
                raise OSError(5, "Input/output error")
            return super().readinto(memoryview(buffer)[:600])

    monkeypatch.setattr(stored.io, "FileIO", Failing)
    found = reading(path)

    assert (found.status, len(found.packets)) == ("failed", 32)
    assert "EIO" in found.accounting.problems[-1].what


def windows_while(path, change):
    reader = open_capture(path, window_octets=64)
    packets = 0
    for number, window in enumerate(reader.windows()):
        packets += len(window.index)
        if number == 0:
            change()
    return reader.accounting, packets


def test_reader__file_that_grows_is_changed(write, octets):
    path = write(PCAP, RECORD * 50)

    def grow():
        with path.open("ab") as file:
            file.write(octets(RECORD))

    accounting, packets = windows_while(path, grow)

    assert (accounting.status, packets) == ("changed", 50)


def test_reader__file_that_never_stops_growing_is_read_to_where_it_ended(write, octets):
    path = write(PCAP, RECORD * 50)
    reader = open_capture(path, window_octets=64)
    for window in reader.windows():
        assert len(window.index)
        with path.open("ab") as file:
            file.write(octets(RECORD * 50))

    assert (reader.accounting.status, reader.accounting.packets) == ("changed", 50)


def test_reader__file_that_shrinks_is_changed(write):
    path = write(PCAP, RECORD * 50)
    accounting, packets = windows_while(path, lambda: os.truncate(path, 24 + 18 * 20))

    assert (accounting.status, packets) == ("changed", 20)


def test_reader__file_that_is_replaced_is_changed(write, octets):
    path = write(PCAP, RECORD * 50)

    def replace():
        other = path.with_name("other")
        other.write_bytes(octets(PCAP, RECORD * 50))
        other.replace(path)

    accounting, packets = windows_while(path, replace)

    assert (accounting.status, packets) == ("changed", 50)


def test_reader__file_that_is_removed_is_changed(write):
    path = write(PCAP, RECORD * 50)
    accounting, packets = windows_while(path, path.unlink)

    assert (accounting.status, packets) == ("changed", 50)


def test_reader__file_written_to_with_the_same_size_is_changed(write):
    path = write(PCAP, RECORD * 50)
    accounting, _ = windows_while(path, lambda: os.utime(path, ns=(0, 0)))

    assert accounting.status == "changed"


def test_reader__closes_the_file_of_a_reading_given_up(write):
    windows = open_capture(write(PCAP, RECORD * 50), window_octets=64).windows()
    next(windows)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    windows.close()

    assert len(os.listdir("/proc/self/fd")) == before - 1  # noqa: PTH208


def test_reader__goes_on_where_the_index_is_full(read, monkeypatch):
    allocate = PacketIndex.empty
    monkeypatch.setattr(PacketIndex, "empty", lambda capacity: allocate(min(capacity, 3)))
    found = read(PCAP, RECORD * 50)

    assert (found.status, len(found.packets)) == ("ok", 50)


def test_reader__accounting_counts_the_packets(read):
    assert read(PCAP, RECORD * 50, window_octets=64).accounting.packets == 50
