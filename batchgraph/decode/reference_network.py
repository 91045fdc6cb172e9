"""Network and transport layers as scapy reads them, for the reference decoder."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv6Address

from scapy.contrib.etherip import EtherIP
from scapy.contrib.mpls import MPLS
from scapy.contrib.pim import PIMv2Hdr
from scapy.fields import BitField, ByteField, ShortField, XShortField
from scapy.layers.igmp import IGMP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6Unknown,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, GRE, Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet

from batchgraph.decode.reference_numbers import by_version
from batchgraph.decode.reference_walk import Fields, Kind, Layer, StoppedError, Walk
from batchgraph.wire import names


class UDPLite(Packet):  # type: ignore[misc]
    """UDP-Lite, which scapy lacks (RFC 3828, section 3.1)."""

    fields_desc = (ShortField("sport", 0), ShortField("dport", 0), ShortField("coverage", 0), XShortField("chksum", 0))


class DCCP(Packet):  # type: ignore[misc]
    """DCCP's generic header, which scapy lacks (RFC 4340, section 5.1)."""

    fields_desc = (ShortField("sport", 0), ShortField("dport", 0), ByteField("dataofs", 0), BitField("ccval", 0, 4),
                   BitField("cscov", 0, 4), XShortField("chksum", 0))  # fmt: skip


PORTS = {"sport": "sport", "dport": "dport"}
CONTROL = {"icmp_type": "type", "icmp_code": "code"}

EXTENSIONS: dict[int, Kind] = {0: IPv6ExtHdrHopByHop, 43: IPv6ExtHdrRouting, 44: IPv6ExtHdrFragment,
                               60: IPv6ExtHdrDestOpt}  # fmt: skip

PROTOCOLS: dict[int, Kind] = {
    1: ICMP, 2: IGMP, 4: IP, 6: TCP, 17: UDP, 33: DCCP, 41: IPv6, 47: GRE, 51: AH, 58: ICMPv6Unknown, 97: EtherIP,
    103: PIMv2Hdr, 132: SCTP, 136: UDPLite, 137: MPLS, 143: Ether,
}  # fmt: skip

TUNNELS = {4: ("IPv4", "ip4"), 41: ("IPv6", "ip6"), 137: ("MPLS-in-IP", "mpls"), 143: ("Ethernet", "ethernet")}
"""Protocols that are a tunnel without a header of its own: the column ``type`` and the tunnel's label."""


def by_protocol(walk: Walk, number: int, *, after_ipv6: bool) -> Kind | None:
    """Give what is registered under an IP protocol number; some are headers only after IPv6."""
    if after_ipv6 and number in EXTENSIONS:
        return EXTENSIONS[number]
    if after_ipv6 and number == 140:
        raise StoppedError("unsupported", "ipv6.shim6")
    if number not in PROTOCOLS:
        if number not in names.IP_PROTOCOLS:
            raise StoppedError("unsupported")
        return None
    if number in TUNNELS:
        label, tunnel = TUNNELS[number]
        walk.label(label)
        if not walk.enter_tunnel(tunnel, length=0):
            return None
    return PROTOCOLS[number]


def ipv4(walk: Walk, fields: Fields) -> Kind | None:
    """Follow IPv4 (RFC 791, 3.1); a total length of 0 leaves its end open."""
    if fields["version"] == 6:  # whatever announced it as IPv4
        return IPv6
    length = fields["ihl"] * 4
    if fields["len"]:
        walk.holds(fields["len"])
    if fields["version"] != 4 or length < 20 or walk.at + length > walk.limit():
        raise StoppedError("malformed")
    fragment = fields["frag"] or fields["flags"] & 1
    walk.enter_network(
        {"src": fields["src"], "dst": fields["dst"], "ttl": fields["ttl"], "proto": fields["proto"],
         "frag_offset": fields["frag"] if fragment else None},
        length=length,
    )  # fmt: skip
    return None if fields["frag"] else by_protocol(walk, fields["proto"], after_ipv6=False)


def ipv6(walk: Walk, fields: Fields) -> Kind | None:
    """Follow IPv6 (RFC 8200, section 3); a payload length of 0 leaves its end open (RFC 2675)."""
    if fields["version"] == 4:  # whatever announced it as IPv6
        return IP
    if fields["plen"]:
        walk.holds(40 + fields["plen"])
    if fields["version"] != 6:
        raise StoppedError("malformed")
    walk.enter_network(
        {
            "src": canonical(fields["src"]),
            "dst": canonical(fields["dst"]),
            "ttl": fields["hlim"],
            "proto": fields["nh"],
        },
        length=40,
    )
    return by_protocol(walk, fields["nh"], after_ipv6=True)


def canonical(address: str) -> str:
    """Write an IPv6 address in hexadecimal, unless it is an IPv4-mapped one (RFC 5952, section 5).

    scapy leaves the text to the system's library, of which some write all of ``::/96`` with dotted decimals.
    """
    return address if address.startswith("::ffff:") else str(IPv6Address(address))


