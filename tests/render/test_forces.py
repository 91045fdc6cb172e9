import random

import networkx as nx
import numpy as np
import pytest

from batchgraph.render.forces import force_layout

SEED, ITERATIONS = 3, 80


def network(n_hosts: int, n_pairs: int) -> nx.Graph:
    chance = random.Random(n_hosts)
    names = [f"10.0.{n // 250}.{n % 250}" for n in range(n_hosts)]
    graph = nx.Graph()
    graph.add_nodes_from(names)
    while graph.number_of_edges() < n_pairs:
        graph.add_edge(*chance.sample(names, 2))
    return graph


@pytest.mark.parametrize(("n_hosts", "n_pairs"), [(2, 1), (71, 90), (300, 700), (500, 600)])
def test_force_layout__places_hosts_as_networkx_does(n_hosts, n_pairs):
    graph = network(n_hosts, n_pairs)
    made = force_layout(graph, seed=SEED, iterations=ITERATIONS)
    expected = nx.spring_layout(graph, seed=SEED, iterations=ITERATIONS)

    assert list(made) == list(expected)
    assert np.array(list(made.values())) == pytest.approx(np.array(list(expected.values())), abs=1e-9)
