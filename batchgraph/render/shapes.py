"""The shapes of maps, each made in one place: arrows of protocols and of changes, circles of kinds of hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchgraph.render.style import ALLOWED, CHANGE_STYLES, SAME, ScopeStyle, mixed, type_style

if TYPE_CHECKING:
    from matplotlib.patches import Circle, FancyArrowPatch

    from batchgraph.render.arcs import Point

_HEAD_WIDTH = 0.55

ARROW_STYLE = f"fancy,head_length=0.55,head_width={_HEAD_WIDTH},tail_width=0.3"


def half_width(size: float) -> float:
    """Give how far the head of an arrow of that ``mutation_scale`` reaches to either side, in inches."""
    return size * _HEAD_WIDTH / 2 / 72


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
    style = type_style(label)
    patch = _fancy(start, end, size=size, rad=rad, shrink=shrink)
    patch.set(facecolor=style.fill, edgecolor=style.outline, linestyle=style.line, alpha=0.85, zorder=2)
    patch.set_linewidth(style.width)
    return patch


def changed_arrow_patch(
    start: Point, end: Point, *, change: str, size: float, rad: float = 0.0, shrink: tuple[float, float] = (0.0, 0.0)
) -> FancyArrowPatch:
    """Make an arrow that is new, gone, changed or as it was; the other parameters are those of `arrow_patch`."""
    style = CHANGE_STYLES[change]
    is_faint = change in (SAME, ALLOWED)
    patch = _fancy(start, end, size=size, rad=rad, shrink=shrink)
    patch.set(facecolor=mixed(style.colour, style.tint), linestyle=style.line, zorder=1.5 if is_faint else 2)
    patch.set(edgecolor=mixed(style.colour, 0.5) if is_faint else style.colour, linewidth=0.5 if is_faint else 1.1)
    return patch


def _fancy(start: Point, end: Point, *, size: float, rad: float, shrink: tuple[float, float]) -> FancyArrowPatch:
    from matplotlib.patches import FancyArrowPatch

    return FancyArrowPatch(
        start,
        end,
        arrowstyle=ARROW_STYLE,
        connectionstyle=f"arc3,rad={rad:.4f}",
        mutation_scale=size,
        shrinkA=shrink[0],
        shrinkB=shrink[1],
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
