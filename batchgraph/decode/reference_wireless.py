"""IEEE 802.11 and what precedes it in captures as scapy reads them, for the reference decoder."""

from __future__ import annotations

from scapy.contrib.avs import AVSWLANHeader
from scapy.layers.dot11 import Dot11, PrismHeader, RadioTap
from scapy.layers.l2 import (
    LLC,
)
from scapy.layers.ppi import PPI

from batchgraph.decode.reference_numbers import LINK_TYPES
from batchgraph.decode.reference_walk import Fields, Kind, Layer, StoppedError, Walk

AVS_MAGICS = (b"\x80\x21\x10\x01", b"\x80\x21\x10\x02")


def radiotap(walk: Walk, fields: Fields) -> Kind:
    """Follow radiotap, whatever its fields."""
    walk.skip(fields["len"], least=8)
    return Dot11


def prism(walk: Walk, _: Fields) -> Kind:
    """Follow Prism's header of fixed size, or AVS's."""
    if walk.peek(4) in AVS_MAGICS:
        return AVSWLANHeader
    walk.name = "prism.header"
    walk.skip(144)
    return Dot11


def avs(walk: Walk, fields: Fields) -> Kind:
    """Follow AVS's header."""
    walk.skip(fields["len"], least=8)
    return Dot11


def ppi(walk: Walk, fields: Fields) -> Kind:
    """Follow per-packet information, which says what comes after it."""
    walk.skip(fields["len"], least=8)
    if fields["dlt"] not in LINK_TYPES:
        raise StoppedError("unsupported")
    return LINK_TYPES[fields["dlt"]]


def wireless(walk: Walk, fields: Fields) -> Kind | None:
    """Follow data frames of IEEE 802.11 that have data and are not protected."""
    if fields["type"] == 2 and not fields["subtype"] & 4:
        walk.need(2)
        if not fields["FCfield"] & 0x40:
            return wireless_data(walk, fields)
    if fields["type"] in {0, 2}:
        walk.name = "wlan.end"
        walk.fill("eth_dst", fields.get("addr1"))
        walk.fill("eth_src", fields.get("addr2"))
        walk.need(16)
    return None


def wireless_data(walk: Walk, fields: Fields) -> Kind:
    """Follow a data frame: to and from the distribution system say which address is whose (IEEE 802.11, 9.3.2.1)."""
    direction = fields["FCfield"] & 3
    name, dst, src = (("direct", "addr1", "addr2"), ("to_ds", "addr3", "addr2"), ("from_ds", "addr1", "addr3"),
                      ("relayed", "addr3", "addr4"))[direction]  # fmt: skip
    qos = fields["subtype"] & 8
    walk.name = f"wlan.{name}.qos" if qos else f"wlan.{name}"
    walk.fill("eth_dst", fields.get(dst))
    walk.fill("eth_src", fields.get(src))
    octets = (30 if direction == 3 else 24) + (2 if qos else 0)
    walk.need(octets)
    # IEEE 802.11, 9.2.4.1.10: the order bit announces HT control in QoS data frames only.
    walk.skip(octets + (4 if qos and fields["FCfield"] & 0x80 else 0))
    return LLC


LAYERS: dict[Kind, Layer] = {
    RadioTap: Layer("radiotap", 8, radiotap),
    PrismHeader: Layer("prism", 4, prism),
    AVSWLANHeader: Layer("avs", 8, avs),
    PPI: Layer("ppi", 8, ppi),
    Dot11: Layer("wlan", 2, wireless, {}, "802.11"),
}
