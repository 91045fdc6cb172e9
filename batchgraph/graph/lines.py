"""Text of many rows at once: pieces of markup and whole columns, joined row by row.

Every value of a batch is written by a few calls over whole columns, which is what makes it some dozens of times
faster than writing edge by edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape as escape_markup

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchgraph.graph.values import graph_values, map_text


def markup(text: str) -> str:
    """Write text so that XML takes it for text, in elements and in attributes."""
    return escape_markup(text, {'"': "&quot;"})


def markup_values(column: pa.Array) -> pa.Array:
    """Write the values of a column as text for XML; nulls stay nulls."""
    values = graph_values(column)
    if pa.types.is_integer(values.type):
        return values.cast(pa.string())
    return map_text(values, markup, where='[&<>"]').cast(pa.string())


def where_valued(column: pa.Array, before: str, after: str) -> list[pa.Array | str]:
    """Give the pieces ``before value after`` of each row that has a value, and nothing for the others."""
    if column.null_count == 0:
        return [before, markup_values(column), after]
    if column.null_count == len(column):
        return []
    # Null where the value is, so that what stands around it vanishes with it.
    return [pc.binary_join_element_wise(before, markup_values(column), after, "")]


def joined(pieces: Iterable[pa.Array | str]) -> pa.StringArray:
    """Join pieces row by row, a text being the same in every row and a null being nothing."""
    merged: list[pa.Array | str] = []
    for piece in pieces:
        # Neighbouring texts become one: a join costs by the piece.
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return pc.binary_join_element_wise(*merged, "", null_handling="replace", null_replacement="")


def line_octets(lines: pa.StringArray) -> memoryview:
    """Give the text of all lines as one view, without a Python object for each."""
    if not len(lines):
        return memoryview(b"")
    _, offsets, text = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(text)[ends[0] : ends[-1]]
