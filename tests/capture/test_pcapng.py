"""Pcapng: draft-ietf-opsawg-pcapng, section 4 (blocks)."""

import pytest

from batchgraph.capture.index import NO_NUMBER, NO_TIME

# Section header (4.1): type, length 28, byte-order magic, version 1.0, section length unknown, length.
SECTION = "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
SECTION_BIG = "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
# Interface description (4.2): link type 1, snapshot length 262144, no options.
ETHERNET = "01000000 14000000 0100 0000 00000400 14000000"
ETHERNET_BIG = "00000001 00000014 0001 0000 00040000 00000014"
# Enhanced packet (4.3) on interface 0: 1,577,836,800,000,005 µs is 0x00059b08c1fa4005; 2 of 60 octets, padded to 4.
ENHANCED = "06000000 24000000 00000000 089b0500 0540fac1 02000000 3c000000 aabb0000 24000000"
ENHANCED_BIG = "00000006 00000024 00000000 00059b08 c1fa4005 00000002 0000003c aabb0000 00000024"
NEW_YEAR_NS = 1_577_836_800 * 10**9


def interface(options: str, *, length: str) -> str:
    return f"01000000 {length} 0100 0000 00000400 {options} 00000000 {length}"


def at_resolution(octet: str) -> str:
    # Option 9, if_tsresol, one octet.
    return interface(f"0900 0100 {octet}000000", length="20000000")


@pytest.mark.parametrize("blocks", [(SECTION, ETHERNET, ENHANCED), (SECTION_BIG, ETHERNET_BIG, ENHANCED_BIG)])
def test_pcapng__enhanced_packet_is_read_in_both_byte_orders(read, blocks):
    found = read(*blocks)

    assert [(p.octets, p.wire_len, p.time_ns, p.interface, p.link_type) for p in found.packets] == [
        (b"\xaa\xbb", 60, NEW_YEAR_NS + 5_000, 0, 1)
    ]
    assert (found.status, found.accounting.format, found.accounting.link_types) == ("ok", "pcapng", {1})


def test_pcapng__accounts_for_every_octet(read):
    found = read(SECTION, ETHERNET, ENHANCED, ENHANCED)

    assert found.accounting.octets == {"header": 28, "records": 72, "other": 20, "skipped": 0}


def test_pcapng__new_section_may_change_the_byte_order(read):
    found = read(SECTION, ETHERNET, ENHANCED, SECTION_BIG, ETHERNET_BIG, ENHANCED_BIG)

    assert [p.wire_len for p in found.packets] == [60, 60]


def test_pcapng__new_section_numbers_its_interfaces_anew(read):
    # The second section's interface 0 is of link type 101 (raw IP).
    raw = "01000000 14000000 6500 0000 00000400 14000000"
    found = read(SECTION, ETHERNET, ENHANCED, SECTION, raw, ENHANCED)

    assert [p.link_type for p in found.packets] == [1, 101]
    assert found.accounting.link_types == {1, 101}


def test_pcapng__packets_belong_to_the_interface_they_name(read):
    raw = "01000000 14000000 6500 0000 00000400 14000000"
    second = ENHANCED.replace("24000000 00000000 089b", "24000000 01000000 089b")
    found = read(SECTION, ETHERNET, raw, second, ENHANCED)

    assert [(p.interface, p.link_type) for p in found.packets] == [(1, 101), (0, 1)]


def test_pcapng__simple_packet_has_no_time_and_is_snapped(read):
    # 4.4: the captured length is the smaller of the length and the snapshot length, here 3 of 60.
    snapped = "01000000 14000000 0100 0000 03000000 14000000"
    found = read(SECTION, snapped, "03000000 14000000 3c000000 aabbcc00 14000000")

    assert [(p.octets, p.wire_len, p.time_ns, p.interface) for p in found.packets] == [
        (b"\xaa\xbb\xcc", 60, NO_TIME, 0)
    ]


def test_pcapng__simple_packet_shorter_than_the_snapshot_length_is_as_long_as_it_says(read):
    found = read(SECTION, ETHERNET, "03000000 14000000 02000000 aabb0000 14000000")

    assert found.packets[0].octets == b"\xaa\xbb"


def test_pcapng__obsolete_packet_block_is_read(read):
    # Appendix: interface and drops in 16 bits each, then as the enhanced packet.
    found = read(SECTION, ETHERNET, "02000000 24000000 0000 0700 089b0500 0540fac1 02000000 3c000000 aabb0000 24000000")

    assert [(p.octets, p.time_ns, p.interface) for p in found.packets] == [(b"\xaa\xbb", NEW_YEAR_NS + 5_000, 0)]


