"""What is damaged: the project's sample captures, frames of every kind, and odd capture files written here."""

from __future__ import annotations

import bz2
import functools
import gzip
import lzma
import struct
from pathlib import Path

import pyarrow as pa

from batchgraph.capture.reader import open_capture
from batchgraph.wire import table
from batchgraph.wire.spec import Space
from tests.decode.frames import Frame, frames
from tests.fuzz.mutate_files import Sound, sound

ROOT = Path(__file__).parents[2]
SHORT_OCTETS = 12_000
_SUFFIXES = {".pcap", ".pcapng", ".cap", ".ntar", ".snoop"}

LINK_TYPES = tuple(sorted({code for header in table(()) for code in header.codes.get(Space.LINK_TYPE, ())}))
"""Every link type that the table knows."""


def paths(folder: Path | None = None) -> list[Path]:
    """Give the captures of a folder, of the project's samples by default, in the order of their paths."""
    found = (folder or ROOT / "sample_pcaps").rglob("*")
    return sorted(path for path in found if path.suffix in _SUFFIXES and path.is_file())


def captured_frames(folder: Path | None = None, *, each: int = 200) -> list[Frame]:
    """Give up to `each` frames of every capture."""
    found: list[Frame] = []
    for path in paths(folder):
        found += _first_frames(path, each)
    return found


def _first_frames(path: Path, most: int) -> list[Frame]:
    found: list[Frame] = []
    for window in open_capture(path).windows():
        index = window.index
        for packet in range(min(len(index), most - len(found))):
            first, cap_len = int(index.offset[packet]), int(index.cap_len[packet])
            octets = window.octets[first : first + cap_len].tobytes()
            found.append(Frame(octets, int(index.link_type[packet]), int(index.wire_len[packet])))
    return found


def built_frames(seed: str, n_frames: int) -> list[Frame]:
    """Give frames that scapy builds, of many protocols and tunnels."""
    return list(frames(seed, n_frames, sound=True))  # type: ignore[arg-type]


@functools.cache
def files(folder: Path | None = None) -> tuple[Sound, ...]:
    """Give the files to damage: samples and odd ones, short, some whole, and compressed."""
    plain = [(path.name, path.read_bytes()) for path in paths(folder)]
    short = [sound(name, _shortened(octets)) for name, octets in (*plain, *_odd_files())]
    whole = [sound(name, octets) for name, octets in plain if SHORT_OCTETS < len(octets) <= 200_000]
    packed = [sound(f"{short[k].name}.{kind}", pack(kind, short[k].octets)) for k, kind in enumerate(_PACKERS)]
    return (*short, *short, *whole, *packed)


def _shortened(octets: bytes) -> bytes:
    """Cut a file between two records."""
    ends = [start for start in sound("", octets).starts if start <= SHORT_OCTETS]
    return octets if len(octets) <= SHORT_OCTETS else octets[: ends[-1] or SHORT_OCTETS]


