"""The walk of the reference decoder: scapy reads one header after the other, and what it read becomes a row."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from scapy.fields import FlagValue
from scapy.packet import Packet

from batchgraph.schema import EDGE_COLUMNS
from batchgraph.wire import names

Kind: TypeAlias = type[Packet]
"""A class of scapy's that dissects one kind of header."""

Fields: TypeAlias = dict[str, Any]
"""Values of a header's fields by scapy's names; those that were cut off are missing."""

COLUMNS = tuple(
    column.name
    for column in EDGE_COLUMNS
    if column.name not in {"capture", "frame", "time", "interface", "link_type", "wire_len", "cap_len", "trust"}
)
"""The columns that are decoded from a packet's octets."""

OF_THE_PACKET = ("eth_src", "eth_dst", "vlan")
"""Columns that a further IP header does not reset: the outermost value stays."""

PROTOCOL_LABELS = names.IP_PROTOCOLS | {
    1: "ICMP", 2: "IGMP", 4: "IPv4", 6: "TCP", 17: "UDP", 33: "DCCP", 41: "IPv6", 47: "GRE", 58: "ICMPv6",
    97: "ETHERIP", 103: "PIM", 132: "SCTP", 136: "UDPLite", 137: "MPLS-in-IP", 143: "Ethernet",
}  # fmt: skip
"""What the column ``type`` says of each IP protocol number."""

MAX_TUNNELS = 16
MAX_HEADERS = 64

OPEN_LENGTH = {"options", "Ext", "headers", "addresses", "tlv_objects", "icv", "iface", "SCI"}
"""Fields at which scapy stops being asked: what is before them says how long the header is."""


class StoppedError(Exception):
    """Decoding ends here, and the packet is not ``ok``.

    Parameters
    ----------
    status
        ``truncated``, ``malformed`` or ``unsupported``.
    header
        What ``stopped_in`` says; None: the header at hand.
    """

    def __init__(self, status: str, header: str | None = None) -> None:
        super().__init__(status, header)
        self.status = status
        self.header = header


@dataclass(frozen=True, slots=True)
class Layer:
    """How one kind of header of scapy's becomes columns.

    Parameters
    ----------
    name
        What ``stopped_in`` calls it.
    octets
        How many must be there for it to be read at all.
    follow
        Takes what scapy read, moves the walk behind the header, and gives the kind of the next one, or None.
    columns
        Names of scapy's fields by the columns that they fill, also of a header that was cut.
    type
        What the column ``type`` says.
    measure
        Of a transport header only: sets the end of what it carries where it says so, and gives its own length, or None
        where the field that says it was cut off.
    is_tunnel
        Whether the header is a tunnel's, whatever it says.
    """

    name: str
    octets: int
    follow: Callable[[Walk, Fields], Kind | None]
    columns: Mapping[str, str] = field(default_factory=dict)
    type: str | None = None
    measure: Callable[[Walk, Fields], int | None] | None = None
    is_tunnel: bool = False


