"""The compiled walker of snoop files (RFC 1761)."""

from __future__ import annotations

from batchgraph.capture.index import SOUND
from batchgraph.capture.walk import FULL, MORE, OVERFLOW, TOO_LONG, Columns, Numbers, Octets, number32
from batchgraph.compiled import kernel

MAXIMUM, LINK_TYPE = range(2)
"""Places in the layout of a snoop file."""


@kernel
def walk_snoop(octets: Octets, start: int, stop: int, layout: Numbers, into: Columns) -> tuple[int, int, int, int]:
    """Walk the records of a snoop file (RFC 1761)."""
    offset, cap_len, wire_len, time_ns, interface, link_type, trust = into
    position, n = start, 0
    while True:
        if stop - position < 24:
            return position, n, MORE, 24
        if n == len(offset):
            return position, n, FULL, 0
        captured = number32(octets, position + 4, 1)
        record = number32(octets, position + 8, 1)
        if captured > layout[MAXIMUM] or record > layout[MAXIMUM] + 65_536:
            return position, n, TOO_LONG, 0
        if record < 24 + captured:
            return position, n, OVERFLOW, 0
        if record > stop - position:
            return position, n, MORE, record
        seconds = number32(octets, position + 16, 1)
        time_ns[n] = seconds * 1_000_000_000 + number32(octets, position + 20, 1) * 1_000
        offset[n] = position + 24
        cap_len[n] = captured
        wire_len[n] = number32(octets, position, 1)
        interface[n] = 0
        link_type[n] = layout[LINK_TYPE]
        trust[n] = SOUND
        n += 1
        position += record
