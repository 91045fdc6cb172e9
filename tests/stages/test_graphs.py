import csv
import json
from dataclasses import replace

import networkx
import pytest

from batchgraph.errors import ResultsError, UsageError
from batchgraph.graph.results_view import open_results
from batchgraph.stages.graphs import GraphOptions, make_graphs
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results

SECOND = 10**9
ASK = {
    "eth_src": "02:00:00:00:00:01", "eth_dst": "02:00:00:00:00:02", "src": "10.0.0.1", "dst": "10.0.1.2",
    "type": "TCP", "proto": 6, "sport": 40000, "dport": 22, "tcp_flags": 2, "load": 0, "time": 5 * SECOND,
}  # fmt: skip
ANSWER = {
    **ASK, "eth_src": ASK["eth_dst"], "eth_dst": ASK["eth_src"], "src": ASK["dst"], "dst": ASK["src"],
    "sport": 22, "dport": 40000, "tcp_flags": 18, "time": 6 * SECOND,
}  # fmt: skip
LATER = {**ASK, "sport": 40001, "time": 65 * SECOND}
TREE = {"eth_src": "02:00:00:00:00:03", "eth_dst": "01:80:c2:00:00:00", "time": 7 * SECOND, "stopped_in": "llc"}
PING = {"src": "10.0.0.1", "dst": "10.0.1.2", "type": "ICMP", "proto": 1, "icmp_type": 8, "icmp_code": 0}
CAPTURES = {"a": [ASK, ANSWER, LATER, TREE], "b": [{**UDP, "src": "10.0.0.9"}, PING, {**UDP, "trust": "suspect"}]}


@pytest.fixture
def out(tmp_path):
    write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    return tmp_path


def graph(out, **options):
    """Make one graph, and read it from its GraphML."""
    make_graphs(out, folder=out / "made", options=GraphOptions(**options))
    return networkx.read_graphml(out / "made" / f"{options.get('capture', 'combined')}.graphml", force_multigraph=True)


def edges(graph, *names):
    return sorted(((a, b, *(edge.get(name) for name in names)) for a, b, edge in graph.edges(data=True)), key=str)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def index(folder):
    return json.loads((folder / "index.json").read_text())


def test_services__are_one_edge_each_way_for_each_port_of_the_server(out):
    made = graph(out, by="service", capture="a")

    assert edges(made, "type", "port", "server", "packets") == [
        ("10.0.0.1", "10.0.1.2", "TCP", 22, "dst", 2),
        ("10.0.1.2", "10.0.0.1", "TCP", 22, "src", 1),
    ]


def test_services__without_ports_have_no_server(out):
    assert ("10.0.0.1", "10.0.1.2", "ICMP", None, None) in edges(graph(out, by="service"), "type", "port", "server")


def test_services__both_ends_can_serve_the_same_port(tmp_path):
    here = {**UDP, "sport": 53, "dport": 53}
    there = {**here, "src": UDP["dst"], "dst": UDP["src"]}
    other = {**UDP, "sport": 99, "dport": 53}
    write_results(tmp_path, {"a": [there, other, {**there, "sport": 53, "dport": 99}, here]})
    merge(tmp_path)

    assert {edge[3] for edge in edges(graph(tmp_path, by="service"), "port", "server")} <= {"src", "dst", "both"}


def test_services__agree_with_the_table_of_services(out):
    # One rule, said twice in SQL: in the table it is of `batchgraph.render.queries`.
    from tests.render.page_results import write_all_tables

    results = open_results(out)
    write_all_tables(results.directory, results.manifest)
    listed = {(row["address"], row["type"], row["port"]) for row in rows(results.directory.table("services"))}

    assert {
        (b if edge["server"] == "dst" else a, edge["type"], str(edge["port"]))
        for a, b, edge in results.graph(by="service").edges(data=True)
        if edge.get("server")
    } == listed


def test_subnets__are_nodes_by_prefix(out):
    made = graph(out, by="subnet:24,64", capture="a")

    assert edges(made, "types", "packets") == [
        ("10.0.0.0/24", "10.0.1.0/24", "TCP", 2),
        ("10.0.1.0/24", "10.0.0.0/24", "TCP", 1),
    ]
    assert made.nodes["10.0.0.0/24"]["scope"] == "private"


def test_link_layer__holds_frames_without_addresses_of_the_network(out):
    made = graph(out, by="mac", capture="a")

    assert ("02:00:00:00:00:03", "01:80:c2:00:00:00", 1) in edges(made, "packets")
    assert made.nodes["01:80:c2:00:00:00"]["scope"] == "multicast"


@pytest.mark.parametrize("by", ["flow", "packet", "pair"])
def test_graph__of_all_is_that_of_the_run(out, by):
    made, ours = graph(out, by=by), open_results(out).graph(by=by)

    assert edges(made, "packets", "weight", "time") == edges(ours, "packets", "weight", "time")
    assert dict(made.nodes(data=True)) == dict(ours.nodes(data=True))


