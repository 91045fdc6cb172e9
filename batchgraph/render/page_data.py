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
from batchgraph.render.packet_sums import PacketSums, label_expression
from batchgraph.render.page_time import OUTSIDE, Piece
from batchgraph.render.style import OTHER_TYPES, TYPE_STYLES
from batchgraph.render.traffic import OTHERS

if TYPE_CHECKING:
    import duckdb

MAX_TIMELINE_CELLS = 20_000
"""More cells than these, and the timeline is that of all captures together."""

_MAX_RUNS = 12

_TYPES = (*TYPE_STYLES, OTHER_TYPES)
_LABEL = label_expression("type")


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
        ``[capture, type, bin, packets, octets]`` of all packets on the axis; capture -1: all together.
    n_hosts
        Hosts before folding.
    untimed, strays
        Packets without a time, and those with one that is not on the axis.
    """

    hosts: Sequence[str]
    scopes: Sequence[str | None]
    types: Sequence[str]
    rows: Sequence[Sequence[Any]]
    axis: Sequence[Piece]
    cells: Sequence[Sequence[int]]
    n_hosts: int
    untimed: int
    strays: int
    captures: Sequence[str] = field(default=())

    @property
    def n_folded(self) -> int:
        """How many hosts have no circle of their own."""
        return self.n_hosts - len(self.hosts) + (OTHERS in self.hosts)

    def pairs(self) -> list[tuple[str, str]]:
        """Who exchanges packets with whom, each pair once."""
        return sorted({(self.hosts[row[1]], self.hosts[row[2]]) for row in self.rows})


def load_page_traffic(connection: duckdb.DuckDBPyConnection, captures: Sequence[str], sums: PacketSums) -> PageTraffic:
    """Read the traffic of a run.

    Parameters
    ----------
    connection
        In which `make_packet_sums` made its tables; tables of this function's own are made in it.
    captures
        Ids, in the order in which rows refer to them.
    sums
        What it gave.
    """
    shown = sums.n_shown
    with reading_errors():
        _make_cells(connection, captures)
        query = f"SELECT host, scope_of(host) FROM ranked WHERE number < {shown} ORDER BY number"
        known = connection.execute(query).fetchall()
        folded = [(OTHERS, None)] if shown < sums.n_hosts else []
        return PageTraffic(
            hosts=[name for name, _ in known + folded],
            scopes=[scope for _, scope in known + folded],
            types=_TYPES,
            rows=_rows(connection),
            axis=sums.axis,
            cells=_timeline(connection),
            n_hosts=sums.n_hosts,
            untimed=_count(connection, "cells WHERE bin IS NULL", "coalesce(sum(packets), 0)::BIGINT"),
            strays=_count(connection, f"cells WHERE bin = {OUTSIDE}", "coalesce(sum(packets), 0)::BIGINT"),
            captures=captures,
        )


def _count(connection: duckdb.DuckDBPyConnection, rows: str, what: str = "count(*)") -> int:
    # All rows are fetched, as a result left unfinished locks the connection where a view is a table of Python's.
    [(number,)] = connection.execute(f"SELECT {what} FROM {rows}").fetchall()
    return int(number)


def _make_cells(connection: duckdb.DuckDBPyConnection, captures: Sequence[str]) -> None:
    """Add packets up by capture, hosts, protocol and bin; those in no flow have no hosts."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE capture_numbers AS
            SELECT unnest($1::VARCHAR[]) AS capture, unnest(range({len(captures)}))::INTEGER AS number""",
        [list(captures)],
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE cells AS
        SELECT c.number AS capture, src, dst, {_LABEL} AS type, bin, sum(packets)::BIGINT AS packets,
            sum(octets)::BIGINT AS octets
        FROM packet_sums p JOIN capture_numbers c ON p.capture = c.capture GROUP BY ALL
        """
    )


def _rows(connection: duckdb.DuckDBPyConnection) -> list[list[Any]]:
    query = f"""
        SELECT capture, src, dst, type, sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets,
            list(bin ORDER BY bin) FILTER (bin <> {OUTSIDE}) AS bins
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
    timed = f"FROM cells WHERE bin <> {OUTSIDE} GROUP BY ALL"
    split = _count(connection, f"(SELECT DISTINCT capture, type, bin {timed})") <= MAX_TIMELINE_CELLS
    query = f"""
        SELECT {"capture" if split else "-1"} AS capture, type, bin, sum(packets)::BIGINT, sum(octets)::BIGINT {timed}
        ORDER BY capture, bin, type
    """
    return [
        [capture, _TYPES.index(label), bin, packets, octets]
        for capture, label, bin, packets, octets in connection.execute(query).fetchall()
    ]
