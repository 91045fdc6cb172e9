"""What one map shows: hosts, arrows, and what was folded so that the map stays legible while its totals stay true."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.render.database import add_view
from batchgraph.render.grouping import add_groups, grouped_arrows_query, grouped_hosts_query
from batchgraph.render.style import OTHER_TYPES, TYPE_STYLES
from batchgraph.schema import FLOW_COLUMNS

if TYPE_CHECKING:
    import duckdb

OTHERS = "(others)"
"""Stands where an address stands, for all hosts that have neither a circle of their own nor a group."""

MAX_ARROWS = 400
"""More arrows than these make a picture that nobody can read."""

_KNOWN_TYPES = ", ".join(f"'{name}'" for name in TYPE_STYLES)


@dataclass(frozen=True, slots=True)
class Host:
    """A circle of a map.

    Parameters
    ----------
    name
        An address, `OTHERS`, or what a group of hosts is called.
    octets
        Sent and received, on the wire.
    scope
        Kind of address, as `batchgraph.graph.scope` names it; None where it has none, as `OTHERS`.
    folded
        How many hosts stand behind it; 0 for a host of its own.
    alias
        What an address is called, or empty.
    """

    name: str
    octets: int
    scope: str | None = None
    folded: int = 0
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """What one host sent to another with one protocol, or one edge of a finer graph."""

    src: str
    dst: str
    type: str
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Everything that a map shows.

    Parameters
    ----------
    hosts
        By octets, largest first; then groups, and `OTHERS`, where there is one, last.
    arrows
        By octets, largest first.
    packets, octets
        Of all arrows.
    first, last
        Nanoseconds since 1970 UTC, or None where no packet has a time.
    n_hosts
        Hosts before folding.
    other_types
        Protocols that are drawn under one label, sorted.
    """

    hosts: tuple[Host, ...]
    arrows: tuple[Arrow, ...]
    packets: int
    octets: int
    first: int | None
    last: int | None
    n_hosts: int
    other_types: tuple[str, ...] = ()

    @property
    def n_folded(self) -> int:
        """How many hosts have no circle of their own."""
        return sum(host.folded for host in self.hosts)

    @property
    def n_groups(self) -> int:
        """How many circles stand for several hosts, `OTHERS` not counted."""
        return sum(host.folded > 0 and host.name != OTHERS for host in self.hosts)


def load_traffic(
    connection: duckdb.DuckDBPyConnection, flows: Path, *, top: int, max_arrows: int = MAX_ARROWS, group: str = "auto"
) -> Traffic:
    """Read what the map of one flow table shows.

    Parameters
    ----------
    connection
        From `results_database`; tables and views of this function's own are made anew in it.
    flows
        A flow table as Parquet, of one capture or of all.
    top
        At most so many hosts get a circle of their own, those with the most octets; one more where it is the only one
        left.
    max_arrows
        So many hosts more are folded as it takes to draw no more arrows than this.
    group
        How the other hosts are folded: one of `batchgraph.render.grouping.GROUPS`.
    """
    _make_tables(connection, flows)
    add_groups(connection, by=group)
    packets, octets, first, last = _one_row(
        connection,
        "SELECT coalesce(sum(packets), 0)::BIGINT, coalesce(sum(octets), 0)::BIGINT, min(first), max(last) FROM pairs",
    )
    n_hosts = int(_one_row(connection, "SELECT count(*) FROM ranked")[0])
    # The circle of others takes as much room as the only host behind it would.
    most = n_hosts if n_hosts <= top + 1 else top
    _fold_hosts_beyond(connection, most)
    shown = _number_shown(connection, most, max_arrows=max_arrows, group=group)
    return Traffic(
        hosts=_hosts(connection, shown, n_hosts=n_hosts, group=group),
        arrows=_arrows(connection, shown, group=group),
        packets=packets,
        octets=octets,
        first=first,
        last=last,
        n_hosts=n_hosts,
        other_types=_other_types(connection),
    )


def load_pairs(connection: duckdb.DuckDBPyConnection, *, top: int, most: int) -> list[tuple[str, str]]:
    """Read who exchanges packets with whom among the hosts that any capture's map shows.

    Parameters
    ----------
    connection
        From `results_database`, with the flows of all captures as the view ``flows``.
    top
        Hosts that a map shows.
    most
        At most so many hosts over all captures: those with the most octets.
    """
    query = f"""
        WITH ends AS (
            SELECT capture, src AS host, octets FROM flows WHERE src IS NOT NULL AND dst IS NOT NULL
            UNION ALL SELECT capture, dst, octets FROM flows WHERE src <> dst
        ), sums AS (
            SELECT capture, host, sum(octets)::BIGINT AS octets FROM ends GROUP BY ALL
        ), ranked_hosts AS (
            SELECT host, octets, row_number() OVER (PARTITION BY capture ORDER BY octets DESC, host) AS rank FROM sums
        ), shown AS (
            SELECT host, sum(octets) AS octets FROM ranked_hosts GROUP BY host HAVING min(rank) <= {top:d}
            ORDER BY octets DESC, host LIMIT {most:d}
        )
        SELECT DISTINCT least(src, dst) AS a, greatest(src, dst) AS b FROM flows
        WHERE src IN (SELECT host FROM shown) AND dst IN (SELECT host FROM shown) ORDER BY a, b
    """
    return [(a, b) for a, b in connection.execute(query).fetchall()]


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row)


