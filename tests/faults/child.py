"""Small runs in forked children of a process that has everything imported and no thread: a tenth of the cost."""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from batchgraph.receipts import code_digest

from .scenarios import SCENARIOS

T = TypeVar("T")

HERE = ("--workers", "0")
"""Options of a run in one process, but for the child that decodes."""


def import_everything(scratch: Path) -> None:
    """Import what a run imports, as a run in a child tells, and compile the kernels; no thread of a pool is started."""
    from batchgraph.decode.warm_up import warm_up

    warm_up()
    captures = SCENARIOS["plain"].make_captures(scratch / "warm-up")

    def loaded() -> list[str]:
        run_command(captures, scratch / "warm-up-results", scratch / "log")
        return sorted(name for name, module in sys.modules.items() if getattr(module, "__file__", None))

    for name in in_child(loaded):
        with suppress(ImportError):
            importlib.import_module(name)
    code_digest()


def fork(function: Callable[[], T]) -> int:
    """Start a child that calls `function` and ends with its exit code, an error being 99; give the child's number."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        code = int(function() or 0)  # type: ignore[call-overload]
    except BaseException:
        with suppress(BaseException):
            traceback.print_exc()
            sys.stderr.flush()
    finally:
        os._exit(code)


def wait_for(child: int, seconds: float = 120.0) -> int:
    """Give the exit code of a child, negative for a signal; one that hangs is ended, and counts as -SIGALRM."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number, status = os.waitpid(child, os.WNOHANG)
        if number:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGALRM


def in_child(function: Callable[[], T]) -> T:
    """Call `function` in a forked child, so that the threads it starts are the child's, and give what it returns."""
    reading, writing = os.pipe()

    def call() -> int:
        with os.fdopen(writing, "wb") as file:
            pickle.dump(function(), file)
        return 0

    child = fork(call)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        octets = file.read()
    if wait_for(child) != 0:
        raise RuntimeError("a check could not be made")
    result: T = pickle.loads(octets)
    return result


def run_command(
    captures: Path,
    out: Path,
    log: Path,
    *,
    scenario: str = "plain",
    place: Sequence[str] = HERE,
    begin: Callable[[], object] = int,
) -> int:
    """Run the command line in this process, its messages in `log`, and give the exit code.

    `place` are the options that say where; `begin` is called when the log is open, before anything else.
    """
    from batchgraph.cli import app

    with log.open("w", encoding="utf-8") as file:
        sys.stdout = sys.stderr = file
        begin()
        SCENARIOS[scenario].change()
        arguments = ["run", str(captures), "--out", str(out), *place, "--format", "svg"]
        arguments += SCENARIOS[scenario].arguments
        if place == HERE:  # with workers it would show dask's own messages
            arguments.append("--debug")
        try:
            app(arguments, standalone_mode=True)
        except SystemExit as ending:
            return _code(ending.code)
    return 0


def _code(code: Any) -> int:
    return code if isinstance(code, int) else 0 if code is None else 1
