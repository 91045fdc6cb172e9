"""Damaged capture files, and their way through reader, walkers and decoder between forbidden pages."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import reader
from batchgraph.capture.buffer import WindowBuffer
from batchgraph.capture.formats import recognise
from batchgraph.capture.framing import Framing
from batchgraph.capture.index import NO_NUMBER, SUSPECT, Accounting, PacketIndex, Window
from batchgraph.capture.pcap import PcapFraming
from batchgraph.capture.pcapng import PcapngFraming
from batchgraph.capture.snoop import SnoopFraming
from batchgraph.decode.decoder import TableDecoder
from batchgraph.decode.program import build
from batchgraph.errors import CaptureError
from batchgraph.schema import edge_schema
from batchgraph.wire import table
from tests.fuzz import guarded, mutate_files, seeds

LONGEST_SECONDS = 2.0
"""Processor time within which a file of at most 1 MiB must be read and decoded."""

_ROWS = 4096
_WINDOWS = (16, 40, 64, 1000, 4096, 1 << 16)
_STATUSES = {"ok", "partial", "salvaged", "unsupported", "failed", "empty"}
_COLUMNS = tuple(field.name for field in fields(PacketIndex))


@dataclass(frozen=True)
class FileCase:
    """A damaged file: what it was made from and how, its octets, and how else it is to be read."""

    made: str
    octets: bytes
    window_octets: int
    cuts: tuple[int, ...]


def case(seed: int, number: int, sound: Sequence[mutate_files.Sound]) -> FileCase:
    """Give a damaged file; the seed, the number and the sound files decide everything."""
    rng = random.Random(f"files/{seed}/{number}")
    file, other = rng.choice(sound), rng.choice(sound)
    octets, done = mutate_files.mutated(rng, file, other)
    made = f"{file.name}: {', '.join(done)}"
    if rng.random() < 0.1:
        kind = rng.choice(("gz", "bz2", "xz", "zst", "lz4"))
        octets, made = seeds.pack(kind, octets), f"{made}, {kind}"
    cuts = tuple(rng.randrange(len(octets) + 1) for _ in range(3))
    windows = _WINDOWS if len(octets) < 1 << 16 else _WINDOWS[3:]  # the smallest take long where there are many
    return FileCase(made, octets, rng.choice(windows), cuts)


def kept(path: Path, number: int) -> FileCase:
    """Give a file as it is, to be read in the way that has a number."""
    octets = path.read_bytes()
    rng = random.Random(f"kept/{number}")
    cuts = tuple(rng.randrange(len(octets) + 1) for _ in range(3))
    return FileCase(path.name, octets, _WINDOWS[number % len(_WINDOWS)], cuts)


class _GuardedBuffer(WindowBuffer):
    """A window buffer whose octets end at a forbidden page."""

    def fill(self, needed: int) -> None:
        super().fill(needed)
        self.octets = guarded.copy(self.octets[: self.stop], at_end=True)


class _GuardedIndex(PacketIndex):
    @classmethod
    def empty(cls, capacity: int) -> PacketIndex:
        return _guarded_index(capacity)


def _guarded_index(capacity: int) -> PacketIndex:
    plain = PacketIndex.empty(1)
    return PacketIndex(*(guarded.new(capacity, getattr(plain, name).dtype, at_end=True) for name in _COLUMNS))


class FileCheck:
    """Reads files in every way and complains of what should not be.

    Parameters
    ----------
    folder
        Where files can be written.
    overstate
        Octets that the walkers are to be told beyond those there are: a mistake made on purpose.
    """

    def __init__(self, folder: Path, *, overstate: int = 0) -> None:
        self._path = folder / "damaged"
        self._overstate = overstate
        self._decoder = TableDecoder(build(table(())), capacity=_ROWS)
        self._digest = hashlib.sha256()
        self.seen: dict[str, set[str]] = {"status": set(), "format": set(), "problem": set()}
        self.longest = 0.0

    @property
    def digest(self) -> str:
        """Of all packets so far: equal where compiled code and its source do the same."""
        return self._digest.hexdigest()[:16]

    def warm_up(self, sound: Sequence[mutate_files.Sound]) -> None:
        """Read every sound file once, so that compiling and loading is over before anything is timed."""
        for file in sound:
            self._path.write_bytes(file.octets)
            self._read(1 << 20, [])

    def check(self, given: FileCase) -> list[str]:
        """Read a file; give complaints."""
        self._path.write_bytes(given.octets)
        found: list[str] = []
        start = time.process_time()
        packets, accounting = self._read(1 << 20, found)
        spent = time.process_time() - start
        self.longest = max(self.longest, spent)
        if spent > LONGEST_SECONDS:
            found.append(f"reading and decoding {len(given.octets):,} octets took {spent:.1f} s")
        again, other = self._read(given.window_octets, found)
        if again != packets or _facts(other) != _facts(accounting):
            found.append(f"windows of {given.window_octets} octets: {_facts(other)}, else {_facts(accounting)}")
        found += _complaints(given, accounting)
        self._note(packets, accounting)
        if accounting.format in ("pcap", "pcapng", "snoop") or accounting.format.startswith("pcap-"):
            found += self._walk(given, accounting.packets)
        return found

    def _read(self, window_octets: int, found: list[str]) -> tuple[str, Accounting]:
        """Read the file through guarded buffers and decode it; give a digest of its packets."""
        opened = reader.open_capture(self._path, window_octets=window_octets)
        digest = hashlib.sha256()
        rows = 0
        with mock.patch.multiple(reader, WindowBuffer=_GuardedBuffer, PacketIndex=_GuardedIndex):
            for window in opened.windows():
                found += _index_complaints(window.index, 0, len(window.octets))
                rows += self._decode(window)
                for packet in _packets(window.octets, window.index):
                    digest.update(packet)
        if rows != opened.accounting.packets:
            found.append(f"{rows} rows of {opened.accounting.packets} packets")
        return digest.hexdigest(), opened.accounting

    def _decode(self, window: Window) -> int:
        group, at = self._decoder.group, 0
        while at < len(window.index):
            at = self._decoder.decode(window, at)
            group.to_arrow("files", 1, edge_schema("files")).validate(full=True)
            group.clear()
        return at

    def _note(self, packets: str, accounting: Accounting) -> None:
        self._digest.update(packets.encode() + _facts(accounting).encode())
        self.seen["status"].add(accounting.status)
        self.seen["format"].add(re.sub("beginning with.*", "", accounting.format))
        whats = (re.sub("0x[0-9a-f]+|[0-9]+|beginning with.*", "", problem.what) for problem in accounting.problems)
        self.seen["problem"].update(whats)

    def _walk(self, given: FileCase, packets: int) -> Iterator[str]:
        """Walk through the file by itself, whole and cut off, in memory that ends and begins at forbidden pages."""
        whole = len(given.octets)
        for cut, at_end in ((whole, True), (whole, False), *((cut, True) for cut in given.cuts)):
            octets = guarded.copy(np.frombuffer(given.octets[:cut], np.uint8), at_end=at_end)
            try:
                framing = _framing(given.octets)
            except CaptureError:
                return
            if cut < framing.header_octets:
                continue
            walked, said = _walk_all(framing, octets, cut + self._overstate)
            yield from said
            if cut == whole and walked > packets:
                yield f"walking {cut} octets gives {walked} packets, reading all of the file {packets}"


def _framing(octets: bytes) -> Framing:
    name, head = recognise(octets[:65536]).name, octets[:65536]
    if name == "pcapng":
        return PcapngFraming(Accounting())
    return (PcapFraming if name == "pcap" else SnoopFraming)(head, Accounting())


def _walk_all(framing: Framing, octets: NDArray[np.uint8], stop: int) -> tuple[int, list[str]]:
    """Walk until nothing moves any more, with an index that is often full; give the packets, and complaints."""
    index, position, packets, said = _guarded_index(7), framing.header_octets, 0, []
    for _ in range(stop + 2):
        walked = framing.walk(octets, position, stop, index, at_end=True)
        said += _index_complaints(index.part(0, walked.packets), position, walked.position)
        packets += walked.packets
        if walked.position == position or walked.fault or walked.needed:
            return packets, said
        position = walked.position
    return packets, [*said, "walking comes to no end"]


def _index_complaints(index: PacketIndex, start: int, stop: int) -> list[str]:
    """Hold an index against what it promises of packets between two places."""
    ends = index.offset + index.cap_len.astype(np.int64)
    said = []
    if (index.offset < start).any() or (ends > stop).any():
        said.append(f"a packet lies outside of octets {start} to {stop}")
    if (index.offset[1:] < ends[:-1]).any():
        said.append("packets overlap")
    if (index.link_type < NO_NUMBER).any() or (index.link_type > 65535).any() or (index.interface < NO_NUMBER).any():
        said.append("a link type or interface is no number")
    if (index.trust > SUSPECT).any():
        said.append("a packet is not sound, which only salvaging says")
    return said


def _packets(octets: NDArray[np.uint8], index: PacketIndex) -> Iterator[bytes]:
    columns = (index.offset, index.cap_len, index.wire_len, index.time_ns, index.interface, index.link_type)
    for offset, cap_len, *rest in zip(*(column.tolist() for column in columns), strict=True):
        yield repr((cap_len, *rest)).encode()
        yield octets[offset : offset + cap_len].tobytes()


def _facts(accounting: Accounting) -> str:
    """Write down an account, whatever kind of integers it holds: uncompiled, walkers give other ones."""

    def plain(value: object) -> object:
        return sorted(map(int, value)) if isinstance(value, set) else int(value)  # type: ignore[call-overload]

    return json.dumps(asdict(accounting), default=plain, sort_keys=True)


def _complaints(given: FileCase, accounting: Accounting) -> Iterator[str]:
    if accounting.status not in _STATUSES:
        yield f"status {accounting.status}"
    if accounting.status in ("partial", "salvaged", "unsupported", "failed") and not accounting.problems:
        yield f"status {accounting.status} without a problem"
    if accounting.size != len(given.octets):
        yield f"size {accounting.size}, not {len(given.octets)}"
    if accounting.sha256 != hashlib.sha256(given.octets).hexdigest():
        yield "another SHA-256"
    if any(count < 0 for count in accounting.octets.values()):
        yield f"octets accounted for: {accounting.octets}"
    if ":" not in accounting.format and sum(accounting.octets.values()) != len(given.octets):
        yield f"octets accounted for: {accounting.octets}, in the file: {len(given.octets)}"
    if any(problem.offset < 0 for problem in accounting.problems):
        yield f"problems at {[problem.offset for problem in accounting.problems]}"
