"""The index of a series of graphs: which files there are, of which window, and what was left out."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from batchgraph.graph.series import Accounting
from batchgraph.graph.times import instant_text
from batchgraph.results import output_errors, replacing
from batchgraph.schema import FORMAT_VERSION

_JSON, _CSV = "index.json", "index.csv"
_COLUMNS = ("start", "end", "nodes", "edges", "packets", "octets", "files")


@dataclass(frozen=True, slots=True)
class Entry:
    """One graph that was written; `start` and `end` are None where there are no windows."""

    start: str | None
    end: str | None
    nodes: int
    edges: int
    packets: int
    octets: int
    files: tuple[str, ...]


def window_ends(start_ns: int | None, length_ns: int | None) -> tuple[str | None, str | None]:
    """Write the start and the end of a window as ISO 8601."""
    if start_ns is None or length_ns is None:
        return None, None
    return instant_text(start_ns), instant_text(start_ns + length_ns)


def take_back_index(folder: Path) -> set[str]:
    """Remove the index of a folder, so that what is half rewritten is not taken for complete.

    Returns
    -------
    names
        The files that it told of; none where it was not ours.
    """
    names: set[str] = set()
    with suppress(OSError, ValueError, KeyError, TypeError):
        index = json.loads((folder / _JSON).read_text(encoding="utf-8"))
        names = {name for entry in index["graphs"] for name in entry["files"] if Path(name).name == name}
    with output_errors(folder):
        for name in (_JSON, _CSV):
            (folder / name).unlink(missing_ok=True)
    return names


def write_index(folder: Path, options: dict[str, Any], accounting: Accounting, entries: Sequence[Entry]) -> None:
    """Write ``index.csv``, one row a graph, and last ``index.json``, with the options and the accounting too."""
    with replacing(folder / _CSV) as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([*_cells(entry), " ".join(entry.files)] for entry in entries)
    index = {
        "format_version": FORMAT_VERSION,
        "options": options,
        "packets": asdict(accounting),
        "graphs": [{**asdict(entry), "files": list(entry.files)} for entry in entries],
    }
    with replacing(folder / _JSON) as path:
        path.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8", newline="\n")


def _cells(entry: Entry) -> list[object]:
    return [getattr(entry, name) for name in _COLUMNS[:-1]]
