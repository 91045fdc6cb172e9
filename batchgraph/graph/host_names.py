"""What hosts are called."""

from __future__ import annotations

import csv

from batchgraph.csv_rows import read_rows
from batchgraph.errors import OutputError, ResultsError
from batchgraph.graph.database import open_database
from batchgraph.graph.known_names import NAMES_IN_ORDER, create_known_names
from batchgraph.refusals import is_refusal
from batchgraph.results import Manifest, ResultsDirectory


def host_names(results: ResultsDirectory, manifest: Manifest) -> dict[str, str]:
    """Give one name of each host that has any, the first of ``names.csv``; before there is one, as it would be there.

    A name is text from outside; who shows it escapes it.

    Raises
    ------
    ResultsError
        If ``names.csv`` is no table with the columns ``address`` and ``name``, or what it is made of is not whole.
    """
    path = results.table("names")
    named: dict[str, str] = {}
    if path.is_file():
        try:
            for row in read_rows(path):
                if row["address"] and row["name"]:
                    named.setdefault(row["address"], row["name"])
        except OSError as error:
            if is_refusal(error):
                raise OutputError(
                    f"cannot read {path}: {error.strerror}; the same command continues the run"
                ) from error
            raise ResultsError(f"{path}: no table with the columns address and name ({error!r})") from None
        except (KeyError, TypeError, ValueError, csv.Error) as error:
            raise ResultsError(f"{path}: no table with the columns address and name ({error!r})") from None
        return named
    with open_database() as connection:
        create_known_names(connection, results, manifest)
        for _capture, address, name, *_ in connection.execute(NAMES_IN_ORDER).fetchall():
            named.setdefault(address, name)
    return named
