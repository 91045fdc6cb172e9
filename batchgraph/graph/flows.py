"""Flows: what an edge of the default graph is, added up from edge records, and over captures from flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from batchgraph.graph.database import (
    BATCH_ROWS,
    literal_path,
    open_database,
    query_batches,
    quoted,
    reading_errors,
)
from batchgraph.graph.key_ranges import key_ranges
from batchgraph.graph.rowgroups import write_rows
from batchgraph.schema import COMBINED_FLOW_COLUMNS, FLOW_COLUMNS, FLOW_KEY, arrow_schema

_SUMS_OF_PACKETS = {
    "packets": "count(*)",
    "octets": "sum(wire_len)::BIGINT",
    "load": "coalesce(sum(load), 0)::BIGINT",
    "first": "min(time)",
    "last": "max(time)",
    "tcp_flags": "bit_or(tcp_flags)",
}

_SUMS_OF_FLOWS = {
    "packets": "sum(packets)::BIGINT",
    "octets": "sum(octets)::BIGINT",
    "load": "sum(load)::BIGINT",
    "first": 'min("first")',
    "last": 'max("last")',
    "tcp_flags": "bit_or(tcp_flags)",
    "captures": "count(*)",
}


def write_capture_flows(
    parts: Sequence[Path],
    path: Path,
    *,
    capture: str,
    trust: Sequence[str],
    spill: Path | None = None,
    threads: int = 1,
    memory: int | None = None,
) -> int:
    """Write the flows of one capture, ordered by their key, nulls first and text by its octets.

    Parameters
    ----------
    parts
        The capture's edge records, at least one file.
    path
        ``flows/<id>.parquet``.
    capture
        Its id.
    trust
        Values of the column ``trust`` whose packets count.
    spill, threads, memory
        For the query, as for `batchgraph.graph.database.open_database`.

    Returns
    -------
    flows
        How many there are. Packets without ``src`` or ``dst`` are in none.
    """
    names = ", ".join(f"'{name}'" for name in trust)
    rows = f"read_parquet($paths) WHERE src IS NOT NULL AND dst IS NOT NULL AND trust IN ({names})"
    with open_database(spill, threads=threads, memory=memory) as connection:
        batches = (_with_capture(batch, capture) for batch in _sums(connection, rows, parts, _SUMS_OF_PACKETS))
        return write_rows(path, batches, schema=arrow_schema(FLOW_COLUMNS, capture=capture))


def write_combined_flows(
    flows: Sequence[Path], path: Path, *, spill: Path | None = None, threads: int = 1, memory: int | None = None
) -> int:
    """Write the flows of all captures together, ordered by their key.

    Parameters
    ----------
    flows
        The files that `write_capture_flows` wrote; none gives a file without rows.
    path
        ``flows/combined.parquet``.
    spill, threads, memory
        For the query, as for `batchgraph.graph.database.open_database`.

    Returns
    -------
    flows
        How many there are.
    """
    schema = arrow_schema(COMBINED_FLOW_COLUMNS)
    if not flows:
        return write_rows(path, [], schema=schema)
    if len(flows) == 1:
        # The flows of one capture are the sums already, and in order; adding up and sorting again would double merge.
        return write_rows(path, _counted_once(flows[0]), schema=schema)
    with open_database(spill, threads=threads, memory=memory) as connection:
        return write_rows(
            path, _sums(connection, "read_parquet($paths) WHERE true", flows, _SUMS_OF_FLOWS), schema=schema
        )


def _sums(
    connection: duckdb.DuckDBPyConnection, rows: str, files: Sequence[Path], sums: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """Add rows of Parquet files up by flow, in the order of the key."""
    with reading_errors():
        n_rows = sum(pq.read_metadata(file).num_rows for file in files)
        parameters = {"paths": [literal_path(file) for file in files]}
        ranges = list(key_ranges(connection, rows, columns=("src", "dst"), parameters=parameters, n_rows=n_rows))
    for condition in ranges:
        query = f"SELECT {_grouped(sums)} FROM {rows} AND {condition} {_by_key()}"
        yield from query_batches(connection, query, parameters=parameters)


def _with_capture(batch: pa.RecordBatch, capture: str) -> pa.RecordBatch:
    return batch.append_column("capture", pa.repeat(pa.scalar(capture), batch.num_rows))


def _counted_once(path: Path) -> Iterator[pa.RecordBatch]:
    with reading_errors(), pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            yield batch.append_column("captures", pa.array(np.ones(batch.num_rows, np.int64)))


def _grouped(sums: Mapping[str, str]) -> str:
    return ", ".join([quoted(FLOW_KEY), *(f'{expression} AS "{name}"' for name, expression in sums.items())])


def _by_key() -> str:
    order = ", ".join(f'"{name}" ASC NULLS FIRST' for name in FLOW_KEY)
    return f"GROUP BY {quoted(FLOW_KEY)} ORDER BY {order}"
