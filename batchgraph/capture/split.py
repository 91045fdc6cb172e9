"""Large captures in parts: where each begins, and reading one by itself.

What a reader gives from some place on depends on the octets from there and on what it knew there, which is little: the
layout of records, the interfaces of the section, what is in doubt after damage. One walk over all record headers
therefore proves where parts begin, which packets are in each and what is known there, however records in payloads look;
it costs a twentieth of decoding and a quarter of the hash of the file, which can be had only from front to back too. So
nothing is gained by guessing at places far ahead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batchgraph.capture.compression import compression_of
from batchgraph.capture.formats import PEEK_OCTETS
from batchgraph.capture.framing import Place
from batchgraph.capture.index import Accounting, Window
from batchgraph.capture.reader import CaptureReader
from batchgraph.capture.stored import StoredFile
from batchgraph.capture.textmode import is_text_mode

PARTS_PER_SPLIT = 4
"""Parts in as many octets as make a capture a large one: enough of them to keep all workers busy to the end."""

MOST_PARTS = 50_000
"""Parts of one capture at most: their files have numbers of five digits."""

_WINDOW = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive packets of a capture.

    Attributes
    ----------
    number
        From 0, in file order.
    start
        Where to begin reading.
    packets
        How many there are.
    last
        Where the octets of the last packet begin in the file: a reader that comes to another place read other packets.
    identity
        Of the file, see `StoredFile`.
    """

    number: int
    start: Place
    packets: int
    last: int
    identity: tuple[int, ...]


def part_octets(size: int, split: int | None) -> int:
    """Give how many octets a part of a file has at least, but for the last; 0 where the file is to be read as one.

    Parameters
    ----------
    size
        Octets of the file.
    split
        The largest file that is read as one, or None where all are.
    """
    if split is None or size <= split:
        return 0
    return max(1, split // PARTS_PER_SPLIT, -(-size // MOST_PARTS))


def can_be_split(path: str | Path) -> bool:
    """Tell whether a file's packets lie in it as they are: not if it is compressed or was transferred in text mode.

    Where it cannot be read the answer is no, and reading it says why.
    """
    try:
        with StoredFile(path, is_hashed=False) as stored:
            head = stored.peek(PEEK_OCTETS)
            return not stored.error and not compression_of(head) and not is_text_mode(head)
    except OSError:
        return False


class Survey:
    """One walk over a capture that finds its parts.

    Parameters
    ----------
    path
        A file that can be split.
    octets
        Octets of a part at least, but for the last.
    """

    def __init__(self, path: str | Path, octets: int) -> None:
        self._reader = CaptureReader(path, min(_WINDOW, octets), is_hashed=False)
        self._octets = octets

    @property
    def accounting(self) -> Accounting:
        """Of the whole file as it is read in one piece, true after the last part but for the hash, which it lacks."""
        return self._reader.accounting

    @property
    def identity(self) -> tuple[int, ...]:
        """Of the file, see `StoredFile`."""
        return self._reader.identity

    def parts(self) -> Iterator[Part]:
        """Give the parts in file order, each as soon as it is found; none has no packets."""
        reader, number, last = self._reader, 0, 0
        start: Place | None = None
        for window in reader.windows():
            start = start or reader.start
            last = window.offset + int(window.index.offset[-1])
            if (place := reader.place()).offset - start.offset >= self._octets:
                yield Part(number, start, place.packets - start.packets, last, reader.identity)
                number, start = number + 1, place
        if start and (packets := reader.accounting.packets - start.packets):
            yield Part(number, start, packets, last, reader.identity)


class PartReader:
    """Reads one part of a capture.

    Attributes
    ----------
    is_whole
        True once every packet of the part was given, and they were those that the survey had found.
    """

    def __init__(self, path: str | Path, part: Part, *, window_octets: int = _WINDOW) -> None:
        self.is_whole = False
        self._path = path
        self._part = part
        self._reader = CaptureReader(path, window_octets)

    def windows(self) -> Iterator[Window]:
        """Give the packets of the part, window by window; fewer where the file is not what it was, or not readable."""
        try:
            stored = StoredFile(self._path, start=self._part.start.offset, is_hashed=False)
        except OSError:
            return
        with stored:
            if stored.identity == self._part.identity:
                yield from self._read(stored)

    def _read(self, stored: StoredFile) -> Iterator[Window]:
        part, last, left = self._part, 0, self._part.packets
        framing = part.start.framing.resumed(part.start.state, Accounting())
        for window in self._reader.walk(stored, framing):
            index = window.index.part(0, left)
            left -= len(index)
            last = window.offset + int(index.offset[-1])
            yield Window(window.octets, index, window.offset)
            if not left:
                break
        self.is_whole = not left and last == part.last and not stored.error and not stored.change()
