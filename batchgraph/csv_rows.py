"""Reading the tables back that a results directory holds as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

_HARMLESS = {f"'{character}" for character in "=+-@\t\r"}


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Give the rows of a CSV file, without the apostrophe that keeps spreadsheets from calculating cells."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: cell[1:] if cell[:2] in _HARMLESS else cell for name, cell in row.items()}
