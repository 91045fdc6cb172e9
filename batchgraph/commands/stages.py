"""The main job and its stages: run, extract, merge, report."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.commands.app import app
from batchgraph.commands.job import Job, job_command
from batchgraph.commands.options import (
    BeforeAfter,
    By,
    Decoder,
    Facet,
    Force,
    Formats,
    Group,
    Inputs,
    KeyFile,
    Layout,
    MaxExpanded,
    MaxMemory,
    Out,
    Split,
    TimeLimit,
    Top,
    Trust,
    Tunnels,
    Workers,
    split_commas,
)
from batchgraph.parallel import Pool
from batchgraph.progress import Progress
from batchgraph.results import Manifest

if TYPE_CHECKING:
    from batchgraph.stages.guard import Limits

RESULTS = Path("results")
"""Where results go unless ``--out`` says otherwise."""


@job_command(app, "run", summary=True, cluster=True)
def run_command(
    inputs: Inputs,
    *,
    out: Out = RESULTS,
    workers: Workers = None,
    decoder: Decoder = "table",
    tunnels: Tunnels = "inner",
    max_expanded: MaxExpanded = None,
    anonymize: KeyFile = None,
    split: Split = "256MiB",
    timeout: TimeLimit = None,
    max_memory: MaxMemory = 600,
    by: By = "flow",
    trust: Trust = "sound,repaired",
    formats: Formats = "svg,png",
    before_after: BeforeAfter = False,
    layout: Layout = "stable",
    top: Top = 60,
    group: Group = "auto",
    facet: Facet = None,
    force: Force = False,
) -> Job:
    """Do all there is to do: extract, merge and report."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph import ExtractOptions, MergeOptions, ReportOptions, run

        extract_options = ExtractOptions(decoder, tunnels, max_expanded, anonymize, _split(split))
        if force:
            _forget(out)
        return run(
            inputs,
            out,
            extract_options=extract_options,
            merge_options=MergeOptions(by=by, trust=split_commas(trust)),
            report_options=ReportOptions(split_commas(formats), before_after, layout, top, facet, group),
            limits=_limits(timeout, max_memory),
            workers=pool,
            progress=progress,
        )

    return job


@job_command(app, "extract", cluster=True)
def extract_command(
    inputs: Inputs,
    *,
    out: Out = RESULTS,
    workers: Workers = None,
    decoder: Decoder = "table",
    tunnels: Tunnels = "inner",
    max_expanded: MaxExpanded = None,
    anonymize: KeyFile = None,
    split: Split = "256MiB",
    timeout: TimeLimit = None,
    max_memory: MaxMemory = 600,
    force: Force = False,
) -> Job:
    """Write one edge record for every packet of every capture (edges/)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph import ExtractOptions, extract

        options = ExtractOptions(decoder, tunnels, max_expanded, anonymize, _split(split))
        if force:
            _forget(out)
        limits = _limits(timeout, max_memory)
        return extract(inputs, out, options=options, limits=limits, workers=pool, progress=progress)

    return job


@job_command(app, "merge", cluster=True)
def merge_command(
    *, out: Out = RESULTS, workers: Workers = None, by: By = "flow", trust: Trust = "sound,repaired"
) -> Job:
    """Make flows and graphs of the edge records (flows/, graphs/)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph import MergeOptions, merge

        options = MergeOptions(by=by, trust=split_commas(trust))
        return merge(out, options=options, workers=pool, progress=progress)

    return job


@job_command(app, "report", summary=True, cluster=True)
def report_command(
    *,
    out: Out = RESULTS,
    workers: Workers = None,
    formats: Formats = "svg,png",
    before_after: BeforeAfter = False,
    layout: Layout = "stable",
    top: Top = 60,
    group: Group = "auto",
    facet: Facet = None,
) -> Job:
    """Draw maps and write tables of the flows (maps/, tables/)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph import ReportOptions, report

        options = ReportOptions(split_commas(formats), before_after, layout, top, facet, group)
        return report(out, options=options, workers=pool, progress=progress)

    return job


def _limits(timeout: float | None, max_memory: int) -> Limits:
    from batchgraph import Limits

    return Limits(inf if timeout == 0 else timeout, (max_memory << 20) or None)


def _split(text: str) -> int | None:
    """Read the option ``--split``."""
    from batchgraph.sizes import parse_size

    return None if text == "never" else parse_size(text)


def _forget(out: Path) -> None:
    from batchgraph.claim import claimed
    from batchgraph.receipts import forget

    if out.is_dir():
        with claimed(out):
            forget(out)
