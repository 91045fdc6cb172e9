"""What an analyst would look at first: hints found by plain rules over flows, each with its rule said.

They are hints: a scanner of an inventory is found like one of an attacker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batchgraph.graph.database import reading_errors
from batchgraph.render.page_talks import (
    CLEAR,
    CLEAR_RULE,
    UNANSWERED,
    UNANSWERED_RULE,
    clear_text,
    unanswered_text,
)
from batchgraph.render.page_timers import TIMER_RULE, TIMERS, make_contacts, timer_text
from batchgraph.render.text import format_count

if TYPE_CHECKING:
    import duckdb

MAX_FINDINGS = 8
"""Hints of one kind that are shown."""

MANY_PORTS, MANY_HOSTS = 20, 15
"""So many ports or hosts tried in vain are a scan."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A hint.

    Parameters
    ----------
    kind
        In a few words.
    host
        Address of the one it is about.
    text
        What was seen, as the end of a sentence that begins with the host.
    capture
        Id of the capture.
    """

    kind: str
    host: str
    text: str
    capture: str


@dataclass(frozen=True, slots=True)
class Findings:
    """The hints of one rule, the strongest first, and how many there are altogether."""

    shown: Sequence[Finding]
    total: int


# Rows are made distinct before they are counted: that can be done on disk, counting what is distinct cannot.

# Materialized, for DuckDB would ask for the scope of every flow's address before it makes them distinct.
# In vain: nothing came back, or a reset alone did. A client that got through has sent an ACK (RFC 9293, 3.5).
_SCANS = f"""
    WITH addressed AS MATERIALIZED (
        SELECT DISTINCT dst FROM flows WHERE type = 'UDP'
    ), single_hosts AS MATERIALIZED (
        SELECT dst FROM addressed WHERE coalesce(scope_of(dst), 'global') IN ('private', 'global')
    ), vain AS MATERIALIZED (
        SELECT capture, src, dst, type, dport FROM flows
        WHERE type = 'TCP' AND ((tcp_flags & 18) = 2 OR (tcp_flags & 22) = 0) AND dport IS NOT NULL AND src <> dst
        UNION ALL
        SELECT capture, src, dst, type, dport FROM flows f
        WHERE type = 'UDP' AND dport < sport AND src <> dst AND dst IN (FROM single_hosts) AND NOT EXISTS (
            FROM flows r WHERE r.type = 'UDP'
            AND (f.capture, f.src, f.dst, f.sport, f.dport) = (r.capture, r.dst, r.src, r.dport, r.sport))
    ), busy AS (
        SELECT capture, src FROM vain GROUP BY capture, src HAVING count(*) >= {min(MANY_PORTS, MANY_HOSTS)}
    ), tried AS MATERIALIZED (
        SELECT DISTINCT capture, src, dst, type, dport FROM vain SEMI JOIN busy USING (capture, src)
    ), by_port AS (
        SELECT capture, src, type, count(*) AS ports, min(dport) AS port, sum(pairs)::BIGINT AS pairs
        FROM (SELECT capture, src, type, dport, count(*) AS pairs FROM tried GROUP BY ALL) GROUP BY capture, src, type
    ), by_host AS (
        SELECT capture, src, type, count(*) AS hosts FROM (SELECT DISTINCT capture, src, type, dst FROM tried)
        GROUP BY capture, src, type
    ), open AS (
        SELECT capture, src, type, count(*) AS n FROM tried t WHERE type = 'TCP' AND EXISTS (
            FROM flows f WHERE f.type = 'TCP' AND (f.tcp_flags & 18) = 18
            AND (f.capture, f.src, f.dst, f.sport) = (t.capture, t.dst, t.src, t.dport))
        GROUP BY capture, src, type
    )
    SELECT capture, src, type, ports, hosts, port, pairs, coalesce(n, 0) AS answered
    FROM by_port JOIN by_host USING (capture, src, type) LEFT JOIN open USING (capture, src, type)
    WHERE ports >= {MANY_PORTS} OR hosts >= {MANY_HOSTS} ORDER BY pairs DESC, capture, src, type
