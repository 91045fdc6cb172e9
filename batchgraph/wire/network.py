"""Network-layer headers: ARP, IPv4, IPv6 and its extension headers, MPLS."""

from batchgraph.wire.spec import ANY, Address, AddressKind, Bits, Header, Space, Test, When

MAC, IPV4_ADDRESS, IPV6_ADDRESS = AddressKind.MAC, AddressKind.IPV4, AddressKind.IPV6


def _address_resolution(name: str, ethertype: int) -> tuple[Header, ...]:
    """Give the records of ARP or RARP: addresses can be shown where they are IPv4, whose place the lengths decide."""
    arp = Header(
        name=name,
        codes={Space.ETHERTYPE: (ethertype,)},
        min_octets=8,
        length=0,
        next=Bits(2, 4),
        next_space=f"{name}.lengths",
        type=name.upper(),
        open_ended=True,
        source="RFC 826",
    )
    # protocol type 0x0800, length of a hardware address, 4
    return arp, *(
        Header(
            name=f"{name}.hardware{length}",
            codes={f"{name}.lengths": (0x08000004 | length << 8,)},
            min_octets=16 + 2 * length,
            columns={"src": Address(8 + length, IPV4_ADDRESS), "dst": Address(12 + 2 * length, IPV4_ADDRESS)},
            source="RFC 826",
        )
        for length in (1, 2, 6, 8, 20)  # ARCNET, Frame Relay, Ethernet, IEEE 1394, InfiniBand
    )


# RFC 791, 3.1: the offset is the low 13 bits, "more fragments" the bit above them.
IPV4 = Header(
    name="ipv4",
    codes={
        Space.LINK_TYPE: (228,),
        Space.ETHERTYPE: (0x0800,),
        Space.IP_VERSION: (4,),
        Space.PPP_PROTOCOL: (0x0021, 0x0800),
        Space.NLPID: (0xCC,),
    },
    min_octets=20,
    length=Bits(0, mask=0x0F, scale=4),
    end=Bits(2, 2),
    require=(Test(Bits(0, mask=0xF0, shift=4), 4),),
    otherwise="ipv6",
    columns={
        "src": Address(12, IPV4_ADDRESS),
        "dst": Address(16, IPV4_ADDRESS),
        "ttl": Bits(8),
        "proto": Bits(9),
        "frag_offset": When(Bits(6, 2, mask=0x1FFF), Test(Bits(6, 2, mask=0x3FFF))),
    },
    stop=(Bits(6, 2, mask=0x1FFF),),
    next=Bits(9),
    next_space=Space.IP_PROTOCOL,
    network=True,
    source="RFC 791, section 3.1",
)

# A payload length of 0 is a jumbogram's (RFC 2675) or one of segmentation offload: the packet's end is the end.
IPV6 = Header(
    name="ipv6",
    codes={
        Space.LINK_TYPE: (229,),
        Space.ETHERTYPE: (0x86DD,),
        Space.IP_VERSION: (6,),
        Space.PPP_PROTOCOL: (0x0057, 0x86DD),
        Space.NLPID: (0x8E,),
    },
    min_octets=40,
    end=Bits(4, 2, bias=40),
    require=(Test(Bits(0, mask=0xF0, shift=4), 6),),
    otherwise="ipv4",
    columns={"src": Address(8, IPV6_ADDRESS), "dst": Address(24, IPV6_ADDRESS), "ttl": Bits(7), "proto": Bits(6)},
    next=Bits(6),
    next_space=(Space.IPV6_EXTENSION, Space.IP_PROTOCOL),
    network=True,
    source="RFC 8200, section 3",
)

EXTENSIONS = (
    *(
        Header(
            name=name,
            codes={Space.IPV6_EXTENSION: (code,)},
            min_octets=8,
            length=Bits(1, scale=8, bias=8),
            columns={"proto": Bits(0)},
            next=Bits(0),
            next_space=(Space.IPV6_EXTENSION, Space.IP_PROTOCOL),
            extension=True,
            source=source,
        )
        for name, code, source in (
            ("ipv6.hop_by_hop", 0, "RFC 8200, section 4.3"),
            ("ipv6.routing", 43, "RFC 8200, section 4.4"),
            ("ipv6.destination", 60, "RFC 8200, section 4.6"),
            ("ipv6.shim6", 140, "RFC 5533, section 5.1"),
        )
    ),
    # RFC 8200, 4.5: the offset is the top 13 bits, M the lowest; of an atomic fragment (RFC 6946) both are 0.
    Header(
        name="ipv6.fragment",
        codes={Space.IPV6_EXTENSION: (44,)},
        min_octets=8,
        columns={
            "proto": Bits(0),
            "frag_offset": When(Bits(2, 2, mask=0xFFF8, shift=3), Test(Bits(2, 2, mask=0xFFF9))),
        },
        stop=(Bits(2, 2, mask=0xFFF8),),
        next=Bits(0),
        next_space=(Space.IPV6_EXTENSION, Space.IP_PROTOCOL),
        extension=True,
        source="RFC 8200, section 4.5",
    ),
    Header(
        name="ah",
        codes={Space.IP_PROTOCOL: (51,)},
        min_octets=8,  # with a length of 0, which some senders write, 8 octets are all
        length=Bits(1, scale=4, bias=8),
        columns={"proto": Bits(0)},
        next=Bits(0),
        next_space=(Space.IPV6_EXTENSION, Space.IP_PROTOCOL),
        extension=True,
        source="RFC 4302, section 2",
    ),
)

MPLS = (
    Header(
        name="mpls",
        codes={
            Space.LINK_TYPE: (219,),
            Space.ETHERTYPE: (0x8847, 0x8848),
            Space.PPP_PROTOCOL: (0x0281, 0x0283),
            "mpls.bottom": (0,),
        },
        min_octets=4,
        next=Bits(2, mask=0x01),
        next_space="mpls.bottom",
        source="RFC 3032, section 2.1",
    ),
    # RFC 4928, section 3: the first four bits decide what follows the bottom of the stack.
    Header(
        name="mpls.payload",
        codes={"mpls.bottom": (1,)},
        min_octets=1,
        length=0,
        next=Bits(0, mask=0xF0, shift=4),
        next_space=("mpls.payload", Space.IP_VERSION),
        source="RFC 4928, section 3",
    ),
    # RFC 4448, 4.6: a control word begins with 16 bits that are mostly 0; without one Ethernet follows at once.
    Header(
        name="mpls.ethernet",
        codes={"mpls.payload": (ANY,)},
        min_octets=2,
        length=0,
        next=Bits(0, 2),
        next_space="mpls.control_word",
        source="RFC 4448, section 4.6",
    ),
    Header(
        name="mpls.control_word",
        codes={"mpls.control_word": (0,)},
        min_octets=4,
        then="ethernet",
        source="RFC 4448, section 4.6",
    ),
    Header(
        name="mpls.no_control_word",
        codes={"mpls.control_word": (ANY,)},
        length=0,
        then="ethernet",
    ),
    Header(
        name="mpls.associated_channel",
        codes={"mpls.payload": (1,)},
        min_octets=4,
        type="PW-ACH",
        source="RFC 4385, section 5",
    ),
)

HEADERS = (*_address_resolution("arp", 0x0806), *_address_resolution("rarp", 0x8035), IPV4, IPV6, *EXTENSIONS, *MPLS)
