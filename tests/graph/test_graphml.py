from xml.etree import ElementTree

import networkx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.errors import UsageError
from batchgraph.graph import graphml
from batchgraph.graph.columns import NODE_COLUMNS, check_kind, edge_columns
from batchgraph.graph.database import open_database
from batchgraph.graph.graphml import edge_lines, key_lines, node_lines, write_graphml
from batchgraph.graph.results_view import open_results
from batchgraph.graph.source import GraphSource
from batchgraph.graph.values import unescape
from batchgraph.schema import Column
from batchgraph.stages.merge import MergeOptions, merge
from tests.graph.edge_records import UDP, write_results

NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"

MINUTE = 60 * 10**9

PING = {"src": "fe80::1", "dst": "ff02::1", "type": "ICMPv6", "proto": 58, "icmp_type": 128, "icmp_code": 0, "load": 8}
TCP = {**UDP, "type": "TCP", "proto": 6, "dport": 443, "tcp_flags": 0x12, "time": 1234567890123456789}
TRAFFIC = {
    "lan.pcap": [UDP, {**UDP, "time": MINUTE}, TCP, {**PING, "time": 1}, {"eth_src": "02:00:00:00:00:01"}],
    "wan.pcap": [TCP, {**TCP, "wire_len": 1514}, {"src": "10.0.0.1", "dst": "10.0.0.2", "type": "ARP"}],
}


def merged(out, captures=TRAFFIC, **options):
    results = write_results(out, captures, part_rows=3)
    merge(out, options=MergeOptions(**options))
    return results


def read(path):
    return networkx.read_graphml(path, force_multigraph=True)


@pytest.mark.parametrize("by", ["flow", "packet", "pair"])
@pytest.mark.parametrize("name", ["combined", "lan.pcap", "wan.pcap"])
def test_graphml__read_back_equals_the_graph(tmp_path, by, name):
    results = merged(tmp_path, by=by)

    graph = open_results(tmp_path).graph(name)

    assert networkx.utils.graphs_equal(read(results.graph(name)), graph)
    assert graph.number_of_edges() > 0


@pytest.mark.parametrize("by", ["flow", "packet", "pair"])
def test_graphml__types_read_back_are_those_of_the_graph(tmp_path, by):
    results = merged(tmp_path, by=by)

    def types(graph):
        attributes = [data for _, _, data in graph.edges(data=True)] + [data for _, data in graph.nodes(data=True)]
        return [{name: type(value) for name, value in data.items()} for data in attributes]

    assert types(read(results.graph())) == types(open_results(tmp_path).graph())


def test_graphml__flow_has_its_columns_and_no_nulls(tmp_path):
    results = merged(tmp_path, {"a": [{**UDP, "time": 1234567890123456789}]})

    ((src, dst, key, data),) = read(results.graph("a")).edges(keys=True, data=True)

    assert (src, dst, key) == ("10.0.0.1", "10.0.0.2", "e0")
    assert data == {
        "type": "UDP",
        "proto": 17,
        "sport": 5353,
        "dport": 53,
        "packets": 1,
        "octets": 60,
        "load": 18,
        "first": "2009-02-13T23:31:30.123456789Z",
        "last": "2009-02-13T23:31:30.123456789Z",
        "weight": 1,
    }


def test_graphml__combined_flow_counts_captures(tmp_path):
    results = merged(tmp_path, {"a": [UDP], "b": [UDP, UDP]})

    ((_, _, data),) = read(results.graph()).edges(data=True)

    assert (data["captures"], data["packets"], data["weight"]) == (2, 3, 3)


def test_graphml__packet_has_the_articles_attributes(tmp_path):
    results = merged(tmp_path, {"a": [{**UDP, "time": 0}, {**PING, "time": 1}]}, by="packet")

    edges = {data["frame"]: data for _, _, data in read(results.graph("a")).edges(data=True)}

    assert edges[1] == {
        "frame": 1,
        "time": "1970-01-01T00:00:00.000000000Z",
        "type": "UDP",
        "sport": 5353,
        "dport": 53,
        "load": 18,
        "weight": 1,
    }
    assert edges[2] == {
        "frame": 2,
        "time": "1970-01-01T00:00:00.000000001Z",
        "type": "ICMPv6",
        "icmp_type": 128,
        "icmp_code": 0,
        "load": 8,
        "weight": 1,
    }


def test_graphml__packets_of_all_captures_name_theirs(tmp_path):
    results = merged(tmp_path, {"a": [UDP], "b": [UDP]}, by="packet")

    edges = read(results.graph()).edges(data=True)

    assert [(data["capture"], data["frame"]) for _, _, data in edges] == [("a", 1), ("b", 1)]


def test_graphml__packets_are_those_of_the_trust_asked_for(tmp_path):
    rows = [UDP, {**UDP, "trust": "suspect"}]
    results = merged(tmp_path, {"a": rows}, by="packet", trust=("suspect",))

    assert [data["frame"] for _, _, data in read(results.graph("a")).edges(data=True)] == [2]


def test_graphml__pair_names_its_types_sorted(tmp_path):
    results = merged(tmp_path, {"a": [UDP, TCP, {**UDP, "sport": 1}, {**UDP, "type": None}]}, by="pair")

    ((_, _, data),) = read(results.graph("a")).edges(data=True)

    assert data["types"] == "TCP UDP"
    assert (data["packets"], data["octets"], data["load"], data["weight"]) == (4, 240, 72, 4)


def test_graphml__pair_without_types_has_none(tmp_path):
    results = merged(tmp_path, {"a": [{**UDP, "type": None}]}, by="pair")

    ((_, _, data),) = read(results.graph("a")).edges(data=True)

    assert "types" not in data


