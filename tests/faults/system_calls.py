"""Faults in system calls, enumerated by strace: those of Arrow and DuckDB too, in every thread.

strace counts the calls of each thread by itself, and one that fails ends the run. So the n-th call of the main thread
is tried where nothing else is held, that of the first child where that one alone is, and those of DuckDB's threads
where all are: else the first of them to come to its n-th call would hide the others' from the enumeration.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from .child import fork, wait_for
from .points import Bench, ElsewhereError

ERRORS = ("ENOSPC", "EIO", "EACCES")
KILLED = "SIGKILL"

CALLS = (
    "openat", "write", "pwrite64", "fsync", "ftruncate", "rename", "mkdir", "unlink", "unlinkat", "rmdir",
)  # fmt: skip

READS = "open to read"
"""Opens that change nothing: no full disk meets them, and a death there is one at the change before or after."""

WHO = ("main", "child", "threads")
"""Whose calls: the main thread's, those of the first child that decodes, or those of all other threads."""

TRIES = 4
"""Runs until a fault has to have hit what it was meant for."""

Run = Callable[..., int]
"""Takes the results directory, the log and what to do when that one is open."""

_LINE = re.compile(r"^(?:(?P<thread>\d+) +)?(?P<call>\w+)\((?P<arguments>.*)")
_CHILD = re.compile(r"^\d+ +clone\(.*SIGCHLD.* = (?P<child>\d+)$")


def find_points(run: Run, out: Path, log: Path, inputs: Path) -> dict[str, list[int]]:
    """Trace undisturbed runs: the numbers of the calls that change the results directory or open a file of a run.

    The keys are whose calls they are and of which kind, as in ``child write``.
    """
    points = {}
    for who in WHO:
        shutil.rmtree(out, ignore_errors=True)
        trace = log.with_name("trace")
        calls = ",".join((*CALLS, "clone") if who == "threads" else CALLS)
        run_traced(run, out, log, ["-y", "-s", "0", "-e", f"trace={calls}", "-o", str(trace)], who=who)
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
        numbers = _numbers(lines, (str(out), str(inputs)), _apart(lines) if who == "threads" else frozenset())
        points |= {f"{who} {call}": sorted(numbers[call]) for call in (*CALLS, READS) if numbers[call]}
    return points


def _numbers(lines: list[str], places: tuple[str, str], without: frozenset[str]) -> dict[str, set[int]]:
    counts: Counter[tuple[str, str]] = Counter()
    points: defaultdict[str, set[int]] = defaultdict(set)
    for line in lines:
        match = _LINE.match(line)
        if match is None or match["thread"] in without:
            continue
        counts[match["thread"], match["call"]] += 1
        if any(place in match["arguments"] for place in places):
            is_reading = match["call"] == "openat" and "O_CREAT" not in match["arguments"]
            points[READS if is_reading else match["call"]].add(counts[match["thread"], match["call"]])
    return points


def _apart(lines: list[str]) -> frozenset[str]:
    """Name the main thread and the children's, of which others take care."""
    return frozenset({lines[0].split()[0]} | {match["child"] for line in lines if (match := _CHILD.match(line))})


def run_traced(run: Run, out: Path, log: Path, options: list[str], *, who: str) -> int:
    """Run in a child while strace holds it, or its first child from its beginning, and give the exit code."""
    note = log.with_name("first-child")
    note.unlink(missing_ok=True)
    begin = partial(_stop_first_child, note) if who == "child" else _stop
    process = fork(lambda: run(out, log, begin=begin))
    held = _stopped_child(process, note) if who == "child" else process
    command = ["strace", *(["-f"] if who == "threads" else []), "-p", str(held), *options]
    if who != "child":
        os.waitpid(process, os.WUNTRACED)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        line = strace.stderr.readline()
        if "attached" not in line:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            raise RuntimeError(f"strace cannot hold a process: {line}")
        os.kill(held, signal.SIGCONT)
        code = wait_for(process)
        strace.communicate(timeout=60)
    return code


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _stop_first_child(note: Path) -> None:
    """Let the first child of this process stop before it does anything, and leave its number in a file."""
    import batchgraph.child

    work = batchgraph.child._work

    def stopping(*arguments: Any) -> None:
        with suppress(FileExistsError), note.open("x") as file:
            file.write(f"{os.getpid()}\n")
            file.flush()
            _stop()
        work(*arguments)

    batchgraph.child._work = stopping


def _stopped_child(process: int, note: Path) -> int:
    for _ in range(10_000):
        with suppress(OSError, ValueError):
            child = int(note.read_text())
            if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return child
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    raise RuntimeError("the run started no child")


def run_with_fault(bench: Bench, out: Path, log: Path, *, call: str, number: int, fault: str) -> int:
    """Run with a fault at the n-th call of somebody's of a kind, as in `find_points`, and give the exit code.

    Raises
    ------
    ElsewhereError
        If the fault hit something else, and again: how often DuckDB opens what the system tells of itself is not always
        the same (and where that cannot be opened, 2.0 ends the process).
    """
    who, _, kind = call.partition(" ")
    how = f"signal={fault}" if fault == KILLED else f"error={fault}"
    kind = "openat" if kind == READS else kind
    trace = log.with_name("trace")
    options = ["-e", f"trace={kind}", "-e", f"inject={kind}:{how}:when={number}", "-y", "-s", "0", "-o", str(trace)]
    for _ in range(TRIES):
        shutil.rmtree(out, ignore_errors=True)
        code = run_traced(bench.run, out, log, options, who=who)
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
        hit = [line for line in lines if "(INJECTED)" in line]
        if not hit or any(str(place) in line for line in hit for place in (out, bench.captures)):
            return code
    raise ElsewhereError(hit[0])


def faulty(bench: Bench, *, call: str, number: int, fault: str) -> Callable[[Path, Path], int]:
    """Give `run_with_fault` for `try_point`."""
    return partial(run_with_fault, bench, call=call, number=number, fault=fault)
