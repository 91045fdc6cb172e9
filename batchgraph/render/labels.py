"""Where names of hosts stand: beside their circle, clear of other names, circles and the heads of arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from batchgraph.render.layout import Positions

    Points = NDArray[np.float64]

POINTS_PER_INCH = 72.0

_FURTHER = 0.8
"""What each step away from its circle costs a name, as much as a few points of arrows that it covers: one that stands
far off is taken for another circle's."""

_DIRECTIONS: tuple[tuple[float, float], ...] = (
    (0.0, -1.0),
    (0.0, 1.0),
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.75, -0.7),
    (-0.75, -0.7),
    (0.75, 0.7),
    (-0.75, 0.7),
)
"""Where a name is tried, seen from its circle, the places that readers look at first before the others."""

_DISTANCES = (0.04, 0.12, 0.26)
"""Inches between a circle's rim and its name, as tried."""


SMALL = 0.8
"""Size of the letters of an address below a name, of those of the name."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is written at a circle, and below it in smaller letters."""

    text: str
    small: str = ""

    def size(self, font_size: float) -> tuple[float, float]:
        """Measure it, in inches."""
        width, height = text_size(self.text, font_size)
        if not self.small:
            return width, height
        below = text_size(self.small, SMALL * font_size)
        return max(width, below[0]), height + below[1]


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """What is written at a circle, and the middle of the box that it fills, in inches."""

    name: str
    text: str
    small: str
    x: float
    y: float


def placed_labels(
    texts: Mapping[str, Label],
    *,
    positions: Positions,
    radii: Mapping[str, float],
    ways: Sequence[Points],
    font_size: float,
    canvas: tuple[float, float],
) -> list[PlacedLabel]:
    """Place every name where it covers least.

    Parameters
    ----------
    texts
        What to write at each host, the most important first: later ones make way for them.
    positions, radii
        Centre and radius of every circle, in inches.
    ways
        Places along each arrow drawn, from its tail to its head, shape (n, 2).
    font_size
        In points.
    canvas
        Width and height that no name leaves, in inches.
    """
    import numpy as np

    circles = np.array([[*positions[name], radii[name]] for name in texts]).reshape(-1, 3)
    heads = np.concatenate([np.zeros((0, 2)), *(way[-4:] for way in ways)])
    shafts = np.concatenate([np.zeros((0, 2)), *(way[:-4] for way in ways)])
    boxes = np.zeros((0, 4))
    labels = []
    for own, (name, label) in enumerate(texts.items()):
        width, height = label.size(font_size)
        tried = _candidates(positions[name], radii[name], width=width, height=height)
        costs = [
            0.02 * rank
            + _FURTHER * (rank // len(_DIRECTIONS))
            + _cost(box, own, circles=circles, heads=heads, shafts=shafts, boxes=boxes, canvas=canvas)
            for rank, box in enumerate(tried)
        ]
        best = tried[int(np.argmin(costs))]
        boxes = np.vstack([boxes, best])
        x, y = (round((best[side] + best[side + 2]) / 2, 3) for side in (0, 1))
        labels.append(PlacedLabel(name, label.text, label.small, x, y))
    return labels


def text_size(text: str, font_size: float) -> tuple[float, float]:
    """Measure a text of one or more lines in the font that maps use, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=font_size)
    lines = text.split("\n")
    width = max(text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] for line in lines)
    # Hinted glyphs of a bitmap are up to a tenth wider than the outlines measured here.
    return 1.06 * width / POINTS_PER_INCH, 1.2 * font_size * len(lines) / POINTS_PER_INCH


def _candidates(
    centre: tuple[float, float], radius: float, *, width: float, height: float
) -> list[tuple[float, float, float, float]]:
    boxes = []
    for distance in _DISTANCES:
        for across, upward in _DIRECTIONS:
            x = centre[0] + across * (radius + distance) + _side(across) * width / 2
            y = centre[1] + upward * (radius + distance) + _side(upward) * height / 2
            boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return boxes


def _side(direction: float) -> float:
    return float((direction > 0) - (direction < 0))


def _cost(
    box: tuple[float, float, float, float],
    own: int,
    *,
    circles: Points,
    heads: Points,
    shafts: Points,
    boxes: Points,
    canvas: tuple[float, float],
) -> float:
    """Weigh what a name covers: other names and circles count most, then heads of arrows, then their shafts."""
    import numpy as np

    left, bottom, right, top = box
    outside = max(0.0, -left) + max(0.0, -bottom) + max(0.0, right - canvas[0]) + max(0.0, top - canvas[1])
    across = np.minimum(right, boxes[:, 2]) - np.maximum(left, boxes[:, 0])
    upward = np.minimum(top, boxes[:, 3]) - np.maximum(bottom, boxes[:, 1])
    names = float((np.maximum(across, 0) * np.maximum(upward, 0)).sum()) / ((right - left) * (top - bottom))
    gap_x = np.maximum(np.maximum(left - circles[:, 0], circles[:, 0] - right), 0)
    gap_y = np.maximum(np.maximum(bottom - circles[:, 1], circles[:, 1] - top), 0)
    covered = gap_x**2 + gap_y**2 < circles[:, 2] ** 2
    covered[own] = False
    return (
        60.0 * outside
        + 40.0 * names
        + 12.0 * float(covered.sum())
        + 1.5 * _inside(heads, box)
        + 0.25 * _inside(shafts, box)
    )


def _inside(points: Points, box: tuple[float, float, float, float]) -> float:
    left, bottom, right, top = box
    x, y = points[:, 0], points[:, 1]
    return float(((x > left) & (x < right) & (y > bottom) & (y < top)).sum())
