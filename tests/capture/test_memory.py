"""Memory that reading one file takes, whatever is in it; measured in a process of its own, by what Linux counts."""

import struct
import subprocess
import sys

import pytest

PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFFFFFF, 231)  # D-Bus, whose messages may have 128 MiB
MIB = 1 << 20
ALLOWED = 300
"""MiB beside those of the program itself, which are some 220 with the decoder; 600 together are promised."""

SCRIPT = """
import sys
from batchgraph.capture.reader import open_capture
from batchgraph.decode.warm_up import warm_up

def memory(name):
    lines = dict(line.split(":") for line in open("/proc/self/status"))
    return int(lines[name].split()[0]) >> 10

def read(path):
    for window in open_capture(path).windows():
        pass

warm_up()  # compiling takes memory as well, once for a machine
read(sys.argv[1])
before = memory("VmRSS")
read(sys.argv[2])
print(memory("VmHWM") - before)
"""


def memory_of_reading(tmp_path, *pieces):
    small, large = tmp_path / "small.pcap", tmp_path / "large.pcap"
    small.write_bytes(PCAP)
    with large.open("wb") as file:
        for piece in pieces:
            if isinstance(piece, int):
                file.truncate(file.seek(piece, 1))
            else:
                file.write(piece)
    command = [sys.executable, "-c", SCRIPT, small, large]
    return int(subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout)


def record(length):
    return struct.pack("<IIII", 1, 1, length, length)


def zstd(*raw, repeated=0, ends=True):
    """Write a Zstandard frame (RFC 8878, 3.1.1) of a window of 128 MiB: blocks as they are, and 128 KiB repeated."""
    frame = bytes.fromhex("28b52ffd 00") + bytes([17 << 3])
    frame += b"".join((len(octets) << 3).to_bytes(3, "little") + octets for octets in raw)
    frame += ((128 << 10 << 3 | 2).to_bytes(3, "little") + b"x") * repeated
    return frame + (bytes.fromhex("010000") if ends else b"\xff" * 30)


def nested_zstd():
    """Fill the outer window by what the inner stream passes over, a skippable frame (RFC 8878, 3.1.2)."""
    skipped = struct.pack("<II", 0x184D2A50, 140 * MIB)
    inner = zstd(PCAP, repeated=1100, ends=False)
    outer = zstd(skipped, repeated=1120, ends=False)[:-30]
    return outer + (len(inner) << 3 | 1).to_bytes(3, "little") + inner


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of a process so")
@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([PCAP, *[record(128 * MIB), 128 * MIB] * 2], id="records of 128 MiB"),
        pytest.param([PCAP, record(128 * MIB), 4 * MIB], id="record that claims 128 MiB"),
        pytest.param([PCAP, 512 * MIB], id="hole"),
        pytest.param([zstd(PCAP, repeated=1100, ends=False)], id="damaged stream with a window of 128 MiB"),
        pytest.param([nested_zstd()], id="damaged stream in another, with windows of 128 MiB"),
    ],
)
def test_reading__takes_bounded_memory(tmp_path, pieces):
    assert memory_of_reading(tmp_path, *pieces) < ALLOWED
