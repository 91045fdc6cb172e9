"""One fault point: a run in which one call fails or which is killed there, and what must hold after it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .checking import digests, leftovers, state, torn_files
from .child import in_child, run_command

Faulty = Callable[[Path, Path], int]
"""Runs with a fault into a results directory, messages in a log, and gives the exit code, negative for a signal."""

OK, USAGE, INCOMPLETE, CANNOT_WRITE = 0, 2, 3, 5


class ElsewhereError(Exception):
    """A fault hit nothing that is of the run's own: there is nothing to judge."""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Tally:
    """How many points of one kind there were, and what was wrong at which."""

    points: int = 0
    stopped: int = 0
    elsewhere: int = 0
    wrong: list[str] = field(default_factory=list)
    last: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where runs with faults are made, and what an undisturbed one gives: files, exit code and what failed.

    States of the results directory from which a run was continued well are in `continued`: it is continued from each
    once, since the same program does the same from the same state. Most faults leave one that another left.
    """

    captures: Path
    folder: Path
    expected: dict[str, str]
    scenario: str = "plain"
    code: int = OK
    failed: frozenset[str] = frozenset()
    continued: set[str] = field(default_factory=set)

    @property
    def run(self) -> Callable[..., int]:
        """The run itself: takes the results directory and the log."""
        return partial(run_command, self.captures, scenario=self.scenario)


def make_bench(captures: Path, folder: Path, scenario: str = "plain") -> Bench:
    """Make an undisturbed run to compare with.

    Raises
    ------
    RuntimeError
        If it does not end with 0, or with 3 for what the scenario makes fail.
    """
    out = folder / "undisturbed"
    bench = Bench(captures, folder, {}, scenario)
    code = in_child(partial(bench.run, out, folder / "log"))
    if code not in (OK, INCOMPLETE) or (code == OK) != (not failed_in(out)):
        raise RuntimeError((folder / "log").read_text(encoding="utf-8"))
    return Bench(captures, folder, in_child(partial(digests, out)), scenario, code, failed_in(out))


def try_point(bench: Bench, name: str, faulty: Faulty, tally: Tally, *, killed: bool) -> None:
    """Make a run with a fault and continue it, and count what is wrong: nothing may be."""
    out, log = bench.folder / "out", bench.folder / "log"
    shutil.rmtree(out, ignore_errors=True)
    try:
        code = faulty(out, log)
    except ElsewhereError as elsewhere:
        tally.elsewhere += 1
        tally.last = f"elsewhere: {elsewhere}"
        return
    told = log.read_text(encoding="utf-8", errors="replace")[-600:] if log.exists() else ""
    wrong = in_child(partial(wrong_now, bench, out, code=code))
    if code not in {bench.code, -9 if killed else CANNOT_WRITE} and not _is_true(bench, out, code, told):
        wrong.append("the exit code tells of something else than the fault")
    wrong += continue_from(bench, out, partial(bench.run, out, log))
    tally.points += 1
    tally.stopped += code != bench.code
    tally.last = f"{'WRONG' if wrong else 'good'} {code}"
    if wrong:
        tally.wrong.append(f"{name}: exit code {code}: {'; '.join(wrong)}\n{told}")


def continue_from(bench: Bench, out: Path, command: Callable[[], int]) -> list[str]:
    """Give the same command again, and say what is wrong then."""
    left = state(out)
    if left in bench.continued:
        return []
    again = in_child(command)
    wrong = in_child(partial(wrong_at_end, bench, out)) if again == bench.code else [f"again: exit code {again}"]
    if not wrong:
        bench.continued.add(left)
    return wrong


def _is_true(bench: Bench, out: Path, code: int, told: str) -> bool:
    """Tell whether an exit code is true of a fault that hit what was read: the folder given, a capture or a map."""
    if code == USAGE:
        return "cannot read the folder" in told and not any(path.is_file() for path in out.rglob("*"))
    return code == INCOMPLETE and failed_in(out) > bench.failed


def failed_in(out: Path) -> frozenset[str]:
    """Give the captures and maps that failed, as ``run.json`` names them; none where there is no such file."""
    if not (out / "run.json").exists():
        return frozenset()
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    captures = {entry["path"] for entry in manifest["inputs"] if entry["status"] == "failed"}
    return frozenset(captures | {json.dumps(name) for name in manifest.get("failed_maps", ())})


def wrong_now(bench: Bench, out: Path, *, code: int) -> list[str]:
    """Say what is wrong after a run with a fault: if it says that it is complete, it must be."""
    wrong = [f"torn: {problem}" for problem in torn_files(out)]
    if code == bench.code and failed_in(out) == bench.failed:
        wrong += [f"done, it says, but {problem}" for problem in _differences(bench, out)]
    return wrong


def _differences(bench: Bench, out: Path) -> list[str]:
    found = digests(out)
    names = sorted(name for name in {*found, *bench.expected} if found.get(name) != bench.expected.get(name))
    return [f"not as undisturbed: {name}" for name in names]


def wrong_at_end(bench: Bench, out: Path) -> list[str]:
    """Say what is wrong after the same command has ended as it does undisturbed."""
    return _differences(bench, out) + [f"left over: {name}" for name in leftovers(out)]
