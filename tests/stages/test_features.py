import csv
import json
import math

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from batchgraph.errors import ResultsError, UsageError
from batchgraph.features.declared import HOST_FEATURES, LABEL, PAIR_FEATURES
from batchgraph.sizes import MIB
from batchgraph.stages.extract import extract
from batchgraph.stages.features import FeatureOptions, make_features
from batchgraph.stages.merge import merge
from tests.bench.many_hosts import write_many_hosts
from tests.graph.edge_records import UDP, write_results

SECOND = 10**9
A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def tcp(src, dst, sport, dport, flags, *, time, load=0, wire_len=60):
    return {
        "src": src, "dst": dst, "sport": sport, "dport": dport, "type": "TCP", "proto": 6, "tcp_flags": flags,
        "load": load, "time": time, "wire_len": wire_len,
    }  # fmt: skip


# A asks B for port 22, is refused by B at port 23 and left without an answer by C; C pings A.
ROWS = [
    tcp(A, B, 40000, 22, 2, time=0),
    tcp(B, A, 22, 40000, 18, time=1 * SECOND, wire_len=62),
    tcp(A, B, 40000, 22, 24, time=2 * SECOND, load=40, wire_len=100),
    tcp(A, B, 40001, 23, 2, time=4 * SECOND),
    tcp(B, A, 23, 40001, 20, time=5 * SECOND),
    tcp(A, C, 40002, 22, 2, time=7 * SECOND),
    tcp(A, C, 40002, 22, 2, time=8 * SECOND),
    {"src": C, "dst": A, "type": "ICMP", "proto": 1, "icmp_type": 8, "icmp_code": 0, "load": 56, "wire_len": 98,
     "time": 65 * SECOND},
]  # fmt: skip


def features(out, captures, **options):
    write_results(out, captures)
    merge(out)
    make_features(out, options=FeatureOptions(**options))
    return tables(out)


def tables(out):
    hosts, pairs = (pq.read_table(out / "features" / f"{name}.parquet").to_pylist() for name in ("hosts", "pairs"))
    return {row["host"]: row for row in hosts}, {(row["src"], row["dst"]): row for row in pairs}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return features(tmp_path_factory.mktemp("made"), {"a": ROWS})


# Every value here is counted by hand from ROWS.
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("capture", "a"),
        ("window", None),
        ("scope", "private"),
        ("packets_out", 5),
        ("packets_in", 3),
        ("octets_out", 60 + 100 + 60 + 60 + 60),
        ("octets_in", 62 + 60 + 98),
        ("load_out", 40),
        ("load_in", 56),
        ("peers", 2),
        ("fan_out", 2),
        ("fan_in", 2),
        ("ports_contacted", 2),  # 22 and 23
        ("services_contacted", 3),  # B's 22 and 23, C's 22
        ("ports_asked", 0),
        ("services_offered", 0),
        ("port_entropy_out", -(0.8 * math.log2(0.8) + 0.2 * math.log2(0.2))),  # four times 22, once 23
        ("port_entropy_in", 1.0),  # 40000 and 40001
        ("peer_entropy_out", -(0.6 * math.log2(0.6) + 0.4 * math.log2(0.4))),
        ("peer_entropy_in", -(2 / 3 * math.log2(2 / 3) + 1 / 3 * math.log2(1 / 3))),
        ("size_entropy_out", -(0.8 * math.log2(0.8) + 0.2 * math.log2(0.2))),
        ("size_entropy_in", math.log2(3)),
        ("size_mean_out", 68.0),
        ("size_deviation_out", 16.0),
        ("size_q25_out", 60.0),
        ("size_median_out", 60.0),
        ("size_q75_out", 60.0),
        ("size_median_in", 62.0),
        ("gap_mean_out", 2.0),  # 2, 2, 3 and 1 seconds
        ("gap_deviation_out", math.sqrt(0.5)),
        ("gap_q25_out", 1.75),
        ("gap_median_out", 2.0),
        ("gap_q75_out", 2.25),
        ("gap_mean_in", 32.0),  # 4 and 60 seconds
        ("fin_share_out", 0.0),
        ("syn_share_out", 0.8),
        ("rst_share_out", 0.0),
        ("psh_share_out", 0.2),
        ("ack_share_out", 0.2),
        ("urg_share_out", 0.0),
        ("connections_begun", 3),
        ("failed_share", 2 / 3),
        ("begin_gap_mean", 3.5),  # at 0, 4 and 7 seconds
        ("begin_gap_deviation", 0.5),
        ("icmp_share", 0.125),
        ("reciprocity", 1.0),
        ("in_degree", 2),
        ("out_degree", 2),
        ("weighted_in_degree", 3),
        ("weighted_out_degree", 5),
        ("clustering", 0.0),
        ("core_number", 1),
        ("betweenness", 1.0),  # all paths between B and C
        ("closeness", 1.0),
        ("eigenvector", math.sqrt(0.5)),  # of a star of three
        ("centrality", "exact"),
        ("active_share", 8 / 66),  # seconds 0, 1, 2, 4, 5, 7, 8 and 65 of 66
    ],
)
def test_host__feature_is_as_counted_by_hand(made, name, value):
    hosts, _ = made

    assert hosts[A][name] == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("host", "asked", "offered"),
    [(B, 2, 1), (C, 1, 0)],  # B answers at 22 and refuses at 23, C is silent
)
def test_host__offers_services_that_answer_by_more_than_resets(made, host, asked, offered):
    assert (made[0][host]["ports_asked"], made[0][host]["services_offered"]) == (asked, offered)


