"""The first stage: rows, statuses and what ``run.json`` says of each input."""

import json
import os
import shutil
import struct
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from batchgraph import wire
from batchgraph.capture.find import find_captures
from batchgraph.decode.columns import RowGroup
from batchgraph.errors import NoCapturesError, OutputError
from batchgraph.results import ResultsDirectory
from batchgraph.schema import edge_schema
from batchgraph.stages import extract as stage
from batchgraph.stages.capture_task import ExtractOptions, ExtractTask
from batchgraph.stages.extract import extract
from batchgraph.stages.input_record import describe
from batchgraph.wire import Header, Space
from tests.decode.decoding import ETHERNET, ipv4, octets, plain_rows, udp

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
FRAME = octets(ETHERNET, "0800", ipv4(17, udp("61")))


def pcap(*packets: bytes, link_type: int = 1) -> bytes:
    """Write a classic pcap file (draft-ietf-opsawg-pcap, sections 4 and 5), a packet a second."""
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type)
    records = (struct.pack("<IIII", 1000 + i, 0, len(p), len(p)) + p for i, p in enumerate(packets))
    return header + b"".join(records)


@pytest.fixture
def run(tmp_path):
    """Extract files given by name and octets; gives the records by path, and the results directory."""

    def extract_files(files, **options):
        folder, out = tmp_path / "captures", tmp_path / "results"
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        manifest = extract([folder], out, options=ExtractOptions(**options))
        return {record["path"]: record for record in manifest["inputs"]}, ResultsDirectory(out)

    return extract_files


def rows_of(results, capture):
    (part,) = results.edge_parts(capture)
    return pq.read_table(part)


def test_extract__writes_a_row_for_every_packet(run):
    records, results = run({"a.pcap": pcap(FRAME, FRAME[:20], b"")})

    table = rows_of(results, records["a.pcap"]["capture"])

    assert table["frame"].to_pylist() == [1, 2, 3]
    assert table["status"].to_pylist() == ["ok", "malformed", "malformed"]


def test_extract__writes_the_declared_schema(run):
    _records, results = run({"a.pcap": pcap(FRAME)})

    schema = rows_of(results, "a.pcap").schema

    assert schema.remove_metadata() == edge_schema().remove_metadata()
    assert schema.metadata[b"batchgraph.format_version"] == b"1"
    assert schema.field("wire_len").metadata[b"unit"] == b"octets"


def test_extract__numbers_frames_through_row_groups(run, monkeypatch):
    monkeypatch.setattr(RowGroup.__init__, "__defaults__", (100,))
    _records, results = run({"a.pcap": pcap(*[FRAME] * 250)})

    assert rows_of(results, "a.pcap")["frame"].to_pylist() == list(range(1, 251))
    assert pq.read_metadata(results.edges_part("a.pcap")).num_row_groups == 3


def test_record__counts_statuses_and_where_decoding_stopped(run):
    records, _ = run({"a.pcap": pcap(FRAME, FRAME[:20])})

    record = records["a.pcap"]

    assert record["statuses"] == {"ok": 1, "malformed": 1}
    assert record["stopped_in"] == {"ipv4": 1}
    assert record["trust"] == {"sound": 2}
    assert (record["packets"], record["rows"], record["link_types"]) == (2, 2, [1])


def test_record__accounts_for_every_octet(run):
    content = pcap(FRAME, FRAME)
    records, _ = run({"a.pcap": content})

    record = records["a.pcap"]

    assert record["size"] == len(content)
    assert sum(record["octets"].values()) == len(content)


def test_cut_off_capture__keeps_what_is_whole_and_is_partial(run):
    records, results = run({"a.pcap": pcap(FRAME, FRAME)[:-5], "b.pcap": pcap(FRAME)})

    assert (records["a.pcap"]["status"], records["a.pcap"]["rows"]) == ("partial", 1)
    assert (records["b.pcap"]["status"], records["b.pcap"]["rows"]) == ("ok", 1)
    assert len(rows_of(results, "a.pcap")) == 1


