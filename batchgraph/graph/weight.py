"""What a graph would weigh in a file, before it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchgraph.graph.columns import NODE_COLUMNS
from batchgraph.schema import TIMESTAMP, Column

_MARKUP = {"graphml": (34, 24), "gexf": (70, 32), "csv": (3, 1)}
"""Octets about a node or edge, and about one of its values, in each format, beside the values and their names."""

_TIME_OCTETS = 30
_VALUE_OCTETS = 5
_ADDRESS_OCTETS = 14


def estimated_octets(formats: Iterable[str], *, nodes: int, edges: int, columns: Sequence[Column]) -> int:
    """Estimate the size of a graph's files, good to about a factor of two.

    Parameters
    ----------
    formats
        Some of `FORMATS`.
    nodes, edges
        How many there are.
    columns
        The attributes of an edge, beside its ends.
    """
    total = 0
    for name in formats:
        around, each = _MARKUP[name]
        node = around + 2 * _ADDRESS_OCTETS + _values(NODE_COLUMNS, each, named=name != "csv")
        edge = around + 8 + 2 * _ADDRESS_OCTETS + _values(columns, each, named=name != "csv")
        total += nodes * node + edges * edge
    return total


def _values(columns: Sequence[Column], each: int, *, named: bool) -> int:
    values = sum(_TIME_OCTETS if column.type == TIMESTAMP else _VALUE_OCTETS for column in columns)
    return values + sum(each + (len(column.name) if named else 0) for column in columns)
