"""The application that the commands belong to, and the options that stand before a command."""

from __future__ import annotations

from typing import Annotated

import typer

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
