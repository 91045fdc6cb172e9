"""The compiled walker of pcapng files."""

# ruff: noqa: PLR0912 (calls between compiled functions cost more than what they would tidy)

from __future__ import annotations

from batchgraph.capture.blocks import (
    BLOCK_ENHANCED,
    BLOCK_OBSOLETE,
    BLOCK_SECTION,
    BLOCK_SIMPLE,
    COMMENTS,
    HEADER_OCTETS,
    IF_SNAP,
    INTERFACES,
    LARGEST,
    LAST_TIME,
    MENDED,
    ORDER,
    OTHER_OCTETS,
    RECORD_OCTETS,
    REMARK_COMMENT,
    REMARKS,
    REMARKS_PER_BLOCK,
    SUSPECT_ZONE,
    TIME_HIGH,
    TIME_LOW,
    TIMED_ZONE,
    TRUST,
    Blocks,
    block_extent,
    next_comment,
    note,
    other_block,
    packet_block,
    simple_block,
)
from batchgraph.capture.chain_pcapng import ends_in_next
from batchgraph.capture.habits import captured_length, note_habits
from batchgraph.capture.index import SUSPECT
from batchgraph.capture.walk import DOUBTFUL, FULL, INTERFACES_FULL, OVERFLOW, Columns, Octets
from batchgraph.compiled import kernel


@kernel
def walk_pcapng(octets: Octets, start: int, stop: int, blocks: Blocks, into: Columns) -> tuple[int, int, int, int]:
    """Walk the blocks of a pcapng file (draft-ietf-opsawg-pcapng).

    Walking stops with `FULL` where the next block could find no room in the index or among the remarks, and with
    `INTERFACES_FULL` where the table has no row for the next interface although `MAX_INTERFACES` are not reached.
    """
    offset, cap_len, wire_len, time_ns, interface, link_type, trust = into
    state, interfaces, _, remarks = blocks
    position, n = start, 0
    suspect, timed = start + state[SUSPECT_ZONE], start + state[TIMED_ZONE]
    sound, low, high = state[TRUST], state[TIME_LOW], state[TIME_HIGH]
    while True:
        kind, big, length, reason, needed = block_extent(octets, position, stop, state[ORDER])
        if reason >= 0:
            return position, n, reason, needed
        if n == len(offset) or state[REMARKS] > len(remarks) - REMARKS_PER_BLOCK:
            return position, n, FULL, 0
        end = position + length - 4
        extent = (kind, position + 8, end)
        if kind in (BLOCK_ENHANCED, BLOCK_OBSOLETE, BLOCK_SIMPLE):
            if kind == BLOCK_SIMPLE:
                number, at, captured, wire, time, link = simple_block(
                    octets, extent, big, interfaces, state[INTERFACES]
                )
                options = end
            else:
                number, at, captured, wire, time, link = packet_block(
                    octets, extent, big, interfaces, state[INTERFACES]
                )
                options = at + ((captured + 3) & ~3)
            if captured < 0:
                return position, n, OVERFLOW, 0
            if kind == BLOCK_ENHANCED:
                if end - options >= 8 and state[MENDED] != SUSPECT and ends_in_next(octets, end, length, big):
                    return position, n, DOUBTFUL, 0
                if (captured != wire or captured == 0) and state[MENDED] != SUSPECT:
                    snap = interfaces[number, IF_SNAP] if 0 <= number < state[INTERFACES] else 0
                    if captured_length(octets, (at, captured, wire, link, snap), end, big, state) != captured:
                        return position, n, DOUBTFUL, 0
                note_habits(octets, (at, captured, wire), end, state)
            offset[n], cap_len[n], wire_len[n], time_ns[n] = at, captured, wire, time
            interface[n], link_type[n] = number, link
            is_suspect = position < suspect or (position < timed and not low <= time <= high)
            trust[n] = SUSPECT if is_suspect else max(sound, state[MENDED])
            state[LARGEST] = max(state[LARGEST], length)
            if not is_suspect:
                state[LAST_TIME] = time
            n += 1
            state[RECORD_OCTETS] += length
        else:
            options = other_block(octets, extent, big, blocks)
            if options < 0:
                return position, n, INTERFACES_FULL, 0
            state[HEADER_OCTETS if kind == BLOCK_SECTION else OTHER_OCTETS] += length
        while end - options >= 4:
            options, octets_of_comment = next_comment(octets, options, end, big)
            if options < 0:
                break
            state[COMMENTS] += 1
            note(REMARK_COMMENT, options, octets_of_comment, state, remarks)
            options += (octets_of_comment + 3) & ~3
        state[MENDED] = 0
        position += length
