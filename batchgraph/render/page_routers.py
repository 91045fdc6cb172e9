"""Who routes: cards that send for many networks, and hosts that say so themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors

if TYPE_CHECKING:
    import duckdb

NAMED = 3
"""Routers of each kind that are named."""

_ROUTED_NETWORKS = 3
"""A card that sends for so many networks of one version of IP is a router's: a host's own has one or two of each."""

# An address in the card's own ARP messages is its own; those of what it forwards have come from elsewhere. A table of
# its own: DuckDB would ask for the scope of every packet's address before it makes them distinct, also of a
# materialized subquery.
_SENT = """
    CREATE OR REPLACE TEMP TABLE sent_by_card AS
    SELECT DISTINCT eth_src, src, type = 'ARP' AS is_own FROM edges
    WHERE eth_src IS NOT NULL AND src IS NOT NULL AND tunnel IS NULL
"""

# What a router sends for it also takes packets for: a host whose senders are forged or damaged does not.
_ROUTERS = f"""
    WITH busy AS (
        SELECT eth_src FROM sent_by_card GROUP BY eth_src HAVING count(*) >= {_ROUTED_NETWORKS}
    ), forwarded AS MATERIALIZED (
        SELECT eth_src, src, network_of(src) AS network FROM sent_by_card SEMI JOIN busy USING (eth_src)
        WHERE NOT is_own AND coalesce(scope_of(src), 'global') NOT IN ('link-local', 'unspecified')
    ), cards AS (
        SELECT eth_src FROM (SELECT DISTINCT eth_src, network FROM forwarded WHERE network IS NOT NULL)
        GROUP BY eth_src, contains(network, ':') HAVING count(*) >= {_ROUTED_NETWORKS}
    ), taken AS (
        SELECT DISTINCT eth_dst AS eth_src, dst AS src FROM edges
        WHERE eth_dst IN (FROM cards) AND dst IS NOT NULL AND type <> 'ARP' AND tunnel IS NULL
    ), ways AS (
        SELECT f.eth_src, count(*) AS hosts, count(t.src) AS both_ways
        FROM forwarded f SEMI JOIN cards USING (eth_src)
            LEFT JOIN taken t ON (f.eth_src, f.src) = (t.eth_src, t.src)
        GROUP BY f.eth_src
    )
    SELECT eth_src, hosts,
        (SELECT min(src) FROM sent_by_card s WHERE s.eth_src = ways.eth_src AND is_own) AS own
    FROM ways ORDER BY both_ways DESC, hosts DESC, eth_src LIMIT {NAMED}
"""

# EIGRP, OSPF, PIM and VRRP by their protocol numbers; RIP, RIPng and HSRP by port; router advertisements and redirects
# of ICMP (RFC 1256, RFC 792) and ICMPv6 (RFC 4861).
_SPEAKERS = f"""
    WITH said AS (
        SELECT src, octets, CASE
            WHEN proto = 88 THEN 'EIGRP' WHEN proto = 89 THEN 'OSPF' WHEN proto = 103 THEN 'PIM'
            WHEN proto = 112 THEN 'VRRP'
            WHEN type = 'UDP' AND sport = 520 AND dport = 520 THEN 'RIP'
            WHEN type = 'UDP' AND sport = 521 AND dport = 521 THEN 'RIPng'
            WHEN type = 'UDP' AND sport = 1985 AND dport = 1985 THEN 'HSRP'
            WHEN type = 'ICMP' AND icmp_type IN (5, 9) THEN 'ICMP'
            WHEN type = 'ICMPv6' AND icmp_type IN (134, 137) THEN 'ICMPv6' END AS means
        FROM flows
    ), speakers AS (
        SELECT src, array_to_string(list_sort(list(DISTINCT means)), ', ') AS means, sum(octets) AS octets
        FROM said WHERE means IS NOT NULL GROUP BY src
    )
    SELECT src, means, count(*) OVER () AS n FROM speakers ORDER BY octets DESC, src LIMIT {NAMED}
"""


@dataclass(frozen=True, slots=True)
class Router:
    """A link-layer address that sends for many networks, how many hosts it sends for, and an address of its own."""

    card: str
    hosts: int
    address: str


@dataclass(frozen=True, slots=True)
class Routers:
    """What tells of routers.

    Parameters
    ----------
    cards
        Those that send for hosts of several networks, the likeliest first; at most `NAMED`.
    speakers
        ``(address, protocols)`` of hosts that speak as routers do; at most `NAMED`.
    n_speakers
        How many there are.
    has_cards
        Whether packets have link-layer addresses, by which cards are told.
    """

    cards: Sequence[Router] = ()
    speakers: Sequence[tuple[str, str]] = ()
    n_speakers: int = 0
    has_cards: bool = False


def find_routers(connection: duckdb.DuckDBPyConnection) -> Routers:
    """Find routers in the views ``edges`` and ``flows``."""
    with reading_errors():
        connection.execute(_SENT)
        cards = connection.execute(_ROUTERS).fetchall()
        [(n_sent,)] = connection.execute("SELECT count(*) FROM (FROM sent_by_card LIMIT 1)").fetchall()
        speakers = connection.execute(_SPEAKERS).fetchall()
    return Routers(
        [Router(card, hosts, own or "") for card, hosts, own in cards],
        [(address, means) for address, means, _ in speakers],
        speakers[0][2] if speakers else 0,
        has_cards=bool(n_sent),
    )
