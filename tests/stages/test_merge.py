import networkx
import pyarrow.parquet as pq
import pytest

import batchgraph.stages.merge
from batchgraph.errors import ClusterError, OutputError, ResultsError, UsageError
from batchgraph.parallel import WorkerLost
from batchgraph.stages.merge import MergeOptions, merge
from tests.graph.edge_records import UDP, write_results

CAPTURES = {"a": [UDP, {**UDP, "sport": 1, "time": 10**9}], "b": [UDP], "none": []}


def files(out, *folders):
    return {
        path.relative_to(out): path.read_bytes()
        for folder in folders
        for path in sorted((out / folder).iterdir())
        if path.is_file()
    }


def names(out, *folders):
    return sorted(str(path) for path in files(out, *folders))


def test_merge__writes_flows_and_graph_of_each_capture_and_of_all(tmp_path):
    write_results(tmp_path, CAPTURES)

    merge(tmp_path)

    assert names(tmp_path, "flows", "graphs") == [
        "flows/a.parquet",
        "flows/b.parquet",
        "flows/combined.parquet",
        "graphs/a.graphml",
        "graphs/b.graphml",
        "graphs/combined.graphml",
    ]


def test_merge__of_captures_without_addresses_writes_flows_without_rows(tmp_path):
    write_results(tmp_path, {"a": [{"eth_src": "02:00:00:00:00:01"}]})

    merge(tmp_path)

    assert pq.read_metadata(tmp_path / "flows/a.parquet").num_rows == 0


def test_merge__of_no_captures_writes_the_combined_files(tmp_path):
    write_results(tmp_path, {"none": []})

    merge(tmp_path)

    assert names(tmp_path, "flows", "graphs") == ["flows/combined.parquet", "graphs/combined.graphml"]


def test_merge__graph_and_flows_agree(tmp_path):
    results = write_results(tmp_path, CAPTURES)

    merge(tmp_path)

    graph = networkx.read_graphml(results.graph(), force_multigraph=True)
    assert graph.number_of_edges() == pq.read_metadata(results.flows()).num_rows == 2


def test_merge__removes_what_is_left_of_other_captures(tmp_path):
    write_results(tmp_path, {**CAPTURES, "gone": [UDP]})
    merge(tmp_path)
    (tmp_path / "flows/.spill-dead").mkdir()
    write_results(tmp_path, CAPTURES)

    merge(tmp_path)

    left = [path.name for folder in ("flows", "graphs") for path in (tmp_path / folder).iterdir()]
    assert not [name for name in left if "gone" in name or "spill" in name]


def test_merge__records_its_options_and_drops_those_of_later_stages(tmp_path):
    results = write_results(tmp_path, CAPTURES)
    manifest = results.read_manifest()
    results.write_manifest({**manifest, "options": {**manifest["options"], "report": {"formats": ["svg"]}}})

    merge(tmp_path, options=MergeOptions(by="pair", trust=("sound",)))

    assert results.read_manifest()["options"] == {
        "extract": {"decoder": "table"},
        "merge": {"by": "pair", "trust": ["sound"]},
    }


def test_merge__forgets_maps_that_an_earlier_report_could_not_draw(tmp_path):
    results = write_results(tmp_path, CAPTURES)
    results.write_manifest({**results.read_manifest(), "failed_maps": [{"capture": "a", "what": "no room"}]})

    merge(tmp_path)

    assert "failed_maps" not in results.read_manifest()


def test_merge__returns_the_manifest_that_it_wrote(tmp_path):
    results = write_results(tmp_path, CAPTURES)

    assert merge(tmp_path) == results.read_manifest()


def test_merge__keeps_what_extract_said_of_inputs(tmp_path):
    results = write_results(tmp_path, CAPTURES)
    before = results.read_manifest()

    merge(tmp_path)

    assert {**results.read_manifest(), "options": None} == {**before, "options": None}


def test_merge__that_stops_half_way_is_not_taken_for_complete(tmp_path):
    results = write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    results.edges_part("b").unlink()

    with pytest.raises(ResultsError):
        merge(tmp_path)

    assert "merge" not in results.read_manifest()["options"]


