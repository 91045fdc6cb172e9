"""Spawned processes that import nothing: a fork of one that has imported everything stands in for a new Python.

What `multiprocessing` spawns of a process is still a child of it, has the descriptors, the environment and the signal
mask that it was given, and goes the same way from where a new Python would begin; but that takes some milliseconds
instead of 2 CPU seconds.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import util
from multiprocessing.spawn import spawn_main
from pathlib import Path
from typing import Any

from .child import fork

_PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 15, 36  # prctl(2)

SPAWNED = "spawned"
"""Name of a spawned process, as proc(5) has it."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What a spawned process is to be: the program, and what it has of the process that spawns it."""

    source: str
    descriptors: tuple[int, ...]
    environment: dict[str, str]
    mask: set[int]


_MOST_OCTETS, _MOST_DESCRIPTORS = 1 << 17, 64


def spawn_by_fork() -> None:
    """Let this process, which has no thread yet, have what it spawns from now on forked of what it is now.

    A process beside this one forks twice, and the one between ends, so that the system gives its child to this process,
    which takes in orphans.
    """
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    parent = os.getpid()

    def serve() -> int:
        here.close()
        return _serve(there, parent)

    fork(serve)
    there.close()
    spawn = util.spawnv_passfds  # type: ignore[attr-defined]

    def spawn_or_fork(path: Any, words: Sequence[str | bytes], descriptors: Sequence[int]) -> int:
        source = next((word for word in map(os.fsdecode, words) if spawn_main.__name__ in word), None)
        if source is None:
            return int(spawn(path, words, descriptors))
        numbers = tuple(sorted(set(map(int, descriptors))))
        order = _Order(source, numbers, dict(os.environ), signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        answer, answering = os.pipe()
        socket.send_fds(here, [pickle.dumps(order)], [answering, *numbers])
        os.close(answering)
        with open(answer, "rb") as file:
            return int(file.read())

    util.spawnv_passfds = spawn_or_fork  # type: ignore[attr-defined]


def _serve(orders: socket.socket, parent: int) -> int:
    """Fork for each order, until nobody is there to give one."""
    while True:
        octets, descriptors, _, _ = socket.recv_fds(orders, _MOST_OCTETS, _MOST_DESCRIPTORS)
        if not octets:
            return 0
        os.waitpid(fork(lambda: _fork_again(octets, descriptors, parent)), 0)  # noqa: B023 - it is over by then
        for descriptor in descriptors:
            os.close(descriptor)


def _fork_again(octets: bytes, descriptors: list[int], parent: int) -> int:
    answering, *given = descriptors
    child = fork(lambda: _begin(pickle.loads(octets), given, parent))
    os.write(answering, b"%d" % child)
    return 0


def _begin(order: _Order, given: list[int], parent: int) -> int:
    """Become what a new Python would be that runs a program, with the descriptors given under other numbers."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, SPAWNED.encode())
    _renumber(given, order.descriptors)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    sys.argv = ["-c", "--multiprocessing-fork"]
    while os.getppid() != parent:
        if not Path(f"/proc/{parent}").exists():
            return 1
        time.sleep(0.001)
    signal.pthread_sigmask(signal.SIG_SETMASK, order.mask)
    try:
        exec(order.source, {})
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
    return 0


def _renumber(given: list[int], numbers: Sequence[int]) -> None:
    """Give descriptors other numbers, and close all others but those of standard input and output."""
    above = max([*given, *numbers]) + 1
    for offset, descriptor in enumerate(given):
        os.dup2(descriptor, above + offset)
    os.closerange(3, above)
    for offset, number in enumerate(numbers):
        os.dup2(above + offset, number)
    os.closerange(above, os.sysconf("SC_OPEN_MAX"))
