"""What a run found, in a few lines for a terminal."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

from batchgraph.render.text import format_count, format_octets, safe_label
from batchgraph.results import COMBINED, Manifest, ResultsDirectory, anonymized_by

WIDTH = 80
"""Columns that no line exceeds."""

_SHOWN_CONVERSATIONS = 5
_SHOWN_PROTOCOLS = 5
_SHOWN_PROBLEMS = 5


def summary_text(out: Path) -> str:
    """Summarise a results directory whose tables are written.

    Parameters
    ----------
    out
        The results directory.

    Returns
    -------
    text
        Lines of at most `WIDTH` characters, all printable: captures, packets, hosts, flows, the largest
        conversations, and the captures that are not whole.
    """
    results = ResultsDirectory(out)
    lines = [*_total_lines(results), *_conversation_lines(results), *_problem_lines(results.read_manifest())]
    return "\n".join(_fitted(line) for line in lines)


def _combined_rows(results: ResultsDirectory, table: str) -> Iterator[dict[str, str]]:
    with results.table(table).open(encoding="utf-8", newline="") as file:
        # The combined rows come first, so that no more of a long table is read than they are.
        yield from takewhile(lambda row: row["capture"] == COMBINED, csv.DictReader(file))


def _total_lines(results: ResultsDirectory) -> list[str]:
    total = next(_combined_rows(results, "captures"))
    entries = results.read_manifest()["inputs"]
    packets: dict[str, int] = {}
    for row in _combined_rows(results, "protocols"):
        packets[row["type"]] = packets.get(row["type"], 0) + int(row["packets"])
    protocols = [f"{name} {number:,}" for name, number in islice(packets.items(), _SHOWN_PROTOCOLS)]
    counts = (
        format_count(len(entries), "capture"),
        format_count(int(total["packets"]), "packet"),
        format_octets(int(total["octets"])),
        format_count(int(total["hosts"]), "host"),
        format_count(int(total["flows"]), "flow"),
    )
    lines = [" · ".join(counts)]
    if anonymized_by(results) is not None:
        lines.append("addresses are anonymized")
    if total["first"]:
        lines.append(f"{total['first'][:19]}Z to {total['last'][:19]}Z")
    if protocols:
        lines.append(f"packets by protocol: {' · '.join(protocols)}")
    return lines


def _conversation_lines(results: ResultsDirectory) -> list[str]:
    rows = [row for row, _ in zip(_combined_rows(results, "conversations"), range(_SHOWN_CONVERSATIONS), strict=False)]
    if not rows:
        return []
    names = [f"{row['a']} <-> {row['b']}" for row in rows]
    width = min(max(map(len, names)), WIDTH - 32)
    lines = ["largest conversations:"]
    for name, row in zip(names, rows, strict=True):
        packets = int(row["packets_ab"]) + int(row["packets_ba"])
        octets = format_octets(int(row["octets_ab"]) + int(row["octets_ba"]))
        lines.append(f"  {safe_label(name, limit=width):<{width}} {row['type']:<6} {octets:>8} {packets:>9,} pkt")
    return lines


def _problem_lines(manifest: Manifest) -> list[str]:
    bad = [entry for entry in manifest["inputs"] if entry["status"] != "ok"]
    if not bad:
        return []
    lines = [f"{format_count(len(bad), 'capture')} not whole or not read:"]
    for entry in bad[:_SHOWN_PROBLEMS]:
        what = next((str(problem["what"]) for problem in entry.get("problems", ())), "")
        reason = what if what.startswith(entry["status"]) else f"{entry['status']}{': ' if what else ''}{what}"
        lines.append(f"  - {safe_label(entry['path'], limit=40)}: {reason}")
    if len(bad) > _SHOWN_PROBLEMS:
        lines.append(f"  and {len(bad) - _SHOWN_PROBLEMS:,} more; captures.csv has all of them")
    return lines


def _fitted(line: str) -> str:
    safe = safe_label(line, limit=max(WIDTH, len(line) * 10))
    return safe if len(safe) <= WIDTH else f"{safe[: WIDTH - 1]}…"
