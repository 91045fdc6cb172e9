"""The attributes of nodes and edges, declared once and derived from the schema of the tables."""

from __future__ import annotations

from batchgraph.errors import UsageError
from batchgraph.schema import COMBINED_FLOW_COLUMNS, EDGE_COLUMNS, FLOW_COLUMNS, FLOW_SUMS, TIMESTAMP, Column

EDGE_KINDS = ("flow", "packet", "pair")
"""What an edge can stand for: a flow, a single packet, or all packets from one host to another."""

FURTHER_KINDS = (*EDGE_KINDS, "service", "subnet", "mac")
"""What an edge of a further graph can stand for, besides: all packets of a host with one service of another, from one
network to another, or from one link-layer address to another."""

NODE_COLUMNS: tuple[Column, ...] = (
    Column("packets_out", "int64", "packets sent", nullable=False),
    Column("packets_in", "int64", "packets received", nullable=False),
    Column("octets_out", "int64", "sum of wire_len of packets sent", "octets", nullable=False),
    Column("octets_in", "int64", "sum of wire_len of packets received", "octets", nullable=False),
    Column("first", TIMESTAMP, "time of the first packet sent or received"),
    Column("last", TIMESTAMP, "time of the last packet sent or received"),
    Column("scope", "string", "part of the network that the address belongs to"),
)
"""Attributes of a host; its id is the address."""

WEIGHT = Column("weight", "int64", "packets, under the name that graph tools look for", nullable=False)

CAPTURES = COMBINED_FLOW_COLUMNS[-1]
"""What a flow of all captures has besides."""

ENDS = ("src", "dst")
"""What an edge goes from and to."""

PACKET_NAMES = ("frame", "time", "type", "sport", "dport", "icmp_type", "icmp_code", "load")
"""The columns of a packet that its edge carries: the article's, and the number by which it is found in the capture."""

_PACKET_COLUMNS = {column.name: column for column in EDGE_COLUMNS}

_PAIR_COLUMNS: tuple[Column, ...] = (
    Column("types", "string", "protocol labels of the packets, sorted, one space between"),
    *(column for column in FLOW_SUMS if column.name != "tcp_flags"),
)

_SERVICE_COLUMNS: tuple[Column, ...] = (
    _PACKET_COLUMNS["type"],
    _PACKET_COLUMNS["proto"],
    Column("port", "uint16", "port of the server"),
    Column("server", "string", "which end serves: src, dst or both"),
    *(column for column in FLOW_SUMS if column.name != "tcp_flags"),
)


def edge_columns(by: str, *, combined: bool) -> tuple[Column, ...]:
    """Give the attributes of an edge, beside its ends.

    Parameters
    ----------
    by
        What an edge is, one of `FURTHER_KINDS`.
    combined
        Whether the graph is that of all captures.
    """
    if by == "packet":
        names = ("capture", *PACKET_NAMES) if combined else PACKET_NAMES
        return (*(_PACKET_COLUMNS[name] for name in names), WEIGHT)
    if by in ("pair", "subnet", "mac"):
        return (*_PAIR_COLUMNS, WEIGHT)
    if by == "service":
        return (*_SERVICE_COLUMNS, WEIGHT)
    columns = COMBINED_FLOW_COLUMNS if combined else FLOW_COLUMNS
    return (*(column for column in columns if column.name not in ("capture", *ENDS)), WEIGHT)


def check_kind(by: str) -> None:
    """Raise `UsageError` unless `by` is one of `EDGE_KINDS`."""
    if by not in EDGE_KINDS:
        raise UsageError(f"an edge cannot be by {by!r}, only by {', '.join(EDGE_KINDS)}")
