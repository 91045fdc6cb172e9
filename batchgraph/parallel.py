"""Fan tasks out: in this process, or over local worker processes by dask.

Start-up as measured on two x86-64 cores with Python 3.11 and distributed 2026.8, wall seconds: importing distributed
0.3, then two workers as processes 0.45 (0.4 CPU seconds each), as threads 0.02. Processes are used all the same: they
outlive a task that crashes, and scapy and matplotlib hold the interpreter's lock. The compiled kernels alone would be
served as well by threads.

A finished task can run again when its worker dies before its result was fetched, so tasks leave nothing behind but
files of a fixed name, put in place whole, and return small receipts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from batchgraph.child import Death, run_in_child
from batchgraph.cluster import local_client
from batchgraph.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 4
"""Tasks handed to the scheduler per worker: enough to keep it busy, few enough to keep an archive's out of memory."""

PATIENCE_SECONDS = 30.0
"""How long no worker at all may be there before the cluster is given up; a dead one is back within 2 seconds."""

_CONTINUE = "the same command continues the run"


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """Stands in for the result of a task whose worker process died, the last time when it was tried alone."""

    reason: str


class Pool(Protocol):
    """Where tasks run."""

    @property
    def memory(self) -> int | None:
        """What each process, this one too, may hold, in octets; None: no limit was asked for."""

    @property
    def isolates(self) -> bool:
        """Whether what is `isolated` runs in processes of this machine, which can be watched from here and ended."""

    def fan_out(
        self, function: Callable[[T], R], tasks: Sequence[T], *, attempts: int = 2, isolated: bool = False
    ) -> Iterator[tuple[int, R | WorkerLost]]:
        """Run `function` on every task; see `fan_out`."""


def default_workers() -> int:
    """Count the processor cores that this process may use, by its affinity and its container's limits."""
    from dask.system import cpu_count

    return max(1, int(cpu_count()))


def fan_out(
    function: Callable[[T], R],
    tasks: Sequence[T],
    *,
    workers: int | Pool,
    attempts: int = 2,
    isolated: bool = False,
) -> Iterator[tuple[int, R | WorkerLost]]:
    """Run `function` on every task, each result given as soon as it is there.

    Parameters
    ----------
    function
        A module's own function, so that workers find it by name.
    tasks
        Small, and picklable: paths and records, never packets. Paths are absolute or relative to the current folder.
    workers
        0: one after the other, in this process. 1 or more: up to so many worker processes, begun for this call. A
        `Pool`: there.
    attempts
        2: a task whose worker died is tried once more, alone. 1: it is not.
    isolated
        Whether what would run in this process runs in a child of it instead, so that no task can end this process.

    Yields
    ------
    index, result
        Index of the task in `tasks`, and what `function` returned, or `WorkerLost` where the worker process died.
        In the order of `tasks` in this process, in any order otherwise.

    Raises
    ------
    ClusterError
        If the workers cannot be started, or are gone and do not come back.
    Exception
        Whatever `function` raises; other tasks under way are dropped.
    """
    with as_pool(workers) as pool:
        yield from pool.fan_out(function, tasks, attempts=attempts, isolated=isolated)


def memory_of(workers: int | Pool) -> int | None:
    """Give what each process may hold, in octets; None: no limit was asked for."""
    return None if isinstance(workers, int) else workers.memory


def as_pool(workers: int | Pool) -> AbstractContextManager[Pool]:
    """Give the pool itself, left open at the end, or a new one of so many workers."""
    return worker_pool(workers) if isinstance(workers, int) else nullcontext(workers)


@contextmanager
def worker_pool(workers: int, *, verbose: bool = False, memory: int | None = None) -> Iterator[Pool]:
    """Open a pool for several calls of `fan_out`; its processes start with the first that needs them.

    Parameters
    ----------
    workers
        Most worker processes; 0 for none.
    verbose
        Whether dask's own messages are shown.
    memory
        What each process may hold, in octets; a worker process that holds more is ended. None: no limit.
    """
    if workers == 0:
        yield _InProcess(memory)
        return
    with ExitStack() as stack:
        yield _ProcessPool(workers, stack, verbose=verbose, memory=memory)


