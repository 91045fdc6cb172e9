"""What a worker does of the last stage: a map that an earlier run drew is passed over."""

from __future__ import annotations

from dataclasses import dataclass, fields

from batchgraph.receipts import key_of, read_receipt, result_digest, write_receipt
from batchgraph.render.maps import MapResult, MapTask, make_map
from batchgraph.results import ResultsDirectory
from batchgraph.stages.standing import EdgeDigests


@dataclass(frozen=True, slots=True)
class MapWork:
    """A map to draw, and the key of what it depends on."""

    task: MapTask
    key: str


_NO_MATTER = ("root", "memory")


def map_work(task: MapTask, edges: EdgeDigests) -> MapWork:
    """Tell what a map depends on: its task, its flows and, where it shows single edges of the graph, edge records."""
    facts = {field.name: getattr(task, field.name) for field in fields(task) if field.name not in _NO_MATTER}
    flows = result_digest(ResultsDirectory(task.root).flows(task.capture))
    return MapWork(task, key_of(task=facts, flows=flows, edges=edges if task.before_after else None))


def draw_unless_done(work: MapWork) -> MapResult:
    """Draw one map, unless it is there as it would be drawn.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    task = work.task
    receipt = f"maps/{task.capture}"
    if read_receipt(task.root, receipt, work.key) is not None:
        return MapResult()
    result = make_map(task)
    if not result.problem:
        results = ResultsDirectory(task.root)
        files = [results.map(task.capture, suffix) for suffix in task.formats]
        write_receipt(task.root, receipt, work.key, files=files, body={})
    return result
