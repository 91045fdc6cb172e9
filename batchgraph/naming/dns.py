"""Names in messages of DNS (RFC 1035), multicast DNS (RFC 6762) and LLMNR (RFC 4795).

A library would be welcome here; the one there is, dnspython, needs 142 microseconds for an answer with three records
(this some 6), and gives nothing of a message that is cut short or carries NetBIOS' records.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from batchgraph.messages import escape
from batchgraph.naming.said import Said, address_text

_HEADER = struct.Struct(">HHHHHH")
SHORTEST = _HEADER.size
"""Octets of the shortest message: a header (RFC 1035, 4.1.1)."""

_FIXED = struct.Struct(">HHIH")

_RESPONSE, _OPCODE, _RCODE = 0x8000, 0x7800, 0x000F
_A, _CNAME, _PTR, _AAAA = 1, 5, 12, 28
_IN = 1

_LONGEST_NAME = 255
_MOST_POINTERS = 16
"""Pointers that are followed for one name. Servers use one, rarely two; RFC 1035 sets no limit."""

_LONGEST_CHAIN = 16
"""Aliases that are followed; resolvers give up at about as many."""


class MalformedMessageError(ValueError):
    """A message does not go on as it should; what was read before stands."""


class Record(NamedTuple):
    """One resource record: its owner, type and class, and where its data lie."""

    owner: str
    kind: int
    klass: int
    start: int
    stop: int


@lru_cache(maxsize=4096)
def label_text(label: bytes) -> str:
    r"""Write a label as printable text, in small letters: a dot in it becomes ``\.``, what does not print ``\xNN``."""
    text = label.lower().decode("utf-8", "surrogateescape")
    return escape(text.replace("\\", "\\\\").replace(".", "\\."))


class Message:
    """Reads names and records of one message, each octet of it about once whatever the pointers are."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self._suffixes: dict[int, tuple[str, int]] = {}

    def name(self, at: int) -> tuple[str, int]:
        """Read the name at an offset; give it and the offset behind it.

        Raises
        ------
        MalformedMessageError
            If it leaves the message, is too long, or its pointers do not lead backwards (RFC 1035, 4.1.4: to a prior
            occurrence).
        """
        octets, suffixes = self.octets, self._suffixes
        labels: list[tuple[int, str, int]] = []
        after, pointers, size, tail = 0, 0, 1, ""
        try:
            while length := octets[at]:
                if at in suffixes:
                    tail, tail_size = suffixes[at]
                    size += tail_size - 1
                    break
                if length >= 0xC0:
                    target = (length & 0x3F) << 8 | octets[at + 1]
                    after = after or at + 2
                    pointers += 1
                    if target >= at or pointers > _MOST_POINTERS:
                        raise MalformedMessageError("a pointer does not lead to an earlier name")
                    at = target
                    continue
                if length > 63 or at + length >= len(octets) or size + length >= _LONGEST_NAME:
                    raise MalformedMessageError("a label is too long")
                labels.append((at, label_text(octets[at + 1 : at + 1 + length]), length))
                size += length + 1
                at += length + 1
            else:
                after = after or at + 1
        except IndexError:
            raise MalformedMessageError("a name leaves the message") from None
        if size > _LONGEST_NAME:
            raise MalformedMessageError("a name is too long")
        return self._remember(labels, tail, size), after or self._skipped(at)

    def _remember(self, labels: list[tuple[int, str, int]], tail: str, size: int) -> str:
        """Put a name together, and keep what begins at each of its labels: others point there."""
        tail_size = size - sum(length + 1 for _, _, length in labels)
        for at, label, length in reversed(labels):
            tail = f"{label}.{tail}" if tail else label
            tail_size += length + 1
            self._suffixes[at] = tail, tail_size
        return tail

    def _skipped(self, at: int) -> int:
        """Give the offset behind a name that was read before and is met again without a pointer."""
        while length := self.octets[at]:
            if length >= 0xC0:
                return at + 2
            at += length + 1
        return at + 1

    def records(self, at: int, count: int) -> Iterator[Record]:
        """Read resource records from an offset on.

        Raises
        ------
        MalformedMessageError
            After the last that is whole, where there are fewer than `count`.
        """
        for _ in range(count):
            owner, at = self.name(at)
            start = at + _FIXED.size
            if start > len(self.octets):
                raise MalformedMessageError("a record is cut short")
            kind, klass, _ttl, length = _FIXED.unpack_from(self.octets, at)
            at = start + length
            if at > len(self.octets):
                raise MalformedMessageError("a record's data are cut short")
            yield Record(owner, kind, klass, start, at)


