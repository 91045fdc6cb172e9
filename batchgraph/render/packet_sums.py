"""The packets of a run added up in one reading of its edge records: what tables, timeline and page are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors
from batchgraph.render.page_time import Piece, bin_expression, time_axis
from batchgraph.render.style import OTHER_TYPES, TYPE_STYLES

if TYPE_CHECKING:
    import duckdb

MAX_HOSTS = 500
"""Hosts that have a circle of their own on the page's map."""

MAX_ROWS = 10_000
"""Rows of the page's traffic."""

_KNOWN_TYPES = ", ".join(f"'{name}'" for name in TYPE_STYLES)


@dataclass(frozen=True, slots=True)
class PacketSums:
    """What the columns of the table ``packet_sums`` refer to.

    Parameters
    ----------
    axis
        Pieces of the axis of time, in whose bins packets are.
    n_shown
        Hosts that the page shows; their numbers in the table ``ranked``, which has all, are lower.
    n_hosts
        How many there are.
    """

    axis: Sequence[Piece]
    n_shown: int
    n_hosts: int


def label_expression(column: str) -> str:
    """Write the SQL that gives the label under which a protocol is drawn, as `batchgraph.render.style.type_label`."""
    return f"CASE WHEN {column} IN ({_KNOWN_TYPES}) THEN {column} ELSE '{OTHER_TYPES}' END"


def make_packet_sums(
    connection: duckdb.DuckDBPyConnection,
    *,
    trust: Sequence[str],
    max_hosts: int = MAX_HOSTS,
    max_rows: int = MAX_ROWS,
) -> PacketSums:
    """Make the table ``packet_sums``: packets by capture, hosts, protocol, status, trust and bin of time.

    Parameters
    ----------
    connection
        From `results_database`, with the views ``edges`` and ``flows``; tables of this function's own are made in it.
    trust
        Of which trust packets are in the flows.
    max_hosts, max_rows
        Limits of the page; as many hosts are folded as it takes to keep both.

    Notes
    -----
    Its columns: ``capture``, ``src`` and ``dst`` (numbers of hosts, the folded ones as `PacketSums.n_shown`, null
    where packets are in no flow), ``type``, ``status``, ``stopped_in``, ``is_trusted``, ``bin`` (of `bin_expression`),
    ``packets``, ``octets``, and of their times ``first`` and ``last``, in nanoseconds.
    """
    with reading_errors():
        _rank_hosts(connection)
        n_hosts = _count(connection, "ranked")
        most = min(max_hosts, n_hosts)
        _fold_hosts_beyond(connection, most)
        shown = _number_shown(connection, most, max_rows=max_rows)
        axis = time_axis(connection)
        _add_up(connection, trust=trust, shown=shown, axis=axis)
    return PacketSums(axis, shown, n_hosts)


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    [(number,)] = connection.execute(f"SELECT count(*) FROM {rows}").fetchall()
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
        SELECT DISTINCT capture, src, dst, {label_expression("type")} AS type FROM (
            SELECT DISTINCT capture, coalesce(s.number, {most}) AS src, coalesce(d.number, {most}) AS dst, type
            FROM flows f LEFT JOIN top s ON f.src = s.host LEFT JOIN top d ON f.dst = d.host
            WHERE f.src IS NOT NULL AND f.dst IS NOT NULL)
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


def _add_up(connection: duckdb.DuckDBPyConnection, *, trust: Sequence[str], shown: int, axis: Sequence[Piece]) -> None:
    # What needs a comparison of text is done with the sums: with every packet it took half of the time.
    names = ", ".join(f"'{name}'" for name in trust)
    addressed = "e.src IS NOT NULL AND e.dst IS NOT NULL"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE packet_sums AS
        WITH shown AS (
            SELECT host, number FROM top WHERE number < {shown}
        ), added AS (
            SELECT e.capture, if({addressed}, coalesce(s.number, {shown}), NULL) AS src,
                if({addressed}, coalesce(d.number, {shown}), NULL) AS dst, e.type, status, stopped_in, trust,
                {bin_expression(axis, "epoch_ns(time)")} AS bin, count(*) AS packets,
                sum(wire_len)::BIGINT AS octets, min(time) AS "first", max(time) AS "last"
            FROM edges e LEFT JOIN shown s ON e.src = s.host LEFT JOIN shown d ON e.dst = d.host GROUP BY ALL
        )
        SELECT capture, if(is_trusted, src, NULL) AS src, if(is_trusted, dst, NULL) AS dst, type, status, stopped_in,
            is_trusted, bin, packets, octets, epoch_ns("first") AS "first", epoch_ns("last") AS "last"
        FROM (SELECT *, trust IN ({names}) AS is_trusted FROM added)
        """
    )
