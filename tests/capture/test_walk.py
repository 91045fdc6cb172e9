"""The compiled walkers against the same functions uncompiled, and against the window they are given."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.capture import blocks, records
from batchgraph.capture.framing import columns
from batchgraph.capture.index import NO_TIME, Accounting, PacketIndex
from batchgraph.capture.pcapng import PcapngFraming
from batchgraph.capture.reader import open_capture
from batchgraph.capture.ticks import time_of_ticks
from batchgraph.capture.walk import skip_zeros
from batchgraph.capture.walk_pcap import walk_pcap
from batchgraph.capture.walk_pcapng import walk_pcapng
from batchgraph.capture.walk_snoop import walk_snoop

SECTION = bytes.fromhex("0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000")
PCAP = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")


def uncompiled(function):
    return getattr(function, "py_func", function)


words = st.integers(0, 2**32 - 1)


@st.composite
def pcap_files(draw):
    packets = draw(st.lists(st.tuples(words, words, st.binary(max_size=150), words), max_size=12))
    whole = [struct.pack("<4I", s, f, len(octets), wire) + octets for s, f, octets, wire in packets]
    return PCAP + b"".join(whole) + draw(st.binary(max_size=20))


def block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


options = st.lists(
    st.tuples(st.sampled_from((1, 2, 9, 14)), st.binary(max_size=9)).map(
        lambda option: struct.pack("<HH", option[0], len(option[1])) + option[1] + bytes(-len(option[1]) % 4)
    ),
    max_size=3,
).map(b"".join)


@st.composite
def enhanced_packets(draw):
    octets = draw(st.binary(max_size=150))
    head = struct.pack("<5I", draw(st.integers(0, 3)), draw(words), draw(words), len(octets), draw(words))
    return block(6, head + octets + bytes(-len(octets) % 4) + draw(options))


any_block = st.one_of(
    st.just(SECTION),
    st.builds(
        lambda link, snap, opts: block(1, struct.pack("<HHI", link, 0, snap) + opts),
        st.integers(0, 300),
        st.integers(0, 100),
        options,
    ),
    enhanced_packets(),
    st.builds(lambda wire, octets: block(3, struct.pack("<I", wire) + octets), words, st.binary(max_size=99)),
    st.builds(block, st.sampled_from((4, 5, 10, 0xBAD)), st.binary(max_size=99)),
)
pcapng_files = st.builds(
    lambda parts, tail: SECTION + b"".join(parts) + tail, st.lists(any_block, max_size=12), st.binary(max_size=20)
)


def everything(path, window_octets):
    reader = open_capture(path, window_octets=window_octets)
    rows = []
    for window in reader.windows():
        index = window.index
        for k in range(len(index)):
            start, length = int(index.offset[k]), int(index.cap_len[k])
            numbers = [int(column[k]) for column in columns(index)[1:]]
            rows.append((window.octets[start : start + length].tobytes(), *numbers))
    return rows, reader.accounting


@pytest.mark.parametrize("files", [pcap_files(), pcapng_files], ids=["pcap", "pcapng"])
def test_windows__do_not_show_in_what_is_read(files, tmp_path_factory):
    path = tmp_path_factory.mktemp("windows") / "a"

    @settings(deadline=None, max_examples=60)
    @given(files, st.integers(64, 400))
    def holds(octets, window_octets):
        path.write_bytes(octets)

        assert everything(path, window_octets) == everything(path, 1 << 20)

    holds()


def walked_pcap(function, octets):
    index = PacketIndex.empty(8)
    layout = np.zeros(records.LAYOUT_PLACES, np.int64)
    layout[: records.TRUST] = (0, 16, 1000, records.SWAPPED_WHERE_LARGER, 262_144, 1, 262_144)
    result = function(octets, 0, len(octets), 1, layout, columns(index))
    return result, layout.tolist(), [column[: result[1]].tolist() for column in columns(index)]


@settings(deadline=None, max_examples=40)
@given(pcap_files())
def test_walk_pcap__compiled_and_uncompiled_agree(octets):
    octets = np.frombuffer(octets[24:], np.uint8).copy()

    assert walked_pcap(walk_pcap, octets) == walked_pcap(uncompiled(walk_pcap), octets)


def walked_pcapng(function, octets):
    index = PacketIndex.empty(8)
    state = blocks.Blocks(
        np.zeros(blocks.STATE_PLACES, np.int64),
        np.zeros((4, 7), np.int64),
        np.zeros(1 << 16, np.uint8),
        np.zeros((2 * blocks.REMARKS_PER_BLOCK, 4), np.int64),
    )
    state.state[blocks.WANTED] = blocks.REMARK_COMMENT + blocks.REMARK_NAMES
    result = function(octets, 0, len(octets), state, columns(index))
    return result, [column[: result[1]].tolist() for column in columns(index)], [part.tolist() for part in state]


@settings(deadline=None, max_examples=40)
@given(pcapng_files)
def test_walk_pcapng__compiled_and_uncompiled_agree(octets):
    window = np.frombuffer(octets, np.uint8).copy()

    assert walked_pcapng(walk_pcapng, window) == walked_pcapng(uncompiled(walk_pcapng), window)


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=300))
def test_walk_snoop__compiled_and_uncompiled_agree(octets):
    window = np.frombuffer(octets, np.uint8).copy()

    def walked(function):
        index = PacketIndex.empty(8)
        layout = np.array([262_144, 1, 0, 0], np.int64)
        result = function(window, 0, len(window), 1, layout, columns(index))
        return result, [column[: result[1]].tolist() for column in columns(index)]

    assert walked(walk_snoop) == walked(uncompiled(walk_snoop))


@settings(deadline=None, max_examples=400)
@given(words, words, st.integers(0, 255), st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**34), 2**34))
def test_time_of_ticks__is_exact_or_none(high, low, resolution, offset):
    exponent = resolution & 0x7F
    unit = Fraction(1, 2**exponent if resolution & 0x80 else 10**exponent)
    nanoseconds = ((high << 32 | low) * unit + offset) * 10**9 // 1
    time_ns = time_of_ticks(high, low, resolution, offset)

    assert time_ns in (NO_TIME, nanoseconds)
    if exponent <= (63 if resolution & 0x80 else 19) and abs(nanoseconds) < 9_223_372_035 * 10**9 and offset < 2**62:
        assert time_ns == nanoseconds


@settings(deadline=None, max_examples=100)
@given(words, words, st.integers(0, 255), st.integers(-(2**63), 2**63 - 1))
def test_time_of_ticks__compiled_and_uncompiled_agree(high, low, resolution, offset):
    arguments = (high, low, resolution, offset)

    assert time_of_ticks(*arguments) == uncompiled(time_of_ticks)(*arguments)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=400))
def test_walk_pcapng__packets_lie_within_the_window_whatever_is_in_it(octets):
    window = np.frombuffer(SECTION + octets, np.uint8).copy()
    index = PacketIndex.empty(64)
    walked = PcapngFraming(Accounting()).walk(window, 0, len(window), index, at_end=True)
    ends = index.offset[: walked.packets] + index.cap_len[: walked.packets]

    assert walked.position <= len(window)
    assert np.all(ends <= walked.position)


@pytest.mark.parametrize("n_zeros", [0, 1, 63, 64, 65, 130])
def test_skip_zeros__comes_to_the_first_octet_that_is_not_zero_or_to_the_stop(n_zeros):
    octets = np.frombuffer(b"\x07" + bytes(n_zeros) + b"\x07" + bytes(100), np.uint8)

    assert skip_zeros(octets, 1, len(octets)) == 1 + n_zeros
    assert skip_zeros(octets, 2 + n_zeros, len(octets)) == len(octets)
