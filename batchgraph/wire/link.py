"""Link-layer headers: Ethernet and its tags, LLC and SNAP, cooked captures, loopback, PPP, Frame Relay and others."""

from batchgraph.wire.spec import ANY, Address, AddressKind, Bits, Header, Space, Test, When

MAC = AddressKind.MAC

TYPE_OR_LENGTH = (Space.ETHERTYPE, "ieee802.3.length")
"""IEEE 802.3, 3.2.6: where an EtherType stands in a frame, a number up to 1500 is the length of an LLC frame."""

ETHERNET = Header(
    name="ethernet",
    codes={Space.LINK_TYPE: (1,), Space.ETHERTYPE: (0x6558,)},
    min_octets=14,
    columns={"eth_dst": Address(0, MAC), "eth_src": Address(6, MAC)},
    next=Bits(12, 2),
    next_space=TYPE_OR_LENGTH,
    source="IEEE 802.3, clause 3.2; 0x6558: RFC 1701",
)

LENGTH = Header(
    name="ieee802.3",
    codes={"ieee802.3.length": tuple(range(1501))},
    length=0,
    end=Bits(-2, 2),
    then="llc",
    source="IEEE 802.3, clause 3.2.6",
)

ETHERTYPE = Header(
    name="ethertype",
    min_octets=2,
    next=Bits(0, 2),
    next_space=TYPE_OR_LENGTH,
    source="an EtherType that stands alone, after a header of varying length",
)

# IEEE 802.1Q, 9.6: tag control information, then the EtherType. 0x9100 to 0x9300 came before 802.1ad.
VLAN = Header(
    name="vlan",
    codes={Space.ETHERTYPE: (0x8100, 0x88A8, 0x9100, 0x9200, 0x9300)},
    min_octets=4,
    columns={"vlan": Bits(0, 2, mask=0x0FFF)},
    next=Bits(2, 2),
    next_space=TYPE_OR_LENGTH,
    source="IEEE 802.1Q, clause 9.6",
)

PBB = Header(
    name="ieee802.1ah",
    codes={Space.ETHERTYPE: (0x88E7,)},
    min_octets=18,
    next=Bits(16, 2),
    next_space=TYPE_OR_LENGTH,
    source="IEEE 802.1Q, clause 9.7: I-TAG with the customer's addresses",
)

TAGS = tuple(
    Header(
        name=name,
        codes={Space.ETHERTYPE: (code,)},
        min_octets=octets + 2,
        next=Bits(octets, 2),
        next_space=TYPE_OR_LENGTH,
        source=source,
    )
    for name, code, octets, source in (
        ("vntag", 0x8926, 4, "Cisco VN-Tag"),
        ("etag", 0x893F, 6, "IEEE 802.1BR, clause 7.5"),
        ("rtag", 0xF1C1, 4, "IEEE 802.1CB, clause 7.8"),
        ("hsr", 0x892F, 4, "IEC 62439-3, clause 5.7"),
        ("cmd", 0x8909, 6, "Cisco MetaData"),
    )
)

FABRIC_PATH = Header(
    name="fabricpath",
    codes={Space.ETHERTYPE: (0x8903,)},
    min_octets=2,
    then="ethernet",
    source="Cisco FabricPath",
)

TRILL = Header(
    name="trill",
    codes={Space.ETHERTYPE: (0x22F3,)},
    min_octets=6,
    length=Bits(0, 2, mask=0x07C0, shift=6, scale=4, bias=6),
    then="ethernet",
    source="RFC 6325, section 3.1",
)

MACSEC = (
    # IEEE 802.1AE, 9.5: E and C tell whether the data is encrypted or changed.
    Header(name="macsec", codes={Space.ETHERTYPE: (0x88E5,)}, min_octets=1, length=0,
           next=Bits(0, mask=0x0C), next_space="macsec.changed", type="MACsec", open_ended=True),
    Header(name="macsec.clear", codes={"macsec.changed": (0,)}, min_octets=6,
           length=Bits(0, mask=0x20, shift=5, scale=8, bias=6), then="ethertype",
           source="IEEE 802.1AE, clause 9.3"),
)  # fmt: skip

