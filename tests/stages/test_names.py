"""Names from the packets to the tables, the page and diff."""

import csv
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from batchgraph.graph import known_names
from batchgraph.graph.host_names import host_names
from batchgraph.naming.part import write_names
from batchgraph.naming.said import Collected, Said
from batchgraph.results import ResultsDirectory
from batchgraph.schema import NAME_COLUMNS, arrow_schema
from batchgraph.stages.diff import DiffOptions, compare
from batchgraph.stages.extract import extract
from batchgraph.stages.merge import merge
from batchgraph.stages.report import report
from batchgraph.stages.report_options import ReportOptions
from tests.graph.edge_records import UDP, write_results
from tests.naming.test_collect import frame_of
from tests.naming.test_dhcp import ACK, HOST_NAME, REQUEST, dhcp
from tests.naming.test_dns import ANSWER
from tests.stages.test_extract import pcap

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
SVG = ReportOptions(formats=("svg",))
KEY = "0000abcd 020000000001"


def parts(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted((folder / "names").rglob("*.parquet"))}


def written(tmp_path, *, notes=None, **captures):
    """Write results in which captures say names: a list of parts, each a list of (frame, said)."""
    results = write_results(tmp_path, {capture: [UDP] for capture in captures})
    for capture, told in captures.items():
        for number, part in enumerate(told):
            collected = Collected()
            for frame, *one in part:
                collected.add(frame, [Said(*one)])
            write_names(results.names_part(capture, number), capture, collected)
    manifest = results.read_manifest()
    manifest["inputs"][0]["notes"] = {"names": notes or {}}
    results.write_manifest(manifest)
    merge(tmp_path)
    return results


