"""Statistics of the article's graph, as small tables that a program can compare."""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import networkx as nx

from batchgraph import open_results

Row = Sequence[object]

PACKET_COLUMNS = ("frame", "time", "type", "sport", "dport", "icmp_type", "icmp_code", "load")


def graph_rows(graph: nx.MultiDiGraph) -> Iterable[Row]:
    """Give the size and the shape of the whole graph.

    Density and reciprocity are those of who talks to whom, in however many packets: parallel edges count once.
    """
    talks = nx.DiGraph(graph)
    parallel = Counter((source, target) for source, target in graph.edges())
    times = [time for _, _, time in graph.edges(data="time")]
    return (
        ("hosts", graph.number_of_nodes()),
        ("packets", graph.number_of_edges()),
        ("pairs", talks.number_of_edges()),
        ("most_packets_of_a_pair", max(parallel.values())),
        ("first", min(times)),
        ("last", max(times)),
        ("density", decimal(nx.density(talks))),
        ("reciprocity", decimal(nx.reciprocity(talks))),
        ("weakly_connected_parts", nx.number_weakly_connected_components(talks)),
        ("strongly_connected_parts", nx.number_strongly_connected_components(talks)),
    )


def type_rows(graph: nx.MultiDiGraph) -> Iterable[Row]:
    """Give packets, pairs of hosts and payload of every protocol, ICMP by type and code."""
    packets: Counter[Row] = Counter()
    load: Counter[Row] = Counter()
    pairs: dict[Row, set[tuple[str, str]]] = {}
    for source, target, edge in graph.edges(data=True):
        key = (edge["type"], edge.get("icmp_type", ""), edge.get("icmp_code", ""))
        packets[key] += 1
        load[key] += edge["load"]
        pairs.setdefault(key, set()).add((source, target))
    for key in sorted(packets, key=lambda key: tuple(map(str, key))):
        yield (*key, packets[key], len(pairs[key]), load[key])


def host_rows(graph: nx.MultiDiGraph) -> Iterable[Row]:
    """Give degrees (packets), peers, strengths (payload) and centrality of every host, the busiest first."""
    talks = nx.DiGraph(graph)
    sent = dict(graph.out_degree(weight="load"))
    received = dict(graph.in_degree(weight="load"))
    between = nx.betweenness_centrality(talks)
    for host in sorted(graph.nodes, key=lambda host: (-graph.degree(host), host)):
        yield (
            host,
            graph.nodes[host]["scope"],
            *(graph.out_degree(host), graph.in_degree(host)),
            *(talks.out_degree(host), talks.in_degree(host)),
            *(sent[host], received[host]),
            decimal(between[host]),
        )


def packet_rows(graph: nx.MultiDiGraph) -> Iterable[Row]:
    """Give every edge with its attributes, in the order of the capture; what a packet does not have is left empty."""
    for source, target, edge in sorted(graph.edges(data=True), key=lambda edge: edge[2]["frame"]):
        yield (source, target, *(edge.get(name, "") for name in PACKET_COLUMNS))


def decimal(number: float) -> str:
    """Write a number with as many digits as are the same on every machine."""
    return f"{number:.6f}"


TABLES = {
    "graph": (graph_rows, ("measure", "value")),
    "types": (type_rows, ("type", "icmp_type", "icmp_code", "packets", "pairs", "load")),
    "hosts": (
        host_rows,
        ("host", "scope", "packets_out", "packets_in", "peers_out", "peers_in", "load_out", "load_in", "betweenness"),
    ),
    "packets": (packet_rows, ("src", "dst", *PACKET_COLUMNS)),
}


def main() -> None:
    """Read a results directory and write one CSV file for each of `TABLES`."""
    parser = argparse.ArgumentParser(description="Write tables of the graph of one capture.")
    parser.add_argument("results", type=Path)
    parser.add_argument("tables", type=Path)
    arguments = parser.parse_args()
    results = open_results(arguments.results)
    graph = results.graph(results.captures[0])
    arguments.tables.mkdir(parents=True, exist_ok=True)
    for name, (rows, titles) in TABLES.items():
        with (arguments.tables / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows((titles, *rows(graph)))


if __name__ == "__main__":
    main()
