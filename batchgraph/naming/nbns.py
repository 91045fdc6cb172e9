"""Names in messages of the NetBIOS name service (RFC 1002, section 4.2), whose form is that of DNS."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from batchgraph.messages import escape
from batchgraph.naming.dns import MalformedMessageError, Message, Record
from batchgraph.naming.said import Said, address_text

_HEADER = struct.Struct(">HHHHHH")
_RESPONSE, _RCODE = 0x8000, 0x000F
_CLAIMS = (5, 8, 9, 15)
"""Operation codes by which a host says its own name: registration, refresh, and registration with many addresses."""

_NB, _NBSTAT = 0x20, 0x21
_GROUP = 0x8000
_OF_A_HOST = (0x00, 0x20)
"""Last octets of names of hosts: workstation and file server. Others are of users, domains and browsers."""


def nbns_names(octets: bytes, sender: str) -> list[Said]:
    """Give the names that a message tells of hosts: in answers, and where a host registers itself.

    Parameters
    ----------
    octets
        The message.
    sender
        Address of who sent it, of whom a node status response speaks.
    """
    if len(octets) < _HEADER.size:
        return []
    _id, flags, questions, *counts = _HEADER.unpack_from(octets)
    if flags & _RCODE or not (flags & _RESPONSE or flags >> 11 & 0xF in _CLAIMS):
        return []
    message = Message(octets)
    told: list[Said] = []
    try:
        at = _HEADER.size
        for _ in range(questions):
            at = message.name(at)[1] + 4
        for record in message.records(at, sum(counts)):
            told += _told(octets, record, sender)
    except MalformedMessageError:
        pass
    return told


def _told(octets: bytes, record: Record, sender: str) -> Iterator[Said]:
    data = octets[record.start : record.stop]
    if record.kind == _NB and (name := _decoded(record.owner.partition(".")[0])):
        for at in range(0, len(data) - 5, 6):
            flags, address = int.from_bytes(data[at : at + 2]), address_text(data[at + 2 : at + 6])
            if address and not flags & _GROUP:
                yield Said(address, name, "nbns")
    elif record.kind == _NBSTAT and sender and data:
        for at in range(1, min(len(data) - 17, 18 * data[0]), 18):
            name = _host_name(data[at : at + 16])
            if name and not int.from_bytes(data[at + 16 : at + 18]) & _GROUP:
                yield Said(sender, name, "nbns")


def _decoded(label: str) -> str:
    """Undo the encoding of a name's halves of octets as letters from A (RFC 1001, 14.1); here they are small."""
    halves = [ord(letter) - ord("a") for letter in label]
    if len(halves) != 32 or not all(0 <= half < 16 for half in halves):
        return ""
    return _host_name(bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True)))


def _host_name(octets: bytes) -> str:
    """Give a host's name of 16 octets; empty where it is something else's."""
    if octets[15] not in _OF_A_HOST:
        return ""
    return escape(octets[:15].rstrip(b" \0").decode("utf-8", "surrogateescape"))
