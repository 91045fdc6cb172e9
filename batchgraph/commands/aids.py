"""Small commands that make nothing: open, warm-up, show."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from batchgraph.commands.app import app
from batchgraph.commands.job import say
from batchgraph.commands.options import ResultsFolder
from batchgraph.declared import DECLARED
from batchgraph.exit_codes import USAGE
from batchgraph.messages import write_line
from batchgraph.results import ResultsDirectory


@app.command("open")
def open_command(results: ResultsFolder) -> None:
    """Show report.html in a browser."""
    import webbrowser

    page = ResultsDirectory(results).page
    if not page.is_file():
        say(f"no report.html in {results}: run `batchgraph report` first")
        raise typer.Exit(USAGE)
    webbrowser.open(page.absolute().as_uri())


@app.command("warm-up")
def warm_up_command() -> None:
    """Compile the decoder ahead of the first run: for images and CI."""
    from batchgraph.decode.warm_up import warm_up

    warm_up()


@app.command("show")
def show_command(
    what: Annotated[
        Literal["columns", "features", "protocols", "exit-codes", "policy-schema"], typer.Argument(show_default=False)
    ],
) -> None:
    """Print what is declared: columns, features, protocols, exit codes, or the JSON Schema of policies."""
    write_line(sys.stdout, DECLARED[what]())
