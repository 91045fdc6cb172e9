"""A share of what `make faults` tries, in processes of their own: they fork, which those with threads must not."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def output(module, *arguments):
    command = [sys.executable, "-m", f"tests.faults.{module}", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_run__with_a_failing_call_tells_the_truth_and_is_continued(tmp_path):
    done = output("harness", "--captures", 1, "--every", 29, "--folder", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_run__whose_files_cannot_grow_ends_with_5_and_is_continued(tmp_path):
    done = output("full_disk", "--captures", 1, "--limits-only", "--few", "--folder", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_run__that_loses_a_worker_or_is_interrupted_in_the_background_is_continued(tmp_path):
    who = ("--who", "worker", "SIGINT")
    done = output("kills", "--rounds", 1, "--captures", 2, *who, "--folder", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
