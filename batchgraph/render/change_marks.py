"""The signs on the map of a comparison: in circles, and on arrows with their protocol, so that no colour is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from batchgraph.render.labels import text_size
from batchgraph.render.style import ALLOWED, CHANGE_STYLES, PAPER, SAME

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from batchgraph.render.arcs import Arc
    from batchgraph.render.difference_traffic import ChangedArrow, ChangedHost
    from batchgraph.render.layout import Positions

    Points = NDArray[np.float64]

_MOST_NAMED = 60
"""Arrows that differ; where there are more, their protocols are left out."""

_FONT_SIZE = 7.0

_TRIED = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74)
"""Where along an arrow its sign is tried."""


def draw_marks(
    axes: Axes,
    hosts: Sequence[ChangedHost],
    arrows: Sequence[tuple[ChangedArrow, Arc]],
    *,
    positions: Positions,
    radii: Mapping[str, float],
) -> list[Points]:
    """Draw the signs of hosts and arrows that differ.

    Returns
    -------
    taken
        Places that names should not cover, shape (4, 2) for each sign.
    """
    import numpy as np

    for host in hosts:
        if host.change not in (SAME, ALLOWED):
            _sign(axes, *positions[host.name], change=host.change, size=100 * radii[host.name] ** 0.8)
    circles = np.array([[*positions[host.name], radii[host.name]] for host in hosts]).reshape(-1, 3)
    is_named = len(arrows) <= _MOST_NAMED
    boxes = np.zeros((0, 4))
    for arrow, arc in arrows:
        text = _text(arrow) if is_named else CHANGE_STYLES[arrow.change].mark
        size = np.array(text_size(text, _FONT_SIZE)) + 0.03
        box = _best(arc.points, size, boxes, circles)
        boxes = np.vstack([boxes, box])
        _pill(axes, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, text=text, change=arrow.change)
    return [_corners(box) for box in boxes]


def _text(arrow: ChangedArrow) -> str:
    several = f" ({arrow.pairs:,})" if arrow.pairs > 1 else ""
    return f"{CHANGE_STYLES[arrow.change].mark} {arrow.type}{several}"


def _best(points: Points, size: Points, boxes: Points, circles: Points) -> Points:
    """Choose the place along an arrow where a sign covers the least of other signs and of circles."""
    import numpy as np

    best, least = np.zeros(4), float("inf")
    for rank, share in enumerate(_TRIED):
        middle = points[round(share * (len(points) - 1))]
        box = np.concatenate([middle - size / 2, middle + size / 2])
        shared = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
        covered = np.maximum(shared, 0).prod(axis=1).sum() / size.prod()
        gap = np.maximum(np.maximum(box[:2] - circles[:, :2], circles[:, :2] - box[2:]), 0)
        n_circles = ((gap**2).sum(axis=1) < circles[:, 2] ** 2).sum()
        cost = 0.02 * rank + covered + 2.0 * n_circles
        if cost < least - 1e-9:
            best, least = box, float(cost)
    return np.asarray(best.round(3))


def _corners(box: Points) -> Points:
    import numpy as np

    left, bottom, right, top = box * 0.999 + np.concatenate([box[2:], box[:2]]) * 0.001
    middle = (left + right) / 2
    return np.array([[left, bottom], [middle, top], [right, bottom], [middle, (bottom + top) / 2]])


def _sign(axes: Axes, x: float, y: float, *, change: str, size: float) -> None:
    style = CHANGE_STYLES[change]
    colour = PAPER if style.tint == 1 else "#222222"
    axes.text(
        x, y, style.mark, fontsize=round(size * 0.4, 1), weight="bold", color=colour, ha="center",
        va="center_baseline", zorder=3.5, parse_math=False,
    )  # fmt: skip


def _pill(axes: Axes, x: float, y: float, *, text: str, change: str) -> None:
    style = CHANGE_STYLES[change]
    axes.text(
        x, y, text, fontsize=_FONT_SIZE, color="#222222", ha="center", va="center", zorder=3.8, parse_math=False,
        bbox={
            "boxstyle": "round,pad=0.18", "facecolor": PAPER, "edgecolor": style.colour, "linestyle": style.line,
            "linewidth": 0.9,
        },
    )  # fmt: skip
