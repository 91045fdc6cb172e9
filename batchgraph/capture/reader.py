"""Reading a capture file: windows of octets with the packets in them, and an account of every octet."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from batchgraph.capture.buffer import WindowBuffer
from batchgraph.capture.compression import compression_of, expand
from batchgraph.capture.formats import PEEK_OCTETS, recognise
from batchgraph.capture.framing import Framing
from batchgraph.capture.index import Accounting, PacketIndex, Problem, Window
from batchgraph.capture.pcap import PcapFraming
from batchgraph.capture.pcapng import PcapngFraming
from batchgraph.capture.snoop import SnoopFraming
from batchgraph.capture.stored import Source, StoredFile
from batchgraph.errors import CaptureError, UnsupportedCaptureError

_LEAST_RECORD = 16


def open_capture(path: str | Path, *, window_octets: int = 1 << 20, max_expanded: int | None = None) -> CaptureReader:
    """Prepare to read a capture file; nothing is opened before its windows are asked for.

    Parameters
    ----------
    path
        The file, compressed or not.
    window_octets
        Octets to hold in memory at a time; a larger record is held whole all the same.
    max_expanded
        Expanded octets of a compressed file after which to stop.
    """
    return CaptureReader(path, window_octets, max_expanded)


class CaptureReader:
    """One capture file, read once from front to back.

    Attributes
    ----------
    accounting
        Filled by `windows`, and true after the last of them.
    """

    def __init__(self, path: str | Path, window_octets: int, max_expanded: int | None) -> None:
        self.accounting = Accounting()
        self._path = path
        self._window_octets = max(window_octets, _LEAST_RECORD)
        self._max_expanded = max_expanded

    def windows(self) -> Iterator[Window]:
        """Give the packets of the file, in file order, window by window.

        A window's octets and index are overwritten by the next. Whatever the file holds, nothing is raised: the windows
        end, and `accounting` tells why.
        """
        try:
            stored = StoredFile(self._path)
        except OSError as error:
            self._fail(error, offset=0)
            return
        with stored:
            yield from self._read(stored)
            self._finish(stored)

    def _read(self, stored: StoredFile) -> Iterator[Window]:
        source, layers = expand(stored, max_expanded=self._max_expanded)
        self.accounting.format = "".join(f"{layer}:" for layer in layers)
        try:
            framing = self._open_framing(source)
        except CaptureError as error:
            self._refuse(error, source)
        else:
            if framing is not None:
                yield from self._walk(source, framing)
        if source.problem:
            lost = "what the rest of the stream held"
            self._problem(Problem(source.position, source.problem, kept=self._kept(), lost=lost))
        self._check(source)

    def _open_framing(self, source: Source) -> Framing | None:
        """Tell the format of the expanded octets; None where there are none."""
        head = source.peek(PEEK_OCTETS)
        if not head:
            self.accounting.format += "empty"
            self.accounting.status = "empty"
            return None
        if deeper := compression_of(head):
            self.accounting.format += deeper
            raise UnsupportedCaptureError(f"{deeper} inside two other compressions")
        known = recognise(head)
        self.accounting.format += known.name
        if known.name == "pcap":
            return PcapFraming(head, self.accounting)
        if known.name == "pcapng":
            return PcapngFraming(self.accounting)
        if known.name == "snoop":
            return SnoopFraming(head, self.accounting)
        raise UnsupportedCaptureError(known.name)

    def _refuse(self, error: CaptureError, source: Source) -> None:
        skipped = WindowBuffer(source, 1 << 16).drain()
        self.accounting.octets["skipped"] += skipped
        what = f"unsupported: {error}" if error.status == "unsupported" else str(error)
        self._problem(Problem(error.offset, what, kept="nothing", lost=f"{skipped:,} octets"), status=error.status)

    def _walk(self, source: Source, framing: Framing) -> Iterator[Window]:
        buffer = WindowBuffer(source, self._window_octets)
        buffer.fill(framing.header_octets)
        buffer.start = framing.header_octets
        index = PacketIndex.empty(self._window_octets // _LEAST_RECORD)
        while True:
            walked = framing.walk(buffer.octets, buffer.start, buffer.stop, index)
            buffer.start = walked.position
            if walked.packets:
                self.accounting.packets += walked.packets
                yield Window(buffer.octets[: buffer.stop], index.part(0, walked.packets))
            if walked.fault:
                self._skip_rest(buffer, walked.fault)
                return
            if walked.needed:
                if buffer.at_end:
                    break
                buffer.fill(walked.needed)
        if buffer.start < buffer.stop:
            left = buffer.stop - buffer.start
            self._skip_rest(
                buffer, f"the last record needs {walked.needed:,} octets, {left:,} are there: it is cut off"
            )

    def _skip_rest(self, buffer: WindowBuffer, what: str) -> None:
        offset = buffer.offset
        skipped = buffer.drain()
        self.accounting.octets["skipped"] += skipped
        self._problem(Problem(offset, what, kept=self._kept(), lost=f"{skipped:,} octets from there on"))

    def _kept(self) -> str:
        return f"{self.accounting.packets:,} packets before it"

    def _problem(self, problem: Problem, *, status: str = "partial") -> None:
        """Note a problem; the first status that is not ok stays."""
        self.accounting.problems.append(problem)
        if self.accounting.status in ("ok", "empty"):
            self.accounting.status = status

    def _check(self, source: Source) -> None:
        """Hold the account against the octets that there were.

        Raises
        ------
        RuntimeError
            If they differ, which is a mistake in batchgraph and never in a file.
        """
        octets = self.accounting.octets
        if sum(octets.values()) != source.position:
            raise RuntimeError(f"octets accounted for: {octets}, octets read: {source.position}")

    def _finish(self, stored: StoredFile) -> None:
        stored.read_rest()
        self.accounting.size = stored.position
        self.accounting.sha256 = stored.sha256
        if stored.error is not None:
            self._fail(stored.error, offset=stored.position)
        elif change := stored.change():
            self.accounting.status = "changed"
            self.accounting.problems.append(Problem(stored.position, change, kept=self._kept()))

    def _fail(self, error: OSError, *, offset: int) -> None:
        name = errno.errorcode.get(error.errno or 0, "unknown error")
        self.accounting.status = "failed"
        what = f"cannot be read: {name} ({error.strerror or error})"
        kept = self._kept() if self.accounting.packets else "nothing"
        self.accounting.problems.append(Problem(offset, what, kept=kept, lost="what could not be read"))
        if not self.accounting.size:
            self.accounting.size = _size_of(self._path)


def _size_of(path: str | Path) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
