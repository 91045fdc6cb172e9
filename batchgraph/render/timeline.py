"""The timeline of a capture as a picture: octets and packets by protocol over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors
from batchgraph.render.database import add_view
from batchgraph.render.figure import MARGIN, canvas_axes, new_figure
from batchgraph.render.layout import CANVAS
from batchgraph.render.legend import Entry, draw_blocks, height_of_blocks
from batchgraph.render.packet_sums import PacketSums, label_expression
from batchgraph.render.page_time import OUTSIDE, Piece, bin_expression, time_axis
from batchgraph.render.rectangles import rectangles_patch, square_sample
from batchgraph.render.style import INK, OTHER_TYPES, TYPE_STYLES, mixed, type_style
from batchgraph.render.text import format_count, format_duration, format_instant, format_octets
from batchgraph.render.title import TITLE_HEIGHT, write_title
from batchgraph.schema import EDGE_COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL = (CANVAS[0], 2.3)
_CAPTION_HEIGHT, _FOOT = 0.34, 0.3


@dataclass(frozen=True, slots=True)
class TimedTraffic:
    """Packets and octets by protocol and bin of time.

    Parameters
    ----------
    axis
        Pieces of the axis of time; empty where no packet has a time.
    packets, octets
        By protocol's label, one number for each bin.
    untimed, strays
        Packets without a time, and those with one that is not on the axis.
    """

    axis: Sequence[Piece]
    packets: dict[str, list[int]]
    octets: dict[str, list[int]]
    untimed: int
    strays: int = 0


def load_timeline(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], *, trust: Sequence[str]
) -> TimedTraffic:
    """Read the timeline of packets of edge records, those without addresses too.

    Parameters
    ----------
    connection
        From `results_database`; a view of this function's own is made anew in it.
    parts
        Files of edge records.
    trust
        Of which trust packets count.
    """
    add_view(connection, "edges", files=parts, columns=EDGE_COLUMNS)
    axis = time_axis(connection)
    names = ", ".join(f"'{name}'" for name in trust)
    query = f"""
        SELECT type, {bin_expression(axis, "epoch_ns(time)")} AS bin, count(*) AS packets, sum(wire_len) AS octets
        FROM edges WHERE trust IN ({names}) GROUP BY ALL
    """
    return _timed_traffic(connection, query, axis)


def timeline_of_sums(connection: duckdb.DuckDBPyConnection, sums: PacketSums) -> TimedTraffic:
    """Read the timeline of the packets of a whole run, of whose trust the flows are.

    Parameters
    ----------
    connection
        In which `batchgraph.render.packet_sums.make_packet_sums` made its table.
    sums
        What it gave.
    """
    return _timed_traffic(connection, "SELECT * FROM packet_sums WHERE is_trusted", sums.axis)


def _timed_traffic(connection: duckdb.DuckDBPyConnection, rows: str, axis: Sequence[Piece]) -> TimedTraffic:
    """Add up rows of ``type``, ``bin``, ``packets`` and ``octets``."""
    query = f"""
        SELECT {label_expression("type")} AS label, bin, sum(packets)::BIGINT, coalesce(sum(octets), 0)::BIGINT
        FROM ({rows}) GROUP BY ALL ORDER BY ALL
    """
    n_bins = sum(piece.bins for piece in axis)
    packets: dict[str, list[int]] = {}
    octets: dict[str, list[int]] = {}
    untimed = strays = 0
    with reading_errors():
        found = connection.execute(query).fetchall()
    for label, number, n_packets, n_octets in found:
        if number is None:
            untimed += n_packets
            continue
        if number == OUTSIDE:
            strays += n_packets
            continue
        packets.setdefault(label, [0] * n_bins)[number] = n_packets
        octets.setdefault(label, [0] * n_bins)[number] = n_octets
    return TimedTraffic(axis, packets, octets, untimed, strays)


def draw_timeline(traffic: TimedTraffic, *, capture: str) -> Figure:
    """Draw octets above packets, each bin a stack of protocols; long times without packets are left out."""
    width = CANVAS[0] + 2 * MARGIN
    blocks = [_entries(traffic)]
    legend_height = height_of_blocks(blocks, width=width)
    panel_height = _CAPTION_HEIGHT + _PANEL[1] + _FOOT
    figure = new_figure((width, TITLE_HEIGHT + 2 * panel_height + legend_height))
    for number, (noun, counts) in enumerate((("octets", traffic.octets), ("packets", traffic.packets))):
        bottom = legend_height + (1 - number) * panel_height + _FOOT
        axes = canvas_axes(figure, left=MARGIN, bottom=bottom, canvas=_PANEL)
        _draw_panel(axes, traffic.axis, counts, noun=noun)
    write_title(figure, capture, _lines(traffic))
    draw_blocks(figure, blocks, note="Dashed lines: times without packets are left out.")
    return figure


def _lines(traffic: TimedTraffic) -> list[str]:
    if not traffic.axis:
        return ["no packet has a time stamp"]
    end = traffic.axis[-1]
    first, last = format_instant(traffic.axis[0].start), format_instant(end.start + end.width * end.bins)
    total = sum(map(sum, traffic.packets.values()))
    octets = format_octets(sum(map(sum, traffic.octets.values())))
    untimed = f" · {format_count(traffic.untimed, 'packet')} without a time" if traffic.untimed else ""
    untimed += f" · {format_count(traffic.strays, 'packet')} far outside of this time" if traffic.strays else ""
    return [f"packets over time: {first} – {last} UTC · {format_count(total, 'packet')} · {octets}{untimed}"]


def _labels(traffic: TimedTraffic) -> list[str]:
    return [label for label in (*TYPE_STYLES, OTHER_TYPES) if label in traffic.packets]


def _entries(traffic: TimedTraffic) -> list[Entry]:
    return [
        Entry(
            f"{label} ({format_count(sum(traffic.packets[label]), 'packet')})",
            square_sample(_face(label), type_style(label).outline, type_style(label).line),
        )
        for label in _labels(traffic)
    ]


def _face(label: str) -> str:
    """Give the colour inside a bar: what is hollow as an arrow would not be seen as one."""
    style = type_style(label)
    return style.fill if style.tint else mixed(style.colour, 4 / 15)


def _draw_panel(axes: Axes, axis: Sequence[Piece], counts: dict[str, list[int]], *, noun: str) -> None:
    width, height = _PANEL
    n_bins = sum(piece.bins for piece in axis)
    totals = [sum(values) for values in zip(*counts.values(), strict=True)]
    largest = max(totals, default=0)
    axes.plot([0, width], [0, 0], color=INK, linewidth=0.8)
    if not largest:
        return
    bases = [0] * n_bins
    for label in (name for name in (*TYPE_STYLES, OTHER_TYPES) if name in counts):
        boxes = [
            (width * number / n_bins, height * bases[number] / largest, 0.88 * width / n_bins, height * value / largest)
            for number, value in enumerate(counts[label])
            if value
        ]
        style = type_style(label)
        axes.add_artist(rectangles_patch(boxes, face=_face(label), edge=style.outline, width=0.4, line=style.line))
        bases = [base + value for base, value in zip(bases, counts[label], strict=True)]
    amount = format_octets(largest) if noun == "octets" else f"{largest:,}"
    fullest = totals.index(largest)
    width_ns = next(piece.width for piece in reversed(axis) if piece.first_bin <= fullest)
    bin_width = format_duration(width_ns) if width_ns > 1_000_000 else "one bin"
    _write(axes, 0, height + 0.12, f"{noun}: at most {amount} in {bin_width}", size=9.5)
    axes.plot([0, width], [height, height], color="#CCCCCC", linewidth=0.6, linestyle="dotted", zorder=0)
    _draw_times(axes, axis, n_bins)


def _draw_times(axes: Axes, axis: Sequence[Piece], n_bins: int) -> None:
    """Mark where time was left out, and write the time at the beginning of each piece that has room for it."""
    free = 0.0
    for number, piece in enumerate(axis):
        x = _PANEL[0] * piece.first_bin / n_bins
        if number:
            axes.plot([x, x], [0, _PANEL[1]], color="#777777", linewidth=0.7, linestyle="dashed", zorder=3)
        if x >= free and (not number or x < _PANEL[0] - 3.0):
            _write(axes, x, -0.13, format_instant(piece.start), size=7.5)
            free = x + 1.5
    end = axis[-1]
    if _PANEL[0] - 1.4 >= free - 0.1:
        text = format_instant(end.start + end.width * end.bins)
        _write(axes, _PANEL[0], -0.13, text, size=7.5, align="right")


def _write(axes: Axes, x: float, y: float, text: str, *, size: float, align: str = "left") -> None:
    axes.text(x, y, text, fontsize=size, color=INK, ha=align, va="center", parse_math=False)
