"""Faults in calls of Python, enumerated: the n-th call that changes a file in the results directory fails."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .child import fork, wait_for
from .points import Bench

CALLS = ("open", "write", "fsync", "replace", "mkdir", "unlink", "rmdir")
ERRORS = ("ENOSPC", "EIO", "EACCES")
KILLED = "SIGKILL"


class Faults:
    """Counts calls that change something below `root`, and lets one of them fail.

    Parameters
    ----------
    root
        The results directory.
    call, number, fault
        Which call, its number from 1, and the name of its error or `KILLED`; with number 0 none fails.
    """

    def __init__(self, root: Path, call: str = "", number: int = 0, fault: str = KILLED) -> None:
        self.counts: Counter[str] = Counter()
        self._root = os.fspath(root)
        self._point = (call, number)
        self._fault = fault

    def note(self, call: str, path: Any) -> None:
        """Count a call, and fail if it is the one."""
        if isinstance(path, int):
            path = Path(f"/proc/self/fd/{path}").readlink()
        if not os.path.abspath(os.fspath(path)).startswith(self._root):  # noqa: PTH100 - no link is followed
            return
        self.counts[call] += 1
        if (call, self.counts[call]) != self._point:
            return
        if self._fault == KILLED:
            os.kill(os.getpid(), 9)
        number = getattr(errno, self._fault)
        raise OSError(number, os.strerror(number), path)

    def install(self) -> None:
        """Put the counting calls in place of Python's own, for good: in a child that ends with the run."""
        for call in ("fsync", "replace", "mkdir", "unlink", "rmdir"):
            setattr(os, call, self._counting(call, getattr(os, call)))
        os.open = self._counting_open(os.open)
        builtins.open = io.open = self._opening(io.open)

    def _counting(self, call: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counting(path: Any, *rest: Any, **options: Any) -> Any:
            if options.get("dir_fd") is None:
                self.note(call, path)
            return function(path, *rest, **options)

        return counting

    def _counting_open(self, function: Callable[..., int]) -> Callable[..., int]:
        def counting(path: Any, flags: int, *rest: Any, **options: Any) -> int:
            if flags & os.O_CREAT:
                self.note("open", path)
            return function(path, flags, *rest, **options)

        return counting

    def _opening(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def opening(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if "w" not in mode:
                return function(file, mode, *rest, **options)
            self.note("open", file)
            raw = _NotedFile(self, file, "w")
            if "b" in mode:
                return io.BufferedWriter(raw)
            return io.TextIOWrapper(
                io.BufferedWriter(raw), encoding=options.get("encoding"), newline=options.get("newline")
            )

        return opening


class _NotedFile(io.FileIO):
    def __init__(self, faults: Faults, file: Any, mode: str) -> None:
        super().__init__(file, mode)
        self._faults = faults

    def write(self, octets: Any) -> int:
        self._faults.note("write", self.name)
        return super().write(octets)


def count_calls(run: Callable[..., int], out: Path, log: Path) -> dict[str, int]:
    """Run undisturbed, in a child of its own, and give how often each call changes the results directory."""
    faults = Faults(out)
    faults.install()
    run(out, log)
    return dict(faults.counts)


def run_with_fault(run: Callable[..., int], out: Path, log: Path, *, call: str, number: int, fault: str) -> int:
    """Run in a child in which a call fails, or which is killed there, and give the exit code."""

    def run_faulty() -> int:
        Faults(out, call, number, fault).install()
        return run(out, log)

    return wait_for(fork(run_faulty))


def faulty(bench: Bench, *, call: str, number: int, fault: str) -> Callable[[Path, Path], int]:
    """Give `run_with_fault` for `try_point`."""
    return partial(run_with_fault, bench.run, call=call, number=number, fault=fault)
