"""How arrows bend: no two between the same hosts lie on each other, and none runs through a third host.

An arrow is a quadratic Bezier curve from one circle's rim to another's. Seen from the one of two hosts whose name
comes first, the arrows that it sends pass to the left and those that it receives to the right, each further out than
the one before; where the straight way between them is blocked by another host, all of them move aside together.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchgraph.render.layout import CANVAS, Positions
from batchgraph.render.traffic import Arrow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

Point = tuple[float, float]

_GAP = 0.14
"""Inches between neighbouring arcs at their middles, beside a share of the distance of their ends."""

_RIM_GAP = 0.11
"""Inches between neighbouring arcs where they meet a circle: about the width of a head."""

_MOST_TURNED = math.radians(75)
"""Furthest from the straight way that an arc leaves a circle."""

_CLEARANCE = 0.08
"""Inches between an arc and the rim of a host that it passes."""

_MOST_BENT = 0.9
"""Largest offset of an arc's middle, as a share of the distance of its ends."""

_LOOP_HEIGHT, _LOOP_STEP = 0.4, 0.18
"""Inches that the first loop of a host rises above its rim, less one step, and each one further."""

_MOST_LOOPS_HEIGHT = 0.9
"""Inches by which the last of many loops rises above the first."""

_FLATTER = (1.0, 0.8, 0.6, 0.45, 0.3, 0.15)
"""By how much a bundle of arcs is flattened until it stays on the canvas; what is cut off points nowhere."""

_SHIFTS = (0.0, 0.25, 0.5, 0.8, 1.2)
"""How far aside, in inches, a bundle of arcs is moved in search of a free way."""


@dataclass(frozen=True, slots=True)
class Arc:
    """One arrow's way across the canvas, in inches.

    Parameters
    ----------
    arrow
        What it stands for.
    start, end
        Where it leaves one circle's rim and reaches the other's.
    rad
        Its curvature as ``connectionstyle="arc3,rad=..."`` wants it.
    points
        Shape (n, 2): places along the curve, from `start` to `end`.
    """

    arrow: Arrow
    start: Point
    end: Point
    rad: float
    points: Points


def bent_arcs(
    arrows: Sequence[Arrow],
    positions: Positions,
    radii: Mapping[str, float],
    *,
    canvas: tuple[float, float] = CANVAS,
    half_width: float = 0.0,
) -> list[Arc]:
    """Bend arrows between different hosts apart, those of opposite direction to opposite sides.

    Parameters
    ----------
    arrows
        In the order in which they are drawn; an arrow from a host to itself is left out.
    positions, radii
        Centre and radius of every host, in inches.
    canvas
        Width and height that no arc, in its width, should leave.
    half_width
        Of the widest head, in inches.
    """
    bundles: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, arrow in enumerate(arrows):
        if arrow.src != arrow.dst:
            bundles[min(arrow.src, arrow.dst), max(arrow.src, arrow.dst)].append(index)
    arcs: dict[int, Arc] = {}
    for (a, b), indices in bundles.items():
        between = [arrows[index] for index in indices]
        ranks = _ranks(a, between)
        distance = math.dist(positions[a], positions[b])
        n_side = max(abs(rank) for rank in ranks) + 0.5
        gap = min(_GAP + 0.03 * distance, _MOST_BENT * distance / n_side)
        offsets = [rank * gap for rank in ranks]
        shift = _free_shift(a, b, offsets, positions=positions, radii=radii, canvas=canvas)
        sides = [1.0 if arrow.src == a else -1.0 for arrow in between]
        for flat in _FLATTER:
            bundle = [
                _arc(
                    arrow,
                    side * flat * (offset + shift),
                    turned=side * rank * _RIM_GAP,
                    positions=positions,
                    radii=radii,
                )
                for arrow, side, rank, offset in zip(between, sides, ranks, offsets, strict=True)
            ]
            if all(_is_within(arc, canvas, half_width) for arc in bundle):
                break
        arcs.update(zip(indices, bundle, strict=True))
    return [arcs[index] for index in sorted(arcs)]


def _is_within(arc: Arc, canvas: tuple[float, float], half_width: float) -> bool:
    high = canvas[0] - half_width, canvas[1] - half_width
    return bool((arc.points >= half_width).all() and (arc.points <= high).all())


