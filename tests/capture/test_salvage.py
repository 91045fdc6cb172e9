"""What is read behind damage, and what is said of it."""

import struct

import pytest

from batchgraph.capture.index import NO_NUMBER, REPAIRED, SOUND, SUSPECT
from batchgraph.capture.reader import open_capture
from batchgraph.capture.salvage import MAX_GAPS
from tests.capture import udp_records
from tests.capture.udp_records import HEADER, NEW_YEAR, records


def frame(number: int, payload: bytes = b"") -> bytes:
    return udp_records.frame(number, b"payload " * 4 + payload)


def record(number: int, payload: bytes = b"", *, captured: int | None = None, wire: int | None = None) -> bytes:
    return udp_records.record(number, frame(number, payload), captured=captured, wire=wire)


@pytest.fixture
def salvage(write):
    def write_and_read(*parts: bytes, window_octets: int = 1 << 20):
        reader = open_capture(write(*parts), window_octets=window_octets)
        packets = []
        for window in reader.windows():
            index = window.index
            for k in range(len(index)):
                start = int(index.offset[k])
                packets.append((window.octets[start : start + int(index.cap_len[k])].tobytes(), int(index.trust[k])))
        return packets, reader.accounting

    return write_and_read


@pytest.mark.parametrize("length", [3_221_225_472, 200_000, 10, 74, 79])
def test_salvage__wrong_captured_length_is_mended_by_that_on_the_wire(salvage, length):
    packets, accounting = salvage(HEADER, records(0, 5), record(5, captured=length), records(6, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert [trust for _, trust in packets] == [SOUND] * 5 + [REPAIRED] + [SOUND] * 6
    assert (accounting.status, accounting.octets["skipped"]) == ("salvaged", 0)


def test_salvage__both_lengths_wrong_are_mended_by_the_packet(salvage):
    packets, _ = salvage(HEADER, records(0, 5), record(5, captured=10, wire=11), records(6, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert packets[5][1] == REPAIRED


def test_salvage__noise_between_records_is_skipped(salvage):
    packets, accounting = salvage(HEADER, records(0, 5), b"\xab" * 333, records(5, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert accounting.octets["skipped"] == 333
    assert (accounting.problems[0].offset, accounting.problems[0].lost) == (24 + 5 * 94, "333 octets")


def test_salvage__packets_right_behind_a_gap_are_suspect(salvage):
    packets, _ = salvage(HEADER, records(0, 5), b"\xab" * 333, records(5, 12))

    assert packets[5][1] == SUSPECT


def test_salvage__zeros_at_the_end_are_no_packets(salvage):
    packets, accounting = salvage(HEADER, records(0, 5), bytes(1600))

    assert len(packets) == 5
    assert accounting.problems[0].what == "a run of 1,600 zeros"
    assert (accounting.status, accounting.octets["skipped"]) == ("partial", 1600)


def test_salvage__zeros_in_the_middle_are_a_gap(salvage):
    packets, accounting = salvage(HEADER, records(0, 5), bytes(1600), records(5, 9))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(9)]
    assert (accounting.status, accounting.octets["skipped"]) == ("salvaged", 1600)


def test_salvage__gap_larger_than_what_is_looked_at_is_passed(salvage):
    packets, accounting = salvage(HEADER, records(0, 5), b"\xab" * 3_000_000, records(5, 9))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(9)]
    assert accounting.octets["skipped"] == 3_000_000


def test_salvage__capture_in_a_payload_is_not_taken_for_records(salvage):
    inside = HEADER + b"".join(record(number) for number in range(1000, 1020))
    packets, _ = salvage(HEADER, records(0, 5), record(5, inside, captured=7), records(6, 12))

    assert [octets for octets, _ in packets] == [
        *(frame(number) for number in range(5)),
        frame(5, inside),
        *(frame(number) for number in range(6, 12)),
    ]


def test_salvage__capture_in_a_payload_without_its_packet_is_not_trusted(salvage):
    inside = b"".join(record(number) for number in range(1000, 1020))
    carrier = record(5, inside)
    packets, _ = salvage(HEADER, records(0, 5), b"\xab" * 80, carrier[80:], records(6, 12))
    trusted = {octets for octets, trust in packets if trust != SUSPECT}

    assert not trusted & {frame(number) for number in range(1000, 1020)}


def test_salvage__odd_lengths_are_no_damage_where_the_next_record_follows(salvage):
    # Seen in real captures: nothing captured of 262,144 octets, four octets captured of none.
    empty = struct.pack("<4I", NEW_YEAR + 4, 5, 0, 262_144)
    more = struct.pack("<4I", NEW_YEAR + 4, 6, 4, 0) + bytes(4)
    packets, accounting = salvage(HEADER, records(0, 5), empty, more, records(5, 9))

    assert [len(octets) for octets, _ in packets[5:7]] == [0, 4]
    assert ([trust for _, trust in packets], accounting.status) == ([SOUND] * 11, "ok")


def test_salvage__clock_set_back_is_no_damage(salvage):
    packets, accounting = salvage(HEADER, records(100_000, 100_005), records(0, 5))

    assert [trust for _, trust in packets] == [SOUND] * 10
    assert accounting.status == "ok"


def test_salvage__file_behind_another_is_read(salvage):
    big = bytes.fromhex("a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001")
    octets = frame(7)
    other = struct.pack(">4I", NEW_YEAR, 7, len(octets), len(octets)) + octets
    packets, accounting = salvage(HEADER, records(0, 5), big, other)

    assert packets[5] == (octets, SOUND)
    assert (accounting.problems[0].what, accounting.octets["header"]) == ("another pcap file begins here", 48)


@pytest.mark.parametrize("head", [bytes(24), b"\xff" * 24, b"\0\0\0\0" + HEADER[4:]])
def test_salvage__destroyed_file_header_is_inferred(salvage, head):
    packets, accounting = salvage(head, records(0, 12))

    assert packets == [(frame(number), REPAIRED) for number in range(12)]
    assert (accounting.format, accounting.link_types, accounting.status) == ("pcap", {1}, "salvaged")
    assert "little-endian, microseconds and link type 1 were inferred" in accounting.problems[0].what


def test_salvage__head_cut_off_is_inferred(salvage):
    packets, _ = salvage(records(0, 12)[50:])

    assert [octets for octets, _ in packets] == [frame(number) for number in range(1, 12)]


def test_salvage__octets_without_records_are_no_capture(salvage):
    packets, accounting = salvage(bytes(range(1, 251)) * 100)

    assert (packets, accounting.status) == ([], "unsupported")


def test_salvage__text_mode_is_undone_and_named(salvage):
    sound = HEADER + b"".join(record(number, b"\n\r\n\n") for number in range(12))
    packets, accounting = salvage(sound.replace(b"\n", b"\r\n"))

    assert packets == [(frame(number, b"\n\r\n\n"), REPAIRED) for number in range(12)]
    assert (accounting.format, accounting.status) == ("text-mode:pcap", "salvaged")


def test_salvage__damage_beyond_the_limit_is_counted(salvage):
    parts = [records(10 * k, 10 * k + 10) + b"\xab" * 40 for k in range(MAX_GAPS + 5)]
    packets, accounting = salvage(HEADER, *parts, records(5000, 5010))

    assert len(packets) == 10 * (MAX_GAPS + 6)
    assert len(accounting.problems) == MAX_GAPS + 1
    assert accounting.problems[-1].what.startswith("5 more damaged places")


@pytest.mark.parametrize("window_octets", [1, 16, 64, 1000, 70_000])
def test_salvage__does_not_depend_on_windows(salvage, window_octets):
    inside = b"".join(record(number) for number in range(1000, 1020))
    parts = (
        HEADER,
        records(0, 50),
        b"\xab" * 500,
        record(50, inside)[30:],
        records(51, 90),
        bytes(900),
        records(90, 99),
    )

    assert salvage(*parts, window_octets=window_octets)[0] == salvage(*parts)[0]


# Section header, interface description (draft-ietf-opsawg-pcapng, sections 4.1 and 4.2).
SECTION = bytes.fromhex("0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000")
ETHERNET = bytes.fromhex("01000000 14000000 0100 0000 00000400 14000000")


def block(number: int, *, length: int | None = None, captured: int | None = None) -> bytes:
    # Enhanced packet block (section 4.3): the ticks are microseconds.
    octets = frame(number)
    padded = octets + bytes(-len(octets) % 4)
    total, ticks = 32 + len(padded), (NEW_YEAR + number) * 1_000_000
    lengths = (len(octets) if captured is None else captured, len(octets))
    head = struct.pack("<7I", 6, total if length is None else length, 0, ticks >> 32, ticks & 0xFFFFFFFF, *lengths)
    return head + padded + struct.pack("<I", total)


def blocks(first: int, last: int) -> bytes:
    return b"".join(block(number) for number in range(first, last))


@pytest.mark.parametrize("length", [0, 12, 60, 1_000_000, 0xFFFFFFFC])
def test_salvage__wrong_length_of_a_block_is_mended(salvage, length):
    packets, accounting = salvage(SECTION, ETHERNET, blocks(0, 5), block(5, length=length), blocks(6, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert [trust for _, trust in packets] == [SOUND] * 5 + [REPAIRED] + [SOUND] * 6
    assert (accounting.status, accounting.octets["skipped"]) == ("salvaged", 0)


def test_salvage__wrong_second_length_of_a_block_is_mended(salvage):
    packets, _ = salvage(SECTION, ETHERNET, blocks(0, 5), block(5)[:-4], b"\xff" * 4, blocks(6, 12))

    assert [trust for _, trust in packets] == [SOUND] * 5 + [REPAIRED] + [SOUND] * 6


@pytest.mark.parametrize("captured", [0xFFFFFFFF, 300, 20])
def test_salvage__wrong_captured_length_in_a_good_block_is_mended(salvage, captured):
    packets, _ = salvage(SECTION, ETHERNET, blocks(0, 5), block(5, captured=captured), blocks(6, 12))

    assert packets[5] == (frame(5), REPAIRED)


def test_salvage__noise_between_blocks_is_skipped(salvage):
    packets, accounting = salvage(SECTION, ETHERNET, blocks(0, 5), b"\xab" * 333, blocks(5, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert accounting.octets["skipped"] == 333


def test_salvage__lost_section_is_inferred(salvage):
    packets, accounting = salvage(b"\xff" * 48, blocks(0, 12))

    assert packets == [(frame(number), REPAIRED) for number in range(12)]
    assert (accounting.format, accounting.link_types) == ("pcapng", {1})


def test_salvage__lost_section_before_an_interface_leaves_that(salvage):
    raw = bytes.fromhex("01000000 14000000 6500 0000 00000400 14000000")
    _, accounting = salvage(bytes(28), raw, blocks(0, 12))

    assert accounting.link_types == {101}


def test_salvage__link_type_that_packets_do_not_show_is_none(write):
    # Frames of an Ethernet type that nothing is known of, LLDP.
    octets = bytes(12) + b"\x88\xcc" + bytes(range(60))
    parts = [struct.pack("<4I", NEW_YEAR + k, k, len(octets), len(octets)) + octets for k in range(20)]
    reader = open_capture(write(bytes(24), *parts))
    link_types = [int(number) for window in reader.windows() for number in window.index.link_type]

    assert link_types == [NO_NUMBER] * 20
