"""Whether a GraphML file holds the graph of its flows (or packets): each node, each edge, each attribute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import duckdb
import pyarrow as pa

from batchgraph.graph.columns import NODE_COLUMNS
from batchgraph.graph.graphml import attribute_key
from batchgraph.graph.source import GraphSource
from batchgraph.graph.values import graph_values
from batchgraph.schema import Column
from batchgraph.verification.checks import MERGE_AGAIN, Check, look, relative
from batchgraph.verification.graphml_reader import Head, Item, read_graphml


def check_graph(connection: duckdb.DuckDBPyConnection, source: GraphSource) -> Check:
    """Check the GraphML file of a graph against what it is made of, a node or an edge at a time."""
    results = source.results
    path = results.graph(source.name)

    def problem() -> str | None:
        pairs = zip_longest(read_graphml(path), _expected(connection, source))
        return next((_difference(found, wanted) for found, wanted in pairs if found != wanted), None)

    return look("graph", relative(results.root, path), MERGE_AGAIN, problem)


def _expected(connection: duckdb.DuckDBPyConnection, source: GraphSource) -> Iterator[Head | Item]:
    keys = [*_keys("node", NODE_COLUMNS), *_keys("edge", source.edge_columns)]
    yield Head(tuple(keys), {"id": source.name, "edgedefault": "directed"})
    for batch in source.nodes(connection):
        for address, data in zip(_texts(batch, "address"), _rows("node", NODE_COLUMNS, batch), strict=True):
            yield Item("node", {"id": address}, data)
    number = 0
    for batch in source.edges(connection):
        ends = zip(_texts(batch, "src"), _texts(batch, "dst"), strict=True)
        for (src, dst), data in zip(ends, _rows("edge", source.edge_columns, batch), strict=True):
            yield Item("edge", {"id": f"e{number}", "source": src, "target": dst}, data)
            number += 1


def _keys(owner: str, columns: Sequence[Column]) -> Iterator[tuple[str, str, str, str]]:
    for column in columns:
        yield attribute_key(owner, column), owner, column.name, column.graphml_type


def _texts(batch: pa.RecordBatch, name: str) -> list[str]:
    return [str(value) for value in graph_values(batch.column(name)).to_pylist()]


def _rows(owner: str, columns: Sequence[Column], batch: pa.RecordBatch) -> Iterator[dict[str, str]]:
    keys = [attribute_key(owner, column) for column in columns]
    values = [graph_values(batch.column(column.name)).to_pylist() for column in columns]
    for row in zip(*values, strict=True):
        yield {key: str(value) for key, value in zip(keys, row, strict=True) if value is not None}


def _difference(found: Head | Item | None, wanted: Head | Item | None) -> str:
    if isinstance(found, Head) and isinstance(wanted, Head):
        return _head_difference(found, wanted)
    if not isinstance(found, Item) or not isinstance(wanted, Item) or found.kind != wanted.kind:
        return f"{_name(found)} stands where {_name(wanted)} should"
    if found.attributes != wanted.attributes:
        return f"{_name(found)} should be {_name(wanted)}"
    key = next(key for key in {**wanted.data, **found.data} if found.data.get(key) != wanted.data.get(key))
    name = key.partition("_")[2]
    return f"{name} of {_name(wanted)} is {found.data.get(key)}, should be {wanted.data.get(key)}"


def _head_difference(found: Head, wanted: Head) -> str:
    if found.graph != wanted.graph:
        return f"the graph is {dict(found.graph)}, should be {dict(wanted.graph)}"
    odd = next(iter(set(found.keys) ^ set(wanted.keys)), ("", "", "in another order", ""))
    return f"the keys are not those declared: {' '.join(odd).strip()}"


def _name(item: Head | Item | None) -> str:
    if item is None:
        return "the end of the graph"
    if isinstance(item, Head):
        return "the head of the file"
    attributes = item.attributes
    ends = f" from {attributes.get('source')} to {attributes.get('target')}" if item.kind == "edge" else ""
    return f"{item.kind} {attributes.get('id')}{ends}"
