from collections import defaultdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.errors import ResultsError
from batchgraph.graph.flows import write_capture_flows, write_combined_flows
from batchgraph.schema import COMBINED_FLOW_COLUMNS, FLOW_COLUMNS, FLOW_KEY, arrow_schema
from tests.graph.edge_records import UDP, write_results

TRUST = ("sound", "repaired")


def flow_table(folder, rows, *, capture="a", trust=TRUST, threads=1, part_rows=1000):
    results = write_results(folder, {capture: rows}, part_rows=part_rows)
    path = results.flows(capture)
    write_capture_flows(results.edge_parts(capture), path, capture=capture, trust=trust, threads=threads)
    return pq.read_table(path)


def flows_of(folder, rows, **options):
    """Flows as dictionaries, times as nanoseconds."""
    table = flow_table(folder, rows, **options)
    for name in ("first", "last"):
        index = table.schema.get_field_index(name)
        table = table.set_column(index, name, table[name].combine_chunks().view(pa.int64()))
    return table.to_pylist()


def test_flow__adds_up_packets_octets_load_and_flags(tmp_path):
    tcp = {**UDP, "type": "TCP", "proto": 6}
    rows = [
        {**tcp, "wire_len": 60, "load": 0, "tcp_flags": 0x002},
        {**tcp, "wire_len": 1514, "load": 1460, "tcp_flags": 0x110},
    ]

    (flow,) = flows_of(tmp_path, rows)

    assert (flow["packets"], flow["octets"], flow["load"], flow["tcp_flags"]) == (2, 1574, 1460, 0x112)


def test_flow__sums_exceed_32_bits(tmp_path):
    (flow,) = flows_of(tmp_path, [{**UDP, "wire_len": 2**32 - 1, "load": 2**32 - 1}] * 3)

    assert (flow["octets"], flow["load"]) == (3 * (2**32 - 1), 3 * (2**32 - 1))


def test_flow__times_keep_every_nanosecond(tmp_path):
    rows = [{**UDP, "time": 1234567890123456790}, {**UDP, "time": 1234567890123456789}]

    (flow,) = flows_of(tmp_path, rows)

    assert (flow["first"], flow["last"]) == (1234567890123456789, 1234567890123456790)


def test_flow__times_reach_the_ends_of_64_bits(tmp_path):
    (flow,) = flows_of(tmp_path, [{**UDP, "time": 2**63 - 1}, {**UDP, "time": -(2**63) + 1}])

    assert (flow["first"], flow["last"]) == (-(2**63) + 1, 2**63 - 1)


def test_flow__times_that_are_missing_do_not_count(tmp_path):
    (flow,) = flows_of(tmp_path, [{**UDP, "time": None}, {**UDP, "time": 5}])

    assert (flow["first"], flow["last"]) == (5, 5)


def test_flow__without_any_time_has_none(tmp_path):
    (flow,) = flows_of(tmp_path, [UDP])

    assert (flow["first"], flow["last"]) == (None, None)


def test_flow__load_that_is_missing_counts_nothing(tmp_path):
    (flow,) = flows_of(tmp_path, [{**UDP, "load": None}])

    assert flow["load"] == 0


def test_flow__flags_that_are_missing_stay_missing(tmp_path):
    (flow,) = flows_of(tmp_path, [UDP])

    assert flow["tcp_flags"] is None


def test_flow__goes_in_one_direction(tmp_path):
    back = {**UDP, "src": UDP["dst"], "dst": UDP["src"], "sport": UDP["dport"], "dport": UDP["sport"]}

    assert len(flows_of(tmp_path, [UDP, back])) == 2


def test_flow__nulls_of_the_key_are_equal(tmp_path):
    later_fragment = {**UDP, "sport": None, "dport": None}

    flows = flows_of(tmp_path, [later_fragment, later_fragment, UDP])

    assert [(flow["sport"], flow["packets"]) for flow in flows] == [(None, 2), (5353, 1)]


@pytest.mark.parametrize("missing", ["src", "dst"])
def test_flow__packet_without_an_address_is_in_none(tmp_path, missing):
    assert flows_of(tmp_path, [{**UDP, missing: None}]) == []


def test_flow__arp_is_one_between_protocol_addresses(tmp_path):
    (flow,) = flows_of(tmp_path, [{"src": "10.0.0.1", "dst": "10.0.0.2", "type": "ARP"}])

    assert (flow["type"], flow["proto"], flow["packets"]) == ("ARP", None, 1)


@pytest.mark.parametrize(("trust", "packets"), [(TRUST, 2), (("sound",), 1), (("sound", "repaired", "suspect"), 3)])
def test_flow__counts_packets_of_the_trust_asked_for(tmp_path, trust, packets):
    rows = [{**UDP, "trust": value} for value in ("sound", "repaired", "suspect")]

    (flow,) = flows_of(tmp_path, rows, trust=trust)

    assert flow["packets"] == packets


def test_flows__are_ordered_by_key_nulls_first_text_by_octets(tmp_path):
    keys = [("10.0.0.9", 1), ("10.0.0.10", None), ("10.0.0.10", 0), ("é", 1), ("a", 1), ("Z", 1)]

    flows = flows_of(tmp_path, [{**UDP, "src": src, "sport": sport} for src, sport in keys])

    assert [(flow["src"], flow["sport"]) for flow in flows] == [
        ("10.0.0.10", None),
        ("10.0.0.10", 0),
        ("10.0.0.9", 1),
        ("Z", 1),
        ("a", 1),
        ("é", 1),
    ]


