"""A part of the hosts as tables: all packets of each of them, both ways, and what follows from these alone.

What is known of a host, and of the pairs that it sends to, follows from its own packets: parts need nothing of each
other.
"""

from __future__ import annotations

from batchgraph.features.sql import begun_columns
from batchgraph.graph.services import sided

WEIGHTS = """
    CREATE TABLE weights AS
    SELECT host, sum(n)::BIGINT AS weight FROM (
        SELECT src AS host, count(*) AS n FROM packets GROUP BY src
        UNION ALL SELECT dst, count(*) FROM packets GROUP BY dst
        UNION ALL SELECT src, $subject * count(*) FROM pairs GROUP BY src
        UNION ALL SELECT number, $subject FROM numbers
    ) GROUP BY host
"""
"""What each host takes of a part: one for a packet, `$subject` for itself and for each pair that it sends to."""

PARTS = """
    SELECT min(host), max(host) FROM (
        SELECT host, (sum(weight) OVER (ORDER BY host ROWS UNBOUNDED PRECEDING) - weight) // $most AS part FROM weights
    ) GROUP BY part ORDER BY part
"""
"""The first and the last host of each part."""

SEEN = """
    CREATE TABLE seen AS
    SELECT * EXCLUDE (src, dst), if(outward, src, dst) AS host, if(outward, dst, src) AS peer
    FROM packets, (VALUES (true), (false)) ways(outward)
"""
"""Every packet once for each end."""

SEEN_IN_ORDER = f"{SEEN} ORDER BY host"
"""The same so that those of a part lie together."""

PART = "CREATE OR REPLACE TABLE seen_here AS FROM seen WHERE host BETWEEN $first AND $last"

ENDS = 'CREATE OR REPLACE VIEW ends AS FROM seen_here WHERE "window" IS NOT NULL'
"""The packets of the part that count."""

_BY_WAY = """(SELECT *, if(outward, host, peer) AS src, if(outward, peer, host) AS dst, capture_number AS capture
    FROM seen_here)"""

_FLOWS = f"""(SELECT capture, src, dst, type, proto, sport, dport, make_timestamp_ns(min(t)) AS "first"
    FROM {_BY_WAY} WHERE trusted AND sport IS NOT NULL AND dport IS NOT NULL GROUP BY ALL)"""

# Of a packet between two hosts of the part there are two rows, which changes neither what is distinct nor a least
# time, nor whether there is any payload.
SERVED = f"""
    CREATE OR REPLACE TABLE served AS
    WITH sides AS (
        {sided(edges=_BY_WAY, flows=_FLOWS)}
    ), flows AS (
        SELECT "window", capture, src, dst, type, proto, sport, dport, sum(load) AS load,
            coalesce(bit_or(tcp_flags), 0) AS flags
        FROM {_BY_WAY} WHERE "window" IS NOT NULL AND sport IS NOT NULL AND dport IS NOT NULL GROUP BY ALL
    )
    SELECT "window", if(s.inward, f.src, f.dst) AS client, if(s.inward, f.dst, f.src) AS server, f.type,
        if(s.inward, f.dport, f.sport) AS port, bool_or(s.inward) AS asked,
        -- The answer of a service that only refuses is a reset without payload.
        bool_or(NOT s.inward AND NOT (f.type = 'TCP' AND (flags & 6) = 4 AND f.load = 0)) AS answered
    FROM flows f JOIN sides s ON (f.capture, f.src, f.dst, f.type, f.proto, f.sport, f.dport)
        = (s.capture, s.src, s.dst, s.type, s.proto, s.sport, s.dport)
    GROUP BY ALL
"""

# A connection is begun once in a window, however often its SYN is sent again, and answered in whatever window.
BEGUN = """
    CREATE OR REPLACE TABLE begun AS
    WITH asked AS (
        SELECT "window", capture_number, host AS src, peer AS dst, sport, dport, min(t) AS t FROM ends
        WHERE outward AND type = 'TCP' AND (tcp_flags & 18) = 2 GROUP BY ALL
    ), answers AS (
        SELECT DISTINCT capture_number, peer AS src, host AS dst, sport, dport FROM ends
        WHERE NOT outward AND type = 'TCP' AND (tcp_flags & 18) = 18
    )
    SELECT b.*, a.src IS NULL AS failed FROM asked b LEFT JOIN answers a
        ON (b.capture_number, b.src, b.dst, b.sport, b.dport) = (a.capture_number, a.dst, a.src, a.dport, a.sport)
"""

BEGUN_BY_HOST = f"CREATE OR REPLACE TABLE begun_by_host AS {begun_columns('src')}"

BEGUN_BY_PAIR = f"CREATE OR REPLACE TABLE begun_by_pair AS {begun_columns('src, dst')}"

PEERS = """
    CREATE OR REPLACE TABLE peers AS
    SELECT "window", host, peer, outward, count(*) AS n FROM ends GROUP BY ALL
"""
"""Whom each host of the part sends to and is sent by, and how many packets."""

TABLES = (ENDS, PEERS, SERVED, BEGUN, BEGUN_BY_HOST, BEGUN_BY_PAIR)
"""What is made of ``seen_here``, in order."""
