"""SQL of violations: which talks may break which rules, which of their packets do, and what those add up to."""

from __future__ import annotations

from collections.abc import Sequence

from batchgraph.policy import conditions
from batchgraph.policy.policy import Policy

FRAMES_KEPT = 50
"""Frame numbers of a violation that are remembered, the first ones."""


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "NULL"


def kept(policy: Policy) -> str:
    """Write the table ``kept`` of what can still decide on a talk's packets: ``talk``, ``rule`` and ``mixed``.

    ``mixed`` says that the time of a packet is what tells.
    """
    timed = _numbers([number for number, rule in enumerate(policy.rules) if rule.windows])
    before = "m.rule <= firm" if policy.evaluate == "first" else f"(m.rule <> {policy.default_number} OR firm = m.rule)"
    return f"""
        CREATE OR REPLACE TABLE kept AS
        WITH firm AS (
            SELECT talk, min(rule) FILTER (coalesce(rule NOT IN ({timed}), true)) AS firm FROM matches GROUP BY talk
        ), mixed AS (SELECT DISTINCT talk FROM matches WHERE rule IN ({timed}))
        SELECT m.talk, m.rule, x.talk IS NOT NULL AS mixed
        FROM matches m JOIN firm USING (talk) LEFT JOIN mixed x ON x.talk = m.talk WHERE {before}
    """


def keyed(policy: Policy) -> str:
    """Write the table ``keyed``: of every talk and rule that it may break, the violation they are part of (``hit``).

    ``direct`` says that no other rule decides on a packet that the rule speaks of at its time.
    """
    limited = {number: rule for number, rule in enumerate(policy.rules) if rule.is_limited}
    one_way = _numbers([number for number, rule in enumerate(policy.rules) if rule.direction == "packet"])

    def known(*per: str) -> str:
        return f"coalesce(rule NOT IN ({_numbers([n for n, rule in limited.items() if rule.per not in per])}), true)"

    indirect = "mixed" if policy.evaluate == "first" else f"mixed AND rule = {policy.default_number}"
    return f"""
        CREATE OR REPLACE TABLE keyed AS
        WITH possible AS (
            SELECT talk, rule, NOT ({indirect}) AS direct FROM kept
            WHERE rule IN ({_numbers(conditions.breaks(policy))})
            UNION ALL SELECT talk, {policy.segments_number}, true FROM outsiders
        ), ends AS (
            SELECT talk, rule, direct, capture, coalesce(rule IN ({one_way}), false) AS one_way, src, dst, dport,
                client, server, type, port
            FROM possible JOIN talks ON talks.id = talk
        ), shown AS (
            SELECT talk, rule, direct, capture, one_way,
                if({known("src", "pair", "service")}, if(one_way, src, client), NULL) AS client,
                if({known("dst", "pair", "service")}, if(one_way, dst, server), NULL) AS server,
                if({known("service")}, type, NULL) AS type,
                if({known("service")}, if(one_way, dport, port), NULL) AS port
            FROM ends
        )
        SELECT *, dense_rank() OVER (ORDER BY capture, rule, client NULLS FIRST, server NULLS FIRST, type NULLS FIRST,
            port NULLS FIRST) AS hit
        FROM shown
    """


HITS = (
    "CREATE OR REPLACE TABLE hits AS SELECT DISTINCT hit, rule, capture, one_way, client, server, type, port FROM keyed"
)


def blamed(policy: Policy) -> str:
    """Write the table ``blamed`` of the packets of violations, from ``packets``."""
    return f"""
        CREATE OR REPLACE TABLE blamed AS
        SELECT hit, frame, time_ns, wire_len, clear FROM packets JOIN keyed USING (talk)
        WHERE direct AND {conditions.holds_now(policy)}
        UNION ALL
        SELECT k.hit, p.frame, p.time_ns, p.wire_len, p.clear
        FROM (
            SELECT talk, frame, time_ns, wire_len, clear, min(rule) AS rule
            FROM packets JOIN (FROM kept WHERE mixed) USING (talk) WHERE {conditions.holds_now(policy)} GROUP BY ALL
        ) p JOIN (FROM keyed WHERE NOT direct) k USING (talk, rule)
    """


# How many packets a filter by hosts, label and port would find: where they are no more than the violation has, it is
# exact. Tunnels and ICMP errors repeat headers, which such a filter would find too. Of SCTP with a malformed chunk
# Wireshark shows no ports.
_BY_PORT = """
    SELECT capture, src, dst, type, coalesce({port}, -1) AS port, sum(packets) AS packets FROM flows GROUP BY ALL
"""


def found(policy: Policy) -> str:
    """Write the violations, from ``hits`` and ``blamed``."""
    rates = "SELECT NULL::BIGINT AS hit, NULL::BIGINT AS rate WHERE false"
    if any(rule.max_rate is not None for rule in policy.rules):
        rates = """
            SELECT hit, max(packets) AS rate
            FROM (
                SELECT hit, count(*) AS packets FROM blamed WHERE time_ns IS NOT NULL
                GROUP BY hit, time_ns // 1000000000
            ) GROUP BY hit
        """
    return f"""
        SELECT h.*, s.* EXCLUDE (hit), coalesce(r.rate, 0) AS rate
        FROM hits h JOIN (
            SELECT hit, count(*) AS packets, sum(wire_len)::BIGINT AS octets, min(time_ns) AS first_ns,
                max(time_ns) AS last_ns, min(frame) AS first_frame, max(frame) AS last_frame, bool_and(clear) AS clear
            FROM blamed GROUP BY hit
        ) s USING (hit) LEFT JOIN ({rates}) r USING (hit)
        WHERE {conditions.broken(policy)}
    """


PLAIN = f"""
    SELECT h.*, coalesce(h.clear AND h.client <> h.server AND n.capture IS NULL AND (
        (h.type IN ('TCP', 'UDP') AND h.port IS NOT NULL)
        OR (h.type IN ('ICMP', 'ICMPv6') AND e.capture IS NULL) OR h.type = 'ARP')
        AND h.packets = coalesce(asked.packets, 0)
            + if(h.one_way OR h.type = 'ARP', 0, coalesce(answered.packets, 0)), false) AS plain
    FROM found h
    LEFT JOIN ({_BY_PORT.format(port="dport")}) asked
        ON (h.capture, h.client, h.server, h.type, coalesce(h.port, -1))
        = (asked.capture, asked.src, asked.dst, asked.type, asked.port)
    LEFT JOIN ({_BY_PORT.format(port="sport")}) answered
        ON (h.capture, h.server, h.client, h.type, coalesce(h.port, -1))
        = (answered.capture, answered.src, answered.dst, answered.type, answered.port)
    LEFT JOIN tunnels n ON h.capture = n.capture
    LEFT JOIN (
        SELECT DISTINCT capture FROM flows WHERE (proto = 1 AND icmp_type IN (3, 4, 5, 11, 12)) OR
        (proto = 58 AND icmp_type < 128)
    ) e ON h.capture = e.capture
"""
"""The rows of ``found``, each with ``plain``: whether hosts, label and port alone select its packets."""

# Most violations have few packets: numbering them all would take memory for each violation.
FRAMES = f"""
    SELECT hit, frame FROM blamed SEMI JOIN (FROM found WHERE packets <= {FRAMES_KEPT}) USING (hit)
    UNION ALL
    SELECT hit, frame FROM (
        SELECT hit, frame FROM blamed SEMI JOIN (FROM found WHERE packets > {FRAMES_KEPT}) USING (hit)
        QUALIFY row_number() OVER (PARTITION BY hit ORDER BY frame) <= {FRAMES_KEPT}
    )
"""
