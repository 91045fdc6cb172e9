import errno

import duckdb
import pyarrow as pa
import pytest

from batchgraph.errors import OutputError, ResultsError
from batchgraph.graph.database import open_database, query_batches, reading_errors


def test_open_database__spills_into_a_hidden_folder_that_goes_with_it(tmp_path):
    with open_database(tmp_path / "flows"):
        (folder,) = (tmp_path / "flows").iterdir()
        assert folder.name.startswith(".spill-")

    assert not list((tmp_path / "flows").iterdir())


@pytest.mark.parametrize("threads", [1, 3])
def test_open_database__has_the_threads_asked_for(threads):
    with open_database(threads=threads) as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchone() == (threads,)


@pytest.mark.parametrize(("memory", "threads", "limit"), [(512, 1, "128.0 MiB"), (1024, 2, "448.0 MiB")])
def test_open_database__has_its_share_of_the_memory_of_the_process(memory, threads, limit):
    query = "SELECT current_setting('memory_limit'), current_setting('threads')"
    with open_database(threads=8, memory=memory << 20) as connection:
        assert connection.execute(query).fetchone() == (limit, threads)


def test_query_batches__give_timestamps_in_nanoseconds_of_utc():
    query = "SELECT make_timestamp_ns($time)::TIMESTAMPTZ_NS AS time"
    with open_database() as connection:
        (batch,) = query_batches(connection, query, parameters={"time": 1234567890123456789})

    assert batch.column("time").type == pa.timestamp("ns", tz="UTC")
    assert batch.column("time").view(pa.int64()).to_pylist() == [1234567890123456789]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (duckdb.OutOfMemoryException("failed to offload data block"), OutputError),
        (duckdb.IOException("No files found"), ResultsError),
        (pa.ArrowInvalid("Parquet magic bytes not found"), ResultsError),
        (OSError("Couldn't deserialize thrift"), ResultsError),
    ],
)
def test_reading_errors__become_ours(raised, expected):
    with pytest.raises(expected), reading_errors():
        raise raised


def test_reading_errors__leave_what_a_query_within_has_told_already():
    with pytest.raises(OutputError), reading_errors(), reading_errors():
        raise OSError(errno.EIO, "Input/output error")


def test_reading_errors__tell_a_full_disk_from_too_little_memory():
    for message, expected in (("failed to offload data block", "no room to spill"), ("could not allocate", "--memory")):
        with pytest.raises(OutputError, match=expected), reading_errors():
            raise duckdb.OutOfMemoryException(message)


def test_reading_errors__give_one_line():
    with pytest.raises(ResultsError) as caught, reading_errors():
        raise duckdb.IOException("one\ntwo")

    assert "\n" not in str(caught.value)
