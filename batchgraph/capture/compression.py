"""Compressed captures: recognised by content, expanded as a stream, and never lost for a bad end.

What was expanded before a stream turned out to be cut off or corrupt is given out to the last octet, then `problem`
says why there is no more. The libraries discard what the failing call had already expanded, so that part is expanded
once more, from a second view of the file, in ever smaller steps.
"""

from __future__ import annotations

import io
import lzma
from collections.abc import Callable
from typing import Protocol

from batchgraph.capture.formats import PEEK_OCTETS
from batchgraph.capture.stored import Source, StoredFile

MAX_LAYERS = 2
"""Compressions inside each other that are undone."""

MAX_RATIO = 2048
"""Expansion that is suspicious together with more than `FREE_OCTETS`; gzip's greatest is 1,032."""

FREE_OCTETS = 1 << 30
"""Octets that may be expanded at any ratio."""

MAX_DICTIONARY = 128 << 20
"""Memory that an xz stream may ask for; ``xz -9`` needs 65 MiB. Zstandard's library has the same limit of its own."""

_PIECE = 65536
_FAILURES = (OSError, EOFError, lzma.LZMAError, ValueError, MemoryError)
_MAGICS = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_SKIPPABLE = tuple(bytes((0x50 + n, 0x2A, 0x4D, 0x18)) for n in range(16))
_BZIP2_FIRST_BLOCK = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")


def compression_of(head: bytes) -> str:
    """Tell the compression by the first octets: gzip, zstd, xz, bz2, lz4, or empty where there is none."""
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    if head.startswith(b"BZh") and head[4:10] in _BZIP2_FIRST_BLOCK:
        return "bz2"
    if head.startswith(_SKIPPABLE) and len(head) >= 8:
        # Zstandard and LZ4 share skippable frames (RFC 8878, 3.1.2): the frame that follows tells them apart.
        following = head[8 + int.from_bytes(head[4:8], "little") :]
        return compression_of(following) if len(following) >= 4 else "zstd"
    return ""


def expand(stored: StoredFile, *, max_expanded: int | None = None) -> tuple[Source, list[str]]:
    """Undo the compressions of a file, up to `MAX_LAYERS` of them.

    Returns
    -------
    source, layers
        The octets behind the compressions, and the names of these, outermost first.
    """
    source: Source = stored
    layers: list[str] = []
    while len(layers) < MAX_LAYERS and (layer := compression_of(source.peek(PEEK_OCTETS))):
        source = Expanded(source, layer, stored=stored, max_expanded=max_expanded)
        layers.append(layer)
    return source, layers


class _Stream(Protocol):
    def readinto(self, buffer: memoryview) -> int: ...


class Expanded:
    """The expanded octets of a compressed source, as a `Source`.

    Parameters
    ----------
    lower
        The compressed octets.
    layer
        As told by `compression_of`.
    stored
        The file at the bottom, against which the ratio of expansion is held.
    max_expanded
        Octets after which to stop.
    """

    def __init__(self, lower: Source, layer: str, *, stored: StoredFile, max_expanded: int | None) -> None:
        self.position = 0
        self.problem = ""
        self._lower = lower
        self._layer = layer
        self._stored = stored
        self._limit = max_expanded
        self._stream: _Stream | None = _open_stream(layer, _read_pieces(lower))
        self._expanded = 0
        self._ahead = b""
        self._ended = False

    def peek(self, n_octets: int) -> bytes:
        """Give the next octets without passing them."""
        piece = memoryview(bytearray(_PIECE))
        while len(self._ahead) < n_octets and (n := self._advance(piece)):
            self._ahead += piece[:n]
        return self._ahead[:n_octets]

    def readinto(self, buffer: memoryview) -> int:
        """Fill the front of `buffer`; 0 is the end, and `problem` then says whether it is a bad one."""
        if not self._ahead:
            n = self._advance(buffer[:_PIECE])
            if not self._ahead:
                self.position += n
                return n
        n = min(len(buffer), len(self._ahead))
        buffer[:n] = self._ahead[:n]
        self._ahead = self._ahead[n:]
        self.position += n
        return n

    def reopen(self) -> Source:
        """Give another source of the same octets, from the start."""
        return Expanded(self._lower.reopen(), self._layer, stored=self._stored, max_expanded=self._limit)

    def _advance(self, piece: memoryview) -> int:
        """Expand into `piece`; where that fails, put what can be had into `_ahead` and give 0."""
        if self._ended or self._stream is None:
            return 0
        if self._limit is not None:
            piece = piece[: max(1, self._limit - self._expanded)]
        failure = None
        try:
            n = self._stream.readinto(piece)
        except _FAILURES as error:
            failure = _reason(error)
        if failure is not None:  # the error itself is gone by now: it would hold on to the decompressor
            self._ended = True
            self.problem = f"the {self._layer} stream is damaged or cut off ({failure})"
            self._release()
            self._ahead += self._remainder()
            return 0
        if n and self._exceeds(self._expanded + n):
            self._ended = True
            return 0
        self._ended = n == 0
        self._expanded += n
        if self._ended and self._lower.problem:
            self.problem = self._lower.problem
        return n

    def _release(self) -> None:
        """Give back the memory of all decompressors; a second set of them is about to be made."""
        self._stream = None
        if isinstance(self._lower, Expanded):
            self._lower._ended = True
            self._lower._release()

    def _exceeds(self, expanded: int) -> bool:
        if self._limit is not None and expanded > self._limit:
            self.problem = f"the {self._layer} stream expands to more than the {self._limit:,} octets allowed"
        elif expanded > FREE_OCTETS and expanded > MAX_RATIO * self._stored.position:
            self.problem = f"the {self._layer} stream expands to more than {MAX_RATIO:,} times its size"
        return bool(self.problem)

    def _remainder(self) -> bytes:
        """Expand again, from the start, what the failing call had expanded before it met the damage.

        Near the damage, compressed octets are given to the decompressor in small portions, and expanded ones are asked
        for in small portions, so that little is in hand when it fails; the second time around, one by one.
        """
        remainder = b""
        slow_from = self._lower.position - 2 * _PIECE
        for portion, step in ((256, 1024), (1, 1)):
            again = self._lower.reopen()
            stream = _open_stream(self._layer, _read_pieces(again, slow_from=max(0, slow_from), portion=portion))
            try:
                _skip(stream, self._expanded + len(remainder))
            except _FAILURES:
                break
            remainder += _read_steps(stream, step, self._room(len(remainder)))
            slow_from = again.position - 2 * portion
            del again, stream  # their memory, before more of it is asked for
        return remainder

    def _room(self, taken: int) -> int:
        """Octets that one failing call can have expanded at most, or what the limit leaves of them."""
        room = 4 << 20
        return room if self._limit is None else max(0, min(room, self._limit - self._expanded - taken))


