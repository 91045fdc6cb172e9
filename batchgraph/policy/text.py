"""A verdict as text: for a terminal, as Markdown, as JSON and as JUnit XML."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

from batchgraph.graph.times import instant_text
from batchgraph.junit import Case, junit_text
from batchgraph.messages import escape, json_line, markdown_cell
from batchgraph.policy.verdict import Verdict, Violation

SHOWN = 20
"""Violations that a terminal shows."""

LISTED = 1000
"""Violations that Markdown lists, and JUnit for each rule; JSON has all."""

_FRAMES = 10
_WIDTH = 80


def terminal_text(verdict: Verdict) -> str:
    """Write a verdict for people, in lines of at most 80 columns but for the filters, which are copied whole."""
    lines = textwrap.wrap(summary(verdict), _WIDTH)
    if not verdict.is_kept:
        lines += ["", *(f"  {count:>9,}  {escape(name)}"[:_WIDTH] for name, count in verdict.counts.items())]
    lines += [f"      unmet  {escape(name)}"[:_WIDTH] for name in verdict.unmet]
    for violation in verdict.violations(most=SHOWN):
        lines += ["", *_lines(violation)]
    if verdict.n_violations > SHOWN:
        lines += ["", f"and {verdict.n_violations - SHOWN:,} more; --json has all"]
    return "\n".join(lines)


def _lines(violation: Violation) -> list[str]:
    """Write a violation; no line begins with text from outside, which a CI system might take for a command."""
    return [
        f"! {escape(violation.rule)}: {violation.reason}"[:_WIDTH],
        f"  from {_traffic(violation)}"[:_WIDTH],
        f"  in {escape(violation.capture)}",
        *textwrap.wrap(f"  {_volume(violation)}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False),
        *textwrap.wrap(f"  frames {_frames(violation)}", _WIDTH, subsequent_indent="  "),
        f"  {'' if violation.is_exact else '(and others) '}{violation.display_filter}",
    ]


def summary(verdict: Verdict) -> str:
    """Sum a verdict up in one sentence or two."""
    without = f", {verdict.without_addresses:,} of them without network addresses" if verdict.without_addresses else ""
    return (
        f"Violations: {verdict.n_violations:,}, requirements unmet: {len(verdict.unmet):,};"
        f" rules: {len(verdict.policy.rules):,}, packets: {verdict.packets:,}{without}."
    )


def markdown_text(verdict: Verdict) -> str:
    """Write a verdict as Markdown, for a comment or the summary of a job."""
    lines = ["# Communication policy", "", summary(verdict)]
    if verdict.unmet:
        lines += [
            "",
            "## Requirements that no packet meets",
            "",
            *(f"- {markdown_cell(name)}" for name in verdict.unmet),
        ]
    if verdict.counts:
        titles = "| rule | what | capture | from, to, service | volume | frames | display filter |"
        lines += ["", "## Violations", "", titles, "|---" * 7 + "|"]
    lines += map(_row, verdict.violations(most=LISTED))
    if verdict.n_violations > LISTED:
        lines += ["", f"And {verdict.n_violations - LISTED:,} more; the JSON has all."]
    return "\n".join(lines) + "\n"


def _row(violation: Violation) -> str:
    cells = (violation.rule, violation.reason, violation.capture, _traffic(violation), _volume(violation))
    filter_ = violation.display_filter.replace("|", "\\|")
    last = f"`{filter_}`{'' if violation.is_exact else ' and others'}"
    return f"| {' | '.join([*map(markdown_cell, cells), _frames(violation), last])} |"


def json_lines(verdict: Verdict) -> Iterator[str]:
    """Write a verdict as JSON, all violations, line by line: all of them together need not fit into memory."""
    head = {
        "format_version": 1,
        "failed": not verdict.is_kept,
        "rules": len(verdict.policy.rules),
        "packets": verdict.packets,
        "without_addresses": verdict.without_addresses,
        "unmet": list(verdict.unmet),
        "counts": verdict.counts,
    }
    yield json_line(json.dumps(head, indent=1)).removesuffix("\n}") + ',\n "violations": ['
    before = ""
    for violation in verdict.violations():
        if before:
            yield f"{before},"
        before = f"  {json_line(json.dumps(_as_json(violation)))}"
    yield f"{before}\n ]\n}}" if before else " ]\n}"


def _as_json(violation: Violation) -> dict[str, object]:
    times = {name: getattr(violation, f"{name}_ns") for name in ("first", "last")}
    values = {key: value for key, value in asdict(violation).items() if not key.endswith("_ns")}
    return {**values, **{name: None if time is None else instant_text(time) for name, time in times.items()}}


def junit_of(verdict: Verdict) -> str:
    """Write a verdict as JUnit XML: a case for each rule, and for what is no rule of its own."""
    return junit_text("batchgraph check", _cases(verdict))


def _cases(verdict: Verdict) -> Iterator[Case]:
    policy = verdict.policy
    asked = {
        **dict.fromkeys(range(len(policy.rules)), True),
        policy.default_number: policy.default == "deny",
        policy.segments_number: bool(policy.segments),
        policy.non_ip_number: policy.non_ip is not None,
    }
    for number in (number for number, is_asked in asked.items() if is_asked):
        name = policy.rule_name(number)
        failure = "no packet meets it" if name in verdict.unmet else None
        if count := verdict.counts.get(name):
            found = islice(verdict.violations(most=LISTED, rule=number), LISTED)
            lines = [f"{v.capture}: {v.reason}: {_traffic(v)}, {_volume(v)}: {v.display_filter}" for v in found]
            more = [f"and {count - LISTED:,} more"] if count > LISTED else []
            failure = "\n".join([f"violations: {count:,}", *lines, *more])
        yield Case(name, "check", failure)


def _traffic(violation: Violation) -> str:
    service = escape(violation.type or "any protocol" if violation.src or violation.dst else violation.type or "all")
    service += "" if violation.port is None else f" port {violation.port}"
    return f"{escape(violation.src or 'any')} to {escape(violation.dst or 'any')}, {service}"


def _volume(violation: Violation) -> str:
    times = [instant_text(time) for time in (violation.first_ns, violation.last_ns) if time is not None]
    packets = "1 packet" if violation.packets == 1 else f"{violation.packets:,} packets"
    return f"{packets}, {violation.octets:,} octets{', ' if times else ''}{' to '.join(dict.fromkeys(times))}"


def _frames(violation: Violation) -> str:
    shown = violation.frames[:_FRAMES]
    more = violation.packets - len(shown)
    return " ".join(map(str, shown)) + (f" and {more:,} more" if more else "")
