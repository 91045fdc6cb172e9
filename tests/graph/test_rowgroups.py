import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.errors import OutputError
from batchgraph.graph import rowgroups
from batchgraph.graph.rowgroups import check_rows, row_groups, write_rows

SCHEMA = pa.schema([("number", pa.int64()), ("word", pa.dictionary(pa.int32(), pa.string()))])


def batches_of(lengths):
    start = 0
    for length in lengths:
        numbers = range(start, start + length)
        yield pa.record_batch({"number": list(numbers), "word": [f"w{number % 7}" for number in numbers]})
        start += length


@pytest.fixture
def small_groups(monkeypatch):
    monkeypatch.setattr(rowgroups, "GROUP_ROWS", 10)


@given(st.lists(st.integers(1, 35), max_size=8))
@settings(deadline=None, max_examples=40)
def test_row_groups__hold_all_rows_and_are_full_but_the_last(lengths):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rowgroups, "GROUP_ROWS", 10)
        groups = list(row_groups(batches_of(lengths), SCHEMA))

    assert [number for group in groups for number in group["number"].to_pylist()] == list(range(sum(lengths)))
    assert all(group.num_rows == 10 for group in groups[:-1])


def test_write_rows__bytes_do_not_depend_on_how_rows_arrive(tmp_path, small_groups):
    write_rows(tmp_path / "one", batches_of([34]), schema=SCHEMA)
    write_rows(tmp_path / "many", batches_of([3, 1, 20, 9, 1]), schema=SCHEMA)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()


def test_write_rows__without_rows_gives_a_file_with_the_schema(tmp_path):
    assert write_rows(tmp_path / "none", [], schema=SCHEMA) == 0
    assert pq.read_schema(tmp_path / "none").equals(SCHEMA)


def test_write_rows__counts_rows(tmp_path, small_groups):
    assert write_rows(tmp_path / "rows", batches_of([8, 8]), schema=SCHEMA) == 16


def test_write_rows__finds_a_file_that_was_closed_but_is_not_whole(tmp_path, monkeypatch):
    # As pyarrow leaves it on a full disk: the last octets are missing, and closing it succeeds.
    class _Cut(pq.ParquetWriter):
        def close(self):
            super().close()
            path = next(tmp_path.glob(".*.tmp"))
            path.write_bytes(path.read_bytes()[:-8])

    monkeypatch.setattr(rowgroups.pq, "ParquetWriter", _Cut)

    with pytest.raises(OutputError, match="not whole"):
        write_rows(tmp_path / "a.parquet", batches_of([3]), schema=SCHEMA)

    assert list(tmp_path.iterdir()) == []


def test_write_rows__finds_a_file_that_lacks_rows(tmp_path):
    write_rows(tmp_path / "a.parquet", batches_of([3]), schema=SCHEMA)

    with pytest.raises(OSError, match="3 rows are there, 4 were written"):
        check_rows(tmp_path / "a.parquet", 4)
