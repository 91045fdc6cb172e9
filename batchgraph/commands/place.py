"""Where a job is done: in this process, on workers of this machine, or on a cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchgraph.commands.options import Insecure, SchedulerPlace, TlsCa, TlsCert, TlsKey
from batchgraph.errors import UsageError
from batchgraph.parallel import Pool, default_workers, worker_pool
from batchgraph.results import ResultsDirectory

CLUSTER: dict[str, tuple[Any, object]] = {
    "scheduler": (SchedulerPlace, None),
    "insecure": (Insecure, False),
    "tls_ca": (TlsCa, None),
    "tls_cert": (TlsCert, None),
    "tls_key": (TlsKey, None),
}
"""Options of jobs that can be done on a cluster: their types and defaults."""


@dataclass(frozen=True, slots=True)
class Place:
    """The values of the options that say where; named as in `CLUSTER`, beside ``workers`` and the results directory."""

    workers: int | None = None
    out: Path | None = None
    scheduler: str | None = None
    insecure: bool = False
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def open(self, *, verbose: bool, memory: int | None) -> AbstractContextManager[Pool]:
        """Open the pool.

        Raises
        ------
        UsageError
            If both workers here and a cluster are asked for, or the cluster's address cannot be used.
        """
        if self.scheduler is None:
            workers = default_workers() if self.workers is None else self.workers
            return worker_pool(workers, verbose=verbose, memory=memory)
        if self.workers is not None:
            raise UsageError("--workers are processes of this machine, --scheduler has its own: choose one")
        from batchgraph.remote import remote_pool
        from batchgraph.scheduler import Scheduler

        scheduler = Scheduler(self.scheduler, self.insecure, self.tls_ca, self.tls_cert, self.tls_key)
        # Whoever works in a results directory has its lock file, made before tasks are.
        shared = None if self.out is None else ResultsDirectory(self.out.absolute()).lock
        return remote_pool(scheduler, shared=shared, verbose=verbose, memory=memory)
