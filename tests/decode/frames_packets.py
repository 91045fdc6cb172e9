"""Random IP packets and what they carry, for `tests.decode.frames`."""

from __future__ import annotations

import random

from scapy.fields import ByteField, ShortField
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6Unknown,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import (
    ARP,
)
from scapy.layers.sctp import SCTP
from scapy.packet import Packet


class Igmp(Packet):
    """IGMP without scapy's checks of its IP header."""

    fields_desc = (ByteField("type", 0x16), ByteField("code", 0), ShortField("chksum", 0))


def mac(rng: random.Random) -> str:
    return ":".join(f"{rng.randrange(256):02x}" for _ in range(6))


def address4(rng: random.Random) -> str:
    return ".".join(str(rng.randrange(256)) for _ in range(4))


def address6(rng: random.Random) -> str:
    groups = [rng.choice((0, 0, rng.randrange(1 << 16))) for _ in range(8)]
    return ":".join(f"{group:x}" for group in groups)


def some(rng: random.Random, most: int = 60) -> bytes:
    return rng.randbytes(rng.randrange(most))


def port(rng: random.Random) -> int:
    return rng.choice((53, 80, 443, rng.randrange(1 << 16)))


def transport(rng: random.Random, version: int) -> tuple[int, bytes]:
    """Give a protocol number and what it announces."""
    kinds = (tcp, tcp, tcp, udp, udp, udp, sctp, icmp, icmpv6, igmp, dccp, udplite, opaque)
    return rng.choice(kinds)(rng)


def tcp(rng: random.Random) -> tuple[int, bytes]:
    options = rng.choice(([], [], [("MSS", 1460), ("NOP", None), ("WScale", 7)], [("NOP", None)] * 40))
    header = TCP(sport=port(rng), dport=port(rng), flags=rng.randrange(512), chksum=1, options=options)
    return 6, bytes(header) + some(rng)


def udp(rng: random.Random) -> tuple[int, bytes]:
    payload = some(rng)
    length = rng.choice((len(payload) + 8,) * 9 + (0, rng.randrange(80)))
    return 17, bytes(UDP(sport=port(rng), dport=port(rng), len=length, chksum=1)) + payload


def sctp(rng: random.Random) -> tuple[int, bytes]:
    return 132, bytes(SCTP(sport=port(rng), dport=port(rng), chksum=1)) + some(rng)


def icmp(rng: random.Random) -> tuple[int, bytes]:
    error = rng.random() < 0.5
    quoted = ip(rng)[1] if error else some(rng)
    kind = rng.choice((3, 11, 5) if error else (0, 8, 13, 255))
    return 1, bytes(ICMP(type=kind, code=rng.randrange(16), chksum=1))[:4] + rng.randbytes(4) + quoted


def icmpv6(rng: random.Random) -> tuple[int, bytes]:
    header = ICMPv6Unknown(type=rng.randrange(256), code=rng.randrange(8), cksum=1, msgbody=rng.randbytes(4))
    return 58, bytes(header) + some(rng)


def igmp(rng: random.Random) -> tuple[int, bytes]:
    return 2, bytes(Igmp()) + rng.randbytes(4) + some(rng, 12)


def dccp(rng: random.Random) -> tuple[int, bytes]:
    ports = port(rng).to_bytes(2, "big") + port(rng).to_bytes(2, "big")
    return 33, ports + bytes([rng.choice((3, 4, 6))]) + rng.randbytes(7 + 12) + some(rng)


def udplite(rng: random.Random) -> tuple[int, bytes]:
    ports = port(rng).to_bytes(2, "big") + port(rng).to_bytes(2, "big")
    return 136, ports + rng.randbytes(4) + some(rng)


def opaque(rng: random.Random) -> tuple[int, bytes]:
    """Give a protocol of which nothing, or nothing but the name, is known."""
    return rng.choice((50, 59, 89, 112, 200, 253, 255)), some(rng)


def ip(rng: random.Random) -> tuple[int, bytes]:
    """Give an EtherType and an IP packet."""
    version = rng.choice((4, 4, 6))
    return wrapped(rng, version, *transport(rng, version))


def wrapped(rng: random.Random, version: int, proto: int, payload: bytes) -> tuple[int, bytes]:
    """Put an IP header before a payload."""
    if rng.random() < 0.04:
        header = AH(nh=proto, payloadlen=4, reserved=0, spi=1, seq=1, icv=rng.randbytes(12), padding=b"")
        proto, payload = 51, bytes(header) + payload
    return (0x0800, ipv4(rng, proto, payload)) if version == 4 else (0x86DD, ipv6(rng, proto, payload))


def ipv4(rng: random.Random, proto: int, payload: bytes) -> bytes:
    options = rng.choice((b"",) * 6 + (bytes([1]) * 4, bytes([7, 39, 4]) + bytes(37)))
    flags, offset = rng.choice(((0, 0),) * 8 + ((2, 0), (1, 0), (1, 185), (0, rng.randrange(1 << 13))))
    total = rng.choice((20 + len(options) + len(payload),) * 12 + (0, rng.randrange(100)))
    header = IP(ihl=5 + len(options) // 4, len=total, flags=flags, frag=offset, ttl=rng.randrange(256), proto=proto,
                chksum=1, src=address4(rng), dst=address4(rng))  # fmt: skip
    return bytes(header) + options + payload


def ipv6(rng: random.Random, proto: int, payload: bytes) -> bytes:
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        proto, payload = rng.choice((hop_by_hop, destination, routing, fragment))(rng, proto, payload)
    length = rng.choice((len(payload),) * 12 + (0, rng.randrange(100)))
    header = IPv6(plen=length, nh=proto, hlim=rng.randrange(256), src=address6(rng), dst=address6(rng))
    return bytes(header) + payload


def hop_by_hop(rng: random.Random, proto: int, payload: bytes) -> tuple[int, bytes]:
    options = [PadN(optdata=bytes(rng.randrange(1, 20)))]
    return 0, bytes(IPv6ExtHdrHopByHop(nh=proto, options=options)) + payload


def destination(rng: random.Random, proto: int, payload: bytes) -> tuple[int, bytes]:
    options = [PadN(optdata=bytes(rng.randrange(1, 20)))]
    return 60, bytes(IPv6ExtHdrDestOpt(nh=proto, options=options)) + payload


def routing(rng: random.Random, proto: int, payload: bytes) -> tuple[int, bytes]:
    addresses = [address6(rng) for _ in range(rng.randrange(3))]
    return 43, bytes(IPv6ExtHdrRouting(nh=proto, addresses=addresses, segleft=0)) + payload


def fragment(rng: random.Random, proto: int, payload: bytes) -> tuple[int, bytes]:
    offset, more = rng.choice(((0, 0), (0, 1), (rng.randrange(1 << 13), rng.randrange(2))))
    return 44, bytes(IPv6ExtHdrFragment(nh=proto, offset=offset, m=more, id=7)) + payload


def arp(rng: random.Random) -> tuple[int, bytes]:
    header = ARP(hwtype=1, ptype=0x0800, hwlen=6, plen=4, op=1, hwsrc=mac(rng), hwdst=mac(rng), psrc=address4(rng),
                 pdst=address4(rng))  # fmt: skip
    return rng.choice((0x0806, 0x0806, 0x8035)), bytes(header)


def other(rng: random.Random) -> tuple[int, bytes]:
    """Give an EtherType that is known by name, or not at all."""
    return rng.choice((0x88CC, 0x888E, 0x8809, 0x8137, 0x0601, 0xFFFF, 0x7777)), some(rng)
