"""The article's two panels: the graph as it is drawn plainly, and beside it with one fancy arrow for every edge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from batchgraph.render.figure import MARGIN, canvas_axes, new_figure
from batchgraph.render.layout import CANVAS, Positions
from batchgraph.render.legend import draw_legend, height_of_legend
from batchgraph.render.map import draw_traffic
from batchgraph.render.style import INK
from batchgraph.render.text import format_count, safe_label
from batchgraph.render.title import TITLE_HEIGHT, draw_title
from batchgraph.render.traffic import Arrow, Traffic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PLAIN_COLOUR = "#1F78B4"
"""What ``networkx.draw`` fills its circles with."""

_CAPTION_HEIGHT = 0.3


def draw_before_after(
    traffic: Traffic, edges: Sequence[Arrow], positions: Positions, *, capture: str, n_edges: int
) -> Figure:
    """Draw the plain graph on the left and its fancy arrows on the right.

    Parameters
    ----------
    traffic
        What a map of the capture would show.
    edges
        Edges of the graph between the hosts of `traffic`, each to be drawn as an arrow of its own.
    positions
        A place for every host, in inches on the canvas; both panels use them.
    capture
        Its id, for the title.
    n_edges
        Edges that the graph has, of which `edges` are the first.
    """
    ends = {name for edge in edges for name in (edge.src, edge.dst)}
    hosts = tuple(host for host in traffic.hosts if host.name in ends)
    shown = replace(traffic, hosts=hosts, arrows=tuple(edges))
    width = 2 * CANVAS[0] + 3 * MARGIN
    legend_height = height_of_legend(shown, width=width)
    figure = new_figure((width, TITLE_HEIGHT + _CAPTION_HEIGHT + CANVAS[1] + legend_height))
    before = canvas_axes(figure, left=MARGIN, bottom=legend_height)
    after = canvas_axes(figure, left=CANVAS[0] + 2 * MARGIN, bottom=legend_height)
    _draw_plainly(before, shown, positions)
    draw_traffic(after, shown, positions)
    drawn = f"{_share(len(edges), n_edges, 'edge')} between {_share(len(hosts), traffic.n_hosts, 'host')}"
    _write_caption(before, f"before: {drawn}, as plain lines")
    _write_caption(after, f"after: {drawn}, each edge as an arrow of its own")
    draw_title(figure, shown, capture=capture)
    draw_legend(figure, shown, meaning="one edge of the graph each")
    return figure


def _share(number: int, total: int, noun: str) -> str:
    return format_count(number, noun) if number >= total else f"{number:,} of {format_count(total, noun)}"


def _write_caption(axes: Axes, text: str) -> None:
    axes.text(0, CANVAS[1] + 0.1, text, fontsize=11, color=INK, style="italic", parse_math=False)


def _draw_plainly(axes: Axes, traffic: Traffic, positions: Positions) -> None:
    """Draw as ``networkx.draw`` does: straight lines on each other, names on the circles."""
    from matplotlib.collections import LineCollection

    lines = [(positions[arrow.src], positions[arrow.dst]) for arrow in traffic.arrows]
    axes.add_collection(LineCollection(lines, colors="black", linewidths=1.0, zorder=1), autolim=False)
    places = [positions[host.name] for host in traffic.hosts]
    axes.scatter([x for x, _ in places], [y for _, y in places], s=300, c=_PLAIN_COLOUR, zorder=2)
    for host in traffic.hosts:
        x, y = positions[host.name]
        label = "others" if host.folded else safe_label(host.name)
        axes.text(x, y, label, fontsize=12, color="black", ha="center", va="center", zorder=3, parse_math=False)
