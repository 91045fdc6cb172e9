"""What commands have in common: a pool of workers, progress, one last line, and the exit code that says the same."""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, get_type_hints

import typer

from batchgraph.commands.options import (
    CONFIG_ERROR,
    Annotations,
    AsJson,
    ConfigFile,
    Debug,
    FailOn,
    JunitFile,
    MaxBad,
    Memory,
    MinFiles,
    Quiet,
)
from batchgraph.commands.outcome import Outcome, github_annotations, json_text, write_junit
from batchgraph.commands.place import CLUSTER, Place
from batchgraph.errors import BatchgraphError, OutputError, UsageError
from batchgraph.exit_codes import BUG, USAGE, closing_words, exit_code, missed_gates, most_bad
from batchgraph.memory import parse_memory
from batchgraph.messages import escape, write_line
from batchgraph.parallel import Pool
from batchgraph.progress import Progress, open_progress
from batchgraph.refusals import is_refusal
from batchgraph.results import Manifest
from batchgraph.signals import Interrupted, interruptible

Job = Callable[[Pool, Progress], Manifest]
"""What a command does, given its workers and whom to tell; it returns ``run.json`` as it is now."""

_COMMON = {
    "fail_on": (FailOn, "any"),
    "max_bad": (MaxBad, "0"),
    "min_files": (MinFiles, 0),
    "junit": (JunitFile, None),
    "as_json": (AsJson, False),
    "annotations": (Annotations, None),
    "memory": (Memory, None),
    "quiet": (Quiet, False),
    "debug": (Debug, False),
    "config": (ConfigFile, None),
}
"""Options of all jobs: their types and defaults."""


@dataclass(frozen=True, slots=True)
class Common:
    """The values of the options that all jobs have, named as in `_COMMON`."""

    fail_on: str
    max_bad: str
    min_files: int
    junit: Path | None
    as_json: bool
    annotations: str | None
    memory: str | None
    quiet: bool
    debug: bool
    config: Path | None

    def check(self) -> None:
        """Refuse what cannot be, before anything is done.

        Raises
        ------
        UsageError
            If ``--max-bad`` is no number and no share, ``--memory`` is no size or too small, or two forms of output
            are asked for at once.
        """
        most_bad(self.max_bad, 0)
        parse_memory(self.memory)
        if self.as_json and self.annotations:
            raise UsageError("--json and --annotations both write on standard output: choose one")


def job_command(
    app: typer.Typer, name: str, *, summary: bool = False, cluster: bool = False
) -> Callable[[Callable[..., Job]], object]:
    """Make a command of a function that returns a `Job`; the options that all jobs have come after its own.

    Parameters
    ----------
    app
        Where the command belongs.
    name
        What it is called.
    summary
        Whether a summary of the results directory, the function's parameter ``out``, is printed at the end.
    cluster
        Whether the job can be done on a cluster.
    """
    further = {**(CLUSTER if cluster else {}), **_COMMON}

    def decorate(function: Callable[..., Job]) -> object:
        @functools.wraps(function)
        def command(**values: Any) -> None:  # noqa: ANN401 - whatever the function takes
            ctx: typer.Context = values.pop("ctx")
            common = Common(**{option: values.pop(option) for option in _COMMON})
            out = values.get("out")
            where = {option: values.pop(option) for option in CLUSTER if cluster}
            place = Place(values.pop("workers", 0), out, **where)
            summary_of = out if summary else None
            _execute(ctx, function(**values), name, place=place, summary_of=summary_of, common=common)

        _take_parameters(command, function, further)
        return app.command(name)(command)

    return decorate


def _take_parameters(
    command: Callable[..., None], function: Callable[..., Job], further: Mapping[str, tuple[Any, object]]
) -> None:
    """Give `command` the parameters of `function` and further ones; the command line is made of them."""
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name]) for name, parameter in inspect.signature(function).parameters.items()
    ]
    others = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in further.items()
    ]
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    command.__signature__ = inspect.Signature([*own, *others, context])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *others, context)}