def test_unknown_link_type__keeps_rows_and_is_unsupported(run):
    records, _results = run({"a.pcap": pcap(FRAME, link_type=209)})

    record = records["a.pcap"]

    assert (record["status"], record["rows"]) == ("unsupported", 1)
    assert record["problems"][0]["what"] == "no decoder for link type 209 (IPMB_LINUX)"


def test_file_that_is_no_capture__is_unsupported_without_rows(run):
    records, results = run({"a.pcap": b"Dear reader, this is no capture.\n" * 10, "b.pcap": pcap(FRAME)})

    assert (records["a.pcap"]["status"], records["a.pcap"]["rows"]) == ("unsupported", 0)
    assert not results.edges_folder(records["a.pcap"]["capture"]).exists()


def test_empty_file__is_empty(run):
    records, _ = run({"a.pcap": b"", "b.pcap": pcap(FRAME)})

    assert records["a.pcap"]["status"] == "empty"
    assert [problem["what"] for problem in records["a.pcap"]["problems"]] == ["the file is empty"]


def test_capture_without_packets__is_ok_without_edges(run):
    records, results = run({"a.pcap": pcap()})

    assert (records["a.pcap"]["status"], records["a.pcap"]["rows"]) == ("ok", 0)
    assert not results.edges_folder("a.pcap").exists()


def test_folder_without_captures__is_refused(tmp_path):
    (tmp_path / "captures").mkdir()

    with pytest.raises(NoCapturesError):
        extract([tmp_path / "captures"], tmp_path / "results")

    assert not (tmp_path / "results").exists()


def test_extract__removes_edges_of_captures_that_are_gone(run, tmp_path):
    run({"a.pcap": pcap(FRAME), "b.pcap": pcap(FRAME)})
    (tmp_path / "captures" / "a.pcap").unlink()

    _, results = run({"b.pcap": pcap(FRAME)})

    assert [path.name for path in (results.root / "edges").iterdir()] == ["b.pcap"]


def test_extract__says_when_it_cannot_write(tmp_path):
    out = tmp_path / "results"
    out.write_text("a file is in the way")
    shutil.copy(SAMPLES / "raw-ip.pcap", tmp_path / "a.pcap")

    with pytest.raises(OutputError, match="cannot write"):
        extract([tmp_path / "a.pcap"], out)


def test_manifest__is_what_stands_in_run_json(run):
    _, results = run({"a.pcap": pcap(FRAME)})

    manifest = json.loads(results.manifest_path.read_text())

    assert list(manifest) == ["format_version", "version", "options", "inputs", "passed_over"]
    assert manifest["options"] == {
        "extract": {"decoder": "table", "tunnels": "inner", "max_expanded": None, "split": 256 << 20}
    }


def test_manifest__names_no_place_of_the_machine(run, tmp_path):
    _, results = run({"a.pcap": pcap(FRAME)})

    assert str(tmp_path) not in results.manifest_path.read_text()


def test_scapy__gives_the_tables_rows_of_every_sample(tmp_path):
    by_table = extract([SAMPLES], tmp_path / "table")
    by_scapy = extract([SAMPLES], tmp_path / "scapy", options=ExtractOptions(decoder="scapy"))

    for record in by_table["inputs"]:
        capture = record["capture"]
        rows = plain_rows(rows_of(ResultsDirectory(tmp_path / "table"), capture))
        assert plain_rows(rows_of(ResultsDirectory(tmp_path / "scapy"), capture)) == rows, capture
    assert by_scapy["inputs"] == by_table["inputs"]


