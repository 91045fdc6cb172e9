"""The traffic matrix: for networks of which no map of circles and arrows can be read.

Hosts that talk to each other much stand beside each other, so that groups are blocks along the diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from batchgraph.render.page_data import PageTraffic
from batchgraph.render.text import format_octets, safe_label
from batchgraph.render.traffic import OTHERS

MAX_MATRIX_HOSTS = 40
"""Hosts of the matrix: those with the most octets."""

SHADES = 5


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What one host sent to another: where it stands, how dark it is, and what it says."""

    row: int
    column: int
    shade: int
    text: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Labels of the hosts in their order, and the cells that are not empty."""

    labels: Sequence[str]
    cells: Sequence[MatrixCell]
    smallest: str
    largest: str

    @property
    def margin(self) -> int:
        """Room for the longest label, in the units of the picture, in which a host has 16."""
        return 16 + round(6.6 * max(map(len, self.labels)))


def traffic_matrix(traffic: PageTraffic, *, most: int = MAX_MATRIX_HOSTS) -> Matrix | None:
    """Lay the matrix out; None where there is no traffic between hosts of it."""
    shown = [number for number, name in enumerate(traffic.hosts[:most]) if name != OTHERS]
    sums: dict[tuple[int, int], int] = {}
    for _, src, dst, _, _, octets, _ in traffic.rows:
        if src < len(shown) and dst < len(shown):
            sums[src, dst] = sums.get((src, dst), 0) + octets
    if not sums:
        return None
    order = by_community(shown, sums)
    places = {host: place for place, host in enumerate(order)}
    labels = [safe_label(traffic.hosts[host], limit=40) for host in order]
    low, high = min(sums.values()), max(sums.values())
    cells = [
        MatrixCell(row, column, _shade(octets, low, high), f"{labels[row]} → {labels[column]}: {format_octets(octets)}")
        for (row, column), octets in sorted(((places[src], places[dst]), sums[src, dst]) for src, dst in sums)
    ]
    return Matrix(labels, cells, format_octets(low), format_octets(high))


def by_community(hosts: Sequence[int], sums: dict[tuple[int, int], int]) -> list[int]:
    """Order hosts by community, the one with the most octets first, and in each by number.

    Notes
    -----
    Communities are found by modularity (Clauset, Newman and Moore, 2004), which needs no seed. Hosts without traffic
    among these come last.
    """
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(hosts)
    for (src, dst), octets in sorted(sums.items()):
        if src != dst:
            before = graph.get_edge_data(src, dst, {"weight": 0})["weight"]
            graph.add_edge(src, dst, weight=before + octets)
    if not graph.number_of_edges():
        return list(hosts)
    groups = [sorted(group) for group in nx.community.greedy_modularity_communities(graph, weight="weight")]
    groups.sort(key=lambda group: (-sum(graph.degree(host, weight="weight") for host in group), group))
    return [host for group in groups for host in group]


def _shade(octets: int, low: int, high: int) -> int:
    """Give a shade from 1 to `SHADES`, each a like share of the logarithms."""
    if low == high:
        return SHADES
    return min(SHADES, 1 + int(SHADES * (log(1 + octets) - log(1 + low)) / (log(1 + high) - log(1 + low))))
