"""Headers that carry a packet in a packet: IP in IP, GRE, VXLAN, GENEVE, GTP-U, L2TP, Teredo and others."""

from batchgraph.wire.spec import ANY, Bits, Header, Space, Test

_VERSION = Bits(0, mask=0xF0, shift=4)

IP_IN_IP = (
    Header(name="ip4_in_ip", codes={Space.IP_PROTOCOL: (4,)}, length=0, then="ipv4", type="IPv4", tunnel="ip4",
           source="RFC 2003"),
    Header(name="ip6_in_ip", codes={Space.IP_PROTOCOL: (41,)}, length=0, then="ipv6", type="IPv6", tunnel="ip6",
           source="RFC 4213, RFC 2473"),
    Header(name="ethernet_in_ip", codes={Space.IP_PROTOCOL: (143,)}, length=0, then="ethernet", type="Ethernet",
           tunnel="ethernet", source="RFC 8986, section 10.1"),
    Header(name="etherip", codes={Space.IP_PROTOCOL: (97,)}, min_octets=2, then="ethernet", type="ETHERIP",
           tunnel="etherip", source="RFC 3378"),
    Header(name="mpls_in_ip", codes={Space.IP_PROTOCOL: (137,), Space.UDP_PORT: (6635,)}, length=0, then="mpls",
           type="MPLS-in-IP", tunnel="mpls", source="RFC 4023, RFC 7510"),
    # RFC 7761, 4.9.3: a register message holds the multicast packet after 8 octets; a null register may hold none.
    Header(name="pim", codes={Space.IP_PROTOCOL: (103,)}, min_octets=4, length=0, next=Bits(0, mask=0x0F),
           next_space="pim.type", open_ended=True, type="PIM", source="RFC 7761, section 4.9"),
    Header(name="pim.register", codes={"pim.type": (1,)}, min_octets=8, then="inner_ip", tunnel="pim",
           source="RFC 7761, section 4.9.3"),
)  # fmt: skip

INNER = Header(
    name="inner_ip",
    min_octets=1,
    length=0,
    next=_VERSION,
    next_space=Space.IP_VERSION,
    open_ended=True,
    source="a tunnel's payload that tells by its first four bits whether it is IP",
)

# RFC 2784, 2.1 and RFC 2890, 2: a checksum, a key and a sequence number are there where their bits say so; the
# reserved field goes with the checksum. RFC 2637, 4.1: an acknowledgement number in version 1.
_GRE_LENGTH = (
    Bits(0, mask=0x80, shift=7, scale=4, bias=4),
    Bits(0, mask=0x20, shift=5, scale=4),
    Bits(0, mask=0x10, shift=4, scale=4),
)

