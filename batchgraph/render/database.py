"""Results as views of a database, for the tables and for what maps show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from duckdb.func import FunctionNullHandling

from batchgraph.graph.database import literal_path, open_database, reading_errors
from batchgraph.graph.scope import scopes_of
from batchgraph.graph.selection import network_of
from batchgraph.results import ResultsDirectory
from batchgraph.schema import Column, arrow_schema

NETWORK_PREFIXES = (24, 64)
"""Bits of an IPv4 and of an IPv6 address that hosts of one network share, where maps show networks."""


@contextmanager
def results_database(
    root: Path, *, spill: Path | None = None, memory: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database for reading results.

    Its SQL can call ``scope_of(address)``, null where none is known, and ``network_of(address)``, the network
    of its first `NETWORK_PREFIXES` bits.

    Parameters
    ----------
    root
        The results directory.
    spill
        Where the database spills what exceeds its memory; None: in the hidden folder of the results directory.
    memory
        What this process may hold, in octets; None: no limit was asked for.
    """
    with open_database(spill or ResultsDirectory(root).spill, memory=memory) as connection:
        # A table once sorted is written as sorted.
        connection.execute("SET preserve_insertion_order = true")
        connection.create_function(
            "scope_of",
            scopes_of(ResultsDirectory(root)),
            ["VARCHAR"],
            "VARCHAR",
            null_handling=FunctionNullHandling.SPECIAL,
        )
        connection.create_function(
            "network_of",
            network_of(NETWORK_PREFIXES),
            ["VARCHAR"],
            "VARCHAR",
            null_handling=FunctionNullHandling.SPECIAL,
        )
        yield connection


def add_view(
    connection: duckdb.DuckDBPyConnection, name: str, *, files: Sequence[Path], columns: Sequence[Column]
) -> None:
    """Show Parquet files as one view; without files it is empty and has the same columns.

    Raises
    ------
    ResultsError
        If a file is missing or no Parquet file.
    """
    if files:
        with reading_errors():
            connection.read_parquet([literal_path(path) for path in files]).create_view(name, replace=True)
    else:
        connection.register(name, arrow_schema(columns).empty_table())
