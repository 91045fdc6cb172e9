"""What is made of a finished run: graph, connections, features."""

from __future__ import annotations

from batchgraph.commands.app import app
from batchgraph.commands.job import Job, job_command
from batchgraph.commands.options import (
    Capture,
    EdgeKind,
    Folder,
    GraphFormats,
    Hosts,
    KeyFile,
    LabelsFile,
    MaxEdges,
    ResultsFolder,
    Time,
    Timeout,
    Where,
    Window,
    Workers,
    split_commas,
)
from batchgraph.parallel import Pool
from batchgraph.progress import Progress
from batchgraph.results import Manifest


@job_command(app, "graph")
def graph_command(
    results: ResultsFolder,
    *,
    out: Folder = None,
    by: EdgeKind = "flow",
    window: Window = None,
    formats: GraphFormats = "graphml",
    where: Where = "",
    hosts: Hosts = "",
    time: Time = "",
    capture: Capture = "combined",
    max_edges: MaxEdges = 1_000_000,
    anonymize: KeyFile = None,
) -> Job:
    """Make further graphs of a finished run: by other edges, of some packets, of each window of time."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph.stages.graphs import GraphOptions, make_graphs

        chosen = (where, split_commas(hosts), time)
        options = GraphOptions(by, window, split_commas(formats), *chosen, capture, max_edges, anonymize)
        return make_graphs(results, folder=out, options=options, memory=pool.memory, progress=progress)

    return job


@job_command(app, "connections")
def connections_command(
    results: ResultsFolder,
    *,
    tcp_timeout: Timeout = "5m",
    udp_timeout: Timeout = "1m",
    other_timeout: Timeout = "1m",
) -> Job:
    """Write both directions of every conversation as one row, as Zeek would log it (tables/connections.*)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph.stages.connections import ConnectionOptions, make_connections

        options = ConnectionOptions(tcp_timeout, udp_timeout, other_timeout)
        return make_connections(results, options=options, memory=pool.memory, progress=progress)

    return job


@job_command(app, "features")
def features_command(
    results: ResultsFolder, *, window: Window = None, labels: LabelsFile = None, workers: Workers = None
) -> Job:
    """Write tables of features of hosts and of pairs of hosts, for learning (features/)."""

    def job(pool: Pool, progress: Progress) -> Manifest:
        from batchgraph.stages.features import FeatureOptions, make_features

        options = FeatureOptions(window=window, labels=labels)
        return make_features(results, options=options, workers=pool, progress=progress)

    return job
