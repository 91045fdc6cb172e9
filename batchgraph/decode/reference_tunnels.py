"""Tunnels as scapy reads them, for the reference decoder."""

from __future__ import annotations

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.fields import ByteField, ShortField, StrLenField
from scapy.layers.dot11 import Dot11
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, GRE_PPTP, Ether
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import PPP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet

from batchgraph.decode.reference_network import PORTS, inner_ip
from batchgraph.decode.reference_numbers import by_ethertype, by_version
from batchgraph.decode.reference_walk import Fields, Kind, Layer, StoppedError, Walk


class Teredo(Packet):  # type: ignore[misc]
    """Teredo's encapsulation of an IPv6 packet, which scapy lacks (RFC 4380, section 5.1.1)."""

    fields_desc = (ShortField("indicator", 0),)


class TeredoAuthentication(Packet):  # type: ignore[misc]
    """Teredo's authentication header; after client and authentication value come a nonce and a confirmation."""

    fields_desc = (
        ShortField("indicator", 1),
        ByteField("id_len", 0),
        ByteField("au_len", 0),
        StrLenField("options", b""),
    )


class VXLANGPE(VXLAN):  # type: ignore[misc]
    """VXLAN's generic protocol extension, which has a port of its own."""


UDP_PORTS: dict[int, Kind] = {4789: VXLAN, 4790: VXLANGPE, 6081: GENEVE, 2152: GTP_U_Header, 1701: L2TP, 3544: Teredo,
                              4754: GRE, 6635: MPLS}  # fmt: skip

PORTS_WITHOUT_LAYER = {4341: "lisp", 4342: "lisp.control", 5072: "ayiya", 5247: "capwap"}

VARIANT = 0x1007FFFF
"""Of the first 4 octets of GRE: the sequence bit, the version and the protocol."""


def udp(walk: Walk, fields: Fields) -> Kind | None:
    """Follow UDP to the tunnels that are known by a port, be it the receiver's or the sender's."""
    walk.skip(8)
    for port in (fields["dport"], fields["sport"]):
        if port in PORTS_WITHOUT_LAYER:
            raise StoppedError("unsupported", PORTS_WITHOUT_LAYER[port])
        if port == 6635 and not walk.enter_tunnel("mpls", length=0):
            return None
        if port in UDP_PORTS:
            walk.guessed = port != 6635
            return UDP_PORTS[port]
    return None


def udp_length(walk: Walk, fields: Fields) -> int:
    """Let the packet end where UDP says, unless it leaves that open (RFC 2675, section 4)."""
    if len(walk.shown()) >= 8 and fields["len"]:
        walk.holds(fields["len"])
    return 8


def gre(walk: Walk, fields: Fields) -> Kind | None:
    """Follow GRE (RFC 2784, RFC 2890), of which PPTP has a version of its own (RFC 2637, 4.1)."""
    variant = int.from_bytes(walk.peek(4), "big") & VARIANT
    if variant == 0x1001880B:
        return GRE_PPTP
    if variant == 0x0001880B:
        walk.name = "gre.pptp.acknowledgement"
        walk.need(8)
        return None
    if variant == 0x000088BE:
        walk.name = "gre.erspan1"
        return Ether if walk.enter_tunnel("gre", length=4) else None
    walk.name = "gre.plain"
    length = 4 + 4 * (fields["chksum_present"] + fields["key_present"] + fields["seqnum_present"])
    if not walk.enter_tunnel("gre", length=length):
        return None
    if fields["routing_present"]:
        raise StoppedError("unsupported")  # the source routes of RFC 1701, which RFC 2784 took out
    return by_gre_protocol(walk, fields["proto"])


def by_gre_protocol(walk: Walk, number: int) -> Kind | None:
    """Give what a protocol number means in GRE: mostly an EtherType."""
    special: dict[int, Kind] = {0x88BE: ERSPAN_II, 0x22EB: ERSPAN_III, 0x8881: PPP, 0x88D2: PPP, 0x6400: Ether}
    if number in special:
        return special[number]
    if number in {0x0000, 0x2001}:  # Cisco's keepalive, NHRP
        return None
    if number in range(0x8200, 0x8380, 0x10):
        return Dot11
    if number == 0x8909:
        raise StoppedError("unsupported", "gre.cmd")
    if number == 0x883E:
        return wccp(walk)
    return by_ethertype(walk, number)


def wccp(walk: Walk) -> Kind:
    """Follow WCCP, whose version 2 puts four octets before the packet."""
    walk.name = "gre.wccp"
    if walk.peek()[0] >> 4 != 4:
        walk.name = "gre.wccp2"
        walk.need(4)
        walk.skip(4)
    return IP


def pptp(walk: Walk, fields: Fields) -> Kind | None:
    """Follow PPTP's GRE with a sequence number and perhaps an acknowledgement number."""
    return PPP if walk.enter_tunnel("gre", length=16 if fields["acknum_present"] else 12) else None


