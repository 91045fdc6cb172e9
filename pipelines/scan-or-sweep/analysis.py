"""Tell scans from sweeps by what is new in the graph of each window of time."""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import networkx as nx

from batchgraph import open_results

Service = tuple[str, str, str, object]
"""Who asks whom for what: client, server, type, port."""

Window = tuple[str, nx.MultiDiGraph]
"""When a window begins, and its graph."""

WINDOW = "1s"

MANY_PORTS = 20
"""New ports of one server that a client asks for within one window: a scan."""

MANY_HOSTS = 5
"""Hosts that a client asks for the same thing, new to it, within one window: a sweep."""


def services(graph: nx.MultiDiGraph) -> set[Service]:
    """Give who asks whom for what; what has no ports (ARP, ICMP) counts as asked for by who sent it."""
    return {
        (source, target, edge.get("type", ""), edge.get("port", ""))
        for source, target, edge in graph.edges(data=True)
        if edge.get("server", "dst") != "src"
    }


def differences(
    windows: Iterable[tuple[str, nx.MultiDiGraph]],
) -> Iterator[tuple[str, nx.MultiDiGraph, set[Service], set[Service]]]:
    """Give of each window what no window before had, and what the window before had and this one has not."""
    known: set[Service] = set()
    before: set[Service] = set()
    for start, graph in windows:
        now = services(graph)
        yield start, graph, now - known, before - now
        known |= now
        before = now


def findings(new: set[Service]) -> Iterator[Sequence[object]]:
    """Name the scans and the sweeps among what is new: kind, client, what was asked for, how many."""
    ports: dict[tuple[str, str, str], set[object]] = defaultdict(set)
    hosts: dict[tuple[str, str, object], set[str]] = defaultdict(set)
    for client, server, kind, port in new:
        if port != "":
            ports[client, server, kind].add(port)
        hosts[client, kind, port].add(server)
    for (client, server, kind), found in sorted(ports.items()):
        if len(found) >= MANY_PORTS:
            yield "scan", client, f"{kind} ports of {server}", len(found)
    for (client, kind, port), found_hosts in sorted(hosts.items(), key=str):
        if len(found_hosts) >= MANY_HOSTS:
            yield "sweep", client, f"hosts by {kind} {port}".strip(), len(found_hosts)


def main() -> None:
    """Read a results directory and write what is new in each window of each capture, and what that is."""
    parser = argparse.ArgumentParser(description="Tell scans from sweeps.")
    parser.add_argument("results", type=Path)
    parser.add_argument("tables", type=Path)
    arguments = parser.parse_args()
    results = open_results(arguments.results)
    windows: list[Sequence[object]] = [("capture", "window", "hosts", "edges", "new", "gone")]
    found: list[Sequence[object]] = [("capture", "window", "kind", "host", "asked_for", "number")]
    for capture in results.captures:
        graphs = ((start.isoformat(), graph) for start, graph in results.graphs(capture, by="service", window=WINDOW))
        for start, graph, new, gone in differences(graphs):
            windows.append((capture, start, len(graph), graph.number_of_edges(), len(new), len(gone)))
            found += [(capture, start, *finding) for finding in findings(new)]
    arguments.tables.mkdir(parents=True, exist_ok=True)
    for name, rows in {"windows": windows, "findings": found}.items():
        with (arguments.tables / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
