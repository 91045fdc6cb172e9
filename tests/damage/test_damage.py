"""A small share of the damage kit: every kind of damage, a few seeds each."""

import pytest

from .captures import assemble, whole_packets
from .damages import BEYOND_SNOOP, KINDS, make_damaged
from .score import score

SEEDS = range(5)
PACKETS = 300


@pytest.fixture(scope="module", params=KINDS)
def scores(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "a.pcap"
    return [score(make_damaged(request.param, seed, PACKETS), path) for seed in SEEDS]


def test_damage__leaves_the_intact_records(scores):
    assert sum(each.exact for each in scores) >= 0.999 * sum(each.intact for each in scores)


def test_damage__makes_nothing_foreign_trusted(scores):
    assert [(each.foreign, each.forged) for each in scores] == [(0, 0)] * len(scores)


def test_damage__makes_no_phantoms(scores):
    assert [each.phantoms for each in scores] == [0] * len(scores)


def test_damage__leaves_no_fewer_packets_than_a_strict_reader_finds(scores):
    assert all(each.returned >= each.strict for each in scores)


SNOOP = ("snoop",)


@pytest.fixture(scope="module", params=[kind for kind in KINDS if kind not in BEYOND_SNOOP])
def snoop_scores(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "a.snoop"
    return [score(make_damaged(request.param, seed, PACKETS, formats=SNOOP), path) for seed in SEEDS]


def test_damage__of_snoop_leaves_the_intact_records(snoop_scores):
    assert sum(each.exact for each in snoop_scores) >= 0.999 * sum(each.intact for each in snoop_scores)


def test_damage__of_snoop_makes_nothing_foreign_trusted(snoop_scores):
    assert [(each.foreign, each.forged) for each in snoop_scores] == [(0, 0)] * len(snoop_scores)


def test_damage__of_snoop_leaves_no_fewer_packets_than_a_strict_reader_finds(snoop_scores):
    assert all(each.returned >= each.strict for each in snoop_scores)


@pytest.mark.parametrize("kind", BEYOND_SNOOP)
def test_damage__from_which_snoop_is_not_salvaged_is_told_and_accounted_for(kind, tmp_path):
    for seed in SEEDS:
        each = score(make_damaged(kind, seed, PACKETS, formats=SNOOP), tmp_path / "a.snoop")

        assert each.status not in {"ok", "empty"}
        assert each.accounted


def test_whole_packets__are_those_of_a_file_that_lost_just_as_many_octets_as_its_next_record_has():
    capture = make_damaged("deletion", 111, 200)
    packets = whole_packets(capture)

    assert assemble(capture.format, packets, set()).octets.tobytes() == capture.octets.tobytes()
    assert len(packets) == 199


@pytest.mark.parametrize("kind", ["bad length, small", "insertion", "header destroyed", "zero tail", "text mode"])
def test_whole_packets__are_none_where_damage_shows(kind):
    assert [whole_packets(make_damaged(kind, seed, 50)) for seed in range(30)] == [[]] * 30
