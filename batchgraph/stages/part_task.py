"""What a worker does of a large capture: one part's edge records, or the hash of it all."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchgraph.capture.split import Part, PartReader
from batchgraph.capture.stored import StoredFile
from batchgraph.decode.decoder import Decoder, make_decoder
from batchgraph.receipts import has_receipt, key_of, read_receipt, write_receipt
from batchgraph.results import ResultsDirectory
from batchgraph.stages.capture_task import ExtractTask, settings, write_part
from batchgraph.stages.input_record import Counts
from batchgraph.watch import Journal

if TYPE_CHECKING:
    from batchgraph.stages.guard import Limits

PARTS = "parts"
"""The receipts of parts, which are wanted until their captures are done."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work on a large capture.

    Attributes
    ----------
    task
        The capture.
    part
        Which part; None for the hash of it all.
    journal
        Where the worker tells what it works on; empty where nobody wants to know.
    limits
        What the worker has to keep itself; None: nothing.
    """

    task: ExtractTask
    part: Part | None = None
    journal: str = ""
    limits: Limits | None = None


@dataclass(slots=True)
class PieceDone:
    """What came of a piece.

    Attributes
    ----------
    identity
        Of the file, see `StoredFile`, where it was read to the end and did not change by then.
    counts
        Of a part's rows.
    sha256
        Of the whole file.
    """

    identity: tuple[int, ...] = ()
    counts: Counts = field(default_factory=Counts)
    sha256: str = ""


def extract_piece(piece: Piece) -> PieceDone:
    """Write the edge records of a part, or hash the whole; what an earlier run finished is passed over.

    Raises
    ------
    OutputError
        If the records cannot be written.
    """
    journal = Journal(piece.journal) if piece.journal else None
    if journal:
        journal.begin(piece.task.found.capture)
    done = _hash(piece.task) if piece.part is None else _extract_part(piece.task, piece.part)
    if journal:
        journal.end({})
    return done


def _hash(task: ExtractTask) -> PieceDone:
    try:
        stored = StoredFile(task.found.path)
    except OSError:
        return PieceDone()
    with stored:
        stored.read_rest()
        return PieceDone(() if stored.error or stored.change() else stored.identity, sha256=stored.sha256)


def _extract_part(task: ExtractTask, part: Part) -> PieceDone:
    root, capture = Path(task.out), task.found.capture
    name, key = f"{PARTS}/{capture}/{part.number:05d}", key_of(capture=capture, part=part, **settings(task))
    if has_receipt(root, name) and (body := read_receipt(root, name, key)):
        return PieceDone(part.identity, _counts(body))
    reader = PartReader(task.found.path, part)
    counts = write_part(task, reader.windows(), _decoder_for(task), number=part.number, before=part.start.packets)
    if not reader.is_whole:
        return PieceDone()
    results = ResultsDirectory(root)
    written = [results.edges_part(capture, part.number), results.names_part(capture, part.number)]
    body = asdict(counts) | {"unknown_link_types": sorted(counts.unknown_link_types)}
    write_receipt(root, name, key, files=[path for path in written if path.exists()], body=body)
    return PieceDone(part.identity, counts)


_decoders: dict[str, tuple[object, Decoder]] = {}


def _decoder_for(task: ExtractTask) -> Decoder:
    """Give the decoder of the part before where it is the same: new memory costs a tenth of what decoding does."""
    options = task.options
    key = options.decoder, options.tunnels, task.headers
    if _decoders.get("last", ("",))[0] != key:
        _decoders["last"] = key, make_decoder(options.decoder, tunnels=options.tunnels, headers=task.headers)
    return _decoders["last"][1]


def _counts(body: dict[str, Any]) -> Counts:
    return Counts(**body | {"unknown_link_types": set(body["unknown_link_types"])})
