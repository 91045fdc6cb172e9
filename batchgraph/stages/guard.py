"""Extract captures so that one at which the decoder hangs, dies or takes too much memory costs itself alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from batchgraph.child import Death, run_in_child
from batchgraph.parallel import Pool, WorkerLost, worker_pool
from batchgraph.results import STATE, output_errors
from batchgraph.stages.capture_task import ExtractTask, extract_captures
from batchgraph.stages.input_record import InputRecord, lost_record
from batchgraph.stages.part_task import Piece, PieceDone, extract_piece
from batchgraph.watch import TIMEOUT, Journal, Watch

MAX_OCTETS = 600 << 20
"""Memory that a process may hold while it decodes a capture, unless told otherwise; what it needs does not grow with
the capture, so more is a fault."""

_LEAST_SECONDS = 300.0

_PACE = {"table": 100_000, "scapy": 10_000}
"""Octets of a capture that are read in a second at the very least: some hundredth of what is usual, by decoder."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the extraction of one capture may take before it is given up.

    Parameters
    ----------
    seconds
        On the clock. None: five minutes and ten seconds for each megabyte. Infinity: no limit.
    octets
        Memory that its process may hold. None: no limit.
    """

    seconds: float | None = None
    octets: int | None = MAX_OCTETS

    def seconds_for(self, task: ExtractTask) -> float:
        """Give the seconds that one capture may take."""
        if self.seconds is not None:
            return self.seconds
        return _LEAST_SECONDS + task.found.size / _PACE[task.options.decoder]


@dataclass(frozen=True, slots=True)
class _Pack:
    """Captures that one worker extracts, and where it tells how far it is, or the limits that it keeps itself."""

    tasks: tuple[ExtractTask, ...]
    journal: str
    limits: Limits | None


def _extract_pack(pack: _Pack) -> list[InputRecord]:
    if pack.limits is None:
        return extract_captures(pack.tasks, journal=Journal(pack.journal))
    with worker_pool(0) as pool:
        return list(extract_guarded([pack.tasks], pool, pack.limits))


def extract_piece_guarded(piece: Piece) -> PieceDone | WorkerLost:
    """Extract a piece of a large capture in a child of this process, under the limits that come with it."""
    assert piece.limits is not None
    with watching([piece.task], piece.limits) as watch:
        (outcome,) = run_in_child(extract_piece, [replace(piece, journal=os.fspath(watch.folder / "0"))])
    return WorkerLost(f"failed: {outcome.how}") if isinstance(outcome, Death) else outcome


def extract_guarded(packs: Sequence[Sequence[ExtractTask]], pool: Pool, limits: Limits) -> Iterator[InputRecord]:
    """Extract packs of captures, in any order, never in this process.

    Yields
    ------
    record
        Of each capture. ``failed: timeout``, ``failed: memory (600 MiB)``, ``failed: signal 11`` or ``failed: exit code
        1`` stands among the problems of one that was given up.

    Raises
    ------
    OutputError
        If something cannot be written.
    ClusterError
        If the workers cannot be reached.

    Notes
    -----
    When a process dies, what it had done by then counts; the capture that it was at is tried once more, alone, unless
    its time was up; the others of the pack are done by another process. So none is decoded more than twice. Workers
    elsewhere do the same with a child of their own.
    """
    if packs:
        with watching([task for pack in packs for task in pack], limits) as watch:
            yield from _Extraction(watch, pool, None if pool.isolates else limits).run([tuple(pack) for pack in packs])


@contextmanager
def watching(tasks: Sequence[ExtractTask], limits: Limits) -> Iterator[Watch]:
    """Watch the processes that work on captures, of which the id is what they tell as their step.

    Raises
    ------
    OutputError
        If there is no room for what they tell.
    """
    by_name = {task.found.capture: task for task in tasks}
    state = Path(tasks[0].out) / STATE
    with output_errors(state):
        state.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".spill-", dir=state, ignore_cleanup_errors=True)
    with folder as name:
        watch = Watch(Path(name), lambda step: limits.seconds_for(by_name[step]), limits.octets)
        with watch.watching():
            yield watch


@dataclass(slots=True)
class _Extraction:
    watch: Watch
    pool: Pool
    far_limits: Limits | None
    _numbers: Iterator[int] = field(default_factory=count)
    _suspects: list[ExtractTask] = field(default_factory=list)

    def run(self, packs: list[tuple[ExtractTask, ...]]) -> Iterator[InputRecord]:
        while packs:
            named = [self._named(pack, self.far_limits) for pack in packs]
            packs = []
            for number, outcome in self.pool.fan_out(_extract_pack, named, attempts=1, isolated=True):
                if isinstance(outcome, WorkerLost):
                    rest = yield from self._after_death(named[number])
                    packs += [rest] if rest else []
                else:
                    yield from outcome
        yield from self._try_again()

    def _named(self, tasks: tuple[ExtractTask, ...], limits: Limits | None = None) -> _Pack:
        return _Pack(tasks, os.fspath(self.watch.folder / str(next(self._numbers))), limits)

    def _after_death(self, pack: _Pack) -> Generator[InputRecord, None, tuple[ExtractTask, ...]]:
        """Give the records of what was done, and return the captures that nobody has begun."""
        journal = Journal(pack.journal)
        done = {record["capture"]: record for record in journal.results}
        yield from done.values()
        left = [task for task in pack.tasks if task.found.capture not in done]
        # Where nothing is said to be under way, the process died before it could say so.
        begun = [task for task in left if task.found.capture == journal.step] or left[:1]
        for task in begun:
            if self.watch.verdicts.get(task.found.capture) == TIMEOUT:
                yield self._lost(task, "")
            else:
                self._suspects.append(task)
        return tuple(task for task in left if task not in begun)

    def _try_again(self) -> Iterator[InputRecord]:
        for task in self._suspects:
            self.watch.verdicts.pop(task.found.capture, None)
        packs = [self._named((task,)) for task in self._suspects]
        for task, outcome in zip(self._suspects, run_in_child(_extract_pack, packs), strict=True):
            yield from [self._lost(task, outcome.how)] if isinstance(outcome, Death) else outcome

    def _lost(self, task: ExtractTask, how: str) -> InputRecord:
        return lost_record(task.found, f"failed: {self.watch.verdicts.get(task.found.capture, how)}")