LLC = (
    Header(name="llc", codes={Space.LINK_TYPE: (100, 106), Space.ETHERTYPE: (0x8870,)}, min_octets=1, length=0,
           next=Bits(0), next_space=Space.LLC_SAP, source="IEEE 802.2, clause 3.2"),
    Header(name="snap", codes={Space.LLC_SAP: (0xAA, 0xAB)}, min_octets=8, next=Bits(3, 3), next_space="snap.oui",
           source="IEEE 802, clause 9.5"),
    # RFC 1042; 0x0000F8: IEEE 802.1H bridge tunnels; 0x080007: Apple
    Header(name="snap.ethertype", codes={"snap.oui": (0x000000, 0x0000F8, 0x080007)}, length=0,
           next=Bits(-2, 2), next_space=Space.ETHERTYPE, source="RFC 1042"),
    Header(name="snap.cisco", codes={"snap.oui": (0x00000C,)}, length=0, next=Bits(-2, 2),
           next_space=("snap.cisco", Space.ETHERTYPE), source="Cisco's protocol numbers"),
    Header(name="snap.bridged", codes={"snap.oui": (0x0080C2,)}, length=0, next=Bits(-2, 2),
           next_space="snap.bridged", source="RFC 2684, section 5.2"),
    Header(name="snap.bridged.ethernet", codes={"snap.bridged": (0x0001, 0x0007)}, min_octets=2, then="ethernet",
           source="RFC 2684, section 5.2: two octets of padding"),
    Header(name="llc.ip", codes={Space.LLC_SAP: (0x06,)}, min_octets=3, then="raw", source="RFC 948"),
)  # fmt: skip

COOKED = (
    # Only a link-layer address of 6 octets is one that the column can show.
    Header(name="sll", codes={Space.LINK_TYPE: (113,)}, min_octets=16,
           columns={"eth_src": When(Address(6, MAC), Test(Bits(4, 2), 6))},
           next=Bits(14, 2), next_space=("sll.protocol", Space.ETHERTYPE), source="LINKTYPE_LINUX_SLL"),
    Header(name="sll2", codes={Space.LINK_TYPE: (276,)}, min_octets=20,
           columns={"eth_src": When(Address(12, MAC), Test(Bits(11), 6))},
           next=Bits(0, 2), next_space=("sll.protocol", Space.ETHERTYPE), source="LINKTYPE_LINUX_SLL2"),
    Header(name="sll.ethernet", codes={"sll.protocol": (0x0003,)}, length=0, then="ethernet"),
    Header(name="sll.llc", codes={"sll.protocol": (0x0004,)}, length=0, then="llc", source="linux/if_ether.h"),
    Header(name="sll.ppp", codes={"sll.protocol": (0x0007,)}, length=0, then="ppp", source="linux/if_ether.h"),
)  # fmt: skip

_AF_INET, _AF_INET6 = (2,), (10, 24, 28, 30)  # 10: Linux, 24: NetBSD and OpenBSD, 28: FreeBSD, 30: Darwin


def _either_order(families: tuple[int, ...]) -> tuple[int, ...]:
    """Give each number as it reads in both byte orders: the field is in that of the machine that captured."""
    return families + tuple(family << 24 for family in families)


LOOPBACK = (
    Header(name="null", codes={Space.LINK_TYPE: (0, 108)}, min_octets=4, next=Bits(0, 4), next_space="null.family",
           source="LINKTYPE_NULL, LINKTYPE_LOOP"),
    Header(name="null.ipv4", codes={"null.family": _either_order(_AF_INET)}, length=0, then="ipv4"),
    Header(name="null.ipv6", codes={"null.family": _either_order(_AF_INET6)}, length=0, then="ipv6"),
    Header(name="enc", codes={Space.LINK_TYPE: (109,)}, min_octets=12, next=Bits(0, 4), next_space="null.family",
           source="LINKTYPE_ENC"),
    Header(name="pflog", codes={Space.LINK_TYPE: (117,)}, min_octets=4, length=Bits(0), align=4, then="raw",
           source="LINKTYPE_PFLOG"),
    Header(name="ipnet", codes={Space.LINK_TYPE: (226,)}, min_octets=24, then="raw", source="LINKTYPE_IPNET"),
)  # fmt: skip

RAW = Header(
    name="raw",
    codes={Space.LINK_TYPE: (12, 14, 101)},  # 12 and 14: DLT_RAW of some systems, written to files by mistake
    min_octets=1,
    length=0,
    next=Bits(0, mask=0xF0, shift=4),
    next_space=Space.IP_VERSION,
    source="LINKTYPE_RAW",
)

