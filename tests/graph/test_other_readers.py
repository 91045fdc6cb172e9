"""GraphML as a reader written by others sees it: igraph, whose types are those of the declared keys."""

import math
from xml.etree import ElementTree

import igraph
import networkx
import pytest

from batchgraph.stages.graphs import GraphOptions, make_graphs
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results

PING = {"src": "fe80::1", "dst": "ff02::1", "type": "ICMPv6", "proto": 58, "icmp_type": 128, "icmp_code": 0}
FRAME = {"eth_src": "02:00:00:00:00:03", "eth_dst": "01:80:c2:00:00:00", "stopped_in": "llc"}
KINDS = ("flow", "packet", "pair", "service", "subnet:24,64", "mac")


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """The path of a graph of each kind, with what XML has to escape in one of its addresses."""
    out = tmp_path_factory.mktemp("results")
    odd = {**UDP, "src": "<\"'>", "eth_src": "02:00:00:00:00:01", "eth_dst": "02:00:00:00:00:02"}
    write_results(out, {"a": [UDP, odd, PING, FRAME], "b": [UDP, {**UDP, "sport": None, "dport": None}]})
    merge(out)
    for number, by in enumerate(KINDS):
        make_graphs(out, folder=out / f"{number}", options=GraphOptions(by=by))
    return {by: out / f"{number}" / "combined.graphml" for number, by in enumerate(KINDS)}


def present(attributes):
    """The attributes that have a value: igraph fills up those that have none, networkx leaves them out."""
    return {name: value for name, value in attributes.items() if value != "" and not _is_nan(value)}


def _is_nan(value):
    return isinstance(value, float) and math.isnan(value)


@pytest.mark.parametrize("by", KINDS)
def test_igraph__reads_the_hosts_that_networkx_reads(graphs, by):
    made = igraph.Graph.Read_GraphML(str(graphs[by]))
    hosts = {attributes.pop("id"): present(attributes) for attributes in (vertex.attributes() for vertex in made.vs)}

    assert hosts
    assert hosts == dict(networkx.read_graphml(graphs[by], force_multigraph=True).nodes(data=True))


@pytest.mark.parametrize("by", KINDS)
def test_igraph__reads_the_edges_that_networkx_reads(graphs, by):
    made = igraph.Graph.Read_GraphML(str(graphs[by]))
    other = networkx.read_graphml(graphs[by], force_multigraph=True)
    # In the order of the file, since igraph 1.0 shows a host's id for that of an edge (of networkx's own files too).
    ids = [edge.get("id") for edge in ElementTree.parse(graphs[by]).iter("{http://graphml.graphdrawing.org/xmlns}edge")]
    edges = {
        (made.vs[edge.source]["id"], made.vs[edge.target]["id"], name): present(edge.attributes()) | {"id": None}
        for name, edge in zip(ids, made.es, strict=True)
    }

    assert made.is_directed()
    assert edges
    assert edges == {(a, b, key): {**data, "id": None} for a, b, key, data in other.edges(keys=True, data=True)}
