"""The texts of a pcapng file: comments, and the names that it gives to addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from batchgraph.capture import blocks

MAX_COMMENTS, MAX_NAMES, MAX_CHARACTERS = 100, 1000, 200
"""Texts that are kept of one file, and characters of each."""

MAX_NAME_BLOCKS = 1000
"""Name resolution blocks that are looked into, so that a file of nothing else is passed as fast as any."""

CUT = "n_name_blocks_cut"
"""Name resolution blocks of which not all names are kept; those beyond the limits are not looked into."""

_IPV4_RECORD, _IPV6_RECORD = 1, 2


class Notes:
    """Collects texts into a mapping, up to the limits of this module.

    Parameters
    ----------
    into
        Gets ``names`` (address to names), ``comments``, ``n_comments``, ``n_secrets`` and `CUT`, where there are any.
    """

    def __init__(self, into: dict[str, object]) -> None:
        self._into = into
        self._comments: list[str] = []
        self._names: dict[str, list[str]] = {}
        self._n_names = 0
        self._n_name_blocks = 0
        self._n_whole = 0

    @property
    def wanted(self) -> int:
        """The kinds of remarks of which more are kept, as the walkers take it."""
        comments = blocks.REMARK_COMMENT if len(self._comments) < MAX_COMMENTS else 0
        return comments + (0 if self._is_full else blocks.REMARK_NAMES)

    @property
    def _is_full(self) -> bool:
        return self._n_names >= MAX_NAMES or self._n_name_blocks >= MAX_NAME_BLOCKS

    def count(self, n_comments: int, n_secrets: int) -> None:
        """Set how many comments and blocks of decryption secrets were seen; the secrets themselves are not read."""
        if n_comments:
            self._into["n_comments"] = n_comments
        if n_secrets:
            self._into["n_secrets"] = n_secrets

    def count_cut(self, n_name_blocks: int) -> None:
        """Set how many name resolution blocks are not kept whole, of all that were seen and given to `read`."""
        if n_name_blocks > self._n_whole:
            self._into[CUT] = n_name_blocks - self._n_whole

    def read(self, kind: int, octets: bytes, *, big: bool) -> None:
        """Read a remark that a walker noted."""
        if kind == blocks.REMARK_NAMES:
            if self._is_full:
                return
            self._n_name_blocks += 1
            self._n_whole += self._read_names(octets, "big" if big else "little")
        elif len(self._comments) < MAX_COMMENTS:
            self._comments.append(_text(octets))
            self._into["comments"] = self._comments

    def _read_names(self, body: bytes, order: str) -> bool:
        """Read a name resolution block's records (draft-ietf-opsawg-pcapng, section 4.5), and tell whether all fit."""
        for address, names in _name_records(body, order):
            for name in names:
                if name in self._names.get(address, ()):
                    continue
                if self._n_names >= MAX_NAMES:
                    return False
                self._names.setdefault(address, []).append(name)
                self._n_names += 1
                self._into["names"] = self._names
        return True


def _name_records(body: bytes, order: str) -> Iterator[tuple[str, list[str]]]:
    at = 0
    while len(body) - at >= 4:
        kind = int.from_bytes(body[at : at + 2], order)  # type: ignore[arg-type]
        length = int.from_bytes(body[at + 2 : at + 4], order)  # type: ignore[arg-type]
        value = body[at + 4 : at + 4 + length]
        if kind == 0 or len(value) < length:
            return
        octets = {_IPV4_RECORD: 4, _IPV6_RECORD: 16}.get(kind, 0)
        if octets and length > octets:
            family = socket.AF_INET if octets == 4 else socket.AF_INET6
            names = [_text(name) for name in value[octets:].split(b"\0") if name]
            yield socket.inet_ntop(family, value[:octets]), names
        at += 4 + (length + 3) // 4 * 4


def _text(octets: bytes) -> str:
    """Decode UTF-8, with what is none replaced, cut to `MAX_CHARACTERS`."""
    return octets[: 4 * MAX_CHARACTERS].decode("utf-8", "replace").rstrip("\0")[:MAX_CHARACTERS]
