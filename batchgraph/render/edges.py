"""The edges of the graph that was chosen, for drawings that show each of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from batchgraph.render.style import type_label
from batchgraph.render.traffic import Arrow

if TYPE_CHECKING:
    import duckdb

    from batchgraph.graph.source import GraphSource


_SHOWN = ("src", "dst", "type", "types", "octets", "load", "weight")
"""The columns that an arrow comes of, as far as a graph's edges have them."""


def load_edges(
    connection: duckdb.DuckDBPyConnection, source: GraphSource, *, hosts: Collection[str], most: int
) -> tuple[list[Arrow], int]:
    """Read the first edges of a graph between some of its hosts.

    Parameters
    ----------
    connection
        A database to read with.
    source
        The graph.
    hosts
        Both ends of an edge must be among them.
    most
        At most so many edges.

    Returns
    -------
    edges, n_edges
        The edges in the graph's order, and how many the graph has in all. Where an edge is a packet, its octets are
        its payload, for that is what it carries.
    """
    names = pa.array(sorted(hosts), pa.string())
    edges: list[Arrow] = []
    n_edges = 0
    for batch in source.edges(connection):
        n_edges += batch.num_rows
        if len(edges) < most:
            kept = batch.filter(pc.and_(_is_in(batch, "src", names), _is_in(batch, "dst", names)))
            # No times, of which those in nanoseconds would need pandas.
            shown = kept.select([name for name in _SHOWN if name in kept.schema.names])
            edges += [_arrow(row) for row in shown.slice(0, most - len(edges)).to_pylist()]
    return edges, n_edges


def _is_in(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.Array:
    return pc.is_in(batch.column(name).cast(pa.string()), value_set=values)


def _arrow(row: dict[str, Any]) -> Arrow:
    # An edge of a pair names all its protocols; one of several has no look of its own.
    label = type_label(row.get("type") or row.get("types"))
    octets = row["octets"] if "octets" in row else row["load"]
    return Arrow(row["src"], row["dst"], label, row["weight"], octets or 0)