def extension(walk: Walk, fields: Fields) -> Kind | None:
    """Follow an extension header of IPv6, measured in 8 octets beyond the first 8."""
    walk.enter_extension(fields["nh"], length=8 + 8 * fields["len"])
    return by_protocol(walk, fields["nh"], after_ipv6=True)


def fragment(walk: Walk, fields: Fields) -> Kind | None:
    """Follow the fragment header; an atomic fragment (RFC 6946) is none."""
    if fields["offset"] or fields["m"]:
        walk.row["frag_offset"] = fields["offset"]
    walk.enter_extension(fields["nh"], length=8)
    return None if fields["offset"] else by_protocol(walk, fields["nh"], after_ipv6=True)


def authentication(walk: Walk, fields: Fields) -> Kind | None:
    """Follow the authentication header, measured in 4 octets beyond the first 8 (RFC 4302, 2.2)."""
    walk.enter_extension(fields["nh"], length=8 + 4 * fields["payloadlen"])
    return by_protocol(walk, fields["nh"], after_ipv6=True)


def address_resolution(walk: Walk, fields: Fields) -> None:
    """Take the addresses of ARP or RARP where they are IPv4's."""
    name = "rarp" if walk.ethertype == 0x8035 else "arp"
    walk.label(name.upper())
    walk.name = name
    walk.need(8)
    hardware = fields["hwlen"]
    if (fields["ptype"], fields["plen"]) != (0x0800, 4) or hardware not in {1, 2, 6, 8, 20}:
        return
    walk.name = f"{name}.hardware{hardware}"
    walk.fill("src", fields.get("psrc"))
    walk.fill("dst", fields.get("pdst"))
    walk.need(16 + 2 * hardware)


def tcp(walk: Walk, fields: Fields) -> None:
    """End after TCP, whose data offset counts 4 octets."""
    walk.skip(fields["dataofs"] * 4, least=20)


def dccp(walk: Walk, fields: Fields) -> None:
    """End after DCCP, whose data offset counts 4 octets."""
    walk.skip(fields["dataofs"] * 4, least=12)


def eight(_: Walk, __: Fields) -> int:
    """Give the length of a header of fixed length."""
    return 8


def after_eight(walk: Walk, _: Fields) -> None:
    """End after a header of 8 octets."""
    walk.skip(8)


def data_offset(walk: Walk, fields: Fields, *, least: int) -> int | None:
    """Give the length that the data offset of TCP or DCCP says, if the header is there."""
    return fields["dataofs"] * 4 if len(walk.shown()) >= least else None


def etherip(walk: Walk, _: Fields) -> Kind | None:
    """Follow Ethernet in IP (RFC 3378)."""
    return Ether if walk.enter_tunnel("etherip", length=2) else None


def inner_ip(walk: Walk) -> Kind | None:
    """Give the IP header that a tunnel holds, or None where it holds something else."""
    walk.name = "inner_ip"
    return by_version(walk)


def pim(walk: Walk, fields: Fields) -> Kind | None:
    """Follow PIM where it registers a multicast packet, which it then holds (RFC 7761, 4.9.3)."""
    if fields["type"] != 1:
        return None
    walk.name = "pim.register"
    return inner_ip(walk) if walk.enter_tunnel("pim", length=8, least=8) else None


LAYERS: dict[Kind, Layer] = {
    ARP: Layer("arp", 0, address_resolution),
    IP: Layer("ipv4", 20, ipv4),
    IPv6: Layer("ipv6", 40, ipv6),
    IPv6ExtHdrHopByHop: Layer("ipv6.hop_by_hop", 8, extension),
    IPv6ExtHdrRouting: Layer("ipv6.routing", 8, extension),
    IPv6ExtHdrDestOpt: Layer("ipv6.destination", 8, extension),
    IPv6ExtHdrFragment: Layer("ipv6.fragment", 8, fragment),
    AH: Layer("ah", 8, authentication),
    TCP: Layer("tcp", 20, tcp, PORTS | {"tcp_flags": "flags"}, "TCP", partial(data_offset, least=20)),
    DCCP: Layer("dccp", 12, dccp, PORTS, "DCCP", partial(data_offset, least=12)),
    UDPLite: Layer("udplite", 8, after_eight, PORTS, "UDPLite", eight),
    SCTP: Layer("sctp", 12, lambda walk, _: walk.skip(12), PORTS, "SCTP", lambda *_: 12),
    ICMP: Layer("icmp", 8, after_eight, CONTROL, "ICMP", eight),
    ICMPv6Unknown: Layer("icmpv6", 8, after_eight, CONTROL, "ICMPv6", eight),
    IGMP: Layer("igmp", 8, after_eight, {}, "IGMP", eight),
    EtherIP: Layer("etherip", 2, etherip, {}, "ETHERIP", is_tunnel=True),
    PIMv2Hdr: Layer("pim", 4, pim, {}, "PIM"),
}
