"""One map: hosts as circles, what they sent to each other as fancy arrows, a legend and a title."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from batchgraph.render.arcs import bent_arcs, bent_loops
from batchgraph.render.figure import MARGIN, canvas_axes, new_figure
from batchgraph.render.host_labels import draw_labels, host_labels
from batchgraph.render.hulls import Hull, draw_hull_names, draw_hulls, network_hulls
from batchgraph.render.labels import scene_of
from batchgraph.render.layout import CANVAS, Positions
from batchgraph.render.legend import draw_legend, height_of_legend
from batchgraph.render.shapes import arrow_patch, circle_patch, half_width
from batchgraph.render.sizes import arrow_scale, host_radii
from batchgraph.render.style import (
    FOLDED_STYLE,
    ScopeStyle,
    scope_label,
    scope_style,
)
from batchgraph.render.title import TITLE_HEIGHT, draw_title
from batchgraph.render.traffic import Arrow, Host, Traffic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from batchgraph.render.arcs import Points


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
    hulls = network_hulls(traffic.hosts, positions, host_radii(traffic.hosts), canvas=CANVAS)
    scopes = [hull.scope for hull in hulls]
    legend_height = height_of_legend(traffic, width=width, hulls=scopes)
    figure = new_figure((width, TITLE_HEIGHT + CANVAS[1] + legend_height))
    axes = canvas_axes(figure, left=MARGIN, bottom=legend_height)
    draw_traffic(axes, traffic, positions, hulls=hulls)
    draw_title(figure, traffic, capture=capture, enlarged=enlarged)
    draw_legend(figure, traffic, hulls=scopes)
    return figure


def draw_traffic(
    axes: Axes,
    traffic: Traffic,
    positions: Positions,
    *,
    canvas: tuple[float, float] = CANVAS,
    hulls: Sequence[Hull] = (),
) -> None:
    """Draw hulls, arrows, circles and names on axes whose unit is the inch."""
    radii = host_radii(traffic.hosts)
    shown = {host.name: positions[host.name] for host in traffic.hosts}
    scale = arrow_scale(traffic.arrows, n_hosts=len(traffic.hosts))
    ways = draw_arrows(axes, traffic.arrows, shown, radii, scale=scale, canvas=canvas)
    for host in traffic.hosts:
        axes.add_artist(circle_patch(shown[host.name], radii[host.name], style=host_style(host)))
    draw_hulls(axes, hulls)
    labels = draw_labels(axes, host_labels(traffic.hosts), positions=shown, radii=radii, ways=ways, canvas=canvas)
    scene = scene_of(shown, radii, ways=ways, canvas=canvas)
    draw_hull_names(axes, hulls, scene=scene, taken=[label.box for label in labels])


def draw_arrows(
    axes: Axes,
    arrows: Sequence[Arrow],
    positions: Positions,
    radii: Mapping[str, float],
    *,
    scale: Callable[[int], float],
    canvas: tuple[float, float] = CANVAS,
) -> list[Points]:
    """Draw arrows, each as wide as `scale` gives for its octets, and give places along each."""
    widest = half_width(max((scale(arrow.octets) for arrow in arrows), default=0.0))
    arcs = [
        *bent_arcs(arrows, positions, radii, canvas=canvas, half_width=widest),
        *bent_loops(arrows, positions, radii, canvas=canvas),
    ]
    for arc in arcs:
        size = scale(arc.arrow.octets)
        patch = arrow_patch(arc.start, arc.end, label=arc.arrow.type, size=size, rad=arc.rad, shrink=(1.0, 1.5))
        axes.add_artist(patch)
    return [arc.points for arc in arcs]


def host_style(host: Host) -> ScopeStyle:
    """Give the look of one host's circle."""
    return FOLDED_STYLE if host.folded else scope_style(scope_label(host.scope))
