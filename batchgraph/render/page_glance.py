"""The first screen of the page: who talks to whom, with what, who serves, and what is odd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from batchgraph.render.page_tables import combined_rows, port_name
from batchgraph.render.style import OTHER_TYPES, type_label
from batchgraph.render.text import format_count, format_octets, format_share, safe_label
from batchgraph.results import ResultsDirectory

_TALKS, _SERVERS = 7, 8

_OTHERS_NAMED = 3

_UNNAMED = {"": "no protocol read", "(none)": "no protocol read"}

_WORTH_NAMING = 2_000
"""Rows of the services that are looked through for those with most clients: they come by octets, the most first."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line with a bar beside it.

    Parameters
    ----------
    text
        What it is about.
    detail
        In fewer words.
    amount
        As text.
    share
        Of the largest, in percent, at least 1.
    label
        Protocol's label, for the colour.
    """

    text: str
    detail: str
    amount: str
    share: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A host and what it serves."""

    service: str
    port: str
    address: str
    address_only: str
    detail: str


def talks(results: ResultsDirectory, names: Mapping[str, str]) -> list[Bar]:
    """Give the conversations with the most octets."""
    bars: list[Bar] = []
    most = 0
    for row in islice(combined_rows(results, "conversations"), _TALKS):
        out, back = int(row["octets_ab"]), int(row["octets_ba"])
        most = most or out + back
        a, b = (_named(row[end], names) for end in "ab")
        arrow = "↔" if out and back else "→" if out else "←"
        bars.append(
            Bar(f"{a} {arrow} {b}", row["type"], format_octets(out + back), _share(out + back, most), row["type"])
        )
    return [Bar(bar.text, bar.detail, bar.amount, bar.share, type_label(bar.label)) for bar in bars]


def protocols(results: ResultsDirectory) -> list[Bar]:
    """Give the protocols by octets, those without a look of their own as one that names the largest of them."""
    packets: dict[str, int] = {}
    octets: dict[str, int] = {}
    others: dict[str, None] = {}
    for row in combined_rows(results, "protocols"):
        label = type_label(row["type"])
        if label == OTHER_TYPES:
            others[_UNNAMED.get(row["type"], safe_label(row["type"], limit=24))] = None
        packets[label] = packets.get(label, 0) + int(row["packets"])
        octets[label] = octets.get(label, 0) + int(row["octets"])
    most = max(octets.values(), default=0)
    all_packets, all_octets = sum(packets.values()), sum(octets.values())
    return [
        Bar(
            _other_words(list(others)) if label == OTHER_TYPES else label,
            f"{format_count(packets[label], 'packet')} ({format_share(packets[label], all_packets)})",
            f"{format_octets(octets[label])} ({format_share(octets[label], all_octets)})",
            _share(octets[label], most),
            label,
        )
        for label in sorted(octets, key=lambda label: (-octets[label], label))
    ]


def _other_words(names: Sequence[str]) -> str:
    return f"{OTHER_TYPES}: {', '.join(names[:_OTHERS_NAMED])}{', …' if len(names) > _OTHERS_NAMED else ''}"


def servers(results: ResultsDirectory, names: Mapping[str, str]) -> list[Server]:
    """Give the services that answered, those with the most clients first, one host of each before the next of any."""
    answered = [row for row in islice(combined_rows(results, "services"), _WORTH_NAMING) if row["state"] == "answered"]
    # The sort is stable: with as many clients, the one with more octets comes first.
    answered.sort(key=lambda row: (port_name(row["port"]) == "", -int(row["clients"])))
    found: Counter[tuple[str, str]] = Counter()
    ranks = []
    for row in answered:
        found[_service(row)] += 1
        ranks.append(found[_service(row)])
    chosen = sorted(range(len(ranks)), key=lambda index: (ranks[index], index))[:_SERVERS]
    shown = Counter(_service(answered[index]) for index in chosen)
    return [
        _server(
            answered[index],
            names,
            # Said where the last of those shown stands.
            further=(found - shown)[_service(answered[index])]
            if ranks[index] == shown[_service(answered[index])]
            else 0,
        )
        for index in sorted(chosen)
    ]


def _service(row: Mapping[str, str]) -> tuple[str, str]:
    return row["type"], row["port"]


def _server(row: Mapping[str, str], names: Mapping[str, str], *, further: int) -> Server:
    more = f"; {further:,} more serve this" if further > 1 else "; 1 more serves this" if further else ""
    return Server(
        service=port_name(row["port"]) or "port",
        port=f"{row['type'].lower()}/{row['port']}",
        address=_named(row["address"], names),
        address_only=safe_label(row["address"]),
        detail=f"{format_count(int(row['clients']), 'client')}, {format_octets(int(row['octets']))}{more}",
    )


def odd_packets(results: ResultsDirectory) -> str:
    """Say how many packets could not be decoded whole, and why; empty where all could."""
    row = next(combined_rows(results, "captures"), {})
    return ", ".join(f"{int(row[status]):,} {words}" for status, words in _ODD if int(row.get(status) or 0))


_ODD: Sequence[tuple[str, str]] = (
    ("malformed", "malformed"),
    ("truncated", "cut short when captured"),
    ("unsupported", "of protocols with no decoder"),
)


def _named(address: str, names: Mapping[str, str]) -> str:
    name = names.get(address, "")
    return f"{safe_label(address)} ({name})" if name else safe_label(address)


def _share(part: int, whole: int) -> int:
    return max(1, round(100 * part / whole)) if whole else 1