def test_windows__are_aligned_to_1970(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(by="pair", window="60s"))

    assert [(entry["start"], entry["edges"]) for entry in index(out / "made")["graphs"]] == [
        ("1970-01-01T00:00:00.000000000Z", 2),
        ("1970-01-01T00:01:00.000000000Z", 1),
    ]


def test_windows__before_1970_are_rounded_down(tmp_path):
    write_results(tmp_path, {"a": [{**UDP, "time": -1}]})
    merge(tmp_path)
    make_graphs(tmp_path, folder=tmp_path / "made", options=GraphOptions(window="60s"))

    assert [entry["start"] for entry in index(tmp_path / "made")["graphs"]] == ["1969-12-31T23:59:00.000000000Z"]


def test_windows__have_a_graph_each(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(window="60s", capture="a"))

    made = networkx.read_graphml(out / "made" / "19700101T000100Z.graphml", force_multigraph=True)
    assert edges(made, "sport") == [("10.0.0.1", "10.0.1.2", 40001)]
    assert made.nodes["10.0.0.1"]["packets_out"] == 1


def test_index__accounts_for_every_packet(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(window="60s", where="type == 'TCP' or src is None"))

    assert index(out / "made")["packets"] == {
        "packets": 3, "untrusted": 1, "unselected": 2, "without_ends": 1, "without_time": 0,
    }  # fmt: skip


def test_index__counts_packets_without_time_apart(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(window="60s", capture="b"))

    assert index(out / "made")["packets"]["without_time"] == 2
    assert index(out / "made")["graphs"] == []


def test_index__lists_the_files_as_csv_too(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(formats=("graphml", "gexf", "csv")))

    row = rows(out / "made" / "index.csv")[0]
    assert row["files"].split() == [
        "combined.graphml", "combined.gexf", "combined.nodes.csv", "combined.edges.csv",
    ]  # fmt: skip
    assert all((out / "made" / name).exists() for name in row["files"].split())


def test_index__of_before_takes_its_files_along(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(window="60s"))
    (out / "made" / "mine.txt").write_text("kept")
    make_graphs(out, folder=out / "made", options=GraphOptions())

    assert sorted(path.name for path in (out / "made").iterdir()) == [
        "combined.graphml", "index.csv", "index.json", "mine.txt",
    ]  # fmt: skip


def test_where__sees_the_columns_of_the_packet_and_not_the_ends_of_the_edge(out):
    made = graph(out, by="mac", capture="a", where="src == '10.0.1.2'")

    assert edges(made) == [("02:00:00:00:00:02", "02:00:00:00:00:01")]


def test_hosts__are_at_either_end(out):
    assert edges(graph(out, by="pair", hosts=("10.0.0.9",))) == [("10.0.0.9", "10.0.0.2")]


def test_hosts__can_be_networks(out):
    assert edges(graph(out, by="pair", hosts=("10.0.1.0/24",))) == [
        ("10.0.0.1", "10.0.1.2"),
        ("10.0.1.2", "10.0.0.1"),
    ]


def test_hosts__can_be_link_layer_addresses(out):
    assert edges(graph(out, by="mac", capture="a", hosts=("02:00:00:00:00:03",))) == [
        ("02:00:00:00:00:03", "01:80:c2:00:00:00")
    ]


def test_time__holds_its_start_and_not_its_end(out):
    assert edges(graph(out, capture="a", time="5..6"), "sport") == [("10.0.0.1", "10.0.1.2", 40000)]


def test_too_many_edges__are_refused_with_what_they_would_weigh(out):
    with pytest.raises(UsageError, match=r"5 edges and weigh about .* MB as graphml"):
        make_graphs(out, folder=out / "made", options=GraphOptions(max_edges=3, capture="combined"))

    assert not (out / "made").exists()


def test_too_many_packets__are_refused(out):
    with pytest.raises(UsageError, match="5 edges"):
        make_graphs(out, options=GraphOptions(by="packet", max_edges=4))


def test_gexf__is_read_by_networkx_with_its_times(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(formats=("gexf",), capture="a"))

    made = networkx.read_gexf(out / "made" / "a.gexf")
    assert made.nodes["10.0.0.1"]["start"] == "1970-01-01T00:00:05.000000000Z"
    assert made.nodes["10.0.0.1"]["end"] == "1970-01-01T00:01:05.000000000Z"
    assert made.edges["10.0.1.2", "10.0.0.1", "e2"]["tcp_flags"] == 18


def test_gexf__text_is_escaped(tmp_path):
    write_results(tmp_path, {"a": [{**UDP, "src": '<&">'}]})
    merge(tmp_path)
    make_graphs(tmp_path, folder=tmp_path / "made", options=GraphOptions(formats=("gexf",)))

    assert '<&">' in networkx.read_gexf(tmp_path / "made" / "combined.gexf")


