"""Many addresses as text at once: octets of an Arrow array, written by a compiled loop."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batchgraph.compiled import inlined, kernel
from batchgraph.decode.primitives import Integer
from batchgraph.decode.program import ADDRESS_KINDS
from batchgraph.decode.text import ipv6_text
from batchgraph.wire.spec import AddressKind

_MAC, _IPV4, _IPV6 = (ADDRESS_KINDS.index(kind) + 1 for kind in (AddressKind.MAC, AddressKind.IPV4, AddressKind.IPV6))
_LONGEST = 17
"""Octets of a MAC address as text, which is longer than any of IPv4."""

_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


def address_array(kind: NDArray[np.uint8], high: NDArray[np.uint64], low: NDArray[np.uint64]) -> pa.StringArray:
    """Write interned addresses as `batchgraph.decode.text` does, in order.

    Parameters
    ----------
    kind
        Places in `ADDRESS_KINDS`, plus 1.
    high, low
        The octets as a 128-bit number.
    """
    # The system's library knows the rules of IPv6 (RFC 5952), and captures rarely hold many of its addresses.
    wide = kind == _IPV6
    octets = np.stack((high[wide], low[wide]), axis=1).astype(">u8").tobytes()
    ready = [ipv6_text(octets[at : at + 16]).encode() for at in range(0, len(octets), 16)]
    lengths = np.array([len(text) for text in ready], np.int32)
    joined = np.frombuffer(b"".join(ready), np.uint8)
    texts = np.empty(_LONGEST * (len(kind) - len(ready)) + len(joined), np.uint8)
    ends = np.zeros(len(kind) + 1, np.int32)
    write_addresses(kind, low, (joined, lengths), texts, ends)
    return pa.StringArray.from_buffers(len(kind), pa.py_buffer(ends), pa.py_buffer(texts[: ends[-1]]))


@kernel
def write_addresses(
    kind: NDArray[np.uint8],
    low: NDArray[np.uint64],
    ready: tuple[NDArray[np.uint8], NDArray[np.int32]],
    texts: NDArray[np.uint8],
    ends: NDArray[np.int32],
) -> None:
    """Write addresses one behind the other, and where each ends; those of IPv6 are ready, with their lengths."""
    joined, lengths = ready
    at = taken = n_taken = 0
    for i in range(len(kind)):
        if kind[i] == _IPV4:
            at = _write_ipv4(texts, at, low[i])
        elif kind[i] == _MAC:
            at = _write_mac(texts, at, low[i])
        else:
            for _ in range(lengths[n_taken]):
                texts[at] = joined[taken]
                at += 1
                taken += 1
            n_taken += 1
        ends[i + 1] = at


@inlined
def _write_ipv4(texts: NDArray[np.uint8], at: Integer, address: Integer) -> Integer:
    for place in range(4):
        octet = (address >> np.uint64(24 - 8 * place)) & np.uint64(0xFF)
        if place:
            texts[at] = ord(".")
            at += 1
        if octet >= 100:
            texts[at] = _DIGITS[octet // np.uint64(100)]
            at += 1
        if octet >= 10:
            texts[at] = _DIGITS[octet // np.uint64(10) % np.uint64(10)]
            at += 1
        texts[at] = _DIGITS[octet % np.uint64(10)]
        at += 1
    return at


@inlined
def _write_mac(texts: NDArray[np.uint8], at: Integer, address: Integer) -> Integer:
    for place in range(6):
        octet = (address >> np.uint64(40 - 8 * place)) & np.uint64(0xFF)
        if place:
            texts[at] = ord(":")
            at += 1
        texts[at] = _DIGITS[octet >> np.uint64(4)]
        texts[at + 1] = _DIGITS[octet & np.uint64(15)]
        at += 2
    return at
