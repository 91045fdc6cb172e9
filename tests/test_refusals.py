import errno
import os
from pathlib import Path

import duckdb
import pytest

from batchgraph.errors import OutputError, ResultsError
from batchgraph.graph.database import reading_errors
from batchgraph.receipts import result_digest
from batchgraph.refusals import is_refusal
from batchgraph.results import ResultsDirectory

REFUSALS = (errno.EACCES, errno.EIO, errno.ENOSPC)


@pytest.mark.parametrize("number", REFUSALS)
def test_reading_errors__that_the_system_refuses_can_be_continued(number):
    # The words are those of DuckDB 2.0 when strace lets its open fail.
    error = duckdb.IOException(f'IO Error: Cannot open file "edges/a/part-00000.parquet": {os.strerror(number)}')

    with pytest.raises(OutputError, match="cannot read the results"), reading_errors():
        raise error


def test_reading_errors__of_a_missing_file_say_what_to_do(tmp_path):
    with pytest.raises(ResultsError, match="run `batchgraph extract` again"), reading_errors():
        duckdb.sql(f"FROM read_parquet('{tmp_path / 'nothing.parquet'}')")


def test_refusal__is_not_what_the_results_hold():
    assert not is_refusal(duckdb.InvalidInputException(f"Invalid Input Error: {os.strerror(errno.EIO)}"))


@pytest.mark.parametrize("number", REFUSALS)
def test_files_of_earlier_stages__that_the_system_refuses_to_read_can_be_read_later(number, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    results = ResultsDirectory(tmp_path)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_text", refuse)

    with pytest.raises(OutputError, match="the same command continues"):
        result_digest(results.flows())
    with pytest.raises(OutputError, match="the same command continues"):
        results.read_manifest()
