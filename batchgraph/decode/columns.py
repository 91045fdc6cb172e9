"""The rows of a group of packets: buffers that the kernel fills, and their turning into Arrow columns."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batchgraph.capture.index import NO_NUMBER, NO_TIME, TRUST_NAMES, PacketIndex
from batchgraph.decode import primitives
from batchgraph.decode.address_array import address_array
from batchgraph.decode.program import ADDRESS_SLOTS, NONE, SLOT, SLOTS, STATUS_NAMES, Table
from batchgraph.decode.text import address_octets, address_text, tunnel_texts
from batchgraph.schema import EDGE_COLUMNS, TEXT, Column

ROWS = 1 << 18
"""Rows of a group, at most: enough that a dictionary a group costs little, few enough to bound memory."""

_FIRST_TABLE = 1 << 10


class RowGroup:
    """Rows that are written together, and the numbers of the distinct texts in them.

    Parameters
    ----------
    table
        What the kernel's numbers mean.
    capacity
        Rows that fit.
    """

    def __init__(self, table: Table, capacity: int = ROWS) -> None:
        self._table = table
        self.capacity = capacity
        self.n = 0
        self.rows = primitives.Rows(
            np.empty((primitives.N_SLOTS, capacity + 16), np.uint32),
            np.empty(capacity, np.uint32),
            np.empty(capacity, np.uint8),
        )
        self.interning = _new_interning(capacity)
        self._index = PacketIndex.empty(capacity)
        self._bitmaps = np.zeros((primitives.N_SLOTS, (capacity + 7) // 8), np.uint8)
        self._counts = np.zeros(primitives.N_SLOTS, np.int64)

    def note(self, index: PacketIndex) -> None:
        """Keep the record headers of the packets that were decoded last, and count their rows."""
        first, self.n = self.n, self.n + len(index)
        mine = self._index
        for kept, given in (
            (mine.cap_len, index.cap_len), (mine.wire_len, index.wire_len), (mine.time_ns, index.time_ns),
            (mine.interface, index.interface), (mine.link_type, index.link_type), (mine.trust, index.trust),
        ):  # fmt: skip
            kept[first : self.n] = given

    def put(self, row: int, record: Mapping[str, object]) -> None:
        """Write one row from values by column, as a reference decoder gives them; there is a row more if it is new.

        Parameters
        ----------
        row
            One that is there already, or the next.
        record
            A value for every column in `SLOTS`, None for null, and ``status``.
        """
        present = 0
        for slot, name in enumerate(SLOTS):
            value = record[name]
            if value is None:
                continue
            present |= 1 << slot
            self.rows.values[slot, row] = self._number(slot, name, value)
        self.rows.present[row] = present
        self.rows.status[row] = STATUS_NAMES.index(str(record["status"]))

    def _number(self, slot: int, name: str, value: object) -> int:
        if slot > SLOT["tunnel"]:
            names = {"type": self._table.types, "stopped_in": self._table.names}.get(name)
            return names.index(str(value)) if names else int(str(value))
        if self.interning.counts[slot] >= self.interning.table.shape[1] // 2:
            self.grow()
        if name == "tunnel":
            kind, octets = 0, bytes(self._table.tunnels.index(label) for label in str(value).split(">"))
        else:
            kind, octets = address_octets(str(value))
        number = int.from_bytes(octets)
        high, low = np.uint64(number >> 64), np.uint64(number & (1 << 64) - 1)
        return int(primitives.intern(self.interning, slot, kind, high, low))

    def clear(self) -> None:
        """Forget the rows and what was interned."""
        self.n = 0
        self.interning.counts[:] = 0
        self.interning.table[:] = NONE

    def grow(self) -> None:
        """Make the interning tables larger."""
        larger = np.full((primitives.N_INTERNED, 4 * self.interning.table.shape[1]), NONE, np.int32)
        primitives.rehash(self.interning, larger)
        self.interning = self.interning._replace(table=larger)

    def to_arrow(self, capture: str, first_frame: int, schema: pa.Schema) -> pa.RecordBatch:
        """Give the rows as columns of the edge schema; the batch shares memory with the group until `clear`.

        Parameters
        ----------
        capture
            Id of the capture.
        first_frame
            Number of the first row's packet.
        schema
            `batchgraph.schema.edge_schema` of the capture.
        """
        primitives.pack_presence(self.rows.present, self.n, self._bitmaps, self._counts)
        arrays = [self._column(column, capture, first_frame) for column in EDGE_COLUMNS]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _column(self, column: Column, capture: str, first_frame: int) -> pa.Array:
        n, index = self.n, self._index
        if column.name in SLOT:
            return self._slot(column)
        if column.name == "capture":
            return _labels(np.zeros(n, np.uint8), [capture])
        if column.name == "frame":
            return _array(np.arange(first_frame, first_frame + n, dtype=np.uint64), column)
        if column.type == TEXT:
            numbers, names = (index.trust, TRUST_NAMES) if column.name == "trust" else (self.rows.status, STATUS_NAMES)
            return _labels(numbers[:n], names)
        values: NDArray[np.generic] = index.time_ns[:n] if column.name == "time" else getattr(index, column.name)[:n]
        missing = values == (NO_TIME if column.name == "time" else NO_NUMBER)
        return _array(values, column, missing if missing.any() else None)

    def _slot(self, column: Column) -> pa.Array:
        slot = SLOT[column.name]
        values = self.rows.values[slot, : self.n]
        count = int(self._counts[slot])
        validity = None if count == self.n else pa.py_buffer(self._bitmaps[slot])
        if column.type != TEXT:
            data = pa.py_buffer(values.astype(column.type))
            return pa.Array.from_buffers(column.arrow_type(), self.n, [validity, data], self.n - count)
        if column.name in ("type", "stopped_in"):
            names = self._table.types if column.name == "type" else self._table.names
            if count == self.n:
                return _labels(values, names)
            present = (self.rows.present[: self.n] & np.uint32(1 << slot)) != 0
            return _labels(np.where(present, values, np.uint32(0)), names, present)
        indices = pa.Array.from_buffers(pa.int32(), self.n, [validity, pa.py_buffer(values)], self.n - count)
        return pa.DictionaryArray.from_arrays(indices, self._texts(slot), safe=False)

    def _texts(self, slot: int) -> pa.StringArray:
        interned = self.interning
        stop = int(interned.counts[slot])
        high, low = interned.high[slot, :stop], interned.low[slot, :stop]
        if slot < len(ADDRESS_SLOTS):
            return address_array(interned.kind[slot, :stop], high, low)
        return _texts(tunnel_texts(high, low, self._table.tunnels))

    def count_statuses(self, statuses: dict[str, int], stopped_in: dict[str, int], trust: dict[str, int]) -> None:
        """Add the rows to counts by ``status``, ``stopped_in`` and ``trust``."""
        _add_counts(statuses, self.rows.status[: self.n], STATUS_NAMES)
        _add_counts(trust, self._index.trust[: self.n], TRUST_NAMES)
        stopped = self.rows.values[SLOT["stopped_in"], : self.n][self.rows.status[: self.n] != 0]
        _add_counts(stopped_in, stopped, self._table.names)

    def address(self, row: int, column: str) -> str | None:
        """Give one address of a row as text, None where it has none."""
        slot = SLOT[column]
        if not self.rows.present[row] & np.uint32(1 << slot):
            return None
        entry, interned = int(self.rows.values[slot, row]), self.interning
        number = int(interned.high[slot, entry]) << 64 | int(interned.low[slot, entry])
        return address_text(int(interned.kind[slot, entry]), number)

    def stopped_at(self, name: int, first: int = 0) -> NDArray[np.int64]:
        """Give the rows from `first` on in which decoding stopped at the header of a number."""
        stopped = self.rows.values[SLOT["stopped_in"], first : self.n] == name
        return np.flatnonzero(stopped & (self.rows.status[first : self.n] != 0)) + first

    def unknown_link_types(self) -> set[int]:
        """Give the link types of rows that no header was found for; `NO_NUMBER` where there was none."""
        rows = self.stopped_at(len(self._table.names) - 1)
        return {int(number) for number in np.unique(self._index.link_type[rows])}


def _new_interning(capacity: int) -> primitives.Interning:
    shape = (primitives.N_INTERNED, capacity)
    return primitives.Interning(
        np.full((primitives.N_INTERNED, _FIRST_TABLE), NONE, np.int32),
        np.empty(shape, np.uint64),
        np.empty(shape, np.uint64),
        np.empty(shape, np.uint8),
        np.zeros(primitives.N_INTERNED, np.int64),
        # Addresses come from outside: whoever knew where each lands could make all of them collide.
        np.frombuffer(os.urandom(8), np.uint64).copy(),
    )


def _labels(
    numbers: NDArray[np.uint8] | NDArray[np.uint32], names: Sequence[str], present: NDArray[np.bool_] | None = None
) -> pa.DictionaryArray:
    """Give names by number, the dictionary holding only those that occur."""
    used: list[int] = np.flatnonzero(np.bincount(numbers)).tolist()
    if len(used) == 1 and used != [0]:
        numbers = np.zeros(len(numbers), np.uint8)
    elif used[-1] != len(used) - 1:
        place = np.zeros(used[-1] + 1, np.uint32)
        place[used] = np.arange(len(used), dtype=np.uint32)
        numbers = place[numbers]
    indices = _from_octets(numbers.astype(np.int32, copy=False), pa.int32(), present)
    return pa.DictionaryArray.from_arrays(indices, _texts([names[i] for i in used]), safe=False)


def _texts(texts: Sequence[str]) -> pa.StringArray:
    """Give texts as an array, without `pyarrow.array`, which imports pandas where that is installed."""
    octets = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, octets)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(octets), pa.py_buffer(offsets), pa.py_buffer(b"".join(octets)))


def _array(values: NDArray[np.generic], column: Column, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Give numbers as a column of its type."""
    dtype = np.int64 if column.name == "time" else column.type
    return _from_octets(values.astype(dtype, copy=False), column.arrow_type(), None if missing is None else ~missing)


def _from_octets(values: NDArray[np.generic], kind: pa.DataType, present: NDArray[np.bool_] | None) -> pa.Array:
    """Wrap an array's memory."""
    validity = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(np.ascontiguousarray(values))])


def _add_counts(counts: dict[str, int], numbers: NDArray[np.uint8] | NDArray[np.uint32], names: Sequence[str]) -> None:
    for number, count in enumerate(np.bincount(numbers, minlength=1).tolist()):
        if count:
            counts[names[number]] = counts.get(names[number], 0) + count
