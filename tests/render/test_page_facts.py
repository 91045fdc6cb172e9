import pytest

from batchgraph.render.page_facts import Fact, Router, find_routers, load_facts
from tests.graph.edge_records import UDP
from tests.render.page_results import SECOND, TCP, page_of, write_page_results
from tests.render.test_page_parts import read

ARP = {"type": "ARP", "src": "10.0.0.254", "dst": "10.0.0.3", "eth_src": "02:00:00:00:00:fe"}


def facts(tmp_path, rows, routers=()):
    results = write_page_results(tmp_path, {"a": rows})
    traffic, _ = read(results)
    return {fact.what: fact for fact in load_facts(results, {}, traffic=traffic, routers=routers)}


def routers(tmp_path, rows):
    from batchgraph.render.database import add_view, results_database
    from batchgraph.schema import EDGE_COLUMNS

    results = write_page_results(tmp_path, {"a": rows})
    with results_database(results.root) as connection:
        add_view(connection, "edges", files=results.edge_parts("a"), columns=EDGE_COLUMNS)
        return find_routers(connection)


def test_facts__name_the_host_with_the_most_octets_and_its_largest_peer(tmp_path):
    rows = [{**TCP, "wire_len": 900}, {**UDP, "src": "10.0.0.3", "dst": "10.0.0.9", "wire_len": 100}]

    assert facts(tmp_path, rows)["Talks most"] == Fact(
        "Talks most",
        [("10.0.0.3", "10.0.0.3")],
        "1.00 kB, in or out of 100% of all octets; 2 peers, most with 10.0.0.2 by TCP",
    )


def test_facts__say_when_most_octets_were_sent(tmp_path):
    rows = [{**TCP, "time": second * SECOND, "wire_len": 1000 if second == 40 else 10} for second in range(100)]

    # The bin of 160 in which the 40th of 99 seconds lies.
    assert facts(tmp_path, rows)["Busiest"].text == "1970-01-01 00:00:39 – 00:00:40 UTC (959 ms): 1.00 kB, 50% of all"


def test_facts__of_one_instant_name_no_busiest_time(tmp_path):
    assert "Busiest" not in facts(tmp_path, [{**TCP, "time": SECOND}])


def test_facts__name_public_hosts(tmp_path):
    rows = [{**TCP, "dst": f"8.8.8.{n}", "wire_len": 100 - n} for n in range(5)]
    fact = facts(tmp_path, rows)["Outside"]

    assert [address for address, _ in fact.hosts] == ["8.8.8.0", "8.8.8.1", "8.8.8.2"]
    assert fact.text == "and others: 5 of 6 hosts have a public address, 490 B"


def test_facts__say_that_no_host_is_public(tmp_path):
    assert facts(tmp_path, [TCP])["Outside"] == Fact("Outside", [], "0 of 2 hosts have a public address")


def test_facts__count_hosts_with_one_peer_that_sent_something(tmp_path):
    rows = [{**TCP, "src": f"10.0.1.{n}"} for n in range(2)]

    assert facts(tmp_path, rows)["One peer only"].text == "2 of 3 hosts"


def test_facts__name_the_router(tmp_path):
    found = facts(tmp_path, [TCP], [Router("02:00:00:00:00:fe", 3, "10.0.0.254")])["Router"]

    assert found.hosts == [("10.0.0.254", "10.0.0.254")]
    assert found.text == "card 02:00:00:00:00:fe sends for 3 hosts of several networks"


@pytest.mark.parametrize("own", [[ARP], []])
def test_routers__are_cards_that_send_for_several_networks(tmp_path, own):
    rows = [{**TCP, "src": f"8.8.{n}.8", "dst": "10.0.0.3", "eth_src": "02:00:00:00:00:fe"} for n in range(3)]

    assert routers(tmp_path, rows + own) == [Router("02:00:00:00:00:fe", 3, "10.0.0.254" if own else "")]


def test_routers__a_host_with_several_addresses_of_its_own_is_none(tmp_path):
    addresses = ("10.0.0.3", "10.0.0.4", "10.0.1.3", "2001:470::3", "fd00::3", "fe80::3")
    rows = [{**TCP, "src": address, "eth_src": "02:00:00:00:00:03"} for address in addresses]

    assert routers(tmp_path, rows) == []


def test_routers__what_a_tunnel_carries_makes_none(tmp_path):
    rows = [{**TCP, "src": f"8.8.{n}.8", "eth_src": "02:00:00:00:00:03", "tunnel": "gre"} for n in range(9)]

    assert routers(tmp_path, rows) == []


def test_page__answers_first_who_talks_most(tmp_path):
    text = page_of(write_page_results(tmp_path))

    assert text.index("Talks most") < text.index("Largest conversations")


def test_page__without_packets_has_no_facts(tmp_path):
    results = write_page_results(tmp_path, {"none": []})

    assert "Talks most" not in page_of(results)


def test_page__shows_one_host_of_every_service_before_a_second_of_any(tmp_path):
    ends = [(f"10.0.1.{n}", 80, "TCP", 6) for n in range(10)] + [("10.0.0.53", 53, "UDP", 17)]
    rows = []
    for address, port, label, proto in ends:
        asks = {**TCP, "type": label, "proto": proto, "dst": address, "dport": port, "wire_len": 2 * port}
        back = {"src": address, "dst": TCP["src"], "sport": port, "dport": TCP["sport"], "tcp_flags": 18}
        rows += [asks, {**asks, **back}]
    text = page_of(write_page_results(tmp_path, {"a": rows}))

    assert 'DNS <span class="how">udp/53' in text
    assert "3 more serve this" in text
