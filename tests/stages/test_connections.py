import csv

import pyarrow.parquet as pq
import pytest

from batchgraph.errors import ResultsError, UsageError
from batchgraph.stages.connections import ConnectionOptions, make_connections
from tests.graph.edge_records import UDP, write_results

SECOND = 10**9
FLAGS = {"S": 2, "SA": 18, "A": 16, "D": 24, "F": 17, "R": 4, "RA": 20}


def tcp(way, flags, *, time=None):
    """A packet of one connection, sent by the originator (``>``) or the responder (``<``)."""
    ends = [("10.0.0.1", 40000), ("10.0.0.2", 80)]
    (src, sport), (dst, dport) = ends if way == ">" else ends[::-1]
    return {
        "src": src, "dst": dst, "sport": sport, "dport": dport, "type": "TCP", "proto": 6,
        "tcp_flags": FLAGS[flags], "load": 100 if flags == "D" else 0, "time": time,
    }  # fmt: skip


def talk(words):
    """The packets of ``>S <SA >A``."""
    return [tcp(word[0], word[1:], time=number * SECOND) for number, word in enumerate(words.split())]


def icmp(src, dst, kind, code=0, proto=1):
    return {"src": src, "dst": dst, "type": "ICMP", "proto": proto, "icmp_type": kind, "icmp_code": code, "load": 56}


def connections(out, rows, **options):
    results = write_results(out, {"a": rows})
    manifest = results.read_manifest()
    # As after `merge`, of which nothing else is needed.
    results.write_manifest({**manifest, "options": {**manifest["options"], "merge": {"trust": ["sound"]}}})
    make_connections(out, options=ConnectionOptions(**options))
    return pq.read_table(out / "tables" / "connections.parquet").to_pylist()


# Zeek documents conn_state in base/protocols/conn/main.zeek; beside each value what it says there.
STATES = [
    ("S0", ">S"),  # connection attempt seen, no reply
    ("S0", ">S >S"),
    ("S1", ">S <SA >A"),  # connection established, not terminated
    ("S1", ">S <SA"),
    ("SF", ">S <SA >A >D <D >F <F >A"),  # normal establishment and termination
    ("SF", ">S <SA >A >F <F >R"),
    ("REJ", ">S <RA"),  # connection attempt rejected
    ("S2", ">S <SA >A >F <A"),  # established, close attempt by originator seen, no reply from responder
    ("S3", ">S <SA >A <F >A"),  # established, close attempt by responder seen, no reply from originator
    ("RSTO", ">S <SA >A >D >R"),  # established, originator aborted
    ("RSTR", ">S <SA >A >D <R"),  # responder sent a RST
    ("RSTOS0", ">S >R"),  # originator sent a SYN followed by a RST, no SYN-ACK from the responder
    ("RSTRH", "<SA <R"),  # responder sent a SYN ACK followed by a RST, no SYN from the (purported) originator
    ("SH", ">S >F"),  # originator sent a SYN followed by a FIN, no SYN ACK from the responder
    ("SHR", "<SA <F"),  # responder sent a SYN ACK followed by a FIN, no SYN from the originator
    ("OTH", ">D <D"),  # no SYN seen, just midstream traffic
    ("OTH", ">A"),
]


@pytest.mark.parametrize(("state", "words"), STATES, ids=[f"{state}:{words}" for state, words in STATES])
def test_state__is_as_zeek_documents_it(tmp_path, state, words):
    assert [row["state"] for row in connections(tmp_path, talk(words))] == [state]


@pytest.mark.parametrize(
    "words", [">S <SA >A", "<SA >S >A", "<SA >A", ">D <D", "<SA"], ids=lambda words: words.replace(" ", "")
)
def test_originator__is_who_asked(tmp_path, words):
    assert [(row["orig"], row["orig_port"], row["resp_port"]) for row in connections(tmp_path, talk(words))] == [
        ("10.0.0.1", 40000, 80)
    ]


def test_originator__without_syn_is_who_is_heard_first(tmp_path):
    assert connections(tmp_path, talk("<D >D"))[0]["orig"] == "10.0.0.2"


def test_history__says_who_did_what_in_which_order(tmp_path):
    # The history of a plain HTTP connection in Zeek's documentation of conn.log.
    row = connections(tmp_path, talk(">S <SA >A >D <A <D >F <F >A"))[0]

    assert row["history"] == "ShADadFf"


def test_connection__adds_up_both_ways(tmp_path):
    row = connections(tmp_path, [{**packet, "wire_len": 200} for packet in talk(">S <SA >A >D >D <D")])[0]

    assert (row["orig_packets"], row["orig_octets"], row["orig_load"]) == (4, 800, 200)
    assert (row["resp_packets"], row["resp_octets"], row["resp_load"]) == (2, 400, 100)
    assert row["duration_seconds"] == 5.0


def test_connection__ends_with_silence(tmp_path):
    rows = connections(
        tmp_path, [tcp(">", "D", time=0), tcp("<", "D", time=300 * SECOND), tcp("<", "D", time=601 * SECOND)]
    )

    assert [(row["first_frame"], row["orig_packets"] + row["resp_packets"]) for row in rows] == [(1, 2), (3, 1)]


def test_connection__of_udp_ends_after_a_minute_of_silence(tmp_path):
    assert len(connections(tmp_path, [{**UDP, "time": 0}, {**UDP, "time": 61 * SECOND}])) == 2


