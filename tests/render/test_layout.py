import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.render.layout import (
    CANVAS,
    completed_positions,
    enlarged_positions,
    spring_positions,
    stable_positions,
    uncovered_positions,
)

STAR = [("hub", f"leaf{number}") for number in range(59)]
PARTS = [(f"a{number}", f"b{number}") for number in range(20)]


def nearest(positions):
    return min(math.dist(one, other) for one, other in itertools.combinations(positions.values(), 2))


def on_canvas(positions):
    return all(0 < x < CANVAS[0] and 0 < y < CANVAS[1] for x, y in positions.values())


@pytest.mark.parametrize("pairs", [[("a", "b")], STAR, PARTS, [*STAR[:10], *PARTS[:5]], [("a", "a")]])
def test_stable_positions__keeps_hosts_apart_and_on_the_canvas(pairs):
    positions = stable_positions(pairs)

    assert on_canvas(positions)
    assert len(positions) < 2 or nearest(positions) > 0.4


def test_stable_positions__does_not_depend_on_the_order_of_pairs():
    turned = [(b, a) for a, b in reversed(STAR)]

    assert stable_positions(turned) == stable_positions(STAR)


def test_stable_positions__of_nothing_is_nothing():
    assert stable_positions([]) == {}


def test_stable_positions__unconnected_parts_lie_beside_each_other():
    positions = stable_positions([("a", "b"), ("b", "c"), ("c", "a"), ("x", "y"), ("y", "z"), ("z", "x")])
    one, other = ([positions[name] for name in part] for part in ("abc", "xyz"))

    assert max(y for _, y in other) < min(y for _, y in one) or max(x for x, _ in one) < min(x for x, _ in other)


@given(st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.sampled_from("abcdefghijkl")), min_size=1, max_size=30))
@settings(deadline=None, max_examples=25)
def test_stable_positions__every_host_has_a_place_of_its_own(pairs):
    positions = stable_positions(pairs)

    assert set(positions) == {name for pair in pairs for name in pair}
    assert on_canvas(positions)
    assert len(positions) < 2 or nearest(positions) > 0.3


def test_spring_positions__is_the_articles_layout():
    import networkx

    graph = networkx.MultiDiGraph([("a", "b"), ("b", "c"), ("c", "d")])
    places = networkx.spring_layout(graph, k=1, seed=20180101)
    ours = spring_positions([("a", "b"), ("b", "c"), ("c", "d")])

    assert sorted("abcd", key=lambda name: places[name][0]) == sorted("abcd", key=lambda name: ours[name][0])


def test_completed_positions__keeps_known_places():
    known = {"a": (2.0, 2.0), "b": (9.0, 5.0)}

    positions = completed_positions(known, [("a", "b"), ("b", "new")])

    assert {name: positions[name] for name in "ab"} == known


def test_completed_positions__puts_a_new_host_near_its_peer():
    known = {"a": (2.0, 2.0), "b": (9.0, 5.0)}

    positions = completed_positions(known, [("a", "b"), ("b", "new")])

    assert math.dist(positions["new"], known["b"]) < math.dist(positions["new"], known["a"])


def test_completed_positions__places_all_afresh_where_none_is_known():
    assert completed_positions({"z": (1.0, 1.0)}, STAR) == stable_positions(STAR)


def test_enlarged_positions__leaves_alone_what_fills_the_canvas():
    positions = {"a": (0.7, 0.6), "b": (10.9, 6.6)}

    assert enlarged_positions(positions) == (positions, (1.0, 1.0))


def test_enlarged_positions__keeps_left_and_right_above_and_below():
    positions = {"a": (1.0, 1.0), "b": (2.0, 1.5), "c": (3.0, 0.8)}

    enlarged, factors = enlarged_positions(positions)

    assert factors > (1.0, 1.0)
    assert on_canvas(enlarged)
    for axis in (0, 1):
        assert sorted("abc", key=lambda name: enlarged[name][axis]) == sorted("abc", key=lambda n: positions[n][axis])


def test_uncovered_positions__moves_circles_off_each_other_and_no_other():
    positions = {"a": (3.0, 3.0), "b": (3.2, 3.0), "far": (9.0, 5.0)}

    moved = uncovered_positions(positions, dict.fromkeys(positions, 0.3))

    assert math.dist(moved["a"], moved["b"]) > 0.79
    assert moved["far"] == positions["far"]
