"""What the compiled decoder makes of literal octets."""

import pytest

from tests.decode.decoding import ETHERNET, TCP, decode_one, ipv4, ipv6, udp


def seen(row, *names):
    return tuple(row[name] for name in names)


def test_ethernet__addresses_are_destination_then_source():
    row = decode_one(ETHERNET, "0800", ipv4(17, udp()))

    assert seen(row, "eth_src", "eth_dst") == ("02:00:00:00:00:01", "02:00:00:00:00:02")


def test_ethernet__padding_is_not_payload():
    # IEEE 802.3, 3.2.8: short frames are padded to 60 octets; the IPv4 total length ends the packet.
    row = decode_one(ETHERNET, "0800", ipv4(6, TCP), "00" * 6)

    assert seen(row, "load", "status") == (0, "ok")


def test_ethernet__unknown_type_is_unsupported_after_it():
    row = decode_one(ETHERNET, "88b5 0000")  # IEEE 802, local experimental EtherType 1

    assert seen(row, "status", "stopped_in", "type", "src") == ("unsupported", "ethernet", None, None)


def test_vlan__outermost_identifier_counts():
    # IEEE 802.1Q, 9.6: the identifier is the low 12 bits; 802.1ad outside, 802.1Q inside.
    row = decode_one(ETHERNET, "88a8 6064 8100 00c8 0800", ipv4(17, udp()))

    assert seen(row, "vlan", "src", "type") == (100, "192.0.2.1", "UDP")


def test_llc__length_field_ends_the_frame():
    # IEEE 802.2 LLC with SNAP (RFC 1042) in a frame of 8 + 28 octets, then padding.
    row = decode_one(ETHERNET, "0024 aaaa03 000000 0800", ipv4(17, udp("", length=0), total=0), "00" * 10)

    assert seen(row, "src", "load") == ("192.0.2.1", 0)


def test_llc__spanning_tree_is_named():
    row = decode_one(ETHERNET, "0026 424203", "00" * 35)

    assert seen(row, "type", "status") == ("STP", "ok")


def test_arp__protocol_addresses_are_the_ends():
    # RFC 826: 192.0.2.1 at 02:00:00:00:00:01 asks for 192.0.2.2.
    row = decode_one(ETHERNET, "0806 0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202")

    assert seen(row, "src", "dst", "type", "proto", "load") == ("192.0.2.1", "192.0.2.2", "ARP", None, None)


def test_arp__of_other_hardware_finds_addresses_by_length():
    # RFC 4391: hardware addresses of InfiniBand have 20 octets.
    row = decode_one(ETHERNET, "0806 0020 0800 14 04 0002", "01" * 20, "c0000201", "02" * 20, "c0000202")

    assert seen(row, "src", "dst") == ("192.0.2.1", "192.0.2.2")


def test_ipv4__header_shorter_than_20_octets_is_malformed():
    row = decode_one(ETHERNET, "0800", ipv4(6, TCP, ihl=4))

    assert seen(row, "status", "stopped_in", "src") == ("malformed", "ipv4", None)


def test_ipv4__other_version_is_malformed():
    row = decode_one(ETHERNET, "0800", "55" + ipv4(6, TCP)[2:])

    assert seen(row, "status", "stopped_in") == ("malformed", "ipv4")


def test_ipv4__version_6_under_its_type_is_ipv6():
    row = decode_one(ETHERNET, "0800", ipv6(17, udp()))

    assert seen(row, "src", "type", "status") == ("2001:db8::1", "UDP", "ok")


def test_ipv4__total_length_of_0_reaches_to_the_end():
    # Segmentation offload leaves the length to the network card.
    row = decode_one(ETHERNET, "0800", ipv4(6, TCP + "61" * 7, total=0))

    assert row["load"] == 7


def test_ipv4__total_length_below_its_header_is_malformed():
    row = decode_one(ETHERNET, "0800", ipv4(6, TCP, total=19))

    assert seen(row, "status", "stopped_in") == ("malformed", "ipv4")


def test_ipv4__later_fragment_has_no_ports_but_its_type():
    # RFC 791, 3.1: the low 13 bits are the offset in units of 8 octets.
    row = decode_one(ETHERNET, "0800", ipv4(17, "61" * 16, fragment="0003"))

    assert seen(row, "sport", "frag_offset", "type", "load", "status") == (None, 3, "UDP", 16, "ok")


