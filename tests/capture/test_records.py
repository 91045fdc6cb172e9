"""What is taken for a record of a classic pcap file, and what is not."""

import struct

import pytest

from batchgraph.capture.index import REPAIRED, SOUND, SUSPECT
from batchgraph.capture.reader import open_capture

# Magic, version 2.4, time zone, accuracy, snapshot length 262144, link type 1 (Ethernet).
HEADER = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")


def frame(payload: bytes) -> bytes:
    # Ethernet II, IPv4 (RFC 791, total length in octets 2 and 3), UDP (RFC 768).
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 28 + len(payload), 7, 0, 64, 17, 0, 0x0A000001, 0x0A000002)
    return bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", 1000, 2000, 8 + len(payload), 0) + payload


def record(octets: bytes, *, captured: int | None = None, wire: int | None = None) -> bytes:
    lengths = (len(octets) if captured is None else captured, len(octets) if wire is None else wire)
    return struct.pack("<4I", 1_577_836_800, 0, *lengths) + octets


@pytest.fixture
def packets(write):
    def read_packets(*parts: bytes) -> list[tuple[bytes, int]]:
        read = []
        for window in open_capture(write(HEADER, *parts)).windows():
            index = window.index
            for at, captured, trust in zip(index.offset, index.cap_len, index.trust, strict=True):
                read.append((window.octets[at : at + captured].tobytes(), int(trust)))
        return read

    return read_packets


WHOLE = [record(frame(b"whole %d" % number)) for number in range(4)]


@pytest.mark.parametrize("behind", [b"".join(WHOLE), b""])
def test_record__end_of_a_packet_is_no_record_without_octets(packets, behind):
    # Its captured length lost the 16: what remains is a UDP header and 8 octets, captured length 0, on the wire a lot.
    octets = frame(struct.pack(">Q", 5388))

    assert packets(*WHOLE, record(octets, captured=34), behind)[4] == (octets, REPAIRED)


def test_record__end_of_a_packet_whose_length_nothing_tells_is_no_record(packets):
    # The same of a packet that was cut off when it was captured.
    octets = frame(bytes(395))[:64] + struct.pack("<4I", 613, 744_640, 0, 0)
    read = packets(*WHOLE, record(octets, captured=64, wire=437), *WHOLE)

    assert b"" not in [packet for packet, _ in read]
    assert [packet for packet, trust in read if trust != SUSPECT and packet == octets[:64]] == []
    assert [trust for _, trust in read[:4]] == [SOUND] * 4


def test_record__before_zeros_that_reach_into_the_next_header_is_suspect(packets):
    # Zeros over the last 20 octets of a packet and the first 10 of the next record: its time, and its captured length.
    octets, after = frame(b"\xab" * 40), record(frame(b"after"))
    read = packets(*WHOLE, record(octets)[:-20], bytes(30), after[10:], *WHOLE)

    assert read[4] == (octets[:-20] + bytes(20), SUSPECT)
    assert read[5] == (frame(b"after"), REPAIRED)


def test_record__that_claims_the_whole_next_one_is_mended(packets):
    # Its captured length gained 64, which is what the next record has with its header.
    octets, after = frame(b"\xab" * 100), frame(b"\xcd" * 6)
    read = packets(*WHOLE, record(octets, captured=len(octets) + 64), record(after), *WHOLE)

    assert read[4:6] == [(octets, REPAIRED), (after, SOUND)]


def test_record__whose_whole_time_is_damaged_is_suspect_with_that_before(packets):
    # Noise over the last octets of a packet, and over the time of the next record.
    octets, after = frame(b"\xab" * 40), frame(b"after")
    marred = octets[:-8] + b"\xee" * 8
    read = packets(*WHOLE, record(marred), b"\xee" * 8, record(after)[8:], *WHOLE)

    assert read[3:7] == [(frame(b"whole 3"), SOUND), (marred, SUSPECT), (after, SUSPECT), (frame(b"whole 0"), SOUND)]


def test_record__whose_lengths_are_in_a_run_of_zeros_is_no_packet(packets):
    zeros = struct.pack("<4I", 1_577_836_800, 0, 0, 0) + bytes(300)

    assert [octets for octets, _ in packets(*WHOLE, zeros, *WHOLE)] == [frame(b"whole %d" % k) for k in range(4)] * 2
