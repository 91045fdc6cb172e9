"""Ethernet, its tags and other link layers as scapy reads them, for the reference decoder."""

from __future__ import annotations

from scapy.contrib.macsec import MACsec
from scapy.contrib.mpls import MPLS, EoMCW
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6, IPv46
from scapy.layers.l2 import (
    LLC,
    SNAP,
    CookedLinux,
    CookedLinuxV2,
    Dot1AH,
    Dot1Q,
    Dot3,
    Ether,
    LoopbackOpenBSD,
    MPacketPreamble,
)
from scapy.layers.pflog import PFLog
from scapy.layers.ppp import PPP

from batchgraph.decode.reference_numbers import by_ethertype, by_version, named
from batchgraph.decode.reference_walk import Fields, Kind, Layer, StoppedError, Walk, read
from batchgraph.wire import names

MAC_COLUMNS = {"eth_dst": "dst", "eth_src": "src"}

IPV4_FAMILIES, IPV6_FAMILIES = (2,), (10, 24, 28, 30)
FRAME_STARTS = {0xD5, 0xE6, 0x4C, 0x7F, 0xB3}
"""IEEE 802.3, table 99-1: how the preamble of an express frame ends, and those of the first fragments of others."""


def raw_ip(walk: Walk, _: Fields) -> Kind:
    """Follow a packet that begins with an IP header."""
    kind = by_version(walk)
    if kind is None:
        raise StoppedError("unsupported", "raw")
    return kind


def ethernet(walk: Walk, fields: Fields) -> Kind | None:
    """Follow Ethernet, whose type may be a length (IEEE 802.3, 3.2.6)."""
    walk.skip(14)
    return type_or_length(walk, fields["type"])


def type_or_length(walk: Walk, number: int) -> Kind | None:
    """Tell lengths, which are at most 1500, from EtherTypes."""
    if number > 1500:
        return by_ethertype(walk, number)
    if number > 0:
        walk.holds(number)
    return LLC


def dot1q(walk: Walk, fields: Fields) -> Kind | None:
    """Follow an IEEE 802.1Q or 802.1ad tag."""
    walk.skip(4)
    return type_or_length(walk, fields["type"])


def dot1ah(walk: Walk, _: Fields) -> Kind | None:
    """Follow IEEE 802.1ah, whose I-TAG holds the customer's addresses and is followed by his type."""
    walk.skip(4)
    customer = read(Ether, walk.shown())
    walk.skip(14)
    return type_or_length(walk, customer["type"])


def macsec(walk: Walk, fields: Fields) -> Kind | None:
    """Follow IEEE 802.1AE where its data is in the clear."""
    if fields["E"] or fields["C"]:
        return None
    walk.name = "macsec.clear"
    walk.need(6)
    walk.skip(14 if fields["SC"] else 6)
    walk.name = "ethertype"
    number = int.from_bytes(walk.peek(2), "big")
    walk.skip(2)
    return by_ethertype(walk, number)


def llc(walk: Walk, fields: Fields) -> Kind | None:
    """Follow IEEE 802.2 by its destination service access point."""
    sap = fields["dsap"]
    if sap in {0xAA, 0xAB}:
        walk.name = "snap"
        walk.need(8)
        walk.skip(3)
        return SNAP
    if sap == 0x06:
        walk.name = "llc.ip"
        walk.skip(3)
        return IPv46
    return named(walk, names.SAPS, sap)


def snap(walk: Walk, fields: Fields) -> Kind | None:
    """Follow SNAP, whose code is an EtherType for some organizations."""
    walk.skip(5)
    organization, code = fields["OUI"], fields["code"]
    if organization in {0x000000, 0x0000F8, 0x080007}:
        walk.name = "snap.ethertype"
        return by_ethertype(walk, code)
    if organization == 0x00000C:
        walk.name = "snap.cisco"
        return named(walk, names.CISCO, code) if code in names.CISCO else by_ethertype(walk, code)
    if organization == 0x0080C2:
        return bridged(walk, code)
    raise StoppedError("unsupported")


