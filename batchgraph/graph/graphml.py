"""GraphML, streamed: nodes and edges become text a batch at a time, and no graph is ever held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from batchgraph.graph.columns import CAPTURES, NODE_COLUMNS, WEIGHT
from batchgraph.graph.database import reading_errors
from batchgraph.graph.lines import joined, line_octets, markup, markup_values, where_valued
from batchgraph.graph.source import Graph
from batchgraph.graph.values import edge_ids
from batchgraph.results import replacing
from batchgraph.schema import Column
from batchgraph.sizes import MIB

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
_TAIL = "</graph>\n</graphml>\n"


def write_graphml(path: Path, source: Graph, *, connection: duckdb.DuckDBPyConnection) -> None:
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
            file.write(line_octets(node_lines(batch)))
        for lines in _numbered_edge_lines(source, connection):
            file.write(line_octets(lines))
        file.write(_TAIL.encode())


def write_combined_graphml(path: Path, combined: Graph, *, capture: Graph, written: Path) -> None:
    """Write the graph of all captures where there is only one, whose graph is written; its edges are flows.

    Gives the same octets as `write_graphml`, without making text of every number again, which is what takes the time.

    Parameters
    ----------
    path
        The final path.
    combined
        The graph.
    capture, written
        The graph of the capture, and its file.

    Raises
    ------
    ResultsError
        If that file cannot be read.
    """
    # An attribute that every edge has, and none has before: text in a value is escaped, so it cannot look like this.
    weight = f'<data key="{attribute_key("edge", WEIGHT)}">'.encode()
    captures = f'<data key="{attribute_key("edge", CAPTURES)}">1</data>'.encode()
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(_head(combined).encode())
        for lines in _lines_behind(written, _head(capture).encode()):
            file.write(lines.replace(weight, captures + weight))


def _lines_behind(path: Path, head: bytes) -> Iterator[bytes]:
    """Give the whole lines behind the head of a file, some thousands at a time."""
    rest = b""
    with reading_errors(), path.open("rb") as file:
        file.seek(len(head))
        while chunk := file.read(MIB):
            lines, end, rest = (rest + chunk).rpartition(b"\n")
            yield lines + end


def _head(source: Graph) -> str:
    keys = [*key_lines("node", NODE_COLUMNS), *key_lines("edge", source.edge_columns)]
    return f'{_HEAD}{"".join(keys)}<graph id="{markup(source.name)}" edgedefault="directed">\n'


def key_lines(owner: str, columns: Sequence[Column]) -> Iterator[str]:
    """Declare the attributes of ``node`` or ``edge`` with their types."""
    for column in columns:
        yield (
            f'<key id="{attribute_key(owner, column)}" for="{owner}"'
            f' attr.name="{column.name}" attr.type="{column.graphml_type}"/>\n'
        )


def attribute_key(owner: str, column: Column) -> str:
    """Name an attribute of ``node`` or ``edge`` by an id that is unique in the file."""
    # Names alone would clash: `first` is an attribute of nodes and of edges.
    return f"{owner[0]}_{column.name}"


def node_lines(batch: pa.RecordBatch) -> pa.StringArray:
    """Write each host of a batch, a column ``address`` and `NODE_COLUMNS`, as one line."""
    address = markup_values(batch.column("address"))
    return joined(['<node id="', address, '">', *_data("node", NODE_COLUMNS, batch), "</node>\n"])


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
    ends = (markup_values(batch.column("src")), '" target="', markup_values(batch.column("dst")), '">')
    ids = edge_ids(first, batch.num_rows)
    return joined(['<edge id="', ids, '" source="', *ends, *_data("edge", columns, batch), "</edge>\n"])


def _numbered_edge_lines(source: Graph, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.StringArray]:
    columns = source.edge_columns
    first = 0
    for batch in source.edges(connection):
        yield edge_lines(batch, columns, first=first)
        first += batch.num_rows


def _data(owner: str, columns: Sequence[Column], batch: pa.RecordBatch) -> Iterator[pa.Array | str]:
    """Give the pieces of the ``<data>`` elements of each attribute; none where there is no value."""
    for column in columns:
        yield from where_valued(batch.column(column.name), f'<data key="{attribute_key(owner, column)}">', "</data>")
