import csv
from pathlib import Path

from tests.pipelines.making import make_pipeline

PIPELINE = Path(__file__).parents[2] / "pipelines" / "scan-or-sweep"


def expected(name):
    with (PIPELINE / "expected" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_findings__are_of_the_scanner_alone():
    # sample_pcaps/README.md: 10.20.0.66 scans, in portscan.pcap.
    assert {(row["capture"], row["host"]) for row in expected("findings")} == {("portscan.pcap", "10.20.0.66")}


def test_findings__are_sweeps_and_scans_of_the_size_recorded():
    # sample_pcaps/README.md: ARP requests for .1 to .30, echo requests to the 7 of them that answer, SYN scan of two.
    found = expected("findings")

    assert {(row["asked_for"], row["number"]) for row in found if row["kind"] == "sweep"} == {
        ("hosts by ARP", "30"),
        ("hosts by ICMP", "7"),
    }
    assert {row["asked_for"] for row in found if row["kind"] == "scan"} == {
        "TCP ports of 10.20.0.10",
        "TCP ports of 10.20.0.11",
    }


def test_pipeline__makes_the_expected_tables(tmp_path):
    process = make_pipeline(PIPELINE, tmp_path)

    assert process.returncode == 0, process.stdout + process.stderr
