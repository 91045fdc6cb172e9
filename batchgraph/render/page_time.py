"""The axis of time of a page: the time in which captures ran, cut into bins, without the long gaps between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors
from batchgraph.render.page_runs import MAX_PIECES, Run, runs_of

if TYPE_CHECKING:
    import duckdb

MAX_BINS = 160
"""Bins of the whole axis."""

OUTSIDE = -1
"""In place of the bin of a packet whose time is not on the axis."""

_LEAST_BINS = 3
_GAP_SHARE = 0.05

_BUCKETS = 20_000

Span = tuple[int, int]
"""First and last time, in nanoseconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the axis without a long gap in it.

    Parameters
    ----------
    start
        Nanoseconds since 1970 UTC.
    width
        Of a bin, in nanoseconds.
    bins
        How many there are.
    first_bin
        Index of the first of them on the whole axis.
    """

    start: int
    width: int
    bins: int
    first_bin: int


def time_axis(connection: duckdb.DuckDBPyConnection) -> tuple[Piece, ...]:
    """Cut the time in which captures of the view ``edges`` ran into at most `MAX_BINS` bins, without stray packets."""
    return pieces_of(_busy_spans(connection))


def _busy_spans(connection: duckdb.DuckDBPyConnection) -> list[Span]:
    """Give when each capture was busy, exact at both ends, at most `_BUCKETS` spans for a capture."""
    with reading_errors():
        [(low, high)] = connection.execute("SELECT min(epoch_ns(time)), max(epoch_ns(time)) FROM edges").fetchall()
        if low is None:
            return []
        width = max(1, (high - low) // _BUCKETS)
        query = f"""SELECT capture, min(epoch_ns(time)) AS start, max(epoch_ns(time)) AS stop, count(*) FROM edges
                    WHERE time IS NOT NULL GROUP BY capture, (epoch_ns(time) - {low}) // {width} ORDER BY ALL"""
        rows = connection.execute(query).fetchall()
    captures = groupby(rows, key=lambda row: row[0])
    runs = [run for _, rows in captures for run in runs_of([Run(*row[1:]) for row in rows])]
    return sorted((run.start, run.stop) for run in runs)


def pieces_of(spans: Iterable[Span], *, bins: int = MAX_BINS) -> tuple[Piece, ...]:
    """Lay spans of time end to end.

    Parameters
    ----------
    spans
        Sorted; they may overlap.
    bins
        Most bins of all pieces together.

    Returns
    -------
    pieces
        In order of time. The longest gaps are left out: at most `MAX_PIECES` - 1, each longer than `_GAP_SHARE` of
        all the time that is not left out.
    """
    runs = _merged(spans)
    if not runs:
        return ()
    busy = sum(stop - start for start, stop in runs)
    gaps = sorted(((runs[i + 1][0] - runs[i][1], i) for i in range(len(runs) - 1)), reverse=True)
    cuts = {i for gap, i in gaps[: MAX_PIECES - 1] if gap > _GAP_SHARE * busy}
    kept: list[Span] = []
    for i, (start, stop) in enumerate(runs):
        if i == 0 or i - 1 in cuts:
            kept.append((start, stop))
        else:
            kept[-1] = (kept[-1][0], stop)
    return _with_bins(kept, bins)


def _merged(spans: Iterable[Span]) -> list[Span]:
    runs: list[Span] = []
    for start, stop in spans:
        if runs and start <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(stop, runs[-1][1]))
        else:
            runs.append((start, stop))
    return runs


def _with_bins(spans: Sequence[Span], bins: int) -> tuple[Piece, ...]:
    """Give every piece a few bins and share the others out by duration."""
    total = sum(stop - start for start, stop in spans) or 1
    spare = bins - _LEAST_BINS * len(spans)
    pieces: list[Piece] = []
    first = 0
    for start, stop in spans:
        n = 1 if stop == start else _LEAST_BINS + spare * (stop - start) // total
        # The last time belongs to the last bin.
        width = (stop - start) // n + 1
        pieces.append(Piece(start, width, n, first))
        first += n
    return tuple(pieces)


def bin_expression(axis: Sequence[Piece], time: str) -> str:
    """Write the SQL that gives the bin of a time in nanoseconds, `OUTSIDE` on no piece, and null of no time."""
    cases = (
        f"WHEN {time} >= {piece.start + piece.width * piece.bins} THEN {OUTSIDE} "
        f"WHEN {time} >= {piece.start} THEN {piece.first_bin} + ({time} - {piece.start}) // {piece.width}"
        for piece in reversed(axis)
    )
    return f"(CASE WHEN {time} IS NULL THEN NULL {' '.join(cases)} ELSE {OUTSIDE} END)::INTEGER"
