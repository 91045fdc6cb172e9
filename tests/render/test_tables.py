import csv

import pytest

import batchgraph.graph.key_ranges
from batchgraph.results import TABLES
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results
from tests.render.page_results import write_all_tables

SECOND = 10**9
SYN, SYN_ACK, RST_ACK, ACK = 0x02, 0x12, 0x14, 0x10  # RFC 9293, 3.1
CLIENT = {"src": "10.0.0.1", "dst": "10.0.0.2", "type": "TCP", "proto": 6, "sport": 50000, "dport": 60000, "load": 0}
SERVER = {**CLIENT, "src": "10.0.0.2", "dst": "10.0.0.1", "sport": 60000, "dport": 50000}
UNLABELLED = {"status": "unsupported", "stopped_in": "ethernet"}


@pytest.fixture
def tables(tmp_path):
    def make(captures, **changes):
        results = write_results(tmp_path, captures)
        manifest = merge(tmp_path)
        for entry in manifest["inputs"]:
            entry.update(changes)
        assert write_all_tables(results, manifest) == list(TABLES)
        rows = {}
        for name in TABLES:
            with results.table(name).open(encoding="utf-8", newline="") as file:
                rows[name] = list(csv.DictReader(file))
        return rows

    return make


def only(rows, capture):
    return [row for row in rows if row["capture"] == capture]


def test_tables__begin_with_the_column_capture(tables, tmp_path):
    tables({"a": [UDP]})

    assert {(tmp_path / "tables" / f"{name}.csv").read_text().split(",")[0] for name in TABLES} == {"capture"}


def test_tables__in_ranges_are_those_of_one_query(tables, tmp_path, monkeypatch):
    captures = {
        "a": [CLIENT, SERVER, *({**CLIENT, "src": f"10.0.1.{n}", "tcp_flags": SYN} for n in range(20)), UDP],
        "b": [{**SERVER, "dst": f"10.0.1.{n}", "tcp_flags": RST_ACK} for n in range(15)] + [SERVER, UNLABELLED],
    }
    whole = tables(captures)
    monkeypatch.setattr(batchgraph.graph.key_ranges, "ROWS_OF_ONE_QUERY", 0)
    monkeypatch.setattr(batchgraph.graph.key_ranges, "ROWS_OF_A_RANGE", 0.02)

    assert tables(captures) == whole


@pytest.mark.parametrize("name", ["hosts", "conversations", "services"])
def test_tables__say_of_all_captures_what_they_say_of_the_only_one(tables, name):
    rows = tables({"a": [CLIENT, SERVER, UDP]})[name]
    combined, own = ([{**row, "capture": ""} for row in only(rows, capture)] for capture in ("combined", "a"))

    assert combined == own != []


def test_tables__lines_have_the_capture_wherever_they_are_cut(tables, monkeypatch):
    whole = tables({"a": [CLIENT, SERVER, UDP]})
    monkeypatch.setattr(batchgraph.render.tables, "MIB", 7)

    assert tables({"a": [CLIENT, SERVER, UDP]}) == whole


def test_tables__end_lines_with_a_line_feed(tables, tmp_path):
    tables({"a": [UDP]})

    assert not any(b"\r" in path.read_bytes() for path in (tmp_path / "tables").iterdir())


def test_captures__has_counts_by_status_and_the_time_span(tables):
    rows = [{**UDP, "time": 0}, {**UDP, "time": 1_500_000_001}, {**UDP, **UNLABELLED}]
    (row,) = only(tables({"a": rows})["captures"], "a")

    assert (row["packets"], row["octets"], row["ok"], row["unsupported"]) == ("3", "180", "2", "1")
    assert row["first"] == "1970-01-01T00:00:00.000000000Z"
    assert row["duration_seconds"] == "1.500000001"


def test_captures__says_in_which_headers_decoding_stopped(tables):
    cut = {**UDP, "status": "truncated", "stopped_in": "tcp"}
    rows = tables({"a": [UDP, cut, {**cut, "stopped_in": "ipv4"}, cut], "b": [UDP]})["captures"]

    assert [row["stopped_in"] for row in only(rows, "a")] == ["tcp:2 ipv4:1"]
    assert [row["stopped_in"] for row in only(rows, "b")] == [""]


def test_captures__has_times_before_1970(tables):
    (row,) = only(tables({"a": [{**UDP, "time": -1}]})["captures"], "a")

    assert row["first"] == "1969-12-31T23:59:59.999999999Z"


def test_captures__lists_a_capture_without_packets(tables):
    (row,) = only(tables({"a": [UDP], "none": []})["captures"], "none")

    assert (row["status"], row["packets"], row["first"]) == ("empty", "0", "")


def test_captures__combined_counts_a_flow_of_two_captures_once(tables):
    (row,) = only(tables({"a": [UDP], "b": [UDP]})["captures"], "combined")

    assert (row["packets"], row["hosts"], row["flows"]) == ("2", "2", "1")


