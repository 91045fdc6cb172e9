"""Captures at which the decoder hangs, dies or takes too much memory.

What reads captures in a child of this process is replaced here, and the child inherits that.
"""

import faulthandler
import os
import re
import signal
from math import inf
from pathlib import Path

import pytest

from batchgraph.capture.find import FoundCapture
from batchgraph.parallel import worker_pool
from batchgraph.results import STATE
from batchgraph.stages import capture_task
from batchgraph.stages import extract as stage
from batchgraph.stages.capture_task import ExtractOptions, ExtractTask
from batchgraph.stages.extract import extract
from batchgraph.stages.guard import Limits
from tests.stages.test_extract import FRAME, pcap

GENTLE = Limits(seconds=inf, octets=None)


def die():
    faulthandler.disable()  # of pytest: it would fill the log
    os.kill(os.getpid(), signal.SIGSEGV)


def leave():
    os._exit(1)


def hang():
    re.match("(a|aa)*b", "a" * 99)  # for ever, and never gives the interpreter away


def stop():
    os.kill(os.getpid(), signal.SIGSTOP)


def devour():
    hoard = [b"x" * (600 << 20)]  # more than the limit by itself, whatever was imported before
    hang()
    hoard.clear()


@pytest.fixture
def tries():
    return []


@pytest.fixture
def extract_with(tmp_path, monkeypatch):
    """Extract six captures by a decoder that does something worse at some of them; give records and tries by name."""
    folder = tmp_path / "captures"
    folder.mkdir()
    for name in "abcdef":
        (folder / f"{name}.pcap").write_bytes(pcap(FRAME))
    open_capture = capture_task.open_capture

    def extract_them(faults, *, limits=GENTLE, workers=0, out="results"):
        def faulty(path, **options):
            name = Path(path).stem
            with (tmp_path / "tries").open("a") as tries:
                tries.write(name)
            faults.get(name, int)()
            return open_capture(path, **options)

        monkeypatch.setattr(capture_task, "open_capture", faulty)
        manifest = extract([folder], tmp_path / out, limits=limits, workers=workers)
        records = {Path(record["path"]).stem: record for record in manifest["inputs"]}
        tries = (tmp_path / "tries").read_text()
        return records, {name: tries.count(name) for name in "abcdef"}

    return extract_them


def problems(records):
    return {name: [problem["what"] for problem in record["problems"]] for name, record in records.items()}


@pytest.mark.parametrize(
    ("fault", "what", "tries"),
    [
        (die, "failed: signal 11", 2),
        (leave, "failed: exit code 1", 2),
        (hang, "failed: timeout", 1),
        (stop, "failed: timeout", 1),
        (devour, "failed: memory (600 MiB)", 2),
    ],
)
def test_capture_at_which_the_decoder_fails__costs_itself_alone(extract_with, fault, what, tries):
    records, tried = extract_with({"c": fault}, limits=Limits(seconds=2 if tries == 1 else inf))

    assert [records[name]["status"] for name in "abcdef"] == ["ok", "ok", "failed", "ok", "ok", "ok"]
    assert problems(records)["c"] == [what]
    assert tried == dict.fromkeys("abcdef", 1) | {"c": tries}


def test_captures_at_which_the_decoder_dies__are_tried_twice_and_others_once(extract_with):
    records, tried = extract_with(dict.fromkeys("acdf", die))

    assert {name for name in records if records[name]["status"] == "failed"} == set("acdf")
    assert tried == {"a": 2, "b": 1, "c": 2, "d": 2, "e": 1, "f": 2}


def test_death_that_does_not_come_again__costs_nothing(extract_with, tmp_path):
    def die_once():
        if not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            die()

    records, tried = extract_with({"b": die_once})

    assert {record["status"] for record in records.values()} == {"ok"}
    assert tried["b"] == 2


def test_lone_capture__does_not_end_this_process(tmp_path, monkeypatch):
    (tmp_path / "a.pcap").write_bytes(pcap(FRAME))
    monkeypatch.setattr(capture_task, "open_capture", lambda *_, **__: die())

    with worker_pool(2) as pool:
        (record,) = extract([tmp_path], tmp_path / "results", workers=pool)["inputs"]

    assert record["problems"][0]["what"] == "failed: signal 11"


def test_failed_capture__is_read_by_the_next_run(extract_with):
    extract_with({"c": die})
    records, _ = extract_with({})

    assert records["c"]["status"] == "ok"


def test_guard__leaves_nothing_behind(extract_with, tmp_path):
    extract_with({"c": die})

    assert not [path for path in (tmp_path / "results" / STATE).iterdir() if path.name.startswith(".")]


def test_guard__changes_no_record(extract_with):
    guarded, _ = extract_with({}, out="guarded")
    plain, _ = extract_with({}, limits=None, out="plain")

    assert guarded == plain


def test_guard__lets_what_goes_wrong_through(extract_with, tmp_path):
    def fail():
        raise FileNotFoundError("no such fault")

    with pytest.raises(FileNotFoundError, match="no such fault"):
        extract_with({"c": fail})


def test_killed_workers__cost_their_captures_alone(tmp_path, monkeypatch):
    # A protocol's record is carried to workers, and this one ends whoever reads it.
    monkeypatch.setitem(stage.PACK_OCTETS, "table", 1)
    for name in "abc":
        (tmp_path / f"{name}.pcap").write_bytes(pcap(FRAME))
    monkeypatch.setattr(stage, "ExtractTask", lambda *facts: ExtractTask(*facts[:3], facts[3] + deadly(facts[0])))

    records = extract([tmp_path], tmp_path / "results", workers=2)["inputs"]

    assert [record["status"] for record in records] == ["ok", "failed", "ok"]
    assert records[1]["problems"][0]["what"] == "failed: exit code 9"


class Deadly:
    """Ends the process that uses it."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        os._exit(9)


def deadly(found):
    return (Deadly(),) if found.capture == "b.pcap" else ()


@pytest.mark.parametrize(("decoder", "seconds"), [("table", 310), ("scapy", 400)])
def test_time__grows_with_the_capture(decoder, seconds):
    task = ExtractTask(FoundCapture("/a", "a", "a", 1_000_000), "/out", ExtractOptions(decoder), ())

    assert Limits().seconds_for(task) == seconds
