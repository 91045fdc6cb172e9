"""What is read of snoop files (RFC 1761) behind damage."""

import struct

import pytest

from batchgraph.capture.index import REPAIRED, SOUND, SUSPECT
from batchgraph.capture.reader import open_capture

# "snoop", version 2, datalink type 4 (Ethernet).
HEADER = "736e6f6f70000000 00000002 00000004"


def frame(number: int) -> bytes:
    # Ethernet II, IPv4 (RFC 791, total length in octets 2 and 3), UDP (RFC 768).
    payload = struct.pack(">I", number) + b"payload " * 4
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 28 + len(payload), number, 0, 64, 17, 0, 0x0A000001, 0x0A000002)
    return bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", 1000, 2000, 8 + len(payload), 0) + payload


def record(number: int, *, captured: int = 78, length: int = 104) -> str:
    return (struct.pack(">6I", 78, captured, length, 0, 1_577_836_800, number) + frame(number) + bytes(2)).hex()


def records(first: int, last: int) -> str:
    return "".join(record(number) for number in range(first, last))


@pytest.fixture
def salvage(write):
    def write_and_read(*parts: str):
        reader = open_capture(write(*(bytes.fromhex(part) for part in (HEADER, *parts))))
        packets = []
        for window in reader.windows():
            for at, captured, trust in zip(window.index.offset, window.index.cap_len, window.index.trust, strict=True):
                packets.append((window.octets[at : at + captured].tobytes(), int(trust)))
        return packets, reader.accounting

    return write_and_read


@pytest.mark.parametrize("lengths", [{"captured": 3_000_000_000}, {"length": 20}, {"length": 4_000_000_000}])
def test_snoop__impossible_length_leaves_the_other_records(salvage, lengths):
    packets, _ = salvage(records(0, 5), record(5, **lengths), records(6, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12) if number != 5]


@pytest.mark.parametrize("lengths", [{"captured": 10}, {"length": 112}])
def test_snoop__wrong_length_is_mended(salvage, lengths):
    packets, accounting = salvage(records(0, 5), record(5, **lengths), records(6, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert [trust for _, trust in packets] == [SOUND] * 5 + [REPAIRED] + [SOUND] * 6
    assert (accounting.status, accounting.octets["skipped"]) == ("salvaged", 0)


def test_snoop__records_behind_noise_are_found_and_suspect(salvage):
    packets, accounting = salvage(records(0, 5), "ab" * 333, records(5, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert [trust for _, trust in packets] == [SOUND] * 4 + [SUSPECT] * 8
    assert accounting.octets["skipped"] == 333


def test_snoop__zeros_are_no_packets(salvage):
    packets, accounting = salvage(records(0, 5), "00" * 5000, records(5, 12), "00" * 500)

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert accounting.octets["skipped"] == 5500


def test_snoop__length_that_leads_into_the_next_record_is_mended(salvage):
    # 62 octets more than the packet has, so that the next record's packet is taken for a record.
    packets, _ = salvage(records(0, 5), record(5, length=104 + 62), records(6, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert [trust for _, trust in packets] == [SOUND] * 5 + [REPAIRED] + [SOUND] * 6


def test_snoop__zeros_over_lengths_make_the_packet_before_suspect(salvage):
    packets, _ = salvage(records(0, 5), record(5)[:-48] + "00" * 24, "00" * 8 + record(6)[16:], records(7, 12))

    assert packets[5][1] == SUSPECT
    assert {frame(number) for number in (*range(5), *range(7, 12))} <= {octets for octets, _ in packets}


def test_snoop__odd_room_in_one_record_makes_it_suspect(salvage):
    roomy = record(5, length=112) + "ab" * 8
    packets, accounting = salvage(records(0, 5), roomy, records(6, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
    assert [trust for _, trust in packets][5] == SUSPECT
    assert accounting.octets["skipped"] == 0


def test_snoop__room_in_all_records_is_nothing_to_doubt(salvage):
    packets, accounting = salvage("".join(record(number, length=128) + "ab" * 24 for number in range(12)))

    assert [trust for _, trust in packets] == [SOUND] * 12
    assert accounting.status == "ok"


@pytest.mark.parametrize("n_zeros", [*range(4, 100, 4), 127, 128, 129, 1 << 20])
def test_snoop__records_behind_any_number_of_zeros_are_found(salvage, n_zeros):
    packets, _ = salvage(records(0, 5), "00" * n_zeros, records(5, 12))

    assert [octets for octets, _ in packets] == [frame(number) for number in range(12)]
