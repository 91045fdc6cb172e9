import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import batchgraph.graph.key_ranges
from batchgraph import MergeOptions, merge
from batchgraph.graph.database import open_database
from batchgraph.graph.key_ranges import key_ranges
from tests.graph.edge_records import UDP, write_results

# One source with most of the rows, and others; a quotation mark, for conditions are SQL.
ENDS = [("10.0.0.1", f"10.0.1.{number % 7}") for number in range(40)] + [(f"10.0.2.{n}'", "10.0.0.1") for n in range(9)]


def rows_of_ranges(ends, most):
    """Give the rows of each range, in order."""
    with open_database() as connection:
        connection.register("ends", pa.table({"src": [a for a, _ in ends], "dst": [b for _, b in ends]}))
        ranges = batchgraph.graph.key_ranges._ranges(connection, "ends WHERE true", ("src", "dst"), {}, most)
        return [
            connection.execute(f"SELECT src, dst FROM ends WHERE {condition} ORDER BY ALL").fetchall()
            for condition in list(ranges)
        ]


def test_key_ranges__of_few_rows_are_one():
    with open_database() as connection:
        assert list(key_ranges(connection, "unread", columns=("src",), parameters={}, n_rows=1_000_000)) == ["true"]


def test_key_ranges__share_rows_out():
    assert max(map(len, rows_of_ranges(ENDS, 10))) < 20


def test_key_ranges__divide_a_value_with_too_many_rows_by_the_next_column():
    assert len([part for part in rows_of_ranges(ENDS, 10) if ("10.0.0.1", "10.0.1.0") in part]) == 1
    assert len([part for part in rows_of_ranges(ENDS, 10) if part[0][0] == "10.0.0.1"]) >= 3


addresses = st.sampled_from(["", "1", "10", "2", "a", "b'", "\u00e9", "\U0001f600"])


@given(ends=st.lists(st.tuples(addresses, addresses), max_size=40), most=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_key_ranges__have_every_row_once_and_in_order(ends, most):
    assert [row for part in rows_of_ranges(ends, most) for row in part] == sorted(
        ends, key=lambda row: [text.encode() for text in row]
    )


@pytest.mark.parametrize("by", ["flow", "pair"])
def test_merge__in_ranges_gives_the_bytes_of_one_query(tmp_path, monkeypatch, by):
    rows = [{**UDP, "src": src.strip("'"), "dst": dst} for src, dst in ENDS]
    for name, limit in (("one", None), ("ranges", 1e-9)):
        if limit:
            monkeypatch.setattr(batchgraph.graph.key_ranges, "ROWS_OF_ONE_QUERY", limit)
            monkeypatch.setattr(batchgraph.graph.key_ranges, "ROWS_OF_A_RANGE", 0.03)
        write_results(tmp_path / name, {"a": rows, "b": rows[5:]})
        merge(tmp_path / name, options=MergeOptions(by=by))

    for path in ("flows/a.parquet", "flows/combined.parquet", "graphs/a.graphml", "graphs/combined.graphml"):
        assert (tmp_path / "ranges" / path).read_bytes() == (tmp_path / "one" / path).read_bytes()
