"""A dask cluster to be killed: a scheduler, and a nanny with two workers, that can be started again.

They are forked of this process, which has imported what they need, and so are the workers of the nanny.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.clusters import AUTHORITY, CLUSTER, arguments

from .child import fork, wait_for
from .processes import children, is_there, members
from .spawning import SPAWNED, spawn_by_fork

WORKERS = 2


def import_servers() -> None:
    """Import what a scheduler, a nanny and its workers do."""
    for module in ("scheduler", "worker"):
        importlib.import_module(f"distributed.cli.dask_{module}")


@dataclass(slots=True)
class Cluster:
    """A cluster whose files are in a folder; not running until it is asked for."""

    folder: Path
    _processes: list[int] = field(default_factory=list)

    @property
    def arguments(self) -> tuple[str, ...]:
        """Options of a run that works there."""
        files = {"--scheduler": self._file, "--tls-ca": AUTHORITY, "--tls-cert": CLUSTER, "--tls-key": CLUSTER}
        return tuple(word for name, path in files.items() for word in (name, str(path)))

    @property
    def _file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def scheduler(self) -> int:
        """The number of the scheduler's process."""
        return self._processes[0]

    @property
    def workers(self) -> list[int]:
        """The numbers of the workers' processes."""
        return children(self._processes[1], name=SPAWNED)

    def start(self) -> None:
        """Start what is not running, and wait for the workers."""
        if not (self._processes and all(map(is_there, self._processes))):
            # Else the workers of a scheduler that is gone would wait for it half a minute, and find another one.
            self.stop()
            self.folder.mkdir(exist_ok=True)
            self._file.unlink(missing_ok=True)
            file = ("--scheduler-file", self._file)
            self._start("scheduler", "--port", "0", *file)
            here = ("--local-directory", self.folder)
            self._start("worker", *file, *here, "--nworkers", WORKERS, "--nthreads", "1")
        log, until = self.folder / "worker.log", time.monotonic() + 60
        while log.read_text(errors="replace").count("Registered to") < WORKERS:
            if time.monotonic() > until:
                raise RuntimeError(log.read_text(errors="replace"))
            time.sleep(0.01)

    def _start(self, what: str, *options: object) -> None:
        log = self.folder / f"{what}.log"
        log.write_bytes(b"")

        def run() -> None:
            os.setsid()
            descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
            for standard in (1, 2):
                os.dup2(descriptor, standard)
            os.close(descriptor)
            os.chdir(self.folder)
            if what == "worker":
                spawn_by_fork()
            sys.modules[f"distributed.cli.dask_{what}"].main(arguments(*options), standalone_mode=False)

        self._processes.append(fork(run))

    def stop(self) -> None:
        """End what is running."""
        for process in reversed(self._processes):
            for member, command in members(process).items():
                # It ends when the last of the others has, and removes their semaphores from the system.
                if "resource_tracker" not in command:
                    with suppress(ProcessLookupError):
                        os.kill(member, signal.SIGKILL)
            wait_for(process)
        self._processes = []
