import json

import pytest

from batchgraph.graph.columns import edge_columns
from batchgraph.graph.weight import estimated_octets
from batchgraph.stages.graphs import GraphOptions, make_graphs
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "csv"])
@pytest.mark.parametrize("by", ["flow", "packet", "pair", "service"])
def test_estimate__is_good_to_a_factor_of_two(tmp_path, by, suffix):
    rows = [{**UDP, "src": f"10.0.0.{n}", "sport": 1000 + n, "time": n * 10**9} for n in range(200)]
    write_results(tmp_path, {"a": rows})
    merge(tmp_path)
    make_graphs(tmp_path, folder=tmp_path / "made", options=GraphOptions(by=by, formats=(suffix,)))
    graph = json.loads((tmp_path / "made" / "index.json").read_text())["graphs"][0]

    written = sum((tmp_path / "made" / name).stat().st_size for name in graph["files"])
    estimate = estimated_octets(
        [suffix], nodes=graph["nodes"], edges=graph["edges"], columns=edge_columns(by, combined=True)
    )
    assert written / 2 < estimate < written * 2