def _make_tables(connection: duckdb.DuckDBPyConnection, flows: Path) -> None:
    # A protocol without a look of its own is drawn, and so counted, under one label.
    add_view(connection, "flow_rows", files=[flows], columns=FLOW_COLUMNS)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE pairs AS
        SELECT src, dst, CASE WHEN type IN ({_KNOWN_TYPES}) THEN type ELSE '{OTHER_TYPES}' END AS type,
               sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets,
               min(epoch_ns(first)) AS first, max(epoch_ns(last)) AS last
        FROM flow_rows WHERE src IS NOT NULL AND dst IS NOT NULL GROUP BY ALL
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT host, octets, row_number() OVER (ORDER BY octets DESC, host) AS rank
        FROM (SELECT host, sum(octets)::BIGINT AS octets FROM (
                  SELECT src AS host, octets FROM pairs
                  UNION ALL SELECT dst AS host, octets FROM pairs WHERE dst <> src)
              GROUP BY host)
        """
    )


def _fold_hosts_beyond(connection: duckdb.DuckDBPyConnection, most: int) -> None:
    # Of all pairs, a few thousand sums are left, in which it costs nothing to look for how many hosts can be shown.
    connection.execute(f"CREATE OR REPLACE TEMP TABLE top AS SELECT host, rank FROM ranked WHERE rank <= {most}")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE folded AS
        SELECT coalesce(s.rank, {most + 1}) AS src, coalesce(d.rank, {most + 1}) AS dst, type,
               sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets
        FROM pairs p LEFT JOIN top s ON p.src = s.host LEFT JOIN top d ON p.dst = d.host GROUP BY ALL
        """
    )


def _other_types(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    query = f"SELECT DISTINCT type FROM flow_rows WHERE type NOT IN ({_KNOWN_TYPES}) ORDER BY type"
    return tuple(name for (name,) in connection.execute(query).fetchall())


def _number_shown(connection: duckdb.DuckDBPyConnection, most: int, *, max_arrows: int, group: str) -> int:
    """Find how many hosts can have a circle without more arrows than `max_arrows`; none is an answer."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        ends = f"least(src, {middle + 1}), least(dst, {middle + 1})"
        arrows = f"SELECT DISTINCT {ends}, type FROM folded" if group == "auto" else _arrows_query(middle, group=group)
        n_arrows = _one_row(connection, f"SELECT count(*) FROM ({arrows})")[0]
        low, high = (middle, high) if n_arrows <= max_arrows else (low, middle - 1)
    return low


def _arrows_query(shown: int, *, group: str) -> str:
    if group != "auto":
        return grouped_arrows_query(shown, others=OTHERS)
    return f"""
        SELECT coalesce(s.host, '{OTHERS}') AS src, coalesce(d.host, '{OTHERS}') AS dst, type,
               sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets
        FROM folded f LEFT JOIN top s ON f.src = s.rank AND s.rank <= {shown}
            LEFT JOIN top d ON f.dst = d.rank AND d.rank <= {shown}
        GROUP BY ALL
    """


def _arrows(connection: duckdb.DuckDBPyConnection, shown: int, *, group: str) -> tuple[Arrow, ...]:
    query = f"FROM ({_arrows_query(shown, group=group)}) ORDER BY octets DESC, src, dst, type"
    return tuple(Arrow(*row) for row in connection.execute(query).fetchall())


def _hosts(connection: duckdb.DuckDBPyConnection, shown: int, *, n_hosts: int, group: str) -> tuple[Host, ...]:
    query = f"SELECT host, octets, scope_of(host) FROM ranked WHERE rank <= {shown} ORDER BY rank"
    hosts = [Host(*row) for row in connection.execute(query).fetchall()]
    if shown < n_hosts:
        if group == "auto":
            folded = f"""SELECT '{OTHERS}', coalesce(sum(octets), 0)::BIGINT, {n_hosts - shown}
                         FROM folded WHERE src > {shown} OR dst > {shown}"""
        else:
            folded = grouped_hosts_query(shown, others=OTHERS)
        hosts += [Host(name, octets, folded=n) for name, octets, n in connection.execute(folded).fetchall()]
    return tuple(hosts)