def test_outer__leaves_tunnels_closed(tmp_path):
    extract([SAMPLES / "vlan-tunnels.pcap"], tmp_path / "results", options=ExtractOptions(tunnels="outer"))

    table = rows_of(ResultsDirectory(tmp_path / "results"), "vlan-tunnels.pcap")

    assert table["tunnel"].null_count == len(table)
    assert {"UDP", "GRE", "IPv4", "IPv6"} <= set(table["type"].to_pylist())


def test_describe__is_one_line():
    problem = {"offset": 40213, "what": "record claims too much", "kept": "512 packets", "lost": "9 octets"}

    text = describe({"path": "fw1.pcap", "status": "partial"}, problem)

    assert text == ("fw1.pcap: partial, at octet 40,213: record claims too much; kept 512 packets; lost 9 octets")


def test_registered_protocol__is_carried_to_workers(tmp_path, monkeypatch):
    # VXLAN (RFC 7348, section 5) on a port of one's own.
    monkeypatch.setattr(wire, "_added", [])
    monkeypatch.setitem(stage.PACK_OCTETS, "table", 1)
    wire.register(Header("own_vxlan", {Space.UDP_PORT: (4799,)}, min_octets=8, then="ethernet", tunnel="vxlan-4799"))
    inner = ETHERNET + "0800" + ipv4(17, udp(), src="0a000001")
    packet = octets(ETHERNET, "0800", ipv4(17, udp("08000000 00000100" + inner, dport=4799)))
    for name in ("a.pcap", "b.pcap"):
        (tmp_path / name).write_bytes(pcap(packet))

    extract([tmp_path / "a.pcap", tmp_path / "b.pcap"], tmp_path / "results", workers=2)

    assert rows_of(ResultsDirectory(tmp_path / "results"), "b.pcap")["tunnel"].to_pylist() == ["vxlan-4799"]


def test_mpacket__is_ethernet_behind_its_preamble(run):
    # LINKTYPE_ETHERNET_MPACKET (IEEE 802.3br): preamble of seven octets and a start delimiter, then Ethernet.
    records, results = run({"a.pcap": pcap(octets("55" * 7 + "d5") + FRAME, link_type=274)})

    assert records["a.pcap"]["status"] == "ok"
    assert rows_of(results, "a.pcap")["src"].to_pylist() == ["192.0.2.1"]


def test_packs__hold_at_least_so_many_octets(tmp_path, monkeypatch):
    monkeypatch.setitem(stage.PACK_OCTETS, "table", 200)
    for name in "abcde":
        (tmp_path / f"{name}.pcap").write_bytes(pcap(FRAME))  # 24 + 16 + 43 octets
    tasks = [ExtractTask(found, "", ExtractOptions(), ()) for found in find_captures([tmp_path]).inputs]

    packs = list(stage._packs(tasks))

    assert [[task.found.capture[0] for task in pack] for pack in packs] == [["a", "b", "c"], ["d", "e"]]


@pytest.fixture
def two_names(tmp_path):
    """Extract a cut-off capture of two packets that has two names; gives the records of both."""
    folder = tmp_path / "captures"
    folder.mkdir()
    (folder / "a.pcap").write_bytes(pcap(FRAME, FRAME, FRAME)[:-1])
    os.link(folder / "a.pcap", folder / "b.pcap")
    return extract([folder], tmp_path / "results")["inputs"]


def test_second_name__counts_no_packets(two_names):
    assert [(record["path"], record["packets"], record["rows"]) for record in two_names] == [
        ("a.pcap", 2, 2),
        ("b.pcap", 0, 0),
    ]


def test_second_name__has_no_edge_records(two_names, tmp_path):
    assert [path.name for path in (tmp_path / "results" / "edges").iterdir()] == ["a.pcap"]


def test_second_name__is_no_better_than_the_first(two_names):
    first, second = two_names

    assert second["same_as"] == "a.pcap"
    assert second["status"] == "partial"
    assert [second[name] for name in ("sha256", "size", "octets", "problems")] == [
        first[name] for name in ("sha256", "size", "octets", "problems")
    ]