def test_ipv4__first_fragment_has_offset_0():
    row = decode_one(ETHERNET, "0800", ipv4(17, udp("61" * 8, length=100), fragment="2000"))

    assert seen(row, "frag_offset", "dport", "load") == (0, 9, 8)


def test_ipv4__whole_packet_has_no_fragment_offset():
    row = decode_one(ETHERNET, "0800", ipv4(17, udp(), fragment="4000"))  # don't fragment

    assert row["frag_offset"] is None


def test_ipv4__options_are_stepped_over():
    # RFC 791, 3.1: IHL 6, one word of no-operation options.
    packet = "4600 0020 0001 0000 40 11 0000 c0000201 c0000202 01010101" + udp()
    row = decode_one(ETHERNET, "0800", packet)

    assert seen(row, "sport", "dport", "load") == (0xC000, 9, 0)


def test_ipv4__unassigned_protocol_is_unsupported():
    # IANA: 253 is for experiments; nothing decodes it.
    row = decode_one(ETHERNET, "0800", ipv4(253, "61" * 8))

    assert seen(row, "status", "stopped_in", "proto", "type", "load") == ("unsupported", "ipv4", 253, None, 8)


def test_ipv4__protocol_without_columns_is_named():
    row = decode_one(ETHERNET, "0800", ipv4(89, "61" * 24))  # IANA: 89 is OSPFIGP

    assert seen(row, "type", "proto", "load", "status") == ("OSPFIGP", 89, 24, "ok")


@pytest.mark.parametrize("proto", [0, 43, 44, 60])
def test_ipv4__extension_header_numbers_are_no_headers_there(proto):
    # RFC 8200, section 4: extension headers belong to IPv6.
    row = decode_one(ETHERNET, "0800", ipv4(proto, "06" + "00" * 7 + TCP))

    assert seen(row, "proto", "sport") == (proto, None)


def test_ipv6__proto_is_behind_extension_headers():
    # RFC 8200, 4.3 and 4.6: hop-by-hop (PadN of 6) before destination options (8 octets) before UDP.
    row = decode_one(ETHERNET, "86dd", ipv6(0, "3c 00 0104 00000000" + "11 00 0104 00000000" + udp("61")))

    assert seen(row, "proto", "type", "dport", "load") == (17, "UDP", 9, 1)


def test_ipv6__fragment_offset_is_the_top_13_bits():
    # RFC 8200, 4.5: offset 3, no more fragments.
    row = decode_one(ETHERNET, "86dd", ipv6(44, "11 00 0018 00000001" + "61" * 8))

    assert seen(row, "frag_offset", "proto", "type", "sport", "load") == (3, 17, "UDP", None, 8)


def test_ipv6__atomic_fragment_is_none():
    # RFC 6946: offset 0 and no more fragments.
    row = decode_one(ETHERNET, "86dd", ipv6(44, "11 00 0000 00000001" + udp()))

    assert seen(row, "frag_offset", "dport") == (None, 9)


def test_ipv6__addresses_follow_rfc_5952():
    packet = ipv6(59, "").replace("20010db8 00000000 00000000 00000001", "20010db8 00000000 00010000 00000001")
    row = decode_one(ETHERNET, "86dd", packet)

    assert seen(row, "src", "type") == ("2001:db8::1:0:0:1", "IPv6-NoNxt")


def test_tcp__flags_include_the_ninth_bit():
    # RFC 3540, section 9: NS is the lowest bit of octet 12.
    row = decode_one(ETHERNET, "0800", ipv4(6, "0016 c0de 0000 0001 0000 0000 5112 ffff 0000 0000"))

    assert row["tcp_flags"] == 0x112


def test_tcp__load_is_behind_its_options():
    # RFC 9293, 3.1: data offset 6, so one word of options.
    row = decode_one(ETHERNET, "0800", ipv4(6, "c000 0050 00000001 00000000 6010 ffff 0000 0000 01010101" + "61" * 5))

    assert row["load"] == 5


def test_tcp__data_offset_below_5_is_malformed_with_ports():
    row = decode_one(ETHERNET, "0800", ipv4(6, "c000 0050 00000001 00000000 4010 ffff 0000 0000"))

    assert seen(row, "status", "stopped_in", "sport", "load") == ("malformed", "tcp", 0xC000, None)


