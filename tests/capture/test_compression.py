"""Compressed captures. The streams are made by the standard library, or written out octet by octet."""

import bz2
import gzip
import lzma
import zlib

import pyarrow as pa
import pytest

from batchgraph.capture import compression
from batchgraph.capture.compression import compression_of

HEADER = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")
RECORD = bytes.fromhex("00e10b5e 05000000 04000000 3c000000")
# Packets that do not compress well, so that a cut falls between them.
PCAP = HEADER + b"".join(RECORD + (k * 2_654_435_761 % 2**32).to_bytes(4, "little") for k in range(20_000))
# A zstd skippable frame of four octets (RFC 8878, 3.1.2).
SKIPPABLE = bytes.fromhex("502a4d18 04000000 01020304")


def by_arrow(codec: str, octets: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(octets)
    return sink.getvalue().to_pybytes()


MAKERS = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda octets: by_arrow("zstd", octets),
    "lz4": lambda octets: by_arrow("lz4", octets),
}


@pytest.mark.parametrize("name", MAKERS)
def test_compression__is_told_by_content(name):
    assert compression_of(MAKERS[name](PCAP)) == name


@pytest.mark.parametrize("head", [b"", b"\x1f\x8b", b"BZh9plain text", PCAP[:64]])
def test_compression__is_not_seen_where_there_is_none(head):
    assert compression_of(head) == ""


@pytest.mark.parametrize("name", MAKERS)
def test_compressed_capture__is_read(read, name):
    found = read(MAKERS[name](PCAP))

    assert (found.status, len(found.packets), found.accounting.format) == ("ok", 20_000, f"{name}:pcap")
    assert sum(found.accounting.octets.values()) == len(PCAP)


@pytest.mark.parametrize("name", MAKERS)
def test_compressed_capture__may_be_in_several_members(read, name):
    cut = 24 + 20 * 7
    found = read(MAKERS[name](PCAP[:cut]), MAKERS[name](PCAP[cut:]))

    assert (found.status, len(found.packets)) == ("ok", 20_000)


@pytest.mark.parametrize("name", ["gzip", "xz"])
def test_compressed_capture__cut_off_keeps_its_packets(read, name):
    stream = MAKERS[name](PCAP)
    found = read(stream[: len(stream) * 2 // 3])

    assert found.status == "partial"
    assert 0 < len(found.packets) < 20_000
    assert "cut off" in found.accounting.problems[-1].what


def test_gzip__cut_off_gives_as_much_as_zlib_does(read):
    stream = gzip.compress(PCAP)[:50_000]
    found = read(stream)

    assert sum(found.accounting.octets.values()) == len(zlib.decompressobj(31).decompress(stream))


@pytest.mark.parametrize("name", MAKERS)
def test_compressed_capture__without_its_last_octets_keeps_all_packets_of_whole_blocks(read, name):
    # Two members: the first is whole, so that whatever the size of its blocks they were finished.
    found = read(MAKERS[name](PCAP), MAKERS[name](PCAP[24:])[:-2])

    assert found.status == "partial"
    assert len(found.packets) >= 20_000


def test_gzip__octets_changed_in_the_stream_make_it_partial(read):
    stream = bytearray(gzip.compress(PCAP))
    stream[60_000] ^= 0xFF
    found = read(bytes(stream))

    assert found.status == "partial"
    assert len(found.packets) > 5_000


def test_gzip__octets_after_the_last_member_make_it_partial(read):
    found = read(gzip.compress(PCAP), b"no gzip member")

    assert (found.status, len(found.packets)) == ("partial", 20_000)


def test_zstd__skippable_frame_may_come_first(read):
    found = read(SKIPPABLE, MAKERS["zstd"](PCAP))

    assert (found.status, len(found.packets), found.accounting.format) == ("ok", 20_000, "zstd:pcap")


def test_lz4__skippable_frame_may_come_first(read):
    found = read(SKIPPABLE, MAKERS["lz4"](PCAP))

    assert (found.status, len(found.packets), found.accounting.format) == ("ok", 20_000, "lz4:pcap")


def test_xz__streams_may_be_padded_with_zeros(read):
    found = read(lzma.compress(PCAP[:24]), bytes(8), lzma.compress(PCAP[24:]), bytes(4))

    assert (found.status, len(found.packets)) == ("ok", 20_000)


def test_compression__two_layers_are_undone(read):
    found = read(MAKERS["zstd"](gzip.compress(PCAP)))

    assert (found.status, len(found.packets), found.accounting.format) == ("ok", 20_000, "zstd:gzip:pcap")


def test_compression__two_layers_cut_off_keep_their_packets(read):
    found = read(lzma.compress(gzip.compress(PCAP))[:50_000])

    assert found.status == "partial"
    assert len(found.packets) > 5_000


def test_compression__third_layer_is_unsupported(read):
    found = read(gzip.compress(gzip.compress(gzip.compress(PCAP))))

    assert found.status == "unsupported"
    assert "gzip inside two other compressions" in found.accounting.problems[0].what


@pytest.mark.parametrize("name", MAKERS)
def test_compressed_capture__stops_at_the_limit_given(read, name):
    found = read(MAKERS[name](PCAP), max_expanded=24 + 20 * 100 + 5)

    assert (found.status, len(found.packets)) == ("partial", 100)
    assert "2,029 octets allowed" in found.accounting.problems[-1].what


def test_compressed_capture__of_exactly_the_limit_is_ok(read):
    assert read(gzip.compress(PCAP), max_expanded=len(PCAP)).status == "ok"


def test_compressed_capture__stops_where_it_expands_too_much(read, monkeypatch):
    monkeypatch.setattr(compression, "FREE_OCTETS", 1 << 20)
    monkeypatch.setattr(compression, "MAX_RATIO", 100)
    found = read(gzip.compress(PCAP[: 24 + 20 * 5] + bytes(1 << 24)))

    assert found.status == "partial"
    assert "more than 100 times its size" in found.accounting.problems[-1].what
    assert sum(found.accounting.octets.values()) <= 2 << 20


def test_compressed_capture__of_nothing_is_empty(read):
    assert read(gzip.compress(b"")).status == "empty"


def test_compressed_text__is_unsupported_by_name(read):
    found = read(gzip.compress(b"dear diary\n" * 10))

    assert (found.status, found.accounting.format) == ("unsupported", "gzip:text")
