"""Who sends, who receives and who has most peers, of all hosts: found while the table of hosts is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors

if TYPE_CHECKING:
    import duckdb

NAMED = 3
"""Hosts of a kind that are named, those with the most octets."""

_BY_OCTETS = f"arg_min(address, (-octets_out - octets_in, address), {NAMED})"

# A group receives and never talks: it has no peers of its own, and is nobody's lonely host.
HOST_FACTS = f"""
    SELECT count(*) AS hosts,
        arg_min(address, (-octets_out, address)) AS sender, max(octets_out) AS sent,
        arg_min(address, (-octets_in, address)) AS receiver, max(octets_in) AS received,
        arg_min(scope_of(address), (-octets_in, address)) AS receiver_scope,
        arg_min(address, (-peers, -octets_out - octets_in, address)) FILTER (packets_out > 0) AS social,
        max(peers) FILTER (packets_out > 0) AS peers,
        count(*) FILTER (scope_of(address) = 'global') AS n_public,
        coalesce(sum(octets_out + octets_in) FILTER (scope_of(address) = 'global'), 0)::BIGINT AS public_octets,
        coalesce({_BY_OCTETS} FILTER (scope_of(address) = 'global'), []) AS publics,
        count(*) FILTER (peers = 1 AND packets_out > 0) AS n_lonely,
        coalesce({_BY_OCTETS} FILTER (peers = 1 AND packets_out > 0), []) AS lonely
    FROM sums
"""
"""The query that makes the table ``host_facts``, of one row, of the hosts' ``sums`` of all captures together."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What is known of all hosts together.

    Parameters
    ----------
    hosts
        How many there are.
    sender, sent, receiver, received, receiver_scope
        Who sent most octets, who was sent most, how many, and the latter's kind of address; None without hosts.
    social, peers
        Who, of those that sent something, exchanged packets with most others, and with how many.
    n_public, public_octets, publics
        Hosts with a public address, what they sent and received, and the first `NAMED` of them.
    n_lonely, lonely
        Hosts that sent something and have one peer, and the first `NAMED` of them.
    """

    hosts: int
    sender: str | None
    sent: int | None
    receiver: str | None
    received: int | None
    receiver_scope: str | None
    social: str | None
    peers: int | None
    n_public: int
    public_octets: int
    publics: Sequence[str]
    n_lonely: int
    lonely: Sequence[str]


def read_host_facts(connection: duckdb.DuckDBPyConnection) -> HostFacts:
    """Read the table ``host_facts``, which is made with the table of hosts."""
    with reading_errors():
        [row] = connection.execute("FROM host_facts").fetchall()
    return HostFacts(*row)
