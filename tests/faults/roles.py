"""Which processes of a run are killed, or asked to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .child import HERE
from .cluster import Cluster
from .processes import children, members
from .spawning import SPAWNED

WORKERS = ("--workers", "2")
CLUSTER = ("a cluster",)


@dataclass(frozen=True, slots=True)
class Role:
    """Whom a signal is sent to, given the client and the cluster, where the run works, and which exit codes are true.

    `awaited` are those that are there for a part of a run only: the moment counts from when they are there.
    """

    victims: Callable[[int, Cluster], Sequence[int]]
    codes: frozenset[int]
    place: tuple[str, ...] = WORKERS
    signal: int = signal.SIGKILL
    awaited: bool = False


def _client(client: int, _: Cluster) -> list[int]:
    return [client] * (client in members(client))


def _named(mark: str, session: int) -> list[int]:
    return [number for number, command in members(session).items() if mark in command]


ROLES = {
    "client, scheduler, nannies": Role(_client, frozenset({-9})),
    "client without workers": Role(_client, frozenset({-9}), HERE),
    "worker": Role(lambda client, _: children(client, name=SPAWNED), frozenset({0, 7}), awaited=True),
    "decoding child": Role(lambda client, _: children(client), frozenset({0}), HERE, awaited=True),
    "helper of the workers": Role(
        lambda client, _: _named("resource_tracker", client), frozenset({0, 7}), awaited=True
    ),
    "all at once": Role(lambda client, _: sorted(members(client)), frozenset({-9})),
    "client of a cluster": Role(_client, frozenset({-9}), CLUSTER),
    "scheduler of a cluster": Role(lambda _, cluster: [cluster.scheduler], frozenset({0, 7}), CLUSTER),
    "worker of a cluster": Role(lambda _, cluster: cluster.workers, frozenset({0, 7}), CLUSTER),
    "SIGINT": Role(_client, frozenset({0, 130}), signal=signal.SIGINT),
    "SIGTERM": Role(_client, frozenset({0, 143}), signal=signal.SIGTERM),
}
"""By name."""
