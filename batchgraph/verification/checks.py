"""What a verification is made of: checks, each of one thing, and what was found wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from batchgraph.errors import ResultsError

EXTRACT_AGAIN = "run `batchgraph extract` again"
MERGE_AGAIN = "run `batchgraph merge` again"
REPORT_AGAIN = "run `batchgraph report` again"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name
        What kind of check it is: ``accounting``, ``hashes``, ``edges``, ``flows``, ``graph``, ``tables``, ``files``,
        ``whole``, ``views`` or ``again``.
    place
        What was looked at: a path in the results directory, or an input.
    what
        What is wrong with it; empty where nothing is.
    remedy
        What to do about it.
    """

    name: str
    place: str
    what: str = ""
    remedy: str = ""

    @property
    def failed(self) -> bool:
        """Whether something is wrong."""
        return bool(self.what)

    @property
    def line(self) -> str:
        """What is wrong, where, and what to do, in one line."""
        return f"{self.place}: {self.name}: {self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of a results directory, in order, and what could not be checked."""

    checks: tuple[Check, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.failed)


def look(name: str, place: str, remedy: str, problem_of: Callable[[], str | None]) -> Check:
    """Make a check.

    Parameters
    ----------
    name, place, remedy
        As for `Check`.
    problem_of
        Gives what is wrong, or None. Where it cannot read what it looks at, that is what is wrong.
    """
    try:
        what = problem_of()
    except ResultsError as error:
        cause = error.__cause__ or error
        what = f"cannot be read ({str(cause).strip().partition(chr(10))[0]})"
    return Check(name, place, what or "", remedy if what else "")


def relative(root: Path, path: Path) -> str:
    """Write a path as seen from the results directory, ``/`` between."""
    return path.relative_to(root).as_posix()
