"""How a command ended, for machines: one JSON object, a JUnit report, annotations of GitHub Actions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchgraph.exit_codes import OK, InputEntry, bad_inputs, status_counts
from batchgraph.junit import Case, junit_text
from batchgraph.messages import escape
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
    """

    command: str
    code: int
    fail_on: str
    manifest: Manifest | None = None
    error: str = ""

    @property
    def inputs(self) -> list[InputEntry]:
        """What ``run.json`` says of each input."""
        return self.manifest["inputs"] if self.manifest else []


def json_text(outcome: Outcome) -> str:
    """Give the outcome as one JSON object, on one line."""
    manifest: Manifest = outcome.manifest or {"inputs": []}
    return json.dumps(
        {
            "command": outcome.command,
            "exit_code": outcome.code,
            "error": escape(outcome.error) or None,
            "counts": status_counts(manifest),
            "bad": len(bad_inputs(manifest, fail_on=outcome.fail_on)),
            "inputs": [_input(entry) for entry in outcome.inputs],
            "failed_maps": manifest.get("failed_maps", []),
        }
    )


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
    bad = {entry["capture"] for entry in _bad(outcome)}
    for entry in outcome.inputs:
        yield Case(entry["path"], "captures", _problems(entry) if entry["capture"] in bad else None)
    for failed in (outcome.manifest or {}).get("failed_maps", []):
        yield Case(failed["capture"], "maps", failed["what"])
    if outcome.manifest is None or (outcome.code != OK and not bad):
        yield Case(outcome.command, "batchgraph", outcome.error or f"exit code {outcome.code}")


def _bad(outcome: Outcome) -> list[InputEntry]:
    return bad_inputs(outcome.manifest, fail_on=outcome.fail_on) if outcome.manifest else []


def _problems(entry: InputEntry) -> str:
    lines = [f"at octet {problem['offset']}: {problem['what']}" for problem in entry["problems"]]
    return "\n".join([entry["status"], *lines])


def github_annotations(outcome: Outcome) -> Iterator[str]:
    """Give a workflow command of GitHub Actions for each input that is not ok: an error where it counts as bad."""
    bad = {entry["capture"] for entry in _bad(outcome)}
    for entry in outcome.inputs:
        if entry["status"] != "ok":
            kind = "error" if entry["capture"] in bad else "warning"
            yield f"::{kind} file={_property(entry['path'])}::{_message(_problems(entry))}"
    if outcome.error:
        yield f"::error::{_message(outcome.error)}"


def _message(text: str) -> str:
    # What GitHub's toolkit escapes in a command's message; nothing of it can end the line.
    return "%0A".join(escape(line) for line in text.replace("%", "%25").split("\n"))


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
