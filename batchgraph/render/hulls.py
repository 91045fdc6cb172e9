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
from batchgraph.render.labels import Box, Scene, best_box, text_size
from batchgraph.render.style import HULL_STYLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


def draw_hulls(axes: Axes, hulls: Sequence[Hull]) -> None:
    """Draw hulls, behind everything else."""
    from matplotlib.patches import Polygon

    for hull in hulls:
        style = HULL_STYLES[hull.scope]
        axes.add_artist(
            Polygon(
                hull.corners, closed=True, facecolor=style.face, edgecolor=style.edge, linestyle=style.line,
                linewidth=style.width, zorder=0.5,
            )
        )  # fmt: skip


def draw_hull_names(axes: Axes, hulls: Sequence[Hull], *, scene: Scene, taken: Sequence[Box]) -> list[Box]:
    """Write the networks' names at their hulls, where they cover least of a scene and of names, and give the boxes."""
    boxes: list[Box] = []
    for hull in hulls:
        box = best_box(_places(hull, text_size(hull.network, _FONT_SIZE)), scene, taken=[*taken, *boxes])
        boxes.append(box)
        x, y = round((box[0] + box[2]) / 2, 3), round((box[1] + box[3]) / 2, 3)
        axes.text(
            x, y, hull.network, fontsize=_FONT_SIZE, color=_TEXT, style="italic", ha="center", va="center",
            zorder=1, parse_math=False,
        )  # fmt: skip
    return boxes


def _places(hull: Hull, size: tuple[float, float]) -> list[Box]:
    """Give places for a hull's name: outside along its rim from the top, then inside along it."""
    width, height = size
    left, bottom = (min(corner[side] for corner in hull.corners) for side in (0, 1))
    right, top = (max(corner[side] for corner in hull.corners) for side in (0, 1))
    middle = (left + right) / 2, (bottom + top) / 2
    rim = sorted(hull.corners, key=lambda corner: (-corner[1], corner[0]))
    places = []
    for outward in (1.0, -1.0):
        for x, y in rim:
            across, upward = x - middle[0], y - middle[1]
            length = max(math.hypot(across, upward), 1e-9)
            # Half of the name's extent in this direction, and a little more: it touches the rim and does not cross it.
            reach_x = outward * across / length * (width / 2 + 0.02)
            reach_y = outward * upward / length * (height / 2 + 0.02)
            places.append((x + reach_x - width / 2, y + reach_y - height / 2))
    return [(x, y, x + width, y + height) for x, y in places]


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
