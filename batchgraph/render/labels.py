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

Box = tuple[float, float, float, float]
"""Left, bottom, right and top."""

POINTS_PER_INCH = 72.0

_FURTHER = 0.8
"""What each step away from its circle costs a name, as a few points of arrows do: far off it is taken for another's."""

_DIRECTIONS: tuple[tuple[float, float, float], ...] = (
    (0.0, -1.0, 0.0),
    (0.0, 1.0, 0.0),
    (1.0, 0.0, 0.0),
    (-1.0, 0.0, 0.0),
    (0.75, -0.7, 0.0),
    (-0.75, -0.7, 0.0),
    (0.75, 0.7, 0.0),
    (-0.75, 0.7, 0.0),
    (0.0, -1.0, 0.33),
    (0.0, -1.0, -0.33),
    (0.0, 1.0, 0.33),
    (0.0, 1.0, -0.33),
)
"""Where a name is tried, seen from its circle, and by which share of its width it is slid to the right: the places that
readers look at first before the others."""

_DISTANCES = (0.04, 0.12, 0.26)
"""Inches between a circle's rim and its name, as tried."""

_APART = 0.015
"""Inches between two names, for the paper behind each."""

_ROUNDS = 4  # of placing all names, at most; most stand still after two

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
    box: Box


@dataclass(frozen=True, slots=True)
class Scene:
    """What names should not cover, in inches.

    Parameters
    ----------
    circles
        Centres and radii, shape (n, 3).
    heads, shafts
        Places along the heads of arrows and along the rest of them, shape (n, 2).
    canvas
        Width and height that no name leaves.
    """

    circles: Points
    heads: Points
    shafts: Points
    canvas: tuple[float, float]


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
    scene = scene_of(positions, {name: radii[name] for name in texts}, ways=ways, canvas=canvas)
    sizes = [label.size(font_size) for label in texts.values()]
    free = (_candidates(positions[name], radii[name], size) for name, size in zip(texts, sizes, strict=True))
    tried = [_moved_within(boxes, canvas) for boxes in free]
    places = _least_covering(tried, [_costs(boxes, scene, own=own) for own, boxes in enumerate(tried)])
    labels = []
    for (name, label), (left, bottom, right, top) in zip(texts.items(), places, strict=True):
        x, y = round((left + right) / 2, 3), round((bottom + top) / 2, 3)
        labels.append(PlacedLabel(name, label.text, label.small, x, y, (left, bottom, right, top)))
    return labels


def scene_of(
    positions: Positions, radii: Mapping[str, float], *, ways: Sequence[Points], canvas: tuple[float, float]
) -> Scene:
    """Gather what names should not cover; the parameters are those of `placed_labels`."""
    import numpy as np

    circles = np.array([[*positions[name], radius] for name, radius in radii.items()]).reshape(-1, 3)
    heads = np.concatenate([np.zeros((0, 2)), *(way[-4:] for way in ways)])
    shafts = np.concatenate([np.zeros((0, 2)), *(way[:-4] for way in ways)])
    return Scene(circles, heads, shafts, canvas)


def best_box(boxes: Sequence[Box], scene: Scene, *, taken: Sequence[Box]) -> Box:
    """Choose from places for one more text that where it covers least; the earlier ones are the better."""
    import numpy as np

    tried = np.array(boxes)
    costs = _costs(tried, scene) + 0.02 * np.arange(len(boxes)) + _covered_names(tried, np.array(taken).reshape(-1, 4))
    return boxes[int(np.argmin(costs))]


