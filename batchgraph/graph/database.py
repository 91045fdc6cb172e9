"""DuckDB as the engine of what does not fit in memory: opened here, with limits, and read as Arrow batches.

DuckDB reads the nanoseconds of Parquet timestamps since 2.0; older versions cut them to microseconds without a word.
Times leave it as Arrow and never as Python objects, for which it would need another library and which hold no
nanoseconds.
"""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from batchgraph.errors import OutputError, ResultsError
from batchgraph.memory import query_memory_mib
from batchgraph.refusals import is_refusal
from batchgraph.results import output_errors
from batchgraph.sizes import MIB, parse_size

THREAD_MEMORY_MIB = 128
"""What a query may hold for each of its threads and once more, before it spills to disk."""

BATCH_ROWS = 16_384
"""Rows in a batch: large enough that the cost of a call vanishes, small enough that its text stays in the cache."""

_CONTINUES = "the same command continues the run"


@contextmanager
def open_database(
    spill: Path | None = None, *, threads: int = 1, memory: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that spills to disk beyond its limit and fetches nothing from the network.

    Parameters
    ----------
    spill
        Folder in which a hidden folder of its own is made for the time; None: the system's temporary folder.
    threads
        Threads of a query. The rows it gives do not depend on them, only their order where none is asked for.
    memory
        What this process may hold, in octets, of which queries get their share before they spill, and no more threads
        than it is enough for; None: `THREAD_MEMORY_MIB` for each thread and once more.

    Raises
    ------
    OutputError
        If the folder cannot be made.
    """
    share = query_memory_mib(memory)
    if share is not None:
        threads = max(1, min(threads, share // THREAD_MEMORY_MIB - 1))
    limit = THREAD_MEMORY_MIB * (threads + 1) if share is None else share
    with _spill_folder(spill) as folder:
        settings: dict[str, Any] = {
            "threads": threads,
            # Measured with 5 million packets in as many flows and one thread: the process peaked at 480 MiB and spilled
            # the rest; twice the limit saved a twentieth of the time.
            "memory_limit": f"{limit}MiB",
            "temp_directory": folder,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            # It would be drawn on standard output where Python has its program from -c or a prompt.
            connection.execute("SET enable_progress_bar = false")
            yield connection


def memory_limit_mib(connection: duckdb.DuckDBPyConnection) -> float:
    """Give what queries of a database may hold before they spill, in MiB."""
    [(limit,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    return parse_size(limit) / MIB


def _spill_folder(parent: Path | None) -> tempfile.TemporaryDirectory[str]:
    with output_errors(parent or Path(tempfile.gettempdir())):
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".spill-", dir=parent, ignore_cleanup_errors=True)


def query_batches(
    connection: duckdb.DuckDBPyConnection, query: str, *, parameters: Mapping[str, object]
) -> Iterator[pa.RecordBatch]:
    """Give the rows of a query, streamed.

    Raises
    ------
    ResultsError
        If a file that the query reads is missing or not whole.
    OutputError
        If there is no room to spill.
    """
    with reading_errors():
        yield from connection.sql(query, params=dict(parameters)).to_arrow_reader(BATCH_ROWS)


def literal_path(path: Path) -> str:
    """Write a path so that DuckDB takes it for the name of a file, not for a pattern or a URL."""
    return glob.escape(str(path.absolute()))


def quoted(names: Sequence[str]) -> str:
    """Write column names for SQL, in which ``first`` and ``last`` are words of the language."""
    return ", ".join(f'"{name}"' for name in names)


@contextmanager
def reading_errors() -> Iterator[None]:
    """Turn what DuckDB and Arrow raise about files they read into a `ResultsError`, a refusal into an `OutputError`.

    To be used around reading alone: an `OSError` of writing has its own meaning (`batchgraph.results.output_errors`).
    """
    try:
        yield
    except OutputError:  # of a query within what is read here: an `OSError` that has told already
        raise
    except duckdb.OutOfMemoryException as error:
        raise OutputError(_out_of_memory(_first_line(error))) from error
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        if is_refusal(error):
            raise OutputError(f"cannot read the results ({_first_line(error)}); {_CONTINUES}") from error
        raise ResultsError(
            f"the results are not whole ({_first_line(error)}): run `batchgraph extract` again"
        ) from error


def _out_of_memory(message: str) -> str:
    # DuckDB says "failed to offload" where the disk is to blame; else what cannot be spilled does not fit.
    if "offload" in message:
        return f"no room to spill to disk: {message}; {_CONTINUES}"
    return f"a query needs more than its memory ({message}); {_CONTINUES}, with more --memory"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
