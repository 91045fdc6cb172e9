"""Connections: the packets of two ends in both directions as one, as Zeek would log them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from batchgraph.graph.connection_sql import CONNECTIONS, PREPARE
from batchgraph.graph.database import literal_path, open_database, query_batches, reading_errors
from batchgraph.graph.rowgroups import write_rows
from batchgraph.results import ResultsDirectory
from batchgraph.schema import EDGE_COLUMNS, TEXT, TIMESTAMP, Column, arrow_schema

_EDGE = {column.name: column for column in EDGE_COLUMNS}

CONNECTION_COLUMNS: tuple[Column, ...] = (
    _EDGE["capture"],
    Column("community_id", "string", "Community ID v1 (seed 0); null without ports where the protocol has them"),
    Column("first_frame", "uint64", "number of its first packet in the capture", nullable=False),
    Column("first", TIMESTAMP, "time of its first packet"),
    Column("duration_seconds", "float64", "from its first packet to its last", "seconds"),
    Column("orig", TEXT, "address of the originator", nullable=False),
    Column("orig_port", "uint16", "port of the originator"),
    Column("resp", TEXT, "address of the responder", nullable=False),
    Column("resp_port", "uint16", "port of the responder"),
    Column("type", TEXT, _EDGE["type"].meaning),
    Column("proto", "uint8", _EDGE["proto"].meaning, nullable=False),
    Column("icmp_type", "uint8", "ICMP or ICMPv6 type of its first packet"),
    Column("icmp_code", "uint8", "ICMP or ICMPv6 code of its first packet"),
    Column("state", TEXT, "how it went, in the terms of Zeek's conn_state; null where Zeek has none"),
    Column("history", "string", "what was seen in which order, in the terms of Zeek's history, each once; S SYN, H SYN"
           " and ACK, D payload, F FIN, R RST, A ACK alone; capital: originator"),
    Column("orig_packets", "int64", "packets sent by the originator", nullable=False),
    Column("resp_packets", "int64", "packets sent by the responder", nullable=False),
    Column("orig_octets", "int64", "sum of wire_len sent by the originator", "octets", nullable=False),
    Column("resp_octets", "int64", "sum of wire_len sent by the responder", "octets", nullable=False),
    Column("orig_load", "int64", "sum of load sent by the originator", "octets", nullable=False),
    Column("resp_load", "int64", "sum of load sent by the responder", "octets", nullable=False),
)  # fmt: skip
"""One row per connection, capture by capture, in the order in which they began."""

_WITH_PORTS = (6, 17, 132)
_ICMP = (1, 58)


@dataclass(frozen=True, slots=True)
class Silence:
    """After how long without a packet a connection is over, in nanoseconds; Zeek's inactivity timeouts by default."""

    tcp_ns: int = 300 * 10**9
    udp_ns: int = 60 * 10**9
    other_ns: int = 60 * 10**9


def write_connections(
    results: ResultsDirectory,
    path: Path,
    *,
    groups: Iterable[Sequence[str]],
    trust: Sequence[str],
    silence: Silence,
    memory: int | None = None,
) -> int:
    """Write the connections of captures as one Parquet file.

    Parameters
    ----------
    results
        With edge records.
    path
        Of the file.
    groups
        Captures in order, as many together as are worth a query.
    trust
        Values of the column ``trust`` whose packets count.
    silence
        When a connection is over.
    memory
        What this process may hold, in octets; None: no limit was asked for.

    Returns
    -------
    connections
        How many there are.
    """
    batches = (
        batch
        for captures in groups
        for batch in _connections(results, captures, trust=trust, silence=silence, memory=memory)
    )
    return write_rows(path, batches, schema=arrow_schema(CONNECTION_COLUMNS))


def _connections(
    results: ResultsDirectory,
    captures: Sequence[str],
    *,
    trust: Sequence[str],
    silence: Silence,
    memory: int | None,
) -> Iterator[pa.RecordBatch]:
    paths = [literal_path(part) for capture in captures for part in results.edge_parts(capture)]
    parts = {"paths": paths, "trust": list(trust)}
    times = {"tcp_ns": silence.tcp_ns, "udp_ns": silence.udp_ns, "other_ns": silence.other_ns}
    with open_database(results.spill, memory=memory) as connection:
        with reading_errors():
            connection.execute(PREPARE, {**parts, **times})
        for batch in query_batches(connection, CONNECTIONS, parameters={**parts, "captures": list(captures)}):
            yield batch.append_column("community_id", pa.array(_community_ids(batch), pa.string()))


def _community_ids(batch: pa.RecordBatch) -> Iterator[str | None]:
    from communityid import CommunityID, FlowTuple  # type: ignore[import-untyped]

    calculator = CommunityID()
    names = ("proto", "orig", "resp", "orig_port", "resp_port", "icmp_type", "icmp_code")
    for proto, orig, resp, *numbers in zip(*(batch.column(name).to_pylist() for name in names), strict=True):
        ports = numbers[2:] if proto in _ICMP else numbers[:2] if proto in _WITH_PORTS else (None, None)
        if None in ports and proto in (*_ICMP, *_WITH_PORTS):
            yield None
        else:
            yield calculator.calc(FlowTuple(proto, orig, resp, *ports))
