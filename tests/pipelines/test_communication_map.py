import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PIPELINE = TOP / "pipelines" / "communication-map"


def make(folder, *arguments):
    programs = Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    variables = (f"BATCHGRAPH={programs / 'batchgraph'}", f"INTERPRETER={sys.executable}")
    command = ["make", *variables, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make everything in a copy, beside the samples."""
    top = tmp_path_factory.mktemp("top")
    folder = top / "pipelines" / PIPELINE.name
    shutil.copytree(PIPELINE, folder, ignore=shutil.ignore_patterns("results"))
    (top / "sample_pcaps").symlink_to(TOP / "sample_pcaps")
    return folder, make(folder)


def packets(**wanted):
    with (PIPELINE / "expected" / "packets.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if wanted.items() <= row.items()]


def test_pipeline__makes_the_expected_tables(made):
    _, process = made

    assert process.returncode == 0, process.stdout + process.stderr


def test_pipeline__draws_the_figure(made):
    folder, _ = made

    assert (folder / "results" / "communication-map.pdf").read_bytes().startswith(b"%PDF-")


def test_pipeline__fails_with_a_diff_if_a_table_is_not_as_expected(made):
    folder, _ = made
    expected = folder / "expected" / "graph.csv"
    original = expected.read_text()
    expected.write_text(original.replace("packets,233", "packets,234"))
    process = make(folder, "--assume-old=tables", "--assume-old=figure")
    expected.write_text(original)

    assert process.returncode != 0
    assert "\n-packets,234\n+packets,233\n" in process.stdout


def test_expected_packets__of_icmp_have_type_and_code_and_no_ports():
    rows = packets(type="ICMP")

    assert {(row["sport"], row["dport"]) for row in rows} == {("", "")}
    # RFC 792: echo reply, port unreachable, echo request
    assert {(row["icmp_type"], row["icmp_code"]) for row in rows} == {("0", "0"), ("3", "3"), ("8", "0")}


def test_expected_packets__have_the_times_of_the_capture():
    # tcpdump -tttt -r office.pcap 'ip' says 2026-11-24 06:46:35.817532 of its first packet.
    assert packets(frame="1")[0]["time"] == "2026-11-24T06:46:35.817532000Z"


@pytest.mark.parametrize(("type_", "number"), [("TCP", 104), ("UDP", 120), ("ICMP", 9)])
def test_expected_packets__are_as_many_as_tcpdump_counts(type_, number):
    # tcpdump -r office.pcap 'ip and tcp and not port 22 and not port 443', 'ip and udp', 'icmp'
    assert len(packets(type=type_)) == number
