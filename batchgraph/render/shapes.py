"""The two shapes of a map, each made in one place: an arrow of a protocol and a circle of a kind of host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchgraph.render.style import ScopeStyle, type_style

if TYPE_CHECKING:
    from matplotlib.patches import Circle, FancyArrowPatch

    from batchgraph.render.arcs import Point

ARROW_STYLE = "fancy,head_length=0.55,head_width=0.55,tail_width=0.3"


def arrow_patch(
    start: Point,
    end: Point,
    *,
    label: str,
    size: float,
    rad: float = 0.0,
    shrink: tuple[float, float] = (0.0, 0.0),
) -> FancyArrowPatch:
    """Make the arrow of a protocol, to be added by ``axes.add_artist``.

    ``add_patch`` would compute its path once more to find the limits of the axes, at ten times the cost of the whole;
    and a collection of such patches draws nonsense.

    Parameters
    ----------
    start, end
        In data units.
    label
        Of the protocol, as `batchgraph.render.style.type_label` gives it.
    size
        matplotlib's ``mutation_scale``.
    rad
        Curvature.
    shrink
        Points left free at `start` and `end`.
    """
    from matplotlib.patches import FancyArrowPatch

    style = type_style(label)
    return FancyArrowPatch(
        start,
        end,
        arrowstyle=ARROW_STYLE,
        connectionstyle=f"arc3,rad={rad:.4f}",
        mutation_scale=size,
        shrinkA=shrink[0],
        shrinkB=shrink[1],
        facecolor=style.fill,
        edgecolor=style.outline,
        linestyle=style.line,
        linewidth=0.6 if style.tint else 0.9,
        alpha=0.85,
        zorder=2,
    )


def circle_patch(centre: Point, radius: float, *, style: ScopeStyle) -> Circle:
    """Make the circle of a host."""
    from matplotlib.patches import Circle

    return Circle(
        centre,
        radius,
        facecolor=style.face,
        edgecolor=style.edge,
        linestyle=style.line,
        linewidth=style.width,
        zorder=3,
    )
