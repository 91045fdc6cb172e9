import json
import xml.etree.ElementTree as ET
from importlib.resources import files
from urllib.parse import unquote

import pytest

from batchgraph.graph.results_view import captures_with_rows
from batchgraph.render.database import add_view, results_database
from batchgraph.render.packet_sums import make_packet_sums
from batchgraph.render.page_data import bin_runs, load_page_traffic
from batchgraph.render.page_findings import find_all
from batchgraph.render.page_matrix import by_community, traffic_matrix
from batchgraph.render.page_pictures import load_pictures, svg_url
from batchgraph.render.page_safety import data_block, fits_element, source_hash
from batchgraph.render.page_time import Piece, pieces_of
from batchgraph.render.style import OTHER_TYPES, TYPE_STYLES
from batchgraph.render.traffic import OTHERS
from batchgraph.results import COMBINED, ResultsDirectory
from batchgraph.schema import EDGE_COLUMNS, FLOW_COLUMNS
from tests.graph.edge_records import UDP
from tests.render.page_results import CAPTURES, SECOND, TCP, write_page_results


def read(results, **limits):
    captures = captures_with_rows(results.read_manifest())
    with results_database(results.root) as connection:
        parts = [part for capture in captures for part in results.edge_parts(capture)]
        add_view(connection, "edges", files=parts, columns=EDGE_COLUMNS)
        add_view(connection, "flows", files=[results.flows(name) for name in captures], columns=FLOW_COLUMNS)
        sums = make_packet_sums(connection, trust=("sound", "repaired"), **limits)
        return load_page_traffic(connection, captures, sums), find_all(connection)


def found(tmp_path, rows):
    _, findings = read(write_page_results(tmp_path, {"a": rows}))
    return [(finding.kind, finding.host, finding.text) for kind in findings for finding in kind.shown]


def test_source_hash__is_that_of_the_standard():
    # CSP level 3, section 8.4 ("Usage of hashes"): the hash of this script.
    assert source_hash("alert('Hello, world.');") == "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "&amp;", "\u2028", "\u2029", "\udcff", '"\\'])
def test_data_block__is_the_same_json_and_no_markup(text):
    block = data_block([text])

    assert json.loads(block) == [text]
    assert not set("<>&\u2028\u2029\udcff") & set(block)


@pytest.mark.parametrize("text", ["</SCRIPT", "</style", "<!--", "a\rb", "a\0b"])
def test_fits_element__refuses_what_ends_or_changes_it(text):
    assert not fits_element(text)


def test_pieces__leave_long_gaps_out():
    assert [(piece.start, piece.bins) for piece in pieces_of([(0, 99), (10**6, 10**6 + 99)], bins=20)] == [
        (0, 10),
        (10**6, 10),
    ]


def test_pieces__keep_short_gaps():
    assert len(pieces_of([(0, 99), (101, 200)])) == 1


def test_pieces__of_overlapping_spans_are_one():
    assert pieces_of([(0, 50), (10, 99), (20, 30)], bins=10) == (Piece(start=0, width=10, bins=10, first_bin=0),)


def test_pieces__of_one_instant_are_one_bin():
    assert pieces_of([(5, 5)]) == (Piece(start=5, width=1, bins=1, first_bin=0),)


def test_pieces__of_nothing_are_none():
    assert pieces_of([]) == ()


def test_pieces__are_never_more_bins_than_asked_for():
    spans = [(number * 10**6, number * 10**6 + number) for number in range(100)]

    assert sum(piece.bins for piece in pieces_of(spans, bins=160)) <= 160


def test_bin_runs__write_first_and_last_of_each():
    assert bin_runs([1, 2, 3, 7, 9, 10]) == [1, 3, 7, 7, 9, 10]


def test_bin_runs__beyond_the_limit_are_one():
    assert bin_runs(range(0, 20, 2), most=3) == [0, 18]


