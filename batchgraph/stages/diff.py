"""Diff: what is new, gone or changed in volume between two runs, or between two sets of captures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.difference.allow import Allowed, read_allowed
from batchgraph.difference.fail_on import DEFAULT_FAIL_ON, parse_fail_on
from batchgraph.errors import ResultsError, UsageError
from batchgraph.parallel import memory_of
from batchgraph.progress import NoProgress, Progress
from batchgraph.results import ResultsDirectory

if TYPE_CHECKING:
    import duckdb

    from batchgraph.difference.finding import Difference
    from batchgraph.parallel import Pool

MATCHES = ("address", "mac", "name", "role")
"""By what a host of one run is found again in the other."""


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """How `compare` compares.

    Parameters
    ----------
    fail_on
        Words as `batchgraph.difference.fail_on.parse_fail_on` reads them.
    allow
        A TOML file of what may differ.
    match
        One of `MATCHES`. ``mac``: by the link-layer address where that is the host's own; ``name``: by
        ``tables/names.csv``, or what it would be made of; ``role``: by the services a host offers and uses. A host
        without any keeps its address.
    map
        Where to draw the map of the comparison: a file named ``.svg``, ``.png`` or ``.pdf``; None: nowhere.

    Raises
    ------
    UsageError
        If a word of `fail_on`, `match` or the kind of picture of `map` is not known.
    """

    fail_on: str = DEFAULT_FAIL_ON
    allow: Path | None = None
    match: str = "address"
    map: Path | None = None

    def __post_init__(self) -> None:
        parse_fail_on(self.fail_on)
        if self.match not in MATCHES:
            raise UsageError(f"--match: {self.match!r} is none of {', '.join(MATCHES)}")
        if self.map is not None:
            from batchgraph.render.figure import format_of

            format_of(self.map)


def compare(
    baseline: Path,
    new: Path,
    *,
    options: DiffOptions | None = None,
    workers: int | Pool = 0,
    progress: Progress | None = None,
) -> Difference:
    """Find what differs between two runs.

    Parameters
    ----------
    baseline, new
        Results directories as `merge` left them; or captures or folders of captures, which are first extracted and
        merged in a temporary folder.
    options
        None: the defaults.
    workers
        For captures, as for `batchgraph.parallel.fan_out`.
    progress
        Told how far it is.

    Raises
    ------
    UsageError
        If the file of what may differ cannot be used.
    ResultsError
        If results are half finished or not whole.
    NoCapturesError
        If there are neither results nor captures.
    OutputError
        If the map cannot be written.

    Notes
    -----
    Volumes are octets on the wire. Where the times covered by the captures differ by more than a tenth
    (`batchgraph.difference.judge.SPAN_FACTOR`), octets per second of that time are compared instead.
    """
    from batchgraph.difference.finding import Difference
    from batchgraph.difference.judge import compares_rates, judged_findings
    from batchgraph.difference.things import collect_things, covered_seconds
    from batchgraph.graph.database import open_database

    options = options or DiffOptions()
    progress = progress or NoProgress()
    fail_on = parse_fail_on(options.fail_on)
    allowed = Allowed() if options.allow is None else read_allowed(options.allow)
    for path in (baseline, new):
        _look_for(path)  # before work is done on the other
    with results_of(baseline, workers, progress) as first, results_of(new, workers, progress) as second:
        captures = [_captures(results) for results in (first, second)]
        for path, results in ((baseline, first), (new, second)):
            _tell_of_damage(path, results, progress)
        _tell_of_renaming((baseline, first), (new, second), progress)
        spans = []
        with open_database(memory=memory_of(workers)) as connection:
            for run, results in enumerate((first, second)):
                collect_things(connection, results, run=run, match=options.match, captures=captures[run])
                spans.append(covered_seconds(connection, results, captures=captures[run]))
            covered = (spans[0], spans[1])
            findings = judged_findings(connection, spans=covered, fail_on=fail_on, allowed=allowed)
            difference = Difference(findings, covered, compares_rates(covered), options.match, fail_on.percent)
            if options.map is not None:
                _draw_map(connection, difference, options.map, progress)
    return difference


def _draw_map(connection: duckdb.DuckDBPyConnection, difference: Difference, path: Path, progress: Progress) -> None:
    from batchgraph.difference.text import summary
    from batchgraph.render.difference_map import write_difference_map
    from batchgraph.render.difference_traffic import load_changed_traffic

    with progress.stage("map", 1) as stage:
        traffic = load_changed_traffic(connection, difference.findings)
        write_difference_map(traffic, path, notes=[summary(difference)])
        stage.advance(path.name)


@contextmanager
def results_of(path: Path, workers: int | Pool, progress: Progress) -> Iterator[ResultsDirectory]:
    """Give the results at a path, or make them of the captures there in a folder that is gone at the end."""
    if path.is_dir() and _has_traces_of_results(path):
        yield ResultsDirectory(path)
        return
    from batchgraph.stages.extract import extract
    from batchgraph.stages.merge import merge

    with tempfile.TemporaryDirectory(prefix="batchgraph-diff-", ignore_cleanup_errors=True) as folder:
        out = Path(folder)
        extract([str(path)], out, workers=workers, progress=progress)
        merge(out, workers=workers, progress=progress)
        yield ResultsDirectory(out)


def _look_for(path: Path) -> None:
    """Raise what `compare` raises where there is nothing to compare."""
    from batchgraph.capture.find import find_captures

    if path.is_dir() and _has_traces_of_results(path):
        _captures(ResultsDirectory(path))
    else:
        find_captures([str(path)])


def _has_traces_of_results(path: Path) -> bool:
    """Whether a folder is a results directory, perhaps a half-finished one, and no folder of captures."""
    named = any((path / name).exists() for name in ("run.json", ".batchgraph"))
    return named or any(next(path.glob(pattern), None) for pattern in ("edges/*/part-*.parquet", "flows/*.parquet"))


def _captures(results: ResultsDirectory) -> list[str]:
    manifest = results.read_manifest()
    if "merge" not in manifest.get("options", {}) or not results.flows().is_file():
        raise ResultsError(f"the flows of {results.root} are not there: run `batchgraph merge` first")
    return [entry["capture"] for entry in manifest["inputs"] if entry.get("rows")]


def _tell_of_renaming(
    one: tuple[Path, ResultsDirectory], other: tuple[Path, ResultsDirectory], progress: Progress
) -> None:
    """Say where hosts cannot be found again, since their addresses were not renamed by the same key."""
    keys = [results.read_manifest()["options"].get("extract", {}).get("anonymized") for _, results in (one, other)]
    if keys[0] != keys[1]:
        renamed = " and ".join(str(path) for (path, _), key in zip((one, other), keys, strict=True) if key)
        progress.problem(
            f"{renamed}: addresses were renamed, not by one key in both runs, so hosts are not found again by address:"
            " compare runs of the same --anonymize"
        )


def _tell_of_damage(path: Path, results: ResultsDirectory, progress: Progress) -> None:
    """Say which inputs of a run were not read whole: what they lack may look as if it were gone."""
    for entry in results.read_manifest()["inputs"]:
        if entry["status"] not in ("ok", "empty"):
            progress.problem(f"{path}: {entry['path']} is {entry['status']}; what it lacks may be reported as gone")