GRE = (
    Header(name="gre", codes={Space.IP_PROTOCOL: (47,), Space.UDP_PORT: (4754,)}, min_octets=4, length=0, type="GRE",
           next=Bits(0, mask=0x40), next_space="gre.routing"),
    # RFC 1701: with the routing bit, source routes of any length stand before the packet; nobody sends them.
    Header(name="gre.unrouted", codes={"gre.routing": (0,)}, min_octets=4, length=0,
           next=Bits(0, 4, mask=0x1007FFFF), next_space="gre.variant"),
    Header(name="gre.plain", codes={"gre.variant": (ANY,)}, min_octets=4, length=_GRE_LENGTH,
           next=Bits(2, 2), next_space=("gre.protocol", Space.ETHERTYPE), tunnel="gre", source="RFC 2784, RFC 2890"),
    Header(name="gre.pptp", codes={"gre.variant": (0x1001880B,)}, min_octets=12,
           length=Bits(1, mask=0x80, shift=7, scale=4, bias=12), then="ppp", tunnel="gre",
           source="RFC 2637, section 4.1"),
    Header(name="gre.pptp.acknowledgement", codes={"gre.variant": (0x0001880B,)}, min_octets=8,
           source="RFC 2637, section 4.1: without a sequence number there is no payload"),
    Header(name="gre.erspan1", codes={"gre.variant": (0x000088BE,)}, min_octets=4, then="ethernet", tunnel="gre",
           source="ERSPAN type I has no header: draft-foschiano-erspan, section 4.1"),
    Header(name="erspan2", codes={"gre.protocol": (0x88BE,)}, min_octets=8, then="ethernet", tunnel="erspan",
           source="draft-foschiano-erspan, section 4.2"),
    Header(name="erspan3", codes={"gre.protocol": (0x22EB,)}, min_octets=12,
           length=Bits(11, mask=0x01, scale=8, bias=12), then="ethernet", tunnel="erspan",
           source="draft-foschiano-erspan, section 4.3"),
    Header(name="gre.wlan", codes={"gre.protocol": tuple(range(0x8200, 0x8380, 0x10))}, length=0, then="wlan",
           source="Aruba access points"),
    Header(name="gre.ppp", codes={"gre.protocol": (0x8881, 0x88D2)}, length=0, then="ppp", source="3GPP2 A.S0017"),
    Header(name="gre.ethernet", codes={"gre.protocol": (0x6400,)}, length=0, then="ethernet"),
    # Before 802.1Q-like tags the EtherType comes first here.
    Header(name="gre.cmd", codes={"gre.protocol": (0x8909,)}, min_octets=8, next=Bits(0, 2),
           next_space=Space.ETHERTYPE, source="Cisco MetaData"),
    # WCCP version 2 puts four octets before the packet, version 1 none.
    Header(name="gre.wccp", codes={"gre.protocol": (0x883E,)}, min_octets=1, length=0, next=Bits(0, mask=0xF0),
           next_space="gre.wccp"),
    Header(name="gre.wccp1", codes={"gre.wccp": (0x40,)}, length=0, then="ipv4"),
    Header(name="gre.wccp2", codes={"gre.wccp": (ANY,)}, min_octets=4, then="ipv4",
           source="draft-wilson-wrec-wccp-v2, section 4.12"),
    Header(name="gre.keepalive", codes={"gre.protocol": (0x0000,)}, length=0, source="Cisco GRE keepalive"),
    Header(name="gre.nhrp", codes={"gre.protocol": (0x2001,)}, length=0, source="RFC 2332"),
)  # fmt: skip

# RFC 7348, section 5: the I flag is set; RFC 8926, 3.4: version 0; draft-ietf-nvo3-vxlan-gpe, 3: the P flag.
OVERLAYS = (
    Header(name="vxlan", codes={Space.UDP_PORT: (4789,)}, min_octets=8, confirm=(Test(Bits(0, mask=0x08), 0x08),),
           then="ethernet", tunnel="vxlan", source="RFC 7348, section 5"),
    Header(name="vxlan_gpe", codes={Space.UDP_PORT: (4790,)}, min_octets=8, length=0, next=Bits(0, mask=0x04),
           next_space="gpe.flag"),
    Header(name="vxlan_gpe.ethernet", codes={"gpe.flag": (0,)}, min_octets=8, then="ethernet", tunnel="vxlan-gpe",
           source="draft-ietf-nvo3-vxlan-gpe, section 3.1"),
    Header(name="vxlan_gpe.protocol", codes={"gpe.flag": (0x04,)}, min_octets=8, next=Bits(3),
           next_space="gpe.protocol", tunnel="vxlan-gpe", source="draft-ietf-nvo3-vxlan-gpe, section 3"),
    Header(name="gpe.ipv4", codes={"gpe.protocol": (1,)}, length=0, then="ipv4"),
    Header(name="gpe.ipv6", codes={"gpe.protocol": (2,)}, length=0, then="ipv6"),
    Header(name="gpe.ethernet", codes={"gpe.protocol": (3,)}, length=0, then="ethernet"),
    Header(name="gpe.mpls", codes={"gpe.protocol": (5,)}, length=0, then="mpls"),
    Header(name="nsh", codes={Space.ETHERTYPE: (0x894F,), "gpe.protocol": (4,)}, min_octets=8,
           length=Bits(1, mask=0x3F, scale=4), next=Bits(3), next_space="gpe.protocol",
           source="RFC 8300, section 2.2"),
    Header(name="geneve", codes={Space.UDP_PORT: (6081,)}, min_octets=8, confirm=(Test(Bits(0, mask=0xC0), 0),),
           length=Bits(0, mask=0x3F, scale=4, bias=8), next=Bits(2, 2), next_space=Space.ETHERTYPE, tunnel="geneve",
           source="RFC 8926, section 3.4"),
    Header(name="lisp", codes={Space.UDP_PORT: (4341,)}, min_octets=8, then="inner_ip", tunnel="lisp",
           source="RFC 9300, section 5.1"),
    # RFC 9301, 5.8: an encapsulated control message is of type 8.
    Header(name="lisp.control", codes={Space.UDP_PORT: (4342,)}, min_octets=1, length=0, next=_VERSION,
           next_space="lisp.control", open_ended=True),
    Header(name="lisp.encapsulated", codes={"lisp.control": (8,)}, min_octets=4, then="inner_ip", tunnel="lisp",
           source="RFC 9301, section 5.8"),
)  # fmt: skip

