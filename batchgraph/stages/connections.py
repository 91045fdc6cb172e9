"""Connections: both directions of every conversation as one row, as Zeek would log it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from batchgraph.claim import claimed
from batchgraph.errors import ResultsError
from batchgraph.progress import NoProgress, Progress
from batchgraph.results import Manifest, ResultsDirectory
from batchgraph.stages.standing import take_back, vouch


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """When `make_connections` takes a connection for over: after how long without a packet.

    Parameters
    ----------
    tcp_timeout, udp_timeout, other_timeout
        Durations such as ``5m``; by default Zeek's (``tcp_inactivity_timeout``, ``udp_inactivity_timeout``,
        ``icmp_inactivity_timeout``).

    Raises
    ------
    UsageError
        If one of them is no duration.
    """

    tcp_timeout: str = "5m"
    udp_timeout: str = "1m"
    other_timeout: str = "1m"

    def __post_init__(self) -> None:
        self.in_nanoseconds()

    def in_nanoseconds(self) -> tuple[int, int, int]:
        """Give the three durations in nanoseconds."""
        from batchgraph.graph.times import parse_duration

        return parse_duration(self.tcp_timeout), parse_duration(self.udp_timeout), parse_duration(self.other_timeout)


def connections_path(results: ResultsDirectory, suffix: str) -> Path:
    """Give the path of the table of connections, as ``parquet`` or ``csv``."""
    return results.table("connections").with_suffix(f".{suffix}")


def make_connections(
    out: Path,
    *,
    options: ConnectionOptions | None = None,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Write the connections of every capture of a results directory (``tables/connections.parquet`` and ``.csv``).

    Parameters
    ----------
    out
        The results directory, as `merge` left it.
    options
        None: the defaults.
    memory
        What this process may hold, in octets; None: no limit.
    progress
        Told when they are written.

    Returns
    -------
    manifest
        ``run.json`` as it is now.

    Raises
    ------
    ResultsError
        If `merge` has not been run, or the edge records are not whole.
    OutputError
        If something cannot be written.
    OutputBusyError
        If another run is using the directory.

    Notes
    -----
    A connection is all IP packets of one capture between two ends (address and port) by one protocol. It ends with a
    silence longer than the timeout, or where a SYN follows a FIN or RST. Its originator is the sender of the first
    SYN; without one the receiver of the first SYN and ACK; else the sender of its first packet. ICMP's questions and
    their answers are one connection, its other messages have one direction. Later fragments have no ports and are
    connections of their own, without ports and without a state. Unlike Zeek's, attempts that nobody answers do not
    end after 5 seconds, ends are not looked up in a list of server ports, and payload is what the headers say.

    ``state``: source: Zeek's documentation of ``conn_state`` (base/protocols/conn/main.zeek).
    """
    options = options or ConnectionOptions()
    results = ResultsDirectory(out)
    results.read_manifest()
    with claimed(out), (progress or NoProgress()).stage("connections", 1) as stage:
        manifest = _without_connections(results.read_manifest())
        results.write_manifest(manifest)
        take_back(results, "connections")
        _write(results, manifest, options, memory)
        stage.advance("connections")
        files = [connections_path(results, suffix) for suffix in ("parquet", "csv")]
        vouch(results, manifest, "connections", files=files, options=asdict(options))
        manifest["options"]["connections"] = asdict(options)
        results.write_manifest(manifest)
    return manifest


def _without_connections(manifest: Manifest) -> Manifest:
    """Forget what this stage did, so that what is half rewritten is not taken for complete."""
    options = manifest.get("options", {})
    if "merge" not in options:
        raise ResultsError("the flows are not there: run `batchgraph merge` or `batchgraph run` first")
    return {**manifest, "options": {name: value for name, value in options.items() if name != "connections"}}


def _write(results: ResultsDirectory, manifest: Manifest, options: ConnectionOptions, memory: int | None) -> None:
    from batchgraph.graph.connections import CONNECTION_COLUMNS, Silence, write_connections
    from batchgraph.graph.csv_copy import copy_as_csv

    parquet = connections_path(results, "parquet")
    write_connections(
        results,
        parquet,
        groups=([entry["capture"] for entry in group] for group in groups_of_captures(manifest)),
        trust=manifest["options"]["merge"]["trust"],
        silence=Silence(*options.in_nanoseconds()),
        memory=memory,
    )
    copy_as_csv(parquet, connections_path(results, "csv"), CONNECTION_COLUMNS, memory=memory)


GROUP_ROWS = 2_000_000
"""Packets of captures that are read together, about."""


def groups_of_captures(manifest: Manifest) -> Iterator[list[dict[str, Any]]]:
    """Put captures with packets together until there are enough for a query, for small ones cost by the query.

    Parameters
    ----------
    manifest
        Of the run.

    Yields
    ------
    group
        Entries of the manifest's ``inputs``, in order.
    """
    group: list[dict[str, Any]] = []
    rows = 0
    for entry in manifest["inputs"]:
        if not entry.get("rows"):
            continue
        if group and rows + entry["rows"] > GROUP_ROWS:
            yield group
            group, rows = [], 0
        group.append(entry)
        rows += entry["rows"]
    if group:
        yield group
