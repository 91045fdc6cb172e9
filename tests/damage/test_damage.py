"""A small share of the damage kit: every kind of damage, a few seeds each."""

import pytest

from .damages import KINDS, make_damaged
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