"""

# Who is asked for and never heard of did not answer.
_SWEEPS = f"""
    WITH asked AS (
        SELECT DISTINCT capture, src, dst, type FROM flows WHERE src <> dst AND (type = 'ARP' AND src <> '0.0.0.0'
            OR type = 'ICMP' AND icmp_type = 8 OR type = 'ICMPv6' AND icmp_type = 128)
    )
    SELECT a.capture, a.src, a.type, count(*) AS hosts, count(*) FILTER (p.src IS NULL) AS absent
    FROM asked a LEFT JOIN (SELECT DISTINCT capture, src FROM flows) p ON (a.capture, a.dst) = (p.capture, p.src)
    GROUP BY a.capture, a.src, a.type HAVING hosts >= {MANY_HOSTS} ORDER BY hosts DESC, a.capture, a.src, a.type
"""

_SHARED_ADDRESSES = """
    SELECT capture, src, count(*) AS cards, array_to_string(min(eth_src, 3), ', ') AS names
    FROM (SELECT DISTINCT capture, src, eth_src FROM edges
          WHERE type = 'ARP' AND src <> '0.0.0.0' AND eth_src IS NOT NULL)
    GROUP BY capture, src HAVING cards > 1 ORDER BY cards DESC, capture, src
"""


def _scan(row: Sequence[Any]) -> Finding:
    capture, host, label, ports, hosts, port, pairs, answered = row
    # A half-open scan ends with the answer: that is what it wants to know.
    half_open = f"; {answered:,} answered as open, and it went no further"
    if ports >= MANY_PORTS:
        where = f"{format_count(ports, f'{label} port')} on {format_count(hosts, 'host')}, {pairs:,} in all"
        end = half_open if answered else ", and got through to none of these"
        return Finding("Port scan", host, f"tried {where}{end}", capture)
    what = f"{label} port {port}" if ports == 1 else format_count(ports, f"{label} port")
    end = half_open if answered else " in vain"
    return Finding("Host scan", host, f"tried {what} on {format_count(hosts, 'host')}{end}", capture)


def _sweep(row: Sequence[Any]) -> Finding:
    capture, host, label, hosts, absent = row
    verb = "asked by ARP for" if label == "ARP" else "pinged"
    return Finding("Sweep", host, f"{verb} {format_count(hosts, 'host')}, {absent:,} of which sent nothing", capture)


def _timer(row: Sequence[Any]) -> Finding:
    capture, host, *contact = row
    return Finding("Regular contact", host, timer_text(*contact), capture)


def _shared_address(row: Sequence[Any]) -> Finding:
    capture, host, cards, names = row
    return Finding(
        "Address shared", host, f"is claimed by {cards:,} network cards: {names}{', ...' if cards > 3 else ''}", capture
    )


def _unanswered(row: Sequence[Any]) -> Finding:
    capture, host, *asked = row
    return Finding("No answer", host, unanswered_text(*asked), capture)


def _clear(row: Sequence[Any]) -> Finding:
    capture, host, port, clients = row
    return Finding("Not encrypted", host, clear_text(port, clients), capture)


_RULES: tuple[tuple[str, str, Callable[[Sequence[Any]], Finding]], ...] = (
    (f"at least {MANY_PORTS} ports or {MANY_HOSTS} hosts tried without an answer", _SCANS, _scan),
    (f"ARP or echo requests for at least {MANY_HOSTS} hosts", _SWEEPS, _sweep),
    (TIMER_RULE, TIMERS, _timer),
    ("ARP for one address from several link-layer addresses", _SHARED_ADDRESSES, _shared_address),
    (UNANSWERED_RULE, UNANSWERED, _unanswered),
    (CLEAR_RULE, CLEAR, _clear),
)


RULES = tuple(rule for rule, _, _ in _RULES)
"""What each rule looks for, in words."""


def find_all(connection: duckdb.DuckDBPyConnection) -> list[Findings]:
    """Apply every rule to the views ``flows`` and ``edges``, and give those that found something."""
    make_contacts(connection)
    found = []
    for _, query, finding_of in _RULES:
        with reading_errors():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE found AS {query}")
            rows = connection.execute(f"FROM found LIMIT {MAX_FINDINGS}").fetchall()
            [(total,)] = connection.execute("SELECT count(*) FROM found").fetchall()
        if rows:
            found.append(Findings([finding_of(row) for row in rows], total))
    return found
