"""What the packet blocks of a pcapng file are usually like, compiled, and captured lengths that do not go with that.

A block has room for its packet, padded, and for options: that the captured length is damaged shows only where it leaves
octets over that are no options. But writers differ: many cut packets off, some leave padding as it was in memory, or
write an end of options where there are none. What is strange is doubted only where it is strange for the file too.
"""

# ruff: noqa: PLR0911 (one case after the other, each with its answer)

from __future__ import annotations

from batchgraph.capture.blocks import CUT, ENDED, FILLED, LONGER, WHOLE
from batchgraph.capture.evidence import is_exact
from batchgraph.capture.records import lacks_beginning
from batchgraph.capture.walk import Numbers, Octets, number16
from batchgraph.compiled import inlined, kernel

DOUBTED = -1
"""Instead of a captured length: that in the block is doubted, and no other is proven."""

_FEW = 16
"""Whole packets before anything is strange for a file."""

_SELDOM = 8
"""Of this many packets, at most one is cut off where that is strange for a file."""

_RARE = 64
"""Of this many packets, at most one has odd padding, or more captured than on the wire, where that is strange."""


@inlined
def is_filled(octets: Octets, at: int, end: int) -> bool:
    """Tell whether octets that pad a packet are other than zeros."""
    filled = False
    for k in range(at, end):
        filled |= octets[k] != 0
    return filled


@inlined
def note_habits(octets: Octets, packet: tuple[int, int, int], end: int, state: Numbers) -> None:
    """Count what a packet is like (where it begins, its two lengths) whose block's body ends at `end`."""
    at, captured, wire = packet
    padded = (captured + 3) & ~3
    if is_filled(octets, at + captured, at + padded):
        state[FILLED] += 1
    if captured != wire:
        state[CUT if captured < wire else LONGER] += 1
        return
    state[WHOLE] += 1
    if end - at - padded == 4:
        state[ENDED] += 1


@kernel
def are_options(octets: Octets, at: int, end: int, big: int) -> tuple[bool, bool]:
    """Tell whether octets are options or nothing (draft-ietf-opsawg-pcapng, 3.5), and whether one says a thing."""
    say = False
    while end - at >= 4:
        code, length = number16(octets, at, big), number16(octets, at + 2, big)
        at += 4
        if code == 0:
            return length == 0 and at == end, say
        if length > end - at:
            return False, say
        say |= length > 0
        at += (length + 3) & ~3
    return at == end, say


@kernel
def captured_length(octets: Octets, packet: tuple[int, int, int, int, int], end: int, big: int, state: Numbers) -> int:
    """Give the captured length that a packet should have by its block and by itself, or `DOUBTED`.

    `packet` is where it begins, its lengths captured and on the wire, its link type and the snapshot length; `end` that
    of the block's body. A writer may leave in the block what it does not count as captured: then that is as much as the
    snapshot length.
    """
    at, captured, wire, link, snap = packet
    room = end - at
    padded = (captured + 3) & ~3
    if captured == wire == 0:
        return 0 if room <= 4 or are_options(octets, at, end, big)[0] else DOUBTED
    if lacks_beginning(octets, at, captured, wire):
        return DOUBTED
    if captured in (wire, snap):
        return captured
    fits = (wire + 3) & ~3 == room
    is_known = state[WHOLE] >= _FEW
    if captured > wire:
        if fits and is_exact(octets, at, captured, wire, link):
            return wire
        return DOUBTED if fits and is_known and _RARE * state[LONGER] <= state[WHOLE] else captured
    are, say = are_options(octets, at + padded, end, big)
    is_odd = _RARE * state[FILLED] <= state[WHOLE] and is_filled(octets, at + captured, at + padded)
    is_cut_often = _SELDOM * state[CUT] > state[WHOLE]
    if not fits:
        is_odd |= are and room - padded == 4 and state[ENDED] == 0
        is_odd |= not are and not is_cut_often
        return DOUBTED if is_odd and is_known else captured
    if not are:
        return wire
    if say or not is_known or is_cut_often:
        return captured
    return wire if is_odd or is_exact(octets, at, captured, wire, link) else captured