def erspan(walk: Walk, fields: Fields, *, octets: int) -> Kind | None:
    """Follow a mirrored frame's header, in type III perhaps with a platform's own 8 octets."""
    return Ether if walk.enter_tunnel("erspan", length=octets + (8 if fields.get("o") else 0)) else None


def vxlan(walk: Walk, fields: Fields) -> Kind | None:
    """Follow VXLAN (RFC 7348, section 5), whose I flag must be set."""
    return Ether if fields["flags"] & 0x08 and walk.enter_tunnel("vxlan", length=8) else None


def vxlan_gpe(walk: Walk, fields: Fields) -> Kind | None:
    """Follow VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, section 3): without the P flag it holds Ethernet."""
    if not walk.enter_tunnel("vxlan-gpe", length=8):
        return None
    number = fields.get("NextProtocol", 3)
    kinds: dict[int, Kind] = {1: IP, 2: IPv6, 3: Ether, 5: MPLS}
    if number not in kinds:
        raise StoppedError("unsupported", "nsh" if number == 4 else None)
    return kinds[number]


def geneve(walk: Walk, fields: Fields) -> Kind | None:
    """Follow GENEVE (RFC 8926, 3.4), whose options count 4 octets."""
    if fields["version"] != 0 or not walk.enter_tunnel("geneve", length=8 + 4 * fields["optionlen"]):
        return None
    return by_ethertype(walk, fields["proto"])


def gtp(walk: Walk, fields: Fields) -> Kind | None:
    """Follow GTP version 1 where it holds a user's packet (3GPP TS 29.281, 5.1)."""
    if (fields["version"], fields["PT"]) != (1, 1) or fields.get("gtp_type") != 255:
        return None
    optional = fields["E"] or fields["S"] or fields["PN"]
    walk.name = "gtp.extended" if fields["E"] else "gtp.long" if optional else "gtp.short"
    octets = 12 if optional else 8
    if not walk.enter_tunnel("gtp", length=octets, least=octets):
        return None
    if fields["E"]:
        gtp_extensions(walk, fields["next_ex"])
    return inner_ip(walk)


def gtp_extensions(walk: Walk, number: int) -> None:
    """Step over extension headers, of which each ends with the type of the next (3GPP TS 29.281, 5.2.1)."""
    while number != 0:
        walk.name = "gtp.extension"
        walk.need(4)
        walk.skip(4 * walk.peek()[0], least=4)
        number = walk.octets[walk.at - 1]


def l2tp(walk: Walk, fields: Fields) -> Kind | None:
    """Follow data messages of L2TP version 2 (RFC 2661, 3.1)."""
    flags = fields["hdr"]
    has_length, has_sequence, has_offset = flags >> 10 & 1, flags >> 7 & 1, flags >> 5 & 1
    if flags >> 11 or fields["version"] != 2:
        return None
    octets = 6 + 2 * has_length + 4 * has_sequence
    walk.name = f"l2tp.{octets}.offset" if has_offset else f"l2tp.{octets}"
    padding = fields.get("offset", 0) if has_offset else 0
    least = octets + 2 * has_offset
    if not walk.enter_tunnel("l2tp", length=least + padding, least=least):
        return None
    return PPP


def teredo(walk: Walk, fields: Fields) -> Kind | None:
    """Follow Teredo to its IPv6 packet, past an authentication header and an origin indication."""
    if fields["indicator"] == 1:
        return TeredoAuthentication
    if fields["indicator"] == 0:
        walk.name = "teredo.origin"
        walk.need(8)
        walk.skip(8)
        return Teredo
    return IPv6 if by_version(walk) is IPv6 and walk.enter_tunnel("teredo", length=0) else None


def teredo_authentication(walk: Walk, fields: Fields) -> Kind:
    """Step over Teredo's authentication header."""
    walk.skip(13 + fields["id_len"] + fields["au_len"])
    return Teredo


LAYERS: dict[Kind, Layer] = {
    UDP: Layer("udp", 8, udp, PORTS, "UDP", udp_length),
    GRE: Layer("gre", 4, gre, {}, "GRE"),
    GRE_PPTP: Layer("gre.pptp", 12, pptp),
    ERSPAN_II: Layer("erspan2", 8, lambda walk, fields: erspan(walk, fields, octets=8)),
    ERSPAN_III: Layer("erspan3", 12, lambda walk, fields: erspan(walk, fields, octets=12)),
    VXLAN: Layer("vxlan", 8, vxlan, is_tunnel=True),
    VXLANGPE: Layer("vxlan_gpe", 8, vxlan_gpe, is_tunnel=True),
    GENEVE: Layer("geneve", 8, geneve, is_tunnel=True),
    GTP_U_Header: Layer("gtp", 2, gtp),
    L2TP: Layer("l2tp", 2, l2tp),
    Teredo: Layer("teredo", 2, teredo),
    TeredoAuthentication: Layer("teredo.authentication", 13, teredo_authentication),
}
