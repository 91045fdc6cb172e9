"""The first stage: from captures to edge records, one row per packet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from batchgraph.capture.find import FoundCapture, FoundCaptures, find_captures
from batchgraph.capture.reader import CaptureReader, open_capture
from batchgraph.claim import claimed
from batchgraph.decode.decoder import Decoder, Tunnels, make_decoder
from batchgraph.decode.warm_up import is_warm, warm_up
from batchgraph.parallel import Pool, WorkerLost, as_pool, fan_out
from batchgraph.progress import NoProgress, Progress
from batchgraph.receipts import file_digest, forget_all_but, has_receipt, key_of, read_receipt, write_receipt
from batchgraph.results import Manifest, ResultsDirectory, program_version, remove_all_but
from batchgraph.schema import FORMAT_VERSION
from batchgraph.stages.edges import EdgeWriter
from batchgraph.wire import added
from batchgraph.wire.names import link_type_text

if TYPE_CHECKING:
    from batchgraph.wire import Header

InputRecord = dict[str, Any]
"""What ``run.json`` says of one input."""


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """What extraction depends on, besides the captures.

    Parameters
    ----------
    decoder
        ``table``: the compiled kernel and the protocol table. ``scapy``: the reference, some hundred times slower.
    tunnels
        ``inner``: decode to the innermost IP header. ``outer``: stop at the outermost.
    max_expanded
        Octets that a compressed capture may expand to; None: no limit but that on its ratio.
    """

    decoder: Literal["table", "scapy"] = "table"
    tunnels: Tunnels = "inner"
    max_expanded: int | None = None


@dataclass(frozen=True, slots=True)
class ExtractTask:
    """One capture to extract: what a worker needs to know."""

    found: FoundCapture
    out: str
    options: ExtractOptions
    headers: tuple[Header, ...]


@dataclass(slots=True)
class _Counts:
    """What is counted while rows are written."""

    statuses: dict[str, int] = field(default_factory=dict)
    stopped_in: dict[str, int] = field(default_factory=dict)
    trust: dict[str, int] = field(default_factory=dict)
    unknown_link_types: set[int] = field(default_factory=set)


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
    tasks = [ExtractTask(capture, os.fspath(results.root), options, added()) for capture in found.inputs]
    done: dict[str, InputRecord] = {}
    with progress.stage("extract", len(tasks)) as stage:
        for record in _extract_all(tasks, workers):
            done[record["capture"]] = record
            for problem in record["problems"]:
                progress.problem(describe(record, problem))
            stage.advance(record["path"])
    records = [done[task.found.capture] for task in tasks]
    remove_all_but(results.root / "edges", {record["capture"] for record in records if record["rows"]})
    forget_all_but(results.root, "extract", {record["capture"] for record in records})
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
            yield from [_lost(retried[number], outcome)] if isinstance(outcome, WorkerLost) else outcome


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


def extract_captures(tasks: Sequence[ExtractTask]) -> list[InputRecord]:
    """Write the edge records of captures, one after the other, all by the options of the first.

    What is wrong with a capture is said in what is returned. One that an earlier run finished is passed over.

    Raises
    ------
    OutputError
        If the records cannot be written.
    """
    decoder: Decoder | None = None
    records = []
    for task in tasks:
        record = _done_before(task)
        if record is None:
            options = task.options
            decoder = decoder or make_decoder(options.decoder, tunnels=options.tunnels, headers=task.headers)
            record = _extract_capture(task, decoder)
        records.append(record)
    return records


def _extract_capture(task: ExtractTask, decoder: Decoder) -> InputRecord:
    capture, root = task.found.capture, Path(task.out)
    results = ResultsDirectory(root)
    reader = open_capture(task.found.path, max_expanded=task.options.max_expanded)
    remove_all_but(results.edges_folder(capture), set())
    counts = _Counts()
    with EdgeWriter(results.edges_part(capture), capture) as writer:
        _write_rows(reader, decoder, writer, counts)
    if writer.rows == 0:
        _remove_empty(results.edges_folder(capture))
    record = _record(task, reader, counts, writer.rows)
    if record["status"] not in _UNSETTLED:
        key = _key(task, record["sha256"])
        write_receipt(root, f"extract/{capture}", key, files=results.edge_parts(capture), body=record)
    return record


_UNSETTLED = ("changed", "failed")
"""Statuses of captures that the next run reads again."""


def _key(task: ExtractTask, sha256: str) -> str:
    """Digest what a capture's edge records depend on."""
    found = task.found
    return key_of(path=found.relative, capture=found.capture, sha256=sha256, options=asdict(task.options),
                  headers=task.headers)  # fmt: skip