def test_captures__a_path_cannot_be_a_formula(tables):
    (row,) = only(tables({"a": [UDP]}, path='=cmd|" /C calc"!A0')["captures"], "a")

    assert row["path"] == '\'=cmd|" /C calc"!A0'


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_tables__every_beginning_of_a_formula_is_escaped(tables, first):
    # OWASP, "CSV Injection".
    (row,) = only(tables({"a": [UDP]}, path=f"{first}1")["captures"], "a")

    assert row["path"] == f"'{first}1"


def test_hosts__adds_up_both_directions(tables):
    rows = tables({"a": [{**UDP, "wire_len": 100}, {**UDP, "src": "10.0.0.2", "dst": "10.0.0.1", "wire_len": 1}]})
    host = next(row for row in only(rows["hosts"], "a") if row["address"] == "10.0.0.1")

    assert (host["scope"], host["packets_out"], host["packets_in"]) == ("private", "1", "1")
    assert (host["octets_out"], host["octets_in"], host["peers"]) == ("100", "1", "1")


def test_hosts__are_ordered_by_octets_and_then_by_name(tables):
    rows = tables(
        {"a": [{**UDP, "dst": "10.0.0.9"}, {**UDP, "dst": "10.0.0.3"}, {**UDP, "dst": "10.0.0.2", "wire_len": 99}]}
    )

    assert [row["address"] for row in only(rows["hosts"], "a")] == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9"]


def test_conversations__has_one_row_for_both_directions(tables):
    back = {**UDP, "src": "10.0.0.2", "dst": "10.0.0.1", "wire_len": 200}
    (row,) = only(tables({"a": [UDP, back, back]})["conversations"], "a")

    assert (row["a"], row["b"], row["type"]) == ("10.0.0.1", "10.0.0.2", "UDP")
    assert (row["packets_ab"], row["packets_ba"], row["octets_ab"], row["octets_ba"]) == ("1", "2", "60", "400")


def test_protocols__add_up_to_all_rows(tables):
    rows = tables({"a": [UDP, CLIENT, UNLABELLED, {**UNLABELLED, "stopped_in": "llc"}]})

    assert sum(int(row["packets"]) for row in only(rows["protocols"], "a")) == 4
    assert sum(float(row["share_of_packets"]) for row in only(rows["protocols"], "a")) == 1.0


def test_protocols__tell_where_packets_without_a_label_ended(tables):
    rows = only(tables({"a": [UDP, UNLABELLED]})["protocols"], "combined")

    assert [(row["type"], row["status"], row["stopped_in"]) for row in rows] == [
        ("(none)", "unsupported", "ethernet"),
        ("UDP", "", ""),
    ]


def test_services__who_answers_a_syn_serves_whatever_the_ports(tables):
    rows = [{**CLIENT, "tcp_flags": SYN}, {**SERVER, "tcp_flags": SYN_ACK}, {**CLIENT, "tcp_flags": ACK}]
    (row,) = only(tables({"a": rows})["services"], "a")

    assert (row["address"], row["port"], row["clients"], row["packets"]) == ("10.0.0.2", "60000", "1", "3")
    assert row["state"] == "answered"


def test_services__who_is_sent_a_syn_is_asked_though_silent(tables):
    (row,) = only(tables({"a": [{**CLIENT, "tcp_flags": SYN}]})["services"], "a")

    assert (row["address"], row["port"], row["state"]) == ("10.0.0.2", "60000", "silent")


def test_services__a_reset_alone_is_a_refusal(tables):
    (row,) = only(tables({"a": [{**CLIENT, "tcp_flags": SYN}, {**SERVER, "tcp_flags": RST_ACK}]})["services"], "a")

    assert (row["address"], row["state"]) == ("10.0.0.2", "refused")


def test_services__a_port_below_1024_serves_where_no_opening_was_seen(tables):
    (row,) = only(tables({"a": [{**UDP, "sport": 53, "dport": 2000}]})["services"], "a")

    assert (row["address"], row["port"]) == ("10.0.0.1", "53")


def test_services__the_lower_port_serves_where_both_are_high(tables):
    (row,) = only(tables({"a": [{**UDP, "sport": 40000, "dport": 8080}]})["services"], "a")

    assert (row["address"], row["port"]) == ("10.0.0.2", "8080")


def test_services__of_equal_ports_who_was_addressed_first_serves(tables):
    asked = {**UDP, "sport": 123, "dport": 123, "time": 5 * SECOND}
    answer = {**asked, "src": "10.0.0.2", "dst": "10.0.0.1", "time": 6 * SECOND}
    (row,) = only(tables({"a": [asked, answer]})["services"], "a")

    assert (row["address"], row["packets"]) == ("10.0.0.2", "2")


def test_services__count_the_clients_of_all_captures_once(tables):
    (row,) = only(tables({"a": [UDP], "b": [UDP, {**UDP, "src": "10.0.0.3"}]})["services"], "combined")

    assert (row["clients"], row["packets"]) == ("2", "3")


def test_tables__of_no_packets_have_their_columns(tables, tmp_path):
    rows = tables({"none": []})

    assert rows["hosts"] == []
    assert (tmp_path / "tables" / "hosts.csv").read_text().startswith("capture,address,scope,packets_out")
