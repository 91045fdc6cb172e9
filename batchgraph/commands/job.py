"""What commands have in common: a pool of workers, progress, one last line, and the exit code that says the same."""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import typer

from batchgraph.commands.options import Debug, FailOn, Quiet
from batchgraph.errors import BatchgraphError
from batchgraph.exit_codes import BUG, closing_words, exit_code
from batchgraph.messages import escape, write_line
from batchgraph.parallel import Pool, default_workers, worker_pool
from batchgraph.progress import Progress, open_progress
from batchgraph.results import Manifest
from batchgraph.signals import Interrupted, interruptible

Job = Callable[[Pool, Progress], Manifest]
"""What a command does, given its workers and whom to tell; it returns ``run.json`` as it is now."""

_COMMON = {"fail_on": (FailOn, "any"), "quiet": (Quiet, False), "debug": (Debug, False)}
"""Options of all jobs: their types and defaults."""


def job_command(app: typer.Typer, name: str, *, summary: bool = False) -> Callable[[Callable[..., Job]], object]:
    """Make a command of a function that returns a `Job`; the options that all jobs have come after its own.

    Parameters
    ----------
    app
        Where the command belongs.
    name
        What it is called.
    summary
        Whether a summary of the results directory, the function's parameter ``out``, is printed at the end.
    """

    def decorate(function: Callable[..., Job]) -> object:
        @functools.wraps(function)
        def command(**values: Any) -> None:  # noqa: ANN401 - whatever the function takes
            common = {option: values.pop(option) for option in _COMMON}
            workers, out = values.pop("workers", 0), values.get("out")
            _execute(function(**values), workers=workers, summary_of=out if summary else None, **common)

        _take_parameters(command, function)
        return app.command(name)(command)

    return decorate


def _take_parameters(command: Callable[..., None], function: Callable[..., Job]) -> None:
    """Give `command` the parameters of `function` and the common ones; the command line is made of them."""
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name]) for name, parameter in inspect.signature(function).parameters.items()
    ]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in _COMMON.items()
    ]
    command.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *common)}


def _execute(job: Job, *, workers: int | None, fail_on: str, quiet: bool, debug: bool, summary_of: Path | None) -> None:
    """Do a job, tell how it went in one last line, and exit with the code that says the same."""
    workers = default_workers() if workers is None else workers
    try:
        with interruptible(), open_progress(quiet=quiet) as progress, worker_pool(workers, verbose=debug) as pool:
            manifest = job(pool, progress)
        if summary_of and not quiet:
            _print_summary(summary_of)
        code = exit_code(manifest, fail_on=fail_on)
        closing = f"done {closing_words(manifest)}"
    except Interrupted as interruption:
        code, closing = interruption.exit_code, "interrupted, the same command continues,"
    except Exception as error:
        code, closing = explain(error, debug=debug), "stopped"
    say(f"{closing} exit={code}")
    raise typer.Exit(code)


def _print_summary(out: Path) -> None:
    from batchgraph.render.summary import summary_text

    write_line(sys.stdout, summary_text(out))


def explain(error: Exception, *, debug: bool) -> int:
    """Say what went wrong on standard error, and give the exit code for it."""
    if debug:
        traceback.print_exception(error)
    if isinstance(error, BatchgraphError):
        say(str(error))
        return error.exit_code
    hint = "" if debug else "; --debug shows where"
    say(f"this is a bug in batchgraph: {type(error).__name__}: {error}{hint}")
    return BUG


def say(message: str) -> None:
    """Write one line on standard error."""
    write_line(sys.stderr, f"batchgraph: {escape(message)}")
