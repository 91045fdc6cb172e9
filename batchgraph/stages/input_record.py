"""What ``run.json`` says of one input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from batchgraph.capture.find import FoundCapture
from batchgraph.capture.index import TRUST_NAMES, Accounting
from batchgraph.capture.notes import CUT, MAX_NAME_BLOCKS, MAX_NAMES
from batchgraph.decode.program import STATUS_NAMES
from batchgraph.wire.names import link_type_text

InputRecord = dict[str, Any]
"""What ``run.json`` says of one input."""


@dataclass(slots=True)
class Counts:
    """What is counted while rows are written."""

    statuses: dict[str, int] = field(default_factory=dict)
    stopped_in: dict[str, int] = field(default_factory=dict)
    trust: dict[str, int] = field(default_factory=dict)
    unknown_link_types: set[int] = field(default_factory=set)

    def add(self, other: Counts) -> None:
        """Count what another part of the same capture has."""
        for mine, others in (
            (self.statuses, other.statuses), (self.stopped_in, other.stopped_in), (self.trust, other.trust),
        ):  # fmt: skip
            for name, count in others.items():
                mine[name] = mine.get(name, 0) + count
        self.unknown_link_types |= other.unknown_link_types


def input_record(found: FoundCapture, accounting: Accounting, counts: Counts, rows: int) -> InputRecord:
    """Give what ``run.json`` says of a capture."""
    problems = [asdict(problem) for problem in accounting.problems]
    status = accounting.status
    if status == "empty":
        problems.append({"offset": 0, "what": "the file is empty", "kept": "", "lost": ""})
    if counts.unknown_link_types:
        numbers = ", ".join(link_type_text(number) for number in sorted(counts.unknown_link_types))
        n = counts.stopped_in["link"]
        problems.append(
            {
                "offset": 0,
                "what": f"no decoder for link type {numbers}",
                "kept": "a row for each packet",
                "lost": f"what {n} of them hold",
            }
        )
        status = "unsupported" if status == "ok" else status
    return {
        "path": found.relative,
        "capture": found.capture,
        "status": status,
        "sha256": accounting.sha256,
        "size": accounting.size,
        "format": accounting.format,
        "link_types": sorted(accounting.link_types),
        "packets": accounting.packets,
        "rows": rows,
        "statuses": _in_order(counts.statuses, STATUS_NAMES),
        "stopped_in": dict(sorted(counts.stopped_in.items())),
        "trust": _in_order(counts.trust, TRUST_NAMES),
        "octets": accounting.octets,
        "problems": problems,
        "notes": accounting.notes,
    }


def _in_order(counts: dict[str, int], names: Sequence[str]) -> dict[str, int]:
    """Give counts in the order of their names, whichever was counted first."""
    return {name: counts[name] for name in names if name in counts}


def lost_record(found: FoundCapture, what: str) -> InputRecord:
    """Give what ``run.json`` says of a capture that was given up."""
    problem = {"offset": 0, "what": what, "kept": "nothing", "lost": "the capture"}
    return {
        "path": found.relative,
        "capture": found.capture,
        "status": "failed",
        "sha256": "",
        "size": found.size,
        "format": "",
        "link_types": [],
        "packets": 0,
        "rows": 0,
        "statuses": {},
        "stopped_in": {},
        "trust": {},
        "octets": {},
        "problems": [problem],
        "notes": {},
    }


def alias_record(found: FoundCapture, record: InputRecord) -> InputRecord:
    """Give what ``run.json`` says of another name of a file whose record is `record`.

    What is said of the file is said again, so that no name of a damaged file looks whole; packets and rows, which are
    summed over inputs, stand with its first name alone.
    """
    once: InputRecord = {"packets": 0, "rows": 0, "statuses": {}, "stopped_in": {}, "trust": {}, "notes": {}}
    return {**record, "path": found.relative, "capture": found.capture, "same_as": found.same_as, **once}


def remarks(record: InputRecord) -> Iterator[str]:
    """Say in a line each what is left out of what a capture says, which makes no capture worse."""
    if n_cut := record["notes"].get(CUT):
        yield (
            f"{record['path']}: {n_cut:,} of its name resolution blocks hold more than is kept;"
            f" the first {MAX_NAMES:,} names in the first {MAX_NAME_BLOCKS:,} of them are"
        )


def describe(record: InputRecord, problem: dict[str, Any]) -> str:
    """Say one problem of an input in one line."""
    status = record["status"]
    what = problem["what"].removeprefix(f"{status}: ")
    parts = [f"{record['path']}: {'' if status == 'ok' else f'{status}, '}at octet {problem['offset']:,}: {what}"]
    parts += [f"kept {problem['kept']}"] if problem["kept"] else []
    parts += [f"lost {problem['lost']}"] if problem["lost"] else []
    return "; ".join(parts)
