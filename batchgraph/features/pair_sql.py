"""The features of ordered pairs of hosts as SQL, over a part of the hosts at a time."""

from __future__ import annotations

from batchgraph.features.sql import SECOND_NS, since_before, spread, spread_columns

_BETWEEN = "(SELECT * EXCLUDE (host, peer), host AS src, peer AS dst FROM ends WHERE outward)"

_SUMS = f"""
    SELECT "window", src, dst, count(*) AS packets, sum(size)::BIGINT AS octets, sum(load)::BIGINT AS load,
        count(DISTINCT (type, dport)) FILTER (dport IS NOT NULL) AS ports, {", ".join(spread("size", "size", "true"))},
        min(t) AS first_seen, max(t) AS last_seen
    FROM {_BETWEEN} GROUP BY "window", src, dst
"""

_GAPS = f"""
    SELECT "window", src, dst, {", ".join(spread("gap", "gap", "true", grain="grain"))} FROM (
        SELECT "window", src, dst,
            {since_before('"window", src, dst', "t, frame")} AS gap
        FROM {_BETWEEN} WHERE t IS NOT NULL
    ) JOIN places ON "window" = place GROUP BY "window", src, dst
"""

_COLUMNS = [
    's."window"', "s.src", "s.dst", "s.packets", "octets", "load", "ports",
    *spread_columns("size"), *spread_columns("gap", divided_by=SECOND_NS),
    "coalesce(connections_begun, 0) AS connections_begun", "failed_share", "begin_gap_mean", "begin_gap_deviation",
    "b.host IS NOT NULL AS reciprocated", "first_seen", "last_seen",
]  # fmt: skip

PAIRS = f"""
    SELECT {", ".join(_COLUMNS)}
    FROM ({_SUMS}) s LEFT JOIN ({_GAPS}) g USING ("window", src, dst)
        LEFT JOIN begun_by_pair n USING ("window", src, dst)
        LEFT JOIN peers b ON NOT b.outward AND (s."window", s.src, s.dst) = (b."window", b.host, b.peer)
    ORDER BY s."window", s.src, s.dst
"""
"""The features of the pairs that the hosts of a part send to."""
