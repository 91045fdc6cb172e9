"""What the map of a comparison shows: hosts and arrows of both runs, each new, gone, changed or as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors
from batchgraph.render.style import ALLOWED, CHANGE_STYLES, GONE, GREW, NEW, OTHER_TYPES, SAME, SHRANK, TYPE_STYLES
from batchgraph.render.traffic import MAX_ARROWS, OTHERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from batchgraph.difference.finding import Finding

MAX_HOSTS = 60
"""Hosts with a circle of their own."""

_KNOWN_TYPES = ", ".join(f"'{name}'" for name in TYPE_STYLES)


@dataclass(frozen=True, slots=True)
class ChangedHost:
    """A circle of the map of a comparison.

    Parameters
    ----------
    name
        As the comparison calls it: an address, a name or a role; or `OTHERS`.
    change
        One of `CHANGE_STYLES`; `SAME` for `OTHERS`.
    octets
        Of the baseline and of the new run.
    folded
        How many hosts stand behind it; 0 for a host of its own.
    """

    name: str
    change: str
    octets: tuple[int, int]
    folded: int = 0


@dataclass(frozen=True, slots=True)
class ChangedArrow:
    """What one host sent to another by one protocol in the baseline and in the new run."""

    src: str
    dst: str
    type: str
    change: str
    packets: tuple[int, int]
    octets: tuple[int, int]
    pairs: int = 1


@dataclass(frozen=True, slots=True)
class ChangedTraffic:
    """Everything that the map of a comparison shows.

    Parameters
    ----------
    hosts
        Those that differ most first; `OTHERS`, where there is one, last.
    arrows
        Those that differ last, so that they are drawn over the others; each way of change by octets.
    n_hosts
        How many hosts there are by change, before folding.
    n_pairs
        Likewise pairs: sender, receiver and protocol.
    """

    hosts: tuple[ChangedHost, ...]
    arrows: tuple[ChangedArrow, ...]
    n_hosts: dict[str, int]
    n_pairs: dict[str, int]

    @property
    def n_folded(self) -> int:
        """How many hosts have no circle of their own."""
        return sum(host.folded for host in self.hosts)


def load_changed_traffic(
    connection: duckdb.DuckDBPyConnection,
    findings: Sequence[Finding],
    *,
    top: int = MAX_HOSTS,
    max_arrows: int = MAX_ARROWS,
) -> ChangedTraffic:
    """Read what the map of a comparison shows.

    Parameters
    ----------
    connection
        With the table ``things`` of both runs, as `batchgraph.difference.things.collect_things` leaves it.
    findings
        What differs.
    top
        At most so many hosts get a circle of their own: those that are new or gone, then those with arrows that differ,
        then the others, each by octets.
    max_arrows
        So many hosts more are folded as it takes to draw no more arrows than this.
    """
    _register_changes(connection, findings)
    with reading_errors():
        connection.execute(_PAIRS)
        connection.execute(_HOSTS)
        low, high = 0, min(top, _count(connection, "changed_hosts"))
        while low < high:
            middle = (low + high + 1) // 2
            fits = _count(connection, f"({_arrows_query(middle)})") <= max_arrows
            low, high = (middle, high) if fits else (low, middle - 1)
        return ChangedTraffic(
            hosts=_hosts(connection, low),
            arrows=_arrows(connection, low),
            n_hosts=_counts(connection, "changed_hosts"),
            n_pairs=_counts(connection, "changed_pairs"),
        )


def change_of(finding: Finding) -> str:
    """Say how a finding is drawn; one that is allowed, like what did not change."""
    if finding.allowed:
        return ALLOWED
    if finding.change == "volume":
        return GREW if (finding.percent or 0) > 0 else SHRANK
    return NEW if finding.change == "new" else GONE


def _register_changes(connection: duckdb.DuckDBPyConnection, findings: Sequence[Finding]) -> None:
    import pyarrow as pa

    shown = [finding for finding in findings if finding.kind in ("host", "pair")]
    columns = {name: pa.array([getattr(f, name) for f in shown], pa.string()) for name in _KEY}
    columns["change"] = pa.array([change_of(f) for f in shown], pa.string())
    connection.register("changes", pa.table(columns))


_KEY = ("kind", "host", "peer", "type")

_PAIRS = f"""
    CREATE OR REPLACE TEMP TABLE changed_pairs AS
    WITH pairs AS (
        SELECT host, peer, type,
            coalesce(sum(packets) FILTER (run = 0), 0)::BIGINT AS packets_0,
            coalesce(sum(packets) FILTER (run = 1), 0)::BIGINT AS packets_1,
            coalesce(sum(octets) FILTER (run = 0), 0)::BIGINT AS octets_0,
            coalesce(sum(octets) FILTER (run = 1), 0)::BIGINT AS octets_1
        FROM things WHERE kind = 'pair' AND host IS NOT NULL AND peer IS NOT NULL GROUP BY ALL
    )
    SELECT p.host AS src, p.peer AS dst, if(p.type IN ({_KNOWN_TYPES}), p.type, '{OTHER_TYPES}') AS type,
        coalesce(c.change, '{SAME}') AS change, packets_0, packets_1, octets_0, octets_1
    FROM pairs p LEFT JOIN changes c
        ON c.kind = 'pair' AND (c.host, c.peer, c.type) = (p.host, p.peer, p.type)
