"""Transport-layer headers: what has ports or an ICMP type."""

from batchgraph.wire.spec import Bits, Header, Space

_PORTS = {"sport": Bits(0, 2), "dport": Bits(2, 2)}
_ICMP = {"icmp_type": Bits(0), "icmp_code": Bits(1)}

TCP = Header(
    name="tcp",
    codes={Space.IP_PROTOCOL: (6,)},
    min_octets=20,
    length=Bits(12, mask=0xF0, shift=4, scale=4),
    columns=_PORTS | {"tcp_flags": Bits(12, 2, mask=0x01FF)},
    type="TCP",
    transport=True,
    source="RFC 9293, section 3.1; the ninth flag: RFC 3540, section 9",
)

# The port that a tunnel listens on may be either one.
UDP = Header(
    name="udp",
    codes={Space.IP_PROTOCOL: (17,)},
    min_octets=8,
    end=Bits(4, 2),
    columns=_PORTS,
    next=(Bits(2, 2), Bits(0, 2)),
    next_space=Space.UDP_PORT,
    open_ended=True,
    type="UDP",
    transport=True,
    source="RFC 768; a length of 0: RFC 2675, section 4",
)

UDP_LITE = Header(
    name="udplite",
    codes={Space.IP_PROTOCOL: (136,)},
    min_octets=8,
    columns=_PORTS,
    type="UDPLite",
    transport=True,
    source="RFC 3828, section 3.1",
)

SCTP = Header(
    name="sctp",
    codes={Space.IP_PROTOCOL: (132,)},
    min_octets=12,
    columns=_PORTS,
    type="SCTP",
    transport=True,
    source="RFC 9260, section 3.1",
)

DCCP = Header(
    name="dccp",
    codes={Space.IP_PROTOCOL: (33,)},
    min_octets=12,
    length=Bits(4, scale=4),
    columns=_PORTS,
    type="DCCP",
    transport=True,
    source="RFC 4340, section 5.1",
)

# Every ICMP message begins with 8 octets of which the last four depend on its type; so does every ICMPv6 message.
ICMP = Header(
    name="icmp",
    codes={Space.IP_PROTOCOL: (1,)},
    min_octets=8,
    columns=_ICMP,
    type="ICMP",
    transport=True,
    source="RFC 792",
)

ICMPV6 = Header(
    name="icmpv6",
    codes={Space.IP_PROTOCOL: (58,)},
    min_octets=8,
    columns=_ICMP,
    type="ICMPv6",
    transport=True,
    source="RFC 4443, section 2.1",
)

IGMP = Header(
    name="igmp",
    codes={Space.IP_PROTOCOL: (2,)},
    min_octets=8,
    type="IGMP",
    transport=True,
    source="RFC 9776, section 4",
)

HEADERS = (TCP, UDP, UDP_LITE, SCTP, DCCP, ICMP, ICMPV6, IGMP)
