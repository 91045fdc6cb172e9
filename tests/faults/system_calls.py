"""Faults in system calls, enumerated by strace: those of Arrow and DuckDB too, in every thread."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from .child import fork, run_command, wait_for

ERRORS = ("ENOSPC", "EIO", "EACCES")
KILLED = "SIGKILL"

CALLS = (
    "openat", "write", "pwrite64", "fsync", "ftruncate", "rename", "mkdir", "unlink", "unlinkat", "rmdir",
)  # fmt: skip

_LINE = re.compile(r"^(?P<thread>\d+) +(?P<call>\w+)\((?P<arguments>.*)")


def find_points(captures: Path, out: Path, log: Path, trace: Path) -> dict[str, list[int]]:
    """Trace an undisturbed run: the numbers, in its thread, of the calls that change the results directory."""
    run_traced(captures, out, log, ["-y", "-s", "0", "-e", f"trace={','.join(CALLS)}", "-o", str(trace)])
    counts: Counter[tuple[str, str]] = Counter()
    points: defaultdict[str, set[int]] = defaultdict(set)
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        call, arguments = match["call"], match["arguments"]
        counts[match["thread"], call] += 1
        changes = call != "openat" or "O_CREAT" in arguments
        if changes and str(out) in arguments:
            points[call].add(counts[match["thread"], call])
    return {call: sorted(points[call]) for call in CALLS if points[call]}


def run_traced(captures: Path, out: Path, log: Path, options: list[str]) -> int:
    """Run in a child that strace holds from its beginning, and give the exit code."""

    def stop() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    child = fork(lambda: run_command(captures, out, log, begin=stop))
    os.waitpid(child, os.WUNTRACED)
    command = ["strace", "-f", "-p", str(child), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        line = strace.stderr.readline()
        if "attached" not in line:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise RuntimeError(f"strace cannot hold a process: {line}")
        os.kill(child, signal.SIGCONT)
        code = wait_for(child)
        strace.communicate(timeout=60)
    return code


def run_with_fault(captures: Path, out: Path, log: Path, *, call: str, number: int, fault: str) -> int:
    """Run with a fault at the n-th call of a kind in any thread, and give the exit code."""
    kind = f"signal={fault}" if fault == KILLED else f"error={fault}"
    trace = ["-e", f"trace={call}", "-e", f"inject={call}:{kind}:when={number}", "-o", os.devnull]
    return run_traced(captures, out, log, trace)


def faulty(captures: Path, *, call: str, number: int, fault: str) -> Callable[[Path, Path], int]:
    """Give `run_with_fault` for `try_point`."""
    return partial(run_with_fault, captures, call=call, number=number, fault=fault)