def bridged(walk: Walk, code: int) -> Kind | None:
    """Follow a bridged frame (RFC 2684, 5.2)."""
    walk.name = "snap.bridged"
    if code in {1, 7}:
        walk.name = "snap.bridged.ethernet"
        walk.skip(2)
        return Ether
    return named(walk, {0x000A: "FDDI", 0x000E: "STP"}, code)


def cooked(walk: Walk, fields: Fields, *, octets: int) -> Kind | None:
    """Follow a cooked capture's header."""
    address = fields.get("src", b"")[:6]
    if fields.get("lladdrlen") == 6 and len(address) == 6:
        walk.fill("eth_src", address.hex(":"))
    walk.need(octets)
    walk.skip(octets)
    number = fields["proto"]
    special: dict[int, Kind] = {0x0003: Ether, 0x0004: LLC, 0x0007: PPP}
    if number in special:
        return special[number]
    return named(walk, names.COOKED, number) if number in names.COOKED else by_ethertype(walk, number)


def loopback(walk: Walk, fields: Fields) -> Kind:
    """Follow the address family, which is in the byte order of whoever captured."""
    walk.skip(4)
    swapped = int.from_bytes(fields["type"].to_bytes(4, "big"), "little")
    family = min(fields["type"], swapped)
    if family in IPV4_FAMILIES:
        return IP
    if family in IPV6_FAMILIES:
        return IPv6
    raise StoppedError("unsupported")


def pflog(walk: Walk, fields: Fields) -> Kind:
    """Follow a packet filter's log, whose header is padded to 4 octets."""
    walk.skip(-4 * (-fields["hdrlen"] // 4), least=4)
    return IPv46


def preamble(walk: Walk, fields: Fields) -> Kind:
    """Follow the preamble of IEEE 802.3br, unless it begins a later fragment of a preempted frame."""
    walk.skip(8)
    if walk.octets[7] not in FRAME_STARTS:
        raise StoppedError("unsupported")
    return Ether


def mpls(walk: Walk, fields: Fields) -> Kind | None:
    """Follow a label; after the last one the first four bits decide (RFC 4928, section 3)."""
    walk.skip(4)
    if not fields["s"]:
        return MPLS
    walk.name = "mpls.payload"
    version = walk.peek()[0] >> 4
    if version in {0, 1}:
        return EoMCW
    kind = by_version(walk)
    if kind is None:
        raise StoppedError("unsupported")
    return kind


def control_word(walk: Walk, fields: Fields) -> Kind | None:
    """Follow a pseudowire's control word (RFC 4448, 4.6), or end at an associated channel (RFC 4385, section 5)."""
    walk.skip(4)
    if fields["zero"] == 0:
        return Ether
    walk.label("PW-ACH")
    return None


LAYERS: dict[Kind, Layer] = {
    Ether: Layer("ethernet", 14, ethernet, MAC_COLUMNS),
    Dot3: Layer("ethernet", 14, ethernet, MAC_COLUMNS),
    Dot1Q: Layer("vlan", 4, dot1q, {"vlan": "vlan"}),
    Dot1AH: Layer("ieee802.1ah", 18, dot1ah),
    MACsec: Layer("macsec", 1, macsec, {}, "MACsec"),
    LLC: Layer("llc", 1, llc),
    SNAP: Layer("snap", 5, snap),
    CookedLinux: Layer("sll", 0, lambda walk, fields: cooked(walk, fields, octets=16)),
    CookedLinuxV2: Layer("sll2", 0, lambda walk, fields: cooked(walk, fields, octets=20)),
    LoopbackOpenBSD: Layer("null", 4, loopback),
    PFLog: Layer("pflog", 4, pflog),
    MPacketPreamble: Layer("ethernet", 8, preamble),
    IPv46: Layer("raw", 1, raw_ip),
    MPLS: Layer("mpls", 4, mpls),
    EoMCW: Layer("mpls.control_word", 4, control_word),
}
