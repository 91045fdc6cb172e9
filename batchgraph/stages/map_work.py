"""What a worker does of the last stage: a map that an earlier run drew is passed over."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from batchgraph.receipts import key_of, read_receipt, result_digest, write_receipt
from batchgraph.render.maps import MapResult, MapTask, make_map
from batchgraph.results import COMBINED, ResultsDirectory, replacing
from batchgraph.stages.standing import EdgeDigests


@dataclass(frozen=True, slots=True)
class MapWork:
    """A map to draw, and the key of what it depends on."""

    task: MapTask
    key: str


# Of a timeline, the edge records tell.
_NO_MATTER = ("root", "memory", "timeline")


def map_work(task: MapTask, edges: EdgeDigests) -> MapWork:
    """Tell what the pictures of a capture depend on: the task, flows, edge records (a timeline) and hosts' names."""
    facts = {field.name: getattr(task, field.name) for field in fields(task) if field.name not in _NO_MATTER}
    results = ResultsDirectory(task.root)
    flows, names = result_digest(results.flows(task.capture)), result_digest(results.table("names"))
    own = [digests for digests in edges if task.before_after or task.capture in (COMBINED, digests[0])]
    return MapWork(task, key_of(task=facts, flows=flows, edges=own, names=names))


def draw_unless_done(work: MapWork) -> MapResult:
    """Draw one map, unless it is there as it would be drawn.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    task = work.task
    receipt = f"maps/{task.capture}"
    body = read_receipt(task.root, receipt, work.key)
    if body is not None:
        return MapResult(files=tuple(map(Path, body["files"])))
    result = make_map(task)
    if not result.problem:
        files = [task.root / path for path in result.files]
        body = {"files": [path.as_posix() for path in result.files]}
        write_receipt(task.root, receipt, work.key, files=files, body=body)
    return result


def copied_for_combined(root: Path, files: Sequence[Path]) -> list[Path]:
    """Copy the pictures of a run's only capture as those of all captures together, and give the copies.

    Parameters
    ----------
    root
        The results directory.
    files
        The pictures, relative to it; so are the copies.

    Raises
    ------
    OutputError
        If a copy cannot be written.
    """
    copies = []
    for path in files:
        copy = path.with_name(f"{COMBINED}{path.suffix}")
        with replacing(root / copy) as temporary:
            shutil.copyfile(root / path, temporary)
        copies.append(copy)
    return copies
