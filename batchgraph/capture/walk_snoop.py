"""The compiled walker of snoop files (RFC 1761), and its search for records behind damage."""

# ruff: noqa: PLR0917 (compiled functions are called with plain positional arguments)

from __future__ import annotations

from batchgraph.capture.evidence import CONTRADICTED, TIED, evidence
from batchgraph.capture.index import SOUND, SUSPECT
from batchgraph.capture.walk import (
    DOUBTFUL,
    FULL,
    MORE,
    OVERFLOW,
    TOO_LONG,
    Columns,
    Numbers,
    Octets,
    number32,
    skip_zeros,
)
from batchgraph.compiled import kernel

MAXIMUM, LINK_TYPE, SUSPECT_ZONE, MENDED, ROOMY = range(5)
"""Places in the layout of a snoop file, and in what a walk carries from window to window.

Records that begin in the octets of the `SUSPECT_ZONE` are suspect; `MENDED` is the trust of the next one at most, where
its lengths were mended. `ROOMY` is 1 where records have room for more than their packet, padded (Shomiti's do).
"""

LAYOUT_PLACES = 5

_HEADER = 24
_CHAIN = 4
_CONVINCING = 3


@kernel
def is_doubtful(octets: Octets, at: int, stop: int, layout: Numbers) -> bool:
    """Tell whether a record's lengths are damaged: they do not go together, or lead to what is no record."""
    wire, captured, record = number32(octets, at, 1), number32(octets, at + 4, 1), number32(octets, at + 8, 1)
    room = record - _HEADER - captured
    if (0 <= record - _HEADER - wire < 4 and not 0 <= room < 4) or (room >= 4 and layout[ROOMY] == 0):
        return True
    after = at + record
    if stop - after < _HEADER:
        return False
    captured, record = number32(octets, after + 4, 1), number32(octets, after + 8, 1)
    # Zeros over what a packet says of itself may begin in the one before.
    if captured == 0 and record != _HEADER and layout[ROOMY] == 0:
        return True
    return captured > layout[MAXIMUM] or not _HEADER + captured <= record <= layout[MAXIMUM] + 65_536


@kernel
def walk_snoop(
    octets: Octets, start: int, stop: int, at_end: int, layout: Numbers, into: Columns
) -> tuple[int, int, int, int]:
    """Walk the records of a snoop file (RFC 1761).

    A record is given out only where a record could stand behind it, or the file ends: a wrong length shows there.
    """
    offset, cap_len, wire_len, time_ns, interface, link_type, trust = into
    position, n = start, 0
    suspect = start + layout[SUSPECT_ZONE]
    reason, needed = MORE, 0
    while True:
        if stop - position < _HEADER:
            needed = _HEADER
            break
        if n == len(offset):
            reason = FULL
            break
        captured = number32(octets, position + 4, 1)
        record = number32(octets, position + 8, 1)
        if captured > layout[MAXIMUM] or record > layout[MAXIMUM] + 65_536:
            reason = TOO_LONG
            break
        if record < _HEADER + captured:
            reason = OVERFLOW
            break
        if record > stop - position or (stop - position < record + _HEADER and not at_end):
            needed = record + (0 if at_end else _HEADER)
            break
        if layout[MENDED] == 0 and is_doubtful(octets, position, stop, layout):
            reason = DOUBTFUL
            break
        seconds = number32(octets, position + 16, 1)
        time_ns[n] = seconds * 1_000_000_000 + number32(octets, position + 20, 1) * 1_000
        offset[n] = position + _HEADER
        cap_len[n] = captured
        wire_len[n] = number32(octets, position, 1)
        interface[n] = 0
        link_type[n] = layout[LINK_TYPE]
        trust[n] = SUSPECT if position < suspect else max(SOUND, layout[MENDED])
        layout[MENDED] = 0
        n += 1
        position += record
    layout[SUSPECT_ZONE] = max(0, layout[SUSPECT_ZONE] - (position - start))
    return position, n, reason, needed


@kernel
def record_points(octets: Octets, at: int, stop: int, layout: Numbers) -> tuple[int, int]:
    """Give points for a record that may stand at a place, -1 where it cannot, and its length."""
    wire, captured, record = number32(octets, at, 1), number32(octets, at + 4, 1), number32(octets, at + 8, 1)
    room = record - _HEADER - captured
    if captured == 0 or captured > min(wire, layout[MAXIMUM]) or wire > layout[MAXIMUM] or not 0 <= room < 64:
        return -1, 0
    if number32(octets, at + 20, 1) >= 1_000_000:
        return -1, 0
    have = min(captured, stop - at - _HEADER)
    seen = evidence(octets, at + _HEADER, have, wire, layout[LINK_TYPE])
    # Records end at a multiple of four octets (RFC 1761), but for those that other programs wrote.
    points = 1 if seen == CONTRADICTED or room > 3 else 2
    return points + 1 if seen == TIED else points, record


@kernel
def snoop_chain(octets: Octets, at: int, stop: int, at_end: int, layout: Numbers) -> int:
    """Give points for the chain of records from a place, 0 where there is none, and more where it ends the file."""
    points = 0
    for _ in range(_CHAIN):
        if at == stop and at_end:
            return points + _CONVINCING
        if stop - at < _HEADER:
            return points
        more, record = record_points(octets, at, stop, layout)
        if more < 0:
            return 0 if points <= _CONVINCING else points
        points += more
        if record > stop - at:
            return points
        at += record
    return points


@kernel
def find_snoop(octets: Octets, start: int, limit: int, stop: int, at_end: int, layout: Numbers) -> int:
    """Search ``octets[start:limit]`` for the first place where a convincing chain of records begins, or give -1."""
    at = start - 1
    while at + 1 < min(limit, stop - _HEADER):
        at += 1
        # The highest octets of the three lengths pass over nearly every place that is no header.
        if octets[at] or octets[at + 4] or octets[at + 8]:
            continue
        if number32(octets, at + 4, 1) == number32(octets, at + 8, 1) == 0:
            # Before the length captured is behind the zeros there is no record.
            at = skip_zeros(octets, at + 12, min(stop, limit + 8)) - 8
            continue
        if record_points(octets, at, stop, layout)[0] < 0:
            continue
        if snoop_chain(octets, at, stop, at_end, layout) > _CONVINCING:
            return at
    return -1
