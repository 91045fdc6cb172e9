"""The page's first lines: who sends, receives and talks most, when it was busy, who is outside, and who routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from batchgraph.render.page_busiest import Busiest
from batchgraph.render.page_hosts import HostFacts
from batchgraph.render.page_routers import Routers
from batchgraph.render.page_tables import combined_rows
from batchgraph.render.text import format_count, format_duration, format_instant, format_octets, format_span, safe_label
from batchgraph.results import ResultsDirectory

_LOOKED_THROUGH = 2_000
"""Rows of a table that are read for a fact: they come by octets, the most first."""

_GROUPS = ("multicast", "broadcast")


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


def load_facts(
    results: ResultsDirectory,
    names: Mapping[str, str],
    *,
    files: Mapping[str, str],
    busiest: Busiest | None,
    known: HostFacts,
    routers: Routers,
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
    busiest, known, routers
        From `find_busiest`, `read_host_facts` and `find_routers`.
    """
    if not known.hosts:
        return list(_busiest(busiest, files))
    rows = list(islice(combined_rows(results, "hosts"), _LOOKED_THROUGH))
    whole = int(next(combined_rows(results, "captures"))["octets"])
    return [
        *_loudest(results, rows, names, whole=whole),
        *_one_way(known, names, whole=whole),
        *_social(known, names),
        *_busiest(busiest, files),
        *_outside(known, names),
        *_lonely(known, names),
        *_routing(routers, names),
    ]


def _loudest(
    results: ResultsDirectory, rows: Sequence[Mapping[str, str]], names: Mapping[str, str], *, whole: int
) -> Iterator[Fact]:
    # A group receives and never talks.
    host = next((host for host in rows if int(host["packets_out"])), None)
    if host is None:
        return
    address, octets = host["address"], _octets(host)
    text = f"{format_octets(octets)}, in or out of {octets / max(whole, 1):.0%} of all octets; "
    text += format_count(int(host["peers"]), "peer")
    for row in islice(combined_rows(results, "conversations"), _LOOKED_THROUGH):
        if address in (row["a"], row["b"]):
            peer = row["b"] if row["a"] == address else row["a"]
            text += f", most with {_words(peer, names)} by {safe_label(row['type'])}"
            break
    yield Fact("Talks most", [_named(address, names)], text)


def _one_way(known: HostFacts, names: Mapping[str, str], *, whole: int) -> Iterator[Fact]:
    ends = (
        ("Sends most", known.sender, known.sent, None),
        ("Receives most", known.receiver, known.received, known.receiver_scope),
    )
    for what, address, octets, scope in ends:
        if address is not None and octets is not None:
            group = f" ({scope}: a group of hosts)" if scope in _GROUPS else ""
            text = f"{format_octets(octets)}, {octets / max(whole, 1):.0%} of all{group}"
            yield Fact(what, [_named(address, names)], text)


def _social(known: HostFacts, names: Mapping[str, str]) -> Iterator[Fact]:
    if known.social is not None and known.peers:
        yield Fact("Most peers", [_named(known.social, names)], f"{known.peers:,} of {known.hosts - 1:,} other hosts")


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


def _outside(known: HostFacts, names: Mapping[str, str]) -> Iterator[Fact]:
    number = f"{known.n_public:,} of {known.hosts:,}"
    if not known.n_public:
        yield Fact("Outside", [], f"{number} hosts have a public address")
        return
    others = "and others: " if known.n_public > len(known.publics) else ""
    text = f"{others}{number} hosts have a public address, {format_octets(known.public_octets)}"
    yield Fact("Outside", [_named(address, names) for address in known.publics], text)


def _lonely(known: HostFacts, names: Mapping[str, str]) -> Iterator[Fact]:
    if known.n_lonely:
        others = "and others: " if known.n_lonely > len(known.lonely) else ""
        text = f"{others}{known.n_lonely:,} of {known.hosts:,} hosts"
        yield Fact("One peer only", [_named(address, names) for address in known.lonely], text)


def _routing(routers: Routers, names: Mapping[str, str]) -> Iterator[Fact]:
    for router in routers.cards[:1]:
        sends = f"card {safe_label(router.card)} sends for {format_count(router.hosts, 'host')} of several networks"
        further = f"; {format_count(len(routers.cards) - 1, 'other card')} too" if len(routers.cards) > 1 else ""
        yield Fact("Router", [_named(router.address, names)] if router.address else [], sends + further)
    if routers.speakers:
        means = sorted({name for _, names_of in routers.speakers for name in names_of.split(", ")})
        number = format_count(routers.n_speakers, "host")
        others = "and others: " if routers.n_speakers > len(routers.speakers) else ""
        verb = "speaks" if routers.n_speakers == 1 else "speak"
        text = f"{others}{number} {verb} as routers do, by {', '.join(means)}"
        yield Fact("Says it routes", [_named(address, names) for address, _ in routers.speakers], text)
    elif routers.has_cards and not routers.cards:
        yield Fact("Router", [], "none seen: no network card sends for several networks, no host says that it routes")


def _octets(host: Mapping[str, str]) -> int:
    return int(host["octets_out"]) + int(host["octets_in"])


def _named(address: str, names: Mapping[str, str]) -> tuple[str, str]:
    return safe_label(address), _words(address, names)


def _words(address: str, names: Mapping[str, str]) -> str:
    name = names.get(address, "")
    return f"{safe_label(address)} ({name})" if name else safe_label(address)
