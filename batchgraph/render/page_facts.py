"""The page's first lines: who talks most, when it was busy, who is outside, who has one peer, and who routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors
from batchgraph.render.page_busiest import Busiest
from batchgraph.render.page_tables import combined_rows
from batchgraph.render.text import format_count, format_duration, format_instant, format_octets, format_span, safe_label
from batchgraph.results import ResultsDirectory

if TYPE_CHECKING:
    import duckdb

_LOOKED_THROUGH = 2_000
"""Rows of a table that are read for a fact: they come by octets, the most first."""

_NAMED = 3
"""Hosts that a fact names."""

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

_ROUTERS = f"""
    WITH busy AS (
        SELECT eth_src FROM sent_by_card GROUP BY eth_src HAVING count(*) >= {_ROUTED_NETWORKS}
    ), forwarded AS MATERIALIZED (
        SELECT eth_src, src, network_of(src) AS network FROM sent_by_card SEMI JOIN busy USING (eth_src)
        WHERE NOT is_own AND coalesce(scope_of(src), 'global') NOT IN ('link-local', 'unspecified')
    ), cards AS (
        SELECT eth_src FROM (SELECT DISTINCT eth_src, network FROM forwarded WHERE network IS NOT NULL)
        GROUP BY eth_src, contains(network, ':') HAVING count(*) >= {_ROUTED_NETWORKS}
    )
    SELECT eth_src, count(*) AS hosts,
        (SELECT min(src) FROM sent_by_card s WHERE s.eth_src = forwarded.eth_src AND is_own) AS own
    FROM forwarded SEMI JOIN cards USING (eth_src) GROUP BY eth_src ORDER BY hosts DESC, eth_src LIMIT {_NAMED}
"""


@dataclass(frozen=True, slots=True)
class Router:
    """A link-layer address that sends for many networks, how many hosts it sends for, and an address of its own."""

    card: str
    hosts: int
    address: str


@dataclass(frozen=True, slots=True)
class Fact:
    """An answer to a question.

    Parameters
    ----------
    what
        The question, in a few words.
    hosts
        ``(address, words)`` of hosts that the answer names.
    text
        The answer, or the rest of it after the hosts.
    """

    what: str
    hosts: Sequence[tuple[str, str]]
    text: str


@dataclass(frozen=True, slots=True)
class _Hosts:
    """Rows of the hosts with the most octets, and how many hosts there are."""

    rows: Sequence[Mapping[str, str]]
    total: int

    @classmethod
    def read(cls, results: ResultsDirectory) -> _Hosts:
        rows = list(islice(combined_rows(results, "hosts"), _LOOKED_THROUGH))
        return cls(rows, int(next(combined_rows(results, "captures"))["hosts"]))

    def share_words(self, n_hosts: int) -> str:
        """Say of how many hosts so many of the rows are."""
        return f"{n_hosts:,}{' or more' if self.total > len(self.rows) else ''} of {self.total:,}"


def find_routers(connection: duckdb.DuckDBPyConnection) -> list[Router]:
    """Find the cards in the view ``edges`` that send for hosts of several networks, those for most hosts first."""
    with reading_errors():
        connection.execute(_SENT)
        rows = connection.execute(_ROUTERS).fetchall()
    return [Router(card, hosts, own or "") for card, hosts, own in rows]


def load_facts(
    results: ResultsDirectory,
    names: Mapping[str, str],
    *,
    files: Mapping[str, str],
    busiest: Busiest | None,
    routers: Sequence[Router],
) -> list[Fact]:
    """Give the facts that there are.

    Parameters
    ----------
    results
        With tables.
    names
        Of hosts, by address.
    files
        Names of the captures' files, by id.
    busiest, routers
        From `find_busiest` and `find_routers`.
    """
    hosts = _Hosts.read(results)
    return [
        *_loudest(results, hosts, names),
        *_busiest(busiest, files),
        *_outside(hosts, names),
        *_lonely(hosts, names),
        *_routing(routers, names),
    ]


def _loudest(results: ResultsDirectory, hosts: _Hosts, names: Mapping[str, str]) -> Iterator[Fact]:
    # A group receives and never talks.
    host = next((host for host in hosts.rows if int(host["packets_out"])), None)
    if host is None:
        return
    address, octets = host["address"], _octets(host)
    whole = int(next(combined_rows(results, "captures"))["octets"])
    text = f"{format_octets(octets)}, in or out of {octets / max(whole, 1):.0%} of all octets; "
    text += format_count(int(host["peers"]), "peer")
    for row in islice(combined_rows(results, "conversations"), _LOOKED_THROUGH):
        if address in (row["a"], row["b"]):
            peer = row["b"] if row["a"] == address else row["a"]
            text += f", most with {_words(peer, names)} by {safe_label(row['type'])}"
            break
    yield Fact("Talks most", [_named(address, names)], text)


def _busiest(busiest: Busiest | None, files: Mapping[str, str]) -> Iterator[Fact]:
    if busiest is None:
        return
    text = f"{_unit_text(busiest)}: {format_octets(busiest.octets)}"
    text += f", {busiest.octets / max(busiest.all_octets, 1):.0%} of all"
    if len(files) > 1:
        text += f"; most in {files[busiest.capture]}"
    yield Fact("Busiest", [], text)


def _unit_text(unit: Busiest) -> str:
    if unit.width < 10**9:
        milliseconds = unit.start // 10**6 % 1000
        return f"{format_instant(unit.start)}.{milliseconds:03d} UTC ({format_duration(unit.width)})"
    return format_span(unit.start, unit.start + unit.width)


def _outside(hosts: _Hosts, names: Mapping[str, str]) -> Iterator[Fact]:
    public = [host for host in hosts.rows if host["scope"] == "global"]
    number = hosts.share_words(len(public))
    if not public:
        yield Fact("Outside", [], f"{number} hosts have a public address")
        return
    octets = format_octets(sum(map(_octets, public)))
    text = f"{'and others: ' if len(public) > _NAMED else ''}{number} hosts have a public address, {octets}"
    yield Fact("Outside", [_named(host["address"], names) for host in public[:_NAMED]], text)


def _lonely(hosts: _Hosts, names: Mapping[str, str]) -> Iterator[Fact]:
    # Groups that are sent to are nobody's lonely host.
    single = [host for host in hosts.rows if host["peers"] == "1" and int(host["packets_out"])]
    if single:
        text = f"{'and others: ' if len(single) > _NAMED else ''}{hosts.share_words(len(single))} hosts"
        yield Fact("One peer only", [_named(host["address"], names) for host in single[:_NAMED]], text)


def _routing(routers: Sequence[Router], names: Mapping[str, str]) -> Iterator[Fact]:
    for router in routers[:1]:
        sends = f"card {safe_label(router.card)} sends for {format_count(router.hosts, 'host')} of several networks"
        further = f"; {format_count(len(routers) - 1, 'other card')} too" if len(routers) > 1 else ""
        yield Fact("Router", [_named(router.address, names)] if router.address else [], sends + further)


def _octets(host: Mapping[str, str]) -> int:
    return int(host["octets_out"]) + int(host["octets_in"])


def _named(address: str, names: Mapping[str, str]) -> tuple[str, str]:
    return safe_label(address), _words(address, names)


def _words(address: str, names: Mapping[str, str]) -> str:
    name = names.get(address, "")
    return f"{safe_label(address)} ({name})" if name else safe_label(address)
