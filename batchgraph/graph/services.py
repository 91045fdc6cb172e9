"""Which end of a flow serves: one rule for services in graphs and in features."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from batchgraph.graph.database import literal_path, reading_errors
from batchgraph.results import ResultsDirectory

# Who serves, by the first of these that tells: who answers a SYN with SYN and ACK; who is sent a SYN (RFC 9293,
# 3.5); who alone has a port below 1024 (RFC 6335, 6: system ports); who has the lower port; who was addressed first.
# The same rule as in the table of services.
_SIDES = """
    CREATE TABLE sides AS
    WITH openings AS (
        SELECT capture, src, dst, sport, dport, bool_or((tcp_flags & 18) = 2) AS asks,
            bool_or((tcp_flags & 18) = 18) AS answers
        FROM read_parquet($edges) WHERE type = 'TCP' AND (tcp_flags & 2) <> 0 GROUP BY ALL
    ), flows AS (
        SELECT capture, src, dst, type, proto, sport, dport, epoch_ns("first") AS "first", load, tcp_flags
        FROM read_parquet($flows) WHERE sport IS NOT NULL AND dport IS NOT NULL
    )
    SELECT f.capture, f.src, f.dst, f.type, f.proto, f.sport, f.dport, CASE
        WHEN o.answers THEN false WHEN p.answers THEN true
        WHEN o.asks THEN true WHEN p.asks THEN false
        WHEN (f.dport < 1024) <> (f.sport < 1024) THEN f.dport < 1024
        WHEN f.dport <> f.sport THEN f.dport < f.sport
        ELSE g.src IS NULL OR (coalesce(f."first", 0), f.src) <= (coalesce(g."first", 0), g.src)
        END AS inward, f.load, f.tcp_flags
    FROM flows f
    LEFT JOIN openings o ON f.type = 'TCP' AND (f.capture, f.src, f.dst, f.sport, f.dport)
        = (o.capture, o.src, o.dst, o.sport, o.dport)
    LEFT JOIN openings p ON f.type = 'TCP' AND (f.capture, f.src, f.dst, f.sport, f.dport)
        = (p.capture, p.dst, p.src, p.dport, p.sport)
    LEFT JOIN flows g ON f.src <> f.dst AND (f.capture, f.src, f.dst, f.sport, f.dport, f.type, f.proto)
        = (g.capture, g.dst, g.src, g.dport, g.sport, g.type, g.proto)
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
