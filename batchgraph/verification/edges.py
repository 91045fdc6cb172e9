"""Whether the edge records of a capture are there, whole, and as many of each kind as ``run.json`` says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from batchgraph.exit_codes import InputEntry
from batchgraph.graph.database import reading_errors
from batchgraph.graph.source import parquet_batches
from batchgraph.results import ResultsDirectory
from batchgraph.schema import edge_schema
from batchgraph.verification.checks import EXTRACT_AGAIN, Check, look, relative

_COUNTED = {"statuses": "status", "stopped_in": "stopped_in", "trust": "trust"}
"""What ``run.json`` counts, and the column it counts."""


def check_edges(results: ResultsDirectory, entry: InputEntry) -> Check:
    """Check the edge records of one capture, reading every one of them."""
    place = relative(results.root, results.edges_folder(entry["capture"]))
    return look("edges", place, EXTRACT_AGAIN, lambda: _problem(results, entry))


def _problem(results: ResultsDirectory, entry: InputEntry) -> str | None:
    capture = entry["capture"]
    parts = results.edge_parts(capture)
    names = [results.edges_part(capture, number).name for number in range(len(parts))]
    if [part.name for part in parts] != names:
        return f"parts are missing before {parts[-1].name}"
    for part in parts:
        if what := schema_problem(part, edge_schema(capture)):
            return f"{part.name}: {what}"
    with reading_errors():
        rows = sum(pq.read_metadata(part).num_rows for part in parts)
    if rows != entry["rows"]:
        return f"{rows} rows, run.json says {entry['rows']}"
    return _content_problem(parts, entry)


def schema_problem(path: Path, wanted: pa.Schema) -> str | None:
    """Say how the columns of a Parquet file differ from those declared, types and metadata included."""
    with reading_errors():
        found = pq.read_schema(path)
    if found.equals(wanted, check_metadata=True):
        return None
    if found.names != wanted.names:
        return f"the columns are {', '.join(found.names)}, not {', '.join(wanted.names)}"
    for one, other in zip(found, wanted, strict=True):
        if not one.equals(other, check_metadata=True):
            return f"column {one.name} is {one.type}, not {other.type} as declared, or its description differs"
    return f"the metadata are {found.metadata}, not {wanted.metadata}"


def _content_problem(parts: Sequence[Path], entry: InputEntry) -> str | None:
    counts: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
    first = 1
    for part in parts:
        for batch in parquet_batches(part):
            if what := _numbering_problem(batch, entry["capture"], first):
                return f"{part.name}: {what}"
            first += batch.num_rows
            for name, column in _COUNTED.items():
                counts[name].update(_value_counts(batch.column(column)))
    for name, found in counts.items():
        if dict(found) != {value: count for value, count in entry[name].items() if count}:
            return f"{name} are {dict(sorted(found.items()))}, run.json says {dict(sorted(entry[name].items()))}"
    return None


def _numbering_problem(batch: pa.RecordBatch, capture: str, first: int) -> str | None:
    frames = batch.column("frame").to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(frames != np.arange(first, first + len(frames), dtype=np.uint64))
    if len(wrong):
        return f"row {first + int(wrong[0])} has frame number {int(frames[wrong[0]])}"
    others = set(pc.unique(batch.column("capture")).cast(pa.string()).to_pylist()) - {capture}
    return f"rows are of the capture {min(map(str, others))!r}" if others else None


def _value_counts(column: pa.Array) -> dict[str, int]:
    counted = pc.value_counts(column.drop_null())
    values, counts = counted.field("values"), counted.field("counts")
    return dict(zip(values.cast(pa.string()).to_pylist(), counts.to_pylist(), strict=True))
