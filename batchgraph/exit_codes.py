"""What the exit code says, declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchgraph.results import Manifest

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
        " (`--fail-on never` makes it 0)",
    ),
    ExitCode(NO_CAPTURES, "no captures found"),
    ExitCode(NOT_WRITABLE, "output not writable, or disk full; the same command continues"),
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


def exit_code(manifest: Manifest, *, fail_on: str = "any") -> int:
    """Compute the exit code of a complete run.

    Parameters
    ----------
    manifest
        As the last stage returned it.
    fail_on
        A key of `FAIL_ON`.
    """
    failed_maps = bool(manifest.get("failed_maps")) and fail_on != "never"
    return INCOMPLETE if failed_maps or FAIL_ON[fail_on].intersection(_statuses(manifest)) else OK


def closing_words(manifest: Manifest) -> str:
    """Sum a run up in ``name=value`` words: inputs, how many of each status there is, packets."""
    statuses = _statuses(manifest)
    counts = {status: statuses.count(status) for status in INPUT_STATUSES}
    packets = sum(entry.get("packets") or 0 for entry in manifest["inputs"])
    words = {
        "inputs": len(statuses),
        **{name: n for name, n in counts.items() if n or name == "ok"},
        "packets": packets,
    }
    return " ".join(f"{name}={number}" for name, number in words.items())


def _statuses(manifest: Manifest) -> list[str]:
    return [entry["status"] for entry in manifest["inputs"]]
