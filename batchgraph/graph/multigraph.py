"""The graph as an object: what reading its GraphML gives, without writing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import networkx
import pyarrow as pa

from batchgraph.graph.columns import NODE_COLUMNS
from batchgraph.graph.source import Graph
from batchgraph.graph.values import edge_ids, graph_values
from batchgraph.schema import Column

Attributes = dict[str, int | str]


def build_multigraph(source: Graph, *, connection: duckdb.DuckDBPyConnection) -> networkx.MultiDiGraph:
    """Build a graph in memory, about 1 kB an edge.

    Parameters
    ----------
    source
        The graph.
    connection
        For the queries that the graph needs.

    Returns
    -------
    graph
        Equal to ``networkx.read_graphml(path, force_multigraph=True)`` of the file that
        `batchgraph.graph.graphml.write_graphml` writes: nodes are addresses, an edge's key is its id in the file, a
        value that was not there is no attribute, times are text.
    """
    # networkx's reader sets these two, and graphs are only equal if their own attributes are.
    graph = networkx.MultiDiGraph(node_default={}, edge_default={})
    for batch in source.nodes(connection):
        graph.add_nodes_from(zip(_texts(batch, "address"), _attributes(batch, NODE_COLUMNS), strict=True))
    columns = source.edge_columns
    first = 0
    for batch in source.edges(connection):
        keys = edge_ids(first, batch.num_rows).to_pylist()
        ends = (_texts(batch, "src"), _texts(batch, "dst"))
        graph.add_edges_from(zip(*ends, keys, _attributes(batch, columns), strict=True))
        first += batch.num_rows
    return graph


def _texts(batch: pa.RecordBatch, name: str) -> list[str]:
    texts: list[str] = graph_values(batch.column(name)).to_pylist()
    return texts


def _attributes(batch: pa.RecordBatch, columns: Sequence[Column]) -> Iterator[Attributes]:
    names = [column.name for column in columns]
    values = [graph_values(batch.column(name)).to_pylist() for name in names]
    for row in zip(*values, strict=True):
        yield {name: value for name, value in zip(names, row, strict=True) if value is not None}