def _execute(ctx: typer.Context, job: Job, name: str, *, place: Place, summary_of: Path | None, common: Common) -> None:
    """Do a job, tell how it went in one last line, and exit with the code that says the same."""
    outcome = Outcome(name, BUG, common.fail_on)
    with ending(debug=common.debug) as end:
        require_config(ctx)
        common.check()
        with (
            interruptible(),
            open_progress(quiet=common.quiet) as progress,
            place.open(verbose=common.debug, memory=parse_memory(common.memory)) as pool,
        ):
            manifest = job(pool, progress)
        code = exit_code(manifest, fail_on=common.fail_on, max_bad=common.max_bad, min_files=common.min_files)
        missed = missed_gates(manifest, fail_on=common.fail_on, max_bad=common.max_bad, min_files=common.min_files)
        outcome = replace(outcome, code=code, manifest=manifest, missed=missed)
        if common.junit:
            write_junit(common.junit, outcome)
        if summary_of and not (common.quiet or common.as_json or common.annotations):
            _print_summary(summary_of)
        if "require-min-files" in missed:
            say(missed["require-min-files"])
        end.code, end.closing = outcome.code, f"done {closing_words(manifest)}"
    outcome = replace(outcome, code=end.code, error=end.error)
    try:
        _tell_machines(outcome, common)
    except OutputError as error:
        end.code, end.closing = explain(error, debug=common.debug), "stopped"
    finish(end)


def _tell_machines(outcome: Outcome, common: Common) -> None:
    if common.junit and outcome.error and outcome.code != USAGE:  # with which nothing is written
        with suppress(OutputError):  # the error that is told already may be this one
            write_junit(common.junit, outcome)
    if common.as_json:
        write_line(sys.stdout, json_text(outcome))
    elif common.annotations:
        for line in github_annotations(outcome):
            write_line(sys.stdout, line)


def _print_summary(out: Path) -> None:
    from batchgraph.render.summary import summary_text

    write_line(sys.stdout, summary_text(out))


@dataclass(slots=True)
class Ending:
    """How a command ends: its exit code, the words of its last line, and what went wrong, if anything did."""

    code: int = BUG
    closing: str = "stopped"
    error: str = ""


@contextmanager
def ending(*, debug: bool, again: str = "continues") -> Iterator[Ending]:
    """Give an `Ending` for the block to fill in; what stops the block is told, and the ending says so.

    Parameters
    ----------
    debug
        Whether tracebacks are shown.
    again
        What the same command does after an interruption.
    """
    end = Ending()
    try:
        yield end
    except Interrupted as interruption:
        end.code, end.closing = interruption.exit_code, f"interrupted, the same command {again},"
        end.error = "interrupted"
    except Exception as error:
        end.code, end.closing, end.error = explain(error, debug=debug), "stopped", str(error) or type(error).__name__


def require_config(ctx: typer.Context) -> None:
    """Refuse a file of ``--config`` that was wrong.

    Raises
    ------
    UsageError
        If it was.
    """
    error: UsageError | None = ctx.meta.get(CONFIG_ERROR)
    if error is not None:
        raise error


def finish(end: Ending) -> NoReturn:
    """Write the last line, and exit with the code that says the same."""
    say(f"{end.closing} exit={end.code}")
    raise typer.Exit(end.code)


def explain(error: Exception, *, debug: bool) -> int:
    """Say what went wrong on standard error, and give the exit code for it."""
    if debug:
        traceback.print_exception(error)
    if isinstance(error, BatchgraphError):
        say(str(error))
        return error.exit_code
    if is_refusal(error):
        say(f"{error}; the same command continues the run")
        return OutputError.exit_code
    hint = "" if debug else "; --debug shows where"
    say(f"this is a bug in batchgraph: {type(error).__name__}: {error}{hint}")
    return BUG


def say(message: str) -> None:
    """Write one line on standard error."""
    write_line(sys.stderr, f"batchgraph: {escape(message)}")