@dataclass(frozen=True, slots=True)
class _InProcess:
    memory: int | None
    isolates: bool = True

    def fan_out(
        self, function: Callable[[T], R], tasks: Sequence[T], *, attempts: int = 2, isolated: bool = False
    ) -> Iterator[tuple[int, R | WorkerLost]]:
        if isolated:
            for index, first in enumerate(run_in_child(function, tasks)):
                is_again = isinstance(first, Death) and attempts > 1
                result = next(run_in_child(function, [tasks[index]])) if is_again else first
                yield index, WorkerLost(f"failed: {result.how}") if isinstance(result, Death) else result
            return
        for index, task in enumerate(tasks):
            yield index, function(task)


class _ProcessPool:
    """Local worker processes of one thread each, begun with the first call of more than one task.

    Until then a single task runs in this process, which is sooner done.
    """

    def __init__(self, workers: int, stack: ExitStack, *, verbose: bool, memory: int | None) -> None:
        self.memory = memory
        self.isolates = True
        self._workers = workers
        self._stack = stack
        self._verbose = verbose
        self._client: Client | None = None
        self._size = 0
        self._calls = 0

    def fan_out(
        self, function: Callable[[T], R], tasks: Sequence[T], *, attempts: int = 2, isolated: bool = False
    ) -> Iterator[tuple[int, R | WorkerLost]]:
        if len(tasks) < 2 and self._client is None:
            yield from _InProcess(self.memory).fan_out(function, tasks, attempts=attempts, isolated=isolated)
            return
        client = self._client_for(len(tasks))
        self._calls += 1
        submit: Callable[..., Future[R]] = partial(_submit, client, function, f"{function.__name__}-{self._calls}")
        waiting = iter(enumerate(tasks))
        running = {submit(task, index): index for index, task in islice(waiting, AHEAD * self._workers)}
        suspects = []
        while running:
            for future in _next_done(client, list(running)):
                index = running.pop(future)
                running |= {submit(task, later): later for later, task in islice(waiting, 1)}
                result = _outcome(future)
                if isinstance(result, WorkerLost) and attempts > 1:
                    suspects.append(index)
                else:
                    yield index, result
        for index in suspects:
            future = submit(tasks[index], f"{index}-again")
            _next_done(client, [future])
            result = _outcome(future)
            yield index, result

    def _client_for(self, tasks: int) -> Client:
        size = min(self._workers, tasks)
        if self._client is None:
            self._client = self._stack.enter_context(local_client(size, verbose=self._verbose, memory=self.memory))
        elif size > self._size:
            _cluster_of(self._client).scale(size)
        self._size = max(size, self._size)
        return self._client


def _cluster_of(client: Client) -> LocalCluster:
    return cast("LocalCluster", client.cluster)


def _submit(client: Client, function: Callable[[T], R], name: str, task: T, number: object) -> Future[R]:
    # As an argument of its own the task would be searched for tasks of dask's. A key of our own, and `pure`, for dask
    # takes equal calls for one.
    return client.submit(partial(function, task), key=f"{name}-{number}", pure=False, retries=0)


def _outcome(future: Future[R]) -> R | WorkerLost:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return WorkerLost("the worker process died while it worked on it, and again when it was tried alone")


def _next_done(client: Client, futures: list[Future[R]]) -> set[Future[R]]:
    """Wait until at least one of `futures` is done."""
    from distributed import CancelledError, wait

    while True:
        try:
            return set(wait(futures, timeout=PATIENCE_SECONDS, return_when="FIRST_COMPLETED").done)
        except CancelledError as error:
            raise ClusterError(f"the connection to the workers was lost ({error}); {_CONTINUE}") from error
        except TimeoutError:
            if not client.scheduler_info(n_workers=1)["workers"]:
                raise ClusterError(f"all worker processes died and cannot be started again; {_CONTINUE}") from None
