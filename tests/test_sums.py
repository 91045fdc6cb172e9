import shutil

import pytest

from batchgraph.stages.merge import merge
from batchgraph.stages.report import report
from tests.bench import sums
from tests.graph.edge_records import UDP, write_results

ROWS = [
    {**UDP, "src": f"10.0.0.{1 + number % 7}", "dst": f"10.0.1.{number % 5}", "sport": 50_000 + number % 3}
    for number in range(40)
]
UNADDRESSED = {"status": "unsupported", "stopped_in": "ethernet"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("sums") / "results"
    write_results(out, {"a": [*ROWS, UNADDRESSED], "b": ROWS[:10]})
    merge(out)
    report(out)
    return out


@pytest.fixture
def results(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "results")


def test_sums__of_a_run_are_equal(results):
    assert list(sums.differences(results)) == []


def test_sums__are_those_of_graphs_read_in_small_pieces(results, monkeypatch):
    monkeypatch.setattr(sums, "_CHUNK_OCTETS", 17)

    assert list(sums.differences(results)) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "difference"),
    [
        ("graphs/a.graphml", 'key="e_octets">', 'key="e_octets">9', "a: octets of the graph's edges"),
        ("graphs/combined.graphml", "<node ", "<gone ", "combined: hosts of the graph's nodes"),
        ("tables/conversations.csv", "combined,", "a,", "combined: packets of conversations.csv"),
        ("tables/services.csv", "\nb,", "\nc,", "b: served of services.csv"),
        ("tables/protocols.csv", "\na,", "\nc,", "a: rows of protocols.csv"),
        ("tables/hosts.csv", "\na,", "\nc,", "a: hosts of hosts.csv"),
    ],
)
def test_sums__tell_what_differs(results, path, old, new, difference):
    text = (results / path).read_text()
    (results / path).write_text(text.replace(old, new, 1))

    assert any(line.startswith(difference) for line in sums.differences(results))


def test_sums__packets_lost_between_edges_and_flows_are_told(results):
    shutil.copy(results / "flows" / "b.parquet", results / "flows" / "a.parquet")

    assert any(line.startswith("a: packets of edge records") for line in sums.differences(results))


def test_sums__a_difference_is_the_exit_code(results, monkeypatch, capsys):
    (results / "tables" / "services.csv").write_text("capture,packets\n")
    monkeypatch.setattr("sys.argv", ["sums", str(results)])

    with pytest.raises(SystemExit) as ended:
        sums.main()

    assert ended.value.code == 1
    assert "services.csv" in capsys.readouterr().out
