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


_TEXTS: dict[AddressKind, Callable[[bytes], str]] = {
    AddressKind.MAC: mac_text,
    AddressKind.IPV4: socket.inet_ntoa,
    AddressKind.IPV6: ipv6_text,
}

_WRITERS = [(kind.value, _TEXTS[kind]) for kind in ADDRESS_KINDS]
"""Octets of an address and what writes them, looked up for every address: members of enumerations are slow at that."""


def address_texts(kind: NDArray[np.uint8], high: NDArray[np.uint64], low: NDArray[np.uint64]) -> list[str]:
    """Write interned addresses as text, in order.

    Parameters
    ----------
    kind
        Places in `ADDRESS_KINDS`, plus 1.
    high, low
        The octets as a 128-bit number.
    """
    octets = np.stack((high, low), axis=1).astype(">u8").tobytes()
    stops = range(16, len(octets) + 1, 16)
    writers = map(_WRITERS.__getitem__, (kind - 1).tolist())
    return [write(octets[stop - n : stop]) for stop, (n, write) in zip(stops, writers, strict=True)]


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
