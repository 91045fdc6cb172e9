"""Further graphs of a finished run: one, or one per window of time, made of edge records without the captures.

The edges of all windows are added up once into a table of a database that spills to disk, ordered by window, from
which each graph is then streamed by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from batchgraph.graph.columns import ENDS, WEIGHT, edge_columns
from batchgraph.graph.database import open_database, query_batches, quoted, reading_errors
from batchgraph.graph.further_sql import EDGE_QUERIES, NODES, order_of
from batchgraph.graph.records import Request, create_records, create_source
from batchgraph.graph.values import iso_times
from batchgraph.results import COMBINED, ResultsDirectory
from batchgraph.schema import Column

WINDOW = Column("window", "string", "start of the window of time that the edge is in")
"""Attribute of edges in one graph of all windows."""


@dataclass(frozen=True, slots=True)
class Accounting:
    """What became of the packets of the captures asked for; the five that are left out sum up with the first to all.

    Parameters
    ----------
    packets
        Packets in graphs.
    untrusted, unselected, without_ends, without_time
        Packets left out: not of the trust asked for; not selected; selected, but with no address at one of their
        ends; and last those that are in no window because they have no time.
    """

    packets: int
    untrusted: int
    unselected: int
    without_ends: int
    without_time: int


@dataclass(frozen=True, slots=True)
class WindowSize:
    """How large the graph of one window is; `start_ns` is None where there are no windows."""

    start_ns: int | None
    edges: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class FurtherGraph:
    """One graph of a series, ready to be streamed.

    Parameters
    ----------
    request
        What was asked for.
    start_ns
        Start of its window, or None.
    all_windows
        Whether it holds the edges of all windows, each with the attribute ``window``.
    """

    request: Request
    start_ns: int | None = None
    all_windows: bool = False

    @property
    def name(self) -> str:
        """The capture's id, or `COMBINED`."""
        return self.request.name

    @property
    def edge_columns(self) -> tuple[Column, ...]:
        """The attributes of an edge, beside its ends."""
        columns = edge_columns(self.request.kind.name, combined=self.name == COMBINED)
        return (*columns, WINDOW) if self.all_windows else columns

    def nodes(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """Give the nodes by address: a column ``address`` and `NODE_COLUMNS`."""
        scope_of = self.request.scope_of
        for batch in query_batches(connection, self.node_query, parameters=self.parameters):
            scopes = [scope_of(address) for address in batch.column("address").to_pylist()]
            yield batch.append_column("scope", pa.array(scopes, pa.string()))

    def edges(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """Give the edges, window by window: columns ``src``, ``dst`` and `edge_columns`."""
        names = [*ENDS, *(column.name for column in self.edge_columns if column not in (WEIGHT, WINDOW))]
        order = order_of(self.request.kind.name)
        query = f'SELECT {quoted(names)}, packets AS weight, "window" FROM graph_edges {self._where()} ORDER BY {order}'
        for batch in query_batches(connection, query, parameters=self.parameters):
            yield self._with_window(batch)

    def _with_window(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        starts = batch.column("window")
        kept = batch.select([name for name in batch.schema.names if name != "window"])
        if not self.all_windows:
            return kept
        return kept.append_column("window", iso_times(starts.view(pa.timestamp("ns", tz="UTC"))))

    def _where(self) -> str:
        return "" if self.start_ns is None else 'WHERE "window" = $start'

    @property
    def node_query(self) -> str:
        """The nodes as SQL, but for their scope."""
        return NODES.format(where=self._where())

    @property
    def parameters(self) -> dict[str, object]:
        """The values of the parameters of its queries."""
        return {} if self.start_ns is None else {"start": self.start_ns}


class Series:
    """The edges of further graphs, in a database; made by `open_series`.

    Attributes
    ----------
    request
        What was asked for.
    connection
        The database, for reading the graphs.
    """

    def __init__(self, request: Request, connection: duckdb.DuckDBPyConnection) -> None:
        self.request = request
        self.connection = connection
        self._made = False

    def accounting(self) -> Accounting:
        """Count what became of every packet."""
        with reading_errors():
            rows = self.connection.execute(_ACCOUNTING, {"windowed": self.request.window_ns is not None}).fetchall()
        return Accounting(*rows[0])

    def make_edges(self) -> None:
        """Add the edges of all windows up; once is enough."""
        if not self._made:
            parameters = {"captures": list(self.request.captures)} if self.request.kind.name == "packet" else {}
            query = EDGE_QUERIES[self.request.kind.name]
            with reading_errors():
                self.connection.execute(f"CREATE TABLE graph_edges AS {query}", parameters)
            self._made = True

    def sizes(self) -> list[WindowSize]:
        """Give the size of every graph, by time; none where there are no edges."""
        self.make_edges()
        query = """SELECT "window", count(*), sum(packets)::BIGINT, sum(octets)::BIGINT
            FROM graph_edges GROUP BY "window" ORDER BY "window" """
        with reading_errors():
            return [WindowSize(*row) for row in self.connection.execute(query).fetchall()]

    def count_nodes(self, start_ns: int | None = None) -> int:
        """Count the nodes of the graph of one window, or of all time."""
        graph = self.graph(start_ns)
        with reading_errors():
            query = f"SELECT count(*) FROM ({graph.node_query})"
            rows = self.connection.execute(query, graph.parameters).fetchall()
        return int(rows[0][0])

    def count_all_nodes(self) -> int:
        """Count the nodes of all graphs together, without making the edges for it: none, where they are not made."""
        if not self._made:
            return 0
        query = 'SELECT count(*) FROM (SELECT DISTINCT "window", unnest([src, dst]) FROM graph_edges)'
        with reading_errors():
            return int(self.connection.execute(query).fetchall()[0][0])

    @property
    def graph_columns(self) -> tuple[Column, ...]:
        """The attributes of an edge of any of the graphs, beside its ends."""
        return FurtherGraph(self.request).edge_columns

    def graph(self, start_ns: int | None = None, *, all_windows: bool = False) -> FurtherGraph:
        """Give the graph of the window that begins at `start_ns`, of all time, or of all windows in one."""
        self.make_edges()
        return FurtherGraph(self.request, start_ns, all_windows)


_ACCOUNTING = """
    SELECT count(*) FILTER (trusted AND selected AND ended AND (timed OR NOT $windowed)),
        count(*) FILTER (NOT trusted), count(*) FILTER (trusted AND NOT selected),
        count(*) FILTER (trusted AND selected AND NOT ended),
        count(*) FILTER (trusted AND selected AND ended AND NOT timed AND $windowed)
    FROM (SELECT trusted, selected, src IS NOT NULL AND dst IS NOT NULL AS ended, time IS NOT NULL AS timed
        FROM records)
"""


@contextmanager
def open_series(
    results: ResultsDirectory,
    request: Request,
    *,
    spill: Path | None = None,
    threads: int = 1,
    memory: int | None = None,
) -> Iterator[Series]:
    """Open a database in which the packets asked for are ready to be made into graphs.

    Parameters
    ----------
    results
        A results directory with edge records and flows.
    request
        What is asked for.
    spill
        Folder for what exceeds memory; None: the system's temporary folder.
    threads, memory
        For the queries, as for `batchgraph.graph.database.open_database`.

    Raises
    ------
    ResultsError
        If a file is missing or not whole.
    """
    with open_database(spill, threads=threads, memory=memory) as connection:
        # A table once sorted is stored as sorted, so that a window is found without reading the others.
        connection.execute("SET preserve_insertion_order = true")
        parts = [part for capture in request.captures for part in results.edge_parts(capture)]
        create_source(connection, parts)
        create_records(connection, results, request)
        yield Series(request, connection)
