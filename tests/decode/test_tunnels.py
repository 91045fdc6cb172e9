"""What the compiled decoder makes of packets in packets: literal octets, each with the standard that says so."""

import pytest

from tests.decode.decoding import ETHERNET, TCP, decode_one, ipv4, ipv6, udp

INNER = ipv4(17, udp("61"), src="0a000001", dst="0a000002")
INNER_FRAME = ETHERNET + "0800" + INNER
OUTER = ("192.0.2.1", "192.0.2.2")
ENDS = ("10.0.0.1", "10.0.0.2")


def ends(row):
    return (row["src"], row["dst"]), (row["outer_src"], row["outer_dst"]), row["tunnel"]


def over_udp(port, payload):
    return decode_one(ETHERNET, "0800", ipv4(17, udp(payload, dport=port)))


CASES = {
    # RFC 2003
    "ip4": ipv4(4, INNER),
    # RFC 2784: no optional field
    "gre": ipv4(47, "0000 0800" + INNER),
    # RFC 3378: version 3
    "etherip": ipv4(97, "3000" + INNER_FRAME),
    # RFC 7348, section 5: the I flag and network identifier 1
    "vxlan": ipv4(17, udp("08000000 00000100" + INNER_FRAME, dport=4789)),
    # draft-ietf-nvo3-vxlan-gpe, section 3: P and I, next protocol 1 (IPv4)
    "vxlan-gpe": ipv4(17, udp("0c000001 00000100" + INNER, dport=4790)),
    # RFC 8926, 3.4: one option of 8 octets, Transparent Ethernet Bridging
    "geneve": ipv4(17, udp("02006558 00000100 00000001 00000000" + INNER_FRAME, dport=6081)),
    # 3GPP TS 29.281, 5.1: version 1, PT, G-PDU, no optional fields
    "gtp": ipv4(17, udp("30ff 001d 00000001" + INNER, dport=2152)),
    # RFC 2661, 3.1: version 2, no optional fields, tunnel and session; PPP with address and control
    "l2tp": ipv4(17, udp("0002 0001 0001 ff03 0021" + INNER, dport=1701)),
    # RFC 5415, 4.3: 8 octets, T not set
    "capwap": ipv4(17, udp("00100000 00000000" + INNER_FRAME, dport=5247)),
    # RFC 9300, 5.1
    "lisp": ipv4(17, udp("00000000 00000000" + INNER, dport=4341)),
    # RFC 7761, 4.9.3: register
    "pim": ipv4(103, "2100 0000 00000000" + INNER),
}


@pytest.mark.parametrize("label", CASES)
def test_tunnel__gives_inner_and_outer_ends(label):
    row = decode_one(ETHERNET, "0800", CASES[label])

    assert ends(row) == (ENDS, OUTER, label)
    assert (row["type"], row["dport"], row["load"], row["status"]) == ("UDP", 9, 1, "ok")


@pytest.mark.parametrize("label", CASES)
def test_tunnel__is_not_entered_when_the_outer_ends_are_asked_for(label):
    row = decode_one(ETHERNET, "0800", CASES[label], tunnels="outer")

    assert ends(row) == (OUTER, (None, None), None)
    assert row["status"] == "ok"


def test_6in4__is_ip6():
    row = decode_one(ETHERNET, "0800", ipv4(41, ipv6(6, TCP)))  # RFC 4213

    assert ends(row) == (("2001:db8::1", "2001:db8::2"), OUTER, "ip6")


def test_teredo__holds_ipv6_behind_an_origin_indication():
    # RFC 4380, 5.1.1: origin indication of 8 octets
    row = over_udp(3544, "0000 ffff ffffffff" + ipv6(17, udp()))

    assert ends(row) == (("2001:db8::1", "2001:db8::2"), OUTER, "teredo")


def test_gre__optional_fields_are_stepped_over():
    # RFC 2890: checksum with reserved field, key, sequence number
    row = decode_one(ETHERNET, "0800", ipv4(47, "b000 0800 00000000 00000001 00000002" + INNER))

    assert ends(row) == (ENDS, OUTER, "gre")


