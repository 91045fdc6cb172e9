"""Headers that the capturing machine put before the packet: radiotap, PPI, PKTAP, NFLOG, ERF and others."""

from batchgraph.wire.spec import ANY, Bits, Header, Space

RADIO = (
    Header(name="radiotap", codes={Space.LINK_TYPE: (127,)}, min_octets=8, length=Bits(2, 2, little=True), then="wlan",
           source="radiotap.org"),
    # The Prism header has a fixed size; the AVS one, which came after it under the same number, says its own.
    Header(name="prism", codes={Space.LINK_TYPE: (119,)}, min_octets=4, length=0, next=Bits(0, 4),
           next_space="prism.magic", source="LINKTYPE_IEEE802_11_PRISM"),
    Header(name="prism.header", codes={"prism.magic": (ANY,)}, min_octets=144, then="wlan"),
    Header(name="avs", codes={"prism.magic": (0x80211001, 0x80211002), Space.LINK_TYPE: (163,)}, min_octets=8,
           length=Bits(4, 4), then="wlan", source="LINKTYPE_IEEE802_11_AVS"),
    Header(name="ppi", codes={Space.LINK_TYPE: (192,)}, min_octets=8, length=Bits(2, 2, little=True),
           next=Bits(4, 4, little=True), next_space=Space.LINK_TYPE, source="LINKTYPE_PPI"),
)  # fmt: skip

PKTAP = Header(
    name="pktap",
    codes={Space.LINK_TYPE: (149, 258)},  # 149: LINKTYPE_USER2, under which Darwin writes it
    min_octets=12,
    length=Bits(0, 4, little=True),
    next=Bits(8, 4, little=True),
    next_space=Space.LINK_TYPE,
    source="LINKTYPE_PKTAP",
)

NFLOG = (
    Header(name="nflog", codes={Space.LINK_TYPE: (239,)}, min_octets=4, then="nflog.item", source="LINKTYPE_NFLOG"),
    # An item of type 9 is the packet; all others are stepped over, padded to 4 octets.
    Header(name="nflog.item", min_octets=4, length=0, next=Bits(2, 2, little=True, mask=0x7FFF),
           next_space="nflog.type"),
    Header(name="nflog.packet", codes={"nflog.type": (9,)}, min_octets=4, then="raw"),
    Header(name="nflog.other", codes={"nflog.type": (ANY,)}, min_octets=4, length=Bits(0, 2, little=True), align=4,
           then="nflog.item"),
)  # fmt: skip


def _erf() -> tuple[Header, ...]:
    """Give ERF's record header, its extension headers, and what follows for each type of record.

    The top bit of the type says that extension headers of 8 octets follow, and theirs whether another does, so what
    follows the last one has to be known all along: each type has its own chain.
    """
    payloads = {"hdlc": ((1,), "chdlc_or_ppp"), "ethernet": ((2, 11, 16, 20), "ethernet"),
                "ipv4": ((22,), "ipv4"), "ipv6": ((23,), "ipv6")}  # fmt: skip
    headers = [
        Header(name="erf", codes={Space.LINK_TYPE: (197,)}, min_octets=16, next=Bits(8), next_space="erf.type",
               source="LINKTYPE_ERF"),
    ]  # fmt: skip
    for name, (types, following) in payloads.items():
        # Ethernet frames are preceded by an offset and a pad octet.
        payload = Header(name=f"erf.{name}", codes={"erf.type": types, f"erf.{name}.more": (0,)},
                         min_octets=2 if following == "ethernet" else 0,
                         then="ppp" if following == "chdlc_or_ppp" else following)  # fmt: skip
        extension = Header(name=f"erf.{name}.extension",
                           codes={"erf.type": tuple(t | 0x80 for t in types), f"erf.{name}.more": (0x80,)},
                           min_octets=8, next=Bits(0, mask=0x80), next_space=f"erf.{name}.more")  # fmt: skip
        headers += [payload, extension]
    return tuple(headers)


HEADERS = (*RADIO, PKTAP, *NFLOG, *_erf())
