"""A dask cluster on this machine: worker processes that no other machine can reach, and that are gone afterwards."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from batchgraph.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

CLOSING_SECONDS = 15.0
"""How long the cluster may take to close before its processes are killed."""

HURRIED_SECONDS = 3.0
"""How long, twice, where an interrupt or an error ends it, with which its workers are killed at once."""

_CONFIGURATION: dict[str, Any] = {
    # The first death of a worker is reported; whom to blame, `_ProcessPool.fan_out` finds out.
    "distributed.scheduler.allowed-failures": 0,
    # A worker holds the task it works on and no other, so that its death concerns no other.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.profile.enabled": False,
    # Workers hold no results, so there is nothing to spill, and one that waited for memory would wait for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 1.0,
    "distributed.worker.multiprocessing-method": "spawn",
    # dask has every buffer beyond 64 KiB given back at once: as many page faults, and a sixth of a worker's time.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 64 << 20,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 32 << 20,
    "distributed.worker.preload": ["batchgraph.own_process"],
    # The servers cannot be left out, but they need serve nothing.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@contextmanager
def local_client(workers: int, *, verbose: bool, memory: int | None = None) -> Iterator[Client]:
    """Start so many worker processes of one thread each, reachable from this machine alone.

    Without `memory` they have no limit: dask's would kill a worker for what the machine can give.
    """
    # distributed first: loading it adds its settings to dask's, which `set` would take away with ours at the end.
    import distributed  # isort: skip  # noqa: F401
    import dask.config

    level = logging.INFO if verbose else logging.CRITICAL
    with (
        logging_from(level),
        dask.config.set(_CONFIGURATION),
        safe_environment(),
        main_module_hidden(),
        _scratch_folder() as folder,
        _started_cluster(workers, folder, level, memory) as client,
    ):
        yield client


@contextmanager
def _started_cluster(workers: int, folder: str, level: int, memory: int | None) -> Iterator[Client]:
    """Start a cluster and a client of it; close them in peace when the block ends, at once when an error ends it."""
    with ExitStack() as stack:
        # In a thread of its own, for which an interrupt waits: a cluster half started cannot be closed.
        with ThreadPoolExecutor(1) as executor:
            starting = executor.submit(_start_cluster, workers, folder, level, memory)
            stack.push(partial(_close_cluster, starting))
            client = starting.result()
        yield client


def _close_cluster(starting: Future[Client], kind: type[BaseException] | None, *_: object) -> None:
    if starting.exception() is not None:
        return
    client = starting.result()
    cluster = cast("LocalCluster", client.cluster)
    seconds = CLOSING_SECONDS
    if kind is not None:
        seconds = HURRIED_SECONDS
        _kill_workers(cluster)
    try:
        client.close(timeout=seconds)
        cluster.close(timeout=seconds)
    except TimeoutError:
        _kill_workers(cluster)


def _start_cluster(workers: int, folder: str, level: int, memory: int | None) -> Client:
    from distributed import Client, LocalCluster

    # Threads and processes begun here inherit it: Ctrl-C reaches all processes of a terminal, but is for ours alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            memory_limit=memory,
            local_directory=folder,
            silence_logs=level,
            # Without a dashboard dask would still take port 8787, and warn where it is in use.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        )
        return Client(cluster)
    except (OSError, RuntimeError) as error:
        raise ClusterError(f"worker processes cannot be started ({error}); --workers 0 does without") from error


def _kill_workers(cluster: LocalCluster) -> None:
    """End the worker processes without waiting for their tasks; what they were writing has no final name yet."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid:
            os.kill(nanny.pid, signal.SIGKILL)


@contextmanager
def logging_from(level: int) -> Iterator[None]:
    """Keep what dask logs below `level` off the terminal, to the very end, when connections break on purpose."""
    # dask gives its clients a level of their own.
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, its_level in zip(loggers, before, strict=True):
            logger.setLevel(its_level)


@contextmanager
def safe_environment() -> Iterator[None]:
    """Set what worker processes are to inherit, and undo it afterwards together with what dask sets.

    A new Python would look in the current folder, where people keep a ``queue.py``, before it looks in its own.
    """
    before = dict(os.environ)
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def main_module_hidden() -> Iterator[None]:
    """Keep workers from running the main script once more when they start, as `multiprocessing` would have them do.

    A script that calls batchgraph without the guard ``if __name__ == "__main__"`` would start itself over and over.
    Tasks are functions of modules, so workers can do without it.
    """
    names = vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {name: names.pop(name) for name in ("__file__", "__spec__") if name in names}
    names["__spec__"] = None
    try:
        yield
    finally:
        names.update(hidden)


def _scratch_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="batchgraph-", ignore_cleanup_errors=True)
