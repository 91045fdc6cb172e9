import subprocess
import sys

import networkx
import pytest

from batchgraph.errors import ResultsError, UsageError
from batchgraph.graph.results_view import open_results
from batchgraph.schema import edge_schema
from batchgraph.stages.merge import MergeOptions, merge
from tests.graph.edge_records import UDP, write_results

CAPTURES = {"a": [UDP, UDP, {**UDP, "trust": "suspect"}], "b": [{**UDP, "type": "TCP", "proto": 6}], "none": []}


@pytest.fixture
def results(tmp_path):
    write_results(tmp_path, CAPTURES, part_rows=2)
    merge(tmp_path)
    return open_results(tmp_path)


def test_results__name_the_captures_that_have_packets(results):
    assert results.captures == ("a", "b")


def test_results__tell_of_every_input(results):
    assert [(entry["path"], entry["rows"]) for entry in results.inputs] == [("a", 3), ("b", 1), ("none", 0)]


def test_edges__are_those_of_all_captures_in_order(results):
    table = results.edges().to_table(columns=["capture", "frame"])

    assert table.to_pydict() == {"capture": ["a", "a", "a", "b"], "frame": [1, 2, 3, 1]}


def test_edges__can_be_those_of_one_capture(results):
    assert results.edges("b").count_rows() == 1


def test_edges__have_the_declared_schema(results):
    assert results.edges().schema.equals(edge_schema())


def test_edges__of_a_run_without_packets_are_an_empty_dataset(tmp_path):
    write_results(tmp_path, {"none": []})

    assert open_results(tmp_path).edges().to_table().num_rows == 0


def test_flows__are_those_of_all_captures_unless_one_is_named(results):
    assert results.flows()["packets"].to_pylist() == [1, 2]
    assert results.flows("a")["packets"].to_pylist() == [2]


def test_graph__is_a_directed_multigraph(results):
    assert type(results.graph()) is networkx.MultiDiGraph


def test_graph__edges_are_what_the_run_made_them(tmp_path):
    write_results(tmp_path, CAPTURES)
    merge(tmp_path, options=MergeOptions(by="packet"))

    assert open_results(tmp_path).graph().number_of_edges() == 3


@pytest.mark.parametrize(("by", "edges"), [("flow", 2), ("packet", 3), ("pair", 1)])
def test_graph__edges_can_be_made_otherwise(results, by, edges):
    assert results.graph(by=by).number_of_edges() == edges


def test_graph__refuses_an_unknown_kind_of_edge(results):
    with pytest.raises(UsageError):
        results.graph(by="host")


@pytest.mark.parametrize("name", ["none", "c", "../a"])
def test_results__of_an_unknown_capture_raise(results, name):
    for read in (results.edges, results.flows, results.graph):
        with pytest.raises(ResultsError, match="no capture"):
            read(name)


def test_results__before_merge_say_what_to_do(tmp_path):
    write_results(tmp_path, CAPTURES)

    with pytest.raises(ResultsError, match="batchgraph merge"):
        open_results(tmp_path).graph()


def test_flows__that_are_missing_raise(results):
    results.directory.flows("a").unlink()

    with pytest.raises(ResultsError, match="not whole"):
        results.flows("a")


def test_open_results__of_a_folder_without_a_run_raises(tmp_path):
    with pytest.raises(ResultsError, match=r"no run\.json"):
        open_results(str(tmp_path))


def test_results_view__imports_nothing_heavy():
    code = (
        "import sys, batchgraph.graph.results_view, batchgraph.stages.merge;"
        "heavy = {'pyarrow', 'duckdb', 'networkx', 'numpy', 'dask'}; sys.exit(', '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.strip() == ""
