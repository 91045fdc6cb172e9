"""Verify: whether a results directory is what it says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchgraph.claim import require_idle
from batchgraph.errors import ClusterError, OutputBusyError, ResultsError, UsageError
from batchgraph.exit_codes import InputEntry
from batchgraph.parallel import Pool, WorkerLost, fan_out, memory_of
from batchgraph.progress import NoProgress, Progress
from batchgraph.receipts import file_digest
from batchgraph.results import COMBINED, Manifest, ResultsDirectory

if TYPE_CHECKING:
    from batchgraph.verification.checks import Check, Verification

STAGES = ("extract", "merge", "report")
"""The main stages, in order."""

_FEW_ROWS = 200_000
"""Edge records that are looked at sooner here than workers are started."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One capture to look at."""

    root: Path
    entry: InputEntry
    merged: dict[str, Any] | None
    has_receipts: bool
    memory: int | None


def verify(
    out: Path,
    *,
    again: Sequence[str | Path] = (),
    through: str = "report",
    workers: int | Pool = 0,
    progress: Progress | None = None,
) -> Verification:
    """Check that a results directory is whole and agrees with itself; it is not written to.

    Parameters
    ----------
    out
        The results directory.
    again
        The captures it was made of. They are run once more in a temporary folder, by the options that ``run.json``
        has, and all deliverables are compared. None: that is not done.
    through
        The last of the `STAGES` that must have been done.
    workers
        As for `batchgraph.parallel.fan_out`.
    progress
        Told how far it is.

    Returns
    -------
    verification
        Each thing that was looked at, and what is wrong with it. Edge records are held against ``run.json``, flows
        against edge records, graphs against flows, tables against both; and, where the receipts of the run are there,
        every file against the hash that it had when it was written.

    Raises
    ------
    UsageError
        If `through` is no stage.
    ResultsError
        If there are no results, they are half finished, of a format that is not known, or cannot be made again.
    OutputBusyError
        If a live run is using them.
    NoCapturesError
        If there are no captures to run again.
    """
    from batchgraph.verification.again import require_repeatable
    from batchgraph.verification.checks import Verification
    from batchgraph.verification.hashes import has_receipts

    progress = progress or NoProgress()
    results = ResultsDirectory(out)
    manifest = _finished_manifest(results, through)
    if again:
        require_repeatable(results)
    before = file_digest(results.manifest_path)
    unchecked = []
    if not has_receipts(out):
        unchecked.append("hashes: not checked, for the receipts (.batchgraph) are not there")
    checks = list(_checks(results, manifest, workers, progress))
    if again:
        check, left_out = _check_again(results, [str(path) for path in again], workers, progress)
        checks.append(check)
        unchecked += left_out
    require_idle(out)
    if not results.manifest_path.is_file() or file_digest(results.manifest_path) != before:
        raise OutputBusyError(f"{out}: a run changed it meanwhile; wait for its end, and verify again")
    return Verification(tuple(checks), tuple(unchecked))


def _finished_manifest(results: ResultsDirectory, through: str) -> Manifest:
    from batchgraph.verification.manifest import require_usable

    if through not in STAGES:
        raise UsageError(f"--through: {through!r} is none of {', '.join(STAGES)}")
    if results.root.is_dir():
        require_idle(results.root)
    manifest = results.read_manifest()
    require_usable(manifest, root=results.root)
    for stage in STAGES[: STAGES.index(through) + 1]:
        if stage not in manifest["options"]:
            raise ResultsError(
                f"the results in {results.root} are half finished: run `batchgraph {stage}` or `batchgraph run` first"
                f" (or verify with --through {STAGES[max(0, STAGES.index(stage) - 1)]})"
            )
    return manifest


def _checks(results: ResultsDirectory, manifest: Manifest, workers: int | Pool, progress: Progress) -> Iterator[Check]:
    from batchgraph.verification.files import check_files, expected_files
    from batchgraph.verification.hashes import check_stage_hashes, has_receipts
    from batchgraph.verification.manifest import check_accounting

    captures = [entry["capture"] for entry in manifest["inputs"] if entry["rows"]]
    yield from check_accounting(manifest)
    yield from check_files(results, expected_files(results, manifest, captures))
    if has_receipts(results.root):
        yield from check_stage_hashes(results.root, manifest)
    with progress.stage("verify", len(manifest["inputs"]) + 1) as stage_progress:
        for name, checks in _checks_of_captures(results, manifest, workers):
            yield from checks
            stage_progress.advance(name)
        yield from _checks_of_all(results, manifest, captures, memory_of(workers))
        stage_progress.advance(COMBINED)


