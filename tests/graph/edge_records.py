"""Results directories as extract leaves them, made from rows written by hand: for tests of what comes after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from batchgraph.results import ResultsDirectory
from batchgraph.schema import FORMAT_VERSION, edge_schema

Row = Mapping[str, Any]

UDP = {"src": "10.0.0.1", "dst": "10.0.0.2", "type": "UDP", "proto": 17, "sport": 5353, "dport": 53, "load": 18}
"""A packet; the tests change what they are about."""


def edge_table(rows: Sequence[Row], *, capture: str = "a.pcap", first_frame: int = 1) -> pa.Table:
    """Build edge records; `time` is an integer of nanoseconds since 1970, and what a row lacks is null or harmless."""
    schema = edge_schema(capture)
    whole = [
        {"capture": capture, "frame": frame, "wire_len": 60, "cap_len": 60, "status": "ok", "trust": "sound", **row}
        for frame, row in enumerate(rows, first_frame)
    ]
    return pa.Table.from_arrays(
        [_column([row.get(field.name) for row in whole], field.type) for field in schema], schema=schema
    )


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).view(kind)
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)


def write_results(out: Path, captures: Mapping[str, Sequence[Row]], *, part_rows: int = 1000) -> ResultsDirectory:
    """Write edge records and ``run.json`` as extract does, `part_rows` rows in a part; none for a capture without."""
    results = ResultsDirectory(out)
    for capture, rows in captures.items():
        for number, start in enumerate(range(0, len(rows), part_rows)):
            table = edge_table(rows[start : start + part_rows], capture=capture, first_frame=start + 1)
            path = results.edges_part(capture, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, path, compression="zstd")
    results.write_manifest(
        {
            "format_version": FORMAT_VERSION,
            "version": "0.1.0",
            "options": {"extract": {"decoder": "table"}},
            "inputs": [
                {
                    "path": capture,
                    "capture": capture,
                    "status": "ok" if rows else "empty",
                    "packets": len(rows),
                    "rows": len(rows),
                    "problems": [],
                }
                for capture, rows in captures.items()
            ],
        }
    )
    return results
