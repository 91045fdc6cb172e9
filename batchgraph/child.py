"""Tasks in a child of this process, one after the other: what kills the child is told, and spares this process."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from batchgraph.cluster import main_module_hidden, safe_environment

T = TypeVar("T")
R = TypeVar("R")

_METHOD = "fork" if sys.platform == "linux" else "spawn"
# A forked child has loaded all that this process has, and is there in some milliseconds instead of half a second.

_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Death:
    """Stands in for the result of a task whose process died.

    Attributes
    ----------
    how
        ``signal 11`` or ``exit code 1``.
    """

    how: str


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


def run_in_child(function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R | Death]:
    """Run `function` on every task in a child process, and in a new one after each death; results in order.

    Raises
    ------
    Exception
        Whatever `function` raises; the tasks after it are dropped.

    Notes
    -----
    The child dies with this process, however this one ends.
    """
    done = 0
    while done < len(tasks):
        with closing(_run_until_death(function, tasks[done:])) as results:
            for result in results:
                done += 1
                if isinstance(result, _Raised):
                    raise result.error
                yield result


def _run_until_death(function: Callable[[T], R], tasks: Sequence[T]) -> Generator[R | Death | _Raised, None, None]:
    context: Any = multiprocessing.get_context(_METHOD)
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(function, tasks, sending, os.getpid()), daemon=True)
    with receiving:
        with sending, warnings.catch_warnings(), safe_environment(), main_module_hidden(), _children_allowed():
            # Python 3.12 warns of forks beside threads; those of numpy and Arrow know what a fork is.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        try:
            yield from _results(process, receiving, len(tasks))
        finally:
            process.kill()
            process.join()
            process.close()


@contextmanager
def _children_allowed() -> Iterator[None]:
    """Let a worker of dask, which is a daemon, have a child: daemons may not, lest it outlives them; ours does not."""
    configuration: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    before = configuration.pop("daemon", False)
    try:
        yield
    finally:
        configuration["daemon"] = before


def _results(process: BaseProcess, receiving: Connection, n_tasks: int) -> Iterator[R | Death | _Raised]:
    for _ in range(n_tasks):
        try:
            result: R | _Raised = receiving.recv()
        except (EOFError, OSError):
            process.join()
            code = process.exitcode or 0
            yield Death(f"signal {-code}" if code < 0 else f"exit code {code}")
            return
        yield result


def _work(function: Callable[[T], R], tasks: Sequence[T], sending: Connection, parent: int) -> None:
    """Do what the child is there for."""
    # What the parent held must not be finalised here, where none of its threads are.
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal, but is for the parent
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    for task in tasks:
        try:
            sending.send(function(task))
        except Exception as error:
            sending.send(_Raised(error))
            return
