"""Records of classic pcap files, compiled: their headers, and what speaks for and against these."""

# ruff: noqa: PLR0917, SIM110 (numba compiles plain positional calls, and loops rather than generators)

from __future__ import annotations

from batchgraph.capture.evidence import CONTRADICTED, PLAUSIBLE, TIED, UNKNOWN, evidence
from batchgraph.capture.walk import Numbers, Octets, number32
from batchgraph.compiled import inlined, kernel

NOT_SWAPPED, SWAPPED, SWAPPED_WHERE_LARGER = 0, 1, 2
"""Order of the two lengths in a record header."""

(BIG, RECORD_HEADER, FRACTION_NS, LENGTHS, MAXIMUM, LINK_TYPE, SNAP, TRUST) = range(8)
(LAST_SECONDS, SOUND_SECONDS, LARGEST, DOUBT) = range(8, 12)
(LENIENT, SUSPECT_ZONE, TIMED_ZONE, TIME_LOW, TIME_HIGH, SOUND_TIME) = range(12, 18)
LAYOUT_PLACES = 18
"""Places in the layout of a pcap file, and in what a walk carries from window to window.

`TRUST` is that of records beyond doubt, `LAST_SECONDS` the time of the last record or -1, `SOUND_SECONDS` that of the
last one that is not suspect and `SOUND_TIME` the same in nanoseconds, `LARGEST` the longest packet so far, `DOUBT` how
far behind the position returned the doubtful record lies. For the octets of `LENIENT` nothing but an impossible length
is doubted; the records in the `SUSPECT_ZONE` are suspect, and those in the `TIMED_ZONE` where their time is not from
`TIME_LOW` to `TIME_HIGH`, in nanoseconds.
"""

LOOK_AHEAD = 1 << 20
"""Octets that are looked at to decide about a place; no more, so that windows do not show in what is read."""

HOUR = 3600
"""Seconds between two records that are nothing to wonder about."""

CHAIN = 8
"""Records that are followed at most."""

FOLLOWED = 4096
"""Records that are followed at most to see whether a chain leads on behind a place."""

CONVINCING = 8
"""Points of a chain that begin a new stretch of records: two packets whose lengths are tied, or four plain headers."""

_TIED_POINTS, _PLAUSIBLE_POINTS, _PLAIN_POINTS, _END_POINTS = 4, 3, 2, 6


@inlined
def header_at(octets: Octets, at: int, layout: Numbers) -> tuple[int, int, int, int]:
    """Read a record header: seconds, fraction, captured length, length on the wire."""
    big, lengths = layout[BIG], layout[LENGTHS]
    captured, wire = number32(octets, at + 8, big), number32(octets, at + 12, big)
    if lengths == SWAPPED or (lengths == SWAPPED_WHERE_LARGER and captured > wire):
        captured, wire = wire, captured
    return number32(octets, at, big), number32(octets, at + 4, big), captured, wire


@inlined
def oddities(fraction: int, captured: int, wire: int, layout: Numbers) -> int:
    """Count what is strange about a record header, its time apart."""
    units = 1_000_000_000 if layout[FRACTION_NS] == 1 else 1_000_000
    odd = 1 if fraction >= units else 0
    odd += 1 if captured > wire else 0
    odd += 1 if wire > layout[MAXIMUM] else 0
    odd += 1 if captured == 0 else 0
    return odd + (1 if captured > layout[SNAP] else 0)


