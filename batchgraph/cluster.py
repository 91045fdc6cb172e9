"""A dask cluster on this machine: worker processes that no other machine can reach, and that are gone afterwards."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from batchgraph.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

CLOSING_SECONDS = 15.0
"""How long the cluster may take to close before its processes are killed."""

_CONFIGURATION: dict[str, Any] = {
    # The first death of a worker is reported; whom to blame, `_ProcessPool.fan_out` finds out.
    "distributed.scheduler.allowed-failures": 0,
    # A worker holds the task it works on and no other, so that its death concerns no other.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.profile.enabled": False,
    "distributed.worker.multiprocessing-method": "spawn",
    # The servers cannot be left out, but they need serve nothing.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@contextmanager
def local_client(workers: int, *, verbose: bool) -> Iterator[Client]:
    """Start so many worker processes of one thread each, reachable from this machine alone."""
    # distributed first: loading it adds its settings to dask's, which `set` would take away with ours at the end.
    from distributed import Client, LocalCluster  # isort: skip
    import dask.config

    with dask.config.set(_CONFIGURATION), _safe_environment(), _main_module_hidden(), _scratch_folder() as folder:
        try:
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                worker_dashboard_address=None,
                # Tasks bound their own memory; dask's limit would kill a worker for what the machine can give.
                memory_limit=None,
                local_directory=folder,
                silence_logs=logging.INFO if verbose else logging.CRITICAL,
                # Without a dashboard dask would still take port 8787, and warn where it is in use.
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            )
        except (OSError, RuntimeError) as error:
            raise ClusterError(f"worker processes cannot be started ({error}); --workers 0 does without") from error
        with _closing(cluster), Client(cluster) as client:
            yield client


@contextmanager
def _closing(cluster: LocalCluster) -> Iterator[None]:
    """Close a cluster: in peace when the block has ended, at once when it was left by an error."""
    try:
        yield
    except BaseException:
        _kill_workers(cluster)
        raise
    finally:
        try:
            cluster.close(timeout=CLOSING_SECONDS)
        except TimeoutError:
            _kill_workers(cluster)


def _kill_workers(cluster: LocalCluster) -> None:
    """End the worker processes without waiting for their tasks; what they were writing has no final name yet."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid:
            os.kill(nanny.pid, signal.SIGKILL)


@contextmanager
def _safe_environment() -> Iterator[None]:
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
def _main_module_hidden() -> Iterator[None]:
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
