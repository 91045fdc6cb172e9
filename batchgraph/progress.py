"""How stages tell how far they are: a protocol, and the implementation that says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


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
