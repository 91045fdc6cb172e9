"""A dask cluster to be killed: a scheduler, and a nanny with two workers, that can be started again."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.clusters import AUTHORITY, CLUSTER, end, started

WORKERS = 2


@dataclass(slots=True)
class Cluster:
    """A cluster whose files are in a folder; not running until it is asked for."""

    folder: Path
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

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
        return self._processes[0].pid

    @property
    def nanny(self) -> int:
        """The number of the workers' nanny, and of their session."""
        return self._processes[1].pid

    def start(self) -> None:
        """Start what is not running, and wait for the workers."""
        if self._processes and all(process.poll() is None for process in self._processes):
            return
        self.stop()
        self.folder.mkdir(exist_ok=True)
        self._file.unlink(missing_ok=True)
        # Else the workers of a scheduler that is gone would wait for it half a minute, and find another one.
        options = ("--scheduler-file", self._file, "--local-directory", self.folder)
        self._processes = [started("scheduler", self.folder, "--port", "0", "--scheduler-file", self._file)]
        self._processes.append(started("worker", self.folder, *options, "--nworkers", WORKERS, "--nthreads", "1"))
        log, until = self.folder / "worker.log", time.monotonic() + 60
        while log.read_text(errors="replace").count("Registered to") < WORKERS:
            if time.monotonic() > until:
                raise RuntimeError(log.read_text(errors="replace"))
            time.sleep(0.05)

    def stop(self) -> None:
        """End what is running."""
        for process in reversed(self._processes):
            end(process)
        self._processes = []
