"""Flow tables made from a few words, for tests of what is drawn of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from batchgraph.schema import FLOW_COLUMNS, arrow_schema

START = 1_700_000_000_000_000_000
"""2023-11-14 22:13:20 UTC."""


def flow(src: str, dst: str, label: str = "TCP", octets: int = 100, packets: int = 1) -> dict[str, object]:
    return {
        "capture": "a",
        "src": src,
        "dst": dst,
        "type": label,
        "packets": packets,
        "octets": octets,
        "load": 0,
        "first": START,
        "last": START + 10**9,
    }


def write_flows(path: Path, flows: list[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(flows, schema=arrow_schema(FLOW_COLUMNS)), path)
    return path
