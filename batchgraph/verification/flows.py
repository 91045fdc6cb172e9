"""Whether flows are what the edge records add up to, and the combined ones what the flows add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from batchgraph.graph.database import literal_path, quoted, reading_errors
from batchgraph.results import COMBINED, ResultsDirectory
from batchgraph.schema import COMBINED_FLOW_COLUMNS, FLOW_COLUMNS, FLOW_KEY, arrow_schema
from batchgraph.verification.checks import MERGE_AGAIN, Check, look, relative
from batchgraph.verification.edges import schema_problem

# Times as integers: DuckDB gives no nanoseconds to Python otherwise.
_OF_PACKETS = {
    "packets": "count(*)",
    "octets": "sum(wire_len)::BIGINT",
    "load": "coalesce(sum(load), 0)::BIGINT",
    "first": "min(epoch_ns(time))",
    "last": "max(epoch_ns(time))",
    "tcp_flags": "bit_or(tcp_flags)",
}
_OF_FLOWS = {
    "packets": "sum(packets)::BIGINT",
    "octets": "sum(octets)::BIGINT",
    "load": "sum(load)::BIGINT",
    "first": 'min(epoch_ns("first"))',
    "last": 'max(epoch_ns("last"))',
    "tcp_flags": "bit_or(tcp_flags)",
}
_STORED = {name: f'epoch_ns("{name}")' if name in ("first", "last") else f'"{name}"' for name in _OF_FLOWS}


def check_flows(
    connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, capture: str, *, trust: Sequence[str]
) -> Check:
    """Check the flows of a capture against its edge records, whose `trust` is one of those given."""
    path = results.flows(capture)

    def problem() -> str | None:
        if what := schema_problem(path, arrow_schema(FLOW_COLUMNS, capture=capture)):
            return what
        added = f"""
            SELECT $capture AS capture, {_columns(_OF_PACKETS)} FROM read_parquet($paths)
            WHERE src IS NOT NULL AND dst IS NOT NULL AND trust IN (SELECT unnest($trust))
            GROUP BY {quoted(FLOW_KEY)}
        """
        stored = f"SELECT capture, {_columns(_STORED)} FROM read_parquet($path)"
        parts = [literal_path(part) for part in results.edge_parts(capture)]
        values = {"capture": capture, "paths": parts, "trust": list(trust), "path": literal_path(path)}
        return _difference(connection, added, stored, values, of="edge records")

    return look("flows", relative(results.root, path), MERGE_AGAIN, problem)


def check_combined_flows(
    connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, captures: Sequence[str]
) -> Check:
    """Check the combined flows against those of the captures."""
    path = results.flows(COMBINED)

    def problem() -> str | None:
        if what := schema_problem(path, arrow_schema(COMBINED_FLOW_COLUMNS)):
            return what
        stored = f"SELECT {_columns(_STORED)}, captures FROM read_parquet($path)"
        if not captures:
            return _leftover(connection, path)
        added = f"""
            SELECT {_columns(_OF_FLOWS)}, count(*) AS captures FROM read_parquet($paths)
            GROUP BY {quoted(FLOW_KEY)}
        """
        values = {"paths": [literal_path(results.flows(name)) for name in captures], "path": literal_path(path)}
        return _difference(connection, added, stored, values, of="flows of the captures")

    return look("flows", relative(results.root, path), MERGE_AGAIN, problem)


def _leftover(connection: duckdb.DuckDBPyConnection, path: Path) -> str | None:
    with reading_errors():
        row = connection.execute("SELECT count(*) FROM read_parquet(?)", [literal_path(path)]).fetchone()
    return f"{row[0]} flows, but no capture has packets" if row and row[0] else None


def _columns(sums: Mapping[str, str]) -> str:
    return ", ".join([quoted(FLOW_KEY), *(f'{expression} AS "{name}"' for name, expression in sums.items())])


def _difference(
    connection: duckdb.DuckDBPyConnection, added: str, stored: str, values: Mapping[str, Any], *, of: str
) -> str | None:
    """Say which flow is the first that is not in both, row for row; None where all are."""
    # EXCEPT takes two nulls for the same, and with ALL counts rows that occur more than once.
    query = f"""
        WITH added AS ({added}), stored AS ({stored}),
        differing AS (
            SELECT 'added' AS side, * FROM (SELECT * FROM added EXCEPT ALL SELECT * FROM stored)
            UNION ALL
            SELECT 'stored' AS side, * FROM (SELECT * FROM stored EXCEPT ALL SELECT * FROM added)
        )
        SELECT * FROM differing ORDER BY {", ".join(f'"{name}" NULLS FIRST' for name in FLOW_KEY)}, side LIMIT 2
    """
    with reading_errors():
        cursor = connection.execute(query, dict(values))
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if not rows:
        return None
    key = _key(rows[0])
    same = [row for row in rows if _key(row) == key]
    sides = {row["side"]: row for row in same}
    return f"flow {_flow_text(rows[0])}: {_sides_text(sides.get('stored'), sides.get('added'), of)}"


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in FLOW_KEY)


def _flow_text(row: Mapping[str, Any]) -> str:
    ports = ("" if row[name] is None else f" port {row[name]}" for name in ("sport", "dport"))
    source, target = (f"{row[end]}{port}" for end, port in zip(("src", "dst"), ports, strict=True))
    return f"{source} > {target} {row['type'] or row['proto']}"


def _sides_text(stored: Mapping[str, Any] | None, added: Mapping[str, Any] | None, of: str) -> str:
    if stored is None:
        return f"is missing, the {of} have it"
    if added is None:
        return f"is there, the {of} do not have it"
    name = next(name for name in stored if name != "side" and stored[name] != added[name])
    return f"{name} is {stored[name]}, the {of} add up to {added[name]}"
