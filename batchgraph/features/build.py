"""The tables of features of some captures, in bounded memory: a part of the hosts at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from batchgraph.features import host_sql, pair_sql, part_sql
from batchgraph.features import sql as base_sql
from batchgraph.features.declared import HOST_FEATURES, PAIR_FEATURES, Feature
from batchgraph.features.feature_rows import addresses_of_hosts, host_rows, pair_rows
from batchgraph.features.measures import MOST_EDGES, NAMES, Measures, measure
from batchgraph.graph.database import memory_limit_mib, open_database, reading_errors
from batchgraph.graph.key_ranges import ROWS_OF_A_RANGE
from batchgraph.graph.records import create_source, window_start
from batchgraph.graph.rowgroups import write_rows
from batchgraph.graph.scope import scopes_of
from batchgraph.results import ResultsDirectory
from batchgraph.schema import arrow_schema
from batchgraph.sizes import MIB

MOST_MEMORY = 1024 * MIB
"""What the database counts on; with the lists of quartiles, which it does not count, a process stays below 1 GiB."""

PART_PACKETS = 3_000
"""Packets of a part of the hosts for each MiB that the database may hold, about; a packet takes some 100 octets."""

SUBJECT_PACKETS = 25
"""Packets that a host or a pair counts for, besides its own: each takes some kilobytes in the lists of quartiles."""


@dataclass(frozen=True, slots=True)
class FeatureTask:
    """The features of some captures to compute; small ones are worked on many at a time.

    Parameters
    ----------
    root
        The results directory.
    captures
        Their ids, in order.
    rows
        How many packets they have.
    trust
        Values of the column ``trust`` whose packets count.
    window_ns
        Length of the windows of time; None for none.
    hosts, pairs
        Where the tables go.
    memory
        What a process may hold, in octets; None: no limit but this module's own.
    """

    root: Path
    captures: tuple[str, ...]
    rows: int
    trust: tuple[str, ...]
    window_ns: int | None
    hosts: Path
    pairs: Path
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class FeatureCounts:
    """What was computed of some captures.

    Parameters
    ----------
    hosts, pairs
        Rows of the two tables.
    left_out
        Measures that were left out, by capture, feature and reason, and in how many windows.
    """

    hosts: int
    pairs: int
    left_out: Mapping[tuple[str, str, str], int]


def build_features(task: FeatureTask) -> FeatureCounts:
    """Write the two tables of features of some captures."""
    results = ResultsDirectory(task.root)
    with open_database(results.spill, memory=min(task.memory or MOST_MEMORY, MOST_MEMORY)) as connection:
        connection.execute("SET preserve_insertion_order = true")
        with reading_errors():
            _create_packets(connection, results, task)
            _compute(connection, _parts(connection))
            left_out = _measure_windows(connection)
        addresses = addresses_of_hosts(connection)
        hosts = host_rows(connection, addresses, task.window_ns, scope_of=scopes_of(results))
        pairs = pair_rows(connection, addresses, task.window_ns)
        n_hosts = write_rows(task.hosts, hosts, schema=_schema(HOST_FEATURES))
        n_pairs = write_rows(task.pairs, pairs, schema=_schema(PAIR_FEATURES))
    return FeatureCounts(n_hosts, n_pairs, left_out)


def _schema(features: Sequence[Feature]) -> pa.Schema:
    return arrow_schema([feature.column for feature in features])


def _create_packets(connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, task: FeatureTask) -> None:
    create_source(connection, [part for capture in task.captures for part in results.edge_parts(capture)])
    connection.execute(base_sql.TRUSTS, {"trust": list(task.trust)})
    connection.execute("SET VARIABLE captures = $captures", {"captures": list(task.captures)})
    window = window_start(task.window_ns) if task.window_ns else "0::BIGINT"
    timed = "AND time IS NOT NULL" if task.window_ns else ""
    for query in (base_sql.NUMBERS, base_sql.PLACES, base_sql.PACKETS):
        connection.execute(query.format(window=window, timed=timed))
    ranges = 1 + int(task.rows // (ROWS_OF_A_RANGE * memory_limit_mib(connection)))
    for number in range(ranges):
        how = "INSERT INTO pairs" if number else "CREATE TABLE pairs AS"
        connection.execute(f"{how} {base_sql.PAIRS}", {"ranges": ranges, "range": number})


def _parts(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Give the first and the last host of each part."""
    connection.execute(part_sql.WEIGHTS, {"subject": SUBJECT_PACKETS})
    most = max(1, int(PART_PACKETS * memory_limit_mib(connection)))
    parts = connection.execute(part_sql.PARTS, {"most": most}).fetchall()
    connection.execute("DROP TABLE weights")
    return parts