"""

# A host whose own volume changed little may send what is new. New and gone hosts take turns, so that the few of one
# kind are not folded behind the many of the other.
_HOSTS = f"""
    CREATE OR REPLACE TEMP TABLE changed_hosts AS
    WITH ends AS (
        SELECT src AS host, change, octets_0, octets_1 FROM changed_pairs
        UNION ALL SELECT dst, change, octets_0, octets_1 FROM changed_pairs WHERE dst <> src
    ), sums AS (
        SELECT host, sum(octets_0)::BIGINT AS octets_0, sum(octets_1)::BIGINT AS octets_1,
            bool_or(change IN ('{NEW}', '{GONE}')) AS has_new, bool_or(change IN ('{GREW}', '{SHRANK}')) AS has_volume
        FROM ends GROUP BY host
    ), judged AS (
        SELECT s.*, coalesce(c.change, '{SAME}') AS change, CASE WHEN c.change IN ('{NEW}', '{GONE}') THEN 0
            WHEN has_new THEN 1 WHEN has_volume THEN 2 ELSE 3 END AS class
        FROM sums s LEFT JOIN changes c ON c.kind = 'host' AND c.host = s.host
    ), placed AS (
        SELECT *, row_number() OVER (PARTITION BY class, if(class = 0, change, '')
            ORDER BY greatest(octets_0, octets_1) DESC, host) AS place FROM judged
    )
    SELECT host, change, octets_0, octets_1,
        row_number() OVER (ORDER BY class, place, greatest(octets_0, octets_1) DESC, host) AS rank FROM placed
"""


def _arrows_query(shown: int) -> str:
    return f"""
        SELECT if(s.rank <= {shown}, src, '{OTHERS}') AS src, if(d.rank <= {shown}, dst, '{OTHERS}') AS dst, type,
            p.change, sum(packets_0)::BIGINT, sum(packets_1)::BIGINT, sum(p.octets_0)::BIGINT AS octets_0,
            sum(p.octets_1)::BIGINT AS octets_1, count(*) AS pairs
        FROM changed_pairs p JOIN changed_hosts s ON p.src = s.host JOIN changed_hosts d ON p.dst = d.host GROUP BY ALL
    """


def _arrows(connection: duckdb.DuckDBPyConnection, shown: int) -> tuple[ChangedArrow, ...]:
    order = list(CHANGE_STYLES)
    query = f"""FROM ({_arrows_query(shown)})
        ORDER BY list_position({order}, change), greatest(octets_0, octets_1) DESC, src, dst, type"""
    rows = connection.execute(query).fetchall()
    return tuple(
        ChangedArrow(src, dst, type_, change, packets=(p0, p1), octets=(o0, o1), pairs=pairs)
        for src, dst, type_, change, p0, p1, o0, o1, pairs in rows
    )


def _hosts(connection: duckdb.DuckDBPyConnection, shown: int) -> tuple[ChangedHost, ...]:
    query = f"SELECT host, change, octets_0, octets_1 FROM changed_hosts WHERE rank <= {shown} ORDER BY rank"
    hosts = [ChangedHost(name, change, (a, b)) for name, change, a, b in connection.execute(query).fetchall()]
    n_folded = _count(connection, f"changed_hosts WHERE rank > {shown}")
    if n_folded:
        query = f"""SELECT sum(octets_0)::BIGINT, sum(octets_1)::BIGINT FROM changed_pairs
            WHERE src IN (SELECT host FROM changed_hosts WHERE rank > {shown})
                OR dst IN (SELECT host FROM changed_hosts WHERE rank > {shown})"""
        [(before, after)] = connection.execute(query).fetchall()
        hosts.append(ChangedHost(OTHERS, SAME, (before, after), folded=n_folded))
    return tuple(hosts)


def _counts(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    found = dict(connection.execute(f"SELECT change, count(*) FROM {table} GROUP BY change").fetchall())
    return {change: int(found[change]) for change in CHANGE_STYLES if change in found}


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    [(number,)] = connection.execute(f"SELECT count(*) FROM {rows}").fetchall()
    return int(number)
