"""The compiled walker of classic pcap files (draft-ietf-opsawg-pcap, section 5), and its search for records."""

# ruff: noqa: PLR0912, PLR0915, PLR0917 (calls between compiled functions cost more than what they would tidy)

from __future__ import annotations

from batchgraph.capture.evidence import CONTRADICTED, TIED, evidence
from batchgraph.capture.index import SUSPECT
from batchgraph.capture.records import (
    BIG,
    CHAIN,
    CONVINCING,
    DOUBT,
    FOLLOWED,
    FRACTION_NS,
    HOUR,
    LARGEST,
    LAST_SECONDS,
    LENGTHS,
    LENIENT,
    LINK_TYPE,
    LOOK_AHEAD,
    MAXIMUM,
    NOT_SWAPPED,
    RECORD_HEADER,
    SNAP,
    SOUND_SECONDS,
    SOUND_TIME,
    SUSPECT_ZONE,
    SWAPPED_WHERE_LARGER,
    TIME_HIGH,
    TIME_LOW,
    TIMED_ZONE,
    TRUST,
    chain,
    header_at,
    is_believable,
    lacks_beginning,
    oddities,
)
from batchgraph.capture.walk import CUT, DOUBTFUL, FULL, MORE, Columns, Numbers, Octets, number32, skip_zeros
from batchgraph.compiled import kernel

_AGE = 400 * 86_400


@kernel
def walk_pcap(
    octets: Octets, start: int, stop: int, at_end: int, layout: Numbers, into: Columns
) -> tuple[int, int, int, int]:
    """Walk the records of a pcap file whose layout is known.

    A record is given out only once that behind it was looked at, as a wrong length shows there: the last one in a
    window is left to the next. Where a record is in doubt, the position returned is that of the one before it.
    """
    big, header, fraction_ns, lengths = layout[BIG], layout[RECORD_HEADER], layout[FRACTION_NS], layout[LENGTHS]
    maximum, link, snap = layout[MAXIMUM], layout[LINK_TYPE], layout[SNAP]
    units = 1_000_000_000 if fraction_ns == 1 else 1_000_000
    last = layout[LAST_SECONDS]
    sound, low, high = layout[TRUST], layout[TIME_LOW], layout[TIME_HIGH]
    lenient, suspect, timed = start + layout[LENIENT], start + layout[SUSPECT_ZONE], start + layout[TIMED_ZONE]
    offset, cap_len, wire_len, time_ns, interface, link_type, trust = into
    position, n, reason, needed = start, 0, MORE, 0
    largest = layout[LARGEST]
    while True:
        if stop - position < header:
            needed = header
            reason = CUT if at_end and stop > position else MORE
            break
        if n == len(offset):
            reason = FULL
            break
        captured = number32(octets, position + 8, big)
        wire = number32(octets, position + 12, big)
        if lengths != NOT_SWAPPED and (lengths != SWAPPED_WHERE_LARGER or captured > wire):
            captured, wire = wire, captured
        seconds, fraction = number32(octets, position, big), number32(octets, position + 4, big)
        odd = (captured > maximum) | (captured > wire) | (captured > snap) | (captured == 0) | (wire > maximum)
        is_early_or_late = ((seconds - last > HOUR) | (last - seconds > HOUR)) & (last >= 0)
        odd |= (fraction >= units) | is_early_or_late
        if odd:
            if captured > maximum:
                reason = DOUBTFUL
                break
            if position >= lenient and header + captured <= stop - position:
                if stop - position < LOOK_AHEAD and not at_end:
                    needed = LOOK_AHEAD
                    break
                horizon = min(stop, position + LOOK_AHEAD)
                uncut = int(offset[n - 1] + wire_len[n - 1]) if n and cap_len[n - 1] < wire_len[n - 1] else 0
                extent = (horizon, at_end and horizon == stop, uncut)
                if not is_believable(octets, position, extent, last, layout):
                    reason = DOUBTFUL
                    break
        if header + captured > stop - position:
            needed = header + captured
            reason = CUT if at_end else MORE
            break
        time = seconds * 1_000_000_000 + fraction * fraction_ns
        time_ns[n] = time
        offset[n] = position + header
        cap_len[n] = captured
        wire_len[n] = wire
        interface[n] = 0
        link_type[n] = link
        is_suspect = position < suspect or position < lenient or (position < timed and not low <= time <= high)
        trust[n] = SUSPECT if is_suspect else sound
        if is_early_or_late and (fraction >= units or seconds == fraction == 0):
            # Both numbers of the time are damaged, so that what stands right before it may be too.
            trust[n] = trust[max(0, n - 1)] = SUSPECT
        if wire < captured and lacks_beginning(octets, position + header, captured, wire):
            trust[n] = SUSPECT
        last = seconds
        largest = max(largest, captured)
        n += 1
        position += header + captured
    layout[DOUBT] = 0
    if n and not (at_end and reason == MORE):
        n -= 1
        layout[DOUBT] = position - (offset[n] - header)
        position = offset[n] - header
        needed = needed + layout[DOUBT] if needed else 0
    if n:
        layout[LAST_SECONDS] = number32(octets, offset[n - 1] - header, big)
        if trust[n - 1] != SUSPECT:
            layout[SOUND_SECONDS], layout[SOUND_TIME] = layout[LAST_SECONDS], time_ns[n - 1]
    layout[LARGEST] = largest
    passed = position - start
    for place in (LENIENT, SUSPECT_ZONE, TIMED_ZONE):
        layout[place] = max(0, layout[place] - passed)
    return position, n, reason, needed