# 3GPP TS 29.281, 5.1: the version is 1 and PT is set; 255 is a G-PDU. With one of E, S and PN there are 12 octets,
# and with E the last of them is the type of an extension header, which in turn ends with the type of the next.
GTP = (
    Header(name="gtp", codes={Space.UDP_PORT: (2152,)}, min_octets=2, length=0,
           confirm=(Test(Bits(0, mask=0xF0), 0x30),), next=Bits(0, 2, mask=0x07FF), next_space="gtp.message",
           open_ended=True),
    Header(name="gtp.short", codes={"gtp.message": (0x00FF,)}, min_octets=8, then="gtp.payload", tunnel="gtp",
           source="3GPP TS 29.281, section 5.1"),
    Header(name="gtp.long", codes={"gtp.message": (0x01FF, 0x02FF, 0x03FF)}, min_octets=12, then="gtp.payload",
           tunnel="gtp", source="3GPP TS 29.281, section 5.1"),
    Header(name="gtp.extended", codes={"gtp.message": tuple(0xFF | flags << 8 for flags in (4, 5, 6, 7))},
           min_octets=12, next=Bits(11), next_space="gtp.extension", tunnel="gtp",
           source="3GPP TS 29.281, section 5.2"),
    Header(name="gtp.extension", codes={"gtp.extension": (ANY,)}, min_octets=4, length=Bits(0, scale=4),
           then="gtp.extension.next", source="3GPP TS 29.281, section 5.2.1"),
    Header(name="gtp.extension.next", length=0, next=Bits(-1), next_space="gtp.extension"),
    Header(name="gtp.payload", codes={"gtp.extension": (0,)}, length=0, then="inner_ip"),
)  # fmt: skip


def _l2tp() -> tuple[Header, ...]:
    """Give the variants of the L2TPv2 data header (RFC 2661, 3.1).

    The length field, the sequence numbers and the offset are each there where a bit says so, and the offset field says
    how much padding follows; its place depends on the other two.
    """
    headers = [
        Header(name="l2tp", codes={Space.UDP_PORT: (1701,)}, min_octets=2, length=0, next=Bits(0, 2, mask=0xCA0F),
               next_space="l2tp.data", open_ended=True, source="RFC 2661, section 3.1"),
    ]  # fmt: skip
    for with_length in (0, 1):
        for with_sequence in (0, 1):
            code = 0x0002 | with_length << 14 | with_sequence << 11
            octets = 6 + 2 * with_length + 4 * with_sequence
            name = f"l2tp.{octets}"
            headers.append(Header(name=name, codes={"l2tp.data": (code,)}, min_octets=octets, then="ppp",
                                  tunnel="l2tp", source="RFC 2661, section 3.1"))  # fmt: skip
            headers.append(Header(name=f"{name}.offset", codes={"l2tp.data": (code | 0x0200,)}, min_octets=octets + 2,
                                  length=Bits(octets, 2, bias=octets + 2), then="ppp", tunnel="l2tp",
                                  source="RFC 2661, section 3.1"))  # fmt: skip
    return tuple(headers)


