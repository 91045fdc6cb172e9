"""The compiled kernels against the same functions uncompiled, and the generated shorter way against the interpreter."""

import os
import subprocess
import sys
from pathlib import Path

from tests.decode import frames
from tests.decode.decoding import decode_all

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "sample_pcaps").glob("*.pcap*"))


def test_shorter_way__gives_the_interpreters_rows():
    given = list(frames.frames(11, 600))
    for link_type in {frame.link_type for frame in given}:
        some = [frame for frame in given if frame.link_type == link_type]
        packets, wire_len = [frame.octets for frame in some], [frame.wire_len for frame in some]

        rows = decode_all(packets, link_type=link_type, wire_len=wire_len)

        assert rows == decode_all(packets, link_type=link_type, wire_len=wire_len, common=False)


def test_shorter_way__is_taken_by_ordinary_packets():
    from batchgraph.decode.decoder import TableDecoder
    from batchgraph.decode.fast import decode_common
    from batchgraph.decode.primitives import Packets, new_walk
    from tests.decode.decoding import ETHERNET, TCP, _program, ipv4, octets, window_of

    window = window_of([octets(ETHERNET, "0800", ipv4(6, TCP))])
    index, program = window.index, _program()
    group = TableDecoder(program, capacity=1).group
    packets = Packets(window.octets, index.offset, index.cap_len, index.wire_len, index.link_type)

    assert decode_common(packets, 0, program.program, group.rows, 0, group.interning, new_walk())


SCRIPT = """
import sys
from batchgraph.capture.reader import open_capture
from batchgraph.decode.decoder import make_decoder
from batchgraph.schema import edge_schema
from tests.decode.decoding import plain_rows
import hashlib, pyarrow as pa
decoder = make_decoder("table", tunnels="inner")
for path in sys.argv[1:]:
    decoder.group.clear()
    for window in open_capture(path).windows():
        assert decoder.decode(window, 0) == len(window.index)
    rows = plain_rows(pa.table(decoder.group.to_arrow("x", 1, edge_schema("x"))))
    print(hashlib.sha256(repr(rows).encode()).hexdigest())
"""


def test_kernels__uncompiled_give_the_same_rows():
    def digests(**variables):
        command = [sys.executable, "-W", "ignore", "-c", SCRIPT, *map(str, SAMPLES)]
        run = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=True)
        return run.stdout.split()

    assert SAMPLES
    assert digests() == digests(NUMBA_DISABLE_JIT="1")
