"""Batches of damaged frames, and their way through the decoder's kernels between forbidden pages."""

from __future__ import annotations

import hashlib
import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture.index import SOUND, PacketIndex, Window
from batchgraph.decode.decoder import TableDecoder
from batchgraph.decode.primitives import Interning, Rows
from batchgraph.decode.program import SLOT, SLOTS, Program, build
from batchgraph.schema import edge_schema
from batchgraph.wire import table
from batchgraph.wire.spec import Header
from tests.decode.frames import Frame
from tests.fuzz import guarded, mutate, rows, seeds

BATCH = 500
LONGEST_SECONDS = 2.0
"""Processor time within which a batch must be decoded, in all ways together."""

_BUILT = 40
_WAYS = 12
_CANARY = 0xA5A5A5A5
_OTHER_LINK_TYPES = (-1, 3, 102, 143, 147, 187, 195, 230, 251, 256, 272, 65535)
"""Some that the table does not know, of which scapy knows a few; -1 is that of a packet without interface."""


def batch(seed: int, number: int, captured: Sequence[Frame]) -> list[Frame]:
    """Give a batch of damaged frames; the seed, the number and the captured frames decide everything."""
    rng = random.Random(f"frames/{seed}/{number}")
    built = seeds.built_frames(f"{seed}/{number}", _BUILT)
    return [_case(rng, built, captured) for _ in range(BATCH)]


