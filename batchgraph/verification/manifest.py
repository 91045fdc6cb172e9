"""What ``run.json`` says: whether it can be used at all, and whether its numbers agree with each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from batchgraph.errors import ResultsError
from batchgraph.exit_codes import INPUT_STATUSES, InputEntry
from batchgraph.results import COMBINED, Manifest
from batchgraph.verification.checks import EXTRACT_AGAIN, Check

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_COUNTS = ("size", "packets", "rows")
_COUNTERS = ("statuses", "stopped_in", "trust", "octets")

_UNREAD = ("failed", "changed")
"""Statuses of inputs that were not there as a whole when they were read: their octets may not add up to their size."""


def require_usable(manifest: Manifest, *, root: object) -> None:
    """Refuse a manifest that nothing can be held against.

    Raises
    ------
    ResultsError
        If something that every run writes is missing or of another kind.
    """
    wrong = _unusable(manifest)
    if wrong:
        raise ResultsError(f"run.json in {root} is not as batchgraph writes it: {wrong}; {EXTRACT_AGAIN}")


def _unusable(manifest: Manifest) -> str | None:
    options, inputs = manifest.get("options"), manifest.get("inputs")
    if not isinstance(options, dict) or not all(isinstance(value, dict) for value in options.values()):
        return "options are missing"
    if not isinstance(inputs, list) or not all(isinstance(entry, dict) for entry in inputs):
        return "inputs are missing"
    return next((wrong for entry in inputs if (wrong := _unusable_entry(entry))), None)


def _unusable_entry(entry: InputEntry) -> str | None:
    place = f"input {entry.get('path')!r}"
    capture = entry.get("capture")
    if not isinstance(entry.get("path"), str):
        return "an input has no path"
    # An id becomes part of paths: one that leads elsewhere must not be followed.
    if not isinstance(capture, str) or not _ID.fullmatch(capture) or capture == COMBINED:
        return f"{place} has the id {capture!r}"
    for name in _COUNTS:
        if not _is_count(entry.get(name)):
            return f"{place}: {name} is {entry.get(name)!r}"
    for name in _COUNTERS:
        counts = entry.get(name)
        if not isinstance(counts, dict) or not all(_is_count(count) for count in counts.values()):
            return f"{place}: {name} is {counts!r}"
    texts = ("status", "sha256", "format")
    return next(
        (f"{place}: {name} is {entry.get(name)!r}" for name in texts if not isinstance(entry.get(name), str)), None
    )


def _is_count(value: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def check_accounting(manifest: Manifest) -> Iterator[Check]:
    """Check of every input that its numbers agree: each packet a row, each octet of the file accounted for."""
    for entry in manifest["inputs"]:
        what = _disagreement(entry)
        yield Check("accounting", f"run.json, input {entry['path']}", what or "", EXTRACT_AGAIN if what else "")


def _disagreement(entry: InputEntry) -> str | None:
    rows, status = entry["rows"], entry["status"]
    if status not in INPUT_STATUSES:
        return f"status is {status!r}, none of {', '.join(INPUT_STATUSES)}"
    if rows != entry["packets"]:
        return f"{entry['packets']} packets, but {rows} rows"
    stopped = rows - entry["statuses"].get("ok", 0)
    for name, wanted in (("statuses", rows), ("trust", rows), ("stopped_in", stopped)):
        found = sum(entry[name].values())
        if found != wanted:
            return f"{name} add up to {found} packets, not {wanted}"
    return None if status in _UNREAD else _octets_problem(entry)


def _octets_problem(entry: InputEntry) -> str | None:
    octets = entry["octets"]
    if not _SHA256.fullmatch(entry["sha256"]):
        return "sha256 is no SHA-256"
    if entry["status"] == "ok" and octets.get("skipped", 0):
        return f"status is ok, but {octets['skipped']} octets were skipped"
    # What is accounted for is what a compressed file expands to, or what a mended one was: its size says nothing of it.
    if ":" not in entry["format"] and sum(octets.values()) != entry["size"]:
        return f"{sum(octets.values())} octets are accounted for, the file has {entry['size']}"
    return None
