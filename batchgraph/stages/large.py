"""Large captures: each is cut into parts, which workers extract like captures of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import overload

from batchgraph.capture.split import MOST_PARTS, Survey, can_be_split, part_octets
from batchgraph.parallel import Pool, WorkerLost
from batchgraph.receipts import has_receipt
from batchgraph.results import ResultsDirectory
from batchgraph.stages.capture_task import UNSETTLED, ExtractTask, conclude, done_before
from batchgraph.stages.guard import Limits, extract_piece_guarded, watching
from batchgraph.stages.input_record import Counts, InputRecord
from batchgraph.stages.part_task import Piece, PieceDone, extract_piece


def extract_large(
    tasks: Sequence[ExtractTask], pool: Pool, limits: Limits | None
) -> Generator[InputRecord, None, list[ExtractTask]]:
    """Extract those captures that are large part by part, under the limits of one capture for each part.

    Yields
    ------
    record
        Of each of them, as if it had been read in one piece.

    Returns
    -------
    rest
        The captures to be read in one piece: the others, and large ones that changed, could not be read, or whose
        worker died twice at the same part. What reading them in one piece says is what is said of them.

    Raises
    ------
    OutputError
        If the records cannot be written.
    """
    large = {task.found.capture: task for task in tasks if _is_split(task)}
    records = {record["capture"]: record for record in _done_before(list(large.values()), pool)}
    yield from records.values()
    captures = [_LargeCapture(task) for name, task in large.items() if name not in records]
    for record in _extract_parts(captures, pool, limits):
        records[record["capture"]] = record
        yield record
    return [task for task in tasks if task.found.capture not in records]


def _extract_parts(captures: Sequence[_LargeCapture], pool: Pool, limits: Limits | None) -> Iterator[InputRecord]:
    """Extract captures part by part; none is given of those that are to be read in one piece."""
    if not captures:
        return
    with watching([capture.task for capture in captures], limits) if limits else nullcontext() as watch:
        far_limits = None if pool.isolates else limits
        pieces = _Pieces(captures, os.fspath(watch.folder) if watch else "", far_limits)
        extract: Callable[[Piece], PieceDone | WorkerLost] = extract_piece_guarded if far_limits else extract_piece
        for number, outcome in pool.fan_out(extract, pieces, isolated=limits is not None):
            capture = pieces.owner(number)
            capture.take(outcome)
            if capture.is_done and (record := capture.record()):
                yield record
    for capture in captures:  # those whose last octets turned out to hold no part
        if not capture.is_concluded and (record := capture.record()):
            yield record


def _is_split(task: ExtractTask) -> bool:
    """Tell whether a capture is larger than what is read in one piece, and can be read otherwise."""
    return part_octets(task.found.size, task.options.split) > 0 and can_be_split(task.found.path)


def _done_before(tasks: Sequence[ExtractTask], pool: Pool) -> Iterator[InputRecord]:
    """Give the records of captures that an earlier run finished, if nothing has changed since."""
    begun = [task for task in tasks if has_receipt(Path(task.out), f"extract/{task.found.capture}")]
    for _, record in pool.fan_out(done_before, begun):
        if record is not None and not isinstance(record, WorkerLost):
            yield record


class _LargeCapture:
    """One capture: its survey, and what came of its pieces."""

    def __init__(self, task: ExtractTask) -> None:
        octets = part_octets(task.found.size, task.options.split)
        self.task = task
        self.most_pieces = 2 + min(task.found.size // octets, MOST_PARTS)
        self._survey = Survey(task.found.path, octets)
        self._is_surveyed = False
        self._waiting = self._parts = 0
        self._counts = Counts()
        self._sha256 = ""
        self._identities: set[tuple[int, ...]] = set()
        self._is_lost = self.is_concluded = False

    def pieces(self) -> Iterator[Piece]:
        """Give the pieces of work, those of parts as they are found; the hash, which takes longest, is the first."""
        self._waiting += 1
        yield Piece(self.task)
        for part in self._survey.parts():
            self._waiting += 1
            self._parts += 1
            yield Piece(self.task, part)
        self._is_surveyed = True

    def take(self, outcome: PieceDone | WorkerLost) -> None:
        """Add what came of a piece."""
        self._waiting -= 1
        if isinstance(outcome, WorkerLost):
            self._is_lost = True
            return
        self._identities.add(outcome.identity)
        self._sha256 = outcome.sha256 or self._sha256
        self._counts.add(outcome.counts)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self._is_surveyed and not self._waiting

    def record(self) -> InputRecord | None:
        """Conclude the capture and give its record; None where it has to be read in one piece."""
        self.is_concluded = True
        accounting, rows = self._survey.accounting, sum(self._counts.statuses.values())
        is_same = self._identities == {self._survey.identity} and rows == accounting.packets
        if self._is_lost or not is_same or accounting.status in UNSETTLED:
            return None
        accounting.sha256 = self._sha256
        ResultsDirectory(Path(self.task.out)).keep_parts(self.task.found.capture, self._parts)
        return conclude(self.task, accounting, self._counts)


class _Pieces(Sequence[Piece]):
    """The pieces of all captures, found while they are gone through.

    Until all are found, `len` is the most that there can be.

    Parameters
    ----------
    captures
        In order.
    folder
        For what workers tell; empty where they tell nothing.
    limits
        What workers elsewhere keep themselves.
    """

    def __init__(self, captures: Sequence[_LargeCapture], folder: str, limits: Limits | None) -> None:
        self._limits = limits
        self._captures = captures
        self._folder = folder
        self._found: list[tuple[_LargeCapture, Piece]] = []
        self._more = self._find()
        self._are_all = False

    def owner(self, number: int) -> _LargeCapture:
        """Give the capture to which a piece belongs that was found."""
        return self._found[number][0]

    def __len__(self) -> int:
        return len(self._found) if self._are_all else sum(capture.most_pieces for capture in self._captures)

    def __iter__(self) -> Iterator[Piece]:
        yield from (piece for _, piece in self._found)
        yield from self._more

    @overload
    def __getitem__(self, number: int) -> Piece: ...
    @overload
    def __getitem__(self, number: slice) -> list[Piece]: ...
    def __getitem__(self, number: int | slice) -> Piece | list[Piece]:
        if isinstance(number, slice):
            return list(self)[number]
        return self._found[number][1]

    def _find(self) -> Iterator[Piece]:
        for capture in self._captures:
            for piece in capture.pieces():
                journal = f"{self._folder}/{len(self._found)}" if self._folder else ""
                named = replace(piece, journal=journal, limits=self._limits)
                self._found.append((capture, named))
                yield named
        self._are_all = True
