"""Networks as light hulls behind their hosts, where these stand together.

A hull is drawn only where it tells the truth and hides nothing: no host of another network in it, no other hull across
it, and not all hosts of the map in one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from batchgraph.graph.selection import network_of
from batchgraph.render.database import NETWORK_PREFIXES
from batchgraph.render.labels import text_size
from batchgraph.render.style import HULL_STYLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from batchgraph.render.arcs import Points
    from batchgraph.render.layout import Positions
    from batchgraph.render.traffic import Host

Point = tuple[float, float]

_MARGIN = 0.14
"""Inches between a circle's rim and the hull."""

_LARGEST_SHARE = 0.4
"""Of the canvas; what is larger lies behind everything and says nothing."""

_CORNERS = 16

_FONT_SIZE = 7.0
_TEXT = "#5F6B75"


@dataclass(frozen=True, slots=True)
class Hull:
    """A network, the scope of its addresses, and the corners of its hull, counter-clockwise, in inches."""

    network: str
    scope: str
    corners: tuple[Point, ...]


def network_hulls(
    hosts: Sequence[Host], positions: Positions, radii: Mapping[str, float], *, canvas: tuple[float, float]
) -> list[Hull]:
    """Give the hulls of networks of two hosts or more that can be drawn, the larger networks first."""
    name_network = network_of(NETWORK_PREFIXES)
    members: dict[tuple[str, str], list[str]] = {}
    for host in hosts:
        if host.scope in HULL_STYLES and not host.folded:
            members.setdefault((name_network(host.name) or "", host.scope), []).append(host.name)
    hulls: list[Hull] = []
    for (network, scope), names in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
        if not 2 <= len(names) < len(hosts):
            continue
        corners = _hull([point for name in names for point in _ring(positions[name], radii[name] + _MARGIN)])
        foreign = [(*positions[host.name], radii[host.name]) for host in hosts if host.name not in names]
        is_free = not any(_distance(corners, (x, y)) < radius + 0.04 for x, y, radius in foreign)
        is_apart = not any(_touch(corners, other.corners) for other in hulls)
        if is_free and is_apart and _area(corners) < _LARGEST_SHARE * canvas[0] * canvas[1]:
            hulls.append(Hull(network, scope, tuple(corners)))
    return hulls


def draw_hulls(axes: Axes, hulls: Sequence[Hull], *, radii: Mapping[str, float], positions: Positions) -> list[Points]:
    """Draw hulls with the networks' names, and give places that other names should not cover, shape (4, 2) each."""
    import numpy as np
    from matplotlib.patches import Polygon

    circles = [(*positions[name], radii[name]) for name in positions]
    taken = []
    for hull in hulls:
        style = HULL_STYLES[hull.scope]
        axes.add_artist(
            Polygon(
                hull.corners, closed=True, facecolor=style.face, edgecolor=style.edge, linestyle=style.line,
                linewidth=style.width, zorder=0.5,
            )
        )  # fmt: skip
        width, height = text_size(hull.network, _FONT_SIZE)
        x, y = _free_place(hull.corners, width, height, circles)
        axes.text(
            x, y, hull.network, fontsize=_FONT_SIZE, color=_TEXT, style="italic", ha="center", va="center",
            zorder=1, parse_math=False,
        )  # fmt: skip
        corners = [(x + a * width / 2, y + b * height / 2) for a, b in ((-0.9, 0), (-0.3, 0), (0.3, 0), (0.9, 0))]
        taken.append(np.array(corners))
    return taken


def _free_place(
    corners: Sequence[Point], width: float, height: float, circles: Sequence[tuple[float, float, float]]
) -> Point:
    """Find where above or below a hull its name covers no circle, or the fewest."""
    best, fewest = corners[0], math.inf
    for upward in (1, -1):
        x, y = max(corners, key=lambda corner: (upward * corner[1], -corner[0]))
        place = round(x, 3), round(y + upward * (height / 2 + 0.02), 3)
        covered = sum(
            max(abs(cx - place[0]) - width / 2, 0) ** 2 + max(abs(cy - place[1]) - height / 2, 0) ** 2 < radius**2
            for cx, cy, radius in circles
        )
        if covered < fewest:
            best, fewest = place, covered
    return best


def _ring(centre: Point, radius: float) -> list[Point]:
    angles = (2 * math.pi * number / _CORNERS for number in range(_CORNERS))
    return [(round(centre[0] + radius * math.cos(a), 3), round(centre[1] + radius * math.sin(a), 3)) for a in angles]


def _cross(a: Point, b: Point, c: Point) -> float:
    """Tell on which side of the way from `a` to `b` the point `c` lies: left above 0."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _hull(points: Sequence[Point]) -> list[Point]:
    """Find the convex hull by monotone chains (Andrew, 1979)."""

    def chain(ordered: Sequence[Point]) -> list[Point]:
        kept: list[Point] = []
        for point in ordered:
            while len(kept) >= 2 and _cross(kept[-2], kept[-1], point) <= 0:
                kept.pop()
            kept.append(point)
        return kept[:-1]

    ordered = sorted(set(points))
    return chain(ordered) + chain(ordered[::-1])


def _sides(corners: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(pairwise((*corners, corners[0])))


def _distance(corners: Sequence[Point], point: Point) -> float:
    """Give the distance of a point from a convex hull, 0 inside."""
    if all(_cross(a, b, point) >= 0 for a, b in _sides(corners)):
        return 0.0
    return min(_distance_from_side(a, b, point) for a, b in _sides(corners))


def _distance_from_side(a: Point, b: Point, point: Point) -> float:
    length = max((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2, 1e-12)
    along = ((point[0] - a[0]) * (b[0] - a[0]) + (point[1] - a[1]) * (b[1] - a[1])) / length
    share = min(1.0, max(0.0, along))
    return math.dist(point, (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))


def _touch(one: Sequence[Point], other: Sequence[Point]) -> bool:
    """Tell whether two convex hulls share a point: no side of either has the whole other on its right."""
    return not any(
        all(_cross(a, b, point) < 0 for point in second)
        for first, second in ((one, other), (other, one))
        for a, b in _sides(first)
    )


def _area(corners: Sequence[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in _sides(corners)) / 2
