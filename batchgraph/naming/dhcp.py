"""Names in DHCP messages (RFC 2131): the host name and the client's domain name, with the address that was given.

A client says its name when it asks, a server says the address when it acknowledges; the transaction's number and the
client's hardware address join them. As the two may lie in different parts of a capture, each is noted for itself.
"""

from __future__ import annotations

from batchgraph.naming.dns import MalformedMessageError, Message
from batchgraph.naming.said import ASKED, GRANTED, Said, address_text, plain_name

_COOKIE = bytes.fromhex("63825363")
_FIXED = 236
_REPLY = 2
_PAD, _HOST_NAME, _MESSAGE_TYPE, _CLIENT_NAME, _END = 0, 12, 53, 81, 255
_REQUEST, _ACK, _INFORM = 3, 5, 8
_CANONICAL = 0x04


def dhcp_names(octets: bytes) -> list[Said]:
    """Give the names that a message tells, of the address that it gives or that its sender has already."""
    if octets[_FIXED : _FIXED + 4] != _COOKIE:
        return []
    options = _options(octets)
    kind = options.get(_MESSAGE_TYPE, b"\0")[:1]
    names = list(dict.fromkeys(name for name in (_client_name(options), _host_name(options)) if name))
    transaction = f"{octets[4:8].hex()} {octets[28 : 28 + min(octets[2], 16)].hex()}"
    own = address_text(octets[12:16])
    if octets[0] == _REPLY:
        given = address_text(octets[16:20]) or own
        if kind != bytes([_ACK]) or not given:
            return []
        return [Said(given, name, "dhcp") for name in names] or [Said(given, transaction, GRANTED)]
    if kind not in (bytes([_REQUEST]), bytes([_INFORM])):
        return []
    # RFC 2131, 4.3.2 and 4.4.3: who asks again or for other things only fills in the address that it has.
    has = [Said(own, name, "dhcp") for name in names if own]
    return has or [Said(transaction, name, ASKED) for name in names]


def _options(octets: bytes) -> dict[int, bytes]:
    """Give the options by code; one that comes again goes on (RFC 3396), one cut short ends them."""
    options: dict[int, bytes] = {}
    at = _FIXED + 4
    while at + 1 < len(octets) and octets[at] != _END:
        if octets[at] == _PAD:
            at += 1
            continue
        code, length = octets[at], octets[at + 1]
        value = octets[at + 2 : at + 2 + length]
        if len(value) < length:
            break
        if code in (_HOST_NAME, _MESSAGE_TYPE, _CLIENT_NAME):
            options[code] = options.get(code, b"") + value
        at += 2 + length
    return options


def _host_name(options: dict[int, bytes]) -> str:
    return plain_name(options.get(_HOST_NAME, b"")[:255])


def _client_name(options: dict[int, bytes]) -> str:
    """Read the client's fully qualified domain name (RFC 4702, 2): three octets, then the name in either form."""
    value = options.get(_CLIENT_NAME, b"")[:258]
    if len(value) < 4:
        return ""
    if not value[0] & _CANONICAL:
        return plain_name(value[3:])
    try:
        # A name that is not fully qualified ends without the root's empty label.
        return Message(value[3:] + b"\0").name(0)[0]
    except MalformedMessageError:
        return ""
