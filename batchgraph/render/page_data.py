"""The traffic of a run as one small block of data: what the page's map and timeline are drawn from.

A row is what one host sent to another by one protocol in one capture. Hosts beyond the limits are one host, "others",
so that sums over rows stay the sums of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from batchgraph.graph.database import reading_errors
from batchgraph.render.page_time import Piece, bin_expression, time_axis
from batchgraph.render.style import OTHER_TYPES, TYPE_STYLES
from batchgraph.render.traffic import OTHERS

if TYPE_CHECKING:
    import duckdb

MAX_HOSTS = 500
"""Hosts that have a circle of their own on the page's map."""

MAX_ROWS = 10_000
"""Rows of the page's traffic."""

MAX_TIMELINE_CELLS = 20_000
"""More cells than these, and the timeline is that of all captures together."""

_MAX_RUNS = 12

_TYPES = (*TYPE_STYLES, OTHER_TYPES)
_KNOWN_TYPES = ", ".join(f"'{name}'" for name in TYPE_STYLES)
_LABEL = f"CASE WHEN type IN ({_KNOWN_TYPES}) THEN type ELSE '{OTHER_TYPES}' END"


@dataclass(frozen=True, slots=True)
class PageTraffic:
    """Everything that the page's map and timeline show.

    Parameters
    ----------
    hosts
        Addresses, by octets; `OTHERS`, where there is one, last.
    scopes
        Of the hosts.
    types
        Protocols' labels.
    rows
        ``[capture, src, dst, type, packets, octets, bins]``, by octets; captures, hosts and types by index, bins as
        ``[from, to, from, to, ...]``.
    axis
        Pieces of the axis of time.
    cells
        ``[capture, type, bin, packets, octets]`` of all packets that have a time; capture -1: all together.
    n_hosts
        Hosts before folding.
    untimed
        Packets without a time.
    """

    hosts: Sequence[str]
    scopes: Sequence[str | None]
    types: Sequence[str]
    rows: Sequence[Sequence[Any]]
    axis: Sequence[Piece]
    cells: Sequence[Sequence[int]]
    n_hosts: int
    untimed: int
    captures: Sequence[str] = field(default=())

    @property
    def n_folded(self) -> int:
        """How many hosts have no circle of their own."""
        return self.n_hosts - len(self.hosts) + (OTHERS in self.hosts)

    def pairs(self) -> list[tuple[str, str]]:
        """Who exchanges packets with whom, each pair once."""
        return sorted({(self.hosts[row[1]], self.hosts[row[2]]) for row in self.rows})


def load_page_traffic(
    connection: duckdb.DuckDBPyConnection,
    captures: Sequence[str],
    *,
    trust: Sequence[str],
    max_hosts: int = MAX_HOSTS,
    max_rows: int = MAX_ROWS,
) -> PageTraffic:
    """Read the traffic of a run.

    Parameters
    ----------
    connection
        From `results_database`, with the views ``edges`` and ``flows``; tables of this function's own are made in it.
    captures
        Ids, in the order in which rows refer to them.
    trust
        Of which trust packets are in the flows.
    max_hosts, max_rows
        Limits; as many hosts are folded as it takes to keep both.
    """
    with reading_errors():
        _rank_hosts(connection)
        n_hosts = _count(connection, "ranked")
        most = min(max_hosts, n_hosts)
        _fold_hosts_beyond(connection, most)
        shown = _number_shown(connection, most, max_rows=max_rows)
        axis = time_axis(connection)
        _make_cells(connection, captures, trust=trust, shown=shown, axis=axis)
        query = f"SELECT host, scope_of(host) FROM ranked WHERE number < {shown} ORDER BY number"
        known = connection.execute(query).fetchall()
        folded = [(OTHERS, None)] if shown < n_hosts else []
        return PageTraffic(
            hosts=[name for name, _ in known + folded],
            scopes=[scope for _, scope in known + folded],
            types=_TYPES,
            rows=_rows(connection),
            axis=axis,
            cells=_timeline(connection),
            n_hosts=n_hosts,
            untimed=_count(connection, "cells WHERE bin IS NULL", "coalesce(sum(packets), 0)::BIGINT"),
            captures=captures,
        )


def _count(connection: duckdb.DuckDBPyConnection, rows: str, what: str = "count(*)") -> int:
    # All rows are fetched, as a result left unfinished locks the connection where a view is a table of Python's.
    [(number,)] = connection.execute(f"SELECT {what} FROM {rows}").fetchall()
    return int(number)


