"""Learn a policy that the present traffic keeps: everything else is denied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from batchgraph.errors import ResultsError
from batchgraph.graph.database import literal_path, open_database, query_batches
from batchgraph.graph.selection import network_of
from batchgraph.policy.judge import create_talks
from batchgraph.policy.values import is_network
from batchgraph.results import ResultsDirectory

MOST_PAIRS = 500_000
"""Pairs of hosts (or networks) for one service that fit into a policy."""

NO_PORT = -1

_TALKS = """
    SELECT DISTINCT coalesce(lower(type), 'none') AS type, if(type IS NULL, proto, NULL) AS proto,
        coalesce(port, -1) AS port, client, server FROM talks
"""
_NON_IP = """
    SELECT DISTINCT coalesce(lower(type::VARCHAR), 'none') AS type FROM read_parquet($edges)
    WHERE trust IN (SELECT unnest($trust)) AND (src IS NULL OR dst IS NULL)
"""


@dataclass(frozen=True, slots=True, order=True)
class Served:
    """What may be: some clients use some servers by one protocol, on some ports (`NO_PORT` alone for none).

    Parameters
    ----------
    label
        In lower case, or ``none``, which `proto` then tells more of.
    """

    label: str
    proto: int
    ports: tuple[int, ...]
    clients: tuple[str, ...]
    servers: tuple[str, ...]


@dataclass(slots=True)
class Traffic:
    """What there was: clients by service and server, and labels of packets without network addresses."""

    clients: dict[tuple[str, int, int, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    labels: set[str] = field(default_factory=set)


def observe(
    results: ResultsDirectory,
    *,
    groups: Iterable[Sequence[str]],
    trust: Sequence[str],
    fold: tuple[int, int] | None = None,
    memory: int | None = None,
) -> Traffic:
    """Find what traffic the captures of a results directory have.

    Parameters
    ----------
    results
        With edge records and flows.
    groups
        Captures that are read together.
    trust
        Which packets count, as `merge` took them.
    fold
        Lengths of the prefixes of IPv4 and IPv6 networks that stand for the addresses in them; None: the addresses.
    memory
        As for `open_database`.

    Raises
    ------
    ResultsError
        If there are more pairs of hosts than `MOST_PAIRS`, or the results are not whole.
    """
    name = network_of(fold) if fold else str
    traffic = Traffic()
    pairs = 0
    with open_database(memory=memory) as connection:
        for captures in groups:
            create_talks(connection, results, captures=captures)
            for batch in query_batches(connection, _TALKS, parameters={}):
                for row in batch.to_pylist():
                    ends = [end if is_network(end) else "*" for end in (row["server"], row["client"])]
                    server, client = (name(end) or end for end in ends)
                    proto = NO_PORT if row["proto"] is None else row["proto"]
                    clients = traffic.clients[row["type"], proto, row["port"], server]
                    pairs += client not in clients
                    clients.add(client)
                    if pairs > MOST_PAIRS:
                        raise ResultsError(
                            f"more than {MOST_PAIRS:,} pairs of hosts, too many for a policy: try --fold 24,64"
                        )
            edges = [literal_path(part) for capture in captures for part in results.edge_parts(capture)]
            for batch in query_batches(connection, _NON_IP, parameters={"edges": edges, "trust": list(trust)}):
                traffic.labels.update(batch["type"].to_pylist())
    return traffic


def put_together(traffic: Traffic) -> list[Served]:
    """Make one of a server's ports with the same clients, then of servers with the same ports and clients."""
    ports: dict[tuple[str, int, tuple[str, ...], str], set[int]] = defaultdict(set)
    for (label, proto, port, server), clients in traffic.clients.items():
        ports[label, proto, tuple(sorted(clients)), server].add(port)
    servers: dict[tuple[str, int, tuple[int, ...], tuple[str, ...]], set[str]] = defaultdict(set)
    for (label, proto, some, server), numbers in ports.items():
        servers[label, proto, tuple(sorted(numbers)), some].add(server)
    return sorted(Served(*shape, tuple(sorted(them))) for shape, them in servers.items())
