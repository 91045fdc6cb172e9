"""The rows of the tables of features, from numbers of hosts to addresses, in the order of windows and hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import duckdb
import pyarrow as pa

from batchgraph.features import sql as base_sql
from batchgraph.features.declared import HOST_FEATURES, PAIR_FEATURES, Feature
from batchgraph.features.measures import NAMES
from batchgraph.graph.database import query_batches, reading_errors
from batchgraph.schema import TIMESTAMP


def addresses_of_hosts(connection: duckdb.DuckDBPyConnection) -> pa.Array:
    """Give the addresses of the table ``numbers``, in their order: joined by a query they take far more memory."""
    with reading_errors():
        return (
            connection.sql("SELECT address FROM numbers ORDER BY number").to_arrow_table()["address"].combine_chunks()
        )


def host_rows(
    connection: duckdb.DuckDBPyConnection,
    addresses: pa.Array,
    window_ns: int | None,
    *,
    scope_of: Callable[[str], str | None],
) -> Iterator[pa.RecordBatch]:
    """Give the features of hosts, from the tables ``hosts``, ``measures`` and ``places``.

    Parameters
    ----------
    connection
        The database.
    addresses
        From `addresses_of_hosts`.
    window_ns
        Length of the windows of time; None for none.
    scope_of
        Names the scope of an address.
    """
    # What libraries give as not a number is not there.
    measures = ", ".join(f"if(isnan({name}), NULL, {name}) AS {name}" for name in NAMES)
    seconds = "seconds" if window_ns is None else str(-(-window_ns // base_sql.SECOND_NS))
    query = f"""
        SELECT h.* REPLACE (start AS "window"), capture, {measures}, coalesce(centrality, 'none') AS centrality,
            active_seconds / {seconds} AS active_share
        FROM hosts h JOIN places ON h."window" = place
            LEFT JOIN measures m ON (h."window", h.host) = (m."window", m.host)
        {_in_order(connection, 'h."window", h.host')}
    """
    for batch in _named(query_batches(connection, query, parameters={}), addresses, ("host",)):
        scopes = [scope_of(address) for address in batch.column("host").to_pylist()]
        yield _finished(batch.append_column("scope", pa.array(scopes, pa.string())), HOST_FEATURES, window_ns)


def pair_rows(
    connection: duckdb.DuckDBPyConnection, addresses: pa.Array, window_ns: int | None
) -> Iterator[pa.RecordBatch]:
    """Give the features of pairs, from the tables ``pair_features`` and ``places``; the rest as for `host_rows`."""
    query = f"""
        SELECT p.* REPLACE (start AS "window"), capture FROM pair_features p JOIN places ON p."window" = place
        {_in_order(connection, 'p."window", p.src, p.dst')}
    """
    for batch in _named(query_batches(connection, query, parameters={}), addresses, ("src", "dst")):
        yield _finished(batch, PAIR_FEATURES, window_ns)


def _in_order(connection: duckdb.DuckDBPyConnection, order: str) -> str:
    """Write the order of rows; those of one window were made in it, and sorting them would take as much disk again."""
    [(n_places,)] = connection.execute("SELECT count(*) FROM places").fetchall()
    return f"ORDER BY {order}" if n_places > 1 else ""


def _named(batches: Iterable[pa.RecordBatch], addresses: pa.Array, ends: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Put addresses for numbers in some columns."""
    for batch in batches:
        named = {end: addresses.take(batch.column(end)) for end in ends}
        columns = [named.get(name, column) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _finished(batch: pa.RecordBatch, features: Sequence[Feature], window_ns: int | None) -> pa.RecordBatch:
    """Make times of numbers, and bring the columns in order."""
    columns = []
    for feature in features:
        if feature.name == "window" and window_ns is None:
            columns.append(pa.nulls(batch.num_rows, pa.timestamp("ns", tz="UTC")))
        elif feature.type == TIMESTAMP:
            columns.append(batch.column(feature.name).cast(pa.int64()).view(pa.timestamp("ns", tz="UTC")))
        else:
            columns.append(batch.column(feature.name))
    return pa.RecordBatch.from_arrays(columns, [feature.name for feature in features])
