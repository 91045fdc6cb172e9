"""Damage to frames: small changes, drawn from a seeded generator, that hit what decoders trust."""

from __future__ import annotations

import random
from collections.abc import Callable

MOST_OCTETS = 16384
"""No frame becomes longer than this."""

EDGES = (0x00, 0x01, 0x7F, 0x80, 0xFF)
_WIDTHS = (1, 2, 2, 4)


def mutated(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    """Give a damaged copy of a frame.

    Parameters
    ----------
    other
        A frame of which parts may be taken.
    """
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        octets = rng.choice(FRAME_MUTATORS)(rng, octets, other)[:MOST_OCTETS]
    return octets


def place(rng: random.Random, octets: bytes) -> int:
    """Give a place in a frame, mostly among the headers at its front."""
    most = len(octets) if rng.random() < 0.3 else min(len(octets), 80)
    return rng.randrange(most) if most else 0


def replaced(octets: bytes, at: int, by: bytes) -> bytes:
    """Put other octets in place of as many, as far as there are any."""
    return octets[:at] + by[: len(octets) - at] + octets[at + len(by) :]


def flip_bits(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    changed = bytearray(octets)
    for _ in range(rng.choice((1, 1, 2, 8)) if octets else 0):
        changed[place(rng, octets)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def set_octets(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    value = bytes([rng.choice(EDGES)])
    return replaced(octets, place(rng, octets), value * rng.choice((1, 1, 2, 4, 16)))


def edit_length(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    """Write a number at a random place that a length might be: of the rest, a little beside it, or at an edge."""
    at, width = place(rng, octets), rng.choice(_WIDTHS)
    rest = len(octets) - at
    top = 1 << 8 * width
    value = rng.choice((0, 1, rest - 1, rest, rest + 1, rest + 8, rest // 4, top // 2 - 1, top // 2, top - 1))
    return replaced(octets, at, (value % top).to_bytes(width, rng.choice(("big", "little"))))


def truncate(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    return octets[: rng.randrange(len(octets) + 1)]


def cut_front(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    return octets[place(rng, octets) :]


def extend(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    n_octets = rng.choice((1, 4, 40, 300))
    return octets + rng.choice((bytes(n_octets), b"\xff" * n_octets, rng.randbytes(n_octets), other[-n_octets:]))


def splice(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    return octets[: place(rng, octets)] + other[place(rng, other) :]


def duplicate(rng: random.Random, octets: bytes, other: bytes) -> bytes:
    """Repeat a piece as long as headers are, up to more often than headers may be nested."""
    at = place(rng, octets)
    piece = octets[at : at + rng.choice((4, 8, 14, 20, 28, 40, 50))]
    return octets[:at] + piece * rng.choice((2, 2, 3, 17, 70)) + octets[at + len(piece) :]


FRAME_MUTATORS: tuple[Callable[[random.Random, bytes, bytes], bytes], ...] = (
    flip_bits,
    set_octets,
    set_octets,
    edit_length,
    edit_length,
    truncate,
    cut_front,
    extend,
    splice,
    duplicate,
)
