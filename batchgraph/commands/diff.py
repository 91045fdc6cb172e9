"""What differs between two runs: diff."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import quote

import typer

from batchgraph.commands.app import app
from batchgraph.commands.job import ending, finish, require_config
from batchgraph.commands.options import (
    AllowFile,
    Baseline,
    ConfigFile,
    Debug,
    DiffFailOn,
    JsonFile,
    JunitReport,
    MapFile,
    MarkdownFile,
    Match,
    Memory,
    NewRun,
    Quiet,
    Workers,
)
from batchgraph.difference.fail_on import DEFAULT_FAIL_ON
from batchgraph.exit_codes import FOUND, OK
from batchgraph.memory import parse_memory
from batchgraph.messages import write_line
from batchgraph.parallel import default_workers, worker_pool
from batchgraph.progress import open_progress
from batchgraph.results import replacing
from batchgraph.signals import interruptible


@app.command("diff")
def diff_command(
    ctx: typer.Context,
    baseline: Baseline,
    new: NewRun,
    *,
    fail_on: DiffFailOn = DEFAULT_FAIL_ON,
    allow: AllowFile = None,
    match: Match = "address",
    map_file: MapFile = None,
    markdown: MarkdownFile = None,
    json_file: JsonFile = None,
    junit: JunitReport = None,
    workers: Workers = None,
    memory: Memory = None,
    quiet: Quiet = False,
    debug: Debug = False,
    config: ConfigFile = None,
) -> None:
    """Compare two runs, or two sets of captures: what is new, gone or changed in volume."""
    workers = default_workers() if workers is None else workers
    with ending(debug=debug, again="starts again") as end:
        require_config(ctx)
        octets = parse_memory(memory)
        from batchgraph.stages.diff import DiffOptions, compare

        options = DiffOptions(fail_on, allow, match, map_file)
        with (
            interruptible(),
            open_progress(quiet=quiet) as progress,
            worker_pool(workers, verbose=debug, memory=octets) as pool,
        ):
            difference = compare(baseline, new, options=options, workers=pool, progress=progress)
        from batchgraph.difference.text import json_text, junit_of, markdown_text, terminal_text

        as_json = json_text(difference)
        for path, text in (
            (markdown, markdown_text(difference, picture=_link(markdown, map_file))),
            (junit, junit_of(difference)),
            (None if str(json_file) == "-" else json_file, as_json),
        ):
            _write(path, text)
        if str(json_file) == "-":
            write_line(sys.stdout, as_json.rstrip("\n"))
        elif not quiet:
            write_line(sys.stdout, terminal_text(difference))
        failing = sum(finding.fails for finding in difference.findings)
        end.code = FOUND if difference.failed else OK
        end.closing = f"done differences={len(difference.findings)} failing={failing}"
    finish(end)


def _link(page: Path | None, picture: Path | None) -> str:
    """Give the way from a page to a picture, as a link in the page has it; empty where there is either none."""
    if page is None or picture is None:
        return ""
    return quote(Path(os.path.relpath(picture, page.parent)).as_posix())


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
