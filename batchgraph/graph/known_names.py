"""What hosts are called, of what packets say and captures note: parts put together, and the halves of DHCP joined."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from batchgraph.graph.database import literal_path, reading_errors
from batchgraph.messages import escape
from batchgraph.naming.said import ASKED, GRANTED, MAX_NAMES
from batchgraph.results import COMBINED, Manifest, ResultsDirectory
from batchgraph.schema import NAME_COLUMNS, arrow_schema

SOURCES = ("capture", "dhcp", "mdns", "nbns", "llmnr", "dns")
"""Where names come from, those first that are rather the host's own; ``capture``: the capture's own notes."""

# The limit is on what is said, before the halves of DHCP are joined, so that it does not depend on the parts. Where it
# is passed, what was said is not counted to the end of the capture, so no number is given.
_KEPT = f"""
    CREATE TABLE said AS
    WITH first_said AS (
        SELECT capture, address, name, source, min((frame, place)) AS first, sum(packets)::BIGINT AS packets
        FROM parts_of_names GROUP BY capture, address, name, source
    ), numbered AS (
        SELECT *, row_number() OVER (PARTITION BY capture ORDER BY first) AS number,
            count(*) OVER (PARTITION BY capture) > {MAX_NAMES} AS is_cut
        FROM first_said
    )
    SELECT capture, address, name, source, first, if(is_cut, NULL, packets) AS packets, is_cut
    FROM numbered WHERE number <= {MAX_NAMES}
"""

_KNOWN = f"""
    CREATE TABLE known_names AS
    WITH known AS (
        SELECT capture, address, name, source, first, packets FROM said WHERE source NOT IN ('{ASKED}', '{GRANTED}')
        UNION ALL
        SELECT g.capture, g.address, a.name, 'dhcp', g.first, g.packets
        FROM said g JOIN said a ON g.capture = a.capture AND g.name = a.address AND a.first < g.first
        WHERE g.source = '{GRANTED}' AND a.source = '{ASKED}'
        UNION ALL
        SELECT capture, address, name, 'capture', NULL, NULL FROM noted
    ), each_once AS (
        SELECT capture, address, name, source, min(first) AS first,
            if(bool_or(packets IS NULL), NULL, sum(packets)::BIGINT) AS packets
        FROM known GROUP BY capture, address, name, source
    ), combined AS (
        SELECT '{COMBINED}' AS capture, address, name, source, NULL AS frame,
            if(bool_or(packets IS NULL), NULL, sum(packets)::BIGINT) AS packets, min((capture, first)) AS first
        FROM each_once GROUP BY address, name, source
    )
    SELECT * FROM combined
    UNION ALL SELECT capture, address, name, source, first[1], packets, (capture, first) FROM each_once
"""

_NOTED = pa.schema([(name, pa.string()) for name in ("capture", "address", "name")])

NAMES_IN_ORDER = f"""
    SELECT capture, address, name, source, frame, packets FROM known_names
    ORDER BY capture <> '{COMBINED}', capture, address, list_position({list(SOURCES)}, source),
        packets DESC NULLS LAST, "first" NULLS FIRST, name
"""
"""All names, the combined ones first; of an address the likeliest first: its own, then what most packets say."""


def create_known_names(
    connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, manifest: Manifest
) -> Sequence[str]:
    """Create the table ``known_names``, and give the captures of which only the first `MAX_NAMES` names are in it.

    Raises
    ------
    ResultsError
        If a Parquet file is not whole.
    """
    captures = [entry["capture"] for entry in manifest["inputs"] if entry.get("rows")]
    parts = [part for capture in captures for part in results.names_parts(capture)]
    if parts:
        with reading_errors():
            connection.read_parquet([literal_path(part) for part in parts]).create_view("parts_of_names")
    else:
        connection.register("parts_of_names", arrow_schema(NAME_COLUMNS).empty_table())
    connection.register("noted", _noted(manifest))
    with reading_errors():
        connection.execute(_KEPT)
        connection.execute(_KNOWN)
        cut = connection.execute("SELECT DISTINCT capture FROM said WHERE is_cut ORDER BY capture").fetchall()
    return [capture for (capture,) in cut]


def _noted(manifest: Manifest) -> pa.Table:
    """Give the names that captures note themselves, as ``run.json`` has them; each is text from outside."""
    rows = [
        {"capture": entry["capture"], "address": address, "name": escape(name)}
        for entry in manifest["inputs"]
        for address, names in (entry.get("notes") or {}).get("names", {}).items()
        for name in names
    ]
    return pa.Table.from_pylist(rows, schema=_NOTED)
