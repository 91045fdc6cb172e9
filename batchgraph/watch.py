"""Word of what each worker process works on, and an end to those that take too long or too much memory.

A worker leaves word of each step in two small files, its parent reads them: so the parent knows what a process that
died had done, and what killed it. What the system tells of processes decides; where that is nothing, none is ended.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import psutil

from batchgraph.results import output_errors

INTERVAL_SECONDS = 0.2
"""How often processes are looked at."""

TIMEOUT = "timeout"


class Journal:
    """What one worker process tells of the steps of one task.

    Parameters
    ----------
    path
        Where it lies; its end is left open, for two files begin so.
    """

    def __init__(self, path: str) -> None:
        self._now = Path(f"{path}.now")
        self._done = Path(f"{path}.done")

    def begin(self, step: str) -> None:
        """Tell that this process begins a step now."""
        with output_errors(self._now):
            self._now.write_text(json.dumps([step, os.getpid()]))

    def end(self, result: dict[str, Any]) -> None:
        """Tell that the step is done, and its result."""
        with output_errors(self._done):
            with self._done.open("a") as file:
                file.write(json.dumps(result) + "\n")
            self._now.unlink(missing_ok=True)

    @property
    def results(self) -> list[dict[str, Any]]:
        """Results of the steps done; one that a death cut off is left out."""
        with suppress(OSError):
            return [json.loads(line) for line in self._done.read_text().splitlines(keepends=True) if line[-1] == "\n"]
        return []

    @property
    def step(self) -> str:
        """The step that is under way, or was when its process died; empty where there is none."""
        return _under_way(self._now)[0]


def _under_way(path: Path) -> tuple[str, int]:
    with suppress(OSError, ValueError):
        step, process = json.loads(path.read_text())
        return step, process
    return "", 0


@dataclass(slots=True)
class Watch:
    """Ends worker processes of this process whose step goes beyond its limits.

    Attributes
    ----------
    folder
        Of the journals.
    seconds
        Gives the seconds that a step may take; None where there is no limit.
    octets
        Memory that a process may hold; None: no limit.
    verdicts
        Why the process of a step was ended, by step: ``timeout``, ``memory (600 MiB)``.
    """

    folder: Path
    seconds: Callable[[str], float | None]
    octets: int | None
    verdicts: dict[str, str] = field(default_factory=dict)
    _spent: dict[tuple[str, int], float] = field(default_factory=dict)
    _last: float = field(default_factory=monotonic)

    def look(self) -> None:
        """Look at every step under way."""
        # A pause of this process (Ctrl-Z) was one of its workers too, and is not held against them.
        passed = min(monotonic() - self._last, 5 * INTERVAL_SECONDS)
        self._last = monotonic()
        # One that is being written just now has no name yet, and is looked at the next time.
        under_way = [word for path in self.folder.glob("*.now") if (word := _under_way(path))[0]]
        self._spent = {key: self._spent.get(key, -passed) + passed for key in under_way}
        for (step, process), spent in self._spent.items():
            reason = self._excess(step, process, spent)
            if reason and _is_child(process):
                self.verdicts[step] = reason
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def _excess(self, step: str, process: int, spent: float) -> str:
        seconds = self.seconds(step)
        if seconds is not None and spent > seconds:
            return TIMEOUT
        if self.octets is not None and memory_of(process) > self.octets:
            return f"memory ({self.octets >> 20} MiB)"
        return ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look again and again while the block runs."""
        over = threading.Event()

        def look_on() -> None:
            while not over.wait(INTERVAL_SECONDS):
                self.look()

        thread = threading.Thread(target=look_on, name="batchgraph-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _is_child(process: int) -> bool:
    with suppress(psutil.Error):
        return bool(psutil.Process(process).ppid() == os.getpid())
    return False


def memory_of(process: int) -> int:
    """Give the octets of memory that a process holds (its resident set); 0 where that is not known."""
    with suppress(psutil.Error):
        return int(psutil.Process(process).memory_info().rss)
    return 0
