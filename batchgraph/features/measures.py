"""Measures of hosts on the whole pair graph of a window, by libraries, exact as far as that is affordable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXACT_PAIR_STEPS = 60_000_000
"""Largest hosts times pairs for which betweenness is exact; rustworkx needs about 25 ns for each."""

EXACT_HOSTS = 5_000
"""Most hosts for which closeness is exact: a matrix of their distances takes 8 octets for each pair."""

SAMPLED_STEPS = 1_500_000
"""Hosts and pairs that a sample's paths may pass in all; networkx needs about 0.4 µs for each."""

MOST_PIVOTS, LEAST_PIVOTS = 256, 16
"""Hosts in a sample, from which all paths are followed."""

MOST_EDGES = 300_000
"""Most hosts and pairs together of which anything is measured: they are Python's objects, about 1 kB each."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of each host of one graph, by its number.

    Parameters
    ----------
    values
        By feature; an array of NaN where a measure was left out.
    centrality
        How betweenness and closeness were found: ``exact``, ``sampled`` or ``none``.
    reasons
        Why a measure was left out, by feature.
    """

    values: dict[str, Floats]
    centrality: str
    reasons: dict[str, str] = field(default_factory=dict)


NAMES = ("clustering", "core_number", "pagerank", "betweenness", "closeness", "eigenvector")
"""The measures, in the order of the table."""


def measure(n_hosts: int, src: NDArray[np.int64], dst: NDArray[np.int64], weight: NDArray[np.int64]) -> Measures:
    """Measure a directed graph without loops and parallel edges.

    Parameters
    ----------
    n_hosts
        Hosts are numbered from 0.
    src, dst
        The ends of each edge, in an order that the data decide.
    weight
        Of each edge.
    """
    unknown = np.full(n_hosts, np.nan)
    if n_hosts + len(src) > MOST_EDGES:
        reason = f"{n_hosts:,} hosts and {len(src):,} pairs are more than {MOST_EDGES:,}"
        return Measures(dict.fromkeys(NAMES, unknown), "none", dict.fromkeys(NAMES, reason))
    from batchgraph.features import centrality as rules

    graph = rules.directed(n_hosts, src, dst, weight)
    eigenvector = rules.eigenvector(graph)
    exact = n_hosts <= EXACT_HOSTS and n_hosts * len(src) <= EXACT_PAIR_STEPS
    values = {
        "clustering": rules.clustering(n_hosts, src, dst),
        "core_number": rules.core_number(graph),
        "pagerank": rules.pagerank(graph),
        "betweenness": rules.betweenness(graph) if exact else rules.sampled_betweenness(n_hosts, src, dst, _pivots),
        "closeness": rules.closeness(graph) if exact else rules.sampled_closeness(n_hosts, src, dst, _pivots),
        "eigenvector": unknown if eigenvector is None else eigenvector,
    }
    reasons = {} if eigenvector is not None else {"eigenvector": "the iteration does not converge"}
    return Measures(values, "exact" if exact else "sampled", reasons)


def _pivots(n_hosts: int, n_pairs: int) -> int:
    """Give how many hosts a sample has."""
    affordable = SAMPLED_STEPS // (n_hosts + n_pairs)
    return min(n_hosts, MOST_PIVOTS, max(LEAST_PIVOTS, affordable))
