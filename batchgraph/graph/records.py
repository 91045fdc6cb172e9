"""The packets that further graphs are made of, as views of a database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from batchgraph.anonymize import Anonymizer
from batchgraph.graph.database import literal_path, query_batches, reading_errors
from batchgraph.graph.scope import no_scope
from batchgraph.graph.selection import EdgeKind, Selection, inside, network_of
from batchgraph.graph.services import create_sides
from batchgraph.results import ResultsDirectory
from batchgraph.schema import EDGE_COLUMNS, arrow_schema


@dataclass(frozen=True, slots=True)
class Request:
    """What further graphs are asked for.

    Parameters
    ----------
    name
        A capture's id, or `COMBINED`.
    captures
        The captures it is made of, in order.
    trust
        Values of the column ``trust`` whose packets count.
    kind
        What an edge stands for.
    window_ns
        Length of the windows of time, which begin at multiples of it since 1970; None: one graph of all time.
    selection
        Which packets count; its addresses are those of the edge records.
    anonymizer
        Renames the ends of edges; None: they keep their addresses.
    is_renamed
        Whether the run's own addresses were renamed.
    """

    name: str
    captures: Sequence[str]
    trust: Sequence[str]
    kind: EdgeKind
    window_ns: int | None = None
    selection: Selection = field(default_factory=Selection)
    anonymizer: Anonymizer | None = None
    is_renamed: bool = False

    @property
    def scope_of(self) -> Callable[[str], str | None]:
        """Names the scope of a node; renamed network addresses have none."""
        if self.kind.name != "mac" and (self.is_renamed or self.anonymizer is not None):
            return no_scope
        return self.kind.scope_of

    def renames(self) -> Callable[[str], str | None] | None:
        """Give what makes nodes of addresses, or None where addresses are nodes."""
        name = str if self.anonymizer is None else self.anonymizer.address
        if self.kind.name == "subnet":
            network = network_of(self.kind.prefixes)
            return lambda address: network(name(address))
        if self.anonymizer is not None and self.kind.name == "mac":
            return self.anonymizer.link_layer
        return None if self.anonymizer is None else name


def create_source(connection: duckdb.DuckDBPyConnection, parts: Sequence[Path]) -> None:
    """Create a view ``source`` of edge records; without parts it is empty and has the same columns."""
    if parts:
        with reading_errors():
            connection.read_parquet([literal_path(part) for part in parts]).create_view("source")
    else:
        empty = arrow_schema(EDGE_COLUMNS).empty_table()
        connection.register("nothing", empty)
        connection.execute("CREATE TABLE source AS SELECT * FROM nothing")


def _create_names(connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, request: Request) -> None:
    """Create the tables that the records are looked up in: ``chosen``, ``names`` and ``sides``."""
    if networks := request.selection.networks():
        _create_mapping(connection, "chosen", inside(networks), ends=("src", "dst"))
    if renames := request.renames():
        _create_mapping(connection, "names", renames, ends=request.kind.ends)
    if request.kind.name == "service" and request.captures:
        create_sides(connection, results, captures=request.captures)
        if renames:
            connection.execute(_RENAMED_SIDES)
    elif request.kind.name == "service":
        connection.execute(_NO_SIDES)


_RENAMED_SIDES = """
    CREATE OR REPLACE TABLE sides AS SELECT s.* REPLACE (a.given AS src, b.given AS dst)
    FROM sides s JOIN names a ON s.src = a.address JOIN names b ON s.dst = b.address
"""

_NO_SIDES = """
    CREATE TABLE sides (capture VARCHAR, src VARCHAR, dst VARCHAR, type VARCHAR, proto UTINYINT, sport USMALLINT,
        dport USMALLINT, inward BOOLEAN)
"""


def _create_mapping(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    function: Callable[[str], str | None],
    *,
    ends: tuple[str, str],
) -> None:
    """Create a table of what `function` gives for every address that is an end, where it gives anything."""
    connection.execute(f"CREATE TABLE {name} (address VARCHAR, given VARCHAR)")
    query = f"SELECT DISTINCT unnest([{', '.join(ends)}])::VARCHAR AS address FROM source"
    reader = connection.cursor()
    for batch in query_batches(reader, query, parameters={}):
        addresses = [address for address in batch.column("address").to_pylist() if address is not None]
        pairs = [(address, given) for address in addresses if (given := function(address)) is not None]
        rows = pa.table({"address": [a for a, _ in pairs], "given": [g for _, g in pairs]},
                        schema=pa.schema([("address", pa.string()), ("given", pa.string())]))  # fmt: skip
        connection.register("rows", rows)
        connection.execute(f"INSERT INTO {name} SELECT * FROM rows")


def create_records(connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, request: Request) -> None:
    """Create the views ``records`` of all packets, with what decides whether they count, and ``packets`` of those.

    Parameters
    ----------
    connection
        A database with the view ``source``.
    results
        Where the flows lie, which tell who serves.
    request
        What is asked for.
    """
    _create_names(connection, results, request)
    condition = request.selection.condition()
    for name, value in {**condition.variables, "trust": list(request.trust)}.items():
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
    ends, joins = _ends(request)
    window = "NULL::BIGINT" if request.window_ns is None else window_start(request.window_ns)
    connection.execute(f"""
        CREATE VIEW records AS
        SELECT capture, frame, time, {ends}, type, proto, sport, dport, icmp_type, icmp_code, load,
            wire_len, tcp_flags, {window} AS "window",
            trust::VARCHAR IN (SELECT unnest(getvariable('trust')::VARCHAR[])) AS trusted,
            coalesce({condition.sql}, false) AS selected
        FROM source {joins}
    """)
    timed = "" if request.window_ns is None else "AND time IS NOT NULL"
    connection.execute(f"""
        CREATE VIEW packets AS SELECT * FROM records
        WHERE trusted AND selected AND src IS NOT NULL AND dst IS NOT NULL {timed}
    """)


def _ends(request: Request) -> tuple[str, str]:
    """Write the ends of edges as SQL, and the joins that they need."""
    src, dst = (f"source.{end}" for end in request.kind.ends)
    if request.renames() is None:
        return f"{src} AS src, {dst} AS dst", ""
    joins = f"LEFT JOIN names a ON {src} = a.address LEFT JOIN names b ON {dst} = b.address"
    return "a.given AS src, b.given AS dst", joins


def window_start(length_ns: int) -> str:
    """Write the start of the window of time that a packet of ``time`` is in as SQL, in nanoseconds since 1970."""
    # Rounded down, for times before 1970 too.
    return f"epoch_ns(time) - ((epoch_ns(time) % {length_ns:d}) + {length_ns:d}) % {length_ns:d}"
