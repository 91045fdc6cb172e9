import pytest

from batchgraph.render.page_busiest import Busiest, find_busiest
from batchgraph.render.page_facts import Fact, load_facts
from batchgraph.render.page_hosts import read_host_facts
from batchgraph.render.page_routers import Router, Routers, find_routers
from batchgraph.render.report_database import report_database
from batchgraph.render.tables import write_tables
from tests.graph.edge_records import UDP
from tests.render.page_results import SECOND, TCP, page_of, write_page_results

ARP = {"type": "ARP", "src": "10.0.0.254", "dst": "10.0.0.3", "eth_src": "02:00:00:00:00:fe"}


def facts(tmp_path, rows, *, routers=None, busiest=None, files=None, **captures):
    results = write_page_results(tmp_path, {"a": rows, **captures})
    manifest = results.read_manifest()
    with report_database(results, manifest) as database:
        list(write_tables(results, manifest, database))
        known = read_host_facts(database.connection)
    names = files or {"a": "a.pcap"}
    given = load_facts(results, {}, files=names, busiest=busiest, known=known, routers=routers or Routers())
    return {fact.what: fact for fact in given}


def busiest_of(tmp_path, captures):
    results = write_page_results(tmp_path, captures)
    with report_database(results, results.read_manifest()) as database:
        return find_busiest(database.connection, database.sums.axis)


def routers(tmp_path, rows):
    results = write_page_results(tmp_path, {"a": rows})
    with report_database(results, results.read_manifest()) as database:
        return find_routers(database.connection)


def test_facts__name_the_host_with_the_most_octets_and_its_largest_peer(tmp_path):
    rows = [{**TCP, "wire_len": 900}, {**UDP, "src": "10.0.0.3", "dst": "10.0.0.9", "wire_len": 100}]

    assert facts(tmp_path, rows)["Talks most"] == Fact(
        "Talks most",
        [("10.0.0.3", "10.0.0.3")],
        "1.00 kB, in or out of 100% of all octets; 2 peers, most with 10.0.0.2 by TCP",
    )


def test_facts__a_group_that_only_receives_does_not_talk_most(tmp_path):
    rows = [{**UDP, "src": f"10.0.0.{n}", "dst": "239.255.255.250", "wire_len": 100 + n} for n in range(1, 3)]

    assert facts(tmp_path, rows)["Talks most"].hosts == [("10.0.0.2", "10.0.0.2")]


def test_facts__say_when_most_octets_were_sent(tmp_path):
    minute = Busiest(start=60 * SECOND, width=60 * SECOND, octets=1000, all_octets=2000, capture="a")

    assert facts(tmp_path, [TCP], busiest=minute)["Busiest"].text == (
        "1970-01-01 00:01:00 – 00:02:00 UTC (1 min): 1.00 kB, 50% of all"
    )