def test_merge__of_edge_records_that_run_json_does_not_tell_of_raises(tmp_path):
    results = write_results(tmp_path, CAPTURES)
    results.edges_part("a").write_bytes(results.edges_part("b").read_bytes())

    with pytest.raises(ResultsError, match=r"records of a have 1 rows, run\.json says 2"):
        merge(tmp_path)


def test_merge__of_damaged_edge_records_raises_and_leaves_the_old_flows(tmp_path):
    results = write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    before = results.flows("a").read_bytes()
    octets = bytearray(results.edges_part("a").read_bytes())
    octets[4:600] = bytes(596)
    results.edges_part("a").write_bytes(octets)

    with pytest.raises(ResultsError, match="not whole"):
        merge(tmp_path)

    assert results.flows("a").read_bytes() == before


def test_merge__into_a_folder_that_cannot_be_made_raises(tmp_path):
    write_results(tmp_path, CAPTURES)
    (tmp_path / "flows").write_text("a file where a folder should be")

    with pytest.raises(OutputError, match="cannot write"):
        merge(tmp_path)


def test_merge__without_extract_says_what_to_do(tmp_path):
    with pytest.raises(ResultsError, match="batchgraph extract"):
        merge(tmp_path)


@pytest.mark.parametrize("options", [{"by": "host"}, {"trust": ("blind",)}, {"trust": ()}])
def test_merge_options__refuse_what_is_unknown(options):
    with pytest.raises(UsageError):
        MergeOptions(**options)


@pytest.mark.parametrize("by", ["flow", "packet", "pair"])
def test_merge__again_gives_the_same_bytes(tmp_path, by):
    write_results(tmp_path, CAPTURES)
    merge(tmp_path, options=MergeOptions(by=by))
    before = files(tmp_path, "flows", "graphs")

    merge(tmp_path, options=MergeOptions(by=by))

    assert files(tmp_path, "flows", "graphs") == before


def test_merge__by_two_workers_gives_the_bytes_of_none(tmp_path, monkeypatch):
    monkeypatch.setattr(batchgraph.stages.merge, "_FEW_ROWS", 0)
    write_results(tmp_path / "none", CAPTURES)
    write_results(tmp_path / "two", CAPTURES)

    merge(tmp_path / "none", workers=0)
    merge(tmp_path / "two", workers=2)

    assert files(tmp_path / "two", "flows", "graphs", ".") == files(tmp_path / "none", "flows", "graphs", ".")


def test_merge__depends_on_no_path_of_the_machine(tmp_path):
    for name in ("here", "there"):
        write_results(tmp_path / name, CAPTURES)
        merge(tmp_path / name)

    assert files(tmp_path / "here", "flows", "graphs") == files(tmp_path / "there", "flows", "graphs")


class _LosesOne:
    """A pool whose worker dies on the first task."""

    memory = None

    def fan_out(self, function, tasks, *, attempts, isolated=False):
        yield 0, WorkerLost("the worker process died")
        for index, task in enumerate(tasks[1:], 1):
            yield index, function(task)


def test_merge__that_loses_a_worker_names_the_capture(tmp_path, monkeypatch):
    monkeypatch.setattr(batchgraph.stages.merge, "_FEW_ROWS", 0)
    write_results(tmp_path, CAPTURES)

    with pytest.raises(ClusterError, match=r"^a could not be merged: the worker process died"):
        merge(tmp_path, workers=_LosesOne())


class _Progress:
    """Remembers what it was told."""

    def __init__(self):
        self.told = []

    def stage(self, name, total):
        self.told.append((name, total))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def advance(self, description="", amount=1):
        self.told.append(description)


def test_merge__tells_of_every_capture(tmp_path):
    write_results(tmp_path, CAPTURES)
    progress = _Progress()

    merge(tmp_path, progress=progress)

    assert progress.told == [("merge", 3), "a", "b", "combined"]
