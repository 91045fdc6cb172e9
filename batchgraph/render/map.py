"""One map: hosts as circles, what they sent to each other as fancy arrows, a legend and a title."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchgraph.render.arcs import bent_arcs, bent_loops
from batchgraph.render.figure import new_figure
from batchgraph.render.labels import placed_labels
from batchgraph.render.layout import CANVAS, Positions
from batchgraph.render.legend import draw_legend, height_of_legend
from batchgraph.render.shapes import arrow_patch, circle_patch
from batchgraph.render.style import (
    FOLDED_STYLE,
    GREY,
    INK,
    PAPER,
    ScopeStyle,
    scope_label,
    scope_style,
)
from batchgraph.render.text import broken_label, format_count, format_octets, format_span, safe_label
from batchgraph.render.traffic import OTHERS, Arrow, Host, Traffic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from batchgraph.render.arcs import Points

MARGIN = 0.2
"""Inches left free beside the canvas."""

TITLE_HEIGHT = 0.75
"""Inches above the canvas."""

_LARGEST_RADIUS = 0.36
_SMALLEST_RADIUS = 0.1
_FOLDED_RADIUS = 0.42

_WIDEST_SPAN = 100
"""Ratio of octets below which arrows do not take all widths: what is nearly equal should look so."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How volume becomes size: the logarithm of octets, from those of the smallest arrow of a map.

    Parameters
    ----------
    smallest, largest
        Octets.
    low, high
        Size of the smallest, and of what has `_WIDEST_SPAN` times its octets or is the largest.
    """

    smallest: int
    largest: int
    low: float
    high: float

    def __call__(self, octets: int) -> float:
        """Give the size for so many octets."""
        span = math.log(max(self.largest / self.smallest, _WIDEST_SPAN))
        return self.low + (self.high - self.low) * math.log(max(octets, 1) / self.smallest) / span


def draw_map(
    traffic: Traffic, positions: Positions, *, capture: str, enlarged: tuple[float, float] = (1.0, 1.0)
) -> Figure:
    """Draw one map.

    Parameters
    ----------
    traffic
        What to show.
    positions
        A place for every host of it, in inches on the canvas.
    capture
        Its id, for the title.
    enlarged
        By how much `positions` are stretched across and upward from those that other maps use.

    Returns
    -------
    figure
        About 12 by 9 inches, higher where the legend takes more rows; to be made and saved within
        `batchgraph.render.figure.plain_settings`.
    """
    width = CANVAS[0] + 2 * MARGIN
    legend_height = height_of_legend(traffic, width=width)
    figure = new_figure((width, TITLE_HEIGHT + CANVAS[1] + legend_height))
    axes = canvas_axes(figure, left=MARGIN, bottom=legend_height)
    draw_traffic(axes, traffic, positions)
    draw_title(figure, traffic, capture=capture, enlarged=enlarged)
    draw_legend(figure, traffic)
    return figure


def canvas_axes(figure: Figure, *, left: float, bottom: float, canvas: tuple[float, float] = CANVAS) -> Axes:
    """Add axes without frame whose unit is the inch, `left` and `bottom` inches from the figure's corner."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((left / width, bottom / height, canvas[0] / width, canvas[1] / height))
    axes.set_xlim(0, canvas[0])
    axes.set_ylim(0, canvas[1])
    axes.set_axis_off()
    return axes


def draw_traffic(axes: Axes, traffic: Traffic, positions: Positions, *, canvas: tuple[float, float] = CANVAS) -> None:
    """Draw arrows, circles and names on axes whose unit is the inch."""
    radii = host_radii(traffic.hosts)
    shown = {host.name: positions[host.name] for host in traffic.hosts}
    arcs = [
        *bent_arcs(traffic.arrows, shown, radii, canvas=canvas),
        *bent_loops(traffic.arrows, shown, radii, canvas=canvas),
    ]
    scale = arrow_scale(traffic.arrows, n_hosts=len(traffic.hosts))
    for arc in arcs:
        size = scale(arc.arrow.octets)
        patch = arrow_patch(arc.start, arc.end, label=arc.arrow.type, size=size, rad=arc.rad, shrink=(1.0, 1.5))
        axes.add_artist(patch)
    for host in traffic.hosts:
        axes.add_artist(circle_patch(shown[host.name], radii[host.name], style=host_style(host)))
    texts = {host.name: host_label(host) for host in traffic.hosts}
    draw_labels(axes, texts, positions=shown, radii=radii, ways=[arc.points for arc in arcs], canvas=canvas)


