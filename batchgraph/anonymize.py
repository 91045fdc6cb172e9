"""Addresses that keep their structure and say no longer whose they are.

Network addresses by Crypto-PAn (Xu, Fan, Ammar and Moon, 2002): two that share a prefix share one of the same length
afterwards. Link-layer addresses by HMAC-SHA-256, keeping whether they are of a group (IEEE 802-2014, 8.2).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from batchgraph.errors import UsageError

KEY_OCTETS = 32
"""Length of a key, as Crypto-PAn has it."""

_MAC = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")

_BROADCAST = "ff:ff:ff:ff:ff:ff"


class _Cipher(Protocol):
    def anonymize_bin(self, addr: int, version: int) -> int: ...


def read_key(path: Path) -> bytes:
    """Read a key: a file of 32 octets, or of 64 hexadecimal digits.

    Raises
    ------
    UsageError
        If the file cannot be read or holds something else. What it holds is not said.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the key in {path} cannot be read: {error.strerror or error}") from error
    if len(content) == KEY_OCTETS:
        return content
    try:
        key = bytes.fromhex(content.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_OCTETS:
        raise UsageError(f"the key in {path} must be {KEY_OCTETS} octets, or {2 * KEY_OCTETS} hexadecimal digits")
    return key


@dataclass(frozen=True)
class Anonymizer:
    """Gives every address another one, the same each time.

    Parameters
    ----------
    key
        Of 32 octets.
    """

    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """A digest of the key, by which two runs can be told to have the same one; it does not give the key away."""
        return hmac.digest(self.key, b"batchgraph: which key", hashlib.sha256).hex()[:16]

    def any_address(self, text: str) -> str:
        """Rename an address of either kind, told by its form."""
        return self.link_layer(text) if _MAC.fullmatch(text) else self.address(text)

    def address(self, text: str) -> str:
        """Rename a network address, whatever its scope; text that is none becomes a keyed digest."""
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            return self._digest(text).hex()
        number = _cipher(self.key).anonymize_bin(int(address), address.version)
        return str(type(address)(number))

    def link_layer(self, text: str) -> str:
        """Rename a link-layer address to a locally administered one; broadcast stays, for it is nobody's."""
        if text == _BROADCAST:
            return text
        octets = bytearray(self._digest(text)[:6])
        group = int(text[:2], 16) & 1 if text[2:3] == ":" else 0
        octets[0] = octets[0] & 0xFC | 2 | group
        return octets.hex(":")

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self.key, text.encode("utf-8", "surrogateescape"), hashlib.sha256)


@lru_cache(maxsize=4)
def _cipher(key: bytes) -> _Cipher:
    from yacryptopan import CryptoPAn  # type: ignore[import-untyped]

    cipher: _Cipher = CryptoPAn(key)
    return cipher
