"""Interned addresses and tunnel stacks as text."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from batchgraph.decode.program import ADDRESS_KINDS
from batchgraph.wire.spec import AddressKind


def mac_text(octets: bytes) -> str:
    """Write 6 octets as ``aa:bb:cc:dd:ee:ff``."""
    return octets.hex(":")


def ipv4_text(octets: bytes) -> str:
    """Write 4 octets as dotted decimals."""
    return socket.inet_ntoa(octets)


def ipv6_text(octets: bytes) -> str:
    """Write 16 octets as RFC 5952 says.

    Notes
    -----
    RFC 5952, section 5: an address that is known to hold an IPv4 address is written with dotted decimals; here those
    of the IPv4-mapped prefix ``::ffff:0:0/96`` alone, so that the text does not depend on the system's library.
    """
    text = socket.inet_ntop(socket.AF_INET6, octets)
    if "." in text and not text.startswith("::ffff:"):
        return f"::{int.from_bytes(octets[12:14]):x}:{int.from_bytes(octets[14:]):x}"
    return text


_WRITERS: dict[AddressKind, Callable[[bytes], str]] = {
    AddressKind.MAC: mac_text,
    AddressKind.IPV4: ipv4_text,
    AddressKind.IPV6: ipv6_text,
}


def address_text(kind: int, number: int) -> str:
    """Write one interned address: the place of its kind in `ADDRESS_KINDS`, plus 1, and its octets as a number."""
    address_kind = ADDRESS_KINDS[kind - 1]
    return _WRITERS[address_kind](number.to_bytes(address_kind.value))


def address_octets(text: str) -> tuple[int, bytes]:
    """Read an address's text back: the number of its kind, and its octets."""
    if text.count(":") == 5 and len(text) == 17:
        return ADDRESS_KINDS.index(AddressKind.MAC) + 1, bytes.fromhex(text.replace(":", ""))
    if ":" in text:
        return ADDRESS_KINDS.index(AddressKind.IPV6) + 1, socket.inet_pton(socket.AF_INET6, text)
    return ADDRESS_KINDS.index(AddressKind.IPV4) + 1, socket.inet_aton(text)


def tunnel_texts(high: NDArray[np.uint64], low: NDArray[np.uint64], labels: Sequence[str]) -> list[str]:
    """Write interned tunnel stacks as labels joined by ``>``, outermost first.

    Parameters
    ----------
    high, low
        One octet for each tunnel passed, the innermost lowest.
    labels
        By that octet's value.
    """
    octets = np.stack((high, low), axis=1).astype(">u8").tobytes()
    stacks = (octets[i : i + 16].lstrip(b"\0") for i in range(0, len(octets), 16))
    return [">".join(labels[label] for label in stack) for stack in stacks]