@kernel
def chain(
    octets: Octets, at: int, stop: int, at_end: int, n_records: int, layout: Numbers
) -> tuple[int, int, int, int]:
    """Follow a chain of at most `n_records` from `at`, and give points for what is convincing about them.

    Returns
    -------
    points, position, last, whole
        `position` is where the chain came to, `last` where its last record begins (-1 where there is none), and `whole`
        is 1 where it came to the end of the file or of what may be looked at, 0 where it broke at `position`.
    """
    header, maximum = layout[RECORD_HEADER], layout[MAXIMUM]
    points, last, was_odd = 0, -1, False
    for _ in range(n_records):
        if stop - at < header:
            if at == stop and at_end:
                return points + _END_POINTS, at, last, 1
            return points, at, last, 0 if at_end else 1
        _, fraction, captured, wire = header_at(octets, at, layout)
        odd = oddities(fraction, captured, wire, layout)
        if captured > maximum or odd > 1 or captured == 0:
            return points, at, last, 0
        if header + captured > stop - at:
            return points, at, last, 1 if odd == 0 else 0
        seen = evidence(octets, at + header, captured, wire, layout[LINK_TYPE])
        if odd and (seen == CONTRADICTED or (was_odd and seen != TIED)):
            return points, at, last, 0
        was_odd = odd > 0
        if seen == TIED:
            points += _TIED_POINTS
        elif odd == 0:
            points += _PLAUSIBLE_POINTS if seen == PLAUSIBLE else (_PLAIN_POINTS if seen == UNKNOWN else 0)
        last = at
        at += header + captured
    return points, at, last, 1


@kernel
def is_zero(octets: Octets, at: int, n_octets: int) -> bool:
    """Tell whether octets are all zero."""
    for k in range(at, at + n_octets):
        if octets[k]:
            return False
    return True


@kernel
def lacks_beginning(octets: Octets, at: int, captured: int, wire: int) -> bool:
    """Tell whether zeros were written over a packet's length on the wire and its first octets, which stand behind."""
    return wire == 0 and captured >= 16 and is_zero(octets, at, 16)


@kernel
def is_timely(octets: Octets, at: int, seconds: int, layout: Numbers) -> bool:
    """Tell whether a record header could be the next after `seconds`, within an hour, by its time."""
    own, fraction, captured, _ = header_at(octets, at, layout)
    units = 1_000_000_000 if layout[FRACTION_NS] == 1 else 1_000_000
    return -HOUR <= own - seconds <= HOUR and fraction < units and captured <= layout[MAXIMUM]


@kernel
def is_believable(octets: Octets, at: int, extent: tuple[int, int, int], seconds_before: int, layout: Numbers) -> bool:
    """Judge a whole record that something is strange about, by its packet and by the records behind it.

    `extent` is what may be looked at (stop, whether the file ends there), and where the record before would end that
    was cut short, if it were not. That times go on from record to record speaks for what is strange otherwise; that
    they do not is nothing against a record.
    """
    stop, at_end, uncut = extent
    seconds, fraction, captured, wire = header_at(octets, at, layout)
    header = layout[RECORD_HEADER]
    after = at + header + captured
    claims_others = captured > wire and is_followed(octets, at + header + wire, after, seconds, layout)
    is_on_time = seconds_before < 0 or is_timely(octets, at, seconds_before, layout)
    is_rest = not is_on_time and at < uncut and leads_on(octets, uncut, (stop, at_end), seconds_before, layout)
    seen = evidence(octets, at + header, captured, wire, layout[LINK_TYPE])
    if not is_on_time and seen != TIED:
        claims_others |= holds_records(octets, at + 1, after, seconds_before, layout)
    if claims_others or is_rest or is_zero(octets, at, 16) or is_file_magic(octets, at):
        return False
    odd = oddities(fraction, captured, wire, layout)
    # What is left of a packet whose own record is damaged may look like this; what follows it speaks for nothing.
    is_left_over = captured == 0 and (odd > 1 or not is_on_time)
    if after == stop and at_end:
        return not is_left_over
    if (
        seconds_before >= 0
        and is_on_time
        and stop - after >= header
        and not seconds == fraction == captured
        and is_timely(octets, after, seconds, layout)
    ):
        return True
    if after > stop or (seen == TIED and captured == wire):
        return odd == 0 or seen == TIED
    points, _, last, whole = chain(octets, after, stop, at_end, CHAIN, layout)
    if last < 0:
        return whole == 1 and odd == 0
    return odd <= 2 and not is_left_over and points >= (_TIED_POINTS if seen >= 0 else 2 * _TIED_POINTS)


