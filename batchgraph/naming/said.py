"""What is collected: who said which name of which address, in which packet first, and how often."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import NamedTuple

from batchgraph.decode.text import ipv4_text, ipv6_text
from batchgraph.messages import escape

MAX_NAMES = 100_000
"""Distinct names that are kept of one capture, those said first; an address with two names counts twice."""

MAX_CHARACTERS = 255
"""Characters of a name that is kept. A longer one holds octets that had to be escaped, or more than DNS allows."""

ASKED, GRANTED = "dhcp-request", "dhcp-ack"
"""Sources of the two halves of a DHCP transaction, of which the second alone tells the address."""


class Said(NamedTuple):
    """A name of an address, and where it comes from.

    Attributes
    ----------
    address
        As text; for `ASKED` the key of the transaction.
    name
        Printable text; for `GRANTED` the key of the transaction.
    source
        ``dns``, ``mdns``, ``llmnr``, ``nbns``, ``dhcp``, `ASKED` or `GRANTED`.
    """

    address: str
    name: str
    source: str


class Collected:
    """The distinct names of a capture or of a part of one, up to one more than `MAX_NAMES`, which tells of the others.

    All that the packet says in which the limit is passed is kept, so that the first `MAX_NAMES` of parts taken together
    are those of the whole.

    Attributes
    ----------
    first
        What was said, in the order of its first packet: that packet's number, the place in it, and the packets so far.
    """

    def __init__(self) -> None:
        self.first: dict[Said, list[int]] = {}

    @property
    def is_full(self) -> bool:
        """Whether nothing more is kept or counted."""
        return len(self.first) > MAX_NAMES

    def add(self, frame: int, said: Iterable[Said], *, packets: int = 1) -> None:
        """Take what a packet says, and so many packets from it on say again."""
        for place, one in enumerate(dict.fromkeys(said)):
            if len(one.name) > MAX_CHARACTERS:
                continue
            known = self.first.setdefault(one, [frame, place, 0])
            known[2] += packets


def address_text(octets: bytes) -> str:
    """Write an address of 4 or 16 octets as the edge records do; empty where it is nobody's in particular.

    That is what begins with 0, 127 or 240 and above in IPv4, and ``::`` and ``::1`` in IPv6: servers that suppress
    advertisements answer so for any name.
    """
    if len(octets) == 4:
        return ipv4_text(octets) if octets[0] not in (0, 127) and octets[0] < 240 else ""
    return ipv6_text(octets) if len(octets) == 16 and int.from_bytes(octets) > 1 else ""


def packed_address(text: str) -> bytes:
    """Read an address back."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def plain_name(octets: bytes) -> str:
    """Give a name that stands as plain octets as printable text, in small letters, without NULs and dots at its end."""
    return escape(octets.rstrip(b"\0. ").lower().decode("utf-8", "surrogateescape"))
