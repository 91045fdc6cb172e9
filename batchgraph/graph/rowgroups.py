"""Parquet files whose bytes depend on their rows alone, not on how these arrived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from batchgraph.results import replacing

GROUP_ROWS = 65_536
"""Rows in a row group."""


def write_rows(path: Path, batches: Iterable[pa.RecordBatch], *, schema: pa.Schema) -> int:
    """Write batches as one Parquet file, whole or not at all.

    Parameters
    ----------
    path
        The final path.
    batches
        Of any length; columns as in `schema`, where text may be plain or dictionary-encoded.
    schema
        Of the file.

    Returns
    -------
    rows
        How many there were.
    """
    rows = 0

    def verify(temporary: Path) -> None:
        check_rows(temporary, rows)

    with (
        replacing(path, verify=verify) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        for group in row_groups(batches, schema):
            writer.write_table(group, row_group_size=GROUP_ROWS)
            rows += group.num_rows
    return rows


def check_rows(path: Path, rows: int) -> None:
    """Read the footer of a Parquet file back: pyarrow closes a file on a full disk without complaint.

    Raises
    ------
    OSError
        If it is not whole, or has other than so many rows.
    """
    try:
        found = pq.read_metadata(path).num_rows
    except pa.ArrowException as error:
        raise OSError(f"the file is not whole: {error}") from error
    if found != rows:
        raise OSError(f"{found} rows are there, {rows} were written")


def row_groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Cut a stream of batches into tables of `GROUP_ROWS` rows, the last one shorter."""
    waiting: list[pa.RecordBatch] = []
    n_waiting = 0
    for batch in batches:
        start = 0
        while batch.num_rows - start >= GROUP_ROWS - n_waiting:
            n_fitting = GROUP_ROWS - n_waiting
            yield _with_schema([*waiting, batch.slice(start, n_fitting)], schema)
            start += n_fitting
            waiting, n_waiting = [], 0
        if start < batch.num_rows:
            waiting.append(batch.slice(start))
            n_waiting += batch.num_rows - start
    if waiting:
        yield _with_schema(waiting, schema)


def _with_schema(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    table = pa.Table.from_batches(batches).select(schema.names).combine_chunks()
    columns = [_as_type(column, field.type) for column, field in zip(table.columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


def _as_type(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(kind):
        # The dictionary is built anew, in order of appearance: one that came along could hold more than these rows.
        return column.cast(kind.value_type).dictionary_encode()
    return column.cast(kind)
