"""A map for each protocol beside each other, all with the same places and scales, to be compared by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchgraph.render.figure import MARGIN, canvas_axes, new_figure
from batchgraph.render.host_labels import draw_labels, host_labels
from batchgraph.render.layout import CANVAS, Positions
from batchgraph.render.legend import draw_legend, height_of_legend
from batchgraph.render.map import draw_arrows, host_style
from batchgraph.render.shapes import circle_patch
from batchgraph.render.sizes import arrow_scale, host_radii
from batchgraph.render.style import GREY, INK, OTHER_TYPES, PAPER, TYPE_STYLES, ScopeStyle, mixed
from batchgraph.render.text import format_count, format_octets
from batchgraph.render.title import TITLE_HEIGHT, draw_title
from batchgraph.render.traffic import Arrow, Traffic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHRINK = 0.62
"""Size of each map, of that of a map by itself, where there are several."""

_CAPTION_HEIGHT = 0.36

_ABSENT = ScopeStyle(PAPER, mixed(GREY, 0.4), width=0.7)
_ABSENT_RADIUS = 0.06


def draw_facets(
    traffic: Traffic, positions: Positions, *, capture: str, enlarged: tuple[float, float] = (1.0, 1.0)
) -> Figure:
    """Draw a map for each protocol of a capture; the parameters are those of `batchgraph.render.map.draw_map`.

    Returns
    -------
    figure
        Two maps wide, or three where there are more than four; hosts that a protocol does not reach are faint dots.
    """
    labels = [label for label in (*TYPE_STYLES, OTHER_TYPES) if any(a.type == label for a in traffic.arrows)]
    shrink = _SHRINK if len(labels) > 1 else 1.0
    columns = min(len(labels), 3 if len(labels) > 4 else 2) or 1
    rows = -(-len(labels) // columns)
    cell = CANVAS[0] * shrink + MARGIN, CANVAS[1] * shrink + _CAPTION_HEIGHT
    width = columns * cell[0] + MARGIN
    legend_height = height_of_legend(traffic, width=width)
    height = TITLE_HEIGHT + rows * cell[1] + legend_height
    figure = new_figure((width, height))
    for number, label in enumerate(labels):
        row, column = divmod(number, columns)
        bottom = height - TITLE_HEIGHT - (row + 1) * cell[1]
        axes = canvas_axes(figure, left=MARGIN + column * cell[0], bottom=bottom, shrink=shrink)
        _draw_facet(axes, traffic, positions, label=label, shrink=shrink)
    draw_title(figure, traffic, capture=capture, enlarged=enlarged)
    draw_legend(figure, traffic)
    return figure


def _draw_facet(axes: Axes, traffic: Traffic, positions: Positions, *, label: str, shrink: float) -> None:
    arrows = [arrow for arrow in traffic.arrows if arrow.type == label]
    reached = {end for arrow in arrows for end in (arrow.src, arrow.dst)}
    radii = {name: radius if name in reached else _ABSENT_RADIUS for name, radius in host_radii(traffic.hosts).items()}
    shown = {host.name: positions[host.name] for host in traffic.hosts}
    scale = arrow_scale(traffic.arrows, n_hosts=len(traffic.hosts))
    ways = draw_arrows(axes, arrows, shown, radii, scale=lambda octets: scale(octets) * max(shrink, 0.75))
    for host in traffic.hosts:
        style = host_style(host) if host.name in reached else _ABSENT
        axes.add_artist(circle_patch(shown[host.name], radii[host.name], style=style))
    labels = host_labels([host for host in traffic.hosts if host.name in reached])
    draw_labels(axes, labels, positions=shown, radii=radii, ways=ways, shrink=shrink)
    own = sum(host.name in reached and not host.folded for host in traffic.hosts)
    folded = " and folded ones" if any(host.folded and host.name in reached for host in traffic.hosts) else ""
    _write_caption(axes, label, arrows, hosts=format_count(own, "host") + folded)


def _write_caption(axes: Axes, label: str, arrows: Sequence[Arrow], *, hosts: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_artist(Rectangle((0, 0), *CANVAS, fill=False, edgecolor="#CCCCCC", linewidth=0.8, zorder=0))
    packets = sum(arrow.packets for arrow in arrows)
    octets = format_octets(sum(arrow.octets for arrow in arrows))
    text = f"{label}: {format_count(packets, 'packet')} · {octets} · {hosts}"
    axes.annotate(
        text, (0, CANVAS[1]), xytext=(2, 4), textcoords="offset points", fontsize=10, weight="bold", color=INK
    )
