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

# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
_HARMLESS = "CASE WHEN left({0}, 1) IN ('=', '+', '-', '@', chr(9), chr(10), chr(13)) THEN chr(39) || {0} ELSE {0} END"


def copy_as_csv(source: Path, path: Path, columns: Sequence[Column], *, memory: int | None = None) -> None:
    """Write a Parquet file as CSV, whole or not at all.

    Parameters
    ----------
    source
        The Parquet file.
    path
        Of the CSV file: UTF-8 with line feeds, times as ISO 8601 in UTC with nanoseconds, what is not there empty. Text
        that a spreadsheet would take for a formula has an apostrophe before it.
    columns
        Of both, in order.
    memory
        What this process may hold, in octets; None: no limit was asked for.

    Raises
    ------
    ResultsError
        If the Parquet file is not whole.
    OutputError
        If the CSV file cannot be written.
    """
    shown = ", ".join(f"{_shown(column)} AS {_quoted(column)}" for column in columns)
    with open_database(memory=memory) as connection, replacing(path) as temporary:
        connection.execute("SET preserve_insertion_order = true")
        with reading_errors():
            connection.read_parquet(literal_path(source)).create_view("rows")
        target = str(temporary.absolute()).replace("'", "''")
        try:
            connection.execute(f"COPY (SELECT {shown} FROM rows) TO '{target}' (FORMAT csv, HEADER, DELIMITER ',')")
        except duckdb.Error as error:
            raise OutputError(f"cannot write {path}: {error}; the same command continues the run") from error


def _shown(column: Column) -> str:
    name = _quoted(column)
    if column.type == TIMESTAMP:
        return _INSTANT.format(name)
    return _HARMLESS.format(name) if "string" in column.type else name


def _quoted(column: Column) -> str:
    return f'"{column.name}"'
