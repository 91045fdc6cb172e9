"""The features of hosts as SQL, over a part of the hosts at a time."""

from __future__ import annotations

from batchgraph.features.declared import TCP_FLAGS
from batchgraph.features.sql import SECOND_NS, entropy, since_before, spread, spread_columns

_WAYS = (("out", "outward"), ("in", "NOT outward"))


def _sums() -> str:
    pieces = []
    for way, where in _WAYS:
        pieces += [
            f"count(*) FILTER ({where}) AS packets_{way}",
            f"coalesce(sum(size) FILTER ({where}), 0)::BIGINT AS octets_{way}",
            f"coalesce(sum(load) FILTER ({where}), 0)::BIGINT AS load_{way}",
            *spread("size", "size", where, f"_{way}"),
        ]
    pieces += [
        f"avg((tcp_flags >> {bit}) & 1) FILTER (outward AND type = 'TCP') AS {flag.lower()}_share_out"
        for bit, flag in enumerate(TCP_FLAGS)
    ]
    return ", ".join(pieces)


_SUMS = f"""
    SELECT "window", host, {_sums()}, avg((coalesce(type, '') IN ('ICMP', 'ICMPv6'))::INTEGER) AS icmp_share,
        min(t) AS first_seen, max(t) AS last_seen, count(DISTINCT t // {SECOND_NS}) AS seconds
    FROM ends GROUP BY "window", host
"""


def _entropies(name: str, value: str) -> str:
    entropies = ", ".join(entropy(f"{name}_entropy_{way}", where) for way, where in _WAYS)
    return f"""
        SELECT "window", host, {entropies} FROM (
            SELECT "window", host, outward, {value}, count(*) AS n FROM ends WHERE {value} IS NOT NULL GROUP BY ALL
            ORDER BY ALL
        ) GROUP BY "window", host
    """


_GAPS = f"""
    SELECT "window", host, {
    ", ".join(piece for way, where in _WAYS for piece in spread("gap", "gap", where, f"_{way}", grain="grain"))
} FROM (
        SELECT "window", host, outward,
            {since_before('"window", host, outward', "t, frame")} AS gap
        FROM ends WHERE t IS NOT NULL
    ) JOIN places ON "window" = place GROUP BY "window", host
"""

# `mutual` is whether there is an edge back; a host's packets to itself are no edge.
_DEGREES = f"""
    SELECT "window", host, {", ".join(entropy(f"peer_entropy_{way}", where) for way, where in _WAYS)},
        count(*) FILTER (outward AND peer <> host) AS fan_out, count(*) FILTER (NOT outward AND peer <> host) AS fan_in,
        count(*) FILTER (mutual AND peer <> host) AS both_ways,
        coalesce(sum(n) FILTER (outward AND peer <> host), 0)::BIGINT AS weighted_out_degree,
        coalesce(sum(n) FILTER (NOT outward AND peer <> host), 0)::BIGINT AS weighted_in_degree
    FROM (
        SELECT p.*, q.host IS NOT NULL AS mutual FROM peers p LEFT JOIN peers q ON p.outward AND NOT q.outward
            AND (p."window", p.host, p.peer) = (q."window", q.host, q.peer)
        ORDER BY ALL
    ) GROUP BY "window", host
"""

_ASKED = """
    SELECT "window", client AS host, count(DISTINCT (type, port)) AS ports_contacted,
        count(DISTINCT (server, type, port)) AS services_contacted
    FROM served WHERE asked GROUP BY "window", client
"""

_OFFERED = """
    SELECT "window", server AS host, count(DISTINCT (type, port)) FILTER (asked) AS ports_asked,
        count(DISTINCT (type, port)) FILTER (answered) AS services_offered
    FROM served GROUP BY "window", server
"""

_COLUMNS = [
    '"window"', "host",
    *(f"{name}_{way}" for name in ("packets", "octets", "load") for way in ("out", "in")),
    "fan_out + fan_in - both_ways AS peers", "fan_out", "fan_in",
    *(f"coalesce({name}, 0) AS {name}"
      for name in ("ports_contacted", "services_contacted", "ports_asked", "services_offered")),
    *(f"{name}_entropy_{way}" for name in ("port", "peer", "size") for way in ("out", "in")),
    *(column for way in ("out", "in") for column in spread_columns("size", f"_{way}")),
    *(column for way in ("out", "in") for column in spread_columns("gap", f"_{way}", divided_by=SECOND_NS)),
    *(f"{flag.lower()}_share_out" for flag in TCP_FLAGS),
    "coalesce(connections_begun, 0) AS connections_begun", "failed_share", "begin_gap_mean", "begin_gap_deviation",
    "icmp_share", "2.0 * both_ways / nullif(fan_out + fan_in, 0) AS reciprocity",
    "fan_in AS in_degree", "fan_out AS out_degree", "weighted_in_degree", "weighted_out_degree",
    "first_seen", "last_seen", "seconds AS active_seconds",
]  # fmt: skip

HOSTS = f"""
    SELECT {", ".join(_COLUMNS)}
    FROM ({_SUMS}) LEFT JOIN ({_entropies("port", "dport")}) USING ("window", host)
        LEFT JOIN ({_entropies("size", "size")}) USING ("window", host)
        LEFT JOIN ({_GAPS}) USING ("window", host)
        LEFT JOIN ({_DEGREES}) USING ("window", host) LEFT JOIN ({_ASKED}) USING ("window", host)
        LEFT JOIN ({_OFFERED}) USING ("window", host)
        LEFT JOIN (SELECT * EXCLUDE (src), src AS host FROM begun_by_host) USING ("window", host)
    ORDER BY "window", host
"""
"""The features of the hosts in ``ends`` but for those of the whole pair graph."""