# RFC 4380, 5.1.1: an authentication header, then an origin indication, may stand before the IPv6 packet.
TEREDO = (
    Header(name="teredo", codes={Space.UDP_PORT: (3544,)}, min_octets=2, length=0, next=Bits(0, 2),
           next_space="teredo.indicator"),
    Header(name="teredo.authentication", codes={"teredo.indicator": (0x0001,)}, min_octets=13,
           length=(Bits(2, bias=13), Bits(3)), then="teredo", source="RFC 4380, section 5.1.1"),
    Header(name="teredo.origin", codes={"teredo.indicator": (0x0000,)}, min_octets=8, then="teredo",
           source="RFC 4380, section 5.1.1"),
    Header(name="teredo.payload", codes={"teredo.indicator": (ANY,)}, min_octets=1, length=0, next=_VERSION,
           next_space="teredo.version", open_ended=True),
    Header(name="teredo.ipv6", codes={"teredo.version": (6,)}, length=0, then="ipv6", tunnel="teredo"),
)  # fmt: skip


def _ayiya() -> tuple[Header, ...]:
    """Give the variants of the AYIYA header: the length of an identity is a power of two."""
    headers = [
        Header(name="ayiya", codes={Space.UDP_PORT: (5072,)}, min_octets=8, length=0,
               next=Bits(0, mask=0xF0, shift=4), next_space="ayiya.identity", open_ended=True),
    ]  # fmt: skip
    for power in range(16):
        headers.append(Header(name=f"ayiya.identity{power}", codes={"ayiya.identity": (power,)}, min_octets=8,
                              length=Bits(1, mask=0xF0, shift=4, scale=4, bias=8 + (1 << power)),
                              next=Bits(3), next_space="ayiya.next", open_ended=True, tunnel="ayiya",
                              source="draft-massar-v6ops-ayiya, section 3"))  # fmt: skip
    return (
        *headers,
        Header(name="ayiya.ipv4", codes={"ayiya.next": (4,)}, length=0, then="ipv4"),
        Header(name="ayiya.ipv6", codes={"ayiya.next": (41,)}, length=0, then="ipv6"),
    )


# RFC 5415, 4.3: after the preamble a length in 4-octet words; T says that the frame is 802.11, K that there is none,
# and the fragment offset is the top 13 bits. RFC 5415, 4.2: a preamble of type 1 is encrypted.
CAPWAP = (
    Header(name="capwap", codes={Space.UDP_PORT: (5247,)}, min_octets=1, length=0, next=Bits(0),
           next_space="capwap.preamble", open_ended=True),
    Header(name="capwap.data", codes={"capwap.preamble": (0x00,)}, min_octets=8,
           length=Bits(1, mask=0xF8, shift=3, scale=4), stop=(Bits(6, 2, mask=0xFFF8), Bits(3, mask=0x08)),
           next=Bits(2, mask=0x01), next_space="capwap.frame", tunnel="capwap", source="RFC 5415, section 4.3"),
    Header(name="capwap.ethernet", codes={"capwap.frame": (0,)}, length=0, then="ethernet"),
    Header(name="capwap.wlan", codes={"capwap.frame": (1,)}, length=0, then="wlan_swapped"),
)  # fmt: skip


def _tzsp() -> tuple[Header, ...]:
    """Give TZSP's header and its tags, which end with one of type 1; padding, of type 0, has no length.

    The header says what the packet is, and the tags lie between, so what follows them has to be known all along.
    """
    headers = [
        Header(name="tzsp", codes={Space.UDP_PORT: (37008,)}, min_octets=4, next=Bits(0, 4, mask=0xFF00FFFF),
               next_space="tzsp.payload", open_ended=True, tunnel="tzsp", source="TaZmen Sniffer Protocol"),
    ]  # fmt: skip
    for payload, code in (("ethernet", 0x01000001), ("wlan", 0x01000012), ("prism", 0x01000077)):
        tag = f"tzsp.{payload}.tag"
        headers += [
            Header(name=tag, codes={"tzsp.payload": (code,)}, min_octets=1, length=0, next=Bits(0), next_space=tag),
            Header(name=f"{tag}.padding", codes={tag: (0,)}, min_octets=1, then=tag),
            Header(name=f"{tag}.end", codes={tag: (1,)}, min_octets=1, then=payload),
            Header(name=f"{tag}.other", codes={tag: (ANY,)}, min_octets=2, length=Bits(1, bias=2), then=tag),
        ]
    return tuple(headers)


HEADERS = (*IP_IN_IP, INNER, *GRE, *OVERLAYS, *GTP, *_l2tp(), *TEREDO, *_ayiya(), *CAPWAP, *_tzsp())
