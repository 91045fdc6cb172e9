"""Damage to pcapng files that once went unseen, or cost more than it had to: the smallest captures that show it."""

import struct

import pytest

from batchgraph.capture.index import REPAIRED, SOUND, SUSPECT
from batchgraph.capture.reader import open_capture
from tests.capture.udp_records import NEW_YEAR, frame

# Section header, interface description (draft-ietf-opsawg-pcapng, sections 4.1 and 4.2).
HEAD = bytes.fromhex("0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000")
HEAD += bytes.fromhex("01000000 14000000 0100 0000 00000400 14000000")


def block(number: int, octets: bytes | None = None, *, order: str = "<") -> bytes:
    # Enhanced packet block (section 4.3): the ticks are microseconds.
    octets = frame(number) if octets is None else octets
    padded = octets + bytes(-len(octets) % 4)
    total, ticks = 32 + len(padded), (NEW_YEAR + number) * 1_000_000
    numbers = (6, total, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(octets), len(octets))
    return struct.pack(order + "7I", *numbers) + padded + struct.pack(order + "I", total)


def blocks(first: int, last: int, *, order: str = "<") -> bytes:
    return b"".join(block(number, order=order) for number in range(first, last))


@pytest.fixture
def salvage(write):
    def write_and_read(*parts: bytes):
        packets = []
        for window in open_capture(write(*parts)).windows():
            for at, captured, trust in zip(window.index.offset, window.index.cap_len, window.index.trust, strict=True):
                packets.append((window.octets[at : at + captured].tobytes(), int(trust)))
        return packets

    return write_and_read


def test_mend_pcapng__damage_over_the_end_of_a_block_and_the_next_type_makes_the_packet_suspect(salvage):
    packets = salvage(HEAD, blocks(0, 5), block(5)[:-12] + b"\xee" * 12, b"\xee" * 4 + block(6)[4:], blocks(7, 12))

    assert [trust for _, trust in packets[:6]] == [SOUND] * 5 + [SUSPECT]


def test_mend_pcapng__second_length_that_is_another_blocks_makes_the_packet_suspect(salvage):
    # A deletion from one packet into another leads to the next block where it took as many octets as were between.
    whole = block(5)
    packets = salvage(HEAD, blocks(0, 5), whole[:-4] + struct.pack("<I", 64), blocks(6, 12))

    assert [trust for _, trust in packets[:6]] == [SOUND] * 5 + [SUSPECT]


def test_mend_pcapng__one_wrong_bit_of_the_second_length_leaves_what_is_behind_it_sound(salvage):
    whole = block(5)
    said = len(whole) ^ 4
    packets = salvage(HEAD, blocks(0, 5), whole[:-4] + struct.pack("<I", said), blocks(6, 12))

    assert [trust for _, trust in packets] == [SOUND] * 5 + [SUSPECT] + [SOUND] * 6


def test_mend_pcapng__blocks_at_the_end_are_found_where_octets_are_missing_before_them(salvage):
    packets = salvage(HEAD, blocks(0, 5), block(5, frame(5, b"\xab" * 1000))[:-700], blocks(6, 9))

    assert [octets for octets, _ in packets] == [frame(number) for number in (0, 1, 2, 3, 4, 6, 7, 8)]


def test_mend_pcapng__capture_of_the_other_byte_order_does_not_stand_for_a_lost_section(salvage):
    # What is left of a packet that carried blocks begins the file.
    packets = salvage(blocks(1000, 1008), b"\xee" * 6, blocks(0, 12, order=">"))

    assert {frame(number) for number in range(12)} <= {octets for octets, _ in packets}


def test_mend_pcapng__length_that_leads_to_a_later_block_is_mended_by_the_end_of_its_own(salvage):
    damaged = struct.pack("<2I", 6, len(blocks(5, 9))) + block(5)[8:]
    packets = salvage(HEAD, blocks(0, 5), damaged, blocks(6, 12))

    assert packets == [(frame(number), REPAIRED if number == 5 else SOUND) for number in range(12)]


def test_mend_pcapng__length_off_by_8_that_is_that_of_the_next_block_too_is_mended(salvage):
    short, longer = frame(5), frame(6, b"payload " * 5)
    damaged = struct.pack("<2I", 6, len(block(5, short)) + 8) + block(5, short)[8:]
    packets = salvage(HEAD, blocks(0, 5), damaged, block(6, longer), blocks(7, 12))

    assert packets[5:7] == [(short, REPAIRED), (longer, SOUND)]
    assert len(packets) == 12
