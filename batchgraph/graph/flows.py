"""Flows: what an edge of the default graph is, added up from edge records, and over captures from flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

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
    query = f"""
        SELECT $capture AS capture, {_grouped(_SUMS_OF_PACKETS)}
        FROM read_parquet($paths)
        WHERE src IS NOT NULL AND dst IS NOT NULL AND trust IN (SELECT unnest($trust))
        {_by_key()}
    """
    parameters = {"paths": [literal_path(part) for part in parts], "capture": capture, "trust": list(trust)}
    with open_database(spill, threads=threads, memory=memory) as connection:
        batches = query_batches(connection, query, parameters=parameters)
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
    query = f"SELECT {_grouped(_SUMS_OF_FLOWS)} FROM read_parquet($paths) {_by_key()}"
    with open_database(spill, threads=threads, memory=memory) as connection:
        return write_rows(
            path,
            query_batches(connection, query, parameters={"paths": [literal_path(file) for file in flows]}),
            schema=schema,
        )


def _counted_once(path: Path) -> Iterator[pa.RecordBatch]:
    with reading_errors(), pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            yield batch.append_column("captures", pa.array(np.ones(batch.num_rows, np.int64)))


def _grouped(sums: Mapping[str, str]) -> str:
    return ", ".join([quoted(FLOW_KEY), *(f'{expression} AS "{name}"' for name, expression in sums.items())])


def _by_key() -> str:
    order = ", ".join(f'"{name}" ASC NULLS FIRST' for name in FLOW_KEY)
    return f"GROUP BY {quoted(FLOW_KEY)} ORDER BY {order}"
