"""Graphs: further graphs of a finished run, by other edges, of some packets, or of each window of time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchgraph.claim import claimed
from batchgraph.errors import ResultsError, UsageError
from batchgraph.progress import NoProgress, Progress
from batchgraph.results import COMBINED, Manifest, ResultsDirectory, output_errors
from batchgraph.stages.standing import take_back, vouch

if TYPE_CHECKING:
    from batchgraph.graph.index_of_series import Entry
    from batchgraph.graph.records import Request
    from batchgraph.graph.selection import EdgeKind, Selection
    from batchgraph.graph.series import FurtherGraph, Series, WindowSize

GRAPH_FORMATS = ("graphml", "gexf", "csv")
"""Formats that graphs can be written in."""


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """Which further graphs `make_graphs` makes.

    Parameters
    ----------
    by
        What an edge is: ``flow``, ``packet``, ``pair``, ``service`` (all packets of a host with one service of
        another), ``subnet:24,64`` (from network to network, the lengths of prefixes for IPv4 and IPv6) or ``mac``
        (from one link-layer address to another, whatever is inside).
    window
        A duration such as ``60s``: one graph for each window of time that has packets, the windows beginning at
        multiples of it since 1970. None: one graph.
    formats
        Some of `GRAPH_FORMATS`.
    where
        A condition on edge records, as for `batchgraph.graph.where.parse_condition`; empty for none.
    hosts
        Addresses, networks and link-layer addresses, of which packets must have one at either end; empty for all.
    time
        A range of time ``A..B`` that packets must be in; empty for all time.
    capture
        A capture's id, or ``combined``.
    max_edges
        Most edges that are written, over all windows.
    key
        A file with a key, as for `batchgraph.anonymize.read_key`, by which all addresses are renamed; None: they are
        as they were.

    Raises
    ------
    UsageError
        If a value cannot be used.
    """

    by: str = "flow"
    window: str | None = None
    formats: tuple[str, ...] = ("graphml",)
    where: str = ""
    hosts: tuple[str, ...] = ()
    time: str = ""
    capture: str = COMBINED
    max_edges: int = 1_000_000
    key: Path | None = None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.formats) - set(GRAPH_FORMATS))
        if unknown or not self.formats:
            raise UsageError(f"formats must be some of {', '.join(GRAPH_FORMATS)}, not {', '.join(unknown) or 'none'}")
        if self.max_edges < 1:
            raise UsageError(f"at most {self.max_edges} edges can be none at all: at least 1 must be allowed")
        self.parsed()

    def parsed(self) -> tuple[EdgeKind, int | None, Selection]:
        """Give what is said in text as what it means: kind of edge, window in nanoseconds, selection."""
        from batchgraph.graph.selection import Selection, parse_kind
        from batchgraph.graph.times import parse_duration

        window_ns = None if self.window is None else parse_duration(self.window)
        return parse_kind(self.by), window_ns, Selection(self.where, self.hosts, self.time)

    def as_json(self) -> dict[str, Any]:
        """Give the options that decide what the graphs are, but for addresses that were renamed."""
        selection = {"where": self.where, "hosts": list(self.hosts)} if self.key is None else {"anonymized": True}
        return {
            "by": str(self.parsed()[0]),
            "window": self.window,
            "formats": list(self.formats),
            **selection,
            "time": self.time,
            "capture": self.capture,
        }


def make_graphs(
    out: Path,
    *,
    folder: Path | None = None,
    options: GraphOptions | None = None,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Make further graphs of the edge records of a finished run.

    Parameters
    ----------
    out
        The results directory, as `merge` left it; only the default folder in it is written to.
    folder
        Where the graphs go; None: `default_folder`. Of earlier graphs in it, those that its index tells of and that
        are not made again are removed.
    options
        None: the defaults.
    memory
        What this process may hold, in octets; None: no limit.
    progress
        Told of every graph.

    Returns
    -------
    manifest
        ``run.json``, which is left as it is. What was made stands in the folder's ``index.csv`` and ``index.json``,
        which is written last.

    Raises
    ------
    UsageError
        If the graphs would have more than ``max_edges`` edges; says what they would weigh, and nothing is written.
    ResultsError
        If the run has no such capture, `merge` has not been run, or the results are not whole.
    OutputError
        If something cannot be written.
    OutputBusyError
        If another run is using the directory, and the graphs go into it.
    """
    from batchgraph.graph.series import open_series

    options = options or GraphOptions()
    results = ResultsDirectory(out)
    manifest = results.read_manifest()
    request = _request(manifest, options)
    # Results may lie where nothing can be written; else there is more room beside them than in a temporary folder.
    spill = results.spill if os.access(out, os.W_OK) else None
    with open_series(results, request, spill=spill, memory=memory) as series:
        sizes = _allowed_sizes(series, options)
        if folder is not None:
            _write_all(series, sizes, folder, options, progress or NoProgress())
            return manifest
        view = default_folder(results, options)
        name = view.relative_to(results.root).as_posix()
        with claimed(out):
            take_back(results, name)
            _write_all(series, sizes, view, options, progress or NoProgress())
            vouch(results, manifest, name, files=sorted(view.iterdir()), options=options.as_json())
    return manifest


