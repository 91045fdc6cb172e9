"""When it was busiest: the second, minute, hour or other unit of time in which the most octets were captured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors
from batchgraph.render.page_time import OUTSIDE, Piece, bin_expression

if TYPE_CHECKING:
    import duckdb

_SECOND = 10**9

UNITS = (*(_SECOND // n for n in (1000, 100, 10)), *(_SECOND * n for n in (1, 10, 60, 600, 3600, 86400)))
"""Nanoseconds; each is a multiple of the one before."""

_FEW = 60
"""Units in which there were packets, at most, beside one for each capture: shorter ones say nothing of a whole run."""

_MOST_COUNTED = 500_000
"""Units into which time is cut at first."""


@dataclass(frozen=True, slots=True)
class Busiest:
    """A unit of time, in nanoseconds, the octets in it, those of all times, and the capture that has most of them."""

    start: int
    width: int
    octets: int
    all_octets: int
    capture: str


def find_busiest(connection: duckdb.DuckDBPyConnection, axis: Sequence[Piece]) -> Busiest | None:
    """Find the busiest unit of time in the view ``edges``; None where all packets lie in one, or none has a time.

    Parameters
    ----------
    connection
        In which a table of this function's own is made.
    axis
        The time in which captures ran; packets that stand outside of it count among all octets alone.
    """
    whole = sum(piece.width * piece.bins for piece in axis)
    with reading_errors():
        units = list(dropwhile(lambda unit: unit < UNITS[-1] and whole // unit > _MOST_COUNTED, UNITS))
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE units AS
                SELECT capture, epoch_ns(time) // {units[0]} AS number, sum(wire_len)::BIGINT AS octets
                FROM edges WHERE {bin_expression(axis, "epoch_ns(time)")} <> {OUTSIDE} GROUP BY ALL"""
        )
        # A capture of few packets is not cut into as many units as it has packets.
        [(n_captures, extent)] = connection.execute(
            f"""SELECT count(*), coalesce(median(extent), 0)::BIGINT FROM (
                SELECT (max(number) - min(number)) * {units[0]} AS extent FROM units GROUP BY capture)"""
        ).fetchall()
        shortest = min(extent, whole) // _FEW
        for unit in units:
            numbers = f"number * {units[0]} // {unit}"
            [(n_units,)] = connection.execute(f"SELECT count(DISTINCT {numbers}) FROM units").fetchall()
            if unit >= shortest and n_units <= _FEW + n_captures:
                break
        return _largest(connection, numbers, unit) if n_units > 1 else None


def _largest(connection: duckdb.DuckDBPyConnection, numbers: str, unit: int) -> Busiest:
    query = f"""
        WITH sums AS (
            SELECT {numbers} AS number, capture, sum(octets)::BIGINT AS octets FROM units GROUP BY ALL
        )
        SELECT number, sum(octets)::BIGINT AS octets, arg_max(capture, (octets, capture)),
            (SELECT sum(wire_len)::BIGINT FROM edges WHERE time IS NOT NULL)
        FROM sums GROUP BY number ORDER BY 2 DESC, number LIMIT 1
    """
    [(number, octets, capture, all_octets)] = connection.execute(query).fetchall()
    return Busiest(number * unit, unit, octets, all_octets, capture)