def text_size(text: str, font_size: float) -> tuple[float, float]:
    """Measure a text of one or more lines in the font that maps use, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=font_size)
    lines = text.split("\n")
    width = max(text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] for line in lines)
    # Hinted glyphs of a bitmap are up to a tenth wider than the outlines measured here.
    return 1.06 * width / POINTS_PER_INCH, 1.2 * font_size * len(lines) / POINTS_PER_INCH


def _candidates(centre: tuple[float, float], radius: float, size: tuple[float, float]) -> Points:
    """Give the boxes in which a name is tried, shape (n, 4): left, bottom, right, top."""
    import numpy as np

    width, height = size
    boxes = []
    for distance in _DISTANCES:
        for across, upward, slid in _DIRECTIONS:
            x = centre[0] + across * (radius + distance) + (_side(across) / 2 + slid) * width
            y = centre[1] + upward * (radius + distance) + _side(upward) * height / 2
            boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return np.array(boxes)


def _moved_within(boxes: Points, canvas: tuple[float, float]) -> Points:
    """Move boxes that leave the canvas by as little as brings them back."""
    import numpy as np

    move = np.clip(0.0, -boxes[:, :2], np.array(canvas) - boxes[:, 2:])
    return np.asarray(boxes + np.hstack([move, move]))


def _side(direction: float) -> float:
    return float((direction > 0) - (direction < 0))


def _least_covering(tried: Sequence[Points], costs: Sequence[Points]) -> list[Box]:
    """Choose a box for each name: one after the other, and then anew while the others stay, until none moves."""
    import numpy as np

    ranks = np.arange(len(_DIRECTIONS) * len(_DISTANCES))
    fixed = [cost + 0.02 * ranks + _FURTHER * (ranks // len(_DIRECTIONS)) for cost in costs]
    boxes = np.full((len(tried), 4), np.nan)
    for _ in range(_ROUNDS):
        before = boxes.copy()
        for own, (places, cost) in enumerate(zip(tried, fixed, strict=True)):
            boxes[own] = np.nan
            boxes[own] = places[int(np.argmin(cost + _covered_names(places, boxes)))]
        if np.array_equal(before, boxes):
            break
    return [(float(box[0]), float(box[1]), float(box[2]), float(box[3])) for box in boxes]


def _covered_names(places: Points, boxes: Points) -> Points:
    """Weigh for each place which of the boxes it covers, and how much of itself they cover; nan is no box."""
    import numpy as np

    across = np.minimum(places[:, None, 2], boxes[:, 2]) - np.maximum(places[:, None, 0], boxes[:, 0])
    upward = np.minimum(places[:, None, 3], boxes[:, 3]) - np.maximum(places[:, None, 1], boxes[:, 1])
    across, upward = np.nan_to_num(across + _APART, nan=-1.0), np.nan_to_num(upward + _APART, nan=-1.0)
    areas = (places[:, 2] - places[:, 0]) * (places[:, 3] - places[:, 1])
    shared = (np.maximum(across, 0) * np.maximum(upward, 0)).sum(axis=1) / areas
    return np.asarray(6.0 * ((across > 0) & (upward > 0)).sum(axis=1) + 40.0 * shared)


def _costs(boxes: Points, scene: Scene, *, own: int | None = None) -> Points:
    """Weigh what each box covers of a scene: circles but the `own` count most, then heads of arrows, then shafts."""
    import numpy as np

    left, bottom, right, top = boxes.T
    beyond = (-left, -bottom, right - scene.canvas[0], top - scene.canvas[1])
    outside = sum(np.maximum(0.0, side) for side in beyond)
    x, y, radius = scene.circles.T
    gap_x = np.maximum(np.maximum(left[:, None] - x, x - right[:, None]), 0)
    gap_y = np.maximum(np.maximum(bottom[:, None] - y, y - top[:, None]), 0)
    covered = 12.0 * (gap_x**2 + gap_y**2 < radius**2)
    if own is not None:
        covered[:, own] /= 4  # where it was moved onto the canvas: it is not taken for another's
    return np.asarray(
        60.0 * outside + covered.sum(axis=1) + 1.5 * _inside(scene.heads, boxes) + 0.25 * _inside(scene.shafts, boxes)
    )


def _inside(points: Points, boxes: Points) -> Points:
    """Count the points in each box."""
    import numpy as np

    x, y = points.T
    left, bottom, right, top = boxes.T[:, :, None]
    return np.asarray(((x > left) & (x < right) & (y > bottom) & (y < top)).sum(axis=1))