def test_traffic__adds_up_to_all_packets_between_hosts(tmp_path):
    traffic, _ = read(write_page_results(tmp_path))

    assert sum(row[4] for row in traffic.rows) == sum(map(len, CAPTURES.values()))


def test_traffic__keeps_its_totals_when_hosts_are_folded(tmp_path):
    traffic, _ = read(write_page_results(tmp_path), max_hosts=1)

    assert traffic.hosts[-1] == OTHERS
    assert traffic.n_folded == 3
    assert sum(row[5] for row in traffic.rows) == 1180


def test_traffic__folds_hosts_until_its_rows_are_few_enough(tmp_path):
    rows = [{**UDP, "dst": f"10.0.1.{n}"} for n in range(30)]
    traffic, _ = read(write_page_results(tmp_path, {"a": rows}), max_rows=10)

    assert len(traffic.rows) == 10


def test_traffic__timeline_holds_every_packet_with_a_time(tmp_path):
    rows = [{**UDP, "time": SECOND}, UDP, {"time": 2 * SECOND, "status": "malformed"}]
    traffic, _ = read(write_page_results(tmp_path, {"a": rows}))

    assert sum(cell[3] for cell in traffic.cells) == 2
    assert traffic.untimed == 1


def test_traffic__counts_packets_far_outside_without_showing_them_in_time(tmp_path):
    rows = [{**UDP, "time": 10**18 + n * SECOND} for n in range(200)]
    traffic, _ = read(write_page_results(tmp_path, {"a": [*rows, {**UDP, "time": 0}]}))

    assert traffic.strays == 1
    assert sum(cell[3] for cell in traffic.cells) == 200
    assert sum(row[4] for row in traffic.rows) == 201
    assert traffic.axis[0].start == 10**18


def test_traffic__leaves_packets_out_that_are_not_trusted(tmp_path):
    traffic, _ = read(write_page_results(tmp_path, {"a": [UDP, {**UDP, "trust": "suspect"}]}))

    assert [row[4] for row in traffic.rows] == [1]


def test_findings__a_scan_of_ports(tmp_path):
    rows = [{**TCP, "dport": port, "sport": 40000 + port} for port in range(1, 31)]

    assert found(tmp_path, rows) == [
        ("Port scan", "10.0.0.3", "tried 30 TCP ports on 1 host, 30 in all, and got through to none of these")
    ]


def test_findings__no_scan_where_connections_are_made(tmp_path):
    rows = [{**TCP, "dport": port, "tcp_flags": flags} for port in range(1, 31) for flags in (2, 16)]

    assert found(tmp_path, rows) == []


def test_findings__a_scan_of_hosts(tmp_path):
    rows = [{**TCP, "dst": f"10.0.1.{n}", "dport": 22} for n in range(20)]

    assert found(tmp_path, rows) == [("Host scan", "10.0.0.3", "tried TCP port 22 on 20 hosts in vain")]


def test_findings__a_sweep_by_arp(tmp_path):
    arp = {"type": "ARP", "src": "10.0.0.9", "eth_src": "02:00:00:00:00:09"}
    rows = [{**arp, "dst": f"10.0.0.{n}"} for n in range(10, 30)]

    assert found(tmp_path, rows) == [("Sweep", "10.0.0.9", "asked by ARP for 20 hosts, 20 of which sent nothing")]


def test_findings__regular_contacts(tmp_path):
    rows = [{**TCP, "sport": 40000 + n, "tcp_flags": 18, "time": n * 60 * SECOND} for n in range(12)]

    assert found(tmp_path, rows) == [
        ("Regular contact", "10.0.0.3", "contacts 10.0.0.2 TCP port 80 every 1 min, 12 times")
    ]


def test_findings__no_timer_in_irregular_contacts(tmp_path):
    rows = [{**TCP, "sport": 40000 + n, "tcp_flags": 18, "time": n**3 * SECOND} for n in range(12)]

    assert found(tmp_path, rows) == []


