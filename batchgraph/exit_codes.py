"""What the exit code says, declared once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from batchgraph.errors import UsageError
from batchgraph.results import Manifest

InputEntry = dict[str, Any]
"""What ``run.json`` says of one input."""

_MAX_BAD = re.compile(r"[0-9]{1,9}|[0-9]{1,3}([.][0-9]{1,6})?%")

OK = 0
BUG = 1
USAGE = 2
INCOMPLETE = 3
NO_CAPTURES = 4
NOT_WRITABLE = 5
BUSY = 6
CLUSTER = 7
FOUND = 8
INTERRUPTED = 130
TERMINATED = 143


@dataclass(frozen=True, slots=True)
class ExitCode:
    """An exit code and what it means."""

    code: int
    meaning: str


EXIT_CODES: tuple[ExitCode, ...] = (
    ExitCode(OK, "every input ok"),
    ExitCode(BUG, "a bug in batchgraph; bad input never gives this"),
    ExitCode(USAGE, "wrong usage or configuration; nothing written"),
    ExitCode(
        INCOMPLETE,
        "complete, but some input was salvaged, partial, changed, unsupported, empty or failed, or a map failed"
        " (`--fail-on never` makes it 0), or too few were found",
    ),
    ExitCode(NO_CAPTURES, "no captures found"),
    ExitCode(NOT_WRITABLE, "output not writable or not readable, or disk full; the same command continues"),
    ExitCode(BUSY, "output directory in use by a live run"),
    ExitCode(CLUSTER, "cluster failure; the same command continues"),
    ExitCode(FOUND, "a check or a diff found what it was asked to fail on"),
    ExitCode(INTERRUPTED, "interrupted (Ctrl-C); the same command continues"),
    ExitCode(TERMINATED, "terminated; the same command continues"),
)
"""All exit codes, in order."""

INPUT_STATUSES = ("ok", "salvaged", "partial", "changed", "unsupported", "empty", "failed")
"""What can become of an input, best first."""

FAIL_ON: Mapping[str, frozenset[str]] = {
    "any": frozenset(INPUT_STATUSES[1:]),
    "damaged": frozenset({"salvaged", "partial", "changed", "failed"}),
    "failed": frozenset({"failed"}),
    "never": frozenset(),
}
"""For each value of ``--fail-on``, the input statuses that make the exit code 3."""


def exit_code(manifest: Manifest, *, fail_on: str = "any", max_bad: str = "0", min_files: int = 0) -> int:
    """Compute the exit code of a complete run.

    Parameters
    ----------
    manifest
        As the last stage returned it.
    fail_on
        A key of `FAIL_ON`: which inputs are bad.
    max_bad
        How many inputs may be bad: a number, or a share of all of them such as ``5%``.
    min_files
        How many inputs there must be at least.

    Raises
    ------
    UsageError
        If `max_bad` is neither a number nor a share.
    """
    return INCOMPLETE if missed_gates(manifest, fail_on=fail_on, max_bad=max_bad, min_files=min_files) else OK


def missed_gates(manifest: Manifest, *, fail_on: str = "any", max_bad: str = "0", min_files: int = 0) -> dict[str, str]:
    """Give what makes the exit code 3, with the parameters of `exit_code`: the gate's name, and why it is missed.

    The gates are ``fail-on``, ``require-min-files`` and ``maps``.
    """
    n_inputs = len(manifest["inputs"])
    n_bad, most = len(bad_inputs(manifest, fail_on=fail_on)), most_bad(max_bad, n_inputs)
    n_failed_maps = len(manifest.get("failed_maps", [])) if fail_on != "never" else 0
    missed = {}
    if n_bad > most:
        missed["fail-on"] = f"bad inputs: {n_bad} of {n_inputs}; --max-bad allows {max_bad}"
    if n_inputs < min_files:
        missed["require-min-files"] = f"captures found: {n_inputs}; --require-min-files asks for {min_files}"
    if n_failed_maps:
        missed["maps"] = f"maps that could not be drawn: {n_failed_maps}"
    return missed


def bad_inputs(manifest: Manifest, *, fail_on: str) -> list[InputEntry]:
    """Give the inputs whose status `fail_on` counts."""
    return [entry for entry in manifest["inputs"] if entry["status"] in FAIL_ON[fail_on]]


def most_bad(max_bad: str, n_inputs: int) -> Fraction:
    """Give how many of `n_inputs` may be bad; a share is not rounded.

    Raises
    ------
    UsageError
        If `max_bad` is neither a number nor a share.
    """
    if not _MAX_BAD.fullmatch(max_bad):
        raise UsageError(f"--max-bad is a number of inputs (3) or a share of them (5%), not {max_bad!r}")
    if max_bad.endswith("%"):
        return Fraction(max_bad[:-1]) / 100 * n_inputs
    return Fraction(max_bad)


def status_counts(manifest: Manifest) -> dict[str, int]:
    """Count inputs, those of each status that there is, and packets."""
    statuses = _statuses(manifest)
    counts = {status: statuses.count(status) for status in INPUT_STATUSES}
    packets = sum(entry.get("packets") or 0 for entry in manifest["inputs"])
    return {
        "inputs": len(statuses),
        **{name: n for name, n in counts.items() if n or name == "ok"},
        "packets": packets,
    }


def closing_words(manifest: Manifest) -> str:
    """Sum a run up in ``name=value`` words: inputs, how many of each status there is, packets."""
    return " ".join(f"{name}={number}" for name, number in status_counts(manifest).items())


def _statuses(manifest: Manifest) -> list[str]:
    return [entry["status"] for entry in manifest["inputs"]]