def _done_before(task: ExtractTask) -> InputRecord | None:
    """Give the record of a capture that an earlier run finished, if nothing has changed since."""
    if not has_receipt(Path(task.out), f"extract/{task.found.capture}"):
        return None
    try:
        sha256 = file_digest(Path(task.found.path))
    except OSError:
        return None  # reading it will say what is wrong
    done: InputRecord | None = read_receipt(Path(task.out), f"extract/{task.found.capture}", _key(task, sha256))
    return done


def _write_rows(reader: CaptureReader, decoder: Decoder, writer: EdgeWriter, counts: _Counts) -> None:
    group = decoder.group
    group.clear()
    for window in reader.windows():
        first = 0
        while first < len(window.index):
            first = decoder.decode(window, first)
            if group.n == group.capacity:
                _flush(decoder, writer, counts)
    if group.n:
        _flush(decoder, writer, counts)


def _flush(decoder: Decoder, writer: EdgeWriter, counts: _Counts) -> None:
    group = decoder.group
    group.count_statuses(counts.statuses, counts.stopped_in, counts.trust)
    counts.unknown_link_types |= group.unknown_link_types()
    writer.write(group)
    group.clear()


def _remove_empty(folder: Path) -> None:
    if folder.is_dir():
        folder.rmdir()


def _record(task: ExtractTask, reader: CaptureReader, counts: _Counts, rows: int) -> InputRecord:
    """Give what ``run.json`` says of a capture."""
    accounting = reader.accounting
    problems = [asdict(problem) for problem in accounting.problems]
    status = accounting.status
    if status == "empty":
        problems.append({"offset": 0, "what": "the file is empty", "kept": "", "lost": ""})
    if counts.unknown_link_types:
        numbers = ", ".join(link_type_text(number) for number in sorted(counts.unknown_link_types))
        n = counts.stopped_in["link"]
        problems.append(
            {
                "offset": 0,
                "what": f"no decoder for link type {numbers}",
                "kept": "a row for each packet",
                "lost": f"what {n} of them hold",
            }
        )
        status = "unsupported" if status == "ok" else status
    return {
        "path": task.found.relative,
        "capture": task.found.capture,
        "status": status,
        "sha256": accounting.sha256,
        "size": accounting.size,
        "format": accounting.format,
        "link_types": sorted(accounting.link_types),
        "packets": accounting.packets,
        "rows": rows,
        "statuses": counts.statuses,
        "stopped_in": dict(sorted(counts.stopped_in.items())),
        "trust": counts.trust,
        "octets": accounting.octets,
        "problems": problems,
        "notes": accounting.notes,
    }


def _lost(task: ExtractTask, lost: WorkerLost) -> InputRecord:
    """Give what ``run.json`` says of a capture whose worker died, twice."""
    problem = {"offset": 0, "what": lost.reason, "kept": "nothing", "lost": "the capture"}
    return {
        "path": task.found.relative,
        "capture": task.found.capture,
        "status": "failed",
        "sha256": "",
        "size": task.found.size,
        "format": "",
        "link_types": [],
        "packets": 0,
        "rows": 0,
        "statuses": {},
        "stopped_in": {},
        "trust": {},
        "octets": {},
        "problems": [problem],
        "notes": {},
    }


def describe(record: InputRecord, problem: dict[str, Any]) -> str:
    """Say one problem of an input in one line."""
    status = record["status"]
    what = problem["what"].removeprefix(f"{status}: ")
    parts = [f"{record['path']}: {'' if status == 'ok' else f'{status}, '}at octet {problem['offset']:,}: {what}"]
    parts += [f"kept {problem['kept']}"] if problem["kept"] else []
    parts += [f"lost {problem['lost']}"] if problem["lost"] else []
    return "; ".join(parts)