def host_radii(hosts: Sequence[Host]) -> dict[str, float]:
    """Size circles in inches: the area grows with the square root of the octets, so that small hosts stay visible."""
    largest = max((host.octets for host in hosts if not host.folded), default=1) or 1
    crowd = min(1.0, (30 / max(len(hosts), 1)) ** 0.25)
    radii = {}
    for host in hosts:
        share = min(1.0, host.octets / largest) ** 0.25
        radii[host.name] = _FOLDED_RADIUS if host.folded else max(_SMALLEST_RADIUS, _LARGEST_RADIUS * crowd * share)
    return radii


def arrow_scale(arrows: Sequence[Arrow], *, n_hosts: int) -> Scale:
    """Size arrows, as matplotlib's ``mutation_scale``: by octets, and smaller where there are many."""
    octets = [max(arrow.octets, 1) for arrow in arrows] or [1]
    crowd = min(1.0, max(0.55, (40 / max(len(arrows), n_hosts, 1)) ** 0.25))
    return Scale(min(octets), max(octets), low=12 * crowd, high=30 * crowd)


def host_style(host: Host) -> ScopeStyle:
    """Give the look of one host's circle."""
    return FOLDED_STYLE if host.folded else scope_style(scope_label(host.scope))


def draw_labels(
    axes: Axes,
    texts: Mapping[str, str],
    *,
    positions: Positions,
    radii: Mapping[str, float],
    ways: Sequence[Points],
    canvas: tuple[float, float] = CANVAS,
    faint: Collection[str] = (),
) -> None:
    """Write texts beside the circles of hosts, those of the hosts in `faint` in grey."""
    font_size = 10.0 if len(texts) <= 12 else 8.0 if len(texts) <= 35 else 7.0
    labels = placed_labels(texts, positions=positions, radii=radii, ways=ways, font_size=font_size, canvas=canvas)
    for label in labels:
        axes.text(
            label.x,
            label.y,
            label.text,
            fontsize=font_size,
            color=GREY if label.name in faint else INK,
            ha="center",
            va="center",
            linespacing=1.1,
            zorder=4,
            parse_math=False,
            # A halo would turn the text of an SVG into outlines, which are ten times larger and cannot be searched.
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.7, "pad": 0.6},
        )


def host_label(host: Host) -> str:
    """Give what is written at a host: its address, or how many stand behind it."""
    if host.name == OTHERS:
        return f"others ({format_count(host.folded, 'host')})"
    return broken_label(safe_label(host.name))


def draw_title(figure: Figure, traffic: Traffic, *, capture: str, enlarged: tuple[float, float] = (1.0, 1.0)) -> None:
    """Write what the map shows, and what it folds, at the upper left."""
    write_title(figure, capture, subtitle_lines(traffic, enlarged=enlarged))


def write_title(figure: Figure, title: str, lines: Sequence[str]) -> None:
    """Write a title at the upper left of a figure, and smaller lines below it."""
    height = figure.get_size_inches()[1]
    left = MARGIN / figure.get_size_inches()[0]
    figure.text(
        left, 1 - 0.12 / height, safe_label(title), fontsize=14, weight="bold", color=INK, va="top", parse_math=False
    )
    figure.text(
        left, 1 - 0.42 / height, "\n".join(lines), fontsize=9, color=INK, va="top", linespacing=1.3, parse_math=False
    )


def subtitle_lines(traffic: Traffic, *, enlarged: tuple[float, float] = (1.0, 1.0)) -> list[str]:
    """Say in words what a map shows: time span, packets, hosts; and what was folded or enlarged, if anything was."""
    parts = [
        format_span(traffic.first, traffic.last),
        format_count(traffic.packets, "packet"),
        format_octets(traffic.octets),
        format_count(traffic.n_hosts, "host"),
    ]
    notes = []
    if traffic.n_folded:
        own = traffic.n_hosts - traffic.n_folded
        notes.append(
            f"{format_count(own, 'host')} with the most octets shown, "
            f"{format_count(traffic.n_folded, 'host')} folded into “others”; all packets are counted"
        )
    if max(enlarged) > 1:
        notes.append(f"places as in the combined map, stretched {enlarged[0]:g} × {enlarged[1]:g} times")
    return [" · ".join(parts), *([" · ".join(notes)] if notes else [])]