def _case(rng: random.Random, built: Sequence[Frame], captured: Sequence[Frame]) -> Frame:
    frame, other = (rng.choice(built if rng.random() < 0.5 or not captured else captured) for _ in range(2))
    octets = mutate.mutated(rng, frame.octets, other.octets)
    link_type, kind = frame.link_type, rng.random()
    if kind > 0.6:
        link_type = rng.choice(seeds.LINK_TYPES if kind < 0.99 else _OTHER_LINK_TYPES)
    longer = rng.choice((0, 0, 0, 1, 40, 1500, 2**32 - 1 - len(octets)))
    wire_len = len(octets) + longer if rng.random() < 0.9 else rng.choice((0, len(octets) // 2))
    return Frame(octets, link_type, wire_len)


def warm_up() -> None:
    """Decode some frames, so that compiling and loading is over before anything is timed."""
    frames = [*seeds.built_frames("warm", 20), *(Frame(b"", link_type, 0) for link_type in _OTHER_LINK_TYPES)]
    FrameCheck().check(frames, 0)


class FrameCheck:
    """Decodes batches in every way and complains of what should not be.

    Parameters
    ----------
    headers
        Another table than the package's own.
    slots
        Memory to lay frames into, where there is some already.
    overstate
        Octets that the index is to claim beyond each frame: a mistake made on purpose, to see whether it is noticed.
    """

    def __init__(
        self, headers: tuple[Header, ...] | None = None, *, slots: guarded.Slots | None = None, overstate: int = 0
    ) -> None:
        self._overstate = overstate
        self._is_standard = headers is None
        self._table = build(table(()) if headers is None else headers)
        self._slots = slots or guarded.Slots(BATCH, mutate.MOST_OCTETS)
        self._digest = hashlib.sha256()
        self.longest = 0.0
        self.seen: dict[str, set[int]] = {name: set() for name in ("stopped_in", "type", "tunnel")}

    @property
    def digest(self) -> str:
        """Of all rows so far: equal where compiled code and its source do the same."""
        return self._digest.hexdigest()[:16]

    def check(self, given: Sequence[Frame], number: int) -> list[str]:
        """Decode a batch; give complaints, each naming a frame of it."""
        start = time.process_time()
        found = self._check(given, number)
        spent = time.process_time() - start
        self.longest = max(self.longest, spent)
        if spent > LONGEST_SECONDS:
            found.append(f"decoding {len(given)} frames {_WAYS} times took {spent:.1f} s")
        return found

    def _check(self, given: Sequence[Frame], number: int) -> list[str]:
        index = _index(given, self._overstate)
        found: dict[str, str] = {}
        for tunnels in ("inner", "outer"):
            first: rows.Snapshot | None = None
            for common, (name, put) in itertools.product((False, True), self._arrangements().items()):
                ways = f"tunnels {tunnels}, common {common}, {name}"
                octets = put(given, index.offset)
                taken, broken = self._decode(Window(octets, index), common, tunnels, number % 2 == 0)
                if first is None:
                    first = taken
                    self._note(taken)
                broken["the row is another than before"] = rows.differing(taken, first)
                for what, where in broken.items():
                    if where.any():
                        found.setdefault(what, f"{what} ({ways}): {_describe(where, given)}")
        return list(found.values())

    def _decode(
        self, window: Window, common: bool, tunnels: str, at_end: bool
    ) -> tuple[rows.Snapshot, dict[str, NDArray[np.bool_]]]:
        decoder = self._decoder(len(window.index), common, tunnels, at_end)
        assert decoder.decode(window, 0) == len(window.index)
        group = decoder.group
        assert (group.rows.values[:, group.n :] == _CANARY).all(), "values were written beyond the rows"
        group.to_arrow("frames", 1, edge_schema("frames")).validate(full=True)
        taken = rows.snapshot(group)
        broken = rows.complaints(taken, group, self._table, (window.index.cap_len, window.index.wire_len))
        return taken, broken | (rows.standard_complaints(taken) if self._is_standard else {})

    def _decoder(self, capacity: int, common: bool, tunnels: str, at_end: bool) -> TableDecoder:
        """Give a decoder all of whose arrays stand beside forbidden pages."""

        def all_guarded(arrays: Sequence[NDArray]) -> list[NDArray]:
            return [guarded.copy(array, at_end=at_end) for array in arrays]

        program = Program(*all_guarded(self._table.program))
        decoder = TableDecoder(replace(self._table, program=program), tunnels=tunnels, capacity=capacity, common=common)  # type: ignore[arg-type]
        decoder._walk = type(decoder._walk)(*all_guarded(decoder._walk))
        group = decoder.group
        group.rows.values[:] = _CANARY
        group.rows = Rows(*all_guarded(group.rows))
        group.interning = Interning(*all_guarded(group.interning))
        group._index = PacketIndex(*all_guarded([getattr(group._index, name) for name in PacketIndex.__slots__]))
        return decoder

    def _arrangements(self) -> dict[str, Callable[[Sequence[Frame], NDArray[np.int64]], NDArray[np.uint8]]]:
        """Give the ways in which frames are laid into memory; each fills in where they begin."""
        return {
            "each before a forbidden page": lambda given, offsets: self._apart(given, offsets, at_end=True),
            "each behind a forbidden page": lambda given, offsets: self._apart(given, offsets, at_end=False),
            "back to back": _together,
        }

    def _apart(self, given: Sequence[Frame], offsets: NDArray[np.int64], *, at_end: bool) -> NDArray[np.uint8]:
        offsets[:] = [self._slots.put(slot, frame.octets, at_end=at_end) for slot, frame in enumerate(given)]
        return self._slots.octets

    def _note(self, taken: rows.Snapshot) -> None:
        for name, seen in self.seen.items():
            used = taken.has(name)
            numbers = taken.interned[name][1] if name in taken.interned else taken.values[SLOT[name]]
            seen.update(numbers[used].tolist())  # of a stack of tunnels, the eight innermost
        for column in (taken.present, taken.status, *(part for parts in taken.interned.values() for part in parts)):
            self._digest.update(column.tobytes())
        for name in SLOTS:
            if name not in taken.interned:
                self._digest.update(np.where(taken.has(name), taken.values[SLOT[name]], 0).tobytes())


def _index(given: Sequence[Frame], overstate: int) -> PacketIndex:
    """Give the index of some frames, but for their offsets."""
    index = PacketIndex.empty(len(given))
    index.cap_len[:] = [len(frame.octets) + overstate for frame in given]
    index.wire_len[:] = [frame.wire_len for frame in given]
    index.link_type[:] = [frame.link_type for frame in given]
    index.time_ns[:], index.interface[:], index.trust[:] = 0, 0, SOUND
    names = PacketIndex.__slots__
    return PacketIndex(*(guarded.copy(getattr(index, name), at_end=True) for name in names))


def _together(given: Sequence[Frame], offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
    octets = np.frombuffer(b"".join(frame.octets for frame in given), np.uint8)
    ends = np.cumsum([len(frame.octets) for frame in given])
    offsets[:] = ends - [len(frame.octets) for frame in given]
    return guarded.copy(octets, at_end=True)


def _describe(where: NDArray[np.bool_], given: Sequence[Frame]) -> str:
    """Name the shortest frame of which something does not hold."""
    number = min(np.flatnonzero(where).tolist(), key=lambda number: len(given[number].octets))
    frame = given[number]
    return (
        f"{int(where.sum())} frames, the shortest {number}, link type {frame.link_type}, {frame.wire_len} octets on"
        f" the wire, captured {frame.octets[:400].hex()}"
    )


def write(given: Sequence[Frame], into: Path) -> None:
    """Keep frames in a file: a line for each, with link type, length on the wire and octets."""
    lines = (f"{frame.link_type} {frame.wire_len} {frame.octets.hex()}\n" for frame in given)
    into.write_text("".join(lines), "ascii")


def read(path: Path) -> list[Frame]:
    """Read frames that were kept; lines that begin with ``#`` are for people."""
    lines = (line.split(" ") for line in path.read_text("ascii").splitlines() if not line.startswith("#"))
    return [Frame(bytes.fromhex(octets), int(link_type), int(wire_len)) for link_type, wire_len, octets in lines]
