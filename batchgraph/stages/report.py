"""Report: from flows to tables, maps and the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchgraph.claim import claimed
from batchgraph.errors import ResultsError
from batchgraph.parallel import Pool, WorkerLost, fan_out, memory_of
from batchgraph.progress import NoProgress, Progress
from batchgraph.results import COMBINED, TABLES, Manifest, ResultsDirectory, remove_maps_but
from batchgraph.stages.report_options import ReportOptions
from batchgraph.stages.reported import Reported
from batchgraph.stages.standing import edge_digests

if TYPE_CHECKING:
    from batchgraph.render.layout import Positions
    from batchgraph.render.maps import MapTask
    from batchgraph.render.page import PageContent
    from batchgraph.render.report_database import ReportDatabase
    from batchgraph.render.timeline import TimedTraffic
    from batchgraph.stages.map_work import MapWork

_STAGES_BEFORE = ("extract", "merge")

_ADDED = ("failed_maps", "names_cut")
"""What a report adds to ``run.json`` beside its options, where there is any: maps that could not be drawn, captures
with more names than are kept."""

_MOST_PLACED = 500
"""Hosts that have a place common to all maps; the networks of more would be laid out for minutes."""


_FEW_MAPS = 3
"""Maps that are drawn sooner here than workers are started (about a second and a half; a map takes half of one)."""


def report(
    out: Path,
    *,
    options: ReportOptions | None = None,
    workers: int | Pool = 0,
    progress: Progress | None = None,
) -> Manifest:
    """Write the tables, a map of every capture and of all together, and the page that shows all of it.

    Parameters
    ----------
    out
        The results directory, as `merge` left it.
    options
        None: the defaults.
    workers
        As for `batchgraph.parallel.fan_out`.
    progress
        Told of every map done, and of those that failed.

    Returns
    -------
    manifest
        ``run.json`` as it is now. Maps that could not be drawn are in its ``failed_maps``, if there are any; maps of
        captures that are no longer there, or in formats not asked for, are removed.

    Raises
    ------
    ResultsError
        If the flows are not there or not whole.
    OutputError
        If something cannot be written.
    OutputBusyError
        If another run is using the directory.
    ClusterError
        If the workers cannot be reached.

    Notes
    -----
    A map that is there as it would be drawn stays, and where all was made before of the same flows by the same
    options, and is as it was, all of it stays.
    """
    options = options or ReportOptions()
    progress = progress or NoProgress()
    results = ResultsDirectory(out)
    _unreported(results.read_manifest())  # without flows there is nothing to hold on to
    with claimed(out):
        return _report(results, options, workers, progress)


def _report(results: ResultsDirectory, options: ReportOptions, workers: int | Pool, progress: Progress) -> Manifest:
    manifest = _unreported(results.read_manifest())
    results.write_manifest(manifest)
    # Neither maps nor tables nor the page depend on what further commands made.
    basis = {**manifest, "options": {name: manifest["options"][name] for name in _STAGES_BEFORE}}
    reported = Reported(results, basis, options, edge_digests(results, manifest))
    key = reported.key()
    own_options = {**asdict(options), "formats": list(options.formats)}
    added = reported.made_before(key)
    if added is None:
        shown = {**basis, "options": {**basis["options"], "report": own_options}}
        added, maps = _make(reported, shown, workers, progress)
        if "failed_maps" not in added:
            reported.vouch(key, added, maps=maps)
    manifest |= added
    manifest["options"]["report"] = own_options
    results.write_manifest(manifest)
    return manifest


def _make(
    reported: Reported, manifest: Manifest, workers: int | Pool, progress: Progress
) -> tuple[dict[str, Any], list[Path]]:
    """Write tables, maps and page, and give what that adds to ``run.json``, and the files of the maps."""
    from batchgraph.render.page import read_content
    from batchgraph.render.report_database import report_database
    from batchgraph.render.timeline import timeline_of_sums
    from batchgraph.stages.map_work import map_work

    results, options = reported.results, reported.options
    with report_database(results, manifest, memory=memory_of(workers)) as database:
        _write_tables(results, manifest, progress, database)
        positions = _shared_positions(options, database)
        content = read_content(database)
        timeline = timeline_of_sums(database.connection, database.sums)
    tasks = _map_tasks(results, manifest, options, positions=positions, timeline=timeline, memory=memory_of(workers))
    works = [map_work(task, reported.edges) for task in tasks]
    failed, maps = _draw_maps(results, works, workers, progress)
    if failed:
        manifest["failed_maps"] = failed
    _write_page(results, manifest, positions, progress, content)
    return {name: manifest[name] for name in _ADDED if name in manifest}, maps


def _unreported(manifest: Manifest) -> Manifest:
    """Forget what this stage did, so that what is half rewritten is not taken for complete."""
    options = manifest.get("options", {})
    if "merge" not in options:
        raise ResultsError("the flows are not there: run `batchgraph merge` or `batchgraph run` first")
    kept = {name: value for name, value in manifest.items() if name not in _ADDED}
    return {**kept, "options": {name: value for name, value in options.items() if name != "report"}}


def _write_tables(results: ResultsDirectory, manifest: Manifest, progress: Progress, database: ReportDatabase) -> None:
    from batchgraph.naming.said import MAX_NAMES
    from batchgraph.render.tables import write_tables

    with progress.stage("tables", len(TABLES)) as stage:
        for name in write_tables(results, manifest, database):
            stage.advance(name)
    for capture in manifest.get("names_cut", ()):
        progress.problem(f"{capture}: it has more than {MAX_NAMES:,} names; tables/names.csv has those said first")


def _write_page(
    results: ResultsDirectory,
    manifest: Manifest,
    positions: Positions | None,
    progress: Progress,
    content: PageContent,
) -> None:
    from batchgraph.render.page import write_page

    with progress.stage("page", 1) as stage:
        write_page(results, manifest, content, positions=positions)
        stage.advance(results.page.name)


def _draw_maps(
    results: ResultsDirectory, maps: Sequence[MapWork], workers: int | Pool, progress: Progress
) -> tuple[list[dict[str, Any]], list[Path]]:
    """Draw all maps that are not there, remove what is none of them, and give those that failed, and all files."""
    from batchgraph.stages.map_work import copied_for_combined, draw_unless_done

    failed: dict[str, str] = {}
    problem = ""
    files: list[Path] = []
    tasks = [work.task for work in maps]
    with progress.stage("maps", len(tasks)) as stage:
        for index, result in fan_out(draw_unless_done, maps, workers=workers if len(tasks) > _FEW_MAPS else 0):
            if isinstance(result, WorkerLost) or result.problem:
                problem = result.reason if isinstance(result, WorkerLost) else result.problem
                failed[tasks[index].capture] = problem
                progress.problem(f"the map of {tasks[index].capture} could not be drawn: {problem}")
            else:
                files += result.files
            stage.advance(tasks[index].capture)
    if len(tasks) == 1 and tasks[0].capture != COMBINED:
        failed.update({COMBINED: problem} if problem else {})
        files += copied_for_combined(results.root, files)
    remove_maps_but(results.root, files)
    return [{"capture": name, "what": failed[name]} for name in sorted(failed)], sorted(files)


def _map_tasks(
    results: ResultsDirectory,
    manifest: Manifest,
    options: ReportOptions,
    *,
    positions: Positions | None,
    timeline: TimedTraffic,
    memory: int | None,
) -> list[MapTask]:
    from batchgraph.graph.results_view import captures_with_rows
    from batchgraph.render.maps import MapTask

    captures = captures_with_rows(manifest)
    merged = manifest["options"]["merge"]
    return [
        MapTask(
            root=results.root.absolute(),
            capture=capture,
            captures=captures,
            formats=options.formats,
            top=options.top,
            positions=positions,
            before_after=options.before_after,
            facet=options.facet,
            group=options.group,
            by=merged["by"],
            trust=merged["trust"],
            memory=memory,
            # That of all captures together was read with the tables.
            timeline=timeline if capture == COMBINED or len(captures) == 1 else None,
        )
        # All that a single capture shows is what all together show: half of the work.
        for capture in (captures if len(captures) == 1 else (COMBINED, *captures))
    ]


def _shared_positions(options: ReportOptions, database: ReportDatabase) -> Positions | None:
    """Place the hosts that maps show, once for all maps; None where each map is laid out by itself."""
    if options.layout != "stable":
        return None
    from batchgraph.render.layout import stable_positions
    from batchgraph.render.traffic import load_pairs

    return stable_positions(load_pairs(database.connection, top=options.top, most=_MOST_PLACED))
