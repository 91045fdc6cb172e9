"""Limits of the texts that are kept of a pcapng file (draft-ietf-opsawg-pcapng, section 4.5)."""

from batchgraph.capture import blocks
from batchgraph.capture.notes import MAX_NAMES, Notes


def notes_of(body: bytes, *, big: bool = False) -> dict[str, object]:
    into: dict[str, object] = {}
    Notes(into).read(blocks.REMARK_NAMES, body, big=big)
    return into


def test_notes__names_are_read_in_either_byte_order(octets):
    assert notes_of(octets("0001 0006 c0000201 6100 0000"), big=True) == {"names": {"192.0.2.1": ["a"]}}


def test_notes__name_given_twice_is_kept_once(octets):
    assert notes_of(octets("0100 0800 c0000201 61006100")) == {"names": {"192.0.2.1": ["a"]}}


def test_notes__record_longer_than_its_block_is_left_out(octets):
    assert notes_of(octets("0100 ff00 c0000201 6100")) == {}


def test_notes__unknown_record_is_passed(octets):
    body = octets("0700 0400 deadbeef 0100 0600 c0000201 6100 0000")

    assert notes_of(body) == {"names": {"192.0.2.1": ["a"]}}


def test_notes__names_are_limited(octets):
    body = b"".join(octets("0100 0600") + bytes((10, 0, k >> 8, k & 255)) + b"a\0\0\0" for k in range(MAX_NAMES + 5))

    assert len(notes_of(body)["names"]) == MAX_NAMES


def test_notes__long_comment_is_cut():
    into: dict[str, object] = {}
    Notes(into).read(blocks.REMARK_COMMENT, b"x" * 5000, big=False)

    assert into == {"comments": ["x" * 200]}


def test_notes__comment_that_is_no_utf_8_is_kept_with_replacements():
    into: dict[str, object] = {}
    Notes(into).read(blocks.REMARK_COMMENT, b"a\xffb", big=False)

    assert into == {"comments": ["a\ufffdb"]}


def test_notes__block_with_more_names_than_are_kept_is_counted(octets):
    into: dict[str, object] = {}
    notes = Notes(into)
    records = [octets("0100 0600") + bytes((10, 0, k >> 8, k & 255)) + b"a\0\0\0" for k in range(MAX_NAMES + 1)]
    notes.read(blocks.REMARK_NAMES, b"".join(records), big=False)
    notes.count_cut(1)

    assert into["n_name_blocks_cut"] == 1


def test_notes__names_that_fill_the_room_exactly_are_not_cut(octets):
    into: dict[str, object] = {}
    notes = Notes(into)
    records = [octets("0100 0600") + bytes((10, 0, k >> 8, k & 255)) + b"a\0\0\0" for k in range(MAX_NAMES)]
    notes.read(blocks.REMARK_NAMES, b"".join(records) + records[0], big=False)
    notes.count_cut(1)

    assert "n_name_blocks_cut" not in into
