"""Runs that are continued, and what they read again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batchgraph.receipts import forget
from batchgraph.results import STATE
from batchgraph.stages import capture_task as stage
from batchgraph.stages.capture_task import ExtractOptions
from batchgraph.stages.extract import extract
from batchgraph.stages.merge import MergeOptions, merge
from tests.stages.test_extract import FRAME, pcap

ROOT = Path(__file__).parents[2]


@pytest.fixture
def captures(tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    for name, n in (("a.pcap", 1), ("b.pcap", 2)):
        (folder / name).write_bytes(pcap(*[FRAME] * n))
    return folder


@pytest.fixture
def read(monkeypatch):
    """Give the names of the captures that were opened."""
    opened = []

    def open_and_note(path, **options):
        opened.append(Path(path).name)
        return open_capture(path, **options)

    open_capture = stage.open_capture
    monkeypatch.setattr(stage, "open_capture", open_and_note)
    return opened


def deliverables(out):
    files = (path for path in sorted(out.rglob("*")) if path.is_file() and STATE not in path.parts)
    return {path.relative_to(out): path.read_bytes() for path in files}


def test_extract__again_reads_nothing_and_gives_the_same(captures, tmp_path, read):
    extract([captures], tmp_path / "out")
    before = deliverables(tmp_path / "out")
    read.clear()

    extract([captures], tmp_path / "out")

    assert read == []
    assert deliverables(tmp_path / "out") == before


def test_extract__again_reads_what_has_changed_though_its_times_have_not(captures, tmp_path, read):
    extract([captures], tmp_path / "out")
    facts = (captures / "b.pcap").stat()
    (captures / "b.pcap").write_bytes(pcap(FRAME, FRAME[:-1] + b"b"))
    os.utime(captures / "b.pcap", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    read.clear()

    extract([captures], tmp_path / "out")

    assert read == ["b.pcap"]


def test_extract__by_other_options_reads_all_again(captures, tmp_path, read):
    extract([captures], tmp_path / "out")
    read.clear()

    extract([captures], tmp_path / "out", options=ExtractOptions(tunnels="outer"))

    assert read == ["a.pcap", "b.pcap"]


def test_extract__again_makes_what_was_damaged_anew(captures, tmp_path, read):
    extract([captures], tmp_path / "out")
    before = deliverables(tmp_path / "out")
    part = tmp_path / "out" / "edges" / "a.pcap" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-1])
    read.clear()

    extract([captures], tmp_path / "out")

    assert read == ["a.pcap"]
    assert deliverables(tmp_path / "out") == before


def test_extract__after_forgetting_reads_all_again(captures, tmp_path, read):
    extract([captures], tmp_path / "out")
    forget(tmp_path / "out")
    read.clear()

    extract([captures], tmp_path / "out")

    assert read == ["a.pcap", "b.pcap"]


def test_extract__of_a_capture_that_is_gone_leaves_no_receipt(captures, tmp_path):
    extract([captures], tmp_path / "out")
    (captures / "a.pcap").unlink()

    extract([captures], tmp_path / "out")

    assert [path.name for path in (tmp_path / "out" / STATE / "receipts" / "extract").iterdir()] == ["b.pcap.json"]


def test_merge__again_leaves_what_is_there(captures, tmp_path):
    extract([captures], tmp_path / "out")
    merge(tmp_path / "out")
    flows = tmp_path / "out" / "flows" / "a.pcap.parquet"
    before = flows.stat().st_mtime_ns, deliverables(tmp_path / "out")

    merge(tmp_path / "out")

    assert (flows.stat().st_mtime_ns, deliverables(tmp_path / "out")) == before


def test_merge__by_other_options_is_done_again(captures, tmp_path):
    extract([captures], tmp_path / "out")
    merge(tmp_path / "out")
    before = (tmp_path / "out" / "graphs" / "a.pcap.graphml").read_bytes()

    merge(tmp_path / "out", options=MergeOptions(by="pair"))

    assert (tmp_path / "out" / "graphs" / "a.pcap.graphml").read_bytes() != before


def test_run__that_was_killed_is_continued_to_the_same_bytes(captures, tmp_path, read):
    for number in range(40):
        (captures / f"more-{number:02d}.pcap").write_bytes(pcap(*[FRAME] * 3000))
    extract([captures], tmp_path / "undisturbed")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "batchgraph", "extract", captures, "--out", out, "--workers", "0", "--quiet"]

    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (out / STATE / "receipts" / "extract" / "b.pcap.json").exists():
            pass
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    assert not (out / "run.json").exists()
    read.clear()
    extract([captures], out)

    assert "b.pcap" not in read
    assert read
    assert deliverables(out) == deliverables(tmp_path / "undisturbed")
