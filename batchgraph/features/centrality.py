"""Each measure of the pair graph as one call of a library, with what it needs said in full.

rustworkx runs in one thread here: with several it adds floating-point numbers in the order in which they finish.
"""

from __future__ import annotations

from collections.abc import Callable

import networkx
import numpy as np
import rustworkx
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Pivots = Callable[[int, int], int]

SEED = 20_241_125
"""Of the choice of a sample."""

_ONE_THREAD = 1 << 62
_ROWS = 512


def directed(n_hosts: int, src: Integers, dst: Integers, weight: Integers) -> rustworkx.PyDiGraph:
    """Build a directed graph whose edges carry their weight."""
    graph = rustworkx.PyDiGraph(multigraph=False)
    graph.add_nodes_from(range(n_hosts))
    edges = zip(src.tolist(), dst.tolist(), weight.astype(float).tolist(), strict=True)
    graph.extend_from_weighted_edge_list(list(edges))
    return graph


def _undirected(graph: rustworkx.PyDiGraph) -> rustworkx.PyGraph:
    return graph.to_undirected(multigraph=False)


def _by_number(values: object, n_hosts: int) -> Floats:
    mapping = dict(values.items())  # type: ignore[attr-defined]
    return np.array([mapping[host] for host in range(n_hosts)], np.float64)


def clustering(n_hosts: int, src: Integers, dst: Integers) -> Floats:
    """Compute the share of pairs of a host's peers that are peers, directions left aside; 0 with less than two."""
    ones = np.ones(len(src), np.int64)
    adjacency = sparse.csr_array((ones, (src, dst)), shape=(n_hosts, n_hosts))
    either = (adjacency + adjacency.T).astype(bool).astype(np.int64).tocsr()
    degree = np.asarray(either.sum(axis=1)).ravel()
    closed = np.zeros(n_hosts, np.int64)
    # A product of all rows at once could be as large as the square of the hosts.
    for start in range(0, n_hosts, _ROWS):
        rows = either[start : start + _ROWS]
        closed[start : start + _ROWS] = np.asarray((rows @ either).multiply(rows).sum(axis=1)).ravel()
    open_pairs = degree * (degree - 1)
    shares: Floats = np.divide(closed, open_pairs, out=np.zeros(n_hosts), where=open_pairs > 0)
    return shares


def core_number(graph: rustworkx.PyDiGraph) -> Floats:
    """Compute the core number of every host, directions left aside."""
    return _by_number(rustworkx.core_number(_undirected(graph)), graph.num_nodes())


def pagerank(graph: rustworkx.PyDiGraph) -> Floats:
    """Compute PageRank by weight, to ten digits."""
    try:
        ranks = rustworkx.pagerank(graph, alpha=0.85, weight_fn=float, tol=1e-10, max_iter=1000)
    except rustworkx.FailedToConverge:
        return np.full(graph.num_nodes(), np.nan)
    return _by_number(ranks, graph.num_nodes())


def eigenvector(graph: rustworkx.PyDiGraph) -> Floats | None:
    """Compute eigenvector centrality, directions left aside, or None where the iteration does not converge."""
    try:
        values = rustworkx.eigenvector_centrality(_undirected(graph), max_iter=1000, tol=1e-8)
    except rustworkx.FailedToConverge:
        return None
    return _by_number(values, graph.num_nodes())


def betweenness(graph: rustworkx.PyDiGraph) -> Floats:
    """Compute betweenness, directed and normalized."""
    values = rustworkx.digraph_betweenness_centrality(graph, normalized=True, parallel_threshold=_ONE_THREAD)
    return _by_number(values, graph.num_nodes())


def sampled_betweenness(n_hosts: int, src: Integers, dst: Integers, pivots: Pivots) -> Floats:
    """Estimate betweenness from the paths that begin at a sample of hosts (Brandes and Pich, 2007)."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(n_hosts))
    graph.add_edges_from(zip(src.tolist(), dst.tolist(), strict=True))
    values = networkx.betweenness_centrality(graph, k=pivots(n_hosts, len(src)), seed=SEED)
    return _by_number(values, n_hosts)


def closeness(graph: rustworkx.PyDiGraph) -> Floats:
    """Compute closeness by the paths that lead to a host, scaled by the share of hosts that reach it."""
    n_hosts = graph.num_nodes()
    distances = rustworkx.digraph_distance_matrix(graph, parallel_threshold=_ONE_THREAD)
    # Unreachable is 0 there, as is a host's way to itself.
    reaching = np.count_nonzero(distances, axis=0)
    return _scaled(reaching, distances.sum(axis=0), n_hosts - 1)


def sampled_closeness(n_hosts: int, src: Integers, dst: Integers, pivots: Pivots) -> Floats:
    """Estimate closeness from the paths that begin at a sample of hosts (Eppstein and Wang, 2004)."""
    adjacency = sparse.csr_array((np.ones(len(src)), (src, dst)), shape=(n_hosts, n_hosts))
    chosen = np.random.default_rng(SEED).choice(n_hosts, pivots(n_hosts, len(src)), replace=False)
    reaching, total = np.zeros(n_hosts), np.zeros(n_hosts)
    for pivot in np.sort(chosen):
        distances = csgraph.dijkstra(adjacency, unweighted=True, indices=pivot)
        reached = np.isfinite(distances) & (distances > 0)
        reaching += reached
        total[reached] += distances[reached]
    others = np.full(n_hosts, len(chosen), np.int64)
    others[chosen] -= 1  # from a host to itself there is no way to count
    return _scaled(reaching, total, others)


def _scaled(reaching: NDArray[np.generic], total: Floats, others: Integers | int) -> Floats:
    """Give ``reaching / others * reaching / total`` (Wasserman and Faust, 1994), 0 where nobody reaches a host."""
    count = reaching.astype(np.float64)
    product = np.multiply(total, others)
    return np.divide(count * count, product, out=np.zeros(len(count)), where=product > 0)