PPP = (
    # RFC 1662, 3.1: address and control fields may be left out, RFC 1661, 6.5: and half of the protocol field.
    Header(name="ppp", codes={Space.LINK_TYPE: (9, 50), Space.ETHERTYPE: (0x880B,)}, min_octets=2, length=0,
           next=Bits(0, 2), next_space="ppp.framing"),
    Header(name="ppp.address", codes={"ppp.framing": (0xFF03,)}, min_octets=2, then="ppp.protocol",
           source="RFC 1662, section 3.1"),
    Header(name="ppp.hdlc", codes={"ppp.framing": (0x0F00, 0x8F00)}, length=0, then="chdlc",
           source="LINKTYPE_PPP_HDLC"),
    Header(name="ppp.protocol", codes={"ppp.framing": (ANY,)}, min_octets=1, length=0, next=Bits(0, mask=0x01),
           next_space="ppp.compressed", source="RFC 1661, section 2"),
    Header(name="ppp.long", codes={"ppp.compressed": (0,)}, min_octets=2, next=Bits(0, 2),
           next_space=Space.PPP_PROTOCOL, source="RFC 1661, section 2"),
    Header(name="ppp.short", codes={"ppp.compressed": (1,)}, min_octets=1, next=Bits(0),
           next_space=Space.PPP_PROTOCOL, source="RFC 1661, section 6.5"),
    # RFC 1990, 3: only the fragment with the B bit begins with a protocol; sequence numbers are of 24 bits by default.
    Header(name="ppp.multilink", codes={Space.PPP_PROTOCOL: (0x003D,)}, min_octets=4, next=Bits(0, mask=0x80),
           next_space="ppp.multilink", type="PPP multilink", open_ended=True, source="RFC 1990, section 3"),
    Header(name="ppp.multilink.first", codes={"ppp.multilink": (0x80,)}, length=0, then="ppp.protocol"),
    Header(name="ppp.directed", codes={Space.LINK_TYPE: (204,)}, min_octets=1, then="ppp",
           source="LINKTYPE_PPP_WITH_DIR"),
    Header(name="pppoe", codes={Space.ETHERTYPE: (0x8864,), Space.LINK_TYPE: (51,)}, min_octets=6,
           end=Bits(4, 2, bias=6), then="ppp.protocol", source="RFC 2516, section 4"),
    Header(name="chdlc", codes={Space.LINK_TYPE: (104,)}, min_octets=4, next=Bits(2, 2),
           next_space=("chdlc.protocol", Space.ETHERTYPE), source="LINKTYPE_C_HDLC"),
    Header(name="chdlc.directed", codes={Space.LINK_TYPE: (205,)}, min_octets=1, then="chdlc",
           source="LINKTYPE_C_HDLC_WITH_DIR"),
)  # fmt: skip

FRAME_RELAY = (
    # Q.922, 3.3: the lowest bit of an address octet is 1 in the last one.
    Header(name="frame_relay", codes={Space.LINK_TYPE: (107,), Space.ETHERTYPE: (0x6559,)}, min_octets=2, length=0,
           next=Bits(1, mask=0x01), next_space="frame_relay.address2"),
    Header(name="frame_relay.directed", codes={Space.LINK_TYPE: (206,)}, min_octets=1, then="frame_relay"),
    Header(name="frame_relay.2", codes={"frame_relay.address2": (1,)}, min_octets=2, then="frame_relay.control"),
    Header(name="frame_relay.longer", codes={"frame_relay.address2": (0,)}, min_octets=3, length=0,
           next=Bits(2, mask=0x01), next_space="frame_relay.address3"),
    Header(name="frame_relay.3", codes={"frame_relay.address3": (1,)}, min_octets=3, then="frame_relay.control"),
    Header(name="frame_relay.4", codes={"frame_relay.address3": (0,)}, min_octets=4, then="frame_relay.control"),
    Header(name="frame_relay.control", min_octets=2, length=0, next=Bits(0), next_space="frame_relay.control"),
    Header(name="frame_relay.cisco", codes={"frame_relay.control": (ANY,)}, length=0, then="ethertype"),
    Header(name="frame_relay.ui", codes={"frame_relay.control": (0x03,)}, min_octets=1, then="nlpid",
           source="RFC 2427, section 3"),
    Header(name="nlpid", min_octets=1, next=Bits(0), next_space=Space.NLPID, source="RFC 2427, section 3"),
    Header(name="nlpid.pad", codes={Space.NLPID: (0x00,)}, length=0, then="nlpid", source="RFC 2427, section 3"),
    Header(name="nlpid.snap", codes={Space.NLPID: (0x80,)}, min_octets=5, next=Bits(0, 3), next_space="snap.oui",
           source="RFC 2427, section 4"),
    Header(name="nlpid.ppp", codes={Space.NLPID: (0xCF,)}, length=0, then="ppp.protocol", source="RFC 1973"),
)  # fmt: skip

