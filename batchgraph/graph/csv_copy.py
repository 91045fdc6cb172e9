"""Parquet tables as CSV, streamed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from batchgraph.errors import OutputError
from batchgraph.graph.database import literal_path, open_database, reading_errors
from batchgraph.results import replacing
from batchgraph.schema import TIMESTAMP, Column

_REST = "(epoch_ns({0}) % 1000000000 + 1000000000) % 1000000000"
_INSTANT = (
    f"strftime(make_timestamp((epoch_ns({{0}}) - {_REST}) // 1000), '%Y-%m-%dT%H:%M:%S') || printf('.%09dZ', {_REST})"
)


def copy_as_csv(source: Path, path: Path, columns: Sequence[Column]) -> None:
    """Write a Parquet file as CSV, whole or not at all.

    Parameters
    ----------
    source
        The Parquet file.
    path
        Of the CSV file: UTF-8 with line feeds, times as ISO 8601 in UTC with nanoseconds, what is not there empty.
    columns
        Of both, in order.

    Raises
    ------
    ResultsError
        If the Parquet file is not whole.
    OutputError
        If the CSV file cannot be written.
    """
    shown = ", ".join(
        f"{_INSTANT.format(_quoted(column)) if column.type == TIMESTAMP else _quoted(column)} AS {_quoted(column)}"
        for column in columns
    )
    with open_database() as connection, replacing(path) as temporary:
        connection.execute("SET preserve_insertion_order = true")
        with reading_errors():
            connection.read_parquet(literal_path(source)).create_view("rows")
        target = str(temporary.absolute()).replace("'", "''")
        try:
            connection.execute(f"COPY (SELECT {shown} FROM rows) TO '{target}' (FORMAT csv, HEADER, DELIMITER ',')")
        except duckdb.Error as error:
            raise OutputError(f"cannot write {path}: {error}; the same command continues the run") from error


def _quoted(column: Column) -> str:
    return f'"{column.name}"'
