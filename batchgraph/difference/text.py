"""A comparison as text: for a terminal, as Markdown, as JSON and as JUnit XML."""

from __future__ import annotations

import json
import textwrap

from batchgraph.difference.fail_on import CHANGES, KINDS
from batchgraph.difference.finding import Difference, Finding
from batchgraph.junit import Case, junit_text
from batchgraph.messages import escape, json_line, markdown_cell

SHOWN = 20
"""Findings of a kind and change that a terminal shows; the files have all."""

_WIDTH = 80


def terminal_text(difference: Difference) -> str:
    """Write a comparison for people, in lines of at most 80 columns."""
    lines = textwrap.wrap(summary(difference), _WIDTH)
    for kind in KINDS:
        for change in (*CHANGES, "volume"):
            findings = list(difference.of(kind, change))
            if findings:
                lines += ["", f"{_title(kind, change)}: {len(findings):,}"]
                lines += [_cut(f"{'!' if f.fails else '-'} {escape(f.name)}  {_amount(f)}") for f in findings[:SHOWN]]
                if len(findings) > SHOWN:
                    lines.append(f"  and {len(findings) - SHOWN:,} more")
    return "\n".join(lines)


def summary(difference: Difference) -> str:
    """Sum a comparison up in one sentence or two."""
    n_failing = sum(f.fails for f in difference.findings)
    n_allowed = sum(f.allowed for f in difference.findings)
    what = "octets per second" if difference.by_rate else "octets"
    before, after = difference.spans
    return (
        f"{len(difference.findings) - n_allowed:,} differences, {n_failing:,} of them failing (!),"
        f" {n_allowed:,} more allowed; {what} compared (spans {before:.3f} s and {after:.3f} s),"
        f" from {difference.percent:g}% on."
    )


def markdown_text(difference: Difference, *, picture: str = "") -> str:
    """Write a comparison as Markdown, every finding that is not allowed in a table, below its map where there is one.

    Parameters
    ----------
    difference
        What was found.
    picture
        Link to the map: a picture is shown, a PDF linked to.
    """
    lines = ["# Differences", "", summary(difference)]
    if picture:
        shown = "" if picture.endswith(".pdf") else "!"
        lines += ["", f"{shown}[Map of the differences]({picture})"]
    for kind in KINDS:
        for change in (*CHANGES, "volume"):
            findings = list(difference.of(kind, change))
            if findings:
                lines += ["", f"## {_title(kind, change)}", "", "| fails | what | change |", "|---|---|---|"]
                lines += [
                    f"| {'yes' if f.fails else 'no'} | {markdown_cell(f.name)} | {_amount(f)} |" for f in findings
                ]
    return "\n".join(lines) + "\n"


def json_text(difference: Difference) -> str:
    """Write a comparison as JSON, allowed findings among the others."""
    content = {
        "format_version": 1,
        "failed": difference.failed,
        "match": difference.match,
        "compared": "octets_per_second" if difference.by_rate else "octets",
        "volume_percent": difference.percent,
        "span_seconds": {"baseline": difference.spans[0], "new": difference.spans[1]},
        "findings": [_as_json(finding) for finding in difference.findings],
    }
    return json_line(json.dumps(content, indent=1, ensure_ascii=True)) + "\n"


def junit_of(difference: Difference) -> str:
    """Write a comparison as JUnit XML: a case for each finding, and one that passes for each word without."""
    cases = [Case(f"{f.word} {f.name}", f"diff.{f.kind}", _amount(f) if f.fails else None) for f in difference.findings]
    found = {(f.kind, f.change) for f in difference.findings}
    cases += [
        Case(f"no {_title(kind, change).lower()}", f"diff.{kind}", None)
        for kind in KINDS
        for change in (*CHANGES, "volume")
        if (kind, change) not in found
    ]
    return junit_text("batchgraph diff", cases)


def _as_json(finding: Finding) -> dict[str, object]:
    named = {"host": finding.host, "peer": finding.peer, "type": finding.type}
    return {
        "kind": finding.kind,
        "change": finding.change,
        "name": finding.name,
        **{key: value for key, value in named.items() if value},
        **({"port": finding.port} if finding.kind == "service" else {}),
        "baseline": {"packets": finding.baseline[0], "octets": finding.baseline[1]},
        "new": {"packets": finding.new[0], "octets": finding.new[1]},
        "percent": finding.percent,
        "allowed": finding.allowed,
        "fails": finding.fails,
    }


def _title(kind: str, change: str) -> str:
    return f"{kind}s changed in volume".capitalize() if change == "volume" else f"{change} {kind}s".capitalize()


def _amount(finding: Finding) -> str:
    if finding.percent is not None and finding.change == "volume":
        return f"{finding.percent:+.1f}% ({finding.baseline[1]:,} to {finding.new[1]:,} octets)"
    packets, octets = finding.new if finding.change == "new" else finding.baseline
    return f"{packets:,} packets, {octets:,} octets"


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."