@pytest.mark.parametrize("kind", ["ad0b0000", "ad0b0040", "09000000", "ffffff7f", "05000000"])
def test_pcapng__other_blocks_are_passed(read, kind):
    found = read(SECTION, ETHERNET, kind, "10000000 deadbeef 10000000", ENHANCED)

    assert (found.status, len(found.packets), found.accounting.octets["other"]) == ("ok", 1, 36)


@pytest.mark.parametrize(
    ("resolution", "ticks", "time_ns"),
    [
        ("00", "00000000 00e10b5e", NEW_YEAR_NS),  # seconds
        ("03", "6f010000 00e8665e", NEW_YEAR_NS),  # milliseconds
        ("09", "359ae515 05008ab9", NEW_YEAR_NS + 5),  # nanoseconds
        ("0c", "01000000 00000000", 2**32 // 1000),  # picoseconds, rounded down
        ("13", "ffffffff ffffffff", (2**64 - 1) // 10**10),  # the finest that libpcap takes
        ("80", "00000000 00e10b5e", NEW_YEAR_NS),  # 2^0
        ("81", "00000000 03000000", 1_500_000_000),  # halves
        ("a0", "01000000 00000080", 1_500_000_000),  # 2^-32, as NTP has it
        ("bf", "ffffffff ffffffff", 1_999_999_999),  # 2^-63
    ],
)
def test_pcapng__time_is_in_the_resolution_of_its_interface(read, resolution, ticks, time_ns):
    found = read(SECTION, at_resolution(resolution), ENHANCED.replace("089b0500 0540fac1", ticks))

    assert found.packets[0].time_ns == time_ns


@pytest.mark.parametrize(
    ("resolution", "ticks"),
    [
        ("14", "00000000 01000000"),  # 10^-20
        ("7f", "00000000 01000000"),
        ("c0", "00000000 01000000"),  # 2^-64
        ("ff", "00000000 01000000"),
        ("00", "02000000 0080c125"),  # 9,223,372,800 s are past 2262-04-11
        ("06", "ffffffff ffffffff"),
        ("09", "00000080 00000000"),  # 2^63 ns is one more than fits
        ("80", "ffffffff ffffffff"),
    ],
)
def test_pcapng__time_that_cannot_be_represented_is_none(read, resolution, ticks):
    found = read(SECTION, at_resolution(resolution), ENHANCED.replace("089b0500 0540fac1", ticks))

    assert (found.packets[0].time_ns, found.status) == (NO_TIME, "ok")


@pytest.mark.parametrize(("offset", "seconds"), [("100e000000000000", 3600), ("f0f1ffffffffffff", -3600)])
def test_pcapng__offset_of_time_is_signed(read, offset, seconds):
    # Option 14, if_tsoffset, eight octets.
    found = read(SECTION, interface(f"0e00 0800 {offset}", length="24000000"), ENHANCED)

    assert found.packets[0].time_ns == NEW_YEAR_NS + 5_000 + seconds * 10**9


@pytest.mark.parametrize("offset", ["ffffffffffffff7f", "0000000000000080"])
def test_pcapng__offset_that_overflows_gives_no_time(read, offset):
    found = read(SECTION, interface(f"0e00 0800 {offset}", length="24000000"), ENHANCED)

    assert found.packets[0].time_ns == NO_TIME


@pytest.mark.parametrize(("number", "kept"), [("05000000", 5), ("ffff0000", 65_535), ("00000100", NO_NUMBER)])
def test_pcapng__packet_on_an_interface_never_described_is_kept(read, number, kept):
    block = ENHANCED.replace("24000000 00000000 089b", f"24000000 {number} 089b")
    found = read(SECTION, ETHERNET, block)

    packet = found.packets[0]
    assert (packet.octets, packet.interface, packet.link_type, packet.time_ns) == (
        b"\xaa\xbb",
        kept,
        NO_NUMBER,
        NO_TIME,
    )


def test_pcapng__more_interfaces_than_first_expected_are_kept(read):
    block = ENHANCED.replace("24000000 00000000 089b", "24000000 c7000000 089b")
    found = read(SECTION, ETHERNET * 199, "01000000 14000000 6500 0000 00000400 14000000", block)

    assert (found.packets[0].interface, found.packets[0].link_type) == (199, 101)


@pytest.mark.parametrize(
    "block",
    [
        "06000000 0b000000",  # shorter than any block
        "06000000 1c000000 00000000 089b0500 0540fac1 02000000 1c000000",  # shorter than its type requires
        "06000000 24000000 00000000 089b0500 0540fac1 05000000 3c000000 aabb0000 24000000",  # packet beyond the block
        "06000000 24000000 00000000 089b0500 0540fac1 ffffffff 3c000000 aabb0000 24000000",
        "06000000 fcffffff 00000000 089b0500 0540fac1 02000000 3c000000 aabb0000 fcffffff",  # length of 4 GiB
        "06000000 24000000 00000000 089b0500",  # cut off
        "0a0d0d0a 1c000000 00000000 0100 0000 ffffffffffffffff 1c000000",  # section without byte-order magic
        "0a0d0d0a 1c000000 4d3c2b1a 0200 0000 ffffffffffffffff 1c000000",  # section of version 2
    ],
)
def test_pcapng__bad_block_leaves_the_packets_before(read, block):
    found = read(SECTION, ETHERNET, ENHANCED, block)

    assert (found.status, len(found.packets)) == ("partial", 1)
    assert found.accounting.problems[0].offset == 84
    assert found.accounting.octets["skipped"] == len(bytes.fromhex(block))


def test_pcapng__length_that_leaves_out_the_padding_is_read(read):
    # Seen in old .ntar files: 34 in both lengths where the block takes 36 octets.
    found = read(SECTION, ETHERNET, ENHANCED.replace("24000000", "22000000"), ENHANCED)

    assert (found.status, len(found.packets)) == ("ok", 2)


def test_pcapng__comments_are_kept_as_text(read):
    # Option 1, opt_comment, "héllo" in UTF-8, in the section header.
    section = "0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff 0100 0600 68c3a96c6c6f0000 00000000 2c000000"
    # "a" in the enhanced packet block, after its packet.
    packet = (
        "06000000 30000000 00000000 089b0500 0540fac1 02000000 3c000000 aabb0000 0100 0100 61000000 00000000 30000000"
    )
    found = read(section, ETHERNET, packet)

    assert found.accounting.notes == {"comments": ["héllo", "a"], "n_comments": 2}


def test_pcapng__comments_beyond_the_limit_are_counted(read):
    packet = (
        "06000000 30000000 00000000 089b0500 0540fac1 02000000 3c000000 aabb0000 0100 0100 61000000 00000000 30000000"
    )
    found = read(SECTION, ETHERNET, packet * 300)

    assert (len(found.accounting.notes["comments"]), found.accounting.notes["n_comments"]) == (100, 300)
    assert len(found.packets) == 300


def test_pcapng__names_are_kept_by_address(read):
    # Name resolution (4.5): 192.0.2.1 is a and b; 2001:db8::1 is c; end of records.
    block = (
        "04000000 34000000 0100 0800 c0000201 61006200 0200 1200 20010db8000000000000000000000001 6300 0000"
        "0000 0000 34000000"
    )
    found = read(SECTION, block)

    assert found.accounting.notes == {"names": {"192.0.2.1": ["a", "b"], "2001:db8::1": ["c"]}}


def test_pcapng__secrets_are_counted_and_not_copied(read):
    # Decryption secrets (4.7): TLS key log, four octets.
    found = read(SECTION, "0a000000 18000000 4b534c54 04000000 70617373 18000000")

    assert found.accounting.notes == {"n_secrets": 1}


def test_pcapng__section_header_cut_off_is_partial(read):
    found = read("0a0d0d0a 1c000000 4d3c2b1a")

    assert (found.status, found.accounting.octets["skipped"]) == ("partial", 12)


def test_pcapng__name_blocks_beyond_the_limit_are_passed_and_counted(read):
    # 1,000 blocks without a record, then one with a name.
    found = read(SECTION, "04000000 0c000000 0c000000" * 1000, "04000000 18000000 0100 0600 c0000201 61000000 18000000")

    assert (found.status, found.accounting.notes) == ("ok", {"n_name_blocks_cut": 1})


@pytest.mark.parametrize("window_octets", [4096, 1 << 20])
def test_pcapng__name_blocks_beyond_the_limits_are_counted(read, window_octets):
    # Name resolution (4.5): one name of 10.0.x.y in each block.
    names = b"".join(
        bytes.fromhex(f"04000000 1c000000 0100 0600 0a00 {k:04x} 6100 0000 00000000 1c000000") for k in range(1030)
    )
    found = read(SECTION, ETHERNET, names, window_octets=window_octets)

    assert (len(found.accounting.notes["names"]), found.accounting.notes["n_name_blocks_cut"]) == (1000, 30)
