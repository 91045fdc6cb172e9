"""How the values of a table are said in a graph: text that XML can hold, times as text, integers as they are.

The GraphML writer and the networkx graph both take their values from here, so that one equals the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# XML 1.0, production 2 [Char], forbids the C0 controls but three, the surrogates and two noncharacters; the three and
# the C1 controls are rewritten by readers or terminals. The backslash is escaped so that the rest can be told apart.
_UNSAFE = "[\\x00-\\x1f\\x7f-\\x9f\\\\\\x{FFFE}\\x{FFFF}]"
_UNSAFE_CHARACTER = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\\\\\ufffe\\uffff]")
_ESCAPED = re.compile(r"(?:\\x[0-9a-f]{2})+")


def escape(text: str) -> str:
    r"""Write each octet (UTF-8) of every character that XML cannot hold as ``\xNN``, and of each backslash too."""
    return _UNSAFE_CHARACTER.sub(lambda match: "".join(f"\\x{octet:02x}" for octet in match[0].encode()), text)


def unescape(text: str) -> str:
    """Give back what `escape` was given."""
    return _ESCAPED.sub(lambda match: bytes.fromhex(match[0].replace("\\x", "")).decode(), text)


def graph_values(column: pa.Array) -> pa.Array:
    """Convert one column to what stands in a graph.

    Parameters
    ----------
    column
        Integers, timestamps in nanoseconds UTC, or text, plain or dictionary-encoded; None of it for a time or a
        number that was not there.

    Returns
    -------
    values
        Of the same length: integers unchanged, times as ISO 8601 (``2009-02-13T23:31:30.123456789Z``), text by
        `escape`; nulls stay nulls.
    """
    if pa.types.is_timestamp(column.type):
        return iso_times(column)
    if pa.types.is_integer(column.type):
        return column
    return map_text(column, escape, where=_UNSAFE)


def iso_times(times: pa.Array) -> pa.Array:
    """Write timestamps as ISO 8601 text with nine digits of the second, in UTC."""
    # Without its zone a timestamp is cast in UTC and without asking the machine for a zone database; years 1677 to
    # 2262, all that 64 bits of nanoseconds hold, give 29 characters with a space as the 11th.
    text = times.view(pa.int64()).cast(pa.timestamp("ns")).cast(pa.string())
    return pc.binary_join_element_wise(pc.binary_replace_slice(text, 10, 11, "T"), "Z", "")


def map_text(column: pa.Array, function: Callable[[str], str], *, where: str) -> pa.Array:
    """Apply `function` to the texts of a column that match the regular expression `where` (RE2 syntax).

    Nearly always none does, and finding that out is all the work there is.
    """
    if pa.types.is_dictionary(column.type):
        words = map_text(column.dictionary, function, where=where)
        return pa.DictionaryArray.from_arrays(column.indices, words, safe=False)
    if not pc.any(pc.match_substring_regex(column, where)).as_py():
        return column
    return pa.array([None if text is None else function(text) for text in column.to_pylist()], pa.string())


def edge_ids(first: int, count: int) -> pa.Array:
    """Give the ids of `count` edges of which the first is number `first` in its graph, from 0: ``e0``, ``e1``, ..."""
    return pc.binary_join_element_wise("e", pa.array(np.arange(first, first + count)).cast(pa.string()), "")
