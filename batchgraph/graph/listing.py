"""Nodes and edges as two CSV files, as Gephi's and Cytoscape's imports and data frames take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv

from batchgraph.graph.columns import NODE_COLUMNS
from batchgraph.graph.source import Graph
from batchgraph.graph.values import edge_ids, graph_values
from batchgraph.results import replacing

_RENAMED = {"type": "protocol"}
"""An edge's ``type`` means directed or undirected to Gephi's import."""


def write_node_list(path: Path, source: Graph, *, connection: duckdb.DuckDBPyConnection) -> None:
    """Write the nodes of a graph as CSV: ``id``, ``label`` and their attributes."""
    names = ("address", "address", *(column.name for column in NODE_COLUMNS))
    titles = ("id", "label", *names[2:])
    _write_rows(path, titles, ([graph_values(b.column(n)) for n in names] for b in source.nodes(connection)))


def write_edge_list(path: Path, source: Graph, *, connection: duckdb.DuckDBPyConnection) -> None:
    """Write the edges of a graph as CSV: ``id``, ``source``, ``target`` and their attributes.

    The attribute ``type`` is called ``protocol`` here.
    """
    names = [column.name for column in source.edge_columns]
    titles = ("id", "source", "target", *(_RENAMED.get(name, name) for name in names))
    _write_rows(path, titles, _edge_rows(source, names, connection))


def _edge_rows(source: Graph, names: Sequence[str], connection: duckdb.DuckDBPyConnection) -> Iterator[list[pa.Array]]:
    first = 0
    for batch in source.edges(connection):
        values = [graph_values(batch.column(name)) for name in ("src", "dst", *names)]
        yield [edge_ids(first, batch.num_rows), *values]
        first += batch.num_rows


def _write_rows(path: Path, titles: Sequence[str], rows: Iterable[list[pa.Array]]) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(",".join(titles).encode() + b"\n")
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        for arrays in rows:
            plain = [a.cast(a.type.value_type) if pa.types.is_dictionary(a.type) else a for a in arrays]
            # A column's place as its name: `id` and `label` are one column twice.
            batch = pa.RecordBatch.from_arrays(plain, [str(place) for place in range(len(plain))])
            pyarrow.csv.write_csv(batch, file, options)