def _compute(connection: duckdb.DuckDBPyConnection, parts: Sequence[tuple[int, int]]) -> None:
    """Make the tables ``hosts`` and ``pair_features``, a part in the order of its windows and hosts."""
    connection.execute(part_sql.SEEN_IN_ORDER if len(parts) > 1 else part_sql.SEEN)
    connection.execute("DROP TABLE packets")
    for number, (first, last) in enumerate(parts or [(0, 0)]):
        connection.execute(part_sql.PART, {"first": first, "last": last})
        for query in part_sql.TABLES:
            connection.execute(query)
        for table, query in (("hosts", host_sql.HOSTS), ("pair_features", pair_sql.PAIRS)):
            how = f"INSERT INTO {table}" if number else f"CREATE TABLE {table} AS"
            connection.execute(f"{how} {query}")
    connection.execute("DROP TABLE seen; DROP TABLE seen_here CASCADE")


def _measure_windows(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], int]:
    """Measure the pair graph of every window into a table ``measures``, and give what was left out."""
    columns = ", ".join(f"{name} DOUBLE" for name in NAMES)
    connection.execute(f'CREATE TABLE measures ("window" INTEGER, host INTEGER, {columns}, centrality VARCHAR)')
    left_out: dict[tuple[str, str, str], int] = {}
    sizes = """SELECT capture, place, count(*) FROM hosts JOIN places ON place = "window"
        GROUP BY capture, place ORDER BY place"""
    for capture, window, n_hosts in connection.execute(sizes).fetchall():
        measures = _measure_window(connection, window, n_hosts)
        for name, reason in measures.reasons.items():
            left_out[capture, name, reason] = left_out.get((capture, name, reason), 0) + 1
    return left_out


def _measure_window(connection: duckdb.DuckDBPyConnection, window: int, n_hosts: int) -> Measures:
    parameters = {"window": window}
    count = 'SELECT count(*) FROM pairs WHERE "window" = $window AND src <> dst'
    n_pairs = connection.execute(count, parameters).fetchall()[0][0]
    if n_hosts + n_pairs > MOST_EDGES:
        # Nothing of it is read.
        return measure(n_hosts, *(np.broadcast_to(np.int64(0), n_pairs),) * 3)
    hosts = connection.execute('SELECT host FROM hosts WHERE "window" = $window ORDER BY host', parameters)
    numbers = hosts.fetchnumpy()["host"]
    query = """SELECT src, dst, packets FROM pairs WHERE "window" = $window AND src <> dst ORDER BY src, dst"""
    edges = connection.execute(query, parameters).fetchnumpy()
    src, dst = np.searchsorted(numbers, edges["src"]), np.searchsorted(numbers, edges["dst"])
    measures = measure(n_hosts, src, dst, edges["packets"])
    connection.register("measured", pa.table({"host": numbers, **measures.values}))
    connection.execute(
        f"INSERT INTO measures SELECT $window, host, {', '.join(NAMES)}, $centrality FROM measured",
        {**parameters, "centrality": measures.centrality},
    )
    return measures
