"""Whether the tables are those of the flows and edge records: they are made again, and compared line by line."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path

from batchgraph.errors import ResultsError
from batchgraph.results import Manifest, ResultsDirectory
from batchgraph.verification.checks import REPORT_AGAIN, Check, look, relative

_SHOWN = 100
"""Characters of a line that a message shows."""


def check_tables(results: ResultsDirectory, manifest: Manifest, *, memory: int | None = None) -> Iterator[Check]:
    """Check every table; those that cannot be made again are not given."""
    from batchgraph.render.report_database import report_database
    from batchgraph.render.tables import write_tables

    with tempfile.TemporaryDirectory(prefix="batchgraph-verify-", ignore_cleanup_errors=True) as folder:
        again = ResultsDirectory(Path(folder))
        with report_database(results, manifest, spill=again.spill, memory=memory) as database:
            for name in write_tables(results, manifest, database, into=again):
                made, path = again.table(name), results.table(name)
                yield look("tables", relative(results.root, path), REPORT_AGAIN, partial(_problem, made, path))


def _problem(made: Path, path: Path) -> str | None:
    try:
        with made.open("rb") as wanted, path.open("rb") as found:
            for number, (right, line) in enumerate(zip_longest(wanted, found), 1):
                if line != right:
                    return f"line {number} is {_shown(line)}, should be {_shown(right)}"
    except OSError as error:
        raise ResultsError(str(error.strerror or error)) from None
    return None


def _shown(line: bytes | None) -> str:
    if line is None:
        return "missing"
    text = line.decode("utf-8", "backslashreplace").rstrip("\n")
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
