import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batchgraph.errors import ResultsError
from batchgraph.graph.source import parquet_batches


def test_parquet_batches__hold_a_small_part_of_a_file_at_a_time(tmp_path):
    path = tmp_path / "random.parquet"
    numbers = np.random.default_rng(1).integers(0, 2**62, 1_000_000)
    pq.write_table(pa.table({"number": numbers}), path, row_group_size=10_000, use_dictionary=False)
    before = pa.total_allocated_bytes()

    held = [pa.total_allocated_bytes() - before for _ in parquet_batches(path)]

    assert max(held) < path.stat().st_size / 4


def test_parquet_batches__of_a_missing_file_raise(tmp_path):
    with pytest.raises(ResultsError, match="not whole"):
        list(parquet_batches(tmp_path / "none.parquet"))


def test_parquet_batches__error_of_the_consumer_is_not_taken_for_one_of_reading(tmp_path):
    path = tmp_path / "one.parquet"
    pq.write_table(pa.table({"number": [1]}), path)

    with pytest.raises(OSError, match="disk full"):
        for _ in parquet_batches(path):
            raise OSError("disk full")
