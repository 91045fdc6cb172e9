"""Damage to pcap files that once went unseen, or cost more than it had to: the smallest captures that show it."""

import struct

import pytest

from batchgraph.capture.index import REPAIRED, SOUND, SUSPECT
from batchgraph.capture.reader import open_capture
from tests.capture.udp_records import HEADER, frame, record, records


@pytest.fixture
def salvage(write):
    def write_and_read(*parts: bytes):
        packets = []
        for window in open_capture(write(HEADER, *parts)).windows():
            for at, captured, trust in zip(window.index.offset, window.index.cap_len, window.index.trust, strict=True):
                packets.append((window.octets[at : at + captured].tobytes(), int(trust)))
        return packets

    return write_and_read


def test_mend_pcap__zeros_over_the_length_on_the_wire_and_the_packet_make_it_suspect(salvage):
    damaged = record(5, frame(5, b"\x01" * 60), wire=0)
    packets = salvage(records(0, 5), damaged[:16] + bytes(20) + damaged[36:], records(6, 12))

    assert [trust for _, trust in packets] == [SOUND] * 5 + [SUSPECT] + [SOUND] * 6


def test_mend_pcap__zeros_over_a_time_and_what_is_before_it_make_both_packets_suspect(salvage):
    packets = salvage(records(0, 5), record(5)[:-20] + bytes(20), bytes(8) + record(6)[8:], records(7, 12))

    assert [trust for _, trust in packets] == [SOUND] * 5 + [SUSPECT] * 2 + [SOUND] * 5


def test_mend_pcap__damage_that_begins_before_a_time_makes_the_packet_before_suspect(salvage):
    damaged = b"\xee" * 4 + record(6)[4:8] + b"\xee\xee" + record(6)[10:]
    packets = salvage(records(0, 5), record(5)[:-20] + b"\xee" * 20, damaged, records(7, 12))

    assert [trust for _, trust in packets] == [SOUND] * 5 + [SUSPECT, REPAIRED] + [SOUND] * 5


def test_mend_pcap__rest_of_a_packet_that_looks_like_a_record_is_none(salvage):
    # Behind 93 octets of the packet stands what reads as a record of one octet, which leads right to the next.
    octets = frame(5, (b"\0\0\0\1" * 16)[3:] + b"\0\0\0")[:110]
    octets = octets[:93] + struct.pack("<4I", 1000, 1000, 1, 1) + b"\0"
    packets = salvage(records(0, 5), record(5, octets, captured=93), records(6, 12))

    assert packets[5] == (octets, REPAIRED)
    assert [octets for octets, _ in packets[6:]] == [frame(number) for number in range(6, 12)]


def test_mend_pcap__records_at_the_end_are_found_where_octets_are_missing_before_them(salvage):
    carrier = record(5, frame(5, b"\xab" * 1000))
    packets = salvage(records(0, 5), carrier[:-700], records(6, 9))

    assert [octets for octets, _ in packets if len(octets) == len(frame(0))] == [
        frame(number) for number in (0, 1, 2, 3, 4, 6, 7, 8)
    ]


def test_mend_pcap__packet_that_is_cut_off_stays_so(salvage):
    packets = salvage(records(0, 5), record(5, frame(5, b"\xab" * 1000))[:-700])

    assert [octets for octets, _ in packets] == [frame(number) for number in range(5)]


def test_mend_pcap__arp_request_whose_length_on_the_wire_is_larger_is_found_behind_a_gap(salvage):
    # RFC 826: hardware type 1, protocol type 0x0800, lengths 6 and 4, request.
    request = b"\xff" * 6 + bytes(6) + bytes.fromhex("0806 0001 0800 06 04 0001") + bytes(38)
    packets = salvage(records(0, 5), b"\xee" * 99, record(5, request, wire=455), records(6, 12))

    assert request in [octets for octets, _ in packets]


def test_mend_pcap__numbers_that_lead_over_records_to_another_are_none(salvage):
    # Of another age, and longer on the wire than a packet can be.
    swallowed = records(6, 40)
    packets = salvage(records(0, 5), struct.pack("<4I", 18_357_529, 41, len(swallowed), 1 << 25), records(6, 60))

    assert [octets for octets, _ in packets] == [frame(number) for number in (*range(5), *range(6, 60))]


def test_mend_pcap__packet_of_another_age_that_carries_records_to_its_end_is_one(salvage):
    carrier = frame(5, records(6, 40))
    late = struct.pack("<4I", 18_357_529, 41, len(carrier), len(carrier)) + carrier
    packets = salvage(records(0, 5), late, records(6, 60))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(5)] + [carrier] + [
        frame(number) for number in range(6, 60)
    ]


def test_mend_pcap__length_that_the_packet_proves_is_not_mended_by_that_on_the_wire(salvage):
    # The length on the wire leads to the records that the next packet carries, whose own record is lost.
    carrier = frame(6, records(1000, 1010))
    wire = len(frame(5)) + 16 + carrier.index(record(1000))
    packets = salvage(records(0, 5), record(5, wire=wire), b"\xee" * 16 + carrier, records(7, 40))

    assert [octets for octets, trust in packets if trust != SUSPECT and octets not in map(frame, range(40))] == []
    assert {frame(number) for number in (*range(6), *range(7, 40))} <= {octets for octets, _ in packets}


@pytest.mark.parametrize("n_zeros", [*range(1, 40), 63, 64, 65, 127, 128, 1000, 1 << 20])
def test_mend_pcap__records_behind_any_number_of_zeros_are_found(salvage, n_zeros):
    packets = salvage(records(0, 5), bytes(n_zeros), records(5, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
