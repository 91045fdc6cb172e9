"""A pool of workers of a dask cluster that is there already, on machines that share a file system with this one.

A worker has one task at a time, which is given to it alone: when a worker is lost, it is known which task was lost with
it, and dask begins none anew by itself, whatever the settings of a scheduler that is not ours.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

from batchgraph.cluster import logging_from
from batchgraph.errors import ClusterError
from batchgraph.parallel import PATIENCE_SECONDS, Pool, WorkerLost
from batchgraph.same_program import check_program, check_shared
from batchgraph.scheduler import Scheduler

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

CONNECT_SECONDS = 15.0
"""How long a scheduler may take to answer before it is given up."""

LOOK_SECONDS = 1.0
"""How often the scheduler is asked which workers there are, while none of them is done."""

_CONTINUE = "the same command continues the run"


@contextmanager
def remote_pool(
    scheduler: Scheduler, *, shared: Path | None = None, verbose: bool = False, memory: int | None = None
) -> Iterator[Pool]:
    """Connect to a cluster whose workers run the same program as this process.

    Parameters
    ----------
    scheduler
        Where it is.
    shared
        A file that is there once tasks are fanned out and that workers must see; None: nothing is checked.
    verbose
        Whether dask's own messages are shown.
    memory
        What each process may hold, in octets; queries of workers keep to their share of it.

    Raises
    ------
    UsageError
        If the scheduler is none, or the certificates cannot be used.
    ClusterError
        If it cannot be reached or has no workers, or these have other versions; later, by the pool, if it is lost.
    """
    # distributed first: loading it adds its settings to dask's, which `set` would take away with ours at the end.
    import distributed  # isort: skip  # noqa: F401
    import dask.config

    address, security = scheduler.address(), scheduler.security()
    with ExitStack() as stack:
        stack.enter_context(logging_from(logging.INFO if verbose else logging.CRITICAL + 1))
        stack.enter_context(dask.config.set({"distributed.comm.timeouts.connect": CONNECT_SECONDS}))
        pool = _RemotePool(_connected(address, security), address, shared, memory, verbose)
        stack.push(pool.close)
        pool.workers()
        yield pool


def _connected(address: str, security: object) -> Client:
    from distributed import Client

    try:
        return Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise ClusterError(f"the scheduler {address} cannot be reached ({error}); {_CONTINUE}") from error


@dataclass(frozen=True, slots=True)
class _Try:
    """A task that a worker has: its index, how often it was begun, and where."""

    index: int
    number: int
    worker: str


@dataclass(slots=True)
class _RemotePool:
    _client: Client
    _address: str
    _shared: Path | None
    memory: int | None
    _verbose: bool = False
    isolates: bool = False
    _calls: int = 0
    _checked: set[str] = field(default_factory=set)
    _seeing: set[str] = field(default_factory=set)

    def close(self, kind: type[BaseException] | None, *_: object) -> None:
        """Leave the cluster; it drops what was to be done for this client."""
        if kind is not None and not self._verbose:
            # A client whose scheduler is gone looks for it until this process ends, and then tells how that ended.
            logging.getLogger("distributed.client").setLevel(logging.CRITICAL + 1)
        with suppress(OSError, RuntimeError):
            self._client.close(timeout=1.0 if kind else CONNECT_SECONDS)

    def workers(self) -> set[str]:
        """Give the addresses of the workers that are there, having compared the versions of new ones.

        Raises
        ------
        ClusterError
            If the scheduler is lost, no worker comes in time, or one runs another program.
        """
        start = monotonic()
        with self._losses():
            while not (workers := self._workers_known()):
                if monotonic() - start > PATIENCE_SECONDS:
                    raise ClusterError(f"the cluster at {self._address} has no workers; {_CONTINUE}")
                Event().wait(LOOK_SECONDS)
            if new := workers - self._checked:
                check_program(self._client, sorted(new))
                self._checked |= new
        return workers

    def _workers_known(self) -> set[str]:
        # Of a scheduler that is gone the client gives what it last heard, and in the end nothing at all.
        known = self._client.scheduler_info(n_workers=-1).get("workers", ())
        if self._client.status in ("closing", "closed"):
            raise self._lost("the scheduler does not answer")
        return set(known)

    def fan_out(
        self, function: Callable[[T], R], tasks: Sequence[T], *, attempts: int = 2, isolated: bool = False
    ) -> Iterator[tuple[int, R | WorkerLost]]:
        """Run `function` on every task, as `batchgraph.parallel.fan_out` says; never in this process."""
        self._calls += 1
        # Gone through once and never counted: tasks may be found while others are done.
        fresh = ((index, 1) for index, _ in enumerate(tasks))
        lost: deque[tuple[int, int]] = deque()
        running: dict[Future[R], _Try] = {}
        while True:
            workers = self._workers_that_see()
            for worker in sorted(workers - {attempt.worker for attempt in running.values()}):
                if following := next(fresh, None) or (lost.popleft() if lost else None):
                    attempt = _Try(*following, worker)
                    running[self._submit(function, tasks[attempt.index], attempt)] = attempt
            if not running:
                return
            for future, result in self._results(running, workers):
                attempt = running.pop(future)
                if isinstance(result, WorkerLost) and attempt.number < attempts:
                    lost.append((attempt.index, attempt.number + 1))
                else:
                    yield attempt.index, result

    def _workers_that_see(self) -> set[str]:
        workers = self.workers()
        if self._shared is not None and (new := workers - self._seeing):
            with self._losses():
                check_shared(self._client, sorted(new), self._shared)
            self._seeing |= new
        return workers

    def _submit(self, function: Callable[[T], R], task: T, attempt: _Try) -> Future[R]:
        key = f"{function.__name__}-{self._client.id}-{self._calls}-{attempt.index}-{attempt.number}"
        # As an argument of its own the task would be searched for tasks of dask's.
        call = partial(function, task)
        with self._losses():
            return self._client.submit(
                call, key=key, pure=False, retries=0, workers=[attempt.worker], allow_other_workers=False
            )

    def _results(self, running: dict[Future[R], _Try], workers: set[str]) -> list[tuple[Future[R], R | WorkerLost]]:
        """Wait for a moment, and give what is done by then, and what is lost."""
        from distributed import wait

        with self._losses(), self._client.as_current(), suppress(TimeoutError):
            wait(list(running), timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED")
        outcomes = [(future, self._outcome(future, attempt.worker in workers)) for future, attempt in running.items()]
        return [(future, outcome.result) for future, outcome in outcomes if outcome is not None]

    def _outcome(self, future: Future[R], has_worker: bool) -> _Outcome[R] | None:
        """Give what became of a task; None where that is not known yet."""
        from distributed import CancelledError, KilledWorker

        status = future.status
        if status == "error":
            try:
                return _Outcome(future.result(timeout=CONNECT_SECONDS))
            except KilledWorker:
                return _Outcome(_LOST)
            except CancelledError as error:
                raise self._lost(error) from error
        if status in ("cancelled", "lost"):
            raise self._lost(status)
        if status == "finished":
            # A worker has the result, so what is raised here is the cluster's; in time none comes of a worker lost.
            with self._losses(), suppress(TimeoutError):
                return _Outcome(future.result(timeout=CONNECT_SECONDS))
        return None if has_worker else _Outcome(_LOST)

    @contextmanager
    def _losses(self) -> Iterator[None]:
        """Turn what a lost connection raises into a `ClusterError`."""
        from distributed import CancelledError

        try:
            yield
        except ClusterError:
            raise
        except (OSError, CancelledError, RuntimeError, ValueError) as error:
            raise self._lost(error) from error

    def _lost(self, error: object) -> ClusterError:
        return ClusterError(f"the connection to the cluster at {self._address} was lost ({error}); {_CONTINUE}")


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[R]):
    result: R | WorkerLost


_LOST = WorkerLost("the worker was lost while it worked on it, and again when it was tried once more")