def test_facts__say_to_the_millisecond_which_part_of_a_second_was_busiest(tmp_path):
    tenth = Busiest(start=SECOND + SECOND // 2, width=SECOND // 10, octets=1, all_octets=1, capture="a")

    assert facts(tmp_path, [TCP], busiest=tenth)["Busiest"].text == (
        "1970-01-01 00:00:01.500 UTC (100 ms): 1 B, 100% of all"
    )


def test_facts__name_the_capture_that_was_busiest_of_several(tmp_path):
    second = Busiest(start=SECOND, width=SECOND, octets=1, all_octets=1, capture="b")
    fact = facts(tmp_path, [TCP], busiest=second, files={"a": "a.pcap", "b": "b.pcap"})["Busiest"]

    assert fact.text.endswith("100% of all; most in b.pcap")


def test_busiest__is_a_whole_unit_of_time(tmp_path):
    rows = [{**TCP, "time": n * SECOND, "wire_len": 1000 if n == 44 else 10} for n in range(100)]

    # 100 seconds are more than 60, so it is ten of them.
    assert busiest_of(tmp_path, {"a": rows}) == Busiest(40 * SECOND, 10 * SECOND, 1090, 1990, "a")


def test_busiest__of_captures_years_apart_is_as_short_as_they_ask_for(tmp_path):
    years = {
        name: [{**TCP, "time": start + n * SECOND, "wire_len": 10 + n} for n in range(30)]
        for name, start in (("a", 0), ("b", 10**18))
    }
    years["b"][7]["wire_len"] = 5000

    assert busiest_of(tmp_path, years) == Busiest(10**18 + 7 * SECOND, SECOND, 5000, 6453, "b")


def test_busiest__is_not_that_of_packets_whose_clock_was_wrong(tmp_path):
    rows = [{**TCP, "time": 10**18 + n * SECOND, "wire_len": 1000 if n == 44 else 10} for n in range(200)]
    wrong = {**TCP, "time": 0, "wire_len": 9000}

    # The unit is that of the 200 seconds, and its octets are held against all.
    assert busiest_of(tmp_path, {"a": [*rows, wrong]}) == Busiest(
        10**18 + 40 * SECOND, 10 * SECOND, 1090, 199 * 10 + 1000 + 9000, "a"
    )


def test_busiest__of_merged_captures_is_as_short_as_these_ask_for(tmp_path):
    starts = (0, 3 * 10**17, 7 * 10**17, 10**18)
    rows = [{**TCP, "time": start + n * SECOND, "wire_len": 10 + n} for start in starts for n in range(12)]

    assert busiest_of(tmp_path, {"a": rows}).width == SECOND


def test_busiest__of_few_packets_is_not_shorter_than_a_share_of_their_capture(tmp_path):
    rows = [{**TCP, "time": n * 3600 * SECOND} for n in range(5)]

    # A sixtieth of four hours is four minutes.
    assert busiest_of(tmp_path, {"a": rows}).width == 600 * SECOND


def test_busiest__of_one_instant_is_none(tmp_path):
    assert busiest_of(tmp_path, {"a": [{**TCP, "time": SECOND}]}) is None


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
    found = facts(tmp_path, [TCP], routers=Routers([Router("02:00:00:00:00:fe", 3, "10.0.0.254")]))["Router"]

    assert found.hosts == [("10.0.0.254", "10.0.0.254")]
    assert found.text == "card 02:00:00:00:00:fe sends for 3 hosts of several networks"


@pytest.mark.parametrize("own", [[ARP], []])
def test_routers__are_cards_that_send_for_several_networks(tmp_path, own):
    rows = [{**TCP, "src": f"8.8.{n}.8", "dst": "10.0.0.3", "eth_src": "02:00:00:00:00:fe"} for n in range(3)]

    assert routers(tmp_path, rows + own).cards == [Router("02:00:00:00:00:fe", 3, "10.0.0.254" if own else "")]


def test_routers__a_host_with_several_addresses_of_its_own_is_none(tmp_path):
    addresses = ("10.0.0.3", "10.0.0.4", "10.0.1.3", "2001:470::3", "fd00::3", "fe80::3")
    rows = [{**TCP, "src": address, "eth_src": "02:00:00:00:00:03"} for address in addresses]

    assert routers(tmp_path, rows).cards == []


def test_routers__what_a_tunnel_carries_makes_none(tmp_path):
    rows = [{**TCP, "src": f"8.8.{n}.8", "eth_src": "02:00:00:00:00:03", "tunnel": "gre"} for n in range(9)]

    assert routers(tmp_path, rows).cards == []


def test_routers__come_before_hosts_that_forge_addresses(tmp_path):
    router = [{**TCP, "src": f"8.8.{n}.8", "eth_src": "02:00:00:00:00:fe"} for n in range(3)]
    answers = [{**TCP, "src": "10.0.0.3", "dst": row["src"], "eth_dst": "02:00:00:00:00:fe"} for row in router]
    forged = [{**TCP, "src": f"9.{n}.0.8", "eth_src": "02:00:00:00:00:03"} for n in range(9)]

    assert [card.hosts for card in routers(tmp_path, router + answers + forged).cards] == [3, 9]


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({"type": "OSPFIGP", "proto": 89}, "OSPF"),
        ({"type": "ICMPv6", "proto": 58, "icmp_type": 134, "icmp_code": 0}, "ICMPv6"),
        ({"type": "UDP", "proto": 17, "sport": 520, "dport": 520}, "RIP"),
    ],
)
def test_routers__are_hosts_that_speak_as_routers_do(tmp_path, said, means):
    found = routers(tmp_path, [{"src": "10.0.0.254", "dst": "224.0.0.5", **said}, UDP])

    assert (found.speakers, found.n_speakers) == ([("10.0.0.254", means)], 1)


def test_facts__name_hosts_that_speak_as_routers_do(tmp_path):
    found = facts(tmp_path, [TCP], routers=Routers(speakers=[("10.0.0.254", "OSPF, PIM")], n_speakers=1))

    assert found["Says it routes"].text == "1 host speaks as routers do, by OSPF, PIM"
    assert "Router" not in found


def test_facts__say_that_no_router_was_seen(tmp_path):
    assert facts(tmp_path, [TCP], routers=Routers(has_cards=True))["Router"].text.startswith("none seen")


def test_facts__say_nothing_of_routers_without_cards(tmp_path):
    assert "Router" not in facts(tmp_path, [TCP])


def test_facts__name_who_sends_and_who_receives_most_of_all_captures(tmp_path):
    rows = [{**TCP, "wire_len": 900}, {**TCP, "src": "10.0.0.2", "dst": "10.0.0.3", "wire_len": 100}]
    found = facts(tmp_path, rows, b=[{**TCP, "src": "10.0.0.9", "dst": "10.0.0.2", "wire_len": 1000}])

    assert found["Sends most"] == Fact("Sends most", [("10.0.0.9", "10.0.0.9")], "1.00 kB, 50% of all")
    assert found["Receives most"] == Fact("Receives most", [("10.0.0.2", "10.0.0.2")], "1.90 kB, 95% of all")


def test_facts__say_that_who_receives_most_is_a_group(tmp_path):
    found = facts(tmp_path, [{**UDP, "dst": "239.255.255.250"}])

    assert found["Receives most"].text == "60 B, 100% of all (multicast: a group of hosts)"


def test_facts__name_who_has_most_peers_but_no_group(tmp_path):
    rows = [{**UDP, "src": f"10.0.0.{n}", "dst": "239.255.255.250"} for n in range(1, 6)]
    social = [{**UDP, "src": "10.0.0.5", "dst": f"10.0.0.{n}"} for n in range(1, 4)]

    assert facts(tmp_path, rows + social)["Most peers"] == Fact(
        "Most peers", [("10.0.0.5", "10.0.0.5")], "4 of 5 other hosts"
    )


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
