"""The database of a report: tables, timeline and page are made in one, of one reading of the edge records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.graph.results_view import captures_with_rows
from batchgraph.render.database import add_view, results_database
from batchgraph.render.packet_sums import PacketSums, make_packet_sums
from batchgraph.results import Manifest, ResultsDirectory
from batchgraph.schema import COMBINED_FLOW_COLUMNS, EDGE_COLUMNS, FLOW_COLUMNS

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class ReportDatabase:
    """A database with the views ``edges``, ``flows`` and ``combined_flows``, and the table ``packet_sums``.

    Parameters
    ----------
    connection
        From `results_database`.
    captures
        Ids of the captures with packets, in the manifest's order.
    sums
        What the columns of ``packet_sums`` refer to.
    """

    connection: duckdb.DuckDBPyConnection
    captures: Sequence[str]
    sums: PacketSums


@contextmanager
def report_database(
    results: ResultsDirectory, manifest: Manifest, *, spill: Path | None = None, memory: int | None = None
) -> Iterator[ReportDatabase]:
    """Open a database of a run's edge records and flows.

    Parameters
    ----------
    results
        With edge records and flows.
    manifest
        Its ``run.json``.
    spill
        As for `results_database`.
    memory
        What this process may hold, in octets; None: no limit was asked for.

    Raises
    ------
    ResultsError
        If a Parquet file is missing or not whole.
    OutputError
        If there is no room to spill.
    """
    captures = captures_with_rows(manifest)
    edges = [part for capture in captures for part in results.edge_parts(capture)]
    with results_database(results.root, spill=spill, memory=memory) as connection:
        add_view(connection, "edges", files=edges, columns=EDGE_COLUMNS)
        add_view(connection, "flows", files=[results.flows(name) for name in captures], columns=FLOW_COLUMNS)
        add_view(connection, "combined_flows", files=[results.flows()], columns=COMBINED_FLOW_COLUMNS)
        sums = make_packet_sums(connection, trust=manifest["options"]["merge"]["trust"])
        yield ReportDatabase(connection, captures, sums)