def test_gre__with_routing_is_unsupported():
    # RFC 1701: the R bit announces source routes
    row = decode_one(ETHERNET, "0800", ipv4(47, "4000 0800 00000000" + INNER))

    assert (row["status"], row["stopped_in"], row["type"], row["src"]) == ("unsupported", "gre", "GRE", "192.0.2.1")


def test_nvgre__holds_ethernet():
    # RFC 7637, 3.2: key present, protocol type 0x6558
    row = decode_one(ETHERNET, "0800", ipv4(47, "2000 6558 00000100" + INNER_FRAME))

    assert ends(row) == (ENDS, OUTER, "gre")


def test_erspan__type_2_has_a_header_of_8_octets():
    # draft-foschiano-erspan, 4.2: GRE with sequence number
    row = decode_one(ETHERNET, "0800", ipv4(47, "1000 88be 00000001 10010001 00000000" + INNER_FRAME))

    assert ends(row) == (ENDS, OUTER, "gre>erspan")


def test_erspan__type_1_has_none():
    # draft-foschiano-erspan, 4.1: GRE without sequence number
    row = decode_one(ETHERNET, "0800", ipv4(47, "0000 88be" + INNER_FRAME))

    assert ends(row) == (ENDS, OUTER, "gre")


def test_pptp__acknowledgement_alone_is_an_end():
    # RFC 2637, 4.1: K and A set, S not
    row = decode_one(ETHERNET, "0800", ipv4(47, "2081 880b 0000 0001 00000001"))

    assert (row["status"], row["type"], row["tunnel"]) == ("ok", "GRE", None)


def test_gtp__extension_headers_are_stepped_over():
    # 3GPP TS 29.281, 5.2.1: E set, an extension of 4 octets of which the last is the next type, none
    row = over_udp(2152, "34ff 0025 00000001 0000 00 85 01 0000 00" + INNER)

    assert ends(row) == (ENDS, OUTER, "gtp")


def test_gtp__control_messages_are_an_end():
    row = over_udp(2152, "3001 0000 00000001")  # echo request

    assert (row["status"], row["tunnel"], row["src"]) == ("ok", None, "192.0.2.1")


def test_mpls__the_first_four_bits_decide():
    # RFC 3032, 2.1: two labels, the bottom bit in the second
    row = decode_one(ETHERNET, "8847 00010040 00020140", INNER)

    assert ends(row) == (ENDS, (None, None), None)


def test_mpls__control_word_is_followed_by_ethernet():
    row = decode_one(ETHERNET, "8847 00010140 00000000", INNER_FRAME)  # RFC 4448, 4.6

    assert row["src"] == "10.0.0.1"


def test_pppoe__length_ends_the_packet():
    # RFC 2516, section 4: session 1, length 31, PPP protocol 0x0021
    row = decode_one(ETHERNET, "8864 11 00 0001 001f 0021", INNER, "00" * 9)

    assert (row["src"], row["load"], row["tunnel"]) == ("10.0.0.1", 1, None)


def test_ah__is_stepped_over():
    # RFC 4302, section 2: next header 6, length 4 (in words, minus 2)
    row = decode_one(ETHERNET, "0800", ipv4(51, "06 04 0000 00000001 00000001" + "00" * 12 + TCP))

    assert (row["proto"], row["type"], row["dport"]) == (6, "TCP", 80)


def test_esp__is_an_end():
    row = decode_one(ETHERNET, "0800", ipv4(50, "61" * 40))

    assert (row["proto"], row["type"], row["load"], row["status"]) == (50, "ESP", 40, "ok")


def test_vxlan__without_its_flag_is_plain_udp():
    row = over_udp(4789, "00000000 00000100" + INNER_FRAME)

    assert (row["status"], row["tunnel"], row["dport"]) == ("ok", None, 4789)


def test_vxlan__port_with_too_little_behind_it_is_plain_udp():
    assert over_udp(4789, "0800")["status"] == "ok"


def test_vxlan__with_arp_inside_keeps_the_outer_ends():
    arp = "0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"
    row = over_udp(4789, "08000000 00000100" + ETHERNET + arp)

    assert ends(row) == (OUTER, OUTER, "vxlan")
    assert (row["type"], row["dport"]) == ("UDP", 4789)


