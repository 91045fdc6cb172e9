"""The tables of features of some captures, in bounded memory: a part of the hosts, then of the pairs, at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from batchgraph.features import host_sql, pair_sql
from batchgraph.features import sql as base_sql
from batchgraph.features.declared import HOST_FEATURES, PAIR_FEATURES, Feature
from batchgraph.features.measures import MOST_EDGES, NAMES, Measures, measure
from batchgraph.graph.database import open_database, query_batches, reading_errors
from batchgraph.graph.records import create_source, window_start
from batchgraph.graph.rowgroups import write_rows
from batchgraph.graph.scope import scopes_of
from batchgraph.graph.services import create_sides
from batchgraph.results import ResultsDirectory
from batchgraph.schema import TIMESTAMP, arrow_schema
from batchgraph.sizes import MIB

MOST_MEMORY = 768 * MIB
"""What the database counts on; with the lists of quartiles, which it does not count, a process stays below 1 GiB."""

PART_PACKETS = 1_500_000
"""Packets of a part of hosts or pairs, about; a packet takes some 100 octets."""

PART_SUBJECTS = 60_000
"""Hosts or pairs of a part, about; each takes some kilobytes in the lists of its quartiles."""


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
            _create_views(connection, results, task)
            n_hosts, n_pairs = _counts(connection)
            _compute_hosts(connection, _parts(2 * task.rows, n_hosts))
            _compute_pairs(connection, _parts(task.rows, n_pairs))
            left_out = _measure_windows(connection)
        hosts = write_rows(task.hosts, _host_rows(connection, task), schema=_schema(HOST_FEATURES))
        pairs = write_rows(task.pairs, _pair_rows(connection, task), schema=_schema(PAIR_FEATURES))
    return FeatureCounts(hosts, pairs, left_out)


def _schema(features: Sequence[Feature]) -> pa.Schema:
    return arrow_schema([feature.column for feature in features])


def _create_views(connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, task: FeatureTask) -> None:
    create_source(connection, [part for capture in task.captures for part in results.edge_parts(capture)])
    create_sides(connection, results, captures=task.captures)
    connection.execute("SET VARIABLE trust = $trust", {"trust": list(task.trust)})
    connection.execute("SET VARIABLE captures = $captures", {"captures": list(task.captures)})
    window = window_start(task.window_ns) if task.window_ns else "0::BIGINT"
    timed = "AND time IS NOT NULL" if task.window_ns else ""
    for query in (base_sql.NUMBERS, base_sql.PLACES, base_sql.PACKETS):
        connection.execute(query.format(window=window, timed=timed))
    tables = (base_sql.PAIRS, base_sql.BEGUN, base_sql.SERVED, host_sql.DEGREES, host_sql.ASKED, host_sql.OFFERED)
    for query in (*tables, host_sql.BEGUN_BY_HOST, pair_sql.BEGUN_BY_PAIR):
        connection.execute(query)


def _counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Count the rows that the two tables will have."""
    query = "SELECT (SELECT count(*) FROM degrees), (SELECT count(*) FROM pairs)"
    n_hosts, n_pairs = connection.execute(query).fetchall()[0]
    return n_hosts, n_pairs


def _parts(packets: int, subjects: int) -> int:
    return 1 + max(packets // PART_PACKETS, subjects // PART_SUBJECTS)


def _compute_hosts(connection: duckdb.DuckDBPyConnection, parts: int) -> None:
    for part in range(parts):
        connection.execute(host_sql.PART, {"parts": parts, "part": part})
        how = "CREATE TABLE hosts AS" if part == 0 else "INSERT INTO hosts"
        connection.execute(f"{how} {host_sql.HOSTS}")
    connection.execute("DROP TABLE ends")


def _compute_pairs(connection: duckdb.DuckDBPyConnection, parts: int) -> None:
    for part in range(parts):
        connection.execute(pair_sql.PART, {"parts": parts, "part": part})
        how = "CREATE TABLE pair_features AS" if part == 0 else "INSERT INTO pair_features"
        connection.execute(f"{how} {pair_sql.PAIRS_OF_PART}")
    connection.execute("DROP TABLE between")


def _measure_windows(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], int]:
    """Measure the pair graph of every window into a table ``measures``, and give what was left out."""
    columns = ", ".join(f"{name} DOUBLE" for name in NAMES)
    connection.execute(f'CREATE TABLE measures ("window" INTEGER, host INTEGER, {columns}, centrality VARCHAR)')
    left_out: dict[tuple[str, str, str], int] = {}
    sizes = """SELECT capture, place, count(*) FROM degrees JOIN places ON place = "window"
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
    hosts = connection.execute('SELECT host FROM degrees WHERE "window" = $window ORDER BY host', parameters)
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


def _host_rows(connection: duckdb.DuckDBPyConnection, task: FeatureTask) -> Iterator[pa.RecordBatch]:
    # What libraries give as not a number is not there.
    measures = ", ".join(f"if(isnan({name}), NULL, {name}) AS {name}" for name in NAMES)
    seconds = "seconds" if task.window_ns is None else str(-(-task.window_ns // base_sql.SECOND_NS))
    query = f"""
        SELECT h.* REPLACE (address AS host, start AS "window"), capture, {measures},
            coalesce(centrality, 'none') AS centrality, active_seconds / {seconds} AS active_share
        FROM hosts h JOIN numbers ON h.host = number JOIN places ON h."window" = place
            LEFT JOIN measures m ON (h."window", h.host) = (m."window", m.host)
        ORDER BY h."window", h.host
    """
    scope_of = scopes_of(ResultsDirectory(task.root))
    for batch in query_batches(connection, query, parameters={}):
        scopes = [scope_of(address) for address in batch.column("host").to_pylist()]
        yield _finished(batch.append_column("scope", pa.array(scopes, pa.string())), HOST_FEATURES, task)


def _pair_rows(connection: duckdb.DuckDBPyConnection, task: FeatureTask) -> Iterator[pa.RecordBatch]:
    query = """
        SELECT p.* REPLACE (a.address AS src, b.address AS dst, start AS "window"), capture FROM pair_features p
        JOIN numbers a ON p.src = a.number JOIN numbers b ON p.dst = b.number JOIN places ON p."window" = place
        ORDER BY p."window", p.src, p.dst
    """
    for batch in query_batches(connection, query, parameters={}):
        yield _finished(batch, PAIR_FEATURES, task)


def _finished(batch: pa.RecordBatch, features: Sequence[Feature], task: FeatureTask) -> pa.RecordBatch:
    """Make times of numbers, and bring the columns in order."""
    columns = []
    for feature in features:
        if feature.name == "window" and task.window_ns is None:
            columns.append(pa.nulls(batch.num_rows, pa.timestamp("ns", tz="UTC")))
        elif feature.type == TIMESTAMP:
            columns.append(batch.column(feature.name).cast(pa.int64()).view(pa.timestamp("ns", tz="UTC")))
        else:
            columns.append(batch.column(feature.name))
    return pa.RecordBatch.from_arrays(columns, [feature.name for feature in features])
