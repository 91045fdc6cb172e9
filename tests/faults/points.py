"""One fault point: a run in which one call fails or which is killed there, and what must hold after it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .checking import digests, leftovers, torn_files
from .child import in_child, run_command

Faulty = Callable[[Path, Path], int]
"""Runs with a fault into a results directory, messages in a log, and gives the exit code, negative for a signal."""

OK, INCOMPLETE, CANNOT_WRITE = 0, 3, 5


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Tally:
    """How many points of one kind there were, and what was wrong at which."""

    points: int = 0
    stopped: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where runs with faults are made, and what an undisturbed one gives."""

    captures: Path
    folder: Path
    expected: dict[str, str]


def make_bench(captures: Path, folder: Path) -> Bench:
    """Make an undisturbed run to compare with.

    Raises
    ------
    RuntimeError
        If it does not end with 0.
    """
    out = folder / "undisturbed"
    if in_child(partial(run_command, captures, out, folder / "log")) != OK:
        raise RuntimeError((folder / "log").read_text(encoding="utf-8"))
    return Bench(captures, folder, in_child(partial(digests, out)))


def try_point(bench: Bench, name: str, faulty: Faulty, tally: Tally, *, killed: bool) -> None:
    """Make a run with a fault and continue it, and count what is wrong: nothing may be."""
    out, log = bench.folder / "out", bench.folder / "log"
    shutil.rmtree(out, ignore_errors=True)
    code = faulty(out, log)
    told = log.read_text(encoding="utf-8", errors="replace")[-600:] if log.exists() else ""
    wrong = in_child(partial(wrong_now, bench, out, complete=code == OK))
    if code not in {OK, -9 if killed else CANNOT_WRITE} and not (code == INCOMPLETE and _tells_what_failed(out)):
        wrong.append("the exit code tells of something else than the fault")
    again = in_child(partial(run_command, bench.captures, out, log))
    wrong += [f"again: exit code {again}"] if again != OK else in_child(partial(wrong_at_end, bench, out))
    tally.points += 1
    tally.stopped += code != OK
    if wrong:
        tally.wrong.append(f"{name}: exit code {code}: {'; '.join(wrong)}\n{told}")


def _tells_what_failed(out: Path) -> bool:
    """Tell whether ``run.json`` names a capture or a map that failed: the fault may have hit what was read."""
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return bool(manifest.get("failed_maps")) or any(entry["status"] == "failed" for entry in manifest["inputs"])


def wrong_now(bench: Bench, out: Path, *, complete: bool) -> list[str]:
    """Say what is wrong after a run with a fault, which was `complete` if it says so."""
    wrong = [f"torn: {problem}" for problem in torn_files(out)]
    if complete and digests(out) != bench.expected:
        wrong.append("done, it says, but the deliverables are not those of an undisturbed run")
    return wrong


def wrong_at_end(bench: Bench, out: Path) -> list[str]:
    """Say what is wrong after the same command has ended with 0."""
    found = digests(out)
    names = sorted(name for name in {*found, *bench.expected} if found.get(name) != bench.expected.get(name))
    return [f"not as undisturbed: {name}" for name in names] + [f"left over: {name}" for name in leftovers(out)]
