"""How a command ended, for machines: one JSON object, a JUnit report, annotations of GitHub Actions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batchgraph.exit_codes import InputEntry, bad_inputs, status_counts
from batchgraph.junit import Case, junit_text
from batchgraph.messages import escape, json_line
from batchgraph.results import Manifest, replacing


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    Parameters
    ----------
    command
        Its name.
    code
        Its exit code.
    fail_on
        Which inputs count as bad.
    manifest
        ``run.json`` as it is now; None where the command stopped before its end.
    error
        Why it stopped; empty where it did not.
    missed
        As `missed_gates` gives it.
    """

    command: str
    code: int
    fail_on: str
    manifest: Manifest | None = None
    error: str = ""
    missed: Mapping[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> list[InputEntry]:
        """What ``run.json`` says of each input."""
        return self.manifest["inputs"] if self.manifest else []

    @property
    def failing_captures(self) -> set[str]:
        """Ids of the captures that make the exit code 3; none where so many bad ones are allowed."""
        if self.manifest is None or "fail-on" not in self.missed:
            return set()
        return {entry["capture"] for entry in bad_inputs(self.manifest, fail_on=self.fail_on)}


def json_text(outcome: Outcome) -> str:
    """Give the outcome as one JSON object, on one line."""
    manifest: Manifest = outcome.manifest or {"inputs": []}
    content = json.dumps(
        {
            "command": outcome.command,
            "exit_code": outcome.code,
            "error": escape(outcome.error) or None,
            "counts": status_counts(manifest),
            "missed_gates": dict(outcome.missed),
            "bad": len(bad_inputs(manifest, fail_on=outcome.fail_on)),
            "inputs": [_input(entry) for entry in outcome.inputs],
            "failed_maps": manifest.get("failed_maps", []),
        }
    )
    return json_line(content)


def _input(entry: InputEntry) -> dict[str, Any]:
    return {name: entry.get(name) for name in ("path", "capture", "status", "packets", "problems")}


def write_junit(path: Path, outcome: Outcome) -> None:
    """Write a JUnit report: a case for each input and each map that failed, or one for a command that stopped.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(
            junit_text(f"batchgraph {outcome.command}", _cases(outcome)), encoding="utf-8", newline="\n"
        )


def _cases(outcome: Outcome) -> Iterator[Case]:
    failing = outcome.failing_captures
    for entry in outcome.inputs:
        yield Case(entry["path"], "captures", _problems(entry) if entry["capture"] in failing else None)
    for failed in (outcome.manifest or {}).get("failed_maps", []):
        yield Case(failed["capture"], "maps", failed["what"] if "maps" in outcome.missed else None)
    if "require-min-files" in outcome.missed:
        yield Case("require-min-files", "batchgraph", outcome.missed["require-min-files"])
    if outcome.error:
        yield Case(outcome.command, "batchgraph", outcome.error)


def _problems(entry: InputEntry) -> str:
    lines = [f"at octet {problem['offset']}: {problem['what']}" for problem in entry["problems"]]
    return "\n".join([entry["status"], *lines])


def github_annotations(outcome: Outcome) -> Iterator[str]:
    """Give a workflow command of GitHub Actions for each input that is not ok; an error, where it makes the code 3."""
    failing = outcome.failing_captures
    for entry in outcome.inputs:
        if entry["status"] != "ok":
            kind = "error" if entry["capture"] in failing else "warning"
            yield f"::{kind} file={_property(entry['path'])}::{_message(_problems(entry))}"
    for gate, reason in outcome.missed.items():
        if gate != "fail-on":  # whose captures have been named
            yield f"::error::{_message(reason)}"
    if outcome.error:
        yield f"::error::{_message(outcome.error)}"


def _message(text: str) -> str:
    # What GitHub's toolkit escapes in a command's message; nothing of it can end the line.
    return "%0A".join(escape(line) for line in text.replace("%", "%25").split("\n"))


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