def test_graphml__node_counts_both_directions(tmp_path):
    back = {**UDP, "src": "10.0.0.2", "dst": "10.0.0.1", "wire_len": 100, "time": MINUTE}
    results = merged(tmp_path, {"a": [{**UDP, "time": 0}, back, back]})

    assert read(results.graph("a")).nodes["10.0.0.1"] == {
        "packets_out": 1,
        "packets_in": 2,
        "octets_out": 60,
        "octets_in": 200,
        "first": "1970-01-01T00:00:00.000000000Z",
        "last": "1970-01-01T00:01:00.000000000Z",
        "scope": "private",
    }


def test_graphml__packet_to_itself_counts_on_both_sides(tmp_path):
    results = merged(tmp_path, {"a": [{**UDP, "src": "127.0.0.1", "dst": "127.0.0.1"}]})

    node = read(results.graph("a")).nodes["127.0.0.1"]

    assert (node["packets_out"], node["packets_in"], node["scope"]) == (1, 1, "loopback")


def test_graphml__edge_ids_are_unique_over_the_whole_file(tmp_path):
    results = merged(tmp_path, by="packet")

    ids = [edge.get("id") for edge in ElementTree.parse(results.graph()).iter(f"{NAMESPACE}edge")]

    assert len(ids) == len(set(ids)) == 7


def test_graphml__is_directed(tmp_path):
    results = merged(tmp_path)

    assert ElementTree.parse(results.graph()).find(f"{NAMESPACE}graph").get("edgedefault") == "directed"


def test_graphml__without_edges_is_an_empty_graph(tmp_path):
    results = merged(tmp_path, {"a": [{"eth_src": "02:00:00:00:00:01"}]})

    assert read(results.graph("a")).number_of_nodes() == 0


@pytest.mark.parametrize("by", ["flow", "packet", "pair"])
@pytest.mark.parametrize("combined", [True, False])
def test_key_lines__declare_long_or_string_and_nothing_narrower(by, combined):
    lines = [*key_lines("node", NODE_COLUMNS), *key_lines("edge", edge_columns(by, combined=combined))]

    assert {ElementTree.fromstring(line).get("attr.type") for line in lines} == {"long", "string"}


@pytest.mark.parametrize("by", ["flow", "packet", "pair"])
def test_key_lines__have_ids_of_their_own(by):
    lines = [*key_lines("node", NODE_COLUMNS), *key_lines("edge", edge_columns(by, combined=True))]
    ids = [ElementTree.fromstring(line).get("id") for line in lines]

    assert len(ids) == len(set(ids))


def test_check_kind__refuses_an_unknown_one():
    with pytest.raises(UsageError, match="flow, packet, pair"):
        check_kind("host")


_WORD = Column("word", "string", "any text")


def parsed_edge(src, dst, word, *, dictionary=False):
    texts = [pa.array([text], pa.string()) for text in (src, dst, word)]
    columns = [text.dictionary_encode() for text in texts] if dictionary else texts
    batch = pa.RecordBatch.from_arrays(columns, names=["src", "dst", "word"])
    return ElementTree.fromstring(edge_lines(batch, [_WORD], first=0)[0].as_py())


@given(st.text(), st.text(), st.text(), st.booleans())
@settings(deadline=None)
def test_edge_lines__any_text_comes_back(src, dst, word, dictionary):
    edge = parsed_edge(src, dst, word, dictionary=dictionary)

    assert [unescape(text) for text in (edge.get("source"), edge.get("target"))] == [src, dst]
    assert unescape(edge.find("data").text or "") == word


@pytest.mark.parametrize("text", ['"/><edge id="x"/>', "</data>", "&amp;", "<![CDATA[", "]]>", "'", "\r\n", "\x00"])
def test_edge_lines__markup_in_text_stays_text(text):
    edge = parsed_edge(text, text, text)

    assert [child.tag for child in edge] == ["data"]
    assert unescape(edge.get("source")) == unescape(edge.find("data").text) == text


def test_edge_lines__of_a_slice_are_those_of_its_rows():
    batch = pa.record_batch({"src": ["a", "b", "c"], "dst": ["d", "e", "f"], "word": ["x", None, "z"]}).slice(1)

    assert edge_lines(batch, [_WORD], first=5).to_pylist() == [
        '<edge id="e5" source="b" target="e"></edge>\n',
        '<edge id="e6" source="c" target="f"><data key="e_word">z</data></edge>\n',
    ]


def test_node_lines__of_a_large_count_keep_every_digit():
    values = {name: [2**53 + 1] for name in ("packets_out", "packets_in", "octets_out", "octets_in")}
    times = pa.array([None], pa.timestamp("ns", tz="UTC"))
    batch = pa.record_batch({"address": ["::1"], **values, "first": times, "last": times, "scope": ["loopback"]})

    node = ElementTree.fromstring(node_lines(batch)[0].as_py())

    assert node.find("data").text == "9007199254740993"


@pytest.mark.parametrize("chunk", [1 << 20, 7])
def test_graphml__of_all_captures_is_the_same_made_from_the_only_one_or_from_flows(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(graphml, "MIB", chunk)
    misleading = {**UDP, "type": '<data key="e_weight">'}
    results = merged(tmp_path, {"lan.pcap": [*TRAFFIC["lan.pcap"], misleading]})
    made = results.graph().read_bytes()
    with open_database() as connection:
        source = GraphSource(results, "combined", "flow", ("lan.pcap",), ("sound", "repaired"))
        write_graphml(tmp_path / "from_flows.graphml", source, connection=connection)

    assert made == (tmp_path / "from_flows.graphml").read_bytes()
