"""Packing the parts of a layout on the canvas, and pushing apart what overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

_MOST_ROUNDS = 300

_ROUNDS_TIMES_POINTS = 30_000
"""Limits the rounds for many points, each of which costs their square."""

EDGE = (0.65, 0.55)
"""Inches between the edges of the canvas and the nearest centre of a circle, across and upward."""


def packed(shapes: Sequence[Points], *, cell: tuple[float, float], canvas: tuple[float, float]) -> Points:
    """Put the parts of a layout side by side in rows, and fill the canvas with them.

    Parameters
    ----------
    shapes
        One array of shape (n_hosts, 2) per part, the largest part first, each in a scale of its own.
    cell
        Width and height that a host takes, in inches.
    canvas
        Width and height in inches.

    Returns
    -------
    points
        Shape (n_hosts of all parts, 2), in the order of `shapes`.
    """
    import numpy as np

    sized = [_sized(shape, cell=cell, canvas=canvas) for shape in shapes]
    boxes = [np.ptp(points, axis=0) + np.array(cell) for points in sized]
    area = sum(float(box[0] * box[1]) for box in boxes)
    aspect = canvas[0] / canvas[1]
    # The width at which the rows' total height comes nearest to the shape of the canvas.
    widest = max(float(box[0]) for box in boxes)
    widths = [max(widest, (area * aspect) ** 0.5 * step) for step in (1.0, 1.1, 1.2, 1.3, 1.45, 1.6, 1.8)]
    rows = min((_rows(boxes, width) for width in widths), key=lambda found: _misfit(boxes, found, aspect))
    return _filled(np.concatenate(_placed(sized, boxes, rows)), cell=cell, canvas=canvas)


def _sized(points: Points, *, cell: tuple[float, float], canvas: tuple[float, float]) -> Points:
    """Scale one part so that its hosts have room for their cells."""
    import numpy as np

    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    if len(points) == 1:
        return np.zeros((1, 2))
    if len(points) == 2:
        return np.array([[0.0, 0.0], [1.4 * cell[0], 0.0]])
    side = (2.0 * len(points) * cell[0] * cell[1] / (canvas[0] * canvas[1])) ** 0.5
    flat = np.where(extent > 0.25 * extent.max(), extent, max(float(extent.max()), 1e-9))
    return np.asarray((points - low) / flat * np.array(canvas) * side)


def _rows(boxes: Sequence[Points], width: float) -> list[list[int]]:
    """Share the parts out to rows no wider than `width`, in their order."""
    rows: list[list[int]] = []
    used = width
    for index, box in enumerate(boxes):
        if not rows or used + float(box[0]) > width * 1.0001:
            rows.append([])
            used = 0.0
        rows[-1].append(index)
        used += float(box[0])
    return rows


def _extent(boxes: Sequence[Points], rows: list[list[int]]) -> tuple[float, float]:
    width = max(sum(float(boxes[i][0]) for i in row) for row in rows)
    height = sum(max(float(boxes[i][1]) for i in row) for row in rows)
    return width, height


def _misfit(boxes: Sequence[Points], rows: list[list[int]], aspect: float) -> float:
    width, height = _extent(boxes, rows)
    return max(width / aspect, height)


def _placed(sized: Sequence[Points], boxes: Sequence[Points], rows: list[list[int]]) -> list[Points]:
    import numpy as np

    width, _ = _extent(boxes, rows)
    placed: list[Points] = [np.zeros((0, 2))] * len(sized)
    top = 0.0
    for row in rows:
        height = max(float(boxes[i][1]) for i in row)
        # What a row leaves free is shared out between and beside its parts.
        gap = (width - sum(float(boxes[i][0]) for i in row)) / (len(row) + 1)
        left = gap
        for i in row:
            corner = np.array([left + float(boxes[i][0]) / 2, top - height / 2])
            placed[i] = sized[i] - (sized[i].min(axis=0) + sized[i].max(axis=0)) / 2 + corner
            left += float(boxes[i][0]) + gap
        top -= height
    return placed


def _filled(points: Points, *, cell: tuple[float, float], canvas: tuple[float, float]) -> Points:
    """Stretch or shrink points to the canvas, half a cell from its edges, and never to more than three times."""
    import numpy as np

    room = np.array(canvas) - np.maximum(np.array(cell), 2 * np.array(EDGE))
    extent = np.ptp(points, axis=0)
    scale = np.minimum(room / np.where(extent > 1e-9, extent, 1.0), 3.0)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return np.asarray((points - middle) * scale + np.array(canvas) / 2)


def pushed_apart(
    points: Points, *, cell: tuple[float, float], canvas: tuple[float, float], sizes: Points | None = None
) -> Points:
    """Move points until no two are nearer than a cell's width across or its height upward, or for so many rounds.

    Parameters
    ----------
    points
        Shape (n, 2), in inches.
    cell
        Width and height that a host takes, in inches.
    canvas
        Width and height that no point leaves.
    sizes
        Shape (n,): how many cells' width and height each point takes; None: one.
    """
    import numpy as np

    half = np.array(cell) / 2 * (np.ones(len(points)) if sizes is None else sizes)[:, None]
    low = np.maximum(np.array(cell) / 2, np.array(EDGE))
    high = np.array(canvas) - low
    points = np.clip(points, low, high)
    for _ in range(min(_MOST_ROUNDS, _ROUNDS_TIMES_POINTS // max(len(points), 1))):
        first, second = _touching(points, half)
        if not len(first):
            break
        apart, size = points[first] - points[second], half[first] + half[second]
        # Points in one place part by their order.
        lacking = np.where(apart > 0, 1.0, -1.0) * (size - np.abs(apart))
        nearer = (np.abs(lacking[:, 0]) * size[:, 1] <= np.abs(lacking[:, 1]) * size[:, 0])[:, None]
        move = 0.5 * lacking * np.where(nearer, (0.5, 0.1), (0.1, 0.5))
        np.add.at(points, first, move)
        np.add.at(points, second, -move)
        points = np.clip(points, low, high)
    return np.asarray(points)


def _touching(points: Points, half: Points) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the pairs of points whose cells, twice `half` wide and high, overlap, each pair once."""
    import numpy as np

    near = np.triu(np.ones((len(points), len(points)), bool), 1)
    for axis in range(2):
        place, reach = points[:, axis], half[:, axis]
        # A thousandth of a cell is not seen.
        near &= np.abs(place[:, None] - place[None, :]) < 0.999 * (reach[:, None] + reach[None, :])
    first, second = np.nonzero(near)
    return first, second


