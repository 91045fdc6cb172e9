"""PPP and Cisco HDLC as scapy reads them, for the reference decoder."""

from __future__ import annotations

from scapy.contrib.chdlc import CHDLC
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.ppp import DIR_PPP, PPP, PPPoE

from batchgraph.decode.reference_numbers import by_ethertype, named
from batchgraph.decode.reference_walk import Fields, Kind, Layer, Walk
from batchgraph.wire import names


def ppp(walk: Walk, fields: Fields) -> Kind | None:
    """Follow PPP with or without HDLC's address octet and half of its protocol field (RFC 1661, 6.5)."""
    framing = walk.peek(2)
    if framing == b"\xff\x03":
        walk.skip(2)
        return PPPProtocol
    return CHDLC if framing in {b"\x0f\x00", b"\x8f\x00"} else PPPProtocol


class PPPProtocol(PPP):  # type: ignore[misc]
    """PPP from its protocol field on, whatever the octets before it."""


def ppp_protocol(walk: Walk, fields: Fields) -> Kind | None:
    """Follow PPP by its protocol, of which one octet suffices where it is odd."""
    short = walk.peek()[0] & 1
    walk.name = "ppp.short" if short else "ppp.long"
    walk.skip(1 if short else 2)
    kinds: dict[int, Kind] = {0x0021: IP, 0x0057: IPv6, 0x0281: MPLS, 0x0283: MPLS, 0x0800: IP, 0x86DD: IPv6}
    number = fields["proto"]
    return kinds[number] if number in kinds else named(walk, names.PPP_PROTOCOLS, number)


def directed_ppp(walk: Walk, _: Fields) -> Kind:
    """Follow the octet that tells who sent."""
    walk.skip(1)
    return PPP


def pppoe(walk: Walk, fields: Fields) -> Kind:
    """Follow a PPPoE session (RFC 2516, section 4)."""
    if fields["len"]:
        walk.holds(6 + fields["len"])
    walk.skip(6)
    return PPPProtocol


def chdlc(walk: Walk, fields: Fields) -> Kind | None:
    """Follow Cisco HDLC."""
    walk.skip(4)
    number = fields["proto"]
    return named(walk, names.CHDLC_PROTOCOLS, number) if number in names.CHDLC_PROTOCOLS else by_ethertype(walk, number)


LAYERS: dict[Kind, Layer] = {
    PPP: Layer("ppp", 2, ppp),
    PPPProtocol: Layer("ppp.protocol", 1, ppp_protocol),
    DIR_PPP: Layer("ppp.directed", 1, directed_ppp),
    PPPoE: Layer("pppoe", 6, pppoe),
    CHDLC: Layer("chdlc", 4, chdlc),
}