def test_findings__regular_packets_of_one_flow(tmp_path):
    asks = [{**UDP, "sport": 123, "dport": 123, "time": n * 64 * SECOND} for n in range(12)]
    ends = {"src": UDP["dst"], "dst": UDP["src"]}
    rows = [row for ask in asks for row in (ask, {**ask, **ends, "time": ask["time"] + 1000})]

    assert found(tmp_path, rows) == [
        ("Regular contact", UDP["src"], f"contacts {UDP['dst']} UDP port 123 every 1 min 4 s, 12 times")
    ]


def test_findings__regular_pings(tmp_path):
    ping = {"type": "ICMP", "proto": 1, "src": "10.0.0.3", "dst": "10.0.0.9", "icmp_type": 8, "icmp_code": 0}
    rows = [{**ping, "time": n * SECOND} for n in range(10)]

    assert found(tmp_path, rows) == [("Regular contact", "10.0.0.3", "pings 10.0.0.9 every 1 s, 10 times")]


def test_findings__no_timer_in_the_packets_of_a_call(tmp_path):
    rows = [{**UDP, "dport": 40000, "time": n * SECOND // 50} for n in range(500)]

    assert found(tmp_path, rows) == []


def test_findings__an_address_that_two_cards_claim(tmp_path):
    arp = {"type": "ARP", "src": "10.0.0.9", "dst": "10.0.0.1"}
    rows = [{**arp, "eth_src": "02:00:00:00:00:01"}, {**arp, "eth_src": "02:00:00:00:00:02"}]

    assert found(tmp_path, rows) == [
        ("Address shared", "10.0.0.9", "is claimed by 2 network cards: 02:00:00:00:00:01, 02:00:00:00:00:02")
    ]


def test_findings__a_half_open_scan_tells_how_many_answered(tmp_path):
    asks = [{**TCP, "dport": port, "sport": 40000, "tcp_flags": 6} for port in range(1, 31)]
    opens = {**TCP, "src": TCP["dst"], "dst": TCP["src"], "sport": 22, "dport": 40000, "tcp_flags": 18}

    assert found(tmp_path, [*asks, opens]) == [
        (
            "Port scan",
            "10.0.0.3",
            "tried 30 TCP ports on 1 host, 30 in all; 1 answered as open, and it went no further",
        )
    ]


def test_findings__a_server_that_does_not_answer(tmp_path):
    assert found(tmp_path, [TCP, TCP, TCP]) == [
        ("No answer", "10.0.0.3", "asks 10.0.0.2 TCP port 80 (HTTP) by 3 packets, and no answer was captured")
    ]


def test_findings__a_server_that_refuses(tmp_path):
    reset = {**TCP, "src": TCP["dst"], "dst": TCP["src"], "sport": TCP["dport"], "dport": TCP["sport"], "tcp_flags": 20}

    assert found(tmp_path, [TCP, TCP, TCP, {**reset, "load": 0}]) == [
        ("No answer", "10.0.0.3", "asks 10.0.0.2 TCP port 80 (HTTP) by 3 packets, and was refused")
    ]


def test_findings__a_name_server_that_does_not_answer(tmp_path):
    asks = {**UDP, "sport": 5353, "dport": 53}

    assert [kind for kind, *_ in found(tmp_path, [asks] * 3)] == ["No answer"]


def test_findings__a_server_that_answered_once_is_there(tmp_path):
    back = {**TCP, "src": TCP["dst"], "dst": TCP["src"], "sport": TCP["dport"], "dport": 9, "tcp_flags": 18}

    assert found(tmp_path, [TCP, TCP, TCP, back]) == []


def test_findings__logins_that_can_be_read(tmp_path):
    asks = {**TCP, "dport": 21, "tcp_flags": 24, "load": 10}
    back = {**asks, "src": asks["dst"], "dst": asks["src"], "sport": 21, "dport": asks["sport"]}

    assert found(tmp_path, [asks, back]) == [
        (
            "Not encrypted",
            "10.0.0.2",
            "serves TCP port 21 (FTP) to 1 host: logins can be read there, unless TLS is begun within",
        )
    ]


def test_findings__a_login_port_without_data_is_none(tmp_path):
    asks = {**TCP, "dport": 21, "tcp_flags": 18, "load": 0}
    back = {**asks, "src": asks["dst"], "dst": asks["src"], "sport": 21, "dport": asks["sport"]}

    assert found(tmp_path, [asks, back]) == []


SVG = (
    '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "http://example.invalid/dtd">'
    '<svg xmlns="http://www.w3.org/2000/svg"><path d="M 1.23456 2.5"/>'
    '<text x="10.123456" style="font-family: \'DejaVu Sans\'">10.20.0.11 "1.23456" # &lt;</text>'
    "</svg>"
)


def shrunk():
    return unquote(svg_url(SVG).partition(",")[2])


def test_svg_url__keeps_text_as_it_is():
    assert ET.fromstring(shrunk())[1].text == '10.20.0.11 "1.23456" # <'


def test_svg_url__rounds_places():
    assert 'd="M 1.2 2.5"' in shrunk()


def test_svg_url__names_no_document_type():
    assert "example.invalid" not in shrunk()


def test_svg_url__holds_nothing_that_an_attribute_or_a_url_would_end_at():
    assert not set('"<>#% \n') & set(svg_url(SVG).replace("%", "")) - {" "}


def maps(tmp_path, **sizes):
    results = ResultsDirectory(tmp_path)
    results.map(COMBINED, "svg").parent.mkdir()
    for name, size in sizes.items():
        results.map(name, "svg").write_text(f"<svg><title>{'x' * size}</title></svg>")
    return results


def test_pictures__beyond_the_room_are_links(tmp_path):
    pictures = load_pictures(maps(tmp_path, combined=10, a=500, b=500), ("a", "b"), most=800)

    assert [bool(pictures[name].source) for name in ("combined", "a", "b")] == [True, True, False]
    assert pictures["b"].link == "maps/b.svg"


def test_pictures__that_were_not_drawn_are_empty(tmp_path):
    assert load_pictures(maps(tmp_path, combined=10), ("a",))["a"].link == ""


def test_style_sheet__has_a_colour_for_every_protocol():
    sheet = files("batchgraph.render").joinpath("templates/report.css").read_text()

    assert [
        name for name in (*TYPE_STYLES, OTHER_TYPES) if f".t-{name} {{ --c: var(--{name.lower()}); }}" not in sheet
    ] == []


def test_matrix__adds_up_what_hosts_sent_each_other(tmp_path):
    matrix = traffic_matrix(read(write_page_results(tmp_path))[0])

    assert {cell.text for cell in matrix.cells} == {
        "10.0.0.1 → 10.0.0.2: 60 B",
        "10.0.0.2 → 10.0.0.1: 60 B",
        "10.0.0.3 → 10.0.0.2: 1.00 kB",
        "192.0.2.7 → 10.0.0.2: 60 B",
    }


def test_matrix__puts_groups_side_by_side():
    sums = {(0, 3): 9, (3, 0): 9, (1, 2): 5, (2, 1): 5}

    assert by_community(range(4), sums) == [0, 3, 1, 2]


def test_matrix__of_no_traffic_is_none(tmp_path):
    assert traffic_matrix(read(write_page_results(tmp_path, {"none": []}))[0]) is None


def test_pictures__lead_to_what_else_was_drawn(tmp_path):
    results = maps(tmp_path, combined=10, a=10)
    results.map("a", "png", "types").parent.mkdir()
    results.map("a", "png", "types").touch()

    pictures = load_pictures(results, ["a"])

    assert [link for _, link in pictures["a"].further] == ["maps/types/a.png"]
    assert pictures[COMBINED].further == ()
