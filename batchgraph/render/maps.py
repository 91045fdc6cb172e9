"""One map from the results directory to its files: the task that workers do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.errors import BatchgraphError, OutputError
from batchgraph.graph.host_names import host_names
from batchgraph.graph.source import GraphSource
from batchgraph.render.before_after import draw_before_after
from batchgraph.render.database import results_database
from batchgraph.render.edges import load_edges
from batchgraph.render.facets import draw_facets
from batchgraph.render.figure import plain_settings, save_figure
from batchgraph.render.layout import (
    Positions,
    completed_positions,
    enlarged_positions,
    spring_positions,
    uncovered_positions,
)
from batchgraph.render.map import (
    draw_map,
)
from batchgraph.render.matrix import draw_matrix, load_matrix
from batchgraph.render.sizes import host_radii
from batchgraph.render.timeline import TimedTraffic, draw_timeline, load_timeline
from batchgraph.render.traffic import MAX_ARROWS, Traffic, load_traffic
from batchgraph.results import COMBINED, ResultsDirectory

if TYPE_CHECKING:
    import duckdb
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class MapTask:
    """One map to draw.

    Parameters
    ----------
    root
        The results directory.
    capture
        A capture's id, or `COMBINED`.
    captures
        All captures with packets, for the combined graph.
    formats
        Some of `batchgraph.render.figure.FORMATS`.
    top
        Hosts that get a circle of their own.
    positions
        Places of hosts that all maps share; None: every map is laid out by the article's spring layout.
    before_after
        Whether to draw the article's two panels.
    facet
        ``type``: also draw a map of each protocol; None: not.
    group
        How hosts beyond `top` are folded.
    by, trust
        What an edge of the graph is and which packets count, as the graphs were made; for the two panels.
    memory
        What a process may hold, in octets; None: no limit was asked for.
    timeline
        Of the capture, where it is known already; None: it is read where it is drawn.
    """

    root: Path
    capture: str
    captures: Sequence[str]
    formats: Sequence[str]
    top: int
    positions: Positions | None
    before_after: bool
    facet: str | None
    group: str
    by: str
    trust: Sequence[str]
    memory: int | None = None
    timeline: TimedTraffic | None = None


@dataclass(frozen=True, slots=True)
class MapResult:
    """What became of the pictures of a capture.

    Parameters
    ----------
    problem
        In one line, or empty.
    files
        What was written, relative to the results directory; none where there was a problem.
    """

    problem: str = ""
    files: tuple[Path, ...] = ()


def make_map(task: MapTask) -> MapResult:
    """Draw the pictures of one capture and write them in all formats.

    A failure is a result, unless the disk is to blame.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    results = ResultsDirectory(task.root)
    files = []
    try:
        with plain_settings():
            for view, figure in _figures(task):
                paths = {name: results.map(task.capture, name, view) for name in task.formats}
                save_figure(figure, paths)
                files += [path.relative_to(task.root) for path in paths.values()]
    except OutputError:
        raise
    except BatchgraphError as error:
        return MapResult(str(error))
    except Exception as error:  # The boundary of a worker: a picture that fails is no reason to lose the others.
        return MapResult(f"{type(error).__name__}: {error}")
    return MapResult(files=tuple(files))


def _figures(task: MapTask) -> Iterator[tuple[str, Figure]]:
    """Draw one picture after the other, each with what it shows: one of `batchgraph.results.MAP_VIEWS`."""
    results = ResultsDirectory(task.root)
    with results_database(task.root, memory=task.memory) as connection:
        traffic = load_traffic(connection, results.flows(task.capture), top=task.top, group=task.group)
        names = host_names(results, results.read_manifest())
        traffic = _named(traffic, names)
        pairs = [(arrow.src, arrow.dst) for arrow in traffic.arrows]
        positions, enlarged = _places(task, pairs)
        if task.positions is not None:
            positions = uncovered_positions(positions, host_radii(traffic.hosts))
        if task.before_after:
            yield "map", _drawn_before_after(task, traffic, connection)
        else:
            yield "map", draw_map(traffic, positions, capture=task.capture, enlarged=enlarged)
        if task.facet == "type":
            yield "types", draw_facets(traffic, positions, capture=task.capture, enlarged=enlarged)
        if traffic.n_folded:
            yield "matrix", draw_matrix(load_matrix(connection), traffic, capture=task.capture, names=names)
            yield "timeline", _drawn_timeline(task, connection)


def _drawn_timeline(task: MapTask, connection: duckdb.DuckDBPyConnection) -> Figure:
    timeline = task.timeline
    if timeline is None:
        parts = ResultsDirectory(task.root).edge_parts(task.capture)
        timeline = load_timeline(connection, parts, trust=task.trust)
    return draw_timeline(timeline, capture=task.capture)


def _named(traffic: Traffic, names: Mapping[str, str]) -> Traffic:
    return replace(traffic, hosts=tuple(replace(host, alias=names.get(host.name, "")) for host in traffic.hosts))


def _drawn_before_after(task: MapTask, traffic: Traffic, connection: duckdb.DuckDBPyConnection) -> Figure:
    source = GraphSource(ResultsDirectory(task.root), task.capture, task.by, task.captures, task.trust)
    hosts = {host.name for host in traffic.hosts}
    edges, n_edges = load_edges(connection, source, hosts=hosts, most=MAX_ARROWS)
    pairs = [(edge.src, edge.dst) for edge in edges]
    # Of a large graph the first edges are those of a few hosts, which may stand in one corner of the map.
    positions, _ = enlarged_positions(_places(task, pairs)[0])
    return draw_before_after(traffic, edges, positions, capture=task.capture, n_edges=n_edges)


def _places(task: MapTask, pairs: Sequence[tuple[str, str]]) -> tuple[Positions, tuple[float, float]]:
    if task.positions is None:
        return spring_positions(pairs), (1.0, 1.0)
    positions = completed_positions(task.positions, pairs)
    return (positions, (1.0, 1.0)) if task.capture == COMBINED else enlarged_positions(positions)
