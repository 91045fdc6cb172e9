"""What there is in a run, as one table: hosts, services, pairs and protocols with their volumes."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from batchgraph.difference.identity import create_identities
from batchgraph.difference.services import SERVED
from batchgraph.graph.database import literal_path, reading_errors
from batchgraph.graph.services import create_sides
from batchgraph.results import ResultsDirectory

_TABLE = """
    CREATE TABLE IF NOT EXISTS things (run INTEGER, kind VARCHAR, host VARCHAR, peer VARCHAR, type VARCHAR,
        port INTEGER, packets BIGINT, octets BIGINT)
"""

# A host's volume counts a packet to itself once; names that stand for several addresses add up.
_FROM_FLOWS = """
    INSERT INTO things
    WITH named AS (
        SELECT coalesce(i.name, f.src) AS src, coalesce(j.name, f.dst) AS dst, coalesce(f.type, '(none)') AS type,
            f.packets, f.octets
        FROM read_parquet($combined) f LEFT JOIN ids i ON i.address = f.src LEFT JOIN ids j ON j.address = f.dst
    ), ends AS (
        SELECT src AS host, packets, octets FROM named
        UNION ALL SELECT dst, packets, octets FROM named WHERE src <> dst
    )
    SELECT $run, 'host', host, '', '', 0, sum(packets), sum(octets) FROM ends GROUP BY host
    UNION ALL SELECT $run, 'pair', src, dst, type, 0, sum(packets), sum(octets) FROM named GROUP BY src, dst, type
    UNION ALL SELECT $run, 'protocol', '', '', type, 0, sum(packets), sum(octets) FROM named GROUP BY type
"""

_FROM_SERVICES = f"""
    INSERT INTO things
    SELECT $run, 'service', coalesce(i.name, s.host) AS host, '', s.type, s.port, sum(s.packets), sum(s.octets)
    FROM ({SERVED}) s LEFT JOIN ids i ON i.address = s.host GROUP BY ALL
"""


def collect_things(
    connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, *, run: int, match: str, captures: Sequence[str]
) -> None:
    """Add to the table ``things`` what there is in a run (0: the baseline, 1: the new one).

    Raises
    ------
    ResultsError
        If a file is missing or not whole.
    """
    flows = [literal_path(results.flows(capture)) for capture in captures]
    connection.execute("DROP TABLE IF EXISTS sides")
    connection.execute(_TABLE)
    if captures:
        create_sides(connection, results, captures=captures)
    create_identities(connection, results, match=match, captures=captures)
    with reading_errors():
        connection.execute(_FROM_FLOWS, {"combined": literal_path(results.flows()), "run": run})
        if captures:
            connection.execute(_FROM_SERVICES, {"flows": flows, "run": run})


def covered_seconds(
    connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, *, captures: Sequence[str]
) -> float:
    """Give the time that captures cover, from the first to the last packet of each, overlaps counted once."""
    if not captures:
        return 0.0
    with reading_errors():
        spans = connection.execute(
            'SELECT epoch_ns(min("first")) AS a, epoch_ns(max("last")) AS b FROM read_parquet($flows)'
            ' GROUP BY capture HAVING min("first") IS NOT NULL ORDER BY a, b',
            {"flows": [literal_path(results.flows(capture)) for capture in captures]},
        ).fetchall()
    total, end = 0, None
    for first, last in spans:
        start = first if end is None else max(first, end)
        total += max(0, last - start)
        end = last if end is None else max(end, last)
    return total / 1e9
