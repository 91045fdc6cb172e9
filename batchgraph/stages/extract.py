"""The first stage: from captures to edge records, one row per packet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from batchgraph.capture.find import FoundCaptures, find_captures
from batchgraph.claim import claimed
from batchgraph.decode.warm_up import is_warm, warm_up
from batchgraph.parallel import Pool, as_pool
from batchgraph.progress import NoProgress, Progress
from batchgraph.receipts import forget, forget_all_but
from batchgraph.results import Manifest, ResultsDirectory, anonymized_by, program_version, remove_all_but
from batchgraph.schema import FORMAT_VERSION
from batchgraph.stages.capture_task import ExtractOptions, ExtractTask, extract_captures
from batchgraph.stages.guard import Limits, extract_guarded
from batchgraph.stages.input_record import InputRecord, alias_record, describe, remarks
from batchgraph.stages.large import extract_large
from batchgraph.stages.part_task import PARTS
from batchgraph.wire import added


def extract(
    inputs: Sequence[str | Path] | FoundCaptures,
    out: Path,
    *,
    options: ExtractOptions | None = None,
    limits: Limits | None = None,
    workers: int | Pool = 0,
    progress: Progress | None = None,
) -> Manifest:
    """Write the edge records of every capture among `inputs`, and ``run.json``.

    Parameters
    ----------
    inputs
        Files, folders and globs, or what was found among them.
    out
        The results directory; made where it is missing.
    options
        The defaults where None.
    limits
        What one capture may take. None: the defaults, but no limit, and no guard, where `workers` is 0.
    workers
        Processes to use, 0 for this one, or a pool of them. With limits, this process decodes nothing itself.
    progress
        Told about every capture and every problem.

    Returns
    -------
    manifest
        As written to ``run.json``.

    Raises
    ------
    NoCapturesError
        If there is no capture among the inputs.
    OutputError
        If the results directory cannot be written.
    OutputBusyError
        If another run is using it.

    Notes
    -----
    A capture is passed over when its receipt says that its octets, the options and this program are what they were,
    and its edge records are still there as they were written.
    """
    options = options or ExtractOptions()
    progress = progress or NoProgress()
    found = inputs if isinstance(inputs, FoundCaptures) else find_captures(inputs)
    with claimed(out):
        return _extract(found, ResultsDirectory(out), options, workers, progress, limits=limits)


def _extract(
    found: FoundCaptures,
    results: ResultsDirectory,
    options: ExtractOptions,
    workers: int | Pool,
    progress: Progress,
    *,
    limits: Limits | None,
) -> Manifest:
    anonymizer = options.anonymizer()
    if anonymizer is not None and anonymized_by(results) != anonymizer.fingerprint:
        results.remove_made()
        forget(results.root)
    results.discard_manifest()
    if options.decoder == "table" and not is_warm():
        with progress.stage("compile the decoder, once for this machine", 1) as stage:
            warm_up()
            stage.advance()
    root, headers = os.fspath(results.root.absolute()), added()
    tasks = [
        ExtractTask(capture, root, options, headers, anonymizer) for capture in found.inputs if not capture.same_as
    ]
    done: dict[str, InputRecord] = {}
    with progress.stage("extract", len(tasks)) as stage:
        for record in _extract_all(tasks, workers, limits):
            done[record["capture"]] = record
            for problem in record["problems"]:
                progress.problem(describe(record, problem))
            for remark in remarks(record):
                progress.problem(remark)
            stage.advance(record["path"])
    records = [
        alias_record(capture, done[capture.same_as]) if capture.same_as else done[capture.capture]
        for capture in found.inputs
    ]
    for folder in ("edges", "names"):
        remove_all_but(results.root / folder, {record["capture"] for record in records if record["rows"]})
    forget_all_but(results.root, "extract", set(done))
    forget_all_but(results.root, PARTS, set())
    manifest: Manifest = {
        "format_version": FORMAT_VERSION,
        "version": program_version(),
        "options": {"extract": options.as_json(anonymizer)},
        "inputs": records,
        "passed_over": list(found.passed_over),
    }
    results.write_manifest(manifest)
    return manifest


PACK_OCTETS = {"table": 64 << 20, "scapy": 64 << 10}
"""Octets of captures that one worker's task holds at least, by decoder: about half a second's work, so that 100,000
small captures are not 100,000 tasks."""


def _extract_all(tasks: Sequence[ExtractTask], workers: int | Pool, limits: Limits | None) -> Iterator[InputRecord]:
    """Extract large captures in parts, others in packs: in this process without any guard, or where none can end it."""
    is_guarded = workers != 0 or limits is not None
    with as_pool(workers) as pool:
        rest = yield from extract_large(tasks, pool, (limits or Limits()) if is_guarded else None)
        packs = list(_packs(rest))
        if is_guarded:
            yield from extract_guarded(packs, pool, limits or Limits())
    if not is_guarded:
        for pack in packs:
            yield from extract_captures(pack)


def _packs(tasks: Sequence[ExtractTask]) -> Iterator[tuple[ExtractTask, ...]]:
    pack: list[ExtractTask] = []
    octets = 0
    for task in tasks:
        pack.append(task)
        octets += task.found.size
        if octets >= PACK_OCTETS[task.options.decoder]:
            yield tuple(pack)
            pack, octets = [], 0
    if pack:
        yield tuple(pack)