def table(results):
    with results.table("names").open(encoding="utf-8", newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


def reported(results):
    report(results.root, options=SVG)
    return table(results)


def test_extract__writes_the_declared_columns(tmp_path):
    extract([SAMPLES / "office.pcap"], tmp_path)

    read = pq.read_table(ResultsDirectory(tmp_path).names_part("office.pcap"))

    assert read.schema.remove_metadata() == arrow_schema(NAME_COLUMNS).remove_metadata()
    # What the server of the sample's network answers, as sample_pcaps/README.md has it.
    told = set(zip(read["address"].to_pylist(), read["name"].to_pylist(), strict=True))
    assert {("10.20.0.10", "www.example"), ("10.20.0.11", "files.example")} <= told


def test_extract__gives_the_same_bytes_for_any_number_of_workers(tmp_path):
    for workers in (0, 2):
        extract([SAMPLES], tmp_path / str(workers), workers=workers)

    assert len(parts(tmp_path / "0")) > 3
    assert parts(tmp_path / "0") == parts(tmp_path / "2")


def test_extract__writes_no_file_where_nothing_is_said(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap(frame_of(b"")))
    extract([tmp_path / "a.pcap"], tmp_path / "out")

    assert parts(tmp_path / "out") == {}
    assert not (tmp_path / "out" / "names" / "a.pcap").exists()


def test_extract__does_again_what_lost_its_names(tmp_path):
    for _ in range(2):
        extract([SAMPLES / "office.pcap"], tmp_path)
        before = parts(tmp_path)
        shutil.rmtree(tmp_path / "names")
    extract([SAMPLES / "office.pcap"], tmp_path)

    assert parts(tmp_path) == before


def test_extract__forgets_names_of_captures_that_are_gone(tmp_path):
    extract([SAMPLES / "office.pcap", SAMPLES / "beacon.pcap"], tmp_path)
    extract([SAMPLES / "office.pcap"], tmp_path)

    assert [path.name for path in (tmp_path / "names").iterdir()] == ["office.pcap"]


def test_table__takes_no_names_of_a_capture_without_rows(tmp_path):
    results = written(tmp_path, a=[[(1, "10.0.0.1", "a", "dns")]])
    manifest = results.read_manifest()
    manifest["inputs"][0]["rows"] = 0

    assert host_names(results, manifest) == {}


def test_table__has_the_first_packet_and_the_number_of_all(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap(frame_of(b""), frame_of(ANSWER), frame_of(ANSWER)))
    extract([tmp_path / "a.pcap"], tmp_path / "out")
    merge(tmp_path / "out")

    assert reported(ResultsDirectory(tmp_path / "out")) == [
        ("combined", "10.20.0.10", "www.example", "dns", "", "2"),
        ("a.pcap", "10.20.0.10", "www.example", "dns", "2", "2"),
    ]


def test_table__joins_the_halves_of_dhcp(tmp_path):
    ask, grant = dhcp(REQUEST, HOST_NAME), dhcp(ACK, op=2, given="0a000007")
    packets = [frame_of(ask, sport=68, dport=67), frame_of(grant, sport=67, dport=68)]
    (tmp_path / "a.pcap").write_bytes(pcap(*packets))
    extract([tmp_path / "a.pcap"], tmp_path / "out")
    merge(tmp_path / "out")

    assert reported(ResultsDirectory(tmp_path / "out"))[1:] == [("a.pcap", "10.0.0.7", "laptop", "dhcp", "2", "1")]


def test_table__joins_parts(tmp_path):
    halves = [(1, KEY, "pc", "dhcp-request"), (2, "10.0.0.1", "a", "dns")], [(9, "10.0.0.7", KEY, "dhcp-ack")]
    again = [(8, "10.0.0.1", "a", "dns"), *halves[1]]

    assert reported(written(tmp_path, a=[halves[0], again]))[2:] == [
        ("a", "10.0.0.1", "a", "dns", "2", "2"),
        ("a", "10.0.0.7", "pc", "dhcp", "9", "1"),
    ]


def test_dhcp__that_asks_after_the_grant_names_nobody(tmp_path):
    told = [(1, "10.0.0.7", KEY, "dhcp-ack"), (2, KEY, "pc", "dhcp-request")]

    assert reported(written(tmp_path, a=[told])) == []


def test_table__has_the_likeliest_name_of_an_address_first(tmp_path):
    said = [(1, "10.0.0.1", "rare", "dns"), (2, "10.0.0.1", "often", "dns"), (3, "10.0.0.1", "often", "dns")]
    results = written(tmp_path, a=[[*said, (4, "10.0.0.1", "own", "dhcp")]])

    assert [row[2] for row in reported(results) if row[0] == "a"] == ["own", "often", "rare"]


@pytest.mark.parametrize("split", [False, True])
def test_limit__is_of_the_capture_and_said(tmp_path, monkeypatch, split):
    monkeypatch.setattr(known_names, "_KEPT", known_names._KEPT.replace("100000", "2"))
    said = [(frame, "10.0.0.1", f"n{frame}", "dns") for frame in (1, 2, 3)]
    results = written(tmp_path, a=[said[:2], said[2:]] if split else [said])

    assert [row[2:] for row in reported(results) if row[0] == "a"] == [
        ("n1", "dns", "1", ""),
        ("n2", "dns", "2", ""),
    ]
    assert json.loads(results.manifest_path.read_text())["names_cut"] == ["a"]


def test_names__hostile_ones_are_harmless_everywhere(tmp_path):
    hostile = "=cmd|'/c calc'!a1<script>alert(1)</script>"
    name = frame_of(ANSWER.replace(b"\x03www", bytes([len(hostile)]) + hostile.encode()))
    control = frame_of(ANSWER.replace(b"\x03www", b"\x09\x1b]0;x\x07\r\n<"))
    (tmp_path / "a.pcap").write_bytes(pcap(name, control, frame_of(b"x", src="0a14000a")))
    extract([tmp_path / "a.pcap"], tmp_path / "out")
    merge(tmp_path / "out")
    results = ResultsDirectory(tmp_path / "out")

    assert {row[2] for row in reported(results)} == {
        f"'{hostile}.example",
        "\\x1b]0;x\\x07\\x0d\\x0a<.example",
    }
    assert "<script>alert" not in results.page.read_text(encoding="utf-8")


def test_notes__of_captures_are_names_too(tmp_path):
    results = written(tmp_path, a=[], notes={"10.0.0.1": ["pc\x1b1"]})

    assert reported(results) == [
        ("combined", "10.0.0.1", "pc\\x1b1", "capture", "", ""),
        ("a", "10.0.0.1", "pc\\x1b1", "capture", "", ""),
    ]


@pytest.mark.parametrize("is_reported", [False, True])
def test_host_names__are_the_same_before_the_table_is_there(tmp_path, is_reported):
    results = written(tmp_path, a=[[(1, "10.0.0.1", "dns.x", "dns"), (2, "10.0.0.1", "own", "mdns")]])
    if is_reported:
        report(tmp_path, options=SVG)

    assert host_names(results, results.read_manifest()) == {"10.0.0.1": "own"}


def test_page__shows_names(tmp_path):
    results = written(tmp_path, a=[[(1, "10.0.0.1", "pc.example", "dns")]])
    report(tmp_path, options=SVG)

    assert "10.0.0.1 (pc.example)" in results.page.read_text(encoding="utf-8")


def test_diff__finds_a_host_again_by_what_packets_call_it(tmp_path):
    for run, address in (("before", "10.0.0.1"), ("after", "10.0.0.3")):
        results = write_results(tmp_path / run, {"a": [{**UDP, "src": address}]})
        collected = Collected()
        collected.add(1, [Said(address, "pc", "dns")])
        write_names(results.names_part("a"), "a", collected)
        merge(tmp_path / run)

    assert compare(tmp_path / "before", tmp_path / "after", options=DiffOptions(match="name")).findings == ()
