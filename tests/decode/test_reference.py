from __future__ import annotations

import re
from pathlib import Path

import pytest

import batchgraph
from batchgraph.decode import program, reference, reference_walk
from batchgraph.decode.reference import ReferenceDecoder
from batchgraph.wire import HEADERS

ETHERNET = "ffffffffffff 020000000001 "
# RFC 791, appendix A, example 1: addresses and length filled in; UDP's fields are those of RFC 768.
IPV4 = "4500 0020 0001 0000 40 11 0000 0a000001 0a000002 "
UDP = "0035 c000 000c 0000 "


def decode(text: str, *, link_type: int | None = 1, wire_len: int = 0, tunnels="inner") -> dict[str, object]:
    return ReferenceDecoder(tunnels=tunnels).decode(bytes.fromhex(text), link_type=link_type, wire_len=wire_len)


def shown(row: dict[str, object]) -> dict[str, object]:
    return {column: value for column, value in row.items() if value is not None}


def test_row__has_every_decoded_column():
    row = decode("")

    assert set(row) == {*program.SLOTS, "status"}


def test_ethernet__addresses_and_udp_over_ipv4():
    assert shown(decode(ETHERNET + "0800" + IPV4 + UDP + "01020304")) == {
        "eth_dst": "ff:ff:ff:ff:ff:ff", "eth_src": "02:00:00:00:00:01", "src": "10.0.0.1", "dst": "10.0.0.2",
        "ttl": 64, "proto": 17, "type": "UDP", "sport": 53, "dport": 49152, "load": 4, "status": "ok",
    }  # fmt: skip


def test_ethernet__padding_is_not_payload():
    # IEEE 802.3, 3.2.7: a frame has at least 60 octets before its check sequence.
    assert decode(ETHERNET + "0800" + IPV4 + UDP + "01020304" + "00" * 14)["load"] == 4


def test_vlan__outermost_identifier_is_kept():
    # IEEE 802.1Q, 9.6: the identifier is the low 12 bits of the tag.
    assert decode(ETHERNET + "88a8 e123 8100 0005 0800" + IPV4 + UDP)["vlan"] == 0x123


def test_tcp__flags_include_the_ninth_bit():
    # RFC 3540, section 9: NS is the lowest bit of octet 12.
    ipv4 = "4500 0028 0001 0000 40 06 0000 0a000001 0a000002"
    row = decode(ipv4 + "0016 c0de 0000 0001 0000 0000 5112 ffff 0000 0000", link_type=101)

    assert row["tcp_flags"] == 0x112


def test_tcp__options_are_not_payload():
    # RFC 9293, 3.1: a data offset of 6 is 24 octets.
    ipv4 = "4500 002e 0001 0000 40 06 0000 0a000001 0a000002"
    row = decode(ipv4 + "0016 c0de 0000 0001 0000 0000 6012 ffff 0000 0000 020405b4 6869", link_type=101)

    assert row["load"] == 2


def test_ipv4__total_length_of_zero_leaves_the_end_open():
    row = decode("4500 0000 0001 0000 40 11 0000 0a000001 0a000002" + "0035 c000 0000 0000 6869", link_type=101)

    assert row["load"] == 2


def test_ipv4__later_fragment_has_a_type_and_no_ports():
    # RFC 791, 3.1: offset 185 * 8 octets.
    row = decode("4500 0020 0001 00b9 40 11 0000 0a000001 0a000002" + UDP + "01020304", link_type=101)

    assert shown(row) == {"src": "10.0.0.1", "dst": "10.0.0.2", "ttl": 64, "proto": 17, "type": "UDP",
                          "frag_offset": 185, "load": 12, "status": "ok"}  # fmt: skip


def test_ipv6__atomic_fragment_is_no_fragment():
    # RFC 6946: offset 0 and no more fragments.
    row = decode("6000 0000 0010 2c 40" + "20010db8" + "00" * 11 + "01" + "20010db8" + "00" * 11 + "02"
                 + "11 00 0000 00000001" + "0035 c000 0008 0000", link_type=101)  # fmt: skip

    assert (row["src"], row["proto"], row["frag_offset"], row["sport"]) == ("2001:db8::1", 17, None, 53)


def test_ipv6__only_mapped_addresses_have_dots():
    # RFC 5952, section 5: ::ffff:0:0/96 holds IPv4 addresses; ::/96 did once (RFC 4291, 2.5.5.1).
    row = decode("6000 0000 0000 3b 40" + "00" * 10 + "ffff c0000201" + "00" * 12 + "c0000201", link_type=229)

    assert (row["src"], row["dst"]) == ("::ffff:192.0.2.1", "::c000:201")