def uncovered(points: Points, radii: Points, *, gap: float, canvas: tuple[float, float]) -> Points:
    """Move circles that cover each other, or lie nearer than `gap` inches, as far apart as that; others stay.

    Parameters
    ----------
    points
        Centres, shape (n, 2), in inches.
    radii
        Shape (n,), in inches.
    gap
        Between two rims, in inches.
    canvas
        Width and height that no centre leaves.
    """
    import numpy as np

    wanted = radii[:, None] + radii[None, :] + gap
    np.fill_diagonal(wanted, 0.0)
    high = np.array(canvas) - np.array(EDGE)
    for _ in range(_MOST_ROUNDS):
        apart = points[:, None, :] - points[None, :, :]
        distance = np.linalg.norm(apart, axis=2)
        lacking = np.where(distance < wanted - 1e-3, wanted - distance, 0.0)
        if not lacking.any():
            break
        # Circles in one place part sideways, by their order.
        order = np.sign(np.arange(len(points))[:, None] - np.arange(len(points))[None, :])
        sideways = np.stack([order, np.zeros_like(order)], axis=2)
        way = np.where(distance[:, :, None] > 1e-6, apart / np.maximum(distance, 1e-6)[:, :, None], sideways)
        points = np.clip(points + 0.4 * (way * lacking[:, :, None]).sum(axis=1), np.array(EDGE), high)
    return np.asarray(points)
