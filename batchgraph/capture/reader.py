"""Reading a capture file: windows of octets with the packets in them, and an account of every octet."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from batchgraph.capture.buffer import WindowBuffer
from batchgraph.capture.compression import compression_of, expand
from batchgraph.capture.formats import PEEK_OCTETS, recognise
from batchgraph.capture.framing import Framing, Place
from batchgraph.capture.framings import framing_of, headless_framing
from batchgraph.capture.index import REPAIRED, Accounting, PacketIndex, Problem, Window
from batchgraph.capture.records import LOOK_AHEAD
from batchgraph.capture.salvage import Gaps, Mended
from batchgraph.capture.stored import Source, StoredFile, size_of
from batchgraph.capture.textmode import Restored, is_text_mode
from batchgraph.errors import CaptureError, UnsupportedCaptureError

_LEAST_RECORD = 16
_LEAST_INDEX = 4
"""Packets that an index has room for at least: a walk may hold the last one back, and mending gives two at a time."""


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
    identity
        Of the file that was opened, see `StoredFile`.
    start
        Where its packets begin, once the first window is given.
    """

    def __init__(
        self, path: str | Path, window_octets: int, max_expanded: int | None = None, *, is_hashed: bool = True
    ) -> None:
        self.accounting = Accounting()
        self.identity: tuple[int, ...] = ()
        self.start: Place
        self._is_hashed = is_hashed
        self._gaps = Gaps(self.accounting)
        self._is_damaged = False
        self._path = path
        self._window_octets = max(window_octets, _LEAST_RECORD)
        self._max_expanded = max_expanded

    def windows(self) -> Iterator[Window]:
        """Give the packets of the file, in file order, window by window.

        A window's octets and index are overwritten by the next. Whatever the file holds, nothing is raised: the windows
        end, and `accounting` tells why.
        """
        try:
            stored = StoredFile(self._path, is_hashed=self._is_hashed)
        except OSError as error:
            self._fail(error, offset=0)
            return
        self.identity = stored.identity
        with stored:
            yield from self._read(stored)
            self._finish(stored)

    def _read(self, stored: StoredFile) -> Iterator[Window]:
        source, layers = expand(stored, max_expanded=self._max_expanded)
        self.accounting.format = "".join(f"{layer}:" for layer in layers)
        source, is_restored = self._restore(source)
        try:
            framing = self._open_framing(source)
        except CaptureError as error:
            self._refuse(error, source)
        else:
            if framing is not None:
                if is_restored:
                    framing.mark_repaired()
                yield from self.walk(source, framing)
        if source.problem:
            lost = "what the rest of the stream held"
            self._problem(Problem(source.position, source.problem, kept=self._kept(), lost=lost))
        self._check(source)

    def _restore(self, source: Source) -> tuple[Source, bool]:
        """Undo a transfer in text mode; the octets accounted for are then those restored."""
        if not is_text_mode(source.peek(PEEK_OCTETS)):
            return source, False
        self.accounting.format += "text-mode:"
        what = "the file was transferred in text mode: a carriage return was put before every line feed, and taken out"
        self._problem(Problem(0, what, kept="all packets"), status="salvaged")
        return Restored(source), True

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
        if known.may_lack_header and (framing := self._open_headless(source)):
            return framing
        self.accounting.format += known.name
        return framing_of(known.name, head, self.accounting)

    def _open_headless(self, source: Source) -> Framing | None:
        """Take the octets for a capture whose file header is lost, where they show records; else give None."""
        found = headless_framing(source.peek(LOOK_AHEAD), self.accounting)
        if found is None:
            return None
        framing, what = found
        self._gaps.add(0, what, 0, before=0)
        self._set_status("partial")
        self._is_damaged = True
        return framing

    def _refuse(self, error: CaptureError, source: Source) -> None:
        skipped = WindowBuffer(source, 1 << 16).drain()
        self.accounting.octets["skipped"] += skipped
        what = f"unsupported: {error}" if error.status == "unsupported" else str(error)
        self._problem(Problem(error.offset, what, kept="nothing", lost=f"{skipped:,} octets"), status=error.status)

    def place(self) -> Place:
        """Tell where the packets go on behind the window that is given."""
        buffer, framing = self._at
        return Place(buffer.offset, self.accounting.packets, type(framing), framing.state())

    def walk(self, source: Source, framing: Framing) -> Iterator[Window]:
        """Give the packets of octets that are a capture's by `framing`, which knows where in it they begin."""
        buffer = WindowBuffer(source, self._window_octets)
        buffer.fill(framing.header_octets)
        buffer.start = framing.header_octets
        self._at = buffer, framing
        self.start = self.place()
        index = PacketIndex.empty(max(_LEAST_INDEX, self._window_octets // _LEAST_RECORD))
        while True:
            if not framing.is_lost:
                walked = framing.walk(buffer.octets, buffer.start, buffer.stop, index, at_end=buffer.at_end)
                buffer.start = walked.position
                yield from self._give(buffer, index, walked.packets, is_behind_damage=self._is_damaged)
                if not walked.fault and not (buffer.at_end and walked.needed):
                    if walked.needed >= LOOK_AHEAD:
                        buffer.look_ahead(walked.needed)
                    elif walked.needed:
                        buffer.fill(walked.needed)
                    continue
                if not walked.fault and buffer.start == buffer.stop:
                    break
            buffer.look_ahead(LOOK_AHEAD)
            mended = framing.mend(buffer.octets, buffer.start, buffer.stop, index, at_end=buffer.at_end)
            if mended is None:
                self._skip_rest(buffer, walked.fault or _cut_off(buffer, walked.needed))
                return
            self._note(mended, buffer)
            is_mended = bool((index.trust[: mended.packets] == REPAIRED).any())
            yield from self._give(buffer, index, mended.packets, is_behind_damage=is_mended)
            if mended.ends:
                break
        self._gaps.close()

    def _give(
        self, buffer: WindowBuffer, index: PacketIndex, packets: int, *, is_behind_damage: bool
    ) -> Iterator[Window]:
        """Give out the packets that were found in the buffer; some behind damage make the file a salvaged one."""
        if packets:
            self.accounting.packets += packets
            if is_behind_damage and self.accounting.status == "partial":
                self.accounting.status = "salvaged"
            yield Window(buffer.octets[: buffer.stop], index.part(0, packets), buffer.base)

    def _note(self, mended: Mended, buffer: WindowBuffer) -> None:
        """Note what was mended, and go on behind it."""
        offset = buffer.offset + mended.at - buffer.start
        self._gaps.add(offset, mended.what, mended.skipped, before=self.accounting.packets + mended.packets)
        self._gaps.explain(mended.inferred)
        buffer.start = mended.position
        self._set_status("partial")
        self._is_damaged = True

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
        self._set_status(status)

    def _set_status(self, status: str) -> None:
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
            self.accounting.size = size_of(self._path)


def _cut_off(buffer: WindowBuffer, needed: int) -> str:
    return f"the last record needs {needed:,} octets, {buffer.stop - buffer.start:,} are there: it is cut off"
