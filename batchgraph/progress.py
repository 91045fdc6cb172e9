"""How stages tell how far they are: a protocol, and who listens: nobody, a log, or a terminal.

Everything goes to standard error, as lines that begin with ``batchgraph:``, or as live bars on a terminal.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol, TextIO

from batchgraph.messages import escape, write_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

MAX_ALIKE = 20
"""Most problems of one kind that are printed; the others are counted."""

QUIET_SECONDS = 5.0
"""How long a log is left alone between two lines of the same stage."""

CURRENT_WIDTH = 28
"""Columns for what a bar has got to; of longer names the end is shown, which tells more."""


class StageProgress(Protocol):
    """Counts the steps of one stage."""

    def advance(self, description: str = "", amount: int = 1) -> None:
        """Count `amount` steps as done, the last one being `description`."""


class Progress(Protocol):
    """Receives what a run wants people to know while it goes on."""

    def stage(self, name: str, total: int) -> AbstractContextManager[StageProgress]:
        """Begin a stage of `total` steps; it ends with the block."""

    def problem(self, message: str) -> None:
        """Report one problem in one line."""


class _NoStage:
    def advance(self, description: str = "", amount: int = 1) -> None:
        """Say nothing."""


class NoProgress:
    """Say nothing: for use as a library."""

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[StageProgress]:
        """Begin a stage of which nothing is shown."""
        yield _NoStage()

    def problem(self, message: str) -> None:
        """Pass over a problem; it stands in ``run.json`` all the same."""


class QuietProgress(NoProgress):
    """Tell of problems alone, one line each.

    Parameters
    ----------
    write
        Is given whole lines, without their end.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._alike: Counter[str] = Counter()

    def problem(self, message: str) -> None:
        """Print a problem, unless `MAX_ALIKE` of its kind were printed."""
        kind = _kind_of(message)
        self._alike[kind] += 1
        if self._alike[kind] <= MAX_ALIKE:
            self._write(f"batchgraph: {escape(message)}")

    def close(self) -> None:
        """Print how many problems of each kind were not printed."""
        for kind, count in self._alike.items():
            if count > MAX_ALIKE:
                self._write(f"batchgraph: and {count - MAX_ALIKE:,} more like this: {escape(kind)}")


class PlainProgress(QuietProgress):
    """Write a line when a stage begins, one every few seconds, and one when it ends.

    Parameters
    ----------
    write
        Is given whole lines, without their end.
    clock
        Gives seconds that never run backwards.
    """

    def __init__(self, write: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(write)
        self._clock = clock

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[StageProgress]:
        """Begin a stage; where it fails, no line tells of its end."""
        stage = _PlainStage(name, total, self._write, self._clock)
        stage.say("begins")
        began = self._clock()
        yield stage
        stage.say(f"done in {self._clock() - began:.1f} s")


class _PlainStage:
    def __init__(self, name: str, total: int, write: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._name = name
        self._total = total
        self._write = write
        self._clock = clock
        self._done = 0
        self._last = clock()

    def advance(self, description: str = "", amount: int = 1) -> None:
        """Count steps, and say so unless something was said a moment ago."""
        self._done += amount
        if self._done < self._total and self._clock() - self._last >= QUIET_SECONDS:
            self.say(escape(description))

    def say(self, what: str) -> None:
        """Write one line."""
        self._last = self._clock()
        self._write(f"batchgraph: {self._name} {self._done:,}/{self._total:,} {what}".rstrip())


class LiveProgress(QuietProgress):
    """Draw one bar per stage on a terminal, problems above them.

    Parameters
    ----------
    console
        The terminal.
    """

    def __init__(self, console: Console) -> None:
        from rich.text import Text

        # Lines are left to the terminal to wrap, so that they can be copied whole.
        super().__init__(lambda line: console.print(Text(line), soft_wrap=True))
        self._bars = _bars(console)

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[StageProgress]:
        """Begin a bar; it stays when the stage has ended."""
        self._bars.start()
        bar = self._bars.add_task(name, total=total, current="")
        yield _LiveStage(self._bars, bar)
        self._bars.update(bar, current="")

    def close(self) -> None:
        """Leave the bars as they are, and print what is left to say."""
        self._bars.stop()
        super().close()


class _LiveStage:
    def __init__(self, bars: Bars, bar: TaskID) -> None:
        self._bars = bars
        self._bar = bar

    def advance(self, description: str = "", amount: int = 1) -> None:
        """Move the bar on."""
        current = escape(description)
        if len(current) > CURRENT_WIDTH:
            current = f"…{current[1 - CURRENT_WIDTH :]}"
        self._bars.update(self._bar, advance=amount, current=current)


def _bars(console: Console) -> Bars:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    one_line = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    return Progress(
        # Names come from outside: rich would take "[red]" in one for an instruction.
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[current]}", markup=False, table_column=one_line),
        console=console,
        expand=True,
    )


@contextmanager
def open_progress(stream: TextIO | None = None, *, quiet: bool = False) -> Iterator[Progress]:
    """Choose how to show progress on a stream, standard error by default.

    Parameters
    ----------
    stream
        Live bars where it is a terminal, plain lines where it is not.
    quiet
        Whether problems alone are shown.
    """
    stream = sys.stderr if stream is None else stream
    progress = _listener(stream, quiet=quiet)
    try:
        yield progress
    finally:
        progress.close()


def _listener(stream: TextIO, *, quiet: bool) -> QuietProgress:
    write = partial(write_line, stream)
    if quiet:
        return QuietProgress(write)
    if not stream.isatty():
        return PlainProgress(write)
    from rich.console import Console

    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    return LiveProgress(console) if console.is_terminal and not console.is_dumb_terminal else PlainProgress(write)


def _kind_of(message: str) -> str:
    """Tell problems of one kind by their text without the file it begins with and without its numbers."""
    return re.sub(r"[0-9][0-9,]*", "N", message.partition(": ")[2] or message)
