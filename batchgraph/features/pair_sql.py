"""The features of ordered pairs of hosts as SQL, over a part of the pairs at a time."""

from __future__ import annotations

from batchgraph.features.sql import SECOND_NS, begun_columns, since_before, spread, spread_columns

PART = """
    CREATE OR REPLACE TABLE between AS
    SELECT "window", src, dst, frame, t, size, load, type, dport FROM packets WHERE (src + dst) % $parts = $part
"""
"""The packets of a part of the pairs."""

BEGUN_BY_PAIR = f"CREATE TABLE begun_by_pair AS {begun_columns('src, dst')}"

_SUMS = f"""
    SELECT "window", src, dst, count(*) AS packets, sum(size)::BIGINT AS octets, sum(load)::BIGINT AS load,
        count(DISTINCT (type, dport)) FILTER (dport IS NOT NULL) AS ports, {", ".join(spread("size", "size", "true"))},
        min(t) AS first_seen, max(t) AS last_seen
    FROM between GROUP BY "window", src, dst
"""

_GAPS = f"""
    SELECT "window", src, dst, {", ".join(spread("gap", "gap", "true", grain="grain"))} FROM (
        SELECT "window", src, dst,
            {since_before('"window", src, dst', "t, frame")} AS gap
        FROM between WHERE t IS NOT NULL
    ) JOIN places ON "window" = place GROUP BY "window", src, dst
"""

_COLUMNS = [
    's."window"', "s.src", "s.dst", "s.packets", "octets", "load", "ports",
    *spread_columns("size"), *spread_columns("gap", divided_by=SECOND_NS),
    "coalesce(connections_begun, 0) AS connections_begun", "failed_share", "begin_gap_mean", "begin_gap_deviation",
    "b.src IS NOT NULL AS reciprocated", "first_seen", "last_seen",
]  # fmt: skip

PAIRS_OF_PART = f"""
    SELECT {", ".join(_COLUMNS)}
    FROM ({_SUMS}) s LEFT JOIN ({_GAPS}) g USING ("window", src, dst)
        LEFT JOIN begun_by_pair n USING ("window", src, dst)
        LEFT JOIN pairs b ON (s."window", s.src, s.dst) = (b."window", b.dst, b.src)
"""
"""The features of the pairs in ``between``."""