_PACKERS = {
    "gz": lambda octets: gzip.compress(octets, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda octets: pa.compress(octets, "zstd", asbytes=True),
    "lz4": lambda octets: pa.compress(octets, "lz4", asbytes=True),
    "gz.gz": lambda octets: gzip.compress(gzip.compress(octets, mtime=0), mtime=0),
}


def pack(kind: str, octets: bytes) -> bytes:
    """Compress octets."""
    return _PACKERS[kind](octets)


FRAME = bytes.fromhex("ffffffffffff 020000000001 0800 4500001c000100004011f967 c0000201 c0000202 00350035 0008 0000")
"""UDP from 192.0.2.1 to 192.0.2.2 (RFC 5737) in Ethernet."""


def _block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def _options(order: str, *options: tuple[int, bytes]) -> bytes:
    written = (struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in options)
    return b"".join(written) + bytes(4)


def _section(order: str) -> bytes:
    """Write a section with every kind of block (draft-ietf-opsawg-pcapng, sections 4.1 to 4.8)."""
    head = _block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + _options(order, (1, b"odd")))
    described = [
        _block(order, 1, struct.pack(order + "HHI", link_type, 0, snap) + _options(order, *options))
        for link_type, snap, options in (
            (1, 0, ()),
            (113, 64, ((9, b"\x09"), (14, struct.pack(order + "q", -3600)))),
            (101, 65535, ((9, b"\x9e"), (2, b"tun0"))),
            (147, 0, ((9, b"\x13"),)),
            *((127, 0, ((9, bytes([resolution])),)) for resolution in (0, 20, 0x80, 0xBF, 0xC0, 0xFF)),
        )
    ]
    enhanced = [
        _block(order, 6, struct.pack(order + "5I", number, high, low, len(FRAME), len(FRAME) + 10) + padded + options)
        for number, high, low in ((0, 0x5F000, 1), (1, 0, 2**32 - 1), (2, 2**32 - 1, 0), (5, 7, 7), (99, 1, 1))
        for padded in (FRAME + bytes(-len(FRAME) % 4),)
        for options in (b"", _options(order, (1, b"a comment"), (2, bytes(4)), (1, b"another")))
    ]
    obsolete = _block(order, 2, struct.pack(order + "HHIIII", 0, 3, 1, 1, len(FRAME), len(FRAME)) + FRAME)
    simple = _block(order, 3, struct.pack(order + "I", len(FRAME)) + FRAME)
    names = struct.pack(order + "HH", 1, 10) + bytes((192, 0, 2, 1)) + b"a.b\0c\0" + bytes(2) + bytes(4)
    others = [
        _block(order, 4, names),
        _block(order, 5, struct.pack(order + "III", 0, 1, 1) + _options(order, (4, bytes(8)))),
        _block(order, 10, struct.pack(order + "II", 0x544C534B, 8) + b"SECRETS\n"),
        _block(order, 0xBAD, struct.pack(order + "I", 32473) + b"custom"),
        _block(order, 0x80000001, bytes(40)),
    ]
    return b"".join((head, *described, *enhanced, obsolete, simple, *others, simple, *enhanced))


def _pcap(order: str, magic: int, extra: int, *, version: tuple[int, int] = (2, 4), link_type: int = 1) -> bytes:
    head = struct.pack(order + "IHHiIII", magic, *version, 0, 0, 65535, link_type)
    if magic in (0x1C0001AC, 0x1C0001AB):
        head += bytes(4)
    record = struct.pack(order + "4I", 1_600_000_000, 999_999, len(FRAME), len(FRAME)) + bytes(extra) + FRAME
    return head + record * 20


def _odd_files() -> list[tuple[str, bytes]]:
    snoop_record = struct.pack(">6I", len(FRAME), len(FRAME), 24 + len(FRAME) + 2, 0, 1_600_000_000, 1)
    roomy_record = struct.pack(">6I", len(FRAME), len(FRAME), 24 + len(FRAME) + 18, 0, 1_600_000_000, 1)
    interfaces = b"".join(_block("<", 1, struct.pack("<HHI", number % 300, 0, 0)) for number in range(400))
    return [
        ("little.pcapng", _section("<")),
        ("big.pcapng", _section(">")),
        ("both.pcapng", _section("<") + _section(">") + _section("<")),
        ("interfaces.pcapng", _section("<") + interfaces + _section("<")),
        ("nano.pcap", _pcap("<", 0xA1B23C4D, 0)),
        ("big.pcap", _pcap(">", 0xA1B2C3D4, 0)),
        ("kuznetzov.pcap", _pcap("<", 0xA1B2CD34, 8)),
        ("nokia.pcap", _pcap(">", 0xA1B2C3D4, 4)),
        ("ixia.pcap", _pcap("<", 0x1C0001AC, 0)),
        ("aix.pcap", _pcap(">", 0xA1B2C3D4, 0, version=(2, 2), link_type=6)),
        ("old.pcap", _pcap("<", 0xA1B2C3D4, 0, version=(2, 3))),
        ("shomiti.snoop", b"snoop\0\0\0" + struct.pack(">II", 2, 4) + (roomy_record + FRAME + bytes(18)) * 20),
        ("solaris.snoop", b"snoop\0\0\0" + struct.pack(">II", 2, 4) + (snoop_record + FRAME + bytes(2)) * 20),
    ]
