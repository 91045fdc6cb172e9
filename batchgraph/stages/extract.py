"""The first stage: from captures to edge records, one row per packet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from batchgraph.capture.find import FoundCaptures, find_captures
from batchgraph.claim import claimed
from batchgraph.decode.warm_up import is_warm, warm_up
from batchgraph.parallel import Pool, WorkerLost, as_pool, fan_out
from batchgraph.progress import NoProgress, Progress
from batchgraph.receipts import forget_all_but
from batchgraph.results import Manifest, ResultsDirectory, program_version, remove_all_but
from batchgraph.schema import FORMAT_VERSION
from batchgraph.stages.capture_task import ExtractOptions, ExtractTask, extract_captures
from batchgraph.stages.input_record import InputRecord, alias_record, describe, lost_record
from batchgraph.wire import added


def extract(
    inputs: Sequence[str | Path],
    out: Path,
    *,
    options: ExtractOptions | None = None,
    workers: int | Pool = 0,
    progress: Progress | None = None,
) -> Manifest:
    """Write the edge records of every capture among `inputs`, and ``run.json``.

    Parameters
    ----------
    inputs
        Files, folders and globs.
    out
        The results directory; made where it is missing.
    options
        The defaults where None.
    workers
        Processes to use, 0 for this one, or a pool of them.
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
    found = find_captures(inputs)
    with claimed(out):
        return _extract(found, ResultsDirectory(out), options, workers, progress)


def _extract(
    found: FoundCaptures, results: ResultsDirectory, options: ExtractOptions, workers: int | Pool, progress: Progress
) -> Manifest:
    results.discard_manifest()
    if options.decoder == "table" and not is_warm():
        with progress.stage("compile the decoder, once for this machine", 1) as stage:
            warm_up()
            stage.advance()
    root, headers = os.fspath(results.root), added()
    tasks = [ExtractTask(capture, root, options, headers) for capture in found.inputs if not capture.same_as]
    done: dict[str, InputRecord] = {}
    with progress.stage("extract", len(tasks)) as stage:
        for record in _extract_all(tasks, workers):
            done[record["capture"]] = record
            for problem in record["problems"]:
                progress.problem(describe(record, problem))
            stage.advance(record["path"])
    records = [
        alias_record(capture, done[capture.same_as]) if capture.same_as else done[capture.capture]
        for capture in found.inputs
    ]
    remove_all_but(results.root / "edges", {record["capture"] for record in records if record["rows"]})
    forget_all_but(results.root, "extract", set(done))
    manifest: Manifest = {
        "format_version": FORMAT_VERSION,
        "version": program_version(),
        "options": {"extract": asdict(options)},
        "inputs": records,
        "passed_over": list(found.passed_over),
    }
    results.write_manifest(manifest)
    return manifest


PACK_OCTETS = {"table": 64 << 20, "scapy": 64 << 10}
"""Octets of captures that one worker's task holds at least, by decoder: about half a second's work, so that 100,000
small captures are not 100,000 tasks."""


def _extract_all(tasks: Sequence[ExtractTask], workers: int | Pool) -> Iterator[InputRecord]:
    """Extract captures in packs; those of a pack whose worker died are tried once more, each by itself.

    So none is decoded more than twice.
    """
    packs = list(_packs(tasks))
    retried: list[ExtractTask] = []
    with as_pool(workers) as pool:
        for number, outcome in fan_out(extract_captures, packs, workers=pool, attempts=1):
            if isinstance(outcome, WorkerLost):
                retried += packs[number]
            else:
                yield from outcome
        alone = [(task,) for task in retried]
        for number, outcome in fan_out(extract_captures, alone, workers=pool, attempts=1):
            yield from [lost_record(retried[number].found, outcome)] if isinstance(outcome, WorkerLost) else outcome


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