def test_host__that_sends_nothing_has_no_means(tmp_path):
    hosts, _ = features(tmp_path, {"a": [UDP]})
    silent = hosts[UDP["dst"]]

    assert (silent["packets_out"], silent["size_mean_out"], silent["syn_share_out"]) == (0, None, None)
    assert (silent["gap_mean_in"], silent["peer_entropy_in"], silent["failed_share"]) == (None, 0.0, None)


def test_host__that_talks_to_itself_alone_has_no_peers(tmp_path):
    hosts, _ = features(tmp_path, {"a": [{**UDP, "dst": UDP["src"]}]})
    host = hosts[UDP["src"]]

    assert (host["packets_out"], host["packets_in"], host["peers"], host["in_degree"]) == (1, 1, 0, 0)
    assert (host["reciprocity"], host["clustering"], host["core_number"]) == (None, 0.0, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("packets", 3), ("octets", 220), ("load", 40), ("ports", 2), ("size_mean", 220 / 3), ("size_median", 60.0),
        ("gap_mean", 2.0), ("gap_deviation", 0.0), ("connections_begun", 2), ("failed_share", 0.5),
        ("begin_gap_mean", 4.0), ("reciprocated", True),
    ],
)  # fmt: skip
def test_pair__feature_is_as_counted_by_hand(made, name, value):
    _, pairs = made

    assert pairs[A, B][name] == (pytest.approx(value) if isinstance(value, float) else value)


def test_tables__have_the_declared_columns(made, tmp_path):
    features(tmp_path, {"a": ROWS})

    assert pq.read_schema(tmp_path / "features/hosts.parquet").names == [f.name for f in HOST_FEATURES]
    assert pq.read_schema(tmp_path / "features/pairs.parquet").names == [f.name for f in PAIR_FEATURES]
    for name in ("hosts", "pairs"):
        with (tmp_path / "features" / f"{name}.csv").open(newline="") as file:
            titles = next(csv.reader(file))
        assert titles == pq.read_schema(tmp_path / f"features/{name}.parquet").names


@pytest.mark.parametrize("feature", [*HOST_FEATURES, *PAIR_FEATURES, LABEL], ids=lambda feature: feature.name)
def test_feature__says_what_it_is(feature):
    assert feature.definition
    assert feature.source
    assert feature.column.arrow_type() is not None


def test_windows__have_a_row_for_each_host_that_is_in_them(tmp_path):
    write_results(tmp_path, {"a": ROWS})
    merge(tmp_path)
    make_features(tmp_path, options=FeatureOptions(window="60s"))
    table = pq.read_table(tmp_path / "features" / "hosts.parquet", columns=["window", "host", "packets_out"])

    starts = table["window"].cast("int64").to_pylist()
    assert list(zip(starts, table["host"].to_pylist(), table["packets_out"].to_pylist(), strict=True)) == [
        (0, A, 5), (0, B, 2), (0, C, 0), (60 * SECOND, A, 0), (60 * SECOND, C, 1),
    ]  # fmt: skip


