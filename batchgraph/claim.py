"""One run at a time in a results directory."""

from __future__ import annotations

import errno
import fcntl
import functools
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from batchgraph.errors import OutputBusyError
from batchgraph.results import ResultsDirectory, output_errors

Owner = dict[str, str | int]

_SECONDS_FOR_CHILDREN = 10
"""How long children of a killed process, which the system ends after it, may take."""


@contextmanager
def claimed(root: Path) -> Iterator[None]:
    """Hold a results directory for this process while the block runs; a process may hold it several times over.

    Parameters
    ----------
    root
        The results directory; made where it is missing. What an interrupted run left half written is removed, and at
        the end what workers left that died.

    Raises
    ------
    OutputBusyError
        If another process holds it. The system gives a lock back when its process ends, however it ends; one of
        another machine, on a shared file system, is taken for live, since nothing here could prove the opposite.
    OutputError
        If the directory cannot be written.
    """
    path = ResultsDirectory(root).lock
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with output_errors(path):
            held = _holds(descriptor)
        if held:
            yield
            return
        with output_errors(path):
            _take(descriptor, path)
        try:
            _remove_leftovers(root)
            yield
            _remove_leftovers(root)  # of workers that died, whose work others did
        finally:
            with suppress(OSError):  # what stands there tells of a process that is gone
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def require_idle(root: Path) -> None:
    """Refuse a results directory that a live run is using; it is not written to, and may be read-only.

    A run that was killed is waited for until its children have ended too.

    Raises
    ------
    OutputBusyError
        If another process holds it.
    """
    path = ResultsDirectory(root).lock
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # nobody ever held it, or nobody is meant to
    try:
        if not _holds(descriptor):
            if not _locks(descriptor, fcntl.LOCK_SH):
                raise _busy(_owner(descriptor), path, "is using it")
            other = _owner(descriptor)
            if other and other.get("host") != _this_process()["host"]:
                raise _busy(other, path, "may be using it")
    finally:
        os.close(descriptor)


def _this_process() -> Owner:
    return _process(os.getpid())


@functools.cache  # found out once: what cannot be read a second time would make a process a stranger to its own claim
def _process(number: int) -> Owner:
    owner: Owner = {"host": socket.gethostname(), "process": number, "boot": "", "started": ""}
    with suppress(OSError):
        owner["boot"] = Path(_BOOT).read_text().strip()
        owner["started"] = _started(os.getpid())
    return owner


def _started(process: int) -> str:
    # proc(5): field 22, in clock ticks after boot. Process numbers come again, in containers soon.
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]


_BOOT = "/proc/sys/kernel/random/boot_id"


def _owner(descriptor: int) -> Owner:
    """Read who holds the lock; nobody, where that is not said."""
    try:
        owner = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except ValueError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _holds(descriptor: int) -> bool:
    return _owner(descriptor) == _this_process()


def _take(descriptor: int, path: Path) -> None:
    mine = _this_process()
    if not _locks(descriptor, fcntl.LOCK_EX):
        raise _busy(_owner(descriptor), path, "is using it")
    other = _owner(descriptor)
    if other and other.get("host") != mine["host"]:
        raise _busy(other, path, "may be using it")
    os.ftruncate(descriptor, 0)
    record = json.dumps(mine).encode()
    if os.pwrite(descriptor, record, 0) < len(record):  # of what is cut short, nobody is known as its owner
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _locks(descriptor: int, kind: int) -> bool:
    """Lock, or say that another process has; one that was killed is waited for until its children have ended too."""
    patience = time.monotonic() + _SECONDS_FOR_CHILDREN
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        if not _is_dead(_owner(descriptor)) or time.monotonic() > patience:
            return False
        time.sleep(0.02)


def _is_dead(owner: Owner) -> bool:
    """Say whether a process of this machine is provably gone."""
    mine = _this_process()
    if not owner or not mine["boot"] or any(owner.get(name) != mine[name] for name in ("host", "boot")):
        return False
    try:
        return _started(int(owner["process"])) != owner["started"]
    except (OSError, ValueError):
        return True


def _busy(owner: Owner, path: Path, doing: str) -> OutputBusyError:
    who = f"process {owner.get('process', '?')} on {owner.get('host', '?')}"
    return OutputBusyError(f"{path.parent.parent}: {who} {doing}; wait for it, or remove {path} if it is gone")


def _remove_leftovers(root: Path) -> None:
    """Remove temporary files and folders that a killed run left; nobody else can be writing them now."""
    with output_errors(root):
        for leftover in list(root.rglob(".*")):
            if leftover.name.startswith(".spill-"):
                shutil.rmtree(leftover, ignore_errors=True)
            elif leftover.suffix == ".tmp":
                leftover.unlink(missing_ok=True)
