"""Parts of captures: read by themselves they give the packets, and the account, of the whole."""

import gzip
import struct
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from batchgraph.capture.reader import open_capture
from batchgraph.capture.split import MOST_PARTS, PartReader, Survey, can_be_split, part_octets
from tests.capture.test_salvage import HEADER, frame, record, records
from tests.damage.captures import FORMATS, make_capture
from tests.damage.damages import KINDS, make_damaged

SAMPLES = sorted(Path(__file__).parents[2].joinpath("sample_pcaps").glob("*.pcap*"))

SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
BIG_SECTION = struct.pack(">IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)


def interface(link_type: int, resolution: int, order: str = "<") -> bytes:
    # draft-ietf-opsawg-pcapng, section 4.2: option 9 (if_tsresol) of one octet, then the end of options.
    options = struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
    return struct.pack(order + "IIHHI", 1, 32, link_type, 0, 0) + options + struct.pack(order + "I", 32)


def enhanced(number: int, on: int = 0, order: str = "<") -> bytes:
    octets = frame(number)
    padded = octets + bytes(-len(octets) % 4)
    head = struct.pack(order + "7I", 6, 32 + len(padded), on, 5, number, len(octets), len(octets))
    return head + padded + struct.pack(order + "I", 32 + len(padded))


def packets_of(windows):
    found = []
    for window in windows:
        index = window.index
        for k in range(len(index)):
            first = int(index.offset[k])
            octets = window.octets[first : first + int(index.cap_len[k])].tobytes()
            numbers = (index.wire_len, index.time_ns, index.interface, index.link_type, index.trust)
            found.append((window.offset + first, octets, *(int(column[k]) for column in numbers)))
    return found


def parts_of(path: Path, octets: int):
    return list(Survey(path, octets).parts())


def assert_parts_are_the_whole(path: Path, sizes) -> None:
    reader = open_capture(path)
    whole = packets_of(reader.windows())
    for octets in sizes:
        survey = Survey(path, octets)
        found = []
        for part in survey.parts():
            assert part.start.packets == len(found)
            part_reader = PartReader(path, part)
            found += packets_of(part_reader.windows())
            assert part_reader.is_whole
        assert found == whole
        assert asdict(survey.accounting) == asdict(replace(reader.accounting, sha256=""))


@pytest.mark.parametrize("kind", [*FORMATS])
def test_parts__of_every_size_are_the_whole(kind, tmp_path):
    path = tmp_path / "a"
    capture = make_capture(1, kind, 30, carriers=0.2)
    path.write_bytes(capture.octets.tobytes())

    assert_parts_are_the_whole(path, range(1, len(capture.octets), 97))


def test_parts__may_begin_with_every_packet(write):
    path = write(HEADER, records(0, 20))

    parts = parts_of(path, 1)

    # Behind the last but one the reader sees the end of the file, and gives both.
    assert [part.start.offset for part in parts] == [24 + 94 * number for number in range(19)]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_parts__of_samples_are_the_whole(path):
    assert_parts_are_the_whole(path, (1, 100, 1000, 5000))


@pytest.mark.parametrize("kind", KINDS)
def test_parts__of_damaged_captures_are_the_whole(kind, tmp_path):
    path = tmp_path / "a"
    for seed in range(3):
        path.write_bytes(make_damaged(kind, seed, 100).octets.tobytes())
        if can_be_split(path):
            assert_parts_are_the_whole(path, (1, 1000, 9000))


def test_parts__know_the_sections_and_interfaces_before_them(write):
    path = write(
        SECTION, interface(1, 6), enhanced(1), interface(1, 9), enhanced(2, on=1), enhanced(3),
        BIG_SECTION, interface(1, 3, ">"), enhanced(4, order=">"), interface(1, 9, ">"), enhanced(5, 1, ">"),
        name="a.pcapng",
    )  # fmt: skip

    assert len(parts_of(path, 1)) > 3
    assert_parts_are_the_whole(path, range(1, 400, 5))


def test_parts__of_snoop_are_the_whole(write):
    # RFC 1761: version 2, datalink type 4 (Ethernet).
    head = b"snoop\0\0\0" + struct.pack(">II", 2, 4)
    packets = [struct.pack(">6I", 78, 78, 104, 0, number, 0) + frame(number) + bytes(2) for number in range(9)]
    path = write(head, *packets)

    assert len(parts_of(path, 1)) == 9
    assert_parts_are_the_whole(path, range(1, 900, 50))


def test_parts__of_joined_captures_know_the_later_header(write):
    nanoseconds = bytes.fromhex("4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000")
    path = write(HEADER, records(0, 9), nanoseconds, records(9, 20))

    assert_parts_are_the_whole(path, range(1, 2000, 60))


def test_parts__without_a_file_header_are_the_whole(write):
    path = write(bytes(24), records(0, 40))

    assert_parts_are_the_whole(path, range(1, 4000, 200))


def test_parts__begin_at_no_record_that_lies_in_a_payload(write):
    forged = HEADER + records(100, 400)
    path = write(HEADER, records(0, 5), record(5, forged), record(6, forged), records(7, 12))

    starts = {part.start.offset for octets in range(1, 2000, 40) for part in parts_of(path, octets)}
    true = {24 + 94 * n for n in range(6)} | {24 + 5 * 94 + 94 + len(forged), 24 + 5 * 94 + 2 * (94 + len(forged))}
    true |= {24 + 7 * 94 + 2 * len(forged) + 94 * n for n in range(5)}

    assert starts <= true
    assert_parts_are_the_whole(path, range(1, 2000, 40))


def test_survey__of_an_empty_capture_gives_no_part(write):
    assert parts_of(write(HEADER), 1) == []


def test_survey__of_a_file_that_is_no_capture_says_so(write):
    survey = Survey(write(b"GIF89a"), 1)

    assert list(survey.parts()) == []
    assert survey.accounting.status == "unsupported"


def test_part__of_a_file_that_was_written_to_is_not_whole(write):
    path = write(HEADER, records(0, 9))
    part = parts_of(path, 200)[1]
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    reader = PartReader(path, part)

    assert packets_of(reader.windows()) == []
    assert not reader.is_whole


def test_part__that_ends_with_another_packet_is_not_whole(write):
    path = write(HEADER, records(0, 9))
    part = parts_of(path, 200)[1]

    reader = PartReader(path, replace(part, last=part.last + 94))

    assert len(packets_of(reader.windows())) == part.packets
    assert not reader.is_whole


def test_can_be_split__no_compressed_capture(write):
    assert can_be_split(write(HEADER, records(0, 9)))
    assert not can_be_split(write(gzip.compress(HEADER + records(0, 9))))


def test_can_be_split__no_capture_from_a_transfer_in_text_mode(write):
    octets = (HEADER + records(0, 60)).replace(b"\n", b"\r\n")

    assert not can_be_split(write(octets))


def test_can_be_split__nothing_that_is_not_there(tmp_path):
    assert not can_be_split(tmp_path / "missing")


def test_part_octets__are_none_up_to_the_size_that_is_read_as_one():
    assert part_octets(1000, 1000) == part_octets(10**12, None) == 0
    assert part_octets(1001, 1000) == 250


def test_part_octets__leave_no_more_parts_than_can_be_numbered():
    assert part_octets(10**12, 1000) == 10**12 // MOST_PARTS
