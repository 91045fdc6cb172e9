"""The tables of features of all captures: joined, labelled, and with what was left out in their metadata."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from batchgraph.errors import UsageError
from batchgraph.features.declared import LABEL, Feature
from batchgraph.graph.csv_copy import copy_as_csv
from batchgraph.graph.rowgroups import write_rows
from batchgraph.graph.source import parquet_batches
from batchgraph.messages import escape
from batchgraph.schema import arrow_schema

Labels = Mapping[tuple[str, str], str]
"""Labels by capture and host; by no capture (``""``) where they hold for all."""


def read_labels(path: Path) -> Labels:
    """Read labels of hosts: CSV with the columns ``host`` and ``label``, and ``capture`` where they are not for all.

    What does not print in a label is escaped.

    Raises
    ------
    UsageError
        If the file cannot be read, lacks a column, or gives a host two labels.
    """
    labels: dict[tuple[str, str], str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"host", "label"} - set(reader.fieldnames or ())
            if missing:
                raise UsageError(f"the labels in {path} lack the column {', '.join(sorted(missing))}")
            for row in reader:
                key = ((row.get("capture") or "").strip(), (row["host"] or "").strip())
                label = escape((row["label"] or "").strip())
                if labels.setdefault(key, label) != label:
                    raise UsageError(f"the labels in {path} give {key[1]} two: {labels[key]} and {label}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the labels in {path} cannot be read: {error}") from error
    return labels


def write_table(
    path: Path,
    parts: Sequence[Path],
    *,
    features: Sequence[Feature],
    labels: Labels | None,
    metadata: Mapping[str, Any],
) -> int:
    """Write one table of features of all captures, as Parquet and beside it as CSV.

    Parameters
    ----------
    path
        Of the Parquet file.
    parts
        The tables of the captures, in order.
    features
        The columns.
    labels
        Adds the column ``label`` by ``host``; None: no such column.
    metadata
        Added to the schema's, as JSON.

    Returns
    -------
    rows
        How many there are.
    """
    features = features if labels is None else [*features, LABEL]
    columns = [feature.column for feature in features]
    schema = arrow_schema(columns)
    said = {"batchgraph.features": json.dumps(metadata, sort_keys=True)}
    schema = schema.with_metadata({**(schema.metadata or {}), **{k: v.encode() for k, v in said.items()}})
    rows = write_rows(path, _rows(parts, labels), schema=schema)
    copy_as_csv(path, path.with_suffix(".csv"), columns)
    return rows


def _rows(parts: Sequence[Path], labels: Labels | None) -> Iterator[pa.RecordBatch]:
    for part in parts:
        for batch in parquet_batches(part):
            yield batch if labels is None else batch.append_column(LABEL.name, _labels(batch, labels))


def _labels(batch: pa.RecordBatch, labels: Labels) -> pa.Array:
    pairs = zip(batch.column("capture").to_pylist(), batch.column("host").to_pylist(), strict=True)
    return pa.array([labels.get(pair, labels.get(("", pair[1]))) for pair in pairs], pa.string())