def _reason(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text.split("\n", 1)[0][:120]


def _skip(stream: _Stream, n_octets: int) -> None:
    piece = memoryview(bytearray(_PIECE))
    while n_octets > 0 and (n := stream.readinto(piece[: min(_PIECE, n_octets)])):
        n_octets -= n


def _read_steps(stream: _Stream, step: int, n_octets: int) -> bytes:
    pieces = bytearray()
    piece = memoryview(bytearray(step))
    try:
        while len(pieces) < n_octets and (n := stream.readinto(piece[: n_octets - len(pieces)])):
            pieces += piece[:n]
    except _FAILURES:
        pass
    return bytes(pieces)


def _read_pieces(source: Source, *, slow_from: int | None = None, portion: int = 1) -> Callable[[int], bytes]:
    """Give a function that reads compressed octets; from `slow_from` on, it gives small portions of them."""
    buffer = memoryview(bytearray(_PIECE))

    def read(n_octets: int) -> bytes:
        n_octets = min(n_octets, _PIECE)
        if slow_from is not None:
            n_octets = min(n_octets, max(portion, slow_from - source.position))
        return bytes(buffer[: source.readinto(buffer[:n_octets])])

    return read


def _open_stream(layer: str, read: Callable[[int], bytes]) -> _Stream:
    if layer == "xz":
        return _XzStream(read)
    import pyarrow as pa

    stream: _Stream = pa.CompressedInputStream(pa.PythonFile(_Feed(read), mode="r"), layer)
    return stream


class _Feed(io.RawIOBase):
    """A file object for pyarrow, which asks it for compressed octets."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        super().__init__()
        self._read = read

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._read(size)


class _XzStream:
    """Expand the streams of an xz file one after the other, with the padding between them (xz format, section 2.2)."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._decompressor: lzma.LZMADecompressor | None = None
        self._rest = b""

    def readinto(self, buffer: memoryview) -> int:
        while decompressor := self._decompressor or self._begin():
            octets, self._rest = self._rest, b""
            if not octets and decompressor.needs_input and not (octets := self._read(_PIECE)):
                raise EOFError("Truncated compressed stream")
            self._decompressor = decompressor
            expanded = decompressor.decompress(octets, len(buffer))
            if decompressor.eof:
                self._rest = decompressor.unused_data
                self._decompressor = None
            if expanded:
                buffer[: len(expanded)] = expanded
                return len(expanded)
        return 0

    def _begin(self) -> lzma.LZMADecompressor | None:
        """Begin the next stream, after the zeros that may pad the last one; None at the end."""
        while not self._rest.lstrip(b"\0"):
            self._rest = self._read(_PIECE)
            if not self._rest:
                return None
        self._rest = self._rest.lstrip(b"\0")
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_DICTIONARY)