@kernel
def leads_on(octets: Octets, at: int, extent: tuple[int, int], seconds: int, layout: Numbers) -> bool:
    """Tell whether a convincing chain of records is at a place, its first one not long after `seconds`.

    The rest of a packet that claims too few octets may look like a record, and lead to the next one as this does.
    """
    stop, at_end = extent
    if stop - at < layout[RECORD_HEADER] or not is_timely(octets, at, seconds, layout):
        return False
    return bool(chain(octets, at, stop, at_end, CHAIN, layout)[0] >= CONVINCING)


@kernel
def is_followed(octets: Octets, at: int, stop: int, seconds: int, layout: Numbers) -> bool:
    """Tell whether sound records stand right from `at` to `stop`: then one that claims them does so by its damage."""
    header = layout[RECORD_HEADER]
    while stop - at >= header:
        own, fraction, captured, wire = header_at(octets, at, layout)
        if oddities(fraction, captured, wire, layout) or not is_timely(octets, at, seconds, layout):
            return False
        seconds, at = own, at + header + captured
    return at == stop


@kernel
def holds_records(octets: Octets, at: int, stop: int, seconds: int, layout: Numbers) -> bool:
    """Tell whether sound records that go on from `seconds` lead from anywhere behind `at` right to `stop`.

    Numbers in a payload that look like a record of another time may lead to where a true record begins.
    """
    for place in range(at, stop - layout[RECORD_HEADER]):
        if is_timely(octets, place, seconds, layout) and is_followed(octets, place, stop, seconds, layout):
            return True
    return False


@kernel
def is_file_magic(octets: Octets, at: int) -> bool:
    """Tell whether a file header's magic number stands here, in micro- or nanoseconds and either byte order."""
    first = number32(octets, at, 1)
    return first in (0xA1B2C3D4, 0xD4C3B2A1, 0xA1B23C4D, 0x4D3CB2A1)


@kernel
def strict_chain(octets: Octets, at: int, stop: int, at_end: int, layout: Numbers) -> tuple[int, int, int]:
    """Follow records as a reader does that doubts nothing but lengths: how many, to where, and whether to the end.

    Zeros are no records here either.
    """
    header, n = layout[RECORD_HEADER], 0
    while stop - at >= header:
        _, _, captured, _ = header_at(octets, at, layout)
        if captured > layout[MAXIMUM] or is_zero(octets, at, 16):
            return n, at, 0
        if header + captured > stop - at:
            return n, at, 1
        n += 1
        at += header + captured
    return n, at, 1


@kernel
def is_within(octets: Octets, at: int, stop: int, span: tuple[int, int], layout: Numbers) -> bool:
    """Tell whether the times of most records from `at` to `stop` lie within a span of nanoseconds."""
    header, within, n = layout[RECORD_HEADER], 0, 0
    while stop - at >= header:
        seconds, fraction, captured, _ = header_at(octets, at, layout)
        within += 1 if span[0] <= seconds * 1_000_000_000 + fraction * layout[FRACTION_NS] <= span[1] else 0
        n += 1
        at += header + captured
    return 4 * within >= 3 * n


@kernel
def survey(octets: Octets, at: int, stop: int, layout: Numbers) -> tuple[int, int]:
    """Give the longest packet of the records up to `stop`, and the time of the last of them, or -1."""
    header, largest, last = layout[RECORD_HEADER], 0, -1
    while stop - at >= header:
        seconds, fraction, captured, _ = header_at(octets, at, layout)
        if captured > layout[MAXIMUM] or header + captured > stop - at:
            break
        largest, last = max(largest, captured), seconds * 1_000_000_000 + fraction * layout[FRACTION_NS]
        at += header + captured
    return largest, last
