"""The edges of further graphs as SQL over the view ``packets``, and their nodes over the table ``graph_edges``.

Every query gives ``window`` (its start in nanoseconds since 1970, or null), ``src``, ``dst``, the columns of its kind
of edge and what nodes add up: ``packets``, ``octets``, ``first``, ``last``. Rows are in an order that the data decide.
"""

from __future__ import annotations

from batchgraph.schema import FLOW_KEY

_SUMS = """count(*) AS packets, sum(wire_len)::BIGINT AS octets, coalesce(sum(load), 0)::BIGINT AS load,
        min(time) AS "first", max(time) AS "last" """

_SUMS_AGAIN = """sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets, sum(load)::BIGINT AS load,
        min("first") AS "first", max("last") AS "last" """

_KEYS = {
    "flow": FLOW_KEY,
    "packet": ("position", "frame"),
    "pair": ("src", "dst"),
    "service": ("src", "dst", "type", "proto", "port"),
    "subnet": ("src", "dst"),
    "mac": ("src", "dst"),
}


def order_of(kind: str) -> str:
    """Give the order of the edges of one kind: by window, then by their key, nulls first."""
    return ", ".join(f'"{name}" ASC NULLS FIRST' for name in ("window", *_KEYS[kind]))


_FLOWS = f"""
    SELECT "window", {", ".join(FLOW_KEY)}, {_SUMS}, bit_or(tcp_flags) AS tcp_flags,
        count(DISTINCT capture) AS captures
    FROM packets GROUP BY "window", {", ".join(FLOW_KEY)} ORDER BY {order_of("flow")}
"""

_PACKETS = f"""
    SELECT "window", capture, list_position($captures::VARCHAR[], capture::VARCHAR) AS position, frame, time, src,
        dst, type, sport, dport, icmp_type, icmp_code, load, 1::BIGINT AS packets, wire_len::BIGINT AS octets,
        time AS "first", time AS "last"
    FROM packets ORDER BY {order_of("packet")}
"""

# Types are told apart before they are listed, so that a list is never longer than there are types.
_PAIRS = f"""
    SELECT "window", src, dst, array_to_string(list_sort(list(type) FILTER (WHERE type IS NOT NULL)), ' ') AS types,
        {_SUMS_AGAIN}
    FROM (SELECT "window", src, dst, type, {_SUMS} FROM packets GROUP BY "window", src, dst, type)
    GROUP BY "window", src, dst ORDER BY {order_of("pair")}
"""

# Both ends of a pair can serve the same port, to each other.
_SERVICES = f"""
    WITH flows AS (
        SELECT "window", capture, src, dst, type, proto, sport, dport, {_SUMS}
        FROM packets GROUP BY "window", capture, src, dst, type, proto, sport, dport
    ), sided AS (
        SELECT f.*, s.inward, if(s.inward, f.dport, f.sport) AS port FROM flows f LEFT JOIN sides s
        ON (f.capture, f.src, f.dst, f.type, f.proto, f.sport, f.dport)
            = (s.capture, s.src, s.dst, s.type, s.proto, s.sport, s.dport)
    )
    SELECT "window", src, dst, type, proto, if(inward IS NULL, NULL, port) AS port,
        CASE WHEN bool_and(inward) THEN 'dst' WHEN bool_or(inward) THEN 'both'
            WHEN NOT bool_or(inward) THEN 'src' END AS server, {_SUMS_AGAIN}
    FROM sided GROUP BY "window", src, dst, type, proto, if(inward IS NULL, NULL, port)
    ORDER BY {order_of("service")}
"""

EDGE_QUERIES = {
    "flow": _FLOWS,
    "packet": _PACKETS,
    "pair": _PAIRS,
    "service": _SERVICES,
    "subnet": _PAIRS,
    "mac": _PAIRS,
}
"""The query of each of `batchgraph.graph.columns.FURTHER_KINDS`."""

NODES = """
    SELECT address, sum(packets_out)::BIGINT AS packets_out, sum(packets_in)::BIGINT AS packets_in,
        sum(octets_out)::BIGINT AS octets_out, sum(octets_in)::BIGINT AS octets_in,
        min("first") AS "first", max("last") AS "last"
    FROM (
        SELECT src AS address, packets AS packets_out, 0 AS packets_in, octets AS octets_out, 0 AS octets_in,
            "first", "last"
        FROM graph_edges {where}
        UNION ALL
        SELECT dst, 0, packets, 0, octets, "first", "last" FROM graph_edges {where}
    )
    GROUP BY address ORDER BY address
"""
"""The query of nodes; ``{where}`` chooses a window."""
