"""The summary tables, as CSV, made in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb

from batchgraph.errors import OutputError
from batchgraph.graph.database import reading_errors
from batchgraph.graph.key_ranges import key_ranges
from batchgraph.graph.known_names import create_known_names
from batchgraph.render.queries import MACROS, QUERIES, SUMS
from batchgraph.results import COMBINED, Manifest, ResultsDirectory, replacing

if TYPE_CHECKING:
    from pathlib import Path

    from batchgraph.render.report_database import ReportDatabase

_INPUT_COLUMNS = ("capture", "path", "status", "format", "sha256")


def write_tables(
    results: ResultsDirectory, manifest: Manifest, database: ReportDatabase, *, into: ResultsDirectory | None = None
) -> Iterator[str]:
    """Write every table of `batchgraph.results.TABLES`.

    Parameters
    ----------
    results
        With edge records and flows.
    manifest
        Its ``run.json``; gets ``names_cut``, the captures with more names than are kept, where there are any.
    database
        Of these.
    into
        Another results directory that the tables are written to; None: the same.

    Yields
    ------
    name
        Of each table as it is written.

    Raises
    ------
    ResultsError
        If a Parquet file is missing or not whole.
    OutputError
        If a table cannot be written.

    Notes
    -----
    UTF-8 with line feeds. Cells that a spreadsheet would take for a formula begin with an apostrophe; numbers stay
    numbers, times are ISO 8601 in UTC with nanoseconds, what is not there is empty.
    """
    connection = database.connection
    connection.execute(MACROS)
    _make_inputs(connection, manifest)
    if cut := create_known_names(connection, results, manifest):
        manifest["names_cut"] = list(cut)
    for name, query in QUERIES.items():
        with reading_errors():
            _make_sums(connection, name)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE written AS {query}")
        _write_csv(connection, (into or results).table(name))
        yield name
    connection.execute("DROP TABLE sums; DROP TABLE written")


def _make_sums(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make the table ``sums`` of a table that has one, range by range of its key."""
    if name not in SUMS:
        return
    query, rows, columns = SUMS[name]
    [(n_rows,)] = connection.execute("SELECT count(*) FROM flows").fetchall()
    ranges = list(key_ranges(connection, rows, columns=columns, parameters={}, n_rows=n_rows))
    for number, condition in enumerate(ranges):
        how = "INSERT INTO sums" if number else "CREATE OR REPLACE TEMP TABLE sums AS"
        connection.execute(f"{how} {query.format(condition=condition)}")


def _make_inputs(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    # Registered from Arrow, it would import pandas where that is installed, which takes longer than all tables.
    entries: list[dict[str, str]] = [{"capture": COMBINED}, *manifest["inputs"]]
    columns = ", ".join(f"unnest(${number}::VARCHAR[]) AS {name}" for number, name in enumerate(_INPUT_COLUMNS, 1))
    values = [[entry.get(name) for entry in entries] for name in _INPUT_COLUMNS]
    connection.execute(f"CREATE TEMP TABLE inputs AS SELECT {columns}", values)


def _write_csv(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    with replacing(path) as temporary:
        target = str(temporary.absolute()).replace("'", "''")
        try:
            connection.execute(f"COPY written TO '{target}' (FORMAT csv, HEADER, DELIMITER ',')")
        except duckdb.Error as error:
            raise OutputError(f"cannot write {path}: {error}; the same command continues the run") from error
