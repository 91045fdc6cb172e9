"""Classic pcap: draft-ietf-opsawg-pcap, sections 4 and 5, and the variants that libpcap and Wireshark read."""

import pytest

from batchgraph.capture.index import NO_NUMBER

# Magic, version 2.4, time zone, accuracy, snapshot length 262144, link type 1 (Ethernet).
LITTLE = "d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000"
BIG = "a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001"
LITTLE_NS = "4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000"
BIG_NS = "a1b23c4d 0002 0004 00000000 00000000 00040000 00000001"
# 2020-01-01 00:00:00 UTC is 1577836800, 0x5e0be100; fraction 5; two octets captured of sixty.
RECORD = "00e10b5e 05000000 02000000 3c000000 aabb"
RECORD_BIG = "5e0be100 00000005 00000002 0000003c aabb"
NEW_YEAR = 1_577_836_800 * 10**9


@pytest.mark.parametrize(
    ("header", "record", "time_ns"),
    [
        (LITTLE, RECORD, NEW_YEAR + 5_000),
        (BIG, RECORD_BIG, NEW_YEAR + 5_000),
        (LITTLE_NS, RECORD, NEW_YEAR + 5),
        (BIG_NS, RECORD_BIG, NEW_YEAR + 5),
    ],
)
def test_pcap__is_read_in_both_byte_orders_and_precisions(read, header, record, time_ns):
    found = read(header, record)

    assert [(p.octets, p.wire_len, p.time_ns, p.interface, p.link_type) for p in found.packets] == [
        (b"\xaa\xbb", 60, time_ns, 0, 1)
    ]
    assert (found.status, found.accounting.format, found.accounting.link_types) == ("ok", "pcap", {1})


def test_pcap__accounts_for_every_octet(read):
    found = read(LITTLE, RECORD, RECORD)

    assert found.accounting.octets == {"header": 24, "records": 36, "other": 0, "skipped": 0}


def test_pcap__header_alone_is_ok_without_packets(read):
    found = read(LITTLE)

    assert (found.status, found.packets) == ("ok", [])


def test_pcap__seconds_are_unsigned(read):
    # 0xffffffff is 2106-02-07 06:28:15 UTC.
    found = read(LITTLE, "ffffffff 00000000 00000000 00000000")

    assert found.packets[0].time_ns == 4_294_967_295 * 10**9


def test_pcap__fraction_beyond_one_second_is_added(read):
    # 1,500,000 microseconds.
    found = read(LITTLE, "00e10b5e 60e31600 00000000 00000000")

    assert found.packets[0].time_ns == NEW_YEAR + 1_500_000_000


def test_pcap__time_zone_is_ignored(read):
    # 3,600 seconds in the field that no reader uses.
    found = read("d4c3b2a1 0200 0400 100e0000 00000000 00000400 01000000", RECORD)

    assert found.packets[0].time_ns == NEW_YEAR + 5_000


@pytest.mark.parametrize(
    ("field", "link_type"),
    [
        ("01000014", 1),  # 0x14000001: FCS of one 16-bit word, and the flag that its length is given
        ("84000030", 132),  # 0x30000084: the length without the flag, as Juniper writes it
        ("01000008", 1),  # 0x08000001: the reserved bit beside the flag
    ],
)
def test_pcap__upper_bits_of_the_link_type_are_masked_off(read, field, link_type):
    found = read("d4c3b2a1 0200 0400 00000000 00000000 00000400", field, RECORD)

    assert (found.packets[0].link_type, found.accounting.link_types) == (link_type, {link_type})


def test_pcap__reserved_bits_of_the_link_type_leave_it_unknown(read):
    found = read("d4c3b2a1 0200 0400 00000000 00000000 00000400 00003000", RECORD)

    assert found.packets[0].link_type == NO_NUMBER
    assert "0x00300000" in found.accounting.problems[0].what


def test_pcap__more_captured_than_on_the_wire_is_kept(read):
    found = read(LITTLE, "00e10b5e 05000000 02000000 01000000 aabb")

    assert (found.packets[0].octets, found.packets[0].wire_len) == (b"\xaa\xbb", 1)


def test_pcap__more_captured_than_the_snapshot_length_is_kept(read):
    found = read("d4c3b2a1 0200 0400 00000000 00000000 01000000 01000000", RECORD)

    assert found.packets[0].octets == b"\xaa\xbb"


def test_pcap__version_before_2_3_has_the_lengths_swapped(read):
    # libpcap, sf-pcap.c: the order changed with version 2.3.
    found = read("d4c3b2a1 0200 0100 00000000 00000000 00000400 01000000", "00e10b5e 05000000 3c000000 02000000 aabb")

    assert (found.packets[0].octets, found.packets[0].wire_len) == (b"\xaa\xbb", 60)


