import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.render.arcs import bent_arcs, bent_loops
from batchgraph.render.layout import CANVAS
from batchgraph.render.traffic import Arrow

POSITIONS = {"a": (2.0, 3.0), "b": (8.0, 3.0)}
RADII = {"a": 0.3, "b": 0.2}


def arrow(src, dst, label="TCP"):
    return Arrow(src, dst, label, 1, 100)


def middle(arc):
    return arc.points[len(arc.points) // 2]


def test_bent_arcs__go_from_rim_to_rim():
    (arc,) = bent_arcs([arrow("a", "b")], POSITIONS, RADII)

    assert math.isclose(math.dist(arc.start, POSITIONS["a"]), 0.3)
    assert math.isclose(math.dist(arc.end, POSITIONS["b"]), 0.2)


def test_bent_arcs__both_directions_bend_apart():
    forth, back = bent_arcs([arrow("a", "b"), arrow("b", "a")], POSITIONS, RADII)

    assert middle(forth)[1] > 3.05
    assert middle(back)[1] < 2.95


def test_bent_arcs__curvature_grows_with_each_parallel_arrow():
    arcs = bent_arcs([arrow("a", "b", label) for label in ("TCP", "UDP", "ICMP")], POSITIONS, RADII)
    heights = [middle(arc)[1] - 3.0 for arc in arcs]

    assert 0 < heights[0] < heights[1] < heights[2]


@given(st.integers(1, 12), st.integers(0, 12), st.floats(0.9, 6))
@settings(deadline=None, max_examples=30)
def test_bent_arcs__no_two_between_the_same_hosts_lie_on_each_other(forth, back, distance):
    positions = {"a": (2.0, 3.0), "b": (2.0 + distance, 3.0)}
    arcs = bent_arcs([arrow("a", "b")] * forth + [arrow("b", "a")] * back, positions, RADII)
    heights = sorted(float(middle(arc)[1]) for arc in arcs)

    assert all(higher - lower > 0.01 for lower, higher in itertools.pairwise(heights))


def test_bent_arcs__keep_half_of_their_width_from_the_edge():
    positions = {"a": (2.0, CANVAS[1] - 0.8), "b": (8.0, CANVAS[1] - 0.8)}
    arrows = [arrow("a", "b") for _ in range(8)]
    reach = [
        max(arc.points[:, 1].max() for arc in bent_arcs(arrows, positions, RADII, half_width=half))
        for half in (0.0, 0.3)
    ]

    assert CANVAS[1] - 0.3 < reach[0] <= CANVAS[1]
    assert reach[1] <= CANVAS[1] - 0.3


def test_bent_arcs__go_round_a_host_in_the_way():
    positions = {**POSITIONS, "c": (5.0, 3.0)}

    (arc,) = bent_arcs([arrow("a", "b")], positions, {**RADII, "c": 0.3})

    assert np.linalg.norm(arc.points - np.array([5.0, 3.0]), axis=1).min() > 0.3


def test_bent_arcs__curvature_is_that_of_matplotlibs_arc3():
    from matplotlib.patches import ConnectionStyle

    (arc, _) = bent_arcs([arrow("a", "b"), arrow("b", "a")], POSITIONS, RADII)
    path = ConnectionStyle("arc3", rad=arc.rad)(arc.start, arc.end, shrinkA=0, shrinkB=0)
    start, control, end = path.vertices

    assert np.allclose(middle(arc), start / 4 + control / 2 + end / 4, atol=0.2)
    assert np.sign(control[1] - 3.0) == np.sign(middle(arc)[1] - 3.0)


def test_bent_arcs__leaves_out_loops():
    assert bent_arcs([arrow("a", "a")], POSITIONS, RADII) == []


def test_bent_arcs__keeps_the_order_of_arrows():
    arrows = [arrow("a", "b"), arrow("b", "a"), arrow("a", "b", "UDP")]

    assert [arc.arrow for arc in bent_arcs(arrows, POSITIONS, RADII)] == arrows


def test_bent_loops__lie_above_their_host_the_later_the_wider():
    loops = bent_loops([arrow("a", "a"), arrow("a", "b"), arrow("a", "a", "UDP")], POSITIONS, RADII)
    tops = [float(loop.points[:, 1].max()) for loop in loops]

    assert 3.3 < tops[0] < tops[1]


def test_bent_loops__many_stay_near_their_host():
    loops = bent_loops([arrow("a", "a")] * 12, POSITIONS, RADII)

    assert max(float(loop.points[:, 1].max()) for loop in loops) < POSITIONS["a"][1] + RADII["a"] + 1.5
    assert len({loop.end for loop in loops}) == 12


def test_bent_loops__lie_below_a_host_at_the_top():
    (loop,) = bent_loops([arrow("a", "a")], {"a": (2.0, CANVAS[1] - 0.6)}, RADII)

    assert loop.points[:, 1].max() < CANVAS[1] - 0.6
