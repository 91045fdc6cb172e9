"""IEEE 802.11: data frames that are not encrypted carry LLC; all others end here."""

from batchgraph.wire.spec import ANY, Address, AddressKind, Bits, Header, Space

MAC = AddressKind.MAC


def frames(name: str, link_types: tuple[int, ...], *, swapped: bool = False) -> tuple[Header, ...]:
    """Give the records of 802.11 frames, `name` being the first.

    Parameters
    ----------
    name
        Of the first record; the others' names begin with it.
    link_types
        LINKTYPE_ numbers under which the first is found.
    swapped
        Whether the two octets of the frame control field are swapped, as access points do within CAPWAP.

    Notes
    -----
    IEEE 802.11, clause 9.2.3: to and from the distribution system say which addresses there are; 9.2.4.1.3: bit 6 of
    the first octet is set in data frames without data, bit 7 in those with QoS control; 9.2.4.1.9: bit 6 of the second
    octet in those that are protected; 9.2.4.1.10: bit 7 where HT control follows.
    """
    kind, flags = (1, 0) if swapped else (0, 1)
    in_kind, in_flags = (1, 0x100) if swapped else (0x100, 1)  # weight of each octet in the field read as a number
    decisive = 0xC0 * in_kind | 0x43 * in_flags
    qos = 0x80 * in_kind

    def data(suffix: str, direction: int, octets: int, dst: int, src: int) -> tuple[Header, Header]:
        addresses = {"eth_dst": Address(dst, MAC), "eth_src": Address(src, MAC)}
        code = direction * in_flags
        plain = Header(name=f"{name}.{suffix}", codes={f"{name}.data": (code,)}, min_octets=octets,
                       columns=addresses, then="llc", source="IEEE 802.11, clause 9.3.2.1")  # fmt: skip
        return plain, Header(name=f"{name}.{suffix}.qos", codes={f"{name}.data": (code | qos,)}, min_octets=octets + 2,
                             length=Bits(flags, mask=0x80, shift=7, scale=4, bias=octets + 2),
                             columns=addresses, then="llc", source="IEEE 802.11, clause 9.3.2.1")  # fmt: skip

    return (
        Header(name=name, codes={Space.LINK_TYPE: link_types} if link_types else {}, min_octets=2, length=0,
               next=Bits(kind, mask=0x0C), next_space=f"{name}.type", type="802.11", open_ended=True,
               source="IEEE 802.11, clause 9.2.4.1"),
        Header(name=f"{name}.frame", codes={f"{name}.type": (0x08,)}, min_octets=2, length=0,
               next=Bits(0, 2, mask=decisive), next_space=f"{name}.data"),
        Header(name=f"{name}.end", codes={f"{name}.data": (ANY,), f"{name}.type": (0x00,)}, min_octets=16,
               columns={"eth_dst": Address(4, MAC), "eth_src": Address(10, MAC)}),
        *data("direct", 0, 24, 4, 10),
        *data("to_ds", 1, 24, 16, 10),
        *data("from_ds", 2, 24, 4, 16),
        *data("relayed", 3, 30, 16, 24),
    )  # fmt: skip


HEADERS = (*frames("wlan", (105,)), *frames("wlan_swapped", (), swapped=True))