class Walk:
    """Where in a packet the walk is, and what was found so far.

    Attributes
    ----------
    at
        Octets from the start of the packet to the header at hand.
    end
        Where the packet ends by the lengths in its headers; None where none said so yet.
    ethertype
        The EtherType under which the header at hand was found.
    guessed
        Whether the header at hand was only guessed, by a port: without room for it, it is not there.
    """

    def __init__(self, octets: bytes, wire_len: int, *, only_outer: bool) -> None:
        self.octets = octets
        self.on_wire = max(len(octets), wire_len)
        self.only_outer = only_outer
        self.at = 0
        self.end: int | None = None
        self.ethertype = 0
        self.guessed = False
        self.name = "link"
        self.row: dict[str, object] = dict.fromkeys(COLUMNS)
        self.tunnels: list[str] = []
        self.outer: tuple[object, object] | None = None
        self.payload: tuple[int, int] | None = None
        self.reached_transport = False

    def limit(self) -> int:
        """Give where the packet's octets end, on the wire and by the headers' lengths."""
        return self.on_wire if self.end is None else min(self.end, self.on_wire)

    def shown(self) -> bytes:
        """Give the octets of the header at hand, and what follows, as far as they were captured."""
        return self.octets[self.at : self.limit()]

    def has_room(self, n_octets: int) -> bool:
        """Tell whether the packet has `n_octets` more, be they captured or not."""
        return self.at + n_octets <= self.limit()

    def refuses_tunnels(self) -> bool:
        """Tell whether a tunnel's header is where decoding ends."""
        return self.only_outer and self.outer is not None

    def need(self, n_octets: int) -> None:
        """Make sure that `n_octets` are there.

        Raises
        ------
        StoppedError
            If the packet has ended before, or was cut off by the capture.
        """
        if not self.has_room(n_octets):
            raise StoppedError("malformed")
        if self.at + n_octets > len(self.octets):
            raise StoppedError("truncated")

    def peek(self, n_octets: int = 1) -> bytes:
        """Give the next octets, which must be there."""
        self.need(n_octets)
        return self.octets[self.at : self.at + n_octets]

    def holds(self, n_octets: int) -> None:
        """Let the packet end `n_octets` after the start of the header at hand, if it does not end before."""
        end = self.at + n_octets
        self.end = end if self.end is None else min(self.end, end)

    def skip(self, n_octets: int, *, least: int = 0) -> None:
        """Step over a header of `n_octets`, which must be at least `least` and fit in the packet."""
        if n_octets < least or not self.has_room(n_octets):
            raise StoppedError("malformed")
        self.at += n_octets
        if self.at > len(self.octets):
            raise StoppedError("truncated")

    def fill(self, column: str, value: object) -> None:
        """Fill a column that is still empty: what comes first is outermost."""
        if value is not None and self.row[column] is None:
            self.row[column] = value

    def label(self, text: str | None) -> None:
        """Say what the column ``type`` says: the last label before an IP header counts, and the first after one."""
        if text is not None and (self.payload is None or self.row["type"] is None):
            self.row["type"] = text

    def enter_network(self, columns: Mapping[str, object], *, length: int) -> None:
        """Start anew with an IP header of `length` octets, whose packet's end was set before."""
        kept = {column: self.row[column] for column in OF_THE_PACKET}
        self.row = dict.fromkeys(COLUMNS) | kept | columns
        self.reached_transport = False
        if self.outer is None:
            self.outer = (columns["src"], columns["dst"])
        self.payload = (self.at + length, self.limit())
        self.skip(length)

    def enter_extension(self, proto: object, *, length: int) -> None:
        """Step over an extension of the IP header, after which comes protocol `proto`."""
        self.row["proto"] = proto
        if self.payload is not None and 8 <= length <= self.limit() - self.at:
            self.payload = (self.at + length, self.payload[1])
        self.skip(length, least=8)

    def measure(self, length: int | None, *, least: int) -> None:
        """Measure what a transport header of `length` octets carries; None where its length was cut off."""
        if self.payload is None or self.reached_transport:
            return
        self.reached_transport = True
        if length is not None and length >= least and self.has_room(length):
            self.fill("load", self.limit() - self.at - length)

    def enter_tunnel(self, label: str, *, length: int, least: int = 0) -> bool:
        """Step over a tunnel's header; False where tunnels are not to be entered."""
        if self.refuses_tunnels():
            return False
        if len(self.tunnels) == MAX_TUNNELS:
            raise StoppedError("unsupported")
        self.need(least)
        self.skip(length, least=least)
        self.tunnels.append(label)
        return True

    def finish(self, status: str, stopped_in: str | None) -> dict[str, object]:
        """Give the row."""
        row = self.row
        if self.payload is not None:
            if not self.reached_transport:
                self.fill("load", self.payload[1] - self.payload[0])
            self.label(PROTOCOL_LABELS.get(int(str(row["proto"]))))
        if self.tunnels:
            row["tunnel"] = ">".join(self.tunnels)
            row["outer_src"], row["outer_dst"] = self.outer or (None, None)
        row["status"], row["stopped_in"] = status, stopped_in
        return row


def read(kind: Kind, octets: bytes) -> Fields:
    """Let scapy read the fields of a header from as many octets as there are."""
    layer = kind(_internal=1)
    rest: Any = octets
    try:
        for description in layer.fields_desc:
            if description.name in OPEN_LENGTH:
                break
            rest, value = description.getfield(layer, rest)
            if value is not None:
                layer.fields[description.name] = value
    except (struct.error, TypeError, ValueError, IndexError):
        pass  # cut off within this field; those before it are there
    return {name: int(value) if isinstance(value, FlagValue) else value for name, value in layer.fields.items()}


def step(walk: Walk, kind: Kind, layers: Mapping[Kind, Layer]) -> Kind | None:
    """Walk over one header and give the kind of the next, or None where decoding ends."""
    layer = layers[kind]
    if walk.guessed and not walk.has_room(layer.octets):
        return None
    walk.guessed = False
    walk.name = layer.name
    walk.label(layer.type)
    if layer.is_tunnel and walk.refuses_tunnels():
        return None
    fields = read(kind, walk.shown())
    for column, name in layer.columns.items():
        walk.fill(column, fields.get(name))
    if layer.measure is not None:
        walk.measure(layer.measure(walk, fields), least=layer.octets)
    walk.need(layer.octets)
    return layer.follow(walk, fields)
