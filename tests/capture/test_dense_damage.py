"""Damage upon damage: a chain of records between two damaged places is not one in the payload of a packet."""

import struct

import pytest

from batchgraph.capture.index import SUSPECT
from batchgraph.capture.reader import open_capture

NEW_YEAR = 1_577_836_800

# Magic, version 2.4, time zone, accuracy, snapshot length 262144, link type 1 (Ethernet).
PCAP = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")
# Section header, interface description (draft-ietf-opsawg-pcapng, sections 4.1 and 4.2).
PCAPNG = bytes.fromhex("0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000")
PCAPNG += bytes.fromhex("01000000 14000000 0100 0000 00000400 14000000")


def frame(number: int) -> bytes:
    # Ethernet II, IPv4 (RFC 791, total length in octets 2 and 3), UDP (RFC 768).
    payload = struct.pack(">I", number) + b"\xab" * 80
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 28 + len(payload), number, 0, 64, 17, 0, 0x0A000001, 0x0A000002)
    return bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", 1000, 2000, 8 + len(payload), 0) + payload


def record(number: int, seconds: int) -> bytes:
    return struct.pack("<4I", NEW_YEAR + seconds, number, 126, 126) + frame(number)


def block(number: int, seconds: int) -> bytes:
    ticks = (NEW_YEAR + seconds) * 1_000_000
    head = struct.pack("<7I", 6, 160, 0, ticks >> 32, ticks & 0xFFFFFFFF, 126, 126)
    return head + frame(number) + bytes(2) + struct.pack("<I", 160)


def between(write_one, seconds: int) -> bytes:
    """Give noise, and eight records of which the last lost 90 octets, so that its length leads into those behind it."""
    records = [write_one(number, seconds + number) for number in range(10, 18)]
    return b"\xee" * 99 + b"".join(records)[:-90]


@pytest.fixture
def numbers(write):
    def read_numbers(head: bytes, write_one, seconds: int) -> dict[int, int]:
        before = b"".join(write_one(number, number) for number in range(10))
        behind = b"".join(write_one(number, number) for number in range(20, 40))
        trusts = {}
        for window in open_capture(write(head, before, between(write_one, seconds), behind)).windows():
            for at, captured, trust in zip(window.index.offset, window.index.cap_len, window.index.trust, strict=True):
                if captured == 126:
                    octets = window.octets[at : at + captured].tobytes()
                    trusts[int.from_bytes(octets[42:46], "big")] = int(trust)
        return trusts

    return read_numbers


@pytest.mark.parametrize(("head", "write_one"), [(PCAP, record), (PCAPNG, block)])
def test_dense_damage__records_between_two_damaged_places_are_kept_and_suspect(numbers, head, write_one):
    trusts = numbers(head, write_one, 0)

    assert set(range(17)) <= set(trusts)
    assert {trusts[number] for number in range(10, 17)} == {SUSPECT}
    assert set(range(22, 40)) <= set(trusts)


@pytest.mark.parametrize(("head", "write_one"), [(PCAP, record), (PCAPNG, block)])
def test_dense_damage__records_of_another_age_there_are_those_of_a_payload(numbers, head, write_one):
    assert not set(range(10, 17)) & set(numbers(head, write_one, -86_400))


def test_record_without_octets__that_has_a_length_on_the_wire_is_kept_before_damage_that_begins_with_zeros(write):
    # From a fuzzer's capture, of which other readers read two packets: the second has none of its octets.
    first = struct.pack("<IIII", 4294943870, 23040, 300, 3599899676) + bytes(range(1, 151)) * 2
    second = struct.pack("<IIII", 16416, 0, 0, 262144)
    damage = struct.pack("<IIII", 0, 0, 3470327808, 16844826) + bytes(range(139))
    head = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")
    windows = open_capture(write(head, first, second, damage)).windows()

    assert [int(length) for window in windows for length in window.index.cap_len] == [300, 0]
