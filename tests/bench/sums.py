"""Whether all that a run made adds up to the same: ``python -m tests.bench.sums RESULTS``.

Packets, octets, flows and hosts are counted in edge records, flows, graphs (of flows, as by default) and tables, and
compared; the exit code is 1 where any differ. `batchgraph verify` compares far more, row by row, and takes far longer.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb

from batchgraph.graph.database import literal_path, open_database
from batchgraph.results import COMBINED, Manifest, ResultsDirectory
from batchgraph.sizes import MIB

_CHUNK_OCTETS = 4 * MIB
_DATA = re.compile(rb'<data key="(n_packets_out|n_octets_in|e_packets|e_octets)">(\d+)</data>')

_EDGES = """
    SELECT count(*) AS packets, coalesce(sum(wire_len), 0)::BIGINT AS octets FROM read_parquet($paths)
    WHERE src IS NOT NULL AND dst IS NOT NULL AND list_contains($trust, trust::VARCHAR)
"""
_FLOWS = """
    SELECT coalesce(sum(packets), 0)::BIGINT AS packets, coalesce(sum(octets), 0)::BIGINT AS octets, count(*) AS flows,
        coalesce(sum(packets) FILTER (sport IS NOT NULL AND dport IS NOT NULL), 0)::BIGINT AS served
    FROM read_parquet($paths)
"""
_HOSTS = """
    SELECT count(DISTINCT address) AS hosts
    FROM (SELECT src AS address FROM read_parquet($paths) UNION ALL SELECT dst FROM read_parquet($paths))
"""
_TABLES = {
    "captures": "sum(flows::BIGINT) AS flows, sum(hosts::BIGINT) AS hosts",
    "hosts": "count(*) AS hosts, sum(packets_out::BIGINT) AS packets, sum(octets_in::BIGINT) AS octets",
    "conversations": """sum(packets_ab::BIGINT + packets_ba::BIGINT) AS packets,
        sum(octets_ab::BIGINT + octets_ba::BIGINT) AS octets""",
    "services": "sum(packets::BIGINT) AS served",
    "protocols": "sum(packets::BIGINT) AS rows",
}

Sums = dict[str, int]


def differences(out: Path, *, memory: int | None = None) -> Iterator[str]:
    """Give each sum of a results directory that differs from that of the edge records or flows, in one line.

    Parameters
    ----------
    out
        The results directory, as `run` left it.
    memory
        What this process may hold, in octets; None: no limit was asked for.
    """
    results = ResultsDirectory(out)
    manifest = results.read_manifest()
    captures = [entry["capture"] for entry in manifest["inputs"] if entry.get("rows")]
    with open_database(results.spill, memory=memory) as connection:
        for name in (COMBINED, *captures):
            members = captures if name == COMBINED else [name]
            found = dict(_found(connection, results, manifest, name, members))
            expected = found["flows"] | found["addresses"] | {"rows": _rows(manifest, members)}
            for place, sums in found.items():
                for what, value in sums.items():
                    if value != expected[what]:
                        yield f"{name}: {what} of {place}: {value:,}, expected {expected[what]:,}"


def _found(
    connection: duckdb.DuckDBPyConnection,
    results: ResultsDirectory,
    manifest: Manifest,
    name: str,
    members: list[str],
) -> Iterator[tuple[str, Sums]]:
    trust = manifest["options"]["merge"]["trust"]
    parts = [literal_path(part) for member in members for part in results.edge_parts(member)]
    flows = [literal_path(results.flows(name))]
    yield "flows", _one_row(connection, _FLOWS, paths=flows)
    yield "addresses", _one_row(connection, _HOSTS, paths=flows)
    yield "edge records", _one_row(connection, _EDGES, paths=parts, trust=trust)
    yield from _graph_sums(results.graph(name))
    for table, sums in _TABLES.items():
        path = literal_path(results.table(table))
        query = (
            f"SELECT {sums} FROM read_csv($path, header = true, delim = ',', all_varchar = true) WHERE capture = $name"
        )
        yield f"{table}.csv", _one_row(connection, query, path=path, name=name)


def _rows(manifest: Manifest, captures: list[str]) -> int:
    return sum(entry["rows"] for entry in manifest["inputs"] if entry["capture"] in captures)


def _one_row(connection: duckdb.DuckDBPyConnection, query: str, **parameters: object) -> Sums:
    cursor = connection.execute(query, parameters)
    row = cursor.fetchone()
    assert row is not None
    return {column[0]: int(value or 0) for column, value in zip(cursor.description, row, strict=True)}


def _graph_sums(path: Path) -> Iterator[tuple[str, Sums]]:
    """Count in a GraphML file of flows, as text and a few megabytes at a time: a parser would take half an hour."""
    sums: Counter[bytes] = Counter()
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_OCTETS):
            lines, _, rest = (rest + chunk).rpartition(b"\n")
            sums[b"node"] += lines.count(b"<node ")
            sums[b"edge"] += lines.count(b"<edge ")
            for key, number in _DATA.findall(lines):
                sums[key] += int(number)
    nodes = {"hosts": sums[b"node"], "packets": sums[b"n_packets_out"], "octets": sums[b"n_octets_in"]}
    yield "the graph's nodes", nodes
    yield (
        "the graph's edges",
        {
            "flows": sums[b"edge"],
            "packets": sums[b"e_packets"],
            "octets": sums[b"e_octets"],
        },
    )


def main() -> None:
    """Print what differs, and exit with 1 where anything does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    found = list(differences(parser.parse_args().results, memory=1024 * MIB))
    sys.stdout.write("".join(f"{line}\n" for line in found or ["all sums are equal"]))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
