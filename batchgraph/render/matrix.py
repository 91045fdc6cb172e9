"""The traffic matrix as a picture: for captures with more hosts than a map of circles and arrows can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from batchgraph.render.figure import MARGIN, canvas_axes, new_figure
from batchgraph.render.labels import text_size
from batchgraph.render.legend import Entry, draw_blocks, height_of_blocks
from batchgraph.render.page_matrix import by_community
from batchgraph.render.rectangles import rectangles_patch, square_sample
from batchgraph.render.style import BLUE, INK, mixed
from batchgraph.render.text import format_count, format_octets, safe_label
from batchgraph.render.title import TITLE_HEIGHT, totals_line, write_title
from batchgraph.render.traffic import OTHERS, Traffic

if TYPE_CHECKING:
    import duckdb
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_HOSTS = 60
"""Hosts with a row and a column of their own: those with the most octets."""

_CELL = 0.155
"""Inches."""

_FONT_SIZE = 6.5
_SHADES = 6
_LEAST_WIDTH = 9.0
_LONGEST_ADDRESS, _LONGEST_NAME = 32, 20
_NOTE = "Hosts that talk to each other much stand beside each other, as blocks on the diagonal."


@dataclass(frozen=True, slots=True)
class MatrixTraffic:
    """Who sent how much to whom.

    Parameters
    ----------
    hosts
        In the order of rows and columns; `OTHERS`, where there is one, last.
    octets
        By row (sender) and column (receiver).
    n_folded
        Hosts behind `OTHERS`.
    """

    hosts: Sequence[str]
    octets: Mapping[tuple[int, int], int]
    n_folded: int


def load_matrix(connection: duckdb.DuckDBPyConnection, *, most: int = MAX_HOSTS) -> MatrixTraffic:
    """Read a matrix from the tables that `batchgraph.render.traffic.load_traffic` made."""
    query = f"""
        SELECT least(s.rank, {most + 1}) - 1 AS src, least(d.rank, {most + 1}) - 1 AS dst, sum(p.octets)::BIGINT
        FROM pairs p JOIN ranked s ON p.src = s.host JOIN ranked d ON p.dst = d.host GROUP BY ALL ORDER BY ALL
    """
    sums = {(src, dst): octets for src, dst, octets in connection.execute(query).fetchall()}
    names = [name for (name,) in connection.execute("SELECT host FROM ranked ORDER BY rank").fetchall()]
    shown = range(min(most, len(names)))
    among = {pair: octets for pair, octets in sums.items() if max(pair) < most}
    order = by_community(shown, among)
    places = {host: place for place, host in enumerate([*order, most])}
    n_folded = len(names) - len(shown)
    return MatrixTraffic(
        hosts=[*(names[host] for host in order), *([OTHERS] if n_folded else [])],
        octets={(places[src], places[dst]): octets for (src, dst), octets in sums.items()},
        n_folded=n_folded,
    )


def draw_matrix(matrix: MatrixTraffic, traffic: Traffic, *, capture: str, names: Mapping[str, str]) -> Figure:
    """Draw a matrix: a row for each sender, a column for each receiver, the darker the more octets.

    Parameters
    ----------
    matrix
        What to show.
    traffic
        Of the same capture, for the title.
    capture
        Its id.
    names
        What hosts are called.
    """
    labels = [_label(host, names, matrix.n_folded) for host in matrix.hosts]
    room = max((text_size(label, _FONT_SIZE)[0] for label in labels), default=1.0) + 0.12
    side = _CELL * len(labels)
    width = max(room + side + 2 * MARGIN, _LEAST_WIDTH)
    blocks = [_shade_entries(matrix)]
    legend_height = height_of_blocks(blocks, width=width)
    canvas = room + side, room + side + 0.25
    figure = new_figure((width, TITLE_HEIGHT + canvas[1] + legend_height))
    axes = canvas_axes(figure, left=(width - canvas[0]) / 2, bottom=legend_height, canvas=canvas)
    _draw_cells(axes, matrix, left=room, side=side)
    _write_labels(axes, labels, left=room, side=side)
    lines = [totals_line(traffic), f"a row is a sender, a column a receiver; {_what_is_shown(matrix)}"]
    write_title(figure, capture, lines)
    draw_blocks(figure, blocks, note=_NOTE)
    return figure


def _label(host: str, names: Mapping[str, str], n_folded: int) -> str:
    if host == OTHERS:
        return f"others ({format_count(n_folded, 'host')})"
    name = names.get(host, "")
    address = safe_label(host, limit=_LONGEST_ADDRESS)
    return f"{safe_label(name, limit=_LONGEST_NAME)} {address}" if name else address


def _what_is_shown(matrix: MatrixTraffic) -> str:
    own = len(matrix.hosts) - (OTHERS in matrix.hosts)
    folded = f", {format_count(matrix.n_folded, 'host')} as “others”" if matrix.n_folded else ""
    return f"{format_count(own, 'host')} with the most octets{folded}; all packets are counted"


def _limits(matrix: MatrixTraffic) -> list[float]:
    """Give the octets at which shades begin, and the largest: each shade a like share of the logarithms."""
    low, high = min(matrix.octets.values(), default=1), max(matrix.octets.values(), default=1)
    span = log(max(high, 1)) - log(max(low, 1))
    return [max(low, 1) * 2.718281828459045 ** (span * step / _SHADES) for step in range(_SHADES)] + [float(high)]


def _shade(octets: int, limits: Sequence[float]) -> int:
    return max(sum(octets >= limit for limit in limits[:-1]), 1)


def _colour(shade: int) -> str:
    return mixed(BLUE, (2 * shade + 3) / 15)


def _shade_entries(matrix: MatrixTraffic) -> list[Entry]:
    limits = _limits(matrix)
    found = {_shade(octets, limits) for octets in matrix.octets.values()}
    return [
        Entry(
            f"{format_octets(round(limits[shade - 1]))} – {format_octets(round(limits[shade]))}",
            square_sample(_colour(shade), INK),
        )
        for shade in sorted(found)
    ]


def _draw_cells(axes: Axes, matrix: MatrixTraffic, *, left: float, side: float) -> None:
    limits = _limits(matrix)
    grid = [(left, _CELL * line, side, 0.0) for line in range(len(matrix.hosts) + 1)]
    grid += [(left + _CELL * line, 0.0, 0.0, side) for line in range(len(matrix.hosts) + 1)]
    axes.add_artist(rectangles_patch(grid, face="none", edge="#DDDDDD", width=0.4))
    axes.plot([left, left + side], [side, 0.0], color="#AAAAAA", linewidth=0.6, linestyle="dotted", zorder=1)
    for shade in range(1, _SHADES + 1):
        boxes = [
            (left + _CELL * column, side - _CELL * (row + 1), _CELL, _CELL)
            for (row, column), octets in sorted(matrix.octets.items())
            if _shade(octets, limits) == shade
        ]
        if boxes:
            axes.add_artist(rectangles_patch(boxes, face=_colour(shade), edge="#FFFFFF", width=0.4))


def _write_labels(axes: Axes, labels: Sequence[str], *, left: float, side: float) -> None:
    for number, label in enumerate(labels):
        y, x = side - _CELL * (number + 0.5), left + _CELL * (number + 0.5)
        axes.text(left - 0.05, y, label, fontsize=_FONT_SIZE, color=INK, ha="right", va="center", parse_math=False)
        axes.text(
            x, side + 0.05, label, fontsize=_FONT_SIZE, color=INK, ha="center", va="bottom", rotation=90,
            parse_math=False,
        )  # fmt: skip