def test_windows__leave_out_packets_without_time(tmp_path):
    assert features(tmp_path, {"a": [UDP]}, window="60s") == ({}, {})


def test_connections_begun__are_answered_in_whatever_window(tmp_path):
    rows = [tcp(A, B, 1, 22, 2, time=59 * SECOND), tcp(B, A, 22, 1, 18, time=61 * SECOND)]
    write_results(tmp_path, {"a": rows})
    merge(tmp_path)
    make_features(tmp_path, options=FeatureOptions(window="60s"))

    shares = pq.read_table(tmp_path / "features" / "pairs.parquet")["failed_share"].to_pylist()
    assert shares == [0.0, None]


def test_rows__are_in_the_order_of_captures_windows_and_hosts(tmp_path):
    write_results(tmp_path, {"b": ROWS, "a": ROWS[:2]})
    merge(tmp_path)
    make_features(tmp_path)
    table = pq.read_table(tmp_path / "features" / "hosts.parquet")

    assert list(zip(table["capture"].to_pylist(), table["host"].to_pylist(), strict=True)) == [
        ("b", A), ("b", B), ("b", C), ("a", A), ("a", B),
    ]  # fmt: skip


def test_rows__do_not_depend_on_how_hosts_are_parted(tmp_path, monkeypatch):
    features(tmp_path, {"a": ROWS})
    whole = {path.name: path.read_bytes() for path in (tmp_path / "features").iterdir()}
    monkeypatch.setattr("batchgraph.features.build.PART_PACKETS", 0)
    make_features(tmp_path)

    assert {path.name: path.read_bytes() for path in (tmp_path / "features").iterdir()} == whole


def test_many_hosts__take_no_more_memory_than_there_is(tmp_path, monkeypatch):
    capture = tmp_path / "c.pcap"
    write_many_hosts(capture, packets=350_000, hosts=150_000)
    extract([capture], tmp_path / "out")
    merge(tmp_path / "out")
    monkeypatch.setattr("batchgraph.features.build.MOST_MEMORY", (384 + 64) * MIB)  # 64 MiB of it for queries
    make_features(tmp_path / "out")

    hosts, pairs = (pq.read_table(tmp_path / "out" / "features" / f"{name}.parquet") for name in ("hosts", "pairs"))
    assert len(hosts) == 150_000
    assert pc.sum(hosts["packets_in"]).as_py() == pc.sum(pairs["packets"]).as_py() == 350_000


def test_spreads__are_those_of_numpy(tmp_path):
    random = np.random.default_rng(7)
    times, sizes = np.sort(random.integers(0, 10**12, 200)), random.integers(60, 1500, 200)
    rows = [{**UDP, "time": int(time), "wire_len": int(size)} for time, size in zip(times, sizes, strict=True)]
    host = features(tmp_path, {"a": rows})[0][UDP["src"]]
    gaps = np.diff(times) / 1e9

    for name, values in (("size", sizes), ("gap", gaps)):
        expected = (values.mean(), values.std(), *np.quantile(values, [0.25, 0.5, 0.75]))
        names = [f"{name}_{part}_out" for part in ("mean", "deviation", "q25", "median", "q75")]
        assert [host[part] for part in names] == pytest.approx(expected)


