"""The captures of a run as a page shows them: what became of each, the damaged ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batchgraph.csv_rows import read_rows
from batchgraph.render.page_pictures import Picture
from batchgraph.render.page_tables import Cell, count_cell, duration_cell, instant_cell, octets_cell
from batchgraph.render.text import format_count, format_octets, safe_label
from batchgraph.results import COMBINED, Manifest, ResultsDirectory

MAX_PROBLEMS, MAX_COMMENTS = 10, 5
"""Problems and comments of one capture that are shown."""

MAX_SECTIONS = 1_000
"""Captures that have a section of their own; the others are in the table of the run alone."""

_PATH_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a capture, and where."""

    offset: str
    what: str
    kept: str
    lost: str


@dataclass(frozen=True, slots=True)
class CaptureView:
    """One capture as the page shows it.

    Parameters
    ----------
    number
        From 1, as sections are numbered.
    capture, path, status, format, sha256
        As in ``run.json``.
    counts
        Packets, octets, first, duration, hosts and flows, as cells.
    facts
        What there is to say of its packets and octets, as pairs of name and value.
    problems, n_problems
        The first of them, and how many there are.
    comments, n_comments
        Likewise.
    picture
        Its map.
    has_graph
        Whether it has packets, and so a graph.
    """

    number: int
    capture: str
    path: str
    status: str
    format: str
    sha256: str
    counts: Mapping[str, Cell]
    facts: Sequence[tuple[str, str]]
    problems: Sequence[Problem]
    n_problems: int
    comments: Sequence[str]
    n_comments: int
    picture: Picture
    has_graph: bool

    @property
    def file_name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.status == "ok"

    @property
    def reason(self) -> str:
        """The first problem in one line."""
        return self.problems[0].what if self.problems else ""


def load_captures(results: ResultsDirectory, manifest: Manifest, pictures: Mapping[str, Picture]) -> list[CaptureView]:
    """Describe every input of a run: those that are not whole first, then by octets.

    Parameters
    ----------
    results
        With its tables written.
    manifest
        Its ``run.json``.
    pictures
        Maps by capture.
    """
    counts = {row["capture"]: row for row in read_rows(results.table("captures")) if row["capture"] != COMBINED}
    protocols = _protocols(results)
    return [
        _view(number, entry, counts.get(entry["capture"], {}), protocols.get(entry["capture"], ""), pictures)
        for number, entry in enumerate(ordered_inputs(manifest, counts), 1)
    ]


def file_names(manifest: Manifest) -> dict[str, str]:
    """Give the last part of every capture's path, by its id, fit to be shown."""
    paths = {entry["capture"]: safe_label(str(entry["path"]), limit=_PATH_CHARACTERS) for entry in manifest["inputs"]}
    return {capture: path.rpartition("/")[2] for capture, path in paths.items()}


def ordered_inputs(manifest: Manifest, counts: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Sort the inputs: those that are not whole first, then by octets, then by path."""

    def rank(entry: dict[str, Any]) -> tuple[bool, int, str]:
        octets = counts.get(entry["capture"], {}).get("octets") or 0
        return entry["status"] == "ok", -int(octets), str(entry["path"])

    return sorted(manifest["inputs"], key=rank)


def _protocols(results: ResultsDirectory) -> dict[str, str]:
    """Say for each capture which protocols it has, the largest first."""
    found: dict[str, dict[str, int]] = {}
    for row in read_rows(results.table("protocols")):
        packets = found.setdefault(row["capture"], {})
        packets[row["type"]] = packets.get(row["type"], 0) + int(row["packets"])
    return {
        capture: ", ".join(f"{safe_label(name, limit=24)} {packets:,}" for name, packets in sums.items())
        for capture, sums in found.items()
    }


def _view(
    number: int,
    entry: Mapping[str, Any],
    row: Mapping[str, str],
    protocols: str,
    pictures: Mapping[str, Picture],
) -> CaptureView:
    problems = entry.get("problems") or []
    notes = entry.get("notes") or {}
    comments = notes.get("comments") or []
    return CaptureView(
        number=number,
        capture=entry["capture"],
        path=safe_label(str(entry["path"]), limit=_PATH_CHARACTERS),
        status=entry["status"],
        format=entry.get("format") or "",
        sha256=entry.get("sha256") or "",
        counts={
            "packets": count_cell(row.get("packets", "0")),
            "octets": octets_cell(row.get("octets", "0")),
            "first": instant_cell(row.get("first", "")),
            "duration": duration_cell(row.get("duration_seconds", "")),
            "hosts": count_cell(row.get("hosts", "0")),
            "flows": count_cell(row.get("flows", "0")),
        },
        facts=_facts(entry, protocols),
        problems=[_problem(problem) for problem in problems[:MAX_PROBLEMS]],
        n_problems=len(problems),
        comments=[safe_label(str(comment), limit=_PATH_CHARACTERS) for comment in comments[:MAX_COMMENTS]],
        n_comments=int(notes.get("n_comments", len(comments))),
        picture=pictures.get(entry["capture"], Picture("", "")),
        has_graph=bool(entry.get("rows")),
    )


def _problem(problem: Mapping[str, Any]) -> Problem:
    offset = problem.get("offset")
    return Problem(
        offset=f"{offset:,}" if isinstance(offset, int) else "",
        **{name: safe_label(str(problem.get(name) or ""), limit=_PATH_CHARACTERS) for name in ("what", "kept", "lost")},
    )


def _facts(entry: Mapping[str, Any], protocols: str) -> list[tuple[str, str]]:
    facts = [
        ("Same file as", safe_label(entry.get("same_as") or "", limit=_PATH_CHARACTERS)),
        (
            "File",
            f"{safe_label(entry.get('format') or 'unknown format')}, {format_octets(int(entry.get('size') or 0))}",
        ),
        ("Protocols", protocols),
        ("Decoded", _counts(entry.get("statuses"))),
        ("Decoding ended in", _counts(entry.get("stopped_in"))),
        ("Records", _counts(entry.get("trust"))),
        ("Octets of the file", _counts(entry.get("octets"))),
    ]
    notes = entry.get("notes") or {}
    if secrets := int(notes.get("n_secrets", 0)):
        facts.append(("Holds", format_count(secrets, "block") + " of decryption secrets, not read"))
    if cut := int(notes.get("n_name_blocks_cut", 0)):
        facts.append(("Names", format_count(cut, "block") + " with more names than are kept"))
    return [(name, value) for name, value in facts if value]


def _counts(counts: Mapping[str, int] | None) -> str:
    return ", ".join(
        f"{safe_label(str(name), limit=40)} {number:,}" for name, number in (counts or {}).items() if number
    )