def _rank_hosts(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT host, (row_number() OVER (ORDER BY octets DESC, host) - 1)::INTEGER AS number
        FROM (SELECT host, sum(octets)::BIGINT AS octets FROM (
                  SELECT src AS host, octets FROM flows UNION ALL SELECT dst, octets FROM flows WHERE dst <> src)
              WHERE host IS NOT NULL GROUP BY host)
        """
    )


def _fold_hosts_beyond(connection: duckdb.DuckDBPyConnection, most: int) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE top AS SELECT host, number FROM ranked WHERE number < {most}")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE sent AS
        SELECT DISTINCT capture, coalesce(s.number, {most}) AS src, coalesce(d.number, {most}) AS dst, {_LABEL} AS type
        FROM flows f LEFT JOIN top s ON f.src = s.host LEFT JOIN top d ON f.dst = d.host
        WHERE f.src IS NOT NULL AND f.dst IS NOT NULL
        """
    )


def _number_shown(connection: duckdb.DuckDBPyConnection, most: int, *, max_rows: int) -> int:
    """Find how many hosts can have a circle without more rows than `max_rows`; none is an answer."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        folded = f"SELECT DISTINCT capture, least(src, {middle}), least(dst, {middle}), type FROM sent"
        low, high = (middle, high) if _count(connection, f"({folded})") <= max_rows else (low, middle - 1)
    return low


def _make_cells(
    connection: duckdb.DuckDBPyConnection,
    captures: Sequence[str],
    *,
    trust: Sequence[str],
    shown: int,
    axis: Sequence[Piece],
) -> None:
    """Add packets up by capture, hosts, protocol and bin; those in no flow have no hosts."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE capture_numbers AS
            SELECT unnest($1::VARCHAR[]) AS capture, unnest(range({len(captures)}))::INTEGER AS number""",
        [list(captures)],
    )
    names = ", ".join(f"'{name}'" for name in trust)
    in_flow = f"e.src IS NOT NULL AND e.dst IS NOT NULL AND e.trust IN ({names})"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE cells AS
        SELECT c.number AS capture, if({in_flow}, coalesce(least(s.number, {shown}), {shown}), NULL) AS src,
            if({in_flow}, coalesce(least(d.number, {shown}), {shown}), NULL) AS dst, {_LABEL} AS type,
            {bin_expression(axis, "epoch_ns(e.time)")} AS bin, count(*) AS packets, sum(e.wire_len)::BIGINT AS octets
        FROM edges e JOIN capture_numbers c ON e.capture = c.capture
            LEFT JOIN top s ON e.src = s.host LEFT JOIN top d ON e.dst = d.host
        GROUP BY ALL
        """
    )


def _rows(connection: duckdb.DuckDBPyConnection) -> list[list[Any]]:
    query = """
        SELECT capture, src, dst, type, sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets,
            list(bin ORDER BY bin) FILTER (bin IS NOT NULL) AS bins
        FROM cells WHERE src IS NOT NULL GROUP BY capture, src, dst, type
        ORDER BY octets DESC, capture, src, dst, type
    """
    return [
        [capture, src, dst, _TYPES.index(label), packets, octets, bin_runs(bins or ())]
        for capture, src, dst, label, packets, octets, bins in connection.execute(query).fetchall()
    ]


def bin_runs(bins: Iterable[int], *, most: int = _MAX_RUNS) -> list[int]:
    """Write increasing bins as first and last of each run, flat; where there are too many runs, as one."""
    ordered = list(bins)
    if not ordered:
        return []
    breaks = [(a, b) for a, b in pairwise(ordered) if b > a + 1]
    if len(breaks) >= most:
        return [ordered[0], ordered[-1]]
    return [ordered[0], *(end for pair in breaks for end in pair), ordered[-1]]


def _timeline(connection: duckdb.DuckDBPyConnection) -> list[list[int]]:
    timed = "FROM cells WHERE bin IS NOT NULL GROUP BY ALL"
    split = _count(connection, f"(SELECT DISTINCT capture, type, bin {timed})") <= MAX_TIMELINE_CELLS
    query = f"""
        SELECT {"capture" if split else "-1"} AS capture, type, bin, sum(packets)::BIGINT, sum(octets)::BIGINT {timed}
        ORDER BY capture, bin, type
    """
    return [
        [capture, _TYPES.index(label), bin, packets, octets]
        for capture, label, bin, packets, octets in connection.execute(query).fetchall()
    ]
