from xml.etree import ElementTree

import pytest

from batchgraph.render.database import results_database
from batchgraph.render.figure import plain_settings, save_figure
from batchgraph.render.matrix import draw_matrix, load_matrix
from batchgraph.render.traffic import OTHERS, load_traffic
from tests.render.flow_tables import flow, write_flows

FLOWS = [flow(f"10.0.0.{a}", f"10.0.0.{b}", octets=100 * a + b) for a in range(1, 8) for b in range(1, a)]


@pytest.fixture
def loaded(tmp_path):
    path = write_flows(tmp_path / "flows.parquet", FLOWS)
    with results_database(tmp_path) as connection:
        traffic = load_traffic(connection, path, top=4)
        return traffic, load_matrix(connection, most=4)


def saved(loaded, path):
    traffic, matrix = loaded
    with plain_settings():
        save_figure(draw_matrix(matrix, traffic, capture="a", names={"10.0.0.7": "<pc>"}), {path.suffix[1:]: path})
    return path


def test_load_matrix__has_the_octets_of_every_pair(loaded):
    _, matrix = loaded
    row, column = matrix.hosts.index("10.0.0.7"), matrix.hosts.index("10.0.0.6")

    assert matrix.octets[row, column] == 706


def test_load_matrix__totals_stay_true(loaded):
    traffic, matrix = loaded

    assert sum(matrix.octets.values()) == traffic.octets == sum(row["octets"] for row in FLOWS)


def test_load_matrix__folds_the_others_last(loaded):
    _, matrix = loaded

    assert matrix.hosts[-1] == OTHERS
    assert matrix.n_folded == 3


def test_matrix__names_rows_and_columns(loaded, tmp_path):
    texts = [
        e.text for e in ElementTree.parse(saved(loaded, tmp_path / "m.svg")).iter("{http://www.w3.org/2000/svg}text")
    ]

    assert texts.count("<pc> 10.0.0.7") == 2
    assert texts.count("others (3 hosts)") == 2


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_matrix__is_the_same_octets_every_time(loaded, tmp_path, suffix):
    first = saved(loaded, tmp_path / f"1.{suffix}").read_bytes()

    assert saved(loaded, tmp_path / f"2.{suffix}").read_bytes() == first
