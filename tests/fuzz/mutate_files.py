"""Damage to capture files: twelve kinds of it, most of which hit the framing of the records."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

NUMBERS = (0, 1, 2, 3, 11, 12, 15, 16, 19, 20, 27, 28, 31, 32, 65535, 65536, 262144, 262145, 2**27, 2**27 + 2**17,
           2**31 - 1, 2**31, 2**31 + 1, 2**32 - 4, 2**32 - 1)  # fmt: skip
"""What lengths and types are set to: the edges of what walkers compare them with."""

MOST_OCTETS = 1 << 20


class Sound(NamedTuple):
    """A sound file, and what is known of it.

    Attributes
    ----------
    starts
        Where its records begin, in octets from the start; those of a file that is compressed are of no use.
    """

    name: str
    octets: bytes
    starts: tuple[int, ...]


def sound(name: str, octets: bytes) -> Sound:
    """Describe a file."""
    return Sound(name, octets, record_starts(octets) or (0,))


def record_starts(octets: bytes) -> tuple[int, ...]:
    """Find where the records of a sound file begin; none where its format is not known here."""
    if octets[:4] == b"\x0a\x0d\x0d\x0a":
        return _starts(octets, 0, 4, 0, ">" if octets[8:9] == b"\x1a" else "<")
    if octets[:5] == b"snoop":
        return _starts(octets, 16, 8, 0, ">")
    if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"):
        return _starts(octets, 24, 8, 16, ">" if octets[:1] == b"\xa1" else "<")
    return ()


def _starts(octets: bytes, first: int, length_at: int, header: int, order: str) -> tuple[int, ...]:
    starts, at = [], first
    while at + 12 <= len(octets):
        starts.append(at)
        if not (step := struct.unpack_from(order + "I", octets, at + length_at)[0] + header):
            break
        at += step
    return tuple(starts)


def mutated(rng: random.Random, file: Sound, other: Sound) -> tuple[bytes, list[str]]:
    """Give a damaged copy of a file, and the names of what was done to it."""
    octets, names = file.octets, []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        mutator = rng.choice(FILE_MUTATORS)
        octets = mutator(rng, octets, file.starts, other)[:MOST_OCTETS]
        names.append(mutator.__name__)
    return octets, names


def _record(rng: random.Random, octets: bytes, starts: Sequence[int]) -> int:
    """Give where a record begins, often one of the first."""
    at = starts[rng.randrange(min(len(starts), rng.choice((1, 4, 1 << 30))))]
    return min(at, len(octets))


def _anywhere(rng: random.Random, octets: bytes, starts: Sequence[int]) -> int:
    return _record(rng, octets, starts) if rng.random() < 0.5 else rng.randrange(len(octets) + 1)


def _put(octets: bytes, at: int, by: bytes) -> bytes:
    return octets[:at] + by[: max(0, len(octets) - at)] + octets[at + len(by) :]


def _number(rng: random.Random, was: bytes) -> bytes:
    """Give 32 bits at an edge, or a little beside what was there."""
    order = rng.choice(("big", "little"))
    near = int.from_bytes(was, order) + rng.choice((-16, -4, -1, 1, 3, 4, 16))
    return (rng.choice((*NUMBERS, near, near, near)) % 2**32).to_bytes(4, order)


def length(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    """Change a length of a record: where pcapng, snoop and pcap have theirs, or in an option."""
    at = _record(rng, octets, starts) + rng.choice((0, 4, 4, 8, 8, 12, 20, 24, 28, 34))
    return _put(octets, at, _number(rng, octets[at : at + 4]))


def type(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    """Change the type of a block, or the link type of a file."""
    if rng.random() < 0.3:
        at, kind = rng.choice((8, 12, 20, 36)), rng.choice((0, 1, 9, 101, 105, 113, 127, 147, 276, 65535, 2**31))
    else:
        at, kind = _record(rng, octets, starts), rng.choice((0, 1, 2, 3, 4, 5, 6, 10, 0xBAD, 0x0A0D0D0A, 2**31))
    return _put(octets, at, kind.to_bytes(4, rng.choice(("big", "little"))))


def trailer(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    """Change the octets before a record: the second length of a pcapng block, the end of a packet elsewhere."""
    at = max(0, _record(rng, octets, starts) - 4)
    return _put(octets, at, _number(rng, octets[at : at + 4]))


def endian(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    """Turn the order of the octets of some numbers around, as if another machine had gone on writing."""
    at = _record(rng, octets, rng.choice(((0,), starts)))
    for number in range(at, at + 4 * rng.choice((1, 2, 4, 6)), 4):
        octets = _put(octets, number, octets[number : number + 4][::-1])
    return octets


def magic(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    """Give the file, or a section, the magic number of another format or variant."""
    numbers = ("a1b2c3d4", "a1b23c4d", "a1b2cd34", "1c0001ac", "1c0001ab", "0a0d0d0a", "1a2b3c4d", "1f8b0800",
               "28b52ffd", "04224d18", "425a6839", "fd377a58", "736e6f6f", "00000000")  # fmt: skip
    value = bytes.fromhex(rng.choice(numbers))
    return _put(octets, rng.choice((0, 0, 8)), rng.choice((value, value[::-1])))


def delete(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    at = _anywhere(rng, octets, starts)
    return octets[:at] + octets[at + rng.choice((1, 2, 4, 16, 100, 5000)) :]


def insert(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    at = _anywhere(rng, octets, starts)
    return octets[:at] + rng.randbytes(rng.choice((1, 2, 4, 16, 100, 5000))) + octets[at:]


def zero(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    return _put(octets, _anywhere(rng, octets, starts), bytes(rng.choice((1, 4, 16, 512, 4096, 100_000))))


def noise(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    return _put(octets, _anywhere(rng, octets, starts), rng.randbytes(rng.choice((1, 4, 16, 512, 4096))))


def duplicate(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    first, last = sorted((_record(rng, octets, starts), _record(rng, octets, starts)))
    piece = octets[first : last if last > first else first + 64]
    return octets[:first] + piece * rng.choice((2, 3, 20)) + octets[first + len(piece) :]


def splice(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    at, there = _anywhere(rng, octets, starts), _anywhere(rng, other.octets, rng.choice(((0,), other.starts)))
    piece = other.octets[there : there + rng.choice((40, 1000, 1 << 20))]
    return octets[:at] + piece + octets[at:] if rng.random() < 0.5 else octets[:at] + piece


def truncate(rng: random.Random, octets: bytes, starts: Sequence[int], other: Sound) -> bytes:
    return octets[: rng.randrange(len(octets) + 1)]


FILE_MUTATORS: tuple[Callable[[random.Random, bytes, Sequence[int], Sound], bytes], ...] = (
    length, type, trailer, endian, magic, delete, insert, zero, noise, duplicate, splice, truncate,
)  # fmt: skip