def test_connection__ends_with_the_silence_asked_for(tmp_path):
    assert len(connections(tmp_path, [{**UDP, "time": 0}, {**UDP, "time": 61 * SECOND}], udp_timeout="2m")) == 1


def test_connection__begins_anew_with_a_syn_after_an_end(tmp_path):
    rows = connections(tmp_path, talk(">S <SA >A >F <F >A >S <RA >S <SA"))

    assert [(row["state"], row["first_frame"]) for row in rows] == [("SF", 1), ("REJ", 7), ("S1", 9)]


def test_connection__does_not_begin_anew_with_a_syn_sent_again(tmp_path):
    assert len(connections(tmp_path, talk(">S >S <SA >A"))) == 1


def test_udp__is_answered_or_not(tmp_path):
    back = {**UDP, "src": UDP["dst"], "dst": UDP["src"], "sport": UDP["dport"], "dport": UDP["sport"]}
    rows = connections(tmp_path, [UDP, back, {**UDP, "sport": 9}])

    assert [(row["state"], row["history"]) for row in rows] == [("SF", "Dd"), ("S0", "D")]


def test_icmp__question_and_answer_are_one_connection(tmp_path):
    rows = connections(tmp_path, [icmp("10.0.0.2", "10.0.0.1", 8), icmp("10.0.0.1", "10.0.0.2", 0)])

    assert [(row["orig"], row["icmp_type"], row["resp_packets"], row["state"]) for row in rows] == [
        ("10.0.0.2", 8, 1, "OTH")
    ]


def test_icmp__errors_have_one_direction(tmp_path):
    rows = connections(tmp_path, [icmp("10.0.0.1", "10.0.0.2", 3, 3), icmp("10.0.0.2", "10.0.0.1", 3, 3)])

    assert [(row["orig"], row["orig_packets"]) for row in rows] == [("10.0.0.1", 1), ("10.0.0.2", 1)]


def test_fragments__without_ports_have_no_state(tmp_path):
    rows = connections(
        tmp_path, [{"src": "10.0.0.1", "dst": "10.0.0.2", "proto": 17, "type": "UDP", "frag_offset": 185}]
    )

    assert [(row["state"], row["community_id"], row["orig_port"]) for row in rows] == [(None, None, None)]


def test_arp__is_no_connection(tmp_path):
    assert connections(tmp_path, [{"src": "10.0.0.1", "dst": "10.0.0.2", "type": "ARP"}]) == []


@pytest.mark.parametrize(
    ("packet", "identifier"),
    # The baseline of the Community ID specification (corelight/community-id-spec, baseline/baseline_deflt.json).
    [
        ({"src": "128.232.110.120", "dst": "66.35.250.204", "type": "TCP", "proto": 6, "sport": 34855, "dport": 80},
         "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        ({"src": "192.168.1.52", "dst": "8.8.8.8", "type": "UDP", "proto": 17, "sport": 54585, "dport": 53},
         "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
        (icmp("192.168.0.89", "192.168.0.1", 8), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ],
)  # fmt: skip
def test_community_id__is_that_of_the_specification(tmp_path, packet, identifier):
    assert connections(tmp_path, [packet])[0]["community_id"] == identifier


def test_csv__has_the_same_rows(tmp_path):
    rows = connections(tmp_path, talk(">S <SA"))
    with (tmp_path / "tables" / "connections.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))

    assert [row["community_id"] for row in listed] == [row["community_id"] for row in rows]
    assert listed[0]["first"] == "1970-01-01T00:00:00.000000000Z"


def test_manifest__tells_of_the_stage(tmp_path):
    connections(tmp_path, talk(">S"))

    assert make_connections(tmp_path)["options"]["connections"] == {
        "tcp_timeout": "5m", "udp_timeout": "1m", "other_timeout": "1m",
    }  # fmt: skip


def test_connections__every_ip_packet_with_both_ends_is_in_one(tmp_path):
    rows = [*talk(">S <SA >A >F <F >A >S"), UDP, icmp("10.0.0.1", "10.0.0.2", 8), {**UDP, "time": None}]

    assert sum(row["orig_packets"] + row["resp_packets"] for row in connections(tmp_path, rows)) == len(rows)


def test_connections__before_merge_say_what_to_do(tmp_path):
    write_results(tmp_path, {"a": [UDP]})

    with pytest.raises(ResultsError, match="batchgraph merge"):
        make_connections(tmp_path)


def test_options__that_are_no_durations_are_refused():
    with pytest.raises(UsageError):
        ConnectionOptions(tcp_timeout="long")


def test_connections__of_several_captures_are_apart_and_in_order(tmp_path):
    results = write_results(tmp_path, {"b": talk(">S <SA"), "a": talk(">A"), "none": []})
    manifest = results.read_manifest()
    results.write_manifest({**manifest, "options": {"merge": {"trust": ["sound"]}}})
    make_connections(tmp_path)

    rows = pq.read_table(tmp_path / "tables" / "connections.parquet").to_pylist()
    assert [(row["capture"], row["state"]) for row in rows] == [("b", "S1"), ("a", "OTH")]


def test_connections__of_times_as_far_apart_as_can_be_are_several(tmp_path):
    rows = connections(tmp_path, [{**UDP, "time": -(2**62) - 2**61}, {**UDP, "time": 2**62 + 2**61}])

    assert [row["duration_seconds"] for row in rows] == [0.0, 0.0]