def bent_loops(
    arrows: Sequence[Arrow],
    positions: Positions,
    radii: Mapping[str, float],
    *,
    canvas: tuple[float, float] = CANVAS,
) -> list[Arc]:
    """Bend arrows from a host to itself to loops, the later the wider: above its circle, or below near the top."""
    numbers = Counter(arrow.src for arrow in arrows if arrow.src == arrow.dst)
    seen: dict[str, int] = defaultdict(int)
    loops = []
    for arrow in arrows:
        if arrow.src != arrow.dst:
            continue
        (x, y), radius, number = positions[arrow.src], radii[arrow.src], numbers[arrow.src]
        step = min(_LOOP_STEP, _MOST_LOOPS_HEIGHT / number)
        reach = radius + _LOOP_HEIGHT + step * number
        upward = -1.0 if y + reach > canvas[1] and y - reach >= canvas[1] - y - reach else 1.0
        seen[arrow.src] += 1
        height = _LOOP_HEIGHT + step * seen[arrow.src]
        # The wider loop leaves its circle further out, so that heads stand beside each other.
        half = radius * (0.6 if number == 1 else 0.35 + 0.6 * seen[arrow.src] / number)
        start = x - half, y + max(radius**2 - half**2, 0.0) ** 0.5 * upward
        end = x + half, start[1]
        rad = -height * upward / half
        loops.append(Arc(arrow, start, end, round(rad, 4), _curve(start, end, height * upward, n_points=24)))
    return loops


def _ranks(a: str, between: Sequence[Arrow]) -> list[float]:
    """Number the arcs of a bundle from its middle: 0.5, 1.5, ... from `a`, -0.5, -1.5, ... to it."""
    if len(between) == 1:
        return [0.15 if between[0].src == a else -0.15]
    forth = back = 0
    ranks = []
    for arrow in between:
        if arrow.src == a:
            ranks.append(forth + 0.5)
            forth += 1
        else:
            ranks.append(-back - 0.5)
            back += 1
    return ranks


def _free_shift(
    a: str, b: str, offsets: Sequence[float], *, positions: Positions, radii: Mapping[str, float], canvas: Point
) -> float:
    """Find the smallest common shift at which the arcs between two hosts run through the fewest others."""
    import numpy as np

    start, end = positions[a], positions[b]
    others = [name for name in positions if name not in (a, b)]
    centres = np.array([positions[name] for name in others]).reshape(-1, 2)
    reach = np.array([radii[name] for name in others]) + _CLEARANCE
    best, least = 0.0, math.inf
    for size in _SHIFTS:
        if size > 0.45 * math.dist(start, end):
            break
        for shift in sorted({size, -size}, reverse=True):
            curves = np.concatenate([_curve(start, end, offset + shift, n_points=14) for offset in offsets])
            gaps = np.linalg.norm(curves[:, None] - centres[None], axis=2).min(axis=0)
            outside = np.maximum(-curves, 0) + np.maximum(curves - np.array(canvas), 0)
            hit = float(np.maximum(reach - gaps, 0.0).sum()) + float(outside.sum()) + 0.001 * size
            if hit < least - 1e-9:
                best, least = shift, hit
        if least < 0.01:
            break
    return best


def _arc(arrow: Arrow, offset: float, *, turned: float, positions: Positions, radii: Mapping[str, float]) -> Arc:
    """Lay one arrow, its middle `offset` inches to the left of the way.

    `turned` is how far along the rim it should keep from the way, in inches, so that heads stand beside each other.
    """
    source, target = positions[arrow.src], positions[arrow.dst]
    way = math.atan2(target[1] - source[1], target[0] - source[0])
    natural = math.atan2(4 * offset, max(math.dist(source, target), 1e-6))
    start = _rim_point(source, radii[arrow.src], way + _turn(natural, turned, radii[arrow.src]))
    end = _rim_point(target, radii[arrow.dst], way + math.pi - _turn(natural, turned, radii[arrow.dst]))
    across = math.dist(start, end)
    # Measured from the straight line between the rims, which may itself lie beside the one between the centres.
    left = (-math.sin(way), math.cos(way))
    middle = ((start[0] + end[0] - source[0] - target[0]) / 2, (start[1] + end[1] - source[1] - target[1]) / 2)
    bow = offset - (middle[0] * left[0] + middle[1] * left[1])
    # matplotlib puts the control point `rad` times the distance to the right of the way; the middle of the curve
    # lies half as far out as its control point.
    rad = round(-2.0 * bow / max(across, 0.05), 4)
    return Arc(arrow, start, end, rad, _curve(start, end, -rad * across / 2, n_points=24))


def _turn(natural: float, turned: float, radius: float) -> float:
    """Choose the angle at a circle: the curve's own, or more where neighbours would lie on each other."""
    least = turned / max(radius, 0.05)
    angle = natural if abs(natural) > abs(least) else least
    return max(-_MOST_TURNED, min(_MOST_TURNED, angle))


def _rim_point(centre: Point, radius: float, angle: float) -> Point:
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _curve(start: Point, end: Point, offset: float, *, n_points: int) -> Points:
    """Trace the quadratic Bezier curve whose middle lies `offset` inches to the left of the straight way."""
    import numpy as np

    first, last = np.array(start), np.array(end)
    way = last - first
    left = np.array([-way[1], way[0]]) / max(float(np.linalg.norm(way)), 1e-9)
    control = (first + last) / 2 + 2 * offset * left
    t = np.linspace(0.0, 1.0, n_points)[:, None]
    return np.asarray((1 - t) ** 2 * first + 2 * t * (1 - t) * control + t**2 * last)