def default_folder(results: ResultsDirectory, options: GraphOptions) -> Path:
    """Give the folder that further graphs go to: ``views/<capture>/<kind of edge>[-<window>]``."""
    by = str(options.parsed()[0]).replace(":", "-").replace(",", "-")
    name = by if options.window is None else f"{by}-{''.join(options.window.split())}"
    return results.root / "views" / options.capture / name


def _request(manifest: Manifest, options: GraphOptions) -> Request:
    from batchgraph.anonymize import Anonymizer, read_key
    from batchgraph.graph.records import Request
    from batchgraph.graph.results_view import captures_with_rows

    merged = manifest.get("options", {}).get("merge")
    if merged is None:
        raise ResultsError("the flows are not there: run `batchgraph merge` or `batchgraph run` first")
    captures = captures_with_rows(manifest)
    if options.capture != COMBINED:
        if options.capture not in captures:
            raise UsageError(f"the run has no capture {options.capture!r} with packets: {', '.join(captures)}")
        captures = (options.capture,)
    kind, window_ns, selection = options.parsed()
    anonymizer = None if options.key is None else Anonymizer(read_key(options.key))
    is_renamed = "anonymized" in manifest["options"].get("extract", {})
    return Request(
        options.capture, captures, tuple(merged["trust"]), kind, window_ns, selection, anonymizer, is_renamed
    )


def _allowed_sizes(series: Series, options: GraphOptions) -> Sequence[WindowSize]:
    """Give the sizes of the graphs, having refused what is larger than asked for."""
    from batchgraph.graph.weight import estimated_octets

    # An edge for each packet is counted before a table of them is made.
    if options.parsed()[0].name == "packet":
        edges = series.accounting().packets
        sizes: Sequence[WindowSize] = series.sizes() if edges <= options.max_edges else ()
    else:
        sizes = series.sizes()
        edges = sum(size.edges for size in sizes)
    if edges <= options.max_edges:
        return sizes
    columns = series.graph_columns
    octets = estimated_octets(options.formats, nodes=series.count_all_nodes(), edges=edges, columns=columns)
    raise UsageError(
        f"the graphs would have {edges:,} edges and weigh about {octets / 1e6:,.0f} MB as {', '.join(options.formats)};"
        f" {options.max_edges:,} edges are allowed: allow more with --max-edges, or choose packets or coarser edges"
    )


def _write_all(
    series: Series, sizes: Sequence[WindowSize], folder: Path, options: GraphOptions, progress: Progress
) -> None:
    from batchgraph.graph.index_of_series import take_back_index, write_index

    accounting = series.accounting()
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    earlier = take_back_index(folder)
    entries = []
    with progress.stage("graphs", len(sizes)) as stage:
        for size in sizes:
            entries.append(_write_one(series, size, folder, options))
            stage.advance(entries[-1].start or options.capture)
    with output_errors(folder):
        for name in earlier.difference(*(entry.files for entry in entries)):
            (folder / name).unlink(missing_ok=True)
    write_index(folder, options.as_json(), accounting, entries)


def _write_one(series: Series, size: WindowSize, folder: Path, options: GraphOptions) -> Entry:
    from batchgraph.graph.index_of_series import Entry, window_ends
    from batchgraph.graph.times import instant_name

    name = options.capture if size.start_ns is None else instant_name(size.start_ns)
    graph = series.graph(size.start_ns)
    files = [file for suffix in options.formats for file in _write_format(series, graph, folder / name, suffix)]
    start, end = window_ends(size.start_ns, series.request.window_ns)
    nodes = series.count_nodes(size.start_ns)
    return Entry(start, end, nodes, size.edges, size.packets, size.octets, tuple(files))


def _write_format(series: Series, graph: FurtherGraph, stem: Path, suffix: str) -> Sequence[str]:
    from batchgraph.graph.gexf import write_gexf
    from batchgraph.graph.graphml import write_graphml
    from batchgraph.graph.listing import write_edge_list, write_node_list

    writers = {
        "graphml": {"graphml": write_graphml},
        "gexf": {"gexf": write_gexf},
        "csv": {"nodes.csv": write_node_list, "edges.csv": write_edge_list},
    }
    # A capture's id may hold dots: a suffix is added to it and replaces nothing.
    paths = {stem.with_name(f"{stem.name}.{ending}"): write for ending, write in writers[suffix].items()}
    for path, write in paths.items():
        write(path, graph, connection=series.connection)
    return [path.name for path in paths]
