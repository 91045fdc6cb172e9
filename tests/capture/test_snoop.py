"""Snoop: RFC 1761."""

import pytest

from batchgraph.capture.index import NO_NUMBER

# "snoop", version 2, datalink type 4 (Ethernet).
HEADER = "736e6f6f70000000 00000002 00000004"
# Original length 60, included 2, record 28 (with two octets of padding), no drops, 2020-01-01 00:00:00.000005 UTC.
RECORD = "0000003c 00000002 0000001c 00000000 5e0be100 00000005 aabb 0000"


def test_snoop__records_are_read(read):
    found = read(HEADER, RECORD, RECORD)

    assert [(p.octets, p.wire_len, p.time_ns, p.link_type) for p in found.packets] == [
        (b"\xaa\xbb", 60, 1_577_836_800_000_005_000, 1)
    ] * 2
    assert (found.status, found.accounting.format) == ("ok", "snoop")
    assert found.accounting.octets == {"header": 16, "records": 56, "other": 0, "skipped": 0}


def test_snoop__unknown_datalink_type_leaves_the_link_type_unknown(read):
    found = read("736e6f6f70000000 00000002 00000003", RECORD)

    assert (found.packets[0].link_type, found.accounting.link_types) == (NO_NUMBER, set())


def test_snoop__record_with_room_for_a_trailer_makes_datalink_10_ethernet(read):
    # Shomiti's Surveyor: 10 is Fast Ethernet, which snoop does not know; a trailer of 16 octets follows each packet.
    trailer = "00" * 16
    found = read("736e6f6f70000000 00000002 0000000a", RECORD.replace("0000001c", "0000002c"), trailer)

    assert (found.packets[0].link_type, found.status) == (1, "ok")


@pytest.mark.parametrize(
    "record",
    [
        "0000003c 00000004 00000018 00000000 5e0be100 00000005 aabbccdd",  # record shorter than what it includes
        "0000003c 00040001 00040019 00000000 5e0be100 00000005 aabbccdd",  # more than 262,144 octets included
        "0000003c 00000002 0000001c 00000000 5e0be100 00000005 aabb",  # cut off
    ],
)
def test_snoop__bad_record_leaves_those_before(read, record):
    found = read(HEADER, RECORD, record)

    assert (found.status, len(found.packets), found.accounting.problems[0].offset) == ("partial", 1, 44)


def test_snoop__other_versions_are_unsupported(read):
    found = read("736e6f6f70000000 00000009 00000004", RECORD)

    assert (found.status, found.accounting.problems[0].what) == ("unsupported", "unsupported: snoop version 9")


def test_snoop__file_shorter_than_its_header_is_partial(read):
    assert read("736e6f6f70000000 0000").status == "partial"
