"""Large captures: whatever the parts are, the results are those of the capture read in one piece."""

import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from batchgraph.capture import split
from batchgraph.parallel import WorkerLost
from batchgraph.results import STATE, ResultsDirectory
from batchgraph.stages import large, part_task
from batchgraph.stages.capture_task import ExtractOptions
from batchgraph.stages.extract import extract
from batchgraph.stages.guard import Limits
from batchgraph.stages.report_options import ReportOptions
from batchgraph.stages.run import run
from tests.damage.captures import make_capture
from tests.damage.damages import make_damaged
from tests.decode.decoding import plain_rows
from tests.stages.test_extract import FRAME, pcap

ROOT = Path(__file__).parents[2]


@pytest.fixture
def captures(tmp_path):
    """A sound capture some of whose payloads hold captures, a pcapng one, and a damaged one."""
    folder = tmp_path / "captures"
    folder.mkdir()
    (folder / "a.pcap").write_bytes(make_capture(1, "pcap", 60, carriers=0.3).octets.tobytes())
    (folder / "b.pcapng").write_bytes(make_capture(2, "pcapng-big", 40).octets.tobytes())
    (folder / "c.pcap").write_bytes(make_damaged("hole", 3, 60).octets.tobytes())
    return folder


def deliverables(out):
    """Give every file's octets but those of edge records and names, and ``run.json`` without the option."""
    files = {}
    for path in sorted(out.rglob("*")):
        place = path.relative_to(out)
        if path.is_file() and STATE not in place.parts and place.parts[0] not in ("edges", "names"):
            files[place] = path.read_bytes()
    manifest = json.loads(files.pop(Path("run.json")))
    del manifest["options"]["extract"]["split"]
    return files, json.dumps(manifest)


def rows(out):
    """Give the rows of every capture, in the order of its parts."""
    results = ResultsDirectory(out)
    return {
        folder.name: [row for part in results.edge_parts(folder.name) for row in plain_rows(pq.read_table(part))]
        for folder in sorted((out / "edges").iterdir())
    }


def parts(out, capture):
    return [path.name for path in ResultsDirectory(out).edge_parts(capture)]


def options(octets):
    return ExtractOptions(split=octets)


def test_run__gives_the_same_whatever_is_split(captures, tmp_path):
    drawn = ReportOptions(formats=("svg",))
    run([captures], tmp_path / "whole", extract_options=options(None), report_options=drawn)
    for octets in (2000, 30_000):
        out = tmp_path / str(octets)
        run([captures], out, extract_options=options(octets), report_options=drawn)

        assert len(parts(out, "a.pcap")) > 1
        assert rows(out) == rows(tmp_path / "whole")
        assert deliverables(out) == deliverables(tmp_path / "whole")


def test_extract__by_workers_gives_the_same_parts(captures, tmp_path):
    extract([captures], tmp_path / "here", options=options(3000))
    extract([captures], tmp_path / "there", options=options(3000), workers=2)

    for capture in ("a.pcap", "b.pcapng", "c.pcap"):
        folders = [tmp_path / out / "edges" / capture for out in ("here", "there")]
        here, there = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
        assert here == there
    assert deliverables(tmp_path / "here") == deliverables(tmp_path / "there")


def test_statuses__stand_in_the_same_order_in_whichever_they_come_first(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap(FRAME[:20], *[FRAME] * 9))

    split_record = extract([tmp_path / "a.pcap"], tmp_path / "split", options=options(100))["inputs"][0]
    record = extract([tmp_path / "a.pcap"], tmp_path / "whole", options=options(None))["inputs"][0]

    assert json.dumps(split_record) == json.dumps(record)


def test_parts__go_when_the_capture_is_read_in_one_piece(captures, tmp_path):
    extract([captures], tmp_path / "out", options=options(3000))
    assert len(parts(tmp_path / "out", "a.pcap")) > 1

    extract([captures], tmp_path / "out", options=options(None))

    assert parts(tmp_path / "out", "a.pcap") == ["part-00000.parquet"]


def test_capture_without_packets__has_no_folder(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap())

    record = extract([tmp_path / "a.pcap"], tmp_path / "out", options=options(10))["inputs"][0]

    assert (record["status"], record["rows"], len(record["sha256"])) == ("ok", 0, 64)
    assert list((tmp_path / "out").glob("edges/*")) == []


@pytest.fixture
def read(monkeypatch):
    """Give the numbers of the parts that were read."""
    numbers = []

    class Noting(split.PartReader):
        def __init__(self, path, part):
            numbers.append(part.number)
            super().__init__(path, part)

    monkeypatch.setattr(part_task, "PartReader", Noting)
    return numbers


