"""The compiled decoder and scapy's must give the same rows of the same packets."""

from __future__ import annotations

import numpy as np
import pytest

from batchgraph.capture.index import SOUND, PacketIndex, Window
from batchgraph.decode.decoder import TableDecoder
from batchgraph.decode.program import build
from batchgraph.decode.reference import COLUMNS, LACKS, ReferenceDecoder
from batchgraph.schema import edge_schema
from batchgraph.wire import table
from tests.decode import frames

N_FRAMES = 400


def by_table(given, tunnels):
    """Decode frames by the table, as one window."""
    index = PacketIndex.empty(len(given))
    index.cap_len[:] = [len(frame.octets) for frame in given]
    index.offset[:] = np.cumsum(index.cap_len) - index.cap_len
    index.wire_len[:] = [frame.wire_len for frame in given]
    index.link_type[:] = [frame.link_type for frame in given]
    index.time_ns[:], index.interface[:], index.trust[:] = 0, 0, SOUND
    octets = np.frombuffer(bytearray(b"".join(frame.octets for frame in given)), np.uint8)
    decoder = TableDecoder(build(table(())), tunnels=tunnels, capacity=len(given))
    assert decoder.decode(Window(octets, index), 0) == len(given)
    return decoder.group.to_arrow("frames", 1, edge_schema("frames")).to_pylist()


@pytest.mark.parametrize("tunnels", ["inner", "outer"])
@pytest.mark.parametrize("seed", range(4))
def test_table_and_scapy__agree_on_random_frames(seed: int, tunnels: str):
    given = list(frames.frames(seed, N_FRAMES))
    reference = ReferenceDecoder(tunnels=tunnels)
    differing = []
    for frame, row in zip(given, by_table(given, tunnels), strict=True):
        expected = reference.decode(frame.octets, link_type=frame.link_type, wire_len=frame.wire_len)
        if expected["stopped_in"] in LACKS:
            continue
        differences = {name: (row[name], expected[name]) for name in COLUMNS if row[name] != expected[name]}
        if differences:
            differing.append((frame.link_type, frame.wire_len, frame.octets.hex(), differences))

    assert differing == []


def test_frames__are_the_same_for_the_same_seed():
    assert list(frames.frames(7, 50)) == list(frames.frames(7, 50))


def test_frames__that_are_sound_are_decoded_to_the_end():
    given = list(frames.frames(1, N_FRAMES, sound=True))

    share = sum(row["status"] == "ok" for row in by_table(given, "inner")) / N_FRAMES

    assert share > 0.75
