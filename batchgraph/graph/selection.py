"""Which packets a further graph is made of, and what stands at the ends of its edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from batchgraph.errors import UsageError
from batchgraph.graph.columns import FURTHER_KINDS
from batchgraph.graph.scope import address_scope
from batchgraph.graph.times import parse_range
from batchgraph.graph.where import Condition, parse_condition

_PREFIXES = (24, 64)


@dataclass(frozen=True, slots=True)
class EdgeKind:
    """What an edge of a further graph stands for; made by `parse_kind`.

    Parameters
    ----------
    name
        One of `FURTHER_KINDS`.
    prefixes
        Lengths of the prefixes of IPv4 and IPv6 networks; used only where an end is a network.
    """

    name: str
    prefixes: tuple[int, int] = _PREFIXES

    @property
    def ends(self) -> tuple[str, str]:
        """The columns of edge records that an edge goes from and to."""
        return ("eth_src", "eth_dst") if self.name == "mac" else ("src", "dst")

    @property
    def scope_of(self) -> Callable[[str], str | None]:
        """Names the scope of a node from its address."""
        return {"mac": link_layer_scope, "subnet": _network_scope}.get(self.name, address_scope)

    def __str__(self) -> str:
        return f"subnet:{self.prefixes[0]},{self.prefixes[1]}" if self.name == "subnet" else self.name


def parse_kind(text: str) -> EdgeKind:
    """Read what an edge stands for: one of `FURTHER_KINDS`, ``subnet`` also as in ``subnet:24,64``.

    Raises
    ------
    UsageError
        If it is none of these, or a prefix is longer than an address.
    """
    name, colon, lengths = text.strip().partition(":")
    if name not in FURTHER_KINDS or (colon and name != "subnet"):
        raise UsageError(f"an edge cannot be by {text!r}, only by {', '.join(FURTHER_KINDS)}, or as in subnet:24,64")
    if not colon:
        return EdgeKind(name)
    words = lengths.split(",")
    if len(words) > 2 or not all(word.strip().isdecimal() for word in words):
        raise UsageError(f"{text!r}: the lengths of prefixes are one number for IPv4 and one for IPv6")
    ipv4, ipv6 = (*map(int, words), _PREFIXES[1])[:2]
    if ipv4 > 32 or ipv6 > 128:
        raise UsageError(f"{text!r}: a prefix has at most 32 bits for IPv4 and 128 for IPv6")
    return EdgeKind(name, (ipv4, ipv6))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which packets count; without arguments, all.

    Parameters
    ----------
    where
        A condition on edge records, as for `batchgraph.graph.where.parse_condition`; empty for none.
    hosts
        Addresses, networks (``10.0.0.0/8``) and link-layer addresses: a packet counts if it has one at either end.
    time
        A range of time ``A..B``, as for `batchgraph.graph.times.parse_range`; empty for none.

    Raises
    ------
    UsageError
        If one of them cannot be read.
    """

    where: str = ""
    hosts: tuple[str, ...] = ()
    time: str = ""

    def __post_init__(self) -> None:
        self.condition()

    def condition(self) -> Condition:
        """Say it as SQL over edge records, but for the networks (`networks`)."""
        whole = parse_condition(self.where) if self.where.strip() else Condition()
        pieces, variables = [f"({whole.sql})"], dict(whole.variables)
        start, end = parse_range(self.time) if self.time.strip() else (None, None)
        if start is not None:
            pieces.append("epoch_ns(source.time) >= getvariable('time_start')::BIGINT")
            variables["time_start"] = start
        if end is not None:
            pieces.append("epoch_ns(source.time) < getvariable('time_end')::BIGINT")
            variables["time_end"] = end
        if self.hosts:
            pieces.append(self._ends(variables))
        return Condition(" AND ".join(pieces), variables)

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks among the hosts."""
        return tuple(_network(text) for text in self.hosts if "/" in text)

    def _ends(self, variables: dict[str, object]) -> str:
        hosts = [_address(text) for text in self.hosts if "/" not in text]
        self.networks()
        variables["hosts"] = hosts
        chosen = "SELECT unnest(getvariable('hosts')::VARCHAR[])"
        if self.networks():
            chosen += " UNION ALL SELECT address FROM chosen"
        columns = ["src", "dst", *(["eth_src", "eth_dst"] if any(map(_is_link_layer, hosts)) else [])]
        return f"({' OR '.join(f'source.{column} IN ({chosen})' for column in columns)})"


def _is_link_layer(text: str) -> bool:
    octets = text.split(":")
    return len(octets) == 6 and all(len(octet) == 2 for octet in octets)


def _address(text: str) -> str:
    if _is_link_layer(text.lower()):
        return text.lower()
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        raise UsageError(f"{text!r} is no address, no network such as 10.0.0.0/8 and no link-layer address") from None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise UsageError(f"{text!r} is no network such as 10.0.0.0/8") from None


def inside(networks: Sequence[IPv4Network | IPv6Network]) -> Callable[[str], str | None]:
    """Give a function that tells addresses in one of `networks` by giving them back, and others by None."""

    def one(address: str) -> str | None:
        try:
            value = ip_address(address)
        except ValueError:
            return None
        return address if any(value in network for network in networks) else None

    return one


def network_of(prefixes: tuple[int, int]) -> Callable[[str], str | None]:
    """Give a function that names the network of an address; what is no address is its own network."""

    def one(address: str) -> str:
        try:
            value = ip_address(address)
        except ValueError:
            return address
        length = prefixes[0] if value.version == 4 else prefixes[1]
        return _network_name(int(value) >> (value.max_prefixlen - length), length, value.version)

    return one


@lru_cache(maxsize=4096)
def _network_name(prefix: int, length: int, version: int) -> str:
    kind = IPv4Network if version == 4 else IPv6Network
    bits = 32 if version == 4 else 128
    return str(kind((prefix << (bits - length), length)))


def _network_scope(network: str) -> str | None:
    return address_scope(network.partition("/")[0])


def link_layer_scope(address: str) -> str | None:
    """Name the scope of a link-layer address: ``broadcast``, ``multicast``, ``local`` or ``global``.

    Source: IEEE 802-2014, 8.2: the lowest bit of the first octet says group, the next one locally administered.
    """
    if address == "ff:ff:ff:ff:ff:ff":
        return "broadcast"
    if not _is_link_layer(address):
        return None
    first = int(address[:2], 16)
    return "multicast" if first & 1 else "local" if first & 2 else "global"
