"""What must hold of the rows of any packets whatever, checked on the decoder's arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchgraph.decode.columns import RowGroup
from batchgraph.decode.kernel import MAX_TUNNELS
from batchgraph.decode.program import ADDRESS_KINDS, ADDRESS_SLOTS, OK, SLOT, SLOTS, STATUS_NAMES, TRUNCATED, Table

LARGEST = {"vlan": 4095, "ttl": 255, "proto": 255, "sport": 65535, "dport": 65535, "tcp_flags": 511,
           "icmp_type": 255, "icmp_code": 255, "frag_offset": 8191}  # fmt: skip
"""What fits the fields on the wire: RFC 9293, 3.1; RFC 791, 3.1; IEEE 802.1Q, 9.6; and the other headers' octets."""

NEEDS = {
    "dport": ("sport",), "tcp_flags": ("sport", "dport"), "icmp_code": ("icmp_type",),
    "proto": ("src", "dst", "ttl"), "frag_offset": ("src", "dst"),
    "tunnel": ("outer_src", "outer_dst"), "outer_src": ("tunnel",), "outer_dst": ("tunnel",),
}  # fmt: skip
"""Columns that are never filled without others."""


@dataclass(frozen=True)
class Snapshot:
    """A copy of decoded rows, with what the numbers of interned texts stand for."""

    values: NDArray[np.uint32]
    present: NDArray[np.uint32]
    status: NDArray[np.uint8]
    interned: dict[str, tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint8]]]

    def has(self, name: str) -> NDArray[np.bool_]:
        """Tell in which rows a column is present."""
        return (self.present >> np.uint32(SLOT[name]) & 1).astype(bool)


def snapshot(group: RowGroup) -> Snapshot:
    """Copy the rows of a group."""
    n, rows = group.n, group.rows
    values, present, status = rows.values[:, :n].copy(), rows.present[:n].copy(), rows.status[:n].copy()
    interned = {}
    for name in (*ADDRESS_SLOTS, "tunnel"):
        slot, table = SLOT[name], group.interning
        # Numbers beyond the entries there are stand for nothing, and are complained of elsewhere.
        known = (present >> np.uint32(slot) & 1 != 0) & (values[slot] < table.counts[slot])
        numbers = np.where(known, values[slot], 0)
        high, low, kind = (np.where(known, column[slot, numbers], 0) for column in (table.high, table.low, table.kind))
        interned[name] = high.astype(np.uint64), low.astype(np.uint64), kind.astype(np.uint8)
    return Snapshot(values, present, status, interned)


def differing(one: Snapshot, other: Snapshot) -> NDArray[np.bool_]:
    """Tell which rows are not the same."""
    differs = (one.present != other.present) | (one.status != other.status)
    for name in SLOTS:
        there = one.has(name) & other.has(name)
        if name in one.interned:
            pairs = zip(one.interned[name], other.interned[name], strict=True)
            differs |= there & np.any([mine != yours for mine, yours in pairs], axis=0)
        else:
            differs |= there & (one.values[SLOT[name]] != other.values[SLOT[name]])
    return differs


def complaints(
    rows: Snapshot, group: RowGroup, table: Table, lengths: tuple[NDArray[np.uint32], NDArray[np.uint32]]
) -> dict[str, NDArray[np.bool_]]:
    """Give what does not hold of some rows, and of which, whatever the protocols in the table.

    Parameters
    ----------
    lengths
        Octets captured and on the wire.
    """
    captured, wire = (column.astype(np.int64) for column in lengths)
    stopped, bad = rows.has("stopped_in"), rows.status != OK
    broken = {
        "status is none that there is": rows.status >= len(STATUS_NAMES),
        "stopped_in is there, or not, against status": stopped != bad,
        "stopped_in is no header": stopped & (rows.values[SLOT["stopped_in"]] >= len(table.names)),
        "type is no label": rows.has("type") & (rows.values[SLOT["type"]] >= len(table.types)),
        "truncated, but captured whole": (rows.status == TRUNCATED) & (wire <= captured),
        "load is more than the packet": rows.has("load") & (rows.values[SLOT["load"]] > np.maximum(captured, wire)),
        "a column is present that is none": rows.present >= 1 << len(SLOTS),
    }
    return {**broken, **_interned_complaints(rows, group, table)}


def standard_complaints(rows: Snapshot) -> dict[str, NDArray[np.bool_]]:
    """Give what does not hold of some rows, and of which, where the table is the package's own."""
    both = rows.has("src") & rows.has("dst")
    broken = {"src and dst are of two kinds": both & (rows.interned["src"][2] != rows.interned["dst"][2])}
    for name, largest in LARGEST.items():
        broken[f"{name} is more than {largest}"] = rows.has(name) & (rows.values[SLOT[name]] > largest)
    for name, needed in NEEDS.items():
        broken[f"{name} is there without {' and '.join(needed)}"] = rows.has(name) & ~np.all(
            [rows.has(other) for other in needed], axis=0
        )
    return broken


def _interned_complaints(rows: Snapshot, group: RowGroup, table: Table) -> dict[str, NDArray[np.bool_]]:
    broken = {}
    for name in (*ADDRESS_SLOTS, "tunnel"):
        numbers = rows.values[SLOT[name]]
        broken[f"{name} is no entry"] = rows.has(name) & (numbers >= group.interning.counts[SLOT[name]])
    for name in ADDRESS_SLOTS:
        high, low, kind = rows.interned[name]
        used = rows.has(name)
        broken[f"{name} is of no kind"] = used & ((kind < 1) | (kind > len(ADDRESS_KINDS)))
        for number, address in enumerate(ADDRESS_KINDS, 1):
            if address.value < 8:
                too_long = (high != 0) | (low >> np.uint64(8 * address.value) != 0)
                broken[f"{name} has more octets than {address.name}"] = used & (kind == number) & too_long
    high, low, _ = rows.interned["tunnel"]
    stacks = np.stack((high, low), axis=1).astype(">u8").view(np.uint8).reshape(-1, MAX_TUNNELS)
    empty = (stacks[:, -1] == 0) | (stacks >= len(table.tunnels)).any(axis=1)
    broken["tunnel is no stack of labels"] = rows.has("tunnel") & empty
    return broken
