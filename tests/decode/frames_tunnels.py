"""Random tunnels around packets, for `tests.decode.frames`."""

from __future__ import annotations

import random
from collections.abc import Callable

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.contrib.pim import PIMv2Hdr
from scapy.layers.inet import UDP
from scapy.layers.l2 import (
    GRE,
    GRE_PPTP,
    Ether,
)
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN

from tests.decode.frames_packets import mac, port, some, wrapped


def tunnelled(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    """Put a packet into a tunnel, and that into an IP packet of either version, or leave it in a link's."""
    kinds: tuple[Callable[[random.Random, int, bytes], tuple[int, bytes]], ...]
    kinds = (in_ip, in_ip, gre, gre, vxlan, vxlan, geneve, geneve, gtp, gtp, mpls_in_ip, ethernet_in_ip, l2tp, teredo,
             erspan, pptp, pim_register, vxlan_gpe)  # fmt: skip
    if rng.random() < 0.15:
        return rng.choice((mpls, pppoe))(rng, ethertype, packet)
    proto, payload = rng.choice(kinds)(rng, ethertype, packet)
    return wrapped(rng, rng.choice((4, 6)), proto, payload)


def in_ip(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    return (4 if ethertype == 0x0800 else 41), packet


def ethernet_in_ip(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    frame = framed(rng, ethertype, packet)
    return rng.choice(((143, frame), (97, b"\x30\x00" + frame)))


def gre(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    bridged = rng.random() < 0.3
    payload = framed(rng, ethertype, packet) if bridged else packet
    header = GRE(chksum_present=rng.randrange(2), key_present=rng.randrange(2), seqnum_present=rng.randrange(2),
                 proto=0x6558 if bridged else ethertype, chksum=1, offset=0, key=9, sequence_number=3)  # fmt: skip
    return 47, bytes(header) + payload


def in_udp(rng: random.Random, number: int, payload: bytes) -> tuple[int, bytes]:
    ports = (port(rng), number) if rng.random() < 0.9 else (number, port(rng))
    return 17, bytes(UDP(sport=ports[0], dport=ports[1], len=8 + len(payload), chksum=0)) + payload


def vxlan(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    header = VXLAN(flags=rng.choice((8, 8, 8, 0)), vni=5)
    return in_udp(rng, 4789, bytes(header) + framed(rng, ethertype, packet))


def geneve(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    options = [GeneveOptions(classid=1, length=2, data=bytes(8))] * rng.randrange(3)
    return in_udp(rng, 6081, bytes(GENEVE(proto=ethertype, vni=5, options=options)) + packet)


def gtp(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    header = GTP_U_Header(gtp_type=255, teid=1, E=0, S=rng.randrange(2), length=len(packet), seq=1, npdu=0, next_ex=0)
    extended = GTP_U_Header(gtp_type=255, teid=1, E=1, length=len(packet), seq=1, npdu=0, next_ex=0xC0)
    if rng.random() < 0.3:
        return in_udp(rng, 2152, bytes(extended) + bytes([1, 0, 0, 0]) + packet)
    return in_udp(rng, 2152, bytes(header) + packet)


def mpls_in_ip(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    labels = mpls(rng, ethertype, packet)[1]
    return (137, labels) if rng.random() < 0.5 else in_udp(rng, 6635, labels)


def mpls(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    if rng.random() < 0.2:  # a pseudowire with a control word
        packet = bytes(4) + framed(rng, ethertype, packet)
    labels = b"".join(bytes(MPLS(label=rng.randrange(16, 1 << 20), s=0, ttl=9)) for _ in range(rng.randrange(3)))
    return 0x8847, labels + bytes(MPLS(label=100, s=1, ttl=9)) + packet


def pppoe(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    inner = ppp_payload(ethertype, packet)
    return 0x8864, bytes(PPPoE(sessionid=3, len=len(inner))) + inner


def l2tp(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    flags = rng.choice(("", "length", "sequence", "length+sequence", "offset", "length+sequence+offset"))
    offset = rng.randrange(5) if "offset" in flags else 0
    header = L2TP(hdr=flags, tunnel_id=1, session_id=2, len=8, offset=offset, pad=bytes(offset))
    return in_udp(rng, 1701, bytes(header) + b"\xff\x03" + ppp_payload(ethertype, packet))


def teredo(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    """Give Teredo, which carries IPv6 alone (RFC 4380, 5.1.1)."""
    identifier, value = some(rng, 5), some(rng, 5)
    authentication = bytes([0, 1, len(identifier), len(value)]) + identifier + value + bytes(9)
    origin = bytes(2) + rng.randbytes(6)
    return in_udp(rng, 3544, rng.choice((b"", authentication, origin, authentication + origin)) + packet)


def erspan(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    mirrored = framed(rng, ethertype, packet)
    kind = rng.randrange(3)
    if kind == 0:
        return 47, bytes(GRE(proto=0x88BE)) + mirrored
    if kind == 1:
        return 47, bytes(GRE(proto=0x88BE, seqnum_present=1, sequence_number=1)) + bytes(ERSPAN_II()) + mirrored
    platform = rng.randrange(2)
    header = bytes(ERSPAN_III(o=platform)) + bytes(8 * platform)
    return 47, bytes(GRE(proto=0x22EB, seqnum_present=1, sequence_number=1)) + header + mirrored


def pptp(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    inner = ppp_payload(ethertype, packet)
    header = GRE_PPTP(seqnum_present=rng.choice((1, 1, 0)), acknum_present=rng.randrange(2), sequence_number=1,
                      ack_number=2, payload_len=len(inner), call_id=1)  # fmt: skip
    return 47, bytes(header) + inner


def pim_register(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    return 103, bytes(PIMv2Hdr(type=rng.choice((1, 1, 0)), chksum=1)) + bytes(4) + packet


def vxlan_gpe(rng: random.Random, ethertype: int, packet: bytes) -> tuple[int, bytes]:
    number = 1 if ethertype == 0x0800 else 2
    return in_udp(rng, 4790, bytes(VXLAN(flags=0x0C, NextProtocol=number, vni=5)) + packet)


def ppp_payload(ethertype: int, packet: bytes) -> bytes:
    return bytes(PPP(proto=0x0021 if ethertype == 0x0800 else 0x0057)) + packet


def framed(rng: random.Random, ethertype: int, packet: bytes) -> bytes:
    return bytes(Ether(src=mac(rng), dst=mac(rng), type=ethertype)) + packet
