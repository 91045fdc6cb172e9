"""Decoders: from windows of a capture to groups of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from batchgraph.decode import kernel
from batchgraph.decode.columns import RowGroup
from batchgraph.decode.primitives import Packets, new_walk
from batchgraph.decode.program import Table, build
from batchgraph.wire import table

if TYPE_CHECKING:
    from batchgraph.capture.index import Window
    from batchgraph.decode.reference import ReferenceDecoder
    from batchgraph.wire.spec import Header

Tunnels = Literal["inner", "outer"]
"""Whether decoding goes to the innermost IP header, or stops at the outermost."""


class Decoder(Protocol):
    """Fills a row group with the packets of a window."""

    group: RowGroup

    def decode(self, window: Window, first: int) -> int:
        """Decode packets from number `first` of the window until it ends or the group is full; give the next one."""


def make_decoder(name: Literal["table", "scapy"], *, tunnels: Tunnels, headers: tuple[Header, ...] = ()) -> Decoder:
    """Give the decoder of a name.

    Parameters
    ----------
    name
        ``table``: the compiled kernel; link types that the table lacks go to scapy. ``scapy``: scapy alone.
    tunnels
        Whether tunnels are entered.
    headers
        Protocols to add to the table.
    """
    program = build(table(headers))
    if name == "scapy":
        return ScapyDecoder(program, tunnels=tunnels)
    return TableDecoder(program, tunnels=tunnels)


class TableDecoder:
    """Decodes by the compiled kernel and the protocol table, and hands to scapy only what has an unknown link type.

    Parameters
    ----------
    program
        The table, flattened.
    tunnels
        Whether tunnels are entered.
    capacity
        Rows of a group, where not the usual number.
    common
        Whether packets of common kinds take the shorter way; the rows are the same.
    """

    def __init__(
        self, program: Table, *, tunnels: Tunnels = "inner", capacity: int | None = None, common: bool = True
    ) -> None:
        self._table = program
        self._tunnels = tunnels
        self._common = common and program.is_standard
        self._fallback: _Fallback | None = None
        self.group = RowGroup(program) if capacity is None else RowGroup(program, capacity)
        self._walk = new_walk()

    def decode(self, window: Window, first: int) -> int:
        """Decode packets from number `first` of the window until it ends or the group is full; give the next one."""
        group, index = self.group, window.index
        stop = min(len(index), first + group.capacity - group.n)
        packets = Packets(window.octets, index.offset, index.cap_len, index.wire_len, index.link_type)
        link = len(self._table.names) - 1
        first_row = group.n
        at = first
        while at < stop:
            done = kernel.decode(
                packets, at, stop, self._table.program, self._common, self._tunnels == "outer", group.rows, group.n,
                group.interning, self._walk,
            )  # fmt: skip
            group.note(index.part(at, done))
            if done < stop:
                group.grow()
            at = done
        unknown = group.stopped_at(link, first_row)
        if len(unknown):
            self._ask_scapy(window, first - first_row, unknown.tolist())
        return stop

    def _ask_scapy(self, window: Window, shift: int, rows: list[int]) -> None:
        if self._fallback is None:
            self._fallback = _Fallback(self._tunnels)
        for row in rows:
            record = self._fallback.decode(window, row + shift)
            if record is not None:
                self.group.put(row, record)


class ScapyDecoder:
    """Decodes every packet by scapy, into the same rows."""

    def __init__(self, program: Table, *, tunnels: Tunnels = "inner", capacity: int | None = None) -> None:
        self.group = RowGroup(program) if capacity is None else RowGroup(program, capacity)
        self._reference = _reference(tunnels)

    def decode(self, window: Window, first: int) -> int:
        """Decode packets from number `first` of the window until it ends or the group is full; give the next one."""
        group = self.group
        stop = min(len(window.index), first + group.capacity - group.n)
        for packet in range(first, stop):
            group.put(group.n + packet - first, _decode_one(self._reference, window, packet))
        group.note(window.index.part(first, stop))
        return stop


class _Fallback:
    """Scapy for the link types that it knows."""

    def __init__(self, tunnels: Tunnels) -> None:
        self._reference = _reference(tunnels)

    def decode(self, window: Window, packet: int) -> dict[str, object] | None:
        link_type = int(window.index.link_type[packet])
        if not self._reference.knows(link_type):
            return None
        return _decode_one(self._reference, window, packet)


def _reference(tunnels: Tunnels) -> ReferenceDecoder:
    # Imported when it is needed: scapy takes longer to load than most captures take to decode.
    from batchgraph.decode.reference import ReferenceDecoder

    return ReferenceDecoder(tunnels=tunnels)


def _decode_one(reference: ReferenceDecoder, window: Window, packet: int) -> dict[str, object]:
    index = window.index
    first = int(index.offset[packet])
    octets = window.octets[first : first + int(index.cap_len[packet])].tobytes()
    link_type = int(index.link_type[packet])
    return reference.decode(
        octets, link_type=link_type if link_type >= 0 else None, wire_len=int(index.wire_len[packet])
    )
