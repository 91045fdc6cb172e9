"""What is found under which number, for the reference decoder: link types, EtherTypes, IP versions."""

from __future__ import annotations

from scapy.contrib.avs import AVSWLANHeader
from scapy.contrib.chdlc import CHDLC
from scapy.contrib.macsec import MACsec
from scapy.contrib.mpls import MPLS
from scapy.layers.dot11 import Dot11, PrismHeader, RadioTap
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6, IPv46
from scapy.layers.l2 import (
    ARP,
    LLC,
    CookedLinux,
    CookedLinuxV2,
    Dot1AH,
    Dot1Q,
    Ether,
    LoopbackOpenBSD,
    MPacketPreamble,
)
from scapy.layers.pflog import PFLog
from scapy.layers.ppi import PPI
from scapy.layers.ppp import DIR_PPP, PPP, PPPoE

from batchgraph.decode.reference_walk import Kind, StoppedError, Walk
from batchgraph.wire import names

ETHERTYPES: dict[int, Kind] = {
    0x0800: IP, 0x86DD: IPv6, 0x0806: ARP, 0x8035: ARP, 0x6558: Ether, 0x880B: PPP, 0x8847: MPLS, 0x8848: MPLS,
    0x8864: PPPoE, 0x8870: LLC, 0x88E5: MACsec, 0x88E7: Dot1AH,
    0x8100: Dot1Q, 0x88A8: Dot1Q, 0x9100: Dot1Q, 0x9200: Dot1Q, 0x9300: Dot1Q,
}  # fmt: skip

WITHOUT_LAYER = {0x8926: "vntag", 0x893F: "etag", 0xF1C1: "rtag", 0x892F: "hsr", 0x8909: "cmd", 0x8903: "fabricpath",
                 0x22F3: "trill", 0x894F: "nsh", 0x6559: "frame_relay"}  # fmt: skip
"""EtherTypes of headers that scapy lacks; that of NSH it loads only together with everything else."""

LINK_TYPES: dict[int, Kind] = {
    0: LoopbackOpenBSD, 1: Ether, 9: PPP, 12: IPv46, 14: IPv46, 50: PPP, 51: PPPoE, 100: LLC, 101: IPv46, 104: CHDLC,
    105: Dot11, 106: LLC, 108: LoopbackOpenBSD, 113: CookedLinux, 117: PFLog, 119: PrismHeader, 127: RadioTap,
    163: AVSWLANHeader, 192: PPI, 204: DIR_PPP, 219: MPLS, 228: IP, 229: IPv6, 274: MPacketPreamble,
    276: CookedLinuxV2,
}  # fmt: skip


def by_ethertype(walk: Walk, number: int) -> Kind | None:
    """Give what is registered under an EtherType, or None where that is known by name only."""
    if number in WITHOUT_LAYER:
        raise StoppedError("unsupported", WITHOUT_LAYER[number])
    if number in ETHERTYPES:
        walk.ethertype = number
        return ETHERTYPES[number]
    return named(walk, names.ETHERTYPES, number)


def named(walk: Walk, labels: dict[int, str], number: int) -> None:
    """End at a protocol of which only the name is known.

    Raises
    ------
    StoppedError
        If not even that is known.
    """
    if number not in labels:
        raise StoppedError("unsupported")
    walk.label(labels[number])


def by_version(walk: Walk) -> Kind | None:
    """Give the IP header that the next four bits announce, or None."""
    version = walk.peek()[0] >> 4
    return {4: IP, 6: IPv6}.get(version)
