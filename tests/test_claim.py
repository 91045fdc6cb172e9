import errno
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from batchgraph.claim import claimed, require_idle
from batchgraph.errors import OutputBusyError, OutputError
from batchgraph.results import STATE

HOLD = """
import sys
from pathlib import Path
from batchgraph.claim import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Let another process hold the directory until the test ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_claim__of_a_directory_in_use_is_refused(tmp_path, holder):
    with pytest.raises(OutputBusyError, match=f"process {holder.pid} on .* is using it"), claimed(tmp_path):
        pass


def test_claim__is_free_again_when_its_process_was_killed(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    with claimed(tmp_path):
        pass


def test_claim__of_another_machine_is_taken_for_live(tmp_path):
    lock = tmp_path / STATE / "lock"
    lock.parent.mkdir()
    lock.write_text(json.dumps({"host": "elsewhere", "process": 1, "boot": "b"}))

    with pytest.raises(OutputBusyError, match="process 1 on elsewhere may be using it"), claimed(tmp_path):
        pass


def test_claim__of_an_earlier_boot_is_cleared(tmp_path):
    with claimed(tmp_path):
        owner = json.loads((tmp_path / STATE / "lock").read_text())
    (tmp_path / STATE / "lock").write_text(json.dumps({**owner, "boot": "an earlier one"}))

    with claimed(tmp_path):
        assert json.loads((tmp_path / STATE / "lock").read_text()) == owner


def test_claim__may_be_held_several_times_by_one_process(tmp_path):
    with claimed(tmp_path), claimed(tmp_path):
        pass

    assert (tmp_path / STATE / "lock").read_text() == ""


def test_claim__that_ends_inside_another_leaves_that_one(tmp_path):
    with claimed(tmp_path):
        with claimed(tmp_path):
            pass
        run = subprocess.run([sys.executable, "-c", HOLD, tmp_path], capture_output=True, text=True, check=False)

    assert "OutputBusyError" in run.stderr


def test_claim__removes_what_a_killed_run_left_half_written(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / ".a.svg.0a1b2c3d.tmp").write_text("half")
    (tmp_path / "maps" / "a.svg").write_text("whole")

    with claimed(tmp_path):
        pass

    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["a.svg"]


def test_claim__of_what_is_no_directory_cannot_be_written(tmp_path):
    (tmp_path / "out").write_text("a file")

    with pytest.raises(OutputError, match="cannot write"), claimed(tmp_path / "out"):
        pass


def test_claim__of_an_earlier_process_with_the_same_number_is_cleared(tmp_path):
    with claimed(tmp_path):
        owner = json.loads((tmp_path / STATE / "lock").read_text())
    (tmp_path / STATE / "lock").write_text(json.dumps({**owner, "started": "0"}))
    (tmp_path / ".left.tmp").touch()

    with claimed(tmp_path):
        assert not (tmp_path / ".left.tmp").exists()


def test_claim__removes_what_a_killed_query_spilled(tmp_path):
    spilled = tmp_path / "flows" / ".spill-1"
    spilled.mkdir(parents=True)
    (spilled / "block").touch()

    with claimed(tmp_path):
        assert not spilled.exists()


def kill_a_holder(folder):
    """Kill a process that holds a folder, whose child holds it for a moment longer."""
    program = """
import os, sys, time
from pathlib import Path
from batchgraph.claim import claimed
with claimed(Path(sys.argv[1])):
    if os.fork() == 0:  # holds the lock as well, and outlives its parent
        print("held", flush=True)
        sys.stdin.readline()
        os._exit(0)
    os.wait()
"""
    command = [sys.executable, "-c", program, folder]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    threading.Timer(0.2, process.stdin.close).start()  # the child ends when there is nothing more to read


def test_claimed__waits_for_the_children_of_a_killed_process(tmp_path):
    kill_a_holder(tmp_path)

    with claimed(tmp_path):
        pass


def test_require_idle__waits_for_the_children_of_a_killed_process(tmp_path):
    kill_a_holder(tmp_path)

    require_idle(tmp_path)


def test_claim__that_the_system_refuses_is_not_taken_for_another_run(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("batchgraph.claim.fcntl.flock", refuse)

    with pytest.raises(OutputError, match="No locks available"), claimed(tmp_path):
        pass


def test_claim__that_cannot_be_wiped_at_the_end_does_not_spoil_what_was_done(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    with claimed(tmp_path):
        monkeypatch.setattr("batchgraph.claim.os.ftruncate", fail)
    monkeypatch.undo()

    with claimed(tmp_path):
        pass


def test_claim__is_known_as_its_own_though_the_process_cannot_be_looked_up_again(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    with claimed(tmp_path):
        monkeypatch.setattr("batchgraph.claim.Path.read_text", fail)
        with claimed(tmp_path):
            pass


def test_claim__of_which_half_was_written_is_refused(tmp_path, monkeypatch):
    write = os.pwrite
    monkeypatch.setattr("batchgraph.claim.os.pwrite", lambda file, octets, at: write(file, octets[:1], at))

    with pytest.raises(OutputError, match="No space left on device"), claimed(tmp_path):
        pass


def test_claim__leaves_nothing_of_a_worker_that_died(tmp_path):
    with claimed(tmp_path):
        (tmp_path / ".c.svg.01234567.tmp").write_text("half of a map")
        (tmp_path / STATE / ".spill-abc").mkdir()

    assert [path.name for path in tmp_path.rglob("*") if path.name.startswith((".c", ".spill"))] == []
