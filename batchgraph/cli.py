"""The command line: a command is a signature, a docstring and one call. Only here is anything printed or exited."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from batchgraph.declared import DECLARED
from batchgraph.errors import BatchgraphError
from batchgraph.exit_codes import BUG, USAGE, closing_words, exit_code
from batchgraph.messages import escape, write_line
from batchgraph.options import (
    BeforeAfter,
    By,
    Capture,
    Debug,
    Decoder,
    EdgeKind,
    FailOn,
    Folder,
    Force,
    Formats,
    GraphFormats,
    Hosts,
    Inputs,
    KeyFile,
    LabelsFile,
    Layout,
    MaxEdges,
    MaxExpanded,
    Out,
    Quiet,
    ResultsFolder,
    Time,
    Timeout,
    Top,
    Trust,
    Tunnels,
    Where,
    Window,
    Workers,
    split_commas,
)
from batchgraph.parallel import Pool, default_workers, worker_pool
from batchgraph.progress import Progress, open_progress
from batchgraph.results import Manifest, ResultsDirectory
from batchgraph.signals import Interrupted, interruptible

RESULTS = Path("results")
"""Where results go unless ``--out`` says otherwise."""

Job = Callable[[Pool, Progress], Manifest]

app = typer.Typer(
    name="batchgraph",
    help="Turn packet captures into communication graphs.",
    epilog="Exit codes: `batchgraph show exit-codes`.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        from batchgraph import __version__

        typer.echo(f"batchgraph {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """Turn packet captures into communication graphs."""


@app.command("run")
def run_command(
    inputs: Inputs,
    *,
    out: Out = RESULTS,
    workers: Workers = None,
    decoder: Decoder = "table",
    tunnels: Tunnels = "inner",
    max_expanded: MaxExpanded = None,
    by: By = "flow",
    trust: Trust = "sound,repaired",
    formats: Formats = "svg,png",
    before_after: BeforeAfter = False,
    layout: Layout = "stable",
    top: Top = 60,
    force: Force = False,
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Do all there is to do: extract, merge and report."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph import ExtractOptions, MergeOptions, ReportOptions, run

        if force:
            _forget(out)
        return run(
            inputs,
            out,
            extract_options=ExtractOptions(decoder=decoder, tunnels=tunnels, max_expanded=max_expanded),
            merge_options=MergeOptions(by=by, trust=split_commas(trust)),
            report_options=ReportOptions(split_commas(formats), before_after, layout, top),
            workers=pool,
            progress=progress,
        )

    _execute(job, workers=workers, fail_on=fail_on, quiet=quiet, debug=debug, summary_of=out)


@app.command("extract")
def extract_command(
    inputs: Inputs,
    *,
    out: Out = RESULTS,
    workers: Workers = None,
    decoder: Decoder = "table",
    tunnels: Tunnels = "inner",
    max_expanded: MaxExpanded = None,
    force: Force = False,
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write one edge record for every packet of every capture (edges/)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph import ExtractOptions, extract

        if force:
            _forget(out)
        options = ExtractOptions(decoder=decoder, tunnels=tunnels, max_expanded=max_expanded)
        return extract(inputs, out, options=options, workers=pool, progress=progress)

    _execute(job, workers=workers, fail_on=fail_on, quiet=quiet, debug=debug)


@app.command("merge")
def merge_command(
    *,
    out: Out = RESULTS,
    workers: Workers = None,
    by: By = "flow",
    trust: Trust = "sound,repaired",
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Make flows and graphs of the edge records (flows/, graphs/)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph import MergeOptions, merge

        options = MergeOptions(by=by, trust=split_commas(trust))
        return merge(out, options=options, workers=pool, progress=progress)

    _execute(job, workers=workers, fail_on=fail_on, quiet=quiet, debug=debug)


@app.command("report")
def report_command(
    *,
    out: Out = RESULTS,
    workers: Workers = None,
    formats: Formats = "svg,png",
    before_after: BeforeAfter = False,
    layout: Layout = "stable",
    top: Top = 60,
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw maps and write tables of the flows (maps/, tables/)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph import ReportOptions, report

        options = ReportOptions(split_commas(formats), before_after, layout, top)
        return report(out, options=options, workers=pool, progress=progress)

    _execute(job, workers=workers, fail_on=fail_on, quiet=quiet, debug=debug, summary_of=out)


@app.command("graph")
def graph_command(
    results: ResultsFolder,
    *,
    out: Folder = None,
    by: EdgeKind = "flow",
    window: Window = None,
    formats: GraphFormats = "graphml",
    where: Where = "",
    hosts: Hosts = "",
    time: Time = "",
    capture: Capture = "combined",
    max_edges: MaxEdges = 1_000_000,
    anonymize: KeyFile = None,
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Make further graphs of a finished run: by other edges, of some packets, of each window of time."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph.stages.graphs import GraphOptions, make_graphs

        chosen = (where, split_commas(hosts), time)
        options = GraphOptions(by, window, split_commas(formats), *chosen, capture, max_edges, anonymize)
        return make_graphs(results, folder=out, options=options, progress=progress)

    _execute(job, workers=0, fail_on=fail_on, quiet=quiet, debug=debug)


@app.command("connections")
def connections_command(
    results: ResultsFolder,
    *,
    tcp_timeout: Timeout = "5m",
    udp_timeout: Timeout = "1m",
    other_timeout: Timeout = "1m",
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write both directions of every conversation as one row, as Zeek would log it (tables/connections.*)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph.stages.connections import ConnectionOptions, make_connections

        options = ConnectionOptions(tcp_timeout, udp_timeout, other_timeout)
        return make_connections(results, options=options, progress=progress)

    _execute(job, workers=0, fail_on=fail_on, quiet=quiet, debug=debug)


@app.command("features")
def features_command(
    results: ResultsFolder,
    *,
    window: Window = None,
    labels: LabelsFile = None,
    workers: Workers = None,
    fail_on: FailOn = "any",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write tables of features of hosts and of pairs of hosts, for learning (features/)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph.stages.features import FeatureOptions, make_features

        options = FeatureOptions(window=window, labels=labels)
        return make_features(results, options=options, workers=pool, progress=progress)

    _execute(job, workers=workers, fail_on=fail_on, quiet=quiet, debug=debug)


@app.command("open")
def open_command(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results directory.", show_default=False)],
) -> None:
    """Show report.html in a browser."""
    import webbrowser

    page = ResultsDirectory(results).page
    if not page.is_file():
        _say(f"no report.html in {results}: run `batchgraph report` first")
        raise typer.Exit(USAGE)
    webbrowser.open(page.absolute().as_uri())


@app.command("warm-up")
def warm_up_command() -> None:
    """Compile the decoder ahead of the first run: for images and CI."""
    from batchgraph.decode.warm_up import warm_up

    warm_up()


@app.command("show")
def show_command(
    what: Annotated[Literal["columns", "features", "protocols", "exit-codes"], typer.Argument(show_default=False)],
) -> None:
    """Print what is declared: columns, features, protocols or exit codes."""
    write_line(sys.stdout, DECLARED[what]())


def main() -> None:
    """Run the command line, whatever the standard streams can take."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the end
        else:
            stream.reconfigure(errors="backslashreplace")
    app()


def _execute(
    job: Job, *, workers: int | None, fail_on: str, quiet: bool, debug: bool, summary_of: Path | None = None
) -> None:
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
        code, closing = _explain(error, debug=debug), "stopped"
    _say(f"{closing} exit={code}")
    raise typer.Exit(code)


def _print_summary(out: Path) -> None:
    from batchgraph.render.summary import summary_text

    write_line(sys.stdout, summary_text(out))


def _forget(out: Path) -> None:
    from batchgraph.claim import claimed
    from batchgraph.receipts import forget

    if out.is_dir():
        with claimed(out):
            forget(out)


def _explain(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    if isinstance(error, BatchgraphError):
        _say(str(error))
        return error.exit_code
    hint = "" if debug else "; --debug shows where"
    _say(f"this is a bug in batchgraph: {type(error).__name__}: {error}{hint}")
    return BUG


def _say(message: str) -> None:
    write_line(sys.stderr, f"batchgraph: {escape(message)}")
