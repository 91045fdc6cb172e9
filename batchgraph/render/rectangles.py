"""Many rectangles as one shape: a picture of thousands stays small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import PathPatch

Box = tuple[float, float, float, float]
"""Left, bottom, width and height."""


def rectangles_patch(boxes: Sequence[Box], *, face: str, edge: str, width: float, line: str = "solid") -> PathPatch:
    """Make one shape of rectangles, to be added by ``axes.add_artist``."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    corners: list[tuple[float, float]] = []
    for left, bottom, across, upward in boxes:
        right, top = round(left + across, 4), round(bottom + upward, 4)
        x, y = round(left, 4), round(bottom, 4)
        corners += [(x, y), (right, y), (right, top), (x, top), (x, y)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(boxes)
    return PathPatch(Path(corners, codes), facecolor=face, edgecolor=edge, linewidth=width, linestyle=line, zorder=2)


def square_sample(face: str, edge: str, line: str = "solid") -> Callable[[Axes, float, float], None]:
    """Give what draws a square as the sample of a legend's entry."""

    def draw(axes: Axes, x: float, y: float) -> None:
        axes.add_artist(
            rectangles_patch([(x + 0.16, y - 0.07, 0.18, 0.14)], face=face, edge=edge, width=0.7, line=line)
        )

    return draw