@kernel
def find_record(
    octets: Octets, start: int, limit: int, extent: tuple[int, int, int], layout: Numbers
) -> tuple[int, int, int, int]:
    """Search ``octets[start:limit]`` for the first place where a convincing chain of records begins.

    Parameters
    ----------
    extent
        `stop` and `at_end` of what may be looked at, and a place that is known to be no record, or -1: a chain that
        begins before it must lead on behind it.

    Returns
    -------
    found, position, last, whole
        `found` is -1 where there is none; the others are those of the chain.
    """
    stop, at_end, bad = extent
    big, header, maximum = layout[BIG], layout[RECORD_HEADER], layout[MAXIMUM]
    units = 1_000_000_000 if layout[FRACTION_NS] == 1 else 1_000_000
    top_length, top_fraction = maximum >> 24, (units - 1) >> 24
    first = 0 if big else 3
    # The next record of a chain that was found to lead nowhere: those behind it lead nowhere either.
    dead = -1
    at = start - 1
    while at + 1 < min(limit, stop - header):
        at += 1
        # The highest octets of three numbers pass over nearly every place that is no header.
        if octets[at + 8 + first] > top_length or octets[at + 12 + first] > top_length:
            continue
        if octets[at + 4 + first] > top_fraction:
            continue
        seconds, fraction, captured, wire = header_at(octets, at, layout)
        if captured == wire == 0:
            # Before both lengths are behind the zeros there is no record.
            at = skip_zeros(octets, at + 16, min(stop, limit + 16)) - 16
            continue
        if captured == 0 or seconds == fraction == captured or oddities(fraction, captured, wire, layout):
            continue
        if at == dead < bad:
            dead = at + header + captured
            continue
        have = min(captured, stop - at - header)
        seen = evidence(octets, at + header, have, wire, layout[LINK_TYPE])
        last_seconds = layout[SOUND_SECONDS]
        # A time from another age is no reason to pass over a packet, but it has to be one beyond doubt.
        is_strange = last_seconds >= 0 and not -_AGE < seconds - last_seconds < _AGE
        if seen == CONTRADICTED or (is_strange and seen != TIED):
            continue
        points, position, last, whole = chain(octets, at, stop, at_end, CHAIN, layout)
        if at < bad and position <= bad and points >= CONVINCING:
            points, position, last, whole = chain(octets, at, stop, at_end, FOLLOWED, layout)
            dead = at + header + captured
        if points >= CONVINCING and (at >= bad or (position > bad and (whole or last > bad))):
            return at, position, last, whole
    return -1, -1, -1, 0