def test_csv__has_nodes_and_edges(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(by="pair", formats=("csv",), capture="a"))

    assert [(node["id"], node["label"], node["packets_out"]) for node in rows(out / "made" / "a.nodes.csv")] == [
        ("10.0.0.1", "10.0.0.1", "2"), ("10.0.1.2", "10.0.1.2", "1"),
    ]  # fmt: skip
    assert [(row["id"], row["source"], row["target"], row["weight"]) for row in rows(out / "made" / "a.edges.csv")] == [
        ("e0", "10.0.0.1", "10.0.1.2", "2"), ("e1", "10.0.1.2", "10.0.0.1", "1"),
    ]  # fmt: skip


def test_csv__calls_the_type_a_protocol(out):
    make_graphs(out, folder=out / "made", options=GraphOptions(formats=("csv",), capture="a"))

    assert rows(out / "made" / "a.edges.csv")[0]["protocol"] == "TCP"


@pytest.mark.parametrize("by", ["flow", "packet", "pair", "service", "subnet:24,64", "mac"])
def test_graphs__made_twice_are_the_same_octets(out, by):
    options = GraphOptions(by=by, window="60s", formats=("graphml", "gexf", "csv"))
    for name in ("one", "two"):
        make_graphs(out, folder=out / name, options=options)

    assert {path.name: path.read_bytes() for path in (out / "one").iterdir()} == {
        path.name: path.read_bytes() for path in (out / "two").iterdir()
    }


def test_graphs__go_to_a_folder_of_their_own(out):
    make_graphs(out, options=GraphOptions(by="subnet:24,64", window="1 min", capture="a"))

    assert (out / "views" / "a" / "subnet-24-64-1min" / "index.json").exists()


def test_graphs__of_a_run_without_packets_are_one_empty_series(tmp_path):
    write_results(tmp_path, {"none": []})
    merge(tmp_path)
    make_graphs(tmp_path, folder=tmp_path / "made", options=GraphOptions(by="service"))

    assert index(tmp_path / "made")["graphs"] == []


def test_graphs__of_an_unknown_capture_are_refused(out):
    with pytest.raises(UsageError, match="no capture"):
        make_graphs(out, options=GraphOptions(capture="c"))


def test_graphs__before_merge_say_what_to_do(tmp_path):
    write_results(tmp_path, CAPTURES)

    with pytest.raises(ResultsError, match="batchgraph merge"):
        make_graphs(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"by": "host"}, {"window": "soon"}, {"formats": ("dot",)}, {"formats": ()}, {"max_edges": 0}]
)
def test_options__that_cannot_be_used_are_refused(wrong):
    with pytest.raises(UsageError):
        GraphOptions(**wrong)


def test_results__give_edges_of_windows_in_one_graph(out):
    made = open_results(out).graph("a", by="pair", window="60s")

    assert edges(made, "window", "packets") == [
        ("10.0.0.1", "10.0.1.2", "1970-01-01T00:00:00.000000000Z", 1),
        ("10.0.0.1", "10.0.1.2", "1970-01-01T00:01:00.000000000Z", 1),
        ("10.0.1.2", "10.0.0.1", "1970-01-01T00:00:00.000000000Z", 1),
    ]


def test_results__give_a_graph_of_each_window(out):
    made = [(start.isoformat(), len(graph)) for start, graph in open_results(out).graphs("a", by="pair", window="60s")]

    assert made == [("1970-01-01T00:00:00+00:00", 2), ("1970-01-01T00:01:00+00:00", 2)]


def test_results__choose_packets(out):
    assert open_results(out).graph(where="dport == 22", hosts=["10.0.0.0/24"], time="..10").number_of_edges() == 1


@pytest.mark.parametrize("by", ["flow", "packet", "pair", "service", "subnet:24,64", "mac"])
def test_anonymized__no_address_is_in_any_file(out, by):
    key = out / "key"
    key.write_bytes(bytes(range(32)))
    options = GraphOptions(by=by, formats=("graphml", "gexf", "csv"), hosts=("10.0.0.0/8",), where="src != '10.0.0.9'")
    hidden = replace(options, key=key)
    for name, chosen in (("plain", options), ("made", hidden)):
        make_graphs(out, folder=out / name, options=chosen)
    ends = ("eth_src", "eth_dst", "src", "dst")
    addresses = {row[end] for packets in CAPTURES.values() for row in packets for end in ends if end in row}
    written = "".join(path.read_text() for path in (out / "made").iterdir())

    assert [address for address in addresses if address in written] == []
    assert index(out / "made")["graphs"][0]["edges"] == index(out / "plain")["graphs"][0]["edges"]


def test_anonymized__services_are_told_by_the_ends_they_have(out):
    (out / "key").write_bytes(bytes(range(32)))
    plain, hidden = graph(out, by="service"), graph(out, by="service", key=out / "key")

    told = [sorted((edge[2:] for edge in edges(made, "port", "server")), key=str) for made in (plain, hidden)]
    assert told[0] == told[1]
