"""The summary tables, as CSV, made in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import duckdb

from batchgraph.errors import OutputError
from batchgraph.graph.database import reading_errors
from batchgraph.graph.key_ranges import key_ranges
from batchgraph.graph.known_names import create_known_names
from batchgraph.render.queries import MACROS, QUERIES, SUMMED, SummedTable
from batchgraph.results import COMBINED, TABLES, Manifest, ResultsDirectory, replacing
from batchgraph.sizes import MIB

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
    connection, target = database.connection, into or results
    connection.execute(MACROS)
    _make_inputs(connection, manifest)
    if cut := create_known_names(connection, results, manifest):
        manifest["names_cut"] = list(cut)
    for name in TABLES:
        if name in SUMMED:
            _write_summed(connection, SUMMED[name], target.table(name), database.captures)
        else:
            _write_small(connection, QUERIES[name], target.table(name))
        yield name
    connection.execute("DROP TABLE written")


def _write_small(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    with reading_errors():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE written AS {query}")
    with replacing(path) as temporary:
        _copy(connection, "FROM written", temporary, path)


def _write_summed(
    connection: duckdb.DuckDBPyConnection, table: SummedTable, path: Path, captures: Sequence[str]
) -> None:
    several = len(captures) != 1
    _make_sums(connection, table, combined=several)
    if table.kept:
        name, query = table.kept
        # The sums of an only capture are those of all together.
        together = f"WHERE capture = '{COMBINED}'" if several else ""
        with reading_errors():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query} {together}")
    with replacing(path) as temporary:
        if several:
            _copy(connection, table.ordered_query(captures=True), temporary, path)
        else:
            _copy_for_each(connection, table.ordered_query(captures=False), temporary, path, (COMBINED, *captures))
    connection.execute("DROP TABLE sums")


def _make_sums(connection: duckdb.DuckDBPyConnection, table: SummedTable, *, combined: bool) -> None:
    """Make the table ``sums``, range by range of its key."""
    with reading_errors():
        [(n_rows,)] = connection.execute("SELECT count(*) FROM flows").fetchall()
        ranges = list(key_ranges(connection, table.rows, columns=table.key, parameters={}, n_rows=n_rows))
        for number, condition in enumerate(ranges):
            how = "INSERT INTO sums" if number else "CREATE OR REPLACE TEMP TABLE sums AS"
            connection.execute(f"{how} {table.sums_query(condition, combined=combined)}")


def _make_inputs(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    # Registered from Arrow, it would import pandas where that is installed, which takes longer than all tables.
    entries: list[dict[str, str]] = [{"capture": COMBINED}, *manifest["inputs"]]
    columns = ", ".join(f"unnest(${number}::VARCHAR[]) AS {name}" for number, name in enumerate(_INPUT_COLUMNS, 1))
    values = [[entry.get(name) for entry in entries] for name in _INPUT_COLUMNS]
    connection.execute(f"CREATE TEMP TABLE inputs AS SELECT {columns}", values)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, file: Path, path: Path) -> None:
    """Write the rows of a query to a file, which will be at `path`."""
    target = str(file.absolute()).replace("'", "''")
    try:
        connection.execute(f"COPY ({query}) TO '{target}' (FORMAT csv, HEADER, DELIMITER ',')")
    except duckdb.Error as error:
        raise OutputError(f"cannot write {path}: {error}; the same command continues the run") from error


def _copy_for_each(
    connection: duckdb.DuckDBPyConnection, query: str, file: Path, path: Path, captures: Sequence[str]
) -> None:
    """Write the rows of a query once for each of several captures, of which they are said alike."""
    # What all captures together have is what the only one has: neither summed nor sorted nor written as text twice.
    body = file.with_name(f"{file.name}.body.tmp")
    try:
        _copy(connection, query, body, path)
        with file.open("wb") as target:
            for number, capture in enumerate(captures):
                with body.open("rb") as source:
                    header = source.readline()
                    target.write(b"" if number else b"capture," + header)
                    _copy_lines(source, target, f"{capture},".encode())
    finally:
        body.unlink(missing_ok=True)


def _copy_lines(source: BinaryIO, target: BinaryIO, prefix: bytes) -> None:
    """Copy lines, each with a prefix."""
    begins = True
    while piece := source.read(MIB):
        ends = piece.endswith(b"\n")
        lines = (piece[:-1] if ends else piece).replace(b"\n", b"\n" + prefix)
        target.write(b"".join((prefix if begins else b"", lines, b"\n" if ends else b"")))
        begins = ends