@pytest.mark.parametrize("lengths", ["02000000 3c000000", "3c000000 02000000"])
def test_pcap__version_2_3_has_the_lengths_swapped_where_more_would_be_captured(read, lengths):
    # libpcap, sf-pcap.c: some writers of 2.3 kept the old order.
    found = read("d4c3b2a1 0200 0300 00000000 00000000 00000400 01000000", "00e10b5e 05000000", lengths, "aabb")

    assert (found.packets[0].octets, found.packets[0].wire_len) == (b"\xaa\xbb", 60)


def test_pcap__major_version_1_is_unsupported(read):
    found = read("d4c3b2a1 0100 0400 00000000 00000000 00000400 01000000", RECORD)

    assert found.status == "unsupported"
    assert found.accounting.problems[0].what == "unsupported: pcap version 1.4"


def test_pcap__file_shorter_than_its_header_is_partial(read):
    found = read("d4c3b2a1 0200 0400")

    assert (found.status, found.accounting.octets["skipped"]) == ("partial", 8)


@pytest.mark.parametrize("rest", ["00e10b5e", "00e10b5e 05000000 03000000 3c000000 aabb"])
def test_pcap__record_cut_off_leaves_those_before(read, rest):
    found = read(LITTLE, RECORD, rest)

    assert (found.status, len(found.packets)) == ("partial", 1)
    assert found.accounting.problems[0].offset == 42
    assert found.accounting.octets["skipped"] == len(bytes.fromhex(rest))


@pytest.mark.parametrize("length", ["01000400", "ffffffff", "00000080"])
def test_pcap__length_over_262144_ends_the_packets(read, length):
    found = read(LITTLE, RECORD, "00e10b5e 05000000", length, "3c000000 aabb", RECORD)

    assert (found.status, len(found.packets)) == ("partial", 1)
    assert (found.accounting.problems[0].offset, found.accounting.octets["skipped"]) == (42, 36)


def test_pcap__dbus_messages_may_be_longer(read):
    # LINKTYPE_DBUS is 231; D-Bus allows messages of 128 MiB, so libpcap does.
    record = bytes.fromhex("00e10b5e 05000000 01000400 01000400") + bytes(262_145)
    found = read("d4c3b2a1 0200 0400 00000000 00000000 00000400 e7000000", record)

    assert [len(packet.octets) for packet in found.packets] == [262_145]


def test_pcap__record_of_any_kind_larger_than_the_window_is_whole(read):
    record = bytes.fromhex("00e10b5e 05000000 10270000 10270000") + bytes(range(250)) * 40
    found = read(LITTLE, RECORD, record, RECORD, window_octets=64)

    assert [len(packet.octets) for packet in found.packets] == [2, 10_000, 2]
    assert found.packets[1].octets == bytes(range(250)) * 40


def test_pcap__ixia_header_is_one_number_longer(read):
    # Wireshark, libpcap.c: 0x1c0001ac is Ixia's hardware variant, in nanoseconds, the octets of all records behind.
    found = read("ac01001c 0200 0400 00000000 00000000 00000400 01000000 12000000", RECORD)

    assert (found.packets[0].time_ns, found.packets[0].octets) == (NEW_YEAR + 5, b"\xaa\xbb")


def test_pcap__aix_writes_nanoseconds_and_interface_types(read):
    # Wireshark, libpcap.c: version 2.2, interface type 6 (RFC 1573: Ethernet), lengths in today's order.
    found = read("a1b2c3d4 0002 0002 00000000 00000000 00040000 00000006", RECORD_BIG)

    packet = found.packets[0]
    assert (packet.time_ns, packet.link_type, packet.wire_len) == (NEW_YEAR + 5, 1, 60)
    assert found.accounting.format == "pcap-aix"


# Behind the lengths: interface index 2, Ethernet type 0x0800, packet type 4, padding (Wireshark, libpcap.h).
MODIFIED_RECORD = "00e10b5e 05000000 02000000 3c000000 02000000 0008 04 00 aabb"


@pytest.mark.parametrize(
    ("header", "record", "name"),
    [
        (LITTLE, MODIFIED_RECORD, "pcap-ss990417"),
        ("34cdb2a1 0200 0400 00000000 00000000 00000400 01000000", MODIFIED_RECORD, "pcap-ss991029"),
        (
            "34cdb2a1 0200 0400 00000000 00000000 00000400 01000000",
            "00e10b5e 05000000 02000000 3c000000 02000000 0008 04 00 00 000000 aabb",
            "pcap-ss990915",
        ),
        (LITTLE, "00e10b5e 05000000 02000000 3c000000 01b6bf9f aabb", "pcap-nokia"),
    ],
)
def test_pcap__variant_with_longer_record_headers_is_told_by_its_first_records(read, header, record, name):
    found = read(header, record * 4)

    assert found.accounting.format == name
    assert [(p.octets, p.wire_len, p.time_ns) for p in found.packets] == [(b"\xaa\xbb", 60, NEW_YEAR + 5_000)] * 4


def test_pcap__damaged_standard_file_is_not_taken_for_a_variant(read):
    found = read(LITTLE, "00e10b5e 05000000 02000000 3c000000 aabb", "ffffffff ffffffff ffffffff ffffffff")

    assert (found.accounting.format, len(found.packets)) == ("pcap", 1)
