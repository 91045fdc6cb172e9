"""The columns of every table, declared once: name, Arrow type, unit, meaning and GraphML type.

Everything that knows a column's name or type derives it from here: the writers, the GraphML keys, the README's tables
and ``batchgraph show columns``. pyarrow is imported only when a schema is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

FORMAT_VERSION = 1
"""Version of the results format; a reader refuses a higher one."""

TIMESTAMP = "timestamp[ns, UTC]"
TEXT = "dictionary<string>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name
        As it stands in Parquet, CSV and GraphML.
    type
        Arrow type: an integer type's name, ``timestamp[ns, UTC]``, ``string`` or ``dictionary<string>``.
    meaning
        One line for people.
    unit
        Empty where the type says it.
    nullable
        Whether a value may be missing.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    nullable: bool = True

    @property
    def graphml_type(self) -> str:
        """The GraphML ``attr.type``: never the 32-bit ``int``, which some readers refuse or overflow."""
        return "long" if self.type.startswith(("int", "uint")) else "string"

    def arrow_type(self) -> pa.DataType:
        """Give the Arrow type itself."""
        import pyarrow as pa

        if self.type == TEXT:
            return pa.dictionary(pa.int32(), pa.string())
        if self.type == TIMESTAMP:
            return pa.timestamp("ns", tz="UTC")
        return pa.type_for_alias(self.type)


EDGE_COLUMNS: tuple[Column, ...] = (
    Column("capture", TEXT, "id of the capture", nullable=False),
    Column("frame", "uint64", "number of the packet in its capture, from 1 (Wireshark's frame.number)", nullable=False),
    Column("time", TIMESTAMP, "the capture's timestamp; null where it cannot be represented"),
    Column("interface", "uint16", "pcapng interface, 0 for pcap"),
    Column("link_type", "uint16", "LINKTYPE_ number of that interface"),
    Column("wire_len", "uint32", "length on the wire", "octets", nullable=False),
    Column("cap_len", "uint32", "length captured", "octets", nullable=False),
    Column("eth_src", TEXT, "link-layer source address"),
    Column("eth_dst", TEXT, "link-layer destination address"),
    Column("vlan", "uint16", "outermost 802.1Q or 802.1ad VLAN identifier"),
    Column("src", TEXT, "source address of the innermost IP header decoded; for ARP the sender's"),
    Column("dst", TEXT, "destination address of the innermost IP header decoded; for ARP the target's"),
    Column("ttl", "uint8", "time to live, or hop limit"),
    Column("proto", "uint8", "IANA protocol number of the header after IP and after IPv6 extension headers"),
    Column("type", TEXT, "protocol label that edges carry: TCP, UDP, ICMP, ICMPv6, SCTP, ARP, ..."),
    Column("sport", "uint16", "source port; null in later fragments"),
    Column("dport", "uint16", "destination port; null in later fragments"),
    Column("tcp_flags", "uint16", "the nine TCP flag bits (RFC 9293, RFC 3540)"),
    Column("icmp_type", "uint8", "ICMP or ICMPv6 type"),
    Column("icmp_code", "uint8", "ICMP or ICMPv6 code"),
    Column("load", "uint32", "payload after the transport header, by the headers' lengths", "octets"),
    Column("frag_offset", "uint16", "fragment offset as on the wire; null where the packet is no fragment", "8 octets"),
    Column("tunnel", TEXT, "tunnel headers passed, outermost first, joined by >"),
    Column("outer_src", TEXT, "source address of the outermost IP header, only where tunnel is set"),
    Column("outer_dst", TEXT, "destination address of the outermost IP header, only where tunnel is set"),
    Column("status", TEXT, "how far decoding got: ok, truncated, malformed or unsupported", nullable=False),
    Column("stopped_in", TEXT, "header in or after which decoding stopped, where status is not ok"),
    Column("trust", TEXT, "whether the record itself is beyond doubt: sound, repaired or suspect", nullable=False),
)
"""One row per packet of a capture, in file order (``edges/``)."""

FLOW_KEY: tuple[str, ...] = ("src", "dst", "type", "proto", "sport", "dport", "icmp_type", "icmp_code")
"""The columns that packets of one flow share; nulls compare equal."""


def _key_columns() -> tuple[Column, ...]:
    by_name = {column.name: column for column in EDGE_COLUMNS}
    return tuple(by_name[name] for name in FLOW_KEY)


FLOW_SUMS: tuple[Column, ...] = (
    Column("packets", "int64", "packets", nullable=False),
    Column("octets", "int64", "sum of wire_len", "octets", nullable=False),
    Column("load", "int64", "sum of load", "octets", nullable=False),
    Column("first", TIMESTAMP, "time of the first packet"),
    Column("last", TIMESTAMP, "time of the last packet"),
    Column("tcp_flags", "uint16", "all TCP flag bits seen, or-ed"),
)
"""What a flow adds up."""

FLOW_COLUMNS: tuple[Column, ...] = (
    Column("capture", TEXT, "id of the capture", nullable=False),
    *_key_columns(),
    *FLOW_SUMS,
)
"""One row per flow of one capture (``flows/<id>.parquet``), ordered by key."""

COMBINED_FLOW_COLUMNS: tuple[Column, ...] = (
    *FLOW_COLUMNS[1:],
    Column("captures", "int64", "captures in which the flow was seen", nullable=False),
)
"""One row per flow over all captures (``flows/combined.parquet``), ordered by key."""

NAME_COLUMNS: tuple[Column, ...] = (
    Column("capture", TEXT, "id of the capture", nullable=False),
    Column("frame", "uint64", "number of the first packet that says so", nullable=False),
    Column("place", "uint32", "place among what that packet says, from 0", nullable=False),
    Column("address", "string", "address; for dhcp-request the transaction", nullable=False),
    Column("name", "string", "name, as printable text; for dhcp-ack the transaction", nullable=False),
    Column("source", TEXT, "dns, mdns, llmnr, nbns, dhcp, dhcp-request or dhcp-ack", nullable=False),
    Column("packets", "int64", "packets of this part that say so", nullable=False),
)
"""One row per name that packets of one part of a capture tell of an address (``names/``), the first said first."""


def arrow_schema(columns: Iterable[Column], *, capture: str | None = None) -> pa.Schema:
    """Build the Arrow schema of a table, with units and meanings as metadata.

    Parameters
    ----------
    columns
        In order.
    capture
        Id of the capture, added to the schema's metadata where given.
    """
    import pyarrow as pa

    fields = [
        pa.field(c.name, c.arrow_type(), c.nullable, {"meaning": c.meaning, **({"unit": c.unit} if c.unit else {})})
        for c in columns
    ]
    metadata = {"batchgraph.format_version": str(FORMAT_VERSION)}
    if capture is not None:
        metadata["batchgraph.capture"] = capture
    return pa.schema(fields, metadata)


def edge_schema(capture: str | None = None) -> pa.Schema:
    """Build the Arrow schema of edge records."""
    return arrow_schema(EDGE_COLUMNS, capture=capture)
