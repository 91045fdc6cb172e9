"""Compare two runs' things, and say which differences count."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from batchgraph.difference.allow import Allowed
from batchgraph.difference.fail_on import CHANGES, KINDS, FailOn
from batchgraph.difference.finding import Finding
from batchgraph.graph.database import reading_errors

SPAN_FACTOR = 1.1
"""Runs whose spans differ by more than this factor are compared by octets per second, others by octets."""

_COMPARED = """
    WITH joined AS (
        SELECT kind, host, peer, type, port,
            coalesce(sum(packets) FILTER (run = 0), 0)::BIGINT AS packets_0,
            coalesce(sum(octets) FILTER (run = 0), 0)::BIGINT AS octets_0,
            coalesce(sum(packets) FILTER (run = 1), 0)::BIGINT AS packets_1,
            coalesce(sum(octets) FILTER (run = 1), 0)::BIGINT AS octets_1
        FROM things GROUP BY ALL
    ), judged AS (
        SELECT *, if(packets_0 > 0 AND packets_1 > 0 AND octets_0 > 0,
            100 * (octets_1 * $scale / octets_0 - 1), NULL) AS percent FROM joined
    )
    SELECT * FROM judged WHERE packets_0 = 0 OR packets_1 = 0 OR abs(percent) >= $percent
    ORDER BY kind, host, peer, type, port
"""


def compares_rates(spans: tuple[float, float]) -> bool:
    """Whether spans differ so much that volumes are compared per second; never where one is 0."""
    return min(spans) > 0 and max(spans) > SPAN_FACTOR * min(spans)


def judged_findings(
    connection: duckdb.DuckDBPyConnection, *, spans: tuple[float, float], fail_on: FailOn, allowed: Allowed
) -> tuple[Finding, ...]:
    """Give what differs, ordered by kind, change and name."""
    scale = spans[0] / spans[1] if compares_rates(spans) else 1.0
    with reading_errors():
        rows = connection.execute(_COMPARED, {"scale": scale, "percent": fail_on.percent}).fetchall()
    order = (*CHANGES, "volume")
    findings = [_judge(_finding(row), fail_on, allowed) for row in rows]
    return tuple(sorted(findings, key=lambda f: (KINDS.index(f.kind), order.index(f.change), f.name)))


def _finding(row: tuple[str, str, str, str, int, int, int, int, int, float | None]) -> Finding:
    kind, host, peer, type_, port, packets_0, octets_0, packets_1, octets_1, percent = row
    change = "new" if not packets_0 else "volume" if packets_1 else "gone"
    percent = None if percent is None else round(percent, 1)
    return Finding(kind, change, host, peer, type_, port, (packets_0, octets_0), (packets_1, octets_1), percent)


def _judge(finding: Finding, fail_on: FailOn, allowed: Allowed) -> Finding:
    is_allowed = allowed.finding(finding)
    return replace(finding, allowed=is_allowed, fails=not is_allowed and finding.word in fail_on.words)
