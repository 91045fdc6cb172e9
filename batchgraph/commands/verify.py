"""Whether results are what they say: verify."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from batchgraph.commands.app import app
from batchgraph.commands.job import ending, finish, require_config, say
from batchgraph.commands.options import (
    Again,
    AsJson,
    ConfigFile,
    Debug,
    JunitReport,
    Memory,
    Quiet,
    ResultsFolder,
    Through,
    Workers,
)
from batchgraph.exit_codes import FOUND, OK
from batchgraph.junit import Case, junit_text
from batchgraph.memory import parse_memory
from batchgraph.messages import escape, json_line, write_line
from batchgraph.parallel import default_workers, worker_pool
from batchgraph.progress import open_progress
from batchgraph.results import replacing
from batchgraph.signals import interruptible

if TYPE_CHECKING:
    from batchgraph.commands.job import Ending
    from batchgraph.verification.checks import Verification

MAX_LINES = 50
"""Most failed checks that are printed; JSON and JUnit have all."""


@app.command("verify")
def verify_command(
    ctx: typer.Context,
    results: ResultsFolder,
    *,
    again: Again = None,
    through: Through = "report",
    workers: Workers = None,
    memory: Memory = None,
    junit: JunitReport = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
    config: ConfigFile = None,
) -> None:
    """Check that results are whole and agree with themselves; or that a fresh run gives the same bytes."""
    workers = default_workers() if workers is None else workers
    verification: Verification | None = None
    with ending(debug=debug, again="starts again") as end:
        require_config(ctx)
        octets = parse_memory(memory)
        from batchgraph.stages.verify import verify

        with (
            interruptible(),
            open_progress(quiet=quiet) as progress,
            worker_pool(workers, verbose=debug, memory=octets) as pool,
        ):
            verification = verify(results, again=again or (), through=through, workers=pool, progress=progress)
        _tell(verification, quiet=quiet)
        end.code = FOUND if verification.failures else OK
        end.closing = f"done checks={len(verification.checks)} failed={len(verification.failures)}"
        _write_junit(junit, verification)
    if as_json:
        write_line(sys.stdout, json_text(verification, end))
    finish(end)


def _tell(verification: Verification, *, quiet: bool) -> None:
    if not quiet:
        for reason in verification.unchecked:
            say(reason)
    for check in verification.failures[:MAX_LINES]:
        say(check.line)
    if (n_more := len(verification.failures) - MAX_LINES) > 0:
        say(f"{n_more} more checks failed: --json and --junit name them all")


def json_text(verification: Verification | None, end: Ending) -> str:
    """Give how it went as one JSON object, on one line."""
    content = json.dumps(
        {
            "command": "verify",
            "exit_code": end.code,
            "error": escape(end.error) or None,
            "checks": len(verification.checks) if verification else 0,
            "failed": [
                {"check": check.name, "place": check.place, "what": check.what, "remedy": check.remedy}
                for check in (verification.failures if verification else ())
            ],
            "unchecked": list(verification.unchecked) if verification else [],
        }
    )
    return json_line(content)


def _write_junit(path: Path | None, verification: Verification) -> None:
    if path is None:
        return
    cases = [
        Case(check.place, check.name, f"{check.what}; {check.remedy}" if check.failed else None)
        for check in verification.checks
    ]
    with replacing(path) as temporary:
        temporary.write_text(junit_text("batchgraph verify", cases), encoding="utf-8", newline="\n")
