"""Captured lengths that fit their block and are damaged all the same, beside those that writers mean."""

import struct

import pytest

from batchgraph.capture.index import REPAIRED, SOUND, SUSPECT
from batchgraph.capture.reader import open_capture

# Section header, interface description (draft-ietf-opsawg-pcapng, sections 4.1 and 4.2): Ethernet, no snapshot length.
HEAD = bytes.fromhex("0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000")
HEAD += bytes.fromhex("01000000 14000000 0100 0000 00000000 14000000")
END = bytes(4)
"""An end of options (section 3.5)."""


def ipv4(payload: bytes) -> bytes:
    # Ethernet II, IPv4 (RFC 791, total length in octets 2 and 3), UDP (RFC 768).
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 28 + len(payload), 7, 0, 64, 17, 0, 0x0A000001, 0x0A000002)
    return bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", 1000, 2000, 8 + len(payload), 0) + payload


def lldp(payload: bytes) -> bytes:
    return bytes(12) + b"\x88\xcc" + payload


def block(
    octets: bytes,
    *,
    captured: int | None = None,
    wire: int | None = None,
    behind: bytes = b"",
    padding: bytes = bytes(4),
) -> bytes:
    # Enhanced packet block (section 4.3).
    body = octets + padding[: -len(octets) % 4] + behind
    lengths = (len(octets) if captured is None else captured, len(octets) if wire is None else wire)
    total = 32 + len(body)
    return struct.pack("<7I", 6, total, 0, 0x590C0, 0xDCBA0000, *lengths) + body + struct.pack("<I", total)


WHOLE = block(ipv4(b"whole")) * 16


@pytest.fixture
def last(write):
    def read_last(*parts: bytes) -> tuple[bytes, int]:
        for window in open_capture(write(HEAD, *parts)).windows():
            index = window.index
            start = int(index.offset[-1])
            packet = window.octets[start : start + int(index.cap_len[-1])].tobytes(), int(index.trust[-1])
        return packet

    return read_last


@pytest.mark.parametrize(
    ("octets", "captured"),
    [
        # The rest of the packet, and its padding, look like an end of options.
        (ipv4(bytes(68)), 108),
        # They look like empty comments: code 1, length 0.
        (ipv4(bytes(2) + b"\1\0\0\0" * 15), 44),
        # As much padding would do.
        (ipv4(bytes(421)), 462),
        # The Ethernet padding of a short packet.
        (ipv4(bytes(8)) + bytes(10), 56),
    ],
)
def test_habits__captured_length_is_mended_where_the_packet_gives_that_on_the_wire(last, octets, captured):
    assert last(WHOLE, block(octets, captured=captured)) == (octets, REPAIRED)


def test_habits__captured_length_is_mended_where_padding_would_not_be_zeros(last):
    octets = lldp(b"\xab" * 93)

    assert last(WHOLE, block(octets, captured=105)) == (octets, REPAIRED)


def test_habits__more_captured_than_on_the_wire_is_suspect_where_nothing_else_speaks_for_it(last):
    octets = lldp(b"\xab" * 191)

    assert last(WHOLE, block(octets, captured=207)) == (octets + bytes(2), SUSPECT)


def test_habits__end_of_options_behind_a_cut_packet_is_suspect_where_others_have_none(last):
    octets = ipv4(bytes(1408))

    assert last(WHOLE, block(octets, captured=1448, wire=1576)) == (octets[:1448], SUSPECT)


@pytest.mark.parametrize(
    ("before", "cut"),
    [
        # A writer that ends options everywhere.
        (block(ipv4(b"whole"), behind=END) * 16, block(ipv4(bytes(28))[:68], wire=640, behind=END)),
        # Others that cut all packets off, or leave padding as it was.
        (WHOLE + block(ipv4(bytes(600))[:54], wire=642) * 16, block(ipv4(b"\xab" * 13)[:54], wire=55)),
        (block(lldp(b"\xab" * 91), padding=b"\xab" * 4) * 16, block(lldp(b"\xab" * 93), captured=105)),
        # The first packets, of which nothing usual is known yet.
        (b"", block(lldp(b"\xab" * 93), captured=105)),
        # Comments say something (section 3.5.1).
        (WHOLE, block(ipv4(bytes(10))[:44], wire=52, behind=b"\1\0\2\0no\0\0")),
        # Short packets whose padding was not captured.
        (WHOLE, block(ipv4(bytes(17)), wire=60)),
    ],
)
def test_habits__cut_packet_is_sound_where_nothing_is_strange_for_its_file(last, before, cut):
    captured = int.from_bytes(cut[20:24], "little")

    assert last(before, cut) == (cut[28 : 28 + captured], SOUND)


def test_habits__padding_of_a_cut_packet_that_would_not_be_zeros_makes_it_suspect(last):
    octets = ipv4(b"\xab" * 269)

    assert last(WHOLE, block(octets, captured=309, wire=1057)) == (octets[:309], SUSPECT)


def test_habits__what_is_neither_of_the_packet_nor_options_makes_it_suspect(last):
    # Noise over the lowest octet of the captured length, that on the wire, and the packet.
    octets = b"\xee" * 512

    assert last(WHOLE, block(octets, captured=300, wire=0xEEEEEEEE)) == (octets[:300], SUSPECT)


def test_habits__lengths_under_zeros_are_mended_by_the_packet_which_is_suspect(last):
    octets = ipv4(b"\xab" * 40)

    assert last(WHOLE, block(octets, captured=0, wire=0)) == (octets, SUSPECT)


def test_habits__zeros_in_a_block_with_room_are_no_packet(last):
    # The 17th block is zeros but for its frame.
    assert last(WHOLE, block(bytes(60), captured=0, wire=0)) == (ipv4(b"whole"), SOUND)


def test_habits__empty_packet_with_a_comment_is_sound(last):
    assert last(WHOLE, block(b"", behind=b"\1\0\2\0no\0\0" + END)) == (b"", SOUND)


def test_habits__zeros_over_the_length_on_the_wire_and_the_packet_make_it_suspect(write):
    octets = bytes(20) + b"\x01" * 60
    head = struct.pack("<7I", 6, 112, 0, 0, 1, 16, 0)
    windows = open_capture(write(HEAD, head, octets, struct.pack("<I", 112))).windows()

    assert [int(trust) for window in windows for trust in window.index.trust] == [SUSPECT]
