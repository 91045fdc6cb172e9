import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.features import centrality, measures
from batchgraph.features.measures import measure


def arrays(edges):
    columns = np.array(sorted(edges), np.int64).reshape(-1, 3).T
    return columns[0], columns[1], columns[2]


def measured(n_hosts, edges):
    return measure(n_hosts, *arrays(edges))


def graph_of(n_hosts, edges):
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(n_hosts))
    graph.add_weighted_edges_from(edges)
    return graph


def listed(values, n_hosts):
    return [values[host] for host in range(n_hosts)]


@st.composite
def graphs(draw):
    n_hosts = draw(st.integers(1, 12))
    hosts = st.integers(0, n_hosts - 1)
    pairs = draw(st.sets(st.tuples(hosts, hosts).filter(lambda pair: pair[0] != pair[1]), max_size=40))
    return n_hosts, [(a, b, draw(st.integers(1, 9))) for a, b in sorted(pairs)]


NETWORKX = {
    "clustering": lambda graph: networkx.clustering(graph.to_undirected()),
    "core_number": lambda graph: networkx.core_number(graph.to_undirected()),
    "pagerank": lambda graph: networkx.pagerank(graph, tol=1e-12, max_iter=10_000),
    "betweenness": networkx.betweenness_centrality,
    "closeness": networkx.closeness_centrality,
}


@pytest.mark.parametrize("name", NETWORKX)
@settings(deadline=None, max_examples=40)
@given(graphs())
def test_measure__agrees_with_networkx_on_random_graphs(name, graph):
    n_hosts, edges = graph
    expected = NETWORKX[name](graph_of(n_hosts, edges))

    assert measured(n_hosts, edges).values[name] == pytest.approx(listed(expected, n_hosts), abs=1e-7)


def test_eigenvector__agrees_with_networkx():
    graph = networkx.karate_club_graph()
    edges = [(a, b, 1) for a, b in graph.edges()]
    expected = networkx.eigenvector_centrality(networkx.Graph(graph.edges()), max_iter=1000, tol=1e-10)

    assert measured(len(graph), edges).values["eigenvector"] == pytest.approx(listed(expected, len(graph)), abs=1e-6)


def test_measure__of_a_path_is_as_counted_by_hand():
    # 0 -> 1 -> 2: one of the two ordered pairs of others than 1 has its path through 1.
    values = measured(3, [(0, 1, 1), (1, 2, 1)]).values

    assert values["betweenness"].tolist() == [0, 0.5, 0]
    assert values["closeness"].tolist() == pytest.approx([0, 0.5, 2 / 3])


def test_measure__of_a_triangle_is_as_counted_by_hand():
    values = measured(3, [(0, 1, 1), (1, 2, 1), (2, 0, 1)]).values

    assert values["clustering"].tolist() == [1, 1, 1]
    assert values["core_number"].tolist() == [2, 2, 2]
    assert values["pagerank"].tolist() == pytest.approx([1 / 3] * 3)


def random_graph(n_hosts, n_pairs):
    graph = networkx.gnm_random_graph(n_hosts, n_pairs, seed=5, directed=True)
    return [(a, b, 1) for a, b in graph.edges()]


def test_large_graphs__are_sampled_and_marked_so(monkeypatch):
    monkeypatch.setattr(measures, "EXACT_HOSTS", 50)

    assert measured(60, random_graph(60, 300)).centrality == "sampled"
    assert measured(50, random_graph(50, 300)).centrality == "exact"


def test_samples__are_the_same_each_time(monkeypatch):
    monkeypatch.setattr(measures, "EXACT_HOSTS", 50)
    edges = random_graph(100, 500)

    for name in ("betweenness", "closeness"):
        assert measured(100, edges).values[name].tolist() == measured(100, edges).values[name].tolist()


@pytest.mark.parametrize("name", ["betweenness", "closeness"])
def test_samples__of_all_hosts_are_exact(name):
    edges = random_graph(80, 400)
    src, dst, weight = arrays(edges)
    exact = getattr(centrality, name)(centrality.directed(80, src, dst, weight))
    sampled = getattr(centrality, f"sampled_{name}")(80, src, dst, lambda hosts, pairs: hosts)

    assert sampled == pytest.approx(exact)


def test_samples__of_some_hosts_are_near():
    edges = random_graph(400, 4000)
    src, dst, weight = arrays(edges)
    exact = centrality.closeness(centrality.directed(400, src, dst, weight))
    sampled = centrality.sampled_closeness(400, src, dst, lambda hosts, pairs: 100)

    assert np.abs(sampled / exact - 1).max() < 0.2


def test_too_large_graphs__are_not_measured(monkeypatch):
    monkeypatch.setattr(measures, "MOST_EDGES", 10)
    left_out = measured(6, random_graph(6, 5))

    assert left_out.centrality == "none"
    assert set(left_out.reasons) == set(measures.NAMES)
    assert all(np.isnan(values).all() for values in left_out.values.values())