def test_rows__do_not_depend_on_how_captures_are_grouped_and_parted(tmp_path, monkeypatch):
    random = np.random.default_rng(3)
    rows = [
        {**UDP, "src": f"10.0.0.{a}", "dst": f"10.0.0.{b}", "time": int(time), "wire_len": int(size)}
        for a, b, time, size in zip(
            *random.integers(0, 5, (2, 300)), random.integers(0, 10**17, 300), random.integers(60, 1500, 300),
            strict=True,
        )
    ]  # fmt: skip
    write_results(
        tmp_path,
        {"a": rows, "b": rows[::2], "c": [{**row, "time": row["time"] // 10**6} for row in rows[:9]]},
        part_rows=7,
    )
    merge(tmp_path)
    make_features(tmp_path)
    whole = {path.name: path.read_bytes() for path in (tmp_path / "features").iterdir()}
    monkeypatch.setattr("batchgraph.stages.connections.GROUP_ROWS", 1)
    monkeypatch.setattr("batchgraph.features.build.PART_PACKETS", 0.2)
    make_features(tmp_path)

    assert {path.name: path.read_bytes() for path in (tmp_path / "features").iterdir()} == whole


def test_answers__in_another_capture_do_not_count(tmp_path):
    write_results(tmp_path, {"a": [tcp(A, B, 1, 22, 2, time=0)], "b": [tcp(B, A, 22, 1, 18, time=1)]})
    merge(tmp_path)
    make_features(tmp_path)

    assert pq.read_table(tmp_path / "features" / "pairs.parquet")["failed_share"].to_pylist() == [1.0, None]


def test_spreads__of_times_over_decades_are_those_of_numpy(tmp_path):
    times = np.sort(np.random.default_rng(7).integers(0, 3 * 10**18, 50))
    host = features(tmp_path, {"a": [{**UDP, "time": int(time)} for time in times]})[0][UDP["src"]]

    assert host["gap_deviation_out"] == pytest.approx(np.diff(times / 1e9).std(), rel=1e-6)


def test_times__as_far_apart_as_can_be_are_taken(tmp_path):
    host = features(tmp_path, {"a": [{**UDP, "time": -(2**62) - 2**61}, {**UDP, "time": 2**62 + 2**61}]})[0][UDP["src"]]

    assert (host["packets_out"], host["gap_mean_out"]) == (2, None)


def labels(path, text):
    path.write_text(text)
    return path


def test_labels__are_the_last_column(tmp_path):
    file = labels(tmp_path / "labels.csv", f"host,label\n{A},client\n")
    hosts, _ = features(tmp_path / "out", {"a": ROWS}, labels=file)

    assert {host: row["label"] for host, row in hosts.items()} == {A: "client", B: None, C: None}
    assert list(hosts[A])[-1] == "label"


def test_labels__of_a_capture_hold_for_it_alone(tmp_path):
    file = labels(tmp_path / "labels.csv", f"capture,host,label\nb,{A},server\n,{A},client\n")
    write_results(tmp_path, {"a": ROWS[:1], "b": ROWS[:1]})
    merge(tmp_path)
    make_features(tmp_path, options=FeatureOptions(labels=file))
    table = pq.read_table(tmp_path / "features" / "hosts.parquet")

    assert table["label"].to_pylist() == ["client", None, "server", None]


@pytest.mark.parametrize("text", ["", "host\n1\n", f"host,label\n{A},x\n{A},y\n", "host,label\n\udc80,x\n"])
def test_labels__that_cannot_be_used_are_refused(tmp_path, text):
    file = tmp_path / "labels.csv"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    write_results(tmp_path, {"a": ROWS})
    merge(tmp_path)

    with pytest.raises(UsageError, match="labels"):
        make_features(tmp_path, options=FeatureOptions(labels=file))


def test_large_graphs__are_left_unmeasured_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr("batchgraph.features.measures.MOST_EDGES", 2)
    monkeypatch.setattr("batchgraph.features.build.MOST_EDGES", 2)
    hosts, _ = features(tmp_path, {"a": ROWS})
    said = json.loads(pq.read_schema(tmp_path / "features/hosts.parquet").metadata[b"batchgraph.features"])

    assert (hosts[A]["centrality"], hosts[A]["pagerank"], hosts[A]["in_degree"]) == ("none", None, 2)
    assert {"capture": "a", "feature": "pagerank", "reason": "3 hosts and 4 pairs are more than 2", "windows": 1} in (
        said["left_out"]
    )


def test_captures__without_addresses_give_no_rows(tmp_path):
    assert features(tmp_path, {"a": [{"eth_src": "02:00:00:00:00:01"}], "none": []}) == ({}, {})


def test_manifest__tells_of_the_stage(tmp_path):
    write_results(tmp_path, {"a": ROWS})
    merge(tmp_path)

    assert make_features(tmp_path)["options"]["features"] == {"window": None, "labels": False}


def test_features__before_merge_say_what_to_do(tmp_path):
    write_results(tmp_path, {"a": ROWS})

    with pytest.raises(ResultsError, match="batchgraph merge"):
        make_features(tmp_path)


def test_options__with_a_window_that_is_none_are_refused():
    with pytest.raises(UsageError):
        FeatureOptions(window="soon")
