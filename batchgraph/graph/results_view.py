"""A finished run as Python objects: edge records, flows and graphs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchgraph.errors import ResultsError
from batchgraph.graph.columns import EDGE_KINDS
from batchgraph.results import COMBINED, Manifest, ResultsDirectory, anonymized_by

if TYPE_CHECKING:
    from datetime import datetime

    import networkx
    import pyarrow as pa
    import pyarrow.dataset

    from batchgraph.graph.records import Request


@dataclass(frozen=True, slots=True)
class Results:
    """A results directory opened for reading; made by `open_results`.

    Attributes
    ----------
    directory
        Where every file of it lies.
    manifest
        ``run.json`` as parsed.
    """

    directory: ResultsDirectory
    manifest: Manifest = field(repr=False)

    @property
    def captures(self) -> tuple[str, ...]:
        """The ids of the captures that have packets, in order: the names that flows and graphs go by."""
        return captures_with_rows(self.manifest)

    @property
    def inputs(self) -> tuple[dict[str, Any], ...]:
        """Every file that the run was given, with its status and its counts."""
        return tuple(self.manifest.get("inputs", ()))

    def edges(self, name: str = COMBINED) -> pyarrow.dataset.Dataset:
        """Open the edge records of one capture, or of all, as a dataset: read what you need of it.

        Raises
        ------
        ResultsError
            If the run has no such capture.
        """
        from pyarrow.dataset import dataset

        from batchgraph.schema import edge_schema

        names = self.captures if name == COMBINED else (self._known(name),)
        parts = [str(part) for capture in names for part in self.directory.edge_parts(capture)]
        schema = edge_schema()
        return dataset(parts, schema=schema, format="parquet") if parts else dataset(schema.empty_table())

    def flows(self, name: str = COMBINED) -> pa.Table:
        """Read the flows of one capture, or of all together.

        Raises
        ------
        ResultsError
            If the run has no such capture, or `merge` has not been run.
        """
        from pyarrow.parquet import ParquetFile

        from batchgraph.graph.database import reading_errors

        self._merged()
        with reading_errors(), ParquetFile(self.directory.flows(self._known(name))) as file:
            return file.read()

    def graph(
        self,
        name: str = COMBINED,
        *,
        by: str | None = None,
        window: str | None = None,
        where: str = "",
        hosts: Sequence[str] = (),
        time: str = "",
    ) -> networkx.MultiDiGraph:
        """Build the communication graph of one capture, or of all together.

        Parameters
        ----------
        name
            A capture's id, or ``combined``.
        by
            What an edge is: ``flow``, ``packet``, ``pair``, ``service``, ``subnet:24,64`` or ``mac``. None: what it is
            in the run's GraphML, to which the graph is then equal if nothing else is asked for.
        window
            A duration such as ``60s``: an edge is then of one window of time, whose start is its attribute
            ``window``, and there are as many as windows it is seen in. `graphs` gives a graph for each instead.
        where, hosts, time
            Which packets count: a condition, addresses or networks at either end, a range of time; as for
            `batchgraph.GraphOptions`.

        Raises
        ------
        ResultsError
            If the run has no such capture, or `merge` has not been run.
        UsageError
            If another argument cannot be used.

        Examples
        --------
        Which services are asked for, and how often::

            graph = results.graph(by="service")
            for client, server, edge in graph.edges(data=True):
                if edge.get("server") == "dst":
                    print(client, server, edge["type"], edge["port"], edge["packets"])
        """
        from batchgraph.graph.database import open_database
        from batchgraph.graph.multigraph import build_multigraph
        from batchgraph.graph.series import open_series
        from batchgraph.graph.source import GraphSource

        merged = self._merged()
        if window or where or hosts or time or by not in (None, *EDGE_KINDS):
            request = self._request(name, by=by, window=window, where=where, hosts=hosts, time=time)
            with open_series(self.directory, request) as series:
                return build_multigraph(series.graph(all_windows=window is not None), connection=series.connection)
        kind = merged["by"] if by is None else by
        source = GraphSource(self.directory, self._known(name), kind, self.captures, tuple(merged["trust"]))
        with open_database() as connection:
            return build_multigraph(source, connection=connection)

    def graphs(
        self,
        name: str = COMBINED,
        *,
        window: str,
        by: str | None = None,
        where: str = "",
        hosts: Sequence[str] = (),
        time: str = "",
    ) -> Iterator[tuple[datetime, networkx.MultiDiGraph]]:
        """Build the graph of each window of time that has packets, one after the other.

        Parameters
        ----------
        name, by, where, hosts, time
            As for `graph`.
        window
            A duration such as ``60s``; windows begin at multiples of it since 1970.

        Yields
        ------
        start, graph
            The start of the window, in UTC and cut to microseconds, and its graph.

        Raises
        ------
        ResultsError, UsageError
            As for `graph`.

        Examples
        --------
        How many hosts speak in each minute::

            for start, graph in results.graphs(by="pair", window="60s"):
                print(start.isoformat(), len(graph))
        """
        from datetime import UTC, datetime, timedelta

        from batchgraph.graph.multigraph import build_multigraph
        from batchgraph.graph.series import open_series

        request = self._request(name, by=by, window=window, where=where, hosts=hosts, time=time)
        with open_series(self.directory, request) as series:
            for size in series.sizes():
                start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=(size.start_ns or 0) // 1000)
                yield start, build_multigraph(series.graph(size.start_ns), connection=series.connection)

    def _request(
        self, name: str, *, by: str | None, window: str | None, where: str, hosts: Sequence[str], time: str
    ) -> Request:
        from batchgraph.graph.records import Request
        from batchgraph.graph.selection import Selection, parse_kind
        from batchgraph.graph.times import parse_duration

        merged = self._merged()
        captures = self.captures if name == COMBINED else (self._known(name),)
        window_ns = None if window is None else parse_duration(window)
        kind = parse_kind(merged["by"] if by is None else by)
        selection = Selection(where, tuple(hosts), time)
        is_renamed = anonymized_by(self.directory) is not None
        return Request(name, captures, tuple(merged["trust"]), kind, window_ns, selection, is_renamed=is_renamed)

    def _known(self, name: str) -> str:
        if name != COMBINED and name not in self.captures:
            raise ResultsError(f"no capture {name!r} with packets in {self.directory.root}")
        return name

    def _merged(self) -> dict[str, Any]:
        options = self.manifest.get("options", {})
        if "merge" not in options:
            raise ResultsError(
                f"{self.directory.root} holds no flows: run `batchgraph merge` or `batchgraph run` first"
            )
        return dict(options["merge"])


def open_results(out: str | PathLike[str]) -> Results:
    """Open a results directory for reading.

    Parameters
    ----------
    out
        What ``--out`` was.

    Returns
    -------
    results
        Its captures, edge records, flows and graphs, each read when it is asked for.

    Raises
    ------
    ResultsError
        If it holds no ``run.json``, or one of a format that this version does not know.

    Examples
    --------
    The hosts that most others talk to::

        from batchgraph import open_results

        results = open_results("results")
        graph = results.graph()
        busiest = sorted(graph, key=graph.in_degree, reverse=True)[:10]
    """
    directory = ResultsDirectory(Path(out))
    return Results(directory, directory.read_manifest())


def captures_with_rows(manifest: Manifest) -> tuple[str, ...]:
    """Give the ids of the captures of a manifest that have edge records, in order."""
    rows = {entry["capture"]: None for entry in manifest.get("inputs", ()) if entry.get("rows")}
    return tuple(rows)
