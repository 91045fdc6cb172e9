"""GraphML, streamed: nodes and edges become text a batch at a time, and no graph is ever held.

Every value of a batch is written by a few calls over whole columns, which is what makes it some dozens of times
faster than writing edge by edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape as escape_markup

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchgraph.graph.columns import NODE_COLUMNS
from batchgraph.graph.source import GraphSource
from batchgraph.graph.values import edge_ids, graph_values, map_text
from batchgraph.results import replacing
from batchgraph.schema import Column

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
_TAIL = "</graph>\n</graphml>\n"


def write_graphml(path: Path, source: GraphSource, *, connection: duckdb.DuckDBPyConnection) -> None:
    """Write a graph as GraphML, whole or not at all.

    Parameters
    ----------
    path
        The final path.
    source
        The graph.
    connection
        For the queries that the graph needs.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(_head(source).encode())
        for batch in source.nodes(connection):
            file.write(_octets(node_lines(batch)))
        for lines in _numbered_edge_lines(source, connection):
            file.write(_octets(lines))
        file.write(_TAIL.encode())


def _head(source: GraphSource) -> str:
    keys = [*key_lines("node", NODE_COLUMNS), *key_lines("edge", source.edge_columns)]
    return f'{_HEAD}{"".join(keys)}<graph id="{_markup(source.name)}" edgedefault="directed">\n'


def key_lines(owner: str, columns: Sequence[Column]) -> Iterator[str]:
    """Declare the attributes of ``node`` or ``edge`` with their types."""
    for column in columns:
        yield (
            f'<key id="{_key(owner, column)}" for="{owner}"'
            f' attr.name="{column.name}" attr.type="{column.graphml_type}"/>\n'
        )


def _key(owner: str, column: Column) -> str:
    # Names alone would clash: `first` is an attribute of nodes and of edges, and a key's id is unique in the file.
    return f"{owner[0]}_{column.name}"


def node_lines(batch: pa.RecordBatch) -> pa.StringArray:
    """Write each host of a batch, a column ``address`` and `NODE_COLUMNS`, as one line."""
    pieces = ['<node id="', _text(batch.column("address")), '">', *_data("node", NODE_COLUMNS, batch), "</node>\n"]
    return _joined(pieces)


def edge_lines(batch: pa.RecordBatch, columns: Sequence[Column], *, first: int) -> pa.StringArray:
    """Write each edge of a batch, columns ``src``, ``dst`` and `columns`, as one line.

    Parameters
    ----------
    batch
        The edges.
    columns
        Their attributes.
    first
        Number of the first edge in the file, from 0.
    """
    ends = (_text(batch.column("src")), '" target="', _text(batch.column("dst")), '">')
    ids = edge_ids(first, batch.num_rows)
    return _joined(['<edge id="', ids, '" source="', *ends, *_data("edge", columns, batch), "</edge>\n"])


def _numbered_edge_lines(source: GraphSource, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.StringArray]:
    columns = source.edge_columns
    first = 0
    for batch in source.edges(connection):
        yield edge_lines(batch, columns, first=first)
        first += batch.num_rows


def _data(owner: str, columns: Sequence[Column], batch: pa.RecordBatch) -> Iterator[pa.Array | str]:
    """Give the pieces of the ``<data>`` elements of each attribute; none where there is no value."""
    for column in columns:
        values = batch.column(column.name)
        start, end = f'<data key="{_key(owner, column)}">', "</data>"
        if values.null_count == 0:
            yield from (start, _text(values), end)
        elif values.null_count < len(values):
            # Null where the value is, so that the element vanishes with it.
            yield pc.binary_join_element_wise(start, _text(values), end, "")


def _text(column: pa.Array) -> pa.Array:
    values = graph_values(column)
    if pa.types.is_integer(values.type):
        return values.cast(pa.string())
    return map_text(values, _markup, where='[&<>"]').cast(pa.string())


def _markup(text: str) -> str:
    return escape_markup(text, {'"': "&quot;"})


def _joined(pieces: Iterable[pa.Array | str]) -> pa.StringArray:
    """Join pieces row by row, a text being the same in every row and a null being nothing."""
    merged: list[pa.Array | str] = []
    for piece in pieces:
        # Neighbouring texts become one: a join costs by the piece.
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return pc.binary_join_element_wise(*merged, "", null_handling="replace", null_replacement="")


def _octets(lines: pa.StringArray) -> memoryview:
    """Give the text of all lines as one view, without a Python object for each."""
    if not len(lines):
        return memoryview(b"")
    _, offsets, text = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(text)[ends[0] : ends[-1]]
