from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.render.database import add_view, results_database
from batchgraph.render.grouping import GROUPS
from batchgraph.render.traffic import OTHERS, Arrow, load_pairs, load_traffic
from batchgraph.schema import FLOW_COLUMNS
from tests.render.flow_tables import START, flow, write_flows


def load(folder, flows, **options):
    path = write_flows(folder / "flows.parquet", flows)
    with results_database(folder) as connection:
        return load_traffic(connection, path, **{"top": 60, **options})


def test_load_traffic__adds_up_what_one_host_sent_to_another_by_one_protocol(tmp_path):
    traffic = load(tmp_path, [flow("a", "b", octets=1), flow("a", "b", octets=2), flow("b", "a", octets=4)])

    assert traffic.arrows == (Arrow("b", "a", "TCP", 1, 4), Arrow("a", "b", "TCP", 2, 3))


def test_load_traffic__knows_when_it_was(tmp_path):
    traffic = load(tmp_path, [flow("a", "b")])

    assert (traffic.first, traffic.last) == (START, START + 10**9)


def test_load_traffic__a_host_of_arp_alone_is_a_host(tmp_path):
    traffic = load(tmp_path, [flow("10.0.0.1", "10.0.0.2", "ARP")])

    assert [host.name for host in traffic.hosts] == ["10.0.0.1", "10.0.0.2"]


def test_load_traffic__names_scopes(tmp_path):
    traffic = load(tmp_path, [flow("10.0.0.1", "224.0.0.251", "UDP")])

    assert [host.scope for host in traffic.hosts] == ["private", "multicast"]


def test_load_traffic__gathers_protocols_without_a_look_and_names_them(tmp_path):
    traffic = load(tmp_path, [flow("a", "b", "PIM"), flow("a", "b", "OSPF")])

    assert [arrow.type for arrow in traffic.arrows] == ["other"]
    assert traffic.other_types == ("OSPF", "PIM")


def test_load_traffic__keeps_the_hosts_with_the_most_octets(tmp_path):
    flows = [flow("hub", f"h{number}", octets=number) for number in range(10)]

    traffic = load(tmp_path, flows, top=3)

    assert [host.name for host in traffic.hosts] == ["hub", "h9", "h8", OTHERS]
    assert traffic.n_folded == 8


def test_load_traffic__folds_no_host_alone(tmp_path):
    traffic = load(tmp_path, [flow("hub", f"h{number}") for number in range(3)], top=3)

    assert [host.name for host in traffic.hosts] == ["hub", "h0", "h1", "h2"]
    assert traffic.n_folded == 0


def test_load_traffic__folds_more_hosts_to_draw_no_more_arrows_than_allowed(tmp_path):
    flows = [flow(f"h{a}", f"h{b}", octets=a + b) for a in range(12) for b in range(12) if a != b]

    traffic = load(tmp_path, flows, max_arrows=50)

    assert len(traffic.arrows) <= 50
    assert traffic.n_hosts == 12


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 1000)), min_size=1, max_size=40),
    st.integers(1, 10),
    st.integers(3, 40),
    st.sampled_from(GROUPS),
)
@settings(deadline=None, max_examples=25)
def test_load_traffic__totals_stay_true_whatever_is_folded(tmp_path_factory, triples, top, max_arrows, group):
    flows = [flow(f"10.0.{a % 3}.{a}", f"10.0.{b % 3}.{b}", octets=octets) for a, b, octets in triples]

    traffic = load(tmp_path_factory.mktemp("traffic"), flows, top=top, max_arrows=max_arrows, group=group)

    assert sum(arrow.octets for arrow in traffic.arrows) == sum(octets for _, _, octets in triples) == traffic.octets
    assert sum(arrow.packets for arrow in traffic.arrows) == len(triples) == traffic.packets
    assert sum(not host.folded for host in traffic.hosts) + traffic.n_folded == traffic.n_hosts


def test_load_traffic__of_no_flows_is_empty(tmp_path):
    traffic = load(tmp_path, [])

    assert (traffic.hosts, traffic.arrows, traffic.packets, traffic.first) == ((), (), 0, None)


def test_load_traffic__folds_networks_by_themselves(tmp_path):
    flows = [flow("10.0.0.1", f"10.0.{n}.{m}", octets=n * 100 + m) for n in (1, 2) for m in range(5)]

    traffic = load(tmp_path, flows, top=1, group="subnet")

    assert [(host.name, host.folded) for host in traffic.hosts] == [
        ("10.0.0.1", 0),
        ("10.0.2.0/24", 5),
        ("10.0.1.0/24", 5),
    ]


def test_load_traffic__folds_communities_by_themselves(tmp_path):
    flows = [flow(f"{a}{n}", f"{a}{m}", octets=50) for a in "xy" for n in range(6) for m in range(n)]

    traffic = load(tmp_path, [*flows, flow("x0", "y0", octets=9000)], top=2, group="community")

    assert {host.name: host.folded for host in traffic.hosts} == {"x0": 0, "y0": 0, "around x0": 5, "around y0": 5}


def test_load_traffic__gives_hosts_without_a_group_to_the_others(tmp_path):
    flows = [flow("10.0.0.1", f"10.0.{n}.1", octets=n + 1) for n in range(1, 9)]

    traffic = load(tmp_path, flows, top=3, group="subnet")

    assert traffic.hosts[-1].name == OTHERS
    assert traffic.hosts[-1].folded == 6


def test_load_pairs__has_the_hosts_that_any_map_shows(tmp_path):
    path = write_flows(
        tmp_path / "flows.parquet",
        [flow("a", "b", octets=1000), flow("a", "c", octets=1), {**flow("c", "d", octets=2), "capture": "other"}],
    )
    with results_database(tmp_path) as connection:
        add_view(connection, "flows", files=[path], columns=FLOW_COLUMNS)

        assert load_pairs(connection, top=2, most=100) == [("a", "b"), ("a", "c"), ("c", "d")]
        assert load_pairs(connection, top=2, most=2) == [("a", "b")]
