"""GEXF 1.3, streamed, with the time in which each host and edge was seen.

Source: the GEXF 1.3 schema and primer (gexf.net). Times are given as a date with its time of day under the time format
``date``, the name that both Gephi and networkx take such a time under.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from batchgraph.graph.columns import NODE_COLUMNS, WEIGHT
from batchgraph.graph.lines import joined, line_octets, markup_values, where_valued
from batchgraph.graph.source import Graph
from batchgraph.graph.values import edge_ids
from batchgraph.results import replacing
from batchgraph.schema import Column

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://gexf.net/1.3 http://gexf.net/1.3/gexf.xsd" version="1.3">
<meta><creator>batchgraph</creator></meta>
<graph defaultedgetype="directed" mode="dynamic" timeformat="date" timerepresentation="interval" idtype="string">
"""


# Readers name an attribute by its id where that is no number (graphology, which Gephi Lite reads with).
_FIRST_ID = {"node": 0, "edge": len(NODE_COLUMNS)}


def write_gexf(path: Path, source: Graph, *, connection: duckdb.DuckDBPyConnection) -> None:
    """Write a graph as GEXF, whole or not at all.

    Parameters
    ----------
    path
        The final path.
    source
        The graph.
    connection
        For the queries that the graph needs.
    """
    columns = [column for column in source.edge_columns if column != WEIGHT]
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(f"{_HEAD}{_attributes('node', NODE_COLUMNS)}{_attributes('edge', columns)}<nodes>\n".encode())
        for batch in source.nodes(connection):
            file.write(line_octets(_node_lines(batch)))
        file.write(b"</nodes>\n<edges>\n")
        for lines in _edge_lines(source, columns, connection):
            file.write(line_octets(lines))
        file.write(b"</edges>\n</graph>\n</gexf>\n")


def _attributes(owner: str, columns: Sequence[Column]) -> str:
    lines = [
        f'<attribute id="{number}" title="{column.name}" type="{column.graphml_type}"/>\n'
        for number, column in enumerate(columns, _FIRST_ID[owner])
    ]
    return f'<attributes class="{owner}" mode="static">\n{"".join(lines)}</attributes>\n'


def _node_lines(batch: pa.RecordBatch) -> pa.StringArray:
    address = markup_values(batch.column("address"))
    head = ['<node id="', address, '" label="', address, '"', *_lifetime(batch), "><attvalues>"]
    return joined([*head, *_values("node", NODE_COLUMNS, batch), "</attvalues></node>\n"])


def _edge_lines(
    source: Graph, columns: Sequence[Column], connection: duckdb.DuckDBPyConnection
) -> Iterator[pa.StringArray]:
    first = 0
    for batch in source.edges(connection):
        ends = (markup_values(batch.column("src")), '" target="', markup_values(batch.column("dst")))
        weight = markup_values(batch.column(WEIGHT.name))
        head = ['<edge id="', edge_ids(first, batch.num_rows), '" source="', *ends, '" weight="', weight, '"']
        yield joined(
            [*head, *_lifetime(batch), "><attvalues>", *_values("edge", columns, batch), "</attvalues></edge>\n"]
        )
        first += batch.num_rows


def _lifetime(batch: pa.RecordBatch) -> Iterator[pa.Array | str]:
    """Give the attributes ``start`` and ``end``; a packet is seen at one time alone."""
    first, last = ("first", "last") if "first" in batch.schema.names else ("time", "time")
    yield from where_valued(batch.column(first), ' start="', '"')
    yield from where_valued(batch.column(last), ' end="', '"')


def _values(owner: str, columns: Sequence[Column], batch: pa.RecordBatch) -> Iterator[pa.Array | str]:
    for number, column in enumerate(columns, _FIRST_ID[owner]):
        before = f'<attvalue for="{number}" value="'
        yield from where_valued(batch.column(column.name), before, '"/>')
