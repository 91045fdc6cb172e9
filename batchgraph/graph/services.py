"""Which end of a flow serves: one rule for tables, graphs, features, rules and differences."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from batchgraph.graph.database import literal_path, reading_errors
from batchgraph.results import ResultsDirectory

# Who serves, by the first of these that tells: who answers a SYN with SYN and ACK; who is sent a SYN (RFC 9293,
# 3.5); who alone has a port below 1024 (RFC 6335, 6: system ports); who has the lower port; who was addressed first.
_SIDED = """
    WITH openings AS (
        SELECT capture, src, dst, sport, dport, bool_or((tcp_flags & 18) = 2) AS asks,
            bool_or((tcp_flags & 18) = 18) AS answers
        FROM {edges} WHERE type = 'TCP' AND (tcp_flags & 2) <> 0 GROUP BY ALL
    ), chosen AS (
        FROM {flows} WHERE sport IS NOT NULL AND dport IS NOT NULL
    )
    SELECT f.*, CASE
        WHEN o.answers THEN false WHEN p.answers THEN true
        WHEN o.asks THEN true WHEN p.asks THEN false
        WHEN (f.dport < 1024) <> (f.sport < 1024) THEN f.dport < 1024
        WHEN f.dport <> f.sport THEN f.dport < f.sport
        ELSE g.src IS NULL OR (coalesce(epoch_ns(f."first"), 0), f.src) <= (coalesce(epoch_ns(g."first"), 0), g.src)
        END AS inward
    FROM chosen f
    LEFT JOIN openings o ON f.type = 'TCP' AND (f.capture, f.src, f.dst, f.sport, f.dport)
        = (o.capture, o.src, o.dst, o.sport, o.dport)
    LEFT JOIN openings p ON f.type = 'TCP' AND (f.capture, f.src, f.dst, f.sport, f.dport)
        = (p.capture, p.dst, p.src, p.dport, p.sport)
    LEFT JOIN chosen g ON f.src <> f.dst AND (f.capture, f.src, f.dst, f.sport, f.dport, f.type, f.proto)
        = (g.capture, g.dst, g.src, g.dport, g.sport, g.type, g.proto)
"""


def sided(*, edges: str, flows: str) -> str:
    """Write the query that says of flows with ports whether their destination serves: their columns and ``inward``.

    Parameters
    ----------
    edges, flows
        What the query reads from, as SQL: edge records and flows of whole captures, or of all packets between some
        pairs of hosts, both ways.
    """
    return _SIDED.format(edges=edges, flows=flows)


_SIDES = f"""
    CREATE TABLE sides AS
    SELECT capture, src, dst, type, proto, sport, dport, inward, load, tcp_flags
    FROM ({sided(edges="read_parquet($edges)", flows="read_parquet($flows)")})
"""


def create_sides(connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, *, captures: Sequence[str]) -> None:
    """Create a table ``sides`` that says of every flow with ports whether its destination serves (``inward``).

    Parameters
    ----------
    connection
        The database to create it in.
    results
        With edge records and flows.
    captures
        Which captures' flows; at least one. What all of a capture tells decides, whatever window is looked at.
    """
    parameters = {
        "edges": [literal_path(part) for capture in captures for part in results.edge_parts(capture)],
        "flows": [literal_path(results.flows(capture)) for capture in captures],
    }
    with reading_errors():
        connection.execute(_SIDES, parameters)
