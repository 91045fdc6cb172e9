"""What a graph is made of: a stream of nodes and a stream of edges, each with declared columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from batchgraph.graph.columns import ENDS, PACKET_NAMES, edge_columns
from batchgraph.graph.database import BATCH_ROWS, literal_path, query_batches, reading_errors
from batchgraph.graph.key_ranges import key_ranges
from batchgraph.graph.scope import scopes_of
from batchgraph.results import COMBINED, ResultsDirectory
from batchgraph.schema import Column

_NODE_QUERY = """
    SELECT address, sum(packets_out)::BIGINT AS packets_out, sum(packets_in)::BIGINT AS packets_in,
        sum(octets_out)::BIGINT AS octets_out, sum(octets_in)::BIGINT AS octets_in,
        min("first") AS "first", max("last") AS "last"
    FROM (
        SELECT src AS address, packets AS packets_out, 0 AS packets_in, octets AS octets_out, 0 AS octets_in,
            "first", "last"
        FROM read_parquet($path)
        UNION ALL
        SELECT dst, 0, packets, 0, octets, "first", "last" FROM read_parquet($path)
    )
    GROUP BY address ORDER BY address
"""

# Types are told apart before they are listed, so that a list is never longer than there are types.
_PAIR_QUERY = """
    SELECT src, dst, array_to_string(list_sort(list(type) FILTER (WHERE type IS NOT NULL)), ' ') AS types,
        sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets, sum(load)::BIGINT AS load,
        min("first") AS "first", max("last") AS "last", sum(packets)::BIGINT AS weight
    FROM (
        SELECT src, dst, type, sum(packets) AS packets, sum(octets) AS octets, sum(load) AS load,
            min("first") AS "first", max("last") AS "last"
        FROM read_parquet($path) WHERE {condition} GROUP BY src, dst, type
    )
    GROUP BY src, dst ORDER BY src, dst
"""


class Graph(Protocol):
    """What the writers of graphs need of one."""

    @property
    def name(self) -> str:
        """What the graph is called in its file."""

    @property
    def edge_columns(self) -> tuple[Column, ...]:
        """The attributes of an edge, beside its ends."""

    def nodes(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """Give the nodes: a column ``address`` and `NODE_COLUMNS`."""

    def edges(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """Give the edges: columns ``src``, ``dst`` and `edge_columns`."""


@dataclass(frozen=True, slots=True)
class GraphSource:
    """One graph of a results directory whose flows are written, ready to be streamed.

    Parameters
    ----------
    results
        Where the flows and edge records lie.
    name
        A capture's id, or `COMBINED`.
    by
        What an edge is, one of `EDGE_KINDS`.
    captures
        The captures whose packets are edges, in order; used only where an edge is a packet.
    trust
        Values of the column ``trust`` whose packets count; as the flows were made.
    """

    results: ResultsDirectory
    name: str
    by: str
    captures: Sequence[str]
    trust: Sequence[str]

    @property
    def edge_columns(self) -> tuple[Column, ...]:
        """The attributes of an edge, beside its ends."""
        return edge_columns(self.by, combined=self.name == COMBINED)

    def nodes(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """Give the hosts by address: a column ``address`` and `NODE_COLUMNS`."""
        scope_of = scopes_of(self.results)
        for batch in query_batches(connection, _NODE_QUERY, parameters=self._flows()):
            scopes = [scope_of(address) for address in batch.column("address").to_pylist()]
            yield batch.append_column("scope", pa.array(scopes, pa.string()))

    def edges(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """Give the edges: columns ``src``, ``dst`` and `edge_columns`; packets as captured, others by their key."""
        if self.by == "pair":
            batches = self._pairs(connection)
        elif self.by == "packet":
            batches = self._packets()
        else:
            batches = _weighed_flows(self.results.flows(self.name))
        names = [*ENDS, *(column.name for column in self.edge_columns)]
        for batch in batches:
            yield batch.select(names)

    def _flows(self) -> dict[str, object]:
        return {"path": literal_path(self.results.flows(self.name))}

    def _pairs(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        flows = self.results.flows(self.name)
        with reading_errors():
            n_rows = pq.read_metadata(flows).num_rows
            rows = "read_parquet($path) WHERE true"
            ranges = key_ranges(connection, rows, columns=ENDS, parameters=self._flows(), n_rows=n_rows)
            conditions = list(ranges)
        for condition in conditions:
            yield from query_batches(connection, _PAIR_QUERY.format(condition=condition), parameters=self._flows())

    def _packets(self) -> Iterator[pa.RecordBatch]:
        captures = self.captures if self.name == COMBINED else (self.name,)
        names = ("capture", *ENDS, *PACKET_NAMES, "trust")
        trust = pa.array(self.trust, pa.string())
        for capture in captures:
            for part in self.results.edge_parts(capture):
                for batch in parquet_batches(part, names):
                    yield _packets_in_graph(batch, trust)


def parquet_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Stream the rows of a Parquet file, `BATCH_ROWS` at a time.

    Raises
    ------
    ResultsError
        If it is missing or not whole.
    """
    # pyarrow's buffering ahead keeps all of the file that was read until it is closed: 120 MB of one of 114 MB.
    with reading_errors(), pq.ParquetFile(path, pre_buffer=False) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=columns)


def _weighed_flows(path: Path) -> Iterator[pa.RecordBatch]:
    for batch in parquet_batches(path):
        yield batch.append_column("weight", batch.column("packets"))


def _packets_in_graph(batch: pa.RecordBatch, trust: pa.Array) -> pa.RecordBatch:
    trusted = pc.is_in(batch.column("trust").cast(pa.string()), value_set=trust)
    has_ends = pc.and_(batch.column("src").is_valid(), batch.column("dst").is_valid())
    kept = batch.filter(pc.and_(trusted, has_ends))
    return kept.append_column("weight", pa.array(np.ones(kept.num_rows, np.int64)))