def test_extract__again_reads_no_part(captures, tmp_path, read):
    extract([captures], tmp_path / "out", options=options(3000))
    read.clear()

    extract([captures], tmp_path / "out", options=options(3000))

    assert read == []


def test_extract__that_was_interrupted_reads_only_the_parts_left(captures, tmp_path, read, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(large, "conclude", interrupted)
        extract([captures / "a.pcap"], tmp_path / "out", options=options(3000))
    (tmp_path / "out" / "edges" / "a.pcap" / "part-00002.parquet").unlink()
    read.clear()

    extract([captures / "a.pcap"], tmp_path / "out", options=options(3000))

    assert read == [2]
    extract([captures / "a.pcap"], tmp_path / "whole", options=options(None))
    assert rows(tmp_path / "out") == rows(tmp_path / "whole")


def test_extract__that_was_interrupted_reads_a_changed_capture_anew(captures, tmp_path, read, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    path = captures / "a.pcap"
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(large, "conclude", interrupted)
        extract([path], tmp_path / "out", options=options(3000))
    facts = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    n_parts = len(read)
    read.clear()

    extract([path], tmp_path / "out", options=options(3000))

    assert len(read) == n_parts


def test_receipts_of_parts__are_not_kept(captures, tmp_path):
    extract([captures], tmp_path / "out", options=options(3000))

    assert list((tmp_path / "out" / STATE / "receipts").glob("parts/*")) == []


def test_capture_that_changes_meanwhile__is_read_in_one_piece(captures, tmp_path, monkeypatch):
    path = captures / "a.pcap"
    whole = extract([path], tmp_path / "whole", options=options(None))["inputs"]

    class Touching(split.PartReader):
        def __init__(self, path, part):
            if part.number == 1:
                os.utime(path, ns=(0, 0))
            super().__init__(path, part)

    monkeypatch.setattr(part_task, "PartReader", Touching)
    records = extract([path], tmp_path / "out", options=options(3000))["inputs"]

    assert records == whole
    assert parts(tmp_path / "out", "a.pcap") == ["part-00000.parquet"]


def test_part_at_which_a_process_dies_once__is_tried_again_as_a_part(captures, tmp_path, monkeypatch):
    def die_once(piece):
        if piece.part is not None and not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return part_task.extract_piece(piece)

    extract([captures], tmp_path / "undisturbed", options=options(3000), limits=Limits())
    monkeypatch.setattr(large, "extract_piece", die_once)
    extract([captures], tmp_path / "out", options=options(3000), limits=Limits())

    assert (tmp_path / "died").exists()
    for capture in ("a.pcap", "b.pcapng", "c.pcap"):
        folders = [tmp_path / out / "edges" / capture for out in ("undisturbed", "out")]
        undisturbed, out = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
        assert out == undisturbed


def test_capture_at_which_workers_die__is_read_in_one_piece(captures, tmp_path):
    class Pool:
        isolates = True

        def fan_out(self, function, tasks, *, attempts=2, isolated=False):
            for number, task in enumerate(tasks):
                lost = isinstance(task, part_task.Piece) and task.part and task.task.found.capture == "a.pcap"
                yield number, WorkerLost("killed by signal 11") if lost else function(task)

    records = extract([captures], tmp_path / "out", options=options(3000), workers=Pool())["inputs"]

    assert [record["status"] for record in records[:2]] == ["ok", "ok"]
    assert parts(tmp_path / "out", "a.pcap") == ["part-00000.parquet"]
    assert len(parts(tmp_path / "out", "b.pcapng")) > 1


def test_extract__that_was_killed_is_continued_to_the_same_bytes(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(*[FRAME] * 20_000))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "batchgraph", "extract", path, "--out", out, "--workers", "0", "--quiet"]

    with subprocess.Popen([*command, "--split", "40kB"], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (out / STATE / "receipts" / "parts" / "a.pcap" / "00003.json").exists():
            pass
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    extract([path], out, options=options(40_000))
    extract([path], tmp_path / "undisturbed", options=options(40_000))

    assert rows(out) == rows(tmp_path / "undisturbed")
    assert deliverables(out) == deliverables(tmp_path / "undisturbed")


def test_frames__are_counted_from_the_first_packet_of_the_capture(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap(*[struct.pack(">I", n) for n in range(30)]))

    extract([tmp_path / "a.pcap"], tmp_path / "out", options=options(80))

    paths = ResultsDirectory(tmp_path / "out").edge_parts("a.pcap")
    assert len(paths) > 5
    assert [frame for path in paths for frame in pq.read_table(path)["frame"].to_pylist()] == list(range(1, 31))