def _checks_of_captures(
    results: ResultsDirectory, manifest: Manifest, workers: int | Pool
) -> Iterator[tuple[str, Sequence[Check]]]:
    from batchgraph.verification.hashes import has_receipts

    merged, receipts = manifest["options"].get("merge"), has_receipts(results.root)
    tasks = [_Task(results.root, entry, merged, receipts, memory_of(workers)) for entry in manifest["inputs"]]
    few = sum(task.entry["rows"] for task in tasks) <= _FEW_ROWS
    checks: list[Sequence[Check]] = [()] * len(tasks)
    for index, result in fan_out(check_capture, tasks, workers=0 if few else workers):
        if isinstance(result, WorkerLost):
            raise ClusterError(f"{tasks[index].entry['capture']} could not be looked at: {result.reason}")
        checks[index] = result
    for task, found in zip(tasks, checks, strict=True):
        yield task.entry["capture"], found


def check_capture(task: _Task) -> list[Check]:
    """Look at what was made of one capture; what follows from a failed check is not looked at."""
    from batchgraph.graph.database import open_database
    from batchgraph.graph.source import GraphSource
    from batchgraph.verification.edges import check_edges
    from batchgraph.verification.flows import check_flows
    from batchgraph.verification.graph import check_graph
    from batchgraph.verification.hashes import check_capture_hashes

    results, entry = ResultsDirectory(task.root), task.entry
    checks = [check_capture_hashes(task.root, entry)] if task.has_receipts else []
    if not entry["rows"]:
        return checks
    checks.append(check_edges(results, entry))
    if checks[-1].failed or task.merged is None:
        return checks
    capture = entry["capture"]
    with open_database(memory=task.memory) as connection:
        checks.append(check_flows(connection, results, capture, trust=task.merged["trust"]))
        if not checks[-1].failed:
            source = GraphSource(results, capture, task.merged["by"], (capture,), task.merged["trust"])
            checks.append(check_graph(connection, source))
    return checks


def _checks_of_all(
    results: ResultsDirectory, manifest: Manifest, captures: Sequence[str], memory: int | None
) -> Iterator[Check]:
    from batchgraph.graph.database import open_database
    from batchgraph.graph.source import GraphSource
    from batchgraph.verification.checks import REPORT_AGAIN, Check
    from batchgraph.verification.flows import check_combined_flows
    from batchgraph.verification.graph import check_graph
    from batchgraph.verification.tables import check_tables

    merged = manifest["options"].get("merge")
    if merged is None:
        return
    with open_database(memory=memory) as connection:
        combined = check_combined_flows(connection, results, captures)
        yield combined
        if not combined.failed:
            yield check_graph(connection, GraphSource(results, COMBINED, merged["by"], captures, merged["trust"]))
    if "report" in manifest["options"]:
        try:
            yield from check_tables(results, {**manifest}, memory=memory)  # to which the making of tables may add
        except ResultsError:
            yield Check("tables", "tables", "not looked at: edge records or flows cannot be read", REPORT_AGAIN)


def _check_again(
    results: ResultsDirectory, inputs: Sequence[str], workers: int | Pool, progress: Progress
) -> tuple[Check, tuple[str, ...]]:
    from batchgraph.verification.again import check_again, run_again
    from batchgraph.verification.files import expected_files

    with tempfile.TemporaryDirectory(prefix="batchgraph-verify-", ignore_cleanup_errors=True) as folder:
        fresh = ResultsDirectory(Path(folder))
        left_out = run_again(inputs, fresh.root, like=results, workers=workers, progress=progress)
        places: set[str] = set()
        for one in (results, fresh):
            manifest = one.read_manifest()
            captures = [entry["capture"] for entry in manifest["inputs"] if entry.get("rows")]
            places |= expected_files(one, manifest, captures)
        if any(reason.startswith("features/") for reason in left_out):
            places = {place for place in places if not place.startswith("features/")}
        return check_again(results, fresh, places), left_out
