"""Views, features and connections beside a merge that is done again."""

import json

import pytest

from batchgraph.receipts import forget
from batchgraph.stages.connections import make_connections
from batchgraph.stages.features import FeatureOptions, make_features
from batchgraph.stages.graphs import GraphOptions, make_graphs
from batchgraph.stages.merge import MergeOptions, merge
from batchgraph.stages.report import report
from tests.graph.edge_records import UDP, write_results
from tests.stages.test_report import SVG
from tests.stages.test_resume import deliverables

CAPTURES = {"a": [UDP, {**UDP, "trust": "suspect"}], "b": [{**UDP, "time": 0}]}
MADE = {
    "features/hosts.parquet",
    "features/pairs.parquet",
    "tables/connections.csv",
    "tables/connections.parquet",
    "views/combined/pair/combined.graphml",
    "views/combined/pair/index.csv",
    "views/combined/pair/index.json",
}


@pytest.fixture
def out(tmp_path):
    write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    report(tmp_path, options=SVG)
    make_features(tmp_path, options=FeatureOptions(window="60s"))
    make_connections(tmp_path)
    make_graphs(tmp_path, options=GraphOptions(by="pair"))
    return tmp_path


def made(out):
    names = {path.as_posix() for path in deliverables(out)}
    return {name for name in names if name.startswith(("views/", "features/", "tables/connections"))}


def folder(name):
    return name.split("/")[0]


def options(out):
    return json.loads((out / "run.json").read_text())["options"]


def test_further_work__stands_after_an_unchanged_merge_and_report(out):
    before = deliverables(out)

    merge(out)
    report(out, options=SVG)

    assert made(out) >= MADE
    assert deliverables(out) == before


def test_further_work__keeps_its_options_in_run_json(out):
    merge(out)
    report(out, options=SVG)

    assert list(options(out)) == ["extract", "merge", "report", "features", "connections"]


def test_further_work__is_removed_when_edge_records_changed(out):
    write_results(out, {**CAPTURES, "b": [UDP, UDP]})
    merge(out)

    assert made(out) == set()
    assert list(options(out)) == ["extract", "merge"]


def test_further_work__is_removed_when_other_packets_count(out):
    merge(out, options=MergeOptions(trust=("sound", "suspect")))

    assert made(out) == set()


def test_further_work__stands_when_only_the_kind_of_edge_changed(out):
    merge(out, options=MergeOptions(by="pair"))

    assert made(out) >= MADE


def test_further_work__stands_when_a_run_is_forced(out):
    forget(out)
    merge(out)

    assert made(out) >= MADE


@pytest.mark.parametrize("name", sorted(MADE))
def test_further_work__is_removed_when_a_file_of_it_is_not_whole(out, name):
    (out / name).write_bytes(b"")

    merge(out)

    assert {folder(path) for path in made(out)} == {folder(path) for path in MADE} - {folder(name)}


def test_further_work__without_a_receipt_is_removed(out):
    (out / "views" / "combined" / "pair" / "left.graphml").touch()
    (out / "views" / "old").mkdir()
    (out / "views" / "old" / "a.graphml").touch()

    merge(out)

    assert made(out) == MADE | {path for path in made(out) if path.startswith("features/")}
    assert not (out / "views" / "old").exists()
