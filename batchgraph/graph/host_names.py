"""What hosts are called."""

from __future__ import annotations

import csv

from batchgraph.csv_rows import read_rows
from batchgraph.errors import ResultsError
from batchgraph.results import Manifest, ResultsDirectory


def host_names(results: ResultsDirectory, manifest: Manifest) -> dict[str, str]:
    """Give one name of each host that has any, the first: of ``names.csv`` where there is one, else of the captures.

    A name is text from outside; who shows it escapes it.

    Raises
    ------
    ResultsError
        If ``names.csv`` is no table with the columns ``address`` and ``name``.
    """
    path = results.table("names")
    named: dict[str, str] = {}
    if path.is_file():
        try:
            for row in read_rows(path):
                if row["address"] and row["name"]:
                    named.setdefault(row["address"], row["name"])
        except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
            raise ResultsError(f"{path}: no table with the columns address and name ({error!r})") from None
        return named
    for entry in manifest["inputs"]:
        for address, names in (entry.get("notes") or {}).get("names", {}).items():
            named.setdefault(address, names[0])
    return named
