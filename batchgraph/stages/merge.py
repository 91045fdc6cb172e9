"""Merge: from edge records to flows and graphs, for each capture and for all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from batchgraph.claim import claimed
from batchgraph.errors import ClusterError, ResultsError, UsageError
from batchgraph.graph.columns import check_kind
from batchgraph.parallel import Pool, WorkerLost, default_workers, fan_out, memory_of
from batchgraph.progress import NoProgress, Progress, StageProgress
from batchgraph.receipts import key_of, read_receipt, write_receipt
from batchgraph.results import COMBINED, STAGES, Manifest, ResultsDirectory, remove_all_but
from batchgraph.stages.standing import edge_digests, keep_what_stands

_STAGES_BEFORE = ("extract",)

_FEW_ROWS = 200_000
"""Edge records that are merged sooner here than workers are started."""


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """What `merge` makes of the edge records.

    Parameters
    ----------
    by
        What an edge of the graphs is, one of `EDGE_KINDS`: a flow, a single packet, or all packets from one host to
        another. The flows are written in any case.
    trust
        Of which trust packets must be to count, some of `TRUST_NAMES`.

    Raises
    ------
    UsageError
        If a value is none of those named.
    """

    by: str = "flow"
    trust: tuple[str, ...] = ("sound", "repaired")

    def __post_init__(self) -> None:
        from batchgraph.capture.index import TRUST_NAMES

        check_kind(self.by)
        unknown = sorted(set(self.trust) - set(TRUST_NAMES))
        if unknown or not self.trust:
            raise UsageError(f"trust must be some of {', '.join(TRUST_NAMES)}, not {', '.join(unknown) or 'none'}")


@dataclass(frozen=True, slots=True)
class _Task:
    """One capture to merge."""

    root: Path
    capture: str
    rows: int
    options: MergeOptions
    memory: int | None


def merge(
    out: Path,
    *,
    options: MergeOptions | None = None,
    workers: int | Pool = 0,
    progress: Progress | None = None,
) -> Manifest:
    """Write flows and graphs of every capture of a results directory, and of all together.

    Parameters
    ----------
    out
        The results directory, as `extract` left it.
    options
        None: the defaults.
    workers
        As for `batchgraph.parallel.fan_out`.
    progress
        Told of every capture done.

    Returns
    -------
    manifest
        ``run.json`` as it is now. Captures without packets have neither flows nor a graph, and what was left of
        captures that are no longer there is removed, as is what further commands made of other edge records.

    Raises
    ------
    ResultsError
        If the edge records are not those that ``run.json`` tells of.
    OutputError
        If something cannot be written.
    OutputBusyError
        If another run is using the directory.
    ClusterError
        If workers were lost.

    Notes
    -----
    Where the same captures were merged by the same options before, and what was made is as it was, it stays.
    """
    options = options or MergeOptions()
    results = ResultsDirectory(out)
    results.read_manifest()  # without one there is nothing to hold on to
    with claimed(out):
        manifest = _unmerged(results.read_manifest())
        results.write_manifest(manifest)
        # Also where all was merged before: a run over other captures may have been killed since.
        _remove_others(results, [entry["capture"] for entry in manifest["inputs"] if entry.get("rows")])
        edges = edge_digests(results, manifest)
        further = keep_what_stands(results, edges, options.trust)
        key = key_of(manifest=manifest, options=asdict(options), edges=edges)
        if read_receipt(out, "merge", key) is None:
            _merge(results, manifest, options, workers, progress or NoProgress())
            write_receipt(out, "merge", key, files=_files(results), body={})
        manifest["options"]["merge"] = {"by": options.by, "trust": list(options.trust)}
        manifest["options"] |= {name: body for name, body in further.items() if name in STAGES}
        results.write_manifest(manifest)
        return manifest


def _files(results: ResultsDirectory) -> list[Path]:
    """Give what this stage makes."""
    return [path for path_of in (results.flows, results.graph) for path in path_of().parent.iterdir()]


def _merge(
    results: ResultsDirectory, manifest: Manifest, options: MergeOptions, workers: int | Pool, progress: Progress
) -> None:
    tasks = [
        _Task(results.root.absolute(), entry["capture"], entry["rows"], options, memory_of(workers))
        for entry in manifest["inputs"]
        if entry.get("rows")
    ]
    captures = [task.capture for task in tasks]
    with progress.stage("merge", len(tasks) + 1) as stage:
        _merge_captures(tasks, workers, stage)
        _merge_all(results, captures, options, threads=_threads(workers), memory=memory_of(workers))
        stage.advance(COMBINED)


def _unmerged(manifest: Manifest) -> Manifest:
    """Forget what this stage and later ones did, so that what is half rewritten is not taken for complete."""
    options = manifest.get("options", {})
    kept = {name: value for name, value in manifest.items() if name not in ("failed_maps", "names_cut")}
    return {**kept, "options": {name: options[name] for name in _STAGES_BEFORE if name in options}}


def _merge_captures(tasks: Sequence[_Task], workers: int | Pool, stage: StageProgress) -> None:
    lost = []
    few = sum(task.rows for task in tasks) <= _FEW_ROWS
    for index, result in fan_out(_merge_capture, tasks, workers=0 if few else workers):
        if isinstance(result, WorkerLost):
            lost.append(f"{tasks[index].capture} could not be merged: {result.reason}")
        stage.advance(tasks[index].capture)
    if lost:
        raise ClusterError(f"{lost[0]} (captures lost: {len(lost)}); the same command continues the run")


def _merge_capture(task: _Task) -> int:
    """Write flows and graph of one capture, and give the number of flows."""
    from batchgraph.graph.flows import write_capture_flows

    results = ResultsDirectory(task.root)
    parts = results.edge_parts(task.capture)
    _check_rows(parts, task)
    flows = write_capture_flows(
        parts,
        results.flows(task.capture),
        capture=task.capture,
        trust=task.options.trust,
        spill=results.spill,
        memory=task.memory,
    )
    _write_graph(results, task.capture, (task.capture,), task.options, memory=task.memory)
    return flows


def _check_rows(parts: Sequence[Path], task: _Task) -> None:
    from pyarrow.parquet import read_metadata

    from batchgraph.graph.database import reading_errors

    with reading_errors():
        rows = sum(read_metadata(part).num_rows for part in parts)
    if rows != task.rows:
        raise ResultsError(
            f"the edge records of {task.capture} have {rows} rows, run.json says {task.rows}:"
            " run `batchgraph extract` again"
        )


def _merge_all(
    results: ResultsDirectory, captures: Sequence[str], options: MergeOptions, *, threads: int, memory: int | None
) -> None:
    from batchgraph.graph.flows import write_combined_flows

    flows = [results.flows(capture) for capture in captures]
    write_combined_flows(flows, results.flows(), spill=results.spill, threads=threads, memory=memory)
    if len(captures) == 1 and options.by == "flow":
        _copy_graph(results, captures[0], options)
        return
    _write_graph(results, COMBINED, captures, options, threads=threads, memory=memory)


def _write_graph(
    results: ResultsDirectory,
    name: str,
    captures: Sequence[str],
    options: MergeOptions,
    *,
    threads: int = 1,
    memory: int | None = None,
) -> None:
    from batchgraph.graph.database import open_database
    from batchgraph.graph.graphml import write_graphml
    from batchgraph.graph.source import GraphSource

    path = results.graph(name)
    source = GraphSource(results, name, options.by, captures, options.trust)
    with open_database(results.spill, threads=threads, memory=memory) as connection:
        write_graphml(path, source, connection=connection)


def _copy_graph(results: ResultsDirectory, capture: str, options: MergeOptions) -> None:
    """Make the graph of all captures from that of the only one."""
    from batchgraph.graph.graphml import write_combined_graphml
    from batchgraph.graph.source import GraphSource

    own, combined = (GraphSource(results, name, options.by, (capture,), options.trust) for name in (capture, COMBINED))
    write_combined_graphml(results.graph(), combined, capture=own, written=results.graph(capture))


def _remove_others(results: ResultsDirectory, captures: Sequence[str]) -> None:
    """Remove files of captures that are no longer there, and what an interrupted merge left behind."""
    for path_of in (results.flows, results.graph):
        remove_all_but(path_of().parent, {path_of(name).name for name in (*captures, COMBINED)})


def _threads(workers: int | Pool) -> int:
    """Threads for what is done here while workers are idle."""
    return max(1, workers) if isinstance(workers, int) else default_workers()