def test_flows__have_the_declared_schema(tmp_path):
    schema = flow_table(tmp_path, [UDP]).schema

    assert schema.equals(arrow_schema(FLOW_COLUMNS, capture="a"), check_metadata=True)


def test_flows__name_their_capture(tmp_path):
    (flow,) = flows_of(tmp_path, [UDP], capture="lan.pcap")

    assert flow["capture"] == "lan.pcap"


@pytest.mark.parametrize("name", ["run[1]", "run?", "run*", "[", "**", "a b'\"", "http:", "é{1}$(x)"])
def test_flows__of_a_folder_with_any_name_are_its_own(tmp_path, name):
    flow_table(tmp_path / "run1", [UDP])

    assert flow_table(tmp_path / name, [UDP, UDP])["packets"].to_pylist() == [2]


def test_flows__from_parts_that_are_not_whole_raise(tmp_path):
    results = write_results(tmp_path, {"a": [UDP]})
    part = results.edges_part("a")
    part.write_bytes(part.read_bytes()[:-20])

    with pytest.raises(ResultsError, match="not whole"):
        write_capture_flows([part], results.flows("a"), capture="a", trust=TRUST)


def test_flows__leave_nothing_of_the_spill_behind(tmp_path):
    flow_table(tmp_path, [UDP])

    assert [path.name for path in (tmp_path / "flows").iterdir()] == ["a.parquet"]


_few = st.sampled_from
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "src": _few([None, "10.0.0.1", "10.0.0.2", "::1"]),
            "dst": _few([None, "10.0.0.1", "ff02::1"]),
            "type": _few([None, "TCP", "UDP"]),
            "proto": _few([None, 6, 17]),
            "sport": _few([None, 0, 65535]),
            "time": st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
            "load": st.none() | st.integers(0, 2**32 - 1),
            "wire_len": st.integers(0, 2**32 - 1),
            "tcp_flags": st.none() | st.integers(0, 511),
            "trust": _few(["sound", "suspect"]),
        }
    ),
    min_size=1,
    max_size=40,
)


def plain_flows(rows):
    """Add up flows the plain way."""
    groups = defaultdict(list)
    for row in rows:
        if row["src"] is not None and row["dst"] is not None and row["trust"] in TRUST:
            groups[tuple(row.get(name) for name in FLOW_KEY)].append(row)
    return {key: _plain_sums(group) for key, group in groups.items()}


def _plain_sums(rows):
    times = [row["time"] for row in rows if row["time"] is not None]
    flags = None
    for row in rows:
        if row["tcp_flags"] is not None:
            flags = (flags or 0) | row["tcp_flags"]
    return {
        "packets": len(rows),
        "octets": sum(row["wire_len"] for row in rows),
        "load": sum(row["load"] or 0 for row in rows),
        "first": min(times, default=None),
        "last": max(times, default=None),
        "tcp_flags": flags,
    }


@given(_rows)
@settings(deadline=None, max_examples=25)
def test_flows__equal_those_added_up_plainly(tmp_path_factory, rows):
    flows = flows_of(tmp_path_factory.mktemp("flows"), rows, part_rows=7)

    found = {tuple(flow.pop(name) for name in FLOW_KEY): flow for flow in flows}
    assert found == {key: {"capture": "a", **sums} for key, sums in plain_flows(rows).items()}


@given(_rows)
@settings(deadline=None, max_examples=10)
def test_flows__bytes_do_not_depend_on_threads_or_parts(tmp_path_factory, rows):
    one, other = (tmp_path_factory.mktemp(name) for name in ("one", "other"))
    flow_table(one, rows, threads=1, part_rows=1000)
    flow_table(other, rows, threads=4, part_rows=3)

    assert (one / "flows/a.parquet").read_bytes() == (other / "flows/a.parquet").read_bytes()


def combined(folder, captures):
    results = write_results(folder, captures)
    for capture in captures:
        parts = results.edge_parts(capture)
        write_capture_flows(parts, results.flows(capture), capture=capture, trust=TRUST)
    write_combined_flows([results.flows(capture) for capture in captures], results.flows())
    return pq.read_table(results.flows())


def test_combined_flows__sum_over_captures_and_count_them(tmp_path):
    other = {**UDP, "sport": 1}

    flows = combined(tmp_path, {"a": [UDP, UDP, other], "b": [UDP]}).to_pylist()

    assert [(flow["sport"], flow["packets"], flow["captures"]) for flow in flows] == [(1, 1, 1), (5353, 3, 2)]


def test_combined_flows__span_the_times_of_all(tmp_path):
    table = combined(tmp_path, {"a": [{**UDP, "time": 1234567890123456789}], "b": [{**UDP, "time": 1}]})

    assert table["first"].cast(pa.int64()).to_pylist() == [1]
    assert table["last"].cast(pa.int64()).to_pylist() == [1234567890123456789]


def test_combined_flows__have_the_declared_schema(tmp_path):
    schema = combined(tmp_path, {"a": [UDP]}).schema

    assert schema.equals(arrow_schema(COMBINED_FLOW_COLUMNS), check_metadata=True)


def test_combined_flows__of_no_captures_are_an_empty_table(tmp_path):
    assert combined(tmp_path, {}).num_rows == 0


def test_combined_flows__of_one_capture_are_the_octets_that_adding_up_gives(tmp_path):
    rows = [{**UDP, "sport": port % 3 or None, "time": port} for port in range(7)]
    combined(tmp_path / "one", {"a": rows})
    combined(tmp_path / "two", {"a": rows, "b": [{**UDP, "dst": None}]})  # the packet of b is in no flow

    one, two = ((tmp_path / name / "flows" / "combined.parquet").read_bytes() for name in ("one", "two"))

    assert one == two