def dns_names(octets: bytes, source: str, *, whole: bool = False) -> list[Said]:
    """Give the names that a response tells of addresses, those asked for before the ones that they are aliases of.

    Parameters
    ----------
    octets
        The message.
    source
        What to note as the source; of ``mdns`` all sections count, of the others the answers.
    whole
        Whether a message that is not whole says nothing, in place of what precedes the fault.
    """
    if len(octets) < SHORTEST:
        return []
    _id, flags, questions, *counts = _HEADER.unpack_from(octets)
    if not flags & _RESPONSE or flags & (_OPCODE | _RCODE) or not any(counts):
        return []
    message = Message(octets)
    asked, records = "", []
    try:
        at = _HEADER.size
        for _ in range(questions):
            name, at = message.name(at)
            asked, at = asked or name, at + 4
        for record in message.records(at, sum(counts) if source == "mdns" or whole else counts[0]):
            records.append(record)
    except MalformedMessageError:
        if whole:
            return []
    return _told(message, asked, records if source == "mdns" else records[: counts[0]], source)


def _told(message: Message, asked: str, records: list[Record], source: str) -> list[Said]:
    # RFC 6762, 10.2: the top bit of the class is a flag in multicast DNS, where it is never part of the number.
    records = [record for record in records if record.klass & 0x7FFF == _IN]
    told: list[Said] = []
    try:
        chain = _chain(message, asked, records)
        for record in records:
            names = chain[: chain.index(record.owner) + 1] if record.owner in chain else [record.owner]
            if record.kind in (_A, _AAAA):
                address = _address(message.octets[record.start : record.stop], record.kind)
                told += [Said(address, name, source) for name in names if address and name]
            elif record.kind == _PTR:
                addresses = [address for name in names if (address := _reverse(name))]
                target = message.name(record.start)[0] if addresses else ""
                told += [Said(address, target, source) for address in addresses if target]
    except MalformedMessageError:
        pass
    return told


def _chain(message: Message, asked: str, records: list[Record]) -> list[str]:
    """Follow aliases from the name asked for."""
    aliases: dict[str, str] = {}
    for record in records:
        if record.kind == _CNAME:
            aliases.setdefault(record.owner, message.name(record.start)[0])
    chain = [asked]
    while len(chain) <= _LONGEST_CHAIN and (target := aliases.get(chain[-1])) and target not in chain:
        chain.append(target)
    return chain


def _address(octets: bytes, kind: int) -> str:
    return address_text(octets) if len(octets) == (4 if kind == _A else 16) else ""


@lru_cache(maxsize=1024)
def _reverse(name: str) -> str:
    """Give the address of a name under ``in-addr.arpa`` (RFC 1035, 3.5) or ``ip6.arpa`` (RFC 3596, 2.5)."""
    *labels, zone, arpa = name.rsplit(".", 34) if name.endswith(".arpa") else ("", "")
    labels.reverse()
    try:
        if (zone, arpa, len(labels)) == ("in-addr", "arpa", 4) and all(label.isdecimal() for label in labels):
            return address_text(bytes(int(label) for label in labels))
        if (zone, arpa, len(labels)) == ("ip6", "arpa", 32) and all(len(label) == 1 for label in labels):
            return address_text(bytes.fromhex("".join(labels)))
    except ValueError:
        pass
    return ""
