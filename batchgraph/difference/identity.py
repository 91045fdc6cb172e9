"""Who is the same host in two runs: by address, MAC, name or role."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from batchgraph.difference.services import SERVED
from batchgraph.errors import ResultsError
from batchgraph.graph.database import literal_path, reading_errors
from batchgraph.graph.host_names import host_names
from batchgraph.results import ResultsDirectory

# Neighbour packets (ARP, RFC 826; ICMPv6 135 and 136, RFC 4861) do not pass routers, so their sender is on the link.
# Without them, a MAC that sends for one address of a version is that host's, one that sends for several a router's.
_MAC = """
    INSERT INTO ids
    WITH seen AS (
        SELECT DISTINCT src AS address, eth_src AS mac, contains(src, ':') AS six,
            (type = 'ARP' OR (type = 'ICMPv6' AND icmp_type IN (135, 136))) IS TRUE AS near
        FROM read_parquet($edges)
        WHERE eth_src IS NOT NULL AND eth_src <> '00:00:00:00:00:00' AND src NOT IN ('0.0.0.0', '::')
            AND tunnel IS NULL
    ), near AS (
        SELECT address, min(mac) AS mac FROM seen WHERE near GROUP BY address HAVING count(DISTINCT mac) = 1
    ), alone AS (
        SELECT mac, six FROM seen GROUP BY mac, six HAVING count(DISTINCT address) = 1
    ), far AS (
        SELECT address, six, min(mac) AS mac FROM seen GROUP BY address, six
        HAVING count(DISTINCT mac) = 1 AND NOT bool_or(near)
    )
    SELECT address, mac FROM near
    UNION ALL SELECT address, mac FROM far SEMI JOIN alone USING (mac, six)
"""

_ROLE = f"""
    INSERT INTO ids
    WITH served AS (SELECT * FROM ({SERVED})), words AS (
        SELECT DISTINCT host AS address, 0 AS used, type || '/' || port AS word FROM served
        UNION SELECT DISTINCT client, 1, type || '/' || port FROM served
    ), lists AS (
        SELECT address, coalesce(string_agg(word, ',' ORDER BY word) FILTER (used = 0), 'nothing') AS serves,
            coalesce(string_agg(word, ',' ORDER BY word) FILTER (used = 1), 'nothing') AS uses
        FROM words GROUP BY address
    )
    SELECT address, 'serves ' || serves || ' uses ' || uses FROM lists
"""


def create_identities(
    connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, *, match: str, captures: Sequence[str]
) -> None:
    """Create a table ``ids`` of addresses that are called otherwise: ``address`` and ``name``; the others keep theirs.

    The table ``sides`` must be there for roles.

    Raises
    ------
    ResultsError
        If names are asked for and none are known, or ``tables/names.csv`` lacks a column.
    """
    connection.execute("CREATE OR REPLACE TABLE ids (address VARCHAR, name VARCHAR)")
    flows = [literal_path(results.flows(capture)) for capture in captures]
    if match == "mac" and captures:
        edges = [literal_path(part) for capture in captures for part in results.edge_parts(capture)]
        with reading_errors():
            connection.execute(_MAC, {"edges": edges})
    elif match == "role" and captures:
        with reading_errors():
            connection.execute(_ROLE, {"flows": flows})
    elif match == "name":
        connection.executemany("INSERT INTO ids VALUES (?, ?)", sorted(_names(results).items()))


def _names(results: ResultsDirectory) -> dict[str, str]:
    names = host_names(results, results.read_manifest())
    if not names:
        path = results.table("names")
        raise ResultsError(f"{path} is not there, and no capture names its hosts: use another --match")
    return names
