"""What part of the network an address belongs to."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_network

from batchgraph.results import ResultsDirectory, anonymized_by

# The first network that holds the address decides, so the narrow ones stand before the wide. The table stands here,
# and is not asked of Python's `ipaddress`, because what that calls private or global has changed between its patch
# releases and a graph must not change with them. Sources: the IANA special-purpose address registries (RFC 6890) for
# IPv4 and IPv6, and the standards beside the lines.
_NETWORKS: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/32", "unspecified"),  # RFC 1122, 3.2.1.3
    ("255.255.255.255/32", "broadcast"),  # RFC 919
    ("127.0.0.0/8", "loopback"),  # RFC 1122
    ("169.254.0.0/16", "link-local"),  # RFC 3927
    ("224.0.0.0/4", "multicast"),  # RFC 5771
    ("10.0.0.0/8", "private"),  # RFC 1918
    ("172.16.0.0/12", "private"),
    ("192.168.0.0/16", "private"),
    ("100.64.0.0/10", "private"),  # RFC 6598: shared behind a carrier's address translation
    ("192.0.0.9/32", "global"),  # RFC 7723
    ("192.0.0.10/32", "global"),  # RFC 8155
    ("0.0.0.0/8", "reserved"),  # RFC 791
    ("192.0.0.0/24", "reserved"),  # RFC 6890
    ("192.0.2.0/24", "reserved"),  # RFC 5737: documentation, as the next two
    ("198.51.100.0/24", "reserved"),
    ("203.0.113.0/24", "reserved"),
    ("198.18.0.0/15", "reserved"),  # RFC 2544: benchmarks
    ("240.0.0.0/4", "reserved"),  # RFC 1112
    ("0.0.0.0/0", "global"),
    ("::/128", "unspecified"),  # RFC 4291
    ("::1/128", "loopback"),
    ("ff00::/8", "multicast"),
    ("fe80::/10", "link-local"),
    ("fc00::/7", "private"),  # RFC 4193
    ("fec0::/10", "private"),  # RFC 3879: the site-local addresses of old
    ("64:ff9b:1::/48", "private"),  # RFC 8215: translation within a site
    ("64:ff9b::/96", "global"),  # RFC 6052
    ("2001::/32", "global"),  # RFC 4380: Teredo
    ("2001:1::1/128", "global"),  # RFC 7723
    ("2001:1::2/128", "global"),  # RFC 8155
    ("2001:3::/32", "global"),  # RFC 7450
    ("2001:4:112::/48", "global"),  # RFC 7535
    ("2001:20::/28", "global"),  # RFC 7343
    ("2001:30::/28", "global"),  # RFC 9374
    ("2001::/23", "reserved"),  # RFC 2928: the rest of what protocols were given
    ("2001:db8::/32", "reserved"),  # RFC 3849: documentation
    ("2002::/16", "global"),  # RFC 3056: 6to4
    ("3fff::/20", "reserved"),  # RFC 9637: documentation
    ("2000::/3", "global"),  # RFC 4291
    ("::/0", "reserved"),
)

SCOPES = tuple(sorted({scope for _, scope in _NETWORKS}))
"""All values that `address_scope` can give."""

_MAPPED = bytes(10) + b"\xff\xff"


def _rules(version: int) -> tuple[tuple[int, int, str], ...]:
    """Give shift, prefix and scope of each network of one IP version."""
    rules = []
    for text, scope in _NETWORKS:
        network = ip_network(text)
        if network.version == version:
            shift = network.max_prefixlen - network.prefixlen
            rules.append((shift, int(network.network_address) >> shift, scope))
    return tuple(rules)


_IPV4_RULES = _rules(4)
_IPV6_RULES = _rules(6)


def address_scope(address: str) -> str | None:
    """Name the scope of an IPv4 or IPv6 address.

    Parameters
    ----------
    address
        As text. An IPv4 address mapped into IPv6 (``::ffff:0:0/96``) has the scope of the IPv4 address.

    Returns
    -------
    scope
        One of `SCOPES`; None where the text is no address. ``reserved`` is what nobody should be found using:
        documentation, benchmarks, and what has not been given out.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        octets = socket.inet_pton(family, address)
    except (OSError, ValueError):
        return None
    if octets.startswith(_MAPPED):
        octets = octets[len(_MAPPED) :]
    number = int.from_bytes(octets)
    rules = _IPV4_RULES if len(octets) == 4 else _IPV6_RULES
    return next(scope for shift, prefix, scope in rules if number >> shift == prefix)


def no_scope(address: str) -> str | None:
    """Name no scope: an address that was renamed says nothing of the part of the network that it was of."""
    return None


def scopes_of(results: ResultsDirectory) -> Callable[[str], str | None]:
    """Give what names the scope of a run's addresses: `address_scope`, or `no_scope` where they were renamed."""
    return address_scope if anonymized_by(results) is None else no_scope
