"""Ranges of keys that share rows out evenly, for aggregations whose groups do not fit in memory all together.

DuckDB spills groups to disk, but not without end: of rows that are nearly all groups of their own, 39,000 for each MiB
of its limit went through, and 78,000 did not. One range after the other is worked on, in the order of the key, so the
results need only be put one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from batchgraph.graph.database import memory_limit_mib

ROWS_OF_ONE_QUERY = 39_000
"""Rows that one query takes for each MiB of its memory; measured."""

ROWS_OF_A_RANGE = 12_000
"""Rows of a range for each MiB, where one query does not do: what fits without spilling."""


def key_ranges(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    *,
    columns: Sequence[str],
    parameters: Mapping[str, object],
    n_rows: int,
) -> Iterator[str]:
    """Give conditions on the first columns of a key, each true of rows that fit in memory, in the order of the key.

    Parameters
    ----------
    connection
        The database.
    rows
        What stands behind ``FROM``, with a condition at its end.
    columns
        The first columns of the key: text, never null. The next is used only where one value has too many rows.
    parameters
        Of `rows`.
    n_rows
        How many there are at most.

    Yields
    ------
    condition
        As SQL; every row is in exactly one. ``true`` alone, where all fit together.
    """
    memory_mib = memory_limit_mib(connection)
    if n_rows <= ROWS_OF_ONE_QUERY * memory_mib:
        yield "true"
    else:
        yield from _ranges(connection, rows, columns, parameters, max(1, int(ROWS_OF_A_RANGE * memory_mib)))


def _ranges(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    columns: Sequence[str],
    parameters: Mapping[str, object],
    most: int,
) -> Iterator[str]:
    column = columns[0]
    # A value belongs to the range in which the number of rows before it falls: only the last can make it too long.
    query = f"""
        WITH counts AS (
            SELECT {column} AS value, count(*) AS n FROM {rows} GROUP BY {column}
        ), placed AS (
            SELECT value, n, (sum(n) OVER (ORDER BY value ROWS UNBOUNDED PRECEDING) - n) // {most} AS number FROM counts
        )
        SELECT min(value), max(value), max_by(n, value) FROM placed GROUP BY number ORDER BY number
    """
    for low, high, n_of_high in connection.execute(query, dict(parameters)).fetchall():
        if n_of_high <= most or len(columns) == 1:
            yield f"{column} BETWEEN {_literal(low)} AND {_literal(high)}"
            continue
        if low < high:
            yield f"{column} >= {_literal(low)} AND {column} < {_literal(high)}"
        one_value = f"{column} = {_literal(high)}"
        for condition in _ranges(connection, f"{rows} AND {one_value}", columns[1:], parameters, most):
            yield f"{one_value} AND {condition}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