def test_ah__protocol_behind_it_counts():
    # RFC 4302, 2.2: a length of 4 is 24 octets.
    row = decode("4500 0044 0001 0000 40 33 0000 0a000001 0a000002" + "06 04 0000 00000001 00000001" + "00" * 12
                 + "0016 c0de 0000 0001 0000 0000 5002 ffff 0000 0000" "61626364", link_type=101)  # fmt: skip

    assert (row["proto"], row["type"], row["load"]) == (6, "TCP", 4)


def test_icmp__quoted_packet_is_no_tunnel():
    # RFC 792: the header and 8 octets of the packet that could not be delivered.
    row = decode("4500 0038 0001 0000 40 01 0000 0a000009 0a000001" + "03 01 0000 00000000" + IPV4 + UDP, link_type=101)

    assert shown(row) == {"src": "10.0.0.9", "dst": "10.0.0.1", "ttl": 64, "proto": 1, "type": "ICMP",
                          "icmp_type": 3, "icmp_code": 1, "load": 28, "status": "ok"}  # fmt: skip


def test_arp__addresses_are_the_protocol_addresses():
    # RFC 826
    row = decode(ETHERNET + "0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002")

    assert (row["src"], row["dst"], row["type"], row["proto"]) == ("10.0.0.1", "10.0.0.2", "ARP", None)


GRE_IN_IPV4 = "4500 003c 0001 0000 40 2f 0000 c0000201 c0000202" + "2000 0800 00000007"  # RFC 2890: with a key


def test_gre__row_is_the_inner_packets():
    row = decode(GRE_IN_IPV4 + IPV4 + UDP + "01020304", link_type=101)

    assert [row[name] for name in ("src", "type", "load", "tunnel", "outer_src", "outer_dst")] == [
        "10.0.0.1", "UDP", 4, "gre", "192.0.2.1", "192.0.2.2"]  # fmt: skip


def test_tunnels_outer__row_is_the_outer_packets():
    row = decode(GRE_IN_IPV4 + IPV4 + UDP + "01020304", link_type=101, tunnels="outer")

    assert [row[name] for name in ("src", "type", "load", "tunnel", "outer_src")] == [
        "192.0.2.1", "GRE", 40, None, None]  # fmt: skip


def test_status__snapped_header_is_truncated_and_keeps_its_ports():
    row = decode(IPV4 + "0035 c000", link_type=101, wire_len=32)

    assert [row[name] for name in ("status", "stopped_in", "sport", "dport", "load")] == [
        "truncated", "udp", 53, 49152, 4]  # fmt: skip


def test_status__header_beyond_the_end_of_the_packet_is_malformed():
    # RFC 791, 3.1: a total length of 24 leaves 4 octets, UDP has 8.
    row = decode("4500 0018 0001 0000 40 11 0000 0a000001 0a000002" + UDP, link_type=101)

    assert (row["status"], row["stopped_in"]) == ("malformed", "udp")


@pytest.mark.parametrize(
    ("text", "link_type", "stopped_in"),
    [
        (ETHERNET + "ffff 0000", 1, "ethernet"),  # IEEE: 0xFFFF is reserved
        ("4500 0014 0001 0000 40 fd 0000 0a000001 0a000002", 101, "ipv4"),  # RFC 3692: 253 is for experiments
        ("0000", 65535, "link"),
        ("0000", None, "link"),
    ],
)
def test_status__unknown_number_is_unsupported(text: str, link_type: int | None, stopped_in: str):
    row = decode(text, link_type=link_type)

    assert (row["status"], row["stopped_in"]) == ("unsupported", stopped_in)


def test_lacks__lisp_is_left_to_the_table():
    # RFC 9300, 5.1: LISP's data port is 4341.
    row = decode("4500 0024 0001 0000 40 11 0000 0a000001 0a000002" + "10f5 10f5 0010 0000" + "00" * 8, link_type=101)

    assert row["stopped_in"] in reference.LACKS


def test_knows__link_types_of_the_reference_alone():
    # LINKTYPE_ETHERNET_MPACKET; LINKTYPE_USB_DARWIN
    assert [ReferenceDecoder().knows(number) for number in (1, 274, 266)] == [True, True, False]


def test_names__are_the_tables():
    source = "".join(path.read_text() for path in Path(reference.__file__).parent.glob("reference_*.py"))
    given = {*re.findall(r'walk\.name = "([a-z0-9_.]+)"', source), *(layer.name for layer in reference.LAYERS.values())}

    assert (given | reference.LACKS) <= {header.name for header in HEADERS}


def test_types__are_the_tables():
    given = {layer.type for layer in reference.LAYERS.values() if layer.type}

    assert given | set(reference_walk.PROTOCOL_LABELS.values()) <= {header.type for header in HEADERS}


def test_package__imports_scapy_in_the_reference_alone():
    # Its licence is GPL-2.0-only.
    package = Path(batchgraph.__file__).parent
    importing = [
        path.name for path in package.rglob("*.py") if re.search(r"^\s*(from|import) scapy", path.read_text(), re.M)
    ]

    assert all(name.startswith("reference") for name in importing)
