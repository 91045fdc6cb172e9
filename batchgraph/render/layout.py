"""Where hosts stand on the canvas: the same input gives the same places, and no host hides another or its name.

Each connected part of the network is laid out by itself (networkx's Kamada-Kawai for a few hosts, its
force-directed layout for more), the parts are packed side by side, and hosts that would cover each other are pushed
apart. Places are in inches on a canvas of `CANVAS`, (0, 0) at its lower left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from batchgraph.render.forces import force_layout
from batchgraph.render.packing import EDGE, packed, pushed_apart, uncovered

if TYPE_CHECKING:
    import networkx as nx
    import numpy as np
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

CANVAS = (11.6, 7.2)
"""Width and height of the part of a map where hosts and arrows are, in inches."""

CELL = (1.35, 0.8)
"""What one host with its name takes, in inches, where there is room enough."""

SMALLEST_CELL = (0.72, 0.42)
"""What one host is given at least, even if it has to leave a place that it has in a larger network."""

SEED = 20180101
"""Any number does, as long as it stays the same."""

_KAMADA_KAWAI_HOSTS = 70

_MOST_ENLARGED = 3.0

_FULL = 0.6

_RIMS_APART = 0.2
"""Inches that two circles keep from each other, for an arrow to be seen."""

Positions = dict[str, tuple[float, float]]


def stable_positions(pairs: Iterable[tuple[str, str]], *, canvas: tuple[float, float] = CANVAS) -> Positions:
    """Place every host that occurs in `pairs`.

    Parameters
    ----------
    pairs
        Hosts that exchange packets; order, direction and repetition do not matter.
    canvas
        Width and height in inches.
    """
    import networkx as nx
    import numpy as np

    graph = nx.Graph()
    for a, b in sorted({(min(pair), max(pair)) for pair in pairs}):
        graph.add_edge(a, b)
    if not graph:
        return {}
    parts = sorted((sorted(part) for part in nx.connected_components(graph)), key=lambda part: (-len(part), part))
    shapes = [_part_shape(graph.subgraph(part), part) for part in parts]
    names = [name for part in parts for name in part]
    sizes = np.array([_size(graph, name) for name in names])
    points = packed(shapes, cell=CELL, canvas=canvas)
    points = pushed_apart(points, cell=_cell_for(float((sizes**2).sum()), canvas), canvas=canvas, sizes=sizes)
    return _as_positions(names, points)


def spring_positions(pairs: Sequence[tuple[str, str]], *, canvas: tuple[float, float] = CANVAS) -> Positions:
    """Place hosts as the article does: ``networkx.spring_layout`` with ``k=1``, its square filling the canvas."""
    import networkx as nx
    import numpy as np

    graph = nx.MultiDiGraph()
    graph.add_edges_from(sorted(pairs))
    if not graph:
        return {}
    places = nx.spring_layout(graph, k=1, seed=SEED)
    names = sorted(places)
    return _as_positions(names, _stretched(np.array([places[name] for name in names]), canvas=canvas, margin=0.8))


def completed_positions(
    known: Mapping[str, tuple[float, float]],
    pairs: Iterable[tuple[str, str]],
    *,
    canvas: tuple[float, float] = CANVAS,
) -> Positions:
    """Give the hosts of `pairs` their known places, and the others places near those they talk to.

    Where no host has a known place, all are placed afresh.
    """
    import numpy as np

    ordered = sorted(set(pairs))
    names = sorted({name for pair in ordered for name in pair})
    places = {name: known[name] for name in names if name in known}
    if not places:
        return stable_positions(ordered, canvas=canvas)
    free = _grid(canvas)
    for name in names:
        if name in places:
            continue
        peers = sorted({a if b == name else b for a, b in ordered if name in (a, b)} - {name})
        near = [places[peer] for peer in peers if peer in places]
        room = np.linalg.norm(free[:, None] - np.array(list(places.values()))[None], axis=2).min(axis=1)
        pull = np.linalg.norm(free - np.mean(near, axis=0), axis=1) if near else np.zeros(len(free))
        best = int(np.argmax(np.minimum(room, 1.5 * CELL[0]) - 0.2 * pull))
        places[name] = (round(float(free[best, 0]), 3), round(float(free[best, 1]), 3))
    apart = pushed_apart(np.array([places[name] for name in names]), cell=SMALLEST_CELL, canvas=canvas)
    return _as_positions(names, apart)


def enlarged_positions(
    positions: Positions, *, canvas: tuple[float, float] = CANVAS
) -> tuple[Positions, tuple[float, float]]:
    """Stretch an arrangement that leaves much of the canvas empty, and move it to the middle.

    What is left or right of, above or below something else stays so.

    Returns
    -------
    positions, factors
        As they were, and 1.0 across or upward, where the arrangement fills more than `_FULL` of the canvas that way.
    """
    import numpy as np

    names = sorted(positions)
    points = np.array([positions[name] for name in names]).reshape(-1, 2)
    if len(points) < 2:
        return positions, (1.0, 1.0)
    room = np.array(canvas) - 2 * np.array(EDGE)
    fills = np.ptp(points, axis=0) / room
    factors = np.round(np.where(fills < _FULL, np.minimum(0.9 / np.maximum(fills, 1e-3), _MOST_ENLARGED), 1.0), 1)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    stretched = np.where(factors > 1, (points - middle) * factors + np.array(canvas) / 2, points)
    return _as_positions(names, stretched), (float(factors[0]), float(factors[1]))


def uncovered_positions(
    positions: Positions, radii: Mapping[str, float], *, canvas: tuple[float, float] = CANVAS
) -> Positions:
    """Move hosts whose circles would cover each other just as far as it takes; all others keep their places."""
    import numpy as np

    names = sorted(positions)
    points = np.array([positions[name] for name in names]).reshape(-1, 2)
    sizes = np.array([radii[name] for name in names])
    return _as_positions(names, uncovered(points, sizes, gap=_RIMS_APART, canvas=canvas))


def _grid(canvas: tuple[float, float]) -> Points:
    import numpy as np

    across = np.linspace(0.8, canvas[0] - 0.8, 24)
    upward = np.linspace(0.5, canvas[1] - 0.5, 16)
    return np.stack(np.meshgrid(across, upward), axis=-1).reshape(-1, 2)


def _size(graph: nx.Graph, name: str) -> float:
    """Say how many cells a host takes: those with many peers need more, for the heads of their arrows."""
    n_peers = len(set(graph.adj[name]) - {name})
    return float(min(1.8, 0.85 + 0.22 * max(n_peers - 1, 0) ** 0.5))


def _cell_for(n_cells: float, canvas: tuple[float, float]) -> tuple[float, float]:
    """Fit `CELL` to what the canvas has for so many cells, up to twice its size."""
    # Boxes pushed apart settle while they fill about half of the canvas.
    share = min(2.0, (0.55 * canvas[0] * canvas[1] / (n_cells * CELL[0] * CELL[1])) ** 0.5)
    return CELL[0] * share, CELL[1] * share


def _part_shape(graph: nx.Graph, names: list[str]) -> Points:
    """Lay out one connected part; rows are in the order of `names`, the scale is arbitrary."""
    import networkx as nx
    import numpy as np

    if len(names) == 1:
        return np.zeros((1, 2))
    if len(names) == 2:
        return np.array([[0.0, 0.0], [1.0, 0.0]])
    plain = nx.Graph()
    plain.add_nodes_from(names)
    plain.add_edges_from(sorted((min(edge), max(edge)) for edge in graph.edges() if edge[0] != edge[1]))
    if len(names) <= _KAMADA_KAWAI_HOSTS:
        places = nx.kamada_kawai_layout(plain)
    else:
        places = force_layout(plain, seed=SEED, iterations=80)
    return _levelled(np.array([places[name] for name in names]))


def _levelled(points: Points) -> Points:
    """Turn a layout so that its longest extent lies across."""
    import numpy as np

    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned = centred @ axes[:, ::-1]
    # The sign of an axis is arbitrary: let the first host stand left and low.
    signs = np.where(turned[0] > 0, -1.0, 1.0)
    return np.asarray(turned * signs)


def _stretched(points: Points, *, canvas: tuple[float, float], margin: float) -> Points:
    import numpy as np

    low, high = points.min(axis=0), points.max(axis=0)
    size = np.where(high > low, high - low, 1.0)
    room = np.array(canvas) - 2 * margin
    return np.asarray(np.where(high > low, (points - low) / size, 0.5) * room + margin)


def _as_positions(names: Sequence[str], points: Points) -> Positions:
    # Rounded, so that the last bits of a sum, which processors differ in, do not reach a file.
    return {name: (round(float(x), 3), round(float(y), 3)) for name, (x, y) in zip(names, points, strict=True)}