def test_tunnels__are_listed_outermost_first():
    row = decode_one(ETHERNET, "0800", ipv4(41, ipv6(47, "0000 0800" + INNER)))

    assert ends(row) == (ENDS, OUTER, "ip6>gre")


def test_tunnels__more_than_16_are_unsupported():
    packet = INNER
    for _ in range(17):
        packet = ipv4(4, packet)
    row = decode_one(ETHERNET, "0800", packet)

    assert (row["status"], row["stopped_in"]) == ("unsupported", "ip4_in_ip")
    assert row["tunnel"].count("ip4") == 16


def test_tunnel__whose_inner_header_is_malformed_keeps_the_outer_ends():
    row = decode_one(ETHERNET, "0800", ipv4(4, "41" + INNER[2:]))

    assert (row["status"], row["stopped_in"], row["src"], row["type"]) == ("malformed", "ipv4", "192.0.2.1", "IPv4")


def test_wlan__data_from_a_station_has_three_addresses():
    # IEEE 802.11, 9.3.2.1: to the distribution system: BSSID, source, destination
    frame = "0801 0000 020000000003 020000000001 020000000002 0000 aaaa03 000000 0800" + INNER
    row = decode_one(frame, link_type=105)

    assert (row["eth_src"], row["eth_dst"], row["src"]) == ("02:00:00:00:00:01", "02:00:00:00:00:02", "10.0.0.1")


def test_wlan__protected_data_is_an_end():
    row = decode_one("0841 0000 020000000003 020000000001 020000000002 0000", "61" * 30, link_type=105)

    assert (row["status"], row["type"], row["src"]) == ("ok", "802.11", None)


def test_radiotap__length_is_little_endian():
    frame = "8801 0000 020000000003 020000000001 020000000002 0000 0000 aaaa03 000000 0800" + INNER
    row = decode_one("00 00 0a00 00000000 0000", frame, link_type=127)

    assert row["src"] == "10.0.0.1"


def test_frame_relay__address_of_two_octets_and_nlpid():
    # RFC 2427, section 3: UI, NLPID 0xCC for IPv4
    assert decode_one("1841 03 cc", INNER, link_type=107)["src"] == "10.0.0.1"


def test_cisco_hdlc__holds_an_ethertype():
    assert decode_one("0f00 0800", INNER, link_type=104)["src"] == "10.0.0.1"


def test_ppp__address_and_control_may_be_missing():
    assert decode_one("0021", INNER, link_type=9)["src"] == "10.0.0.1"


def test_ppp__protocol_may_be_one_octet():
    # RFC 1661, 6.5
    assert decode_one("ff03 21", INNER, link_type=9)["src"] == "10.0.0.1"


def test_tzsp__tags_lie_before_the_packet():
    # TaZmen Sniffer Protocol: version 1, received packet, Ethernet; a tag of 1 octet, padding, a tag of 4, the end.
    row = over_udp(37008, "01 00 0001  0a 01 01  00  28 04 01020304  01" + INNER_FRAME)

    assert ends(row) == (ENDS, OUTER, "tzsp")


def test_batman__unicast_carries_ethernet():
    # linux/batadv_packet.h: type 0x40, version 15, TTL, translation table version, destination
    row = decode_one(ETHERNET, "4305 40 0f 32 01 020000000009", INNER_FRAME)

    assert (row["src"], row["status"]) == ("10.0.0.1", "ok")


def test_ppp__multilink_fragment_that_begins_a_packet_is_followed():
    # RFC 1990, section 3: B and E set, sequence number 1, then the protocol
    row = decode_one("ff03 003d c0000001 0021", INNER, link_type=9)

    assert row["src"] == "10.0.0.1"


def test_ppp__later_multilink_fragment_is_an_end():
    row = decode_one("ff03 003d 40000002", "61" * 20, link_type=9)

    assert (row["status"], row["type"]) == ("ok", "PPP multilink")


def test_juniper__extensions_are_stepped_over():
    row = decode_one("4d4743 80 0004 01020304", INNER_FRAME, link_type=178)

    assert row["src"] == "10.0.0.1"


def test_mpls__ethernet_without_a_control_word_is_recognised():
    row = decode_one(ETHERNET, "8847 00010140", "001b21000002 020000000001 0800" + INNER)

    assert row["src"] == "10.0.0.1"
