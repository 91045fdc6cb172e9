"""The axis of time of a page: the time in which captures ran, cut into bins, without the long gaps between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors

if TYPE_CHECKING:
    import duckdb

MAX_BINS = 160
"""Bins of the whole axis."""

_MAX_PIECES = 30
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
    """Cut the time in which packets of the view ``edges`` were captured into at most `MAX_BINS` bins."""
    return pieces_of(_busy_spans(connection))


def _busy_spans(connection: duckdb.DuckDBPyConnection) -> list[Span]:
    """Give when each capture was busy, exact at both ends, at most `_BUCKETS` spans for a capture."""
    with reading_errors():
        [(low, high)] = connection.execute("SELECT min(epoch_ns(time)), max(epoch_ns(time)) FROM edges").fetchall()
        if low is None:
            return []
        width = max(1, (high - low) // _BUCKETS)
        query = f"""SELECT capture, min(epoch_ns(time)) AS start, max(epoch_ns(time)) AS stop FROM edges
                    WHERE time IS NOT NULL GROUP BY capture, (epoch_ns(time) - {low}) // {width} ORDER BY ALL"""
        rows = connection.execute(query).fetchall()
    captures = groupby(rows, key=lambda row: row[0])
    return sorted(span for _, spans in captures for span in running_spans([span for _, *span in spans]))


def running_spans(spans: Sequence[Sequence[int]]) -> list[Span]:
    """Join the busy spans of one capture, sorted, over its pauses: all that are no longer than the rest of it together.

    Who captures for a minute wants to see in how much of it nothing came; a clock that was set, or a merged file,
    leaves years in which nothing ran.
    """
    starts = spans[0][0]
    rest = spans[-1][1] - starts
    pauses = sorted(((b[0] - a[1], i) for i, (a, b) in enumerate(pairwise(spans))), reverse=True)
    cuts: set[int] = set()
    for pause, i in pauses:
        if pause <= rest - pause:
            break
        rest -= pause
        cuts.add(i)
    joined: list[Span] = []
    for i, (_, stop) in enumerate(spans):
        if i in cuts or i == len(spans) - 1:
            joined.append((starts, stop))
            starts = spans[min(i + 1, len(spans) - 1)][0]
    return joined


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
        In order of time. The longest gaps are left out: at most `_MAX_PIECES` - 1, each longer than `_GAP_SHARE` of
        all the time that is not left out.
    """
    runs = _merged(spans)
    if not runs:
        return ()
    busy = sum(stop - start for start, stop in runs)
    gaps = sorted(((runs[i + 1][0] - runs[i][1], i) for i in range(len(runs) - 1)), reverse=True)
    cuts = {i for gap, i in gaps[: _MAX_PIECES - 1] if gap > _GAP_SHARE * busy}
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
    """Write the SQL that gives the bin of a time in nanoseconds, null where it lies on no piece."""
    if not axis:
        return "NULL::INTEGER"
    cases = (
        f"WHEN {time} >= {piece.start} THEN {piece.first_bin} + least({piece.bins - 1}, "
        f"({time} - {piece.start}) // {piece.width})"
        for piece in reversed(axis)
    )
    return f"(CASE {' '.join(cases)} END)::INTEGER"
