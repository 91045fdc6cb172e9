"""Kinds of damage: each changes a capture of known truth, and keeps account of what it changed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

import numpy as np

from .captures import FORMATS, Capture, make_capture

Damage = Callable[[random.Random, Capture], None]


def _overwrite(capture: Capture, at: int, octets: bytes) -> None:
    octets = octets[: len(capture.octets) - at]
    capture.octets[at : at + len(octets)] = np.frombuffer(octets, np.uint8)
    capture.changed[at : at + len(octets)] = True


def _delete(capture: Capture, at: int, n: int) -> None:
    for name in ("octets", "owner", "changed"):
        setattr(capture, name, np.delete(getattr(capture, name), slice(at, at + n)))


def _insert(capture: Capture, at: int, octets: bytes) -> None:
    junk = np.frombuffer(octets, np.uint8)
    capture.octets = np.insert(capture.octets, at, junk)
    capture.owner = np.insert(capture.owner, at, np.full(len(junk), -2, np.int32))
    capture.changed = np.insert(capture.changed, at, np.ones(len(junk), bool))


def _place(rng: random.Random, capture: Capture, room: int = 1) -> int:
    return rng.randrange(capture.header_octets, max(capture.header_octets + 1, len(capture.octets) - room))


def _write_length(capture: Capture, number: int, length: int) -> None:
    order = ">" if capture.format.endswith(("big", "snoop")) else "<"
    at = capture.start_of(number) + capture.records[number].framing[0]
    _overwrite(capture, at, struct.pack(order + "I", length & 0xFFFFFFFF))


def _length(capture: Capture, number: int) -> int:
    record = capture.records[number]
    is_classic = capture.format in ("pcap", "pcap-big", "pcap-ns")
    return len(record.data) if is_classic else record.octets


def _large_length(rng: random.Random, capture: Capture) -> None:
    number = rng.randrange(len(capture.records))
    _write_length(capture, number, rng.choice((rng.randrange(2000, 262_144), 2**31, 2**32 - 1, 3_221_225_472)))


def _small_length(rng: random.Random, capture: Capture) -> None:
    number = rng.randrange(len(capture.records))
    _write_length(capture, number, rng.randrange(_length(capture, number)))


def _off_by(rng: random.Random, capture: Capture) -> None:
    number = rng.randrange(len(capture.records))
    _write_length(capture, number, max(0, _length(capture, number) + rng.choice((-1, 1)) * rng.randrange(1, 65)))


def _hole(rng: random.Random, capture: Capture) -> None:
    n = rng.choice((16, 64, 512, 4096))
    _overwrite(capture, _place(rng, capture, n), rng.randbytes(n))


def _many_holes(rng: random.Random, capture: Capture) -> None:
    for _ in range(4):
        _overwrite(capture, _place(rng, capture, 512), rng.randbytes(512))


def _zero_run(rng: random.Random, capture: Capture) -> None:
    n = rng.choice((32, 512, 4096, 100_000))
    _overwrite(capture, _place(rng, capture, n), bytes(n))


def _zero_tail(rng: random.Random, capture: Capture) -> None:
    _insert(capture, len(capture.octets), bytes(rng.choice((16, 100, 4096, 1 << 20))))


def _noise(rng: random.Random, capture: Capture) -> None:
    n = rng.choice((100, 5_000, 50_000))
    _insert(capture, rng.choice((len(capture.octets), _place(rng, capture))), rng.randbytes(n))


def _deletion(rng: random.Random, capture: Capture) -> None:
    n = rng.randrange(1, 2000)
    _delete(capture, _place(rng, capture, n), n)


def _insertion(rng: random.Random, capture: Capture) -> None:
    _insert(capture, _place(rng, capture), rng.randbytes(rng.randrange(1, 200)))


def _bit_flips(rng: random.Random, capture: Capture) -> None:
    for _ in range(max(1, int(len(capture.octets) * 8 * rng.choice((1e-6, 1e-5))))):
        at = _place(rng, capture)
        _overwrite(capture, at, bytes((int(capture.octets[at]) ^ 1 << rng.randrange(8),)))


def _header_destroyed(rng: random.Random, capture: Capture) -> None:
    n = capture.header_octets
    _overwrite(capture, 0, rng.choice((bytes(n), rng.randbytes(n), rng.randbytes(8), bytes(4))))


def _head_cut(rng: random.Random, capture: Capture) -> None:
    _delete(capture, 0, rng.randrange(1, 5000))


def _carrier(rng: random.Random, capture: Capture) -> None:
    """Damage the header of a packet that carries a capture, or what stands right before it."""
    sizes = [len(record.data) for record in capture.records]
    number = sorted(range(len(sizes)), key=sizes.__getitem__)[-rng.randrange(1, 6)]
    at = capture.start_of(number)
    what = rng.randrange(3)
    if what == 0:
        _write_length(capture, number, rng.randrange(2**32))
    elif what == 1:
        _overwrite(capture, max(at - rng.randrange(20), capture.header_octets), rng.randbytes(rng.randrange(20, 100)))
    elif number:
        _write_length(capture, number - 1, _length(capture, number - 1) + rng.randrange(4, 64))


def _clock_jump(rng: random.Random, capture: Capture) -> None:
    """Damage a length; the clock was set back or forth before (see `make_damaged`)."""
    rng.choice((_large_length, _off_by))(rng, capture)


KINDS: dict[str, Damage] = {
    "bad length, large": _large_length,
    "bad length, small": _small_length,
    "length off by 1 to 64": _off_by,
    "hole": _hole,
    "four holes": _many_holes,
    "zero run": _zero_run,
    "zero tail": _zero_tail,
    "noise": _noise,
    "deletion": _deletion,
    "insertion": _insertion,
    "bit flips": _bit_flips,
    "header destroyed": _header_destroyed,
    "head cut": _head_cut,
    "text mode": lambda rng, capture: _text_mode(capture),
    "pcap inside a payload": _carrier,
    "concatenated files": _large_length,
    "clock jump": _clock_jump,
}


BEYOND_SNOOP = ("header destroyed", "head cut", "text mode")
"""Kinds of damage from which snoop files are not salvaged: none is known by its records alone."""


def _text_mode(capture: Capture) -> None:
    capture.restorable = True
    places = np.flatnonzero(capture.octets == 0x0A)
    capture.octets = np.insert(capture.octets, places, 0x0D)
    capture.owner = np.insert(capture.owner, places, np.full(len(places), -2, np.int32))
    capture.changed = np.insert(capture.changed, places, np.ones(len(places), bool))


def make_damaged(kind: str, seed: int, n_packets: int, *, formats: Sequence[str] = FORMATS) -> Capture:
    """Make a capture in one of the formats, by its seed, and damage it."""
    rng = random.Random(f"{kind} {seed}")
    format_ = formats[seed % len(formats)]
    carriers = 0.03 if kind.startswith("pcap inside") else 0.005
    capture = make_capture(seed, format_, n_packets, carriers=carriers)
    if kind == "clock jump":
        capture = _with_clock_set(rng, capture)
    elif kind == "concatenated files":
        same = rng.random() < 0.5
        capture = _joined(capture, make_capture(seed + 10**6, format_ if same else _like(rng, format_), n_packets // 2))
    KINDS[kind](rng, capture)
    return capture


def _like(rng: random.Random, format_: str) -> str:
    if format_ == "snoop":
        return format_
    prefix = "pcapng" if format_.startswith("pcapng") else "pcap"
    others = [name for name in FORMATS if name.startswith(prefix) and (prefix == "pcapng" or name[:6] != "pcapng")]
    return rng.choice(others)


def _joined(first: Capture, second: Capture) -> Capture:
    """Put one capture behind another."""
    first.octets = np.concatenate((first.octets, second.octets))
    owner = np.where(second.owner >= 0, second.owner + len(first.records), -1).astype(np.int32)
    first.owner = np.concatenate((first.owner, owner))
    first.changed = np.concatenate((first.changed, second.changed))
    first.records += second.records
    first.forged |= second.forged
    return first


def _with_clock_set(rng: random.Random, capture: Capture) -> Capture:
    """Write the capture anew, its clock set by 30 days somewhere."""
    from .captures import assemble

    jump, at = rng.choice((-1, 1)) * 30 * 86_400 * 10**9, rng.randrange(len(capture.records))
    packets = [
        (record.data, record.wire_len, record.time_ns + (jump if number >= at else 0))
        for number, record in enumerate(capture.records)
    ]
    return assemble(capture.format, packets, capture.forged)
