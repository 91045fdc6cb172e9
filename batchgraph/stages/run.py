"""Run: extract, merge and report, one after the other on one pool of workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.capture.find import find_captures
from batchgraph.claim import claimed
from batchgraph.parallel import Pool, as_pool
from batchgraph.stages.capture_task import ExtractOptions
from batchgraph.stages.extract import extract
from batchgraph.stages.guard import Limits
from batchgraph.stages.merge import MergeOptions, merge
from batchgraph.stages.report import report
from batchgraph.stages.report_options import ReportOptions

if TYPE_CHECKING:
    from batchgraph.progress import Progress
    from batchgraph.results import Manifest


def run(
    inputs: Sequence[str | Path],
    out: Path,
    *,
    extract_options: ExtractOptions | None = None,
    merge_options: MergeOptions | None = None,
    report_options: ReportOptions | None = None,
    limits: Limits | None = None,
    workers: int | Pool = 0,
    progress: Progress | None = None,
) -> Manifest:
    """Turn captures into edge records, flows, graphs, maps and tables.

    Parameters
    ----------
    inputs
        Folders, searched for captures by content; files; patterns.
    out
        The results directory; made where it is missing.
    extract_options, merge_options, report_options
        As for the stages; None: their defaults.
    limits
        What one capture may take, as for `extract`.
    workers
        Most worker processes for all stages together, or a pool; 0: this process.
    progress
        Told how far the stages are.

    Returns
    -------
    manifest
        ``run.json`` as it is when all is done.

    Raises
    ------
    BatchgraphError
        As the stages do. What is done by then stays, and the same call continues.
    """
    found = find_captures(inputs)  # without any, nothing is written
    with claimed(out), as_pool(workers) as pool:
        extract(found, out, options=extract_options, limits=limits, workers=pool, progress=progress)
        merge(out, options=merge_options, workers=pool, progress=progress)
        return report(out, options=report_options, workers=pool, progress=progress)
