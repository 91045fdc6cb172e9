"""What a worker does of the first stage: captures to edge records, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from batchgraph.anonymize import Anonymizer, read_key
from batchgraph.capture.find import FoundCapture
from batchgraph.capture.reader import open_capture
from batchgraph.capture.split import part_octets
from batchgraph.decode.decoder import Decoder, Tunnels, make_decoder
from batchgraph.naming.collect import collect_names
from batchgraph.naming.part import write_names
from batchgraph.naming.said import Collected
from batchgraph.receipts import file_digest, has_receipt, key_of, read_receipt, write_receipt
from batchgraph.results import ResultsDirectory
from batchgraph.stages.edges import EdgeWriter
from batchgraph.stages.input_record import Counts, InputRecord, input_record
from batchgraph.watch import Journal

if TYPE_CHECKING:
    from batchgraph.capture.index import Accounting, Window
    from batchgraph.wire import Header


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
    key
        A file with a key, as for `batchgraph.anonymize.read_key`, by which all addresses are renamed; names and
        comments are left out then. None: addresses stay as they are.
    split
        Octets of the largest capture that is read in one piece; None: all are.

    Raises
    ------
    UsageError
        If there is no key in the file.
    """

    decoder: Literal["table", "scapy"] = "table"
    tunnels: Tunnels = "inner"
    max_expanded: int | None = None
    key: Path | None = None
    split: int | None = 256 << 20

    def __post_init__(self) -> None:
        self.anonymizer()

    def anonymizer(self) -> Anonymizer | None:
        """Give what renames addresses, None where they stay."""
        return None if self.key is None else Anonymizer(read_key(self.key))

    def as_json(self, anonymizer: Anonymizer | None) -> dict[str, Any]:
        """Give the options as ``run.json`` holds them: of a key nothing but a digest, as ``anonymized``."""
        options = {name: value for name, value in asdict(self).items() if name != "key"}
        return options if anonymizer is None else {**options, "anonymized": anonymizer.fingerprint}


@dataclass(frozen=True, slots=True)
class ExtractTask:
    """One capture to extract: what a worker needs to know."""

    found: FoundCapture
    out: str
    options: ExtractOptions
    headers: tuple[Header, ...]
    anonymizer: Anonymizer | None = None


def extract_captures(tasks: Sequence[ExtractTask], *, journal: Journal | None = None) -> list[InputRecord]:
    """Write the edge records of captures, one after the other, all by the options of the first.

    Each is told to the journal, if there is one, when it begins and when it ends.

    What is wrong with a capture is said in what is returned. One that an earlier run finished is passed over.

    Raises
    ------
    OutputError
        If the records cannot be written.
    """
    decoder: Decoder | None = None
    records = []
    for task in tasks:
        if journal:
            journal.begin(task.found.capture)
        record = done_before(task)
        if record is None:
            options = task.options
            decoder = decoder or make_decoder(options.decoder, tunnels=options.tunnels, headers=task.headers)
            record = _extract_capture(task, decoder)
        if journal:
            journal.end(record)
        records.append(record)
    return records


def _extract_capture(task: ExtractTask, decoder: Decoder) -> InputRecord:
    capture, root = task.found.capture, Path(task.out)
    results = ResultsDirectory(root)
    reader = open_capture(task.found.path, max_expanded=task.options.max_expanded)
    results.keep_parts(capture, 0)
    counts = write_part(task, reader.windows(), decoder)
    return conclude(task, reader.accounting, counts)


def write_part(
    task: ExtractTask, windows: Iterable[Window], decoder: Decoder, *, number: int = 0, before: int = 0
) -> Counts:
    """Write the edge records and the names of a capture, or of a part of one with so many packets before it.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    capture, results = task.found.capture, ResultsDirectory(Path(task.out))
    counts, names = Counts(), Collected() if task.anonymizer is None else None
    with EdgeWriter(results.edges_part(capture, number), capture, task.anonymizer, before=before) as writer:
        _write_rows(windows, decoder, writer, counts, names)
    if names is not None:
        write_names(results.names_part(capture, number), capture, names)
    return counts


def conclude(task: ExtractTask, accounting: Accounting, counts: Counts) -> InputRecord:
    """Give the record of a capture that is written, and leave a receipt for it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    capture, root = task.found.capture, Path(task.out)
    results = ResultsDirectory(root)
    for folder in (results.edges_folder(capture), results.names_folder(capture)):
        _remove_empty(folder)
    record = input_record(task.found, accounting, counts, sum(counts.statuses.values()))
    if task.anonymizer is not None:
        record["notes"] = {name: value for name, value in record["notes"].items() if name.startswith("n_")}
    if record["status"] not in UNSETTLED:
        key = _key(task, record["sha256"])
        write_receipt(root, f"extract/{capture}", key, files=_files(results, capture), body=record)
    return record


def _files(results: ResultsDirectory, capture: str) -> list[Path]:
    return [*results.edge_parts(capture), *results.names_parts(capture)]


UNSETTLED = ("changed", "failed")
"""Statuses of captures that the next run reads again."""


def _key(task: ExtractTask, sha256: str) -> str:
    """Digest what a capture's edge records depend on."""
    found = task.found
    return key_of(path=found.relative, capture=found.capture, sha256=sha256, **settings(task))


def settings(task: ExtractTask) -> dict[str, object]:
    """Give what a capture's edge records depend on besides its octets; how large others may be does not count."""
    octets = part_octets(task.found.size, task.options.split)
    return {"options": {**task.options.as_json(task.anonymizer), "split": octets}, "headers": task.headers}


def done_before(task: ExtractTask) -> InputRecord | None:
    """Give the record of a capture that an earlier run finished, if nothing has changed since."""
    if not has_receipt(Path(task.out), f"extract/{task.found.capture}"):
        return None
    try:
        sha256 = file_digest(Path(task.found.path))
    except OSError:
        return None  # reading it will say what is wrong
    done: InputRecord | None = read_receipt(Path(task.out), f"extract/{task.found.capture}", _key(task, sha256))
    return done


def _write_rows(
    windows: Iterable[Window], decoder: Decoder, writer: EdgeWriter, counts: Counts, names: Collected | None
) -> None:
    group = decoder.group
    group.clear()
    for window in windows:
        first = 0
        while first < len(window.index):
            row = group.n
            after = decoder.decode(window, first)
            if names is not None:
                collect_names(names, window, first, group, row, frame=writer.next_frame + row)
            first = after
            if group.n == group.capacity:
                _flush(decoder, writer, counts)
    if group.n:
        _flush(decoder, writer, counts)


def _flush(decoder: Decoder, writer: EdgeWriter, counts: Counts) -> None:
    group = decoder.group
    group.count_statuses(counts.statuses, counts.stopped_in, counts.trust)
    counts.unknown_link_types |= group.unknown_link_types()
    writer.write(group)
    group.clear()


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
