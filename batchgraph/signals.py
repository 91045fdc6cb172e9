"""Signals as exceptions, so that an interrupted run cleans up on its way out."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to stop.

    Attributes
    ----------
    number
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What shells report for a process that the signal ended."""
        return 128 + self.number


def end_when_told() -> None:
    """End the process at a signal with the exit code that tells of it; for where there is nothing to clean up.

    So a program is told of as ended in the same way before, in and after a block that is `interruptible`.
    """

    def end(number: int, frame: FrameType | None) -> NoReturn:
        os._exit(128 + number)

    for number in SIGNALS:
        signal.signal(number, end)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in the main thread at the first signal; a second one ends the process as it would any.

    Both signals are set explicitly: a shell starts what it puts in the background with SIGINT ignored. What a library
    makes of the exception on its way (DuckDB turns it into a `RuntimeError`) is turned back at the end of the block.
    """
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        received.append(number)
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    try:
        yield
    except Exception as error:
        if received:
            raise Interrupted(received[0]) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