OTHERS = (
    Header(name="ipfc", codes={Space.LINK_TYPE: (122,)}, min_octets=16,
           columns={"eth_dst": Address(2, MAC), "eth_src": Address(10, MAC)}, then="llc", source="RFC 2625"),
    Header(name="ieee1394", codes={Space.LINK_TYPE: (138,)}, min_octets=18, next=Bits(16, 2),
           next_space=Space.ETHERTYPE, source="LINKTYPE_APPLE_IP_OVER_IEEE1394"),
    Header(name="ipoib", codes={Space.LINK_TYPE: (242,)}, min_octets=44, next=Bits(40, 2),
           next_space=Space.ETHERTYPE, source="LINKTYPE_IPOIB: global routing header, then RFC 4391, section 6"),
    Header(name="fddi", codes={Space.LINK_TYPE: (10,)}, min_octets=13, next=Bits(0, mask=0xF0),
           next_space="fddi.frame", type="FDDI", open_ended=True, source="ISO 9314-2"),
    Header(name="fddi.llc", codes={"fddi.frame": (0x50, 0xD0)}, length=0, then="llc", source="ISO 9314-2"),
    Header(name="token_ring", codes={Space.LINK_TYPE: (6,)}, min_octets=14, length=0,
           columns={"eth_dst": Address(2, MAC)}, next=Bits(8, mask=0x80), next_space="token_ring.routed",
           source="ISO/IEC 8802-5"),
    Header(name="token_ring.direct", codes={"token_ring.routed": (0,)}, min_octets=14,
           columns={"eth_src": Address(8, MAC)}, then="llc"),
    Header(name="token_ring.source_routed", codes={"token_ring.routed": (0x80,)}, min_octets=15,
           length=Bits(14, mask=0x1F, bias=14), then="llc", source="ISO/IEC 8802-5, annex C"),
    Header(name="arcnet", codes={Space.LINK_TYPE: (129,)}, min_octets=5, length=0, next=Bits(4),
           next_space="arcnet.protocol", source="LINKTYPE_ARCNET_LINUX"),
    Header(name="arcnet.rfc1201", codes={"arcnet.protocol": (212, 213, 214)}, min_octets=8, next=Bits(4),
           next_space="arcnet.inner", source="RFC 1201"),
    Header(name="arcnet.rfc1051", codes={"arcnet.protocol": (240, 241)}, min_octets=5, next=Bits(4),
           next_space="arcnet.inner", source="RFC 1051"),
    Header(name="arcnet.bsd", codes={Space.LINK_TYPE: (7,)}, min_octets=3, length=0, next=Bits(2),
           next_space="arcnet.bsd", source="LINKTYPE_ARCNET_BSD"),
    Header(name="arcnet.bsd.rfc1201", codes={"arcnet.bsd": (212, 213, 214)}, min_octets=6, next=Bits(2),
           next_space="arcnet.inner", source="RFC 1201"),
    Header(name="arcnet.bsd.rfc1051", codes={"arcnet.bsd": (240, 241)}, min_octets=3, next=Bits(2),
           next_space="arcnet.inner", source="RFC 1051"),
    Header(name="arcnet.ip", codes={"arcnet.inner": (212, 240)}, length=0, then="ipv4"),
    Header(name="arcnet.arp", codes={"arcnet.inner": (213, 241)}, length=0, then="arp"),
    Header(name="slip", codes={Space.LINK_TYPE: (8,)}, min_octets=16, next=Bits(1, mask=0xF0),
           next_space="slip.type", source="LINKTYPE_SLIP"),
    Header(name="slip.ip", codes={"slip.type": (0x40,)}, length=0, then="raw"),
    Header(name="sunatm", codes={Space.LINK_TYPE: (123,)}, min_octets=4, next=Bits(0, mask=0x0F),
           next_space="sunatm.traffic", source="LINKTYPE_SUNATM"),
    Header(name="sunatm.llc", codes={"sunatm.traffic": (2,)}, length=0, then="llc"),
    Header(name="brcm_tag", codes={Space.LINK_TYPE: (281,)}, min_octets=18,
           columns={"eth_dst": Address(0, MAC), "eth_src": Address(6, MAC)}, next=Bits(16, 2),
           next_space=TYPE_OR_LENGTH, source="LINKTYPE_DSA_TAG_BRCM"),
    Header(name="brcm_tag.prepended", codes={Space.LINK_TYPE: (282,)}, min_octets=4, then="ethernet",
           source="LINKTYPE_DSA_TAG_BRCM_PREPEND"),
    Header(name="dsa", codes={Space.LINK_TYPE: (284,)}, min_octets=18,
           columns={"eth_dst": Address(0, MAC), "eth_src": Address(6, MAC)}, next=Bits(16, 2),
           next_space=TYPE_OR_LENGTH, source="LINKTYPE_DSA_TAG_DSA"),
    Header(name="edsa", codes={Space.LINK_TYPE: (285,)}, min_octets=22,
           columns={"eth_dst": Address(0, MAC), "eth_src": Address(6, MAC)}, next=Bits(20, 2),
           next_space=TYPE_OR_LENGTH, source="LINKTYPE_DSA_TAG_EDSA"),
    # batman-adv, version 15: unicast, unicast with four addresses, and broadcast carry Ethernet.
    Header(name="batman", codes={Space.ETHERTYPE: (0x4305,)}, min_octets=2, length=0, next=Bits(0, 2),
           next_space="batman.packet", type="batman-adv", open_ended=True, source="linux/batadv_packet.h"),
    Header(name="batman.unicast", codes={"batman.packet": (0x400F,)}, min_octets=10, then="ethernet"),
    Header(name="batman.unicast4", codes={"batman.packet": (0x420F,)}, min_octets=18, then="ethernet"),
    Header(name="batman.broadcast", codes={"batman.packet": (0x010F,)}, min_octets=14, then="ethernet"),
    # DOCSIS MULPI, 6.2.1: frame control, parameter, length, extended header of that many octets if there is one, check.
    Header(name="docsis", codes={Space.LINK_TYPE: (143,)}, min_octets=2, length=0, next=Bits(0, mask=0xC1),
           next_space="docsis.frame", type="DOCSIS", open_ended=True, source="LINKTYPE_DOCSIS"),
    Header(name="docsis.packet", codes={"docsis.frame": (0x00,)}, min_octets=6, then="ethernet"),
    Header(name="docsis.extended", codes={"docsis.frame": (0x01,)}, min_octets=6, length=Bits(1, bias=6),
           then="ethernet"),
    # The header of Juniper's routers: flags say whether extensions follow, and whether there is a link layer.
    Header(name="juniper", codes={Space.LINK_TYPE: (178,)}, min_octets=4, length=0, next=Bits(3, mask=0x82),
           next_space="juniper.flags", source="LINKTYPE_JUNIPER_ETHER"),
    Header(name="juniper.ethernet", codes={"juniper.flags": (0x00,)}, min_octets=4, then="ethernet"),
    Header(name="juniper.extended", codes={"juniper.flags": (0x80,)}, min_octets=6, length=Bits(4, 2, bias=6),
           then="ethernet"),
    Header(name="mpacket", codes={Space.LINK_TYPE: (274,)}, min_octets=8, then="ethernet",
           source="LINKTYPE_ETHERNET_MPACKET: the preamble and start delimiter of IEEE 802.3br"),
    Header(name="netanalyzer", codes={Space.LINK_TYPE: (240,)}, min_octets=4, then="ethernet",
           source="LINKTYPE_NETANALYZER"),
    Header(name="netanalyzer.transparent", codes={Space.LINK_TYPE: (241,)}, min_octets=12, then="ethernet",
           source="LINKTYPE_NETANALYZER_TRANSPARENT"),
)  # fmt: skip

HEADERS = (
    ETHERNET,
    LENGTH,
    ETHERTYPE,
    VLAN,
    PBB,
    *TAGS,
    FABRIC_PATH,
    TRILL,
    *MACSEC,
    *LLC,
    *COOKED,
    *LOOPBACK,
    RAW,
    *PPP,
    *FRAME_RELAY,
    *OTHERS,
)
