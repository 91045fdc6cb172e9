"""The command line, all commands together. Only `batchgraph.commands` prints, and only it and `main` exit."""

from __future__ import annotations

import os
import sys

from batchgraph.commands.app import app
from batchgraph.commands.examples import add_examples
from batchgraph.own_process import start_lean

# Help lists the commands in this order.
# isort: off
import batchgraph.commands.stages
import batchgraph.commands.further
import batchgraph.commands.diff
import batchgraph.commands.check
import batchgraph.commands.verify
import batchgraph.commands.aids  # noqa: F401
# isort: on

add_examples(app)


def main() -> None:
    """Run the command line, whatever the standard streams can take."""
    start_lean()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the end
        else:
            stream.reconfigure(errors="backslashreplace")
    app()