def test_tcp__cut_by_the_snapshot_length_is_truncated_with_ports():
    row = decode_one(ETHERNET, "0800", ipv4(6, TCP[:9], total=1500), wire_len=1514)

    assert seen(row, "status", "stopped_in", "dport", "tcp_flags", "load") == ("truncated", "tcp", 80, None, None)


def test_tcp__cut_by_the_ip_length_is_malformed_with_ports():
    row = decode_one(ETHERNET, "0800", ipv4(6, TCP[:9]))

    assert seen(row, "status", "stopped_in", "dport") == ("malformed", "tcp", 80)


def test_udp__snapped_payload_counts_in_full():
    row = decode_one(ETHERNET, "0800", ipv4(17, udp("61", length=1008), total=1028), wire_len=1042)

    assert seen(row, "load", "status") == (1000, "ok")


def test_udp__length_below_8_is_malformed():
    row = decode_one(ETHERNET, "0800", ipv4(17, udp("61", length=7)))

    assert seen(row, "status", "stopped_in", "dport", "load") == ("malformed", "udp", 9, None)


def test_icmp__type_and_code_are_not_ports():
    # RFC 792: destination unreachable, port unreachable, quoting a UDP packet.
    row = decode_one(ETHERNET, "0800", ipv4(1, "0303 0000 00000000" + ipv4(17, udp(), src="0a000001")))

    assert seen(row, "icmp_type", "icmp_code", "sport", "src", "tunnel") == (3, 3, None, "192.0.2.1", None)


def test_icmpv6__has_its_own_label():
    row = decode_one(ETHERNET, "86dd", ipv6(58, "8000 0000 0001 0001" + "61" * 56))  # RFC 4443, 4.1: echo request

    assert seen(row, "type", "icmp_type", "icmp_code", "load") == ("ICMPv6", 128, 0, 56)


def test_sctp__ports_stand_first():
    # RFC 9260, 3.1: common header of 12 octets, then an INIT chunk of 20.
    row = decode_one(ETHERNET, "0800", ipv4(132, "0b58 0b59 00000000 00000000 01000014" + "00" * 16))

    assert seen(row, "type", "sport", "dport", "load") == ("SCTP", 2904, 2905, 20)


def test_link_type__unknown_is_unsupported_in_link():
    row = decode_one("00" * 20, link_type=299)

    assert seen(row, "status", "stopped_in") == ("unsupported", "link")


@pytest.mark.parametrize("family", ["02000000", "00000002"])
def test_null__family_is_in_either_byte_order(family):
    assert decode_one(family, ipv4(17, udp()), link_type=0)["type"] == "UDP"


@pytest.mark.parametrize("family", ["18000000", "1c000000", "1e000000", "0000001c"])
def test_null__ipv6_has_a_number_for_each_system(family):
    assert decode_one(family, ipv6(17, udp()), link_type=0)["src"] == "2001:db8::1"


@pytest.mark.parametrize("link_type", [12, 14, 101])
def test_raw__version_decides(link_type):
    assert decode_one(ipv6(17, udp()), link_type=link_type)["type"] == "UDP"


def test_sll__source_address_is_there_when_it_has_6_octets():
    # LINKTYPE_LINUX_SLL: packet type, ARPHRD_, address length, address, protocol.
    row = decode_one("0000 0001 0006 020000000001 0000 0800", ipv4(17, udp()), link_type=113)

    assert seen(row, "eth_src", "eth_dst", "type") == ("02:00:00:00:00:01", None, "UDP")


def test_sll2__address_of_8_octets_is_left_out():
    # LINKTYPE_LINUX_SLL2: protocol, reserved, interface, ARPHRD_, packet type, address length, address.
    row = decode_one("0800 0000 00000002 0020 00 08 0102030405060708", ipv4(17, udp()), link_type=276)

    assert seen(row, "eth_src", "type") == (None, "UDP")


def test_packet__without_octets_is_truncated_when_there_were_some():
    row = decode_one("", wire_len=60)

    assert seen(row, "status", "stopped_in") == ("truncated", "ethernet")


def test_packet__without_octets_is_malformed_when_there_were_none():
    assert decode_one("")["status"] == "malformed"


def test_headers__more_than_64_are_unsupported():
    row = decode_one(ETHERNET, "8100", "0001 8100" * 70)

    assert seen(row, "status", "stopped_in", "vlan") == ("unsupported", "vlan", 1)
