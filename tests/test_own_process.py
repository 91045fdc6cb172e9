"""Processes of batchgraph's own: they load nothing that they can do without."""

import subprocess
import sys
from pathlib import Path

import pytest

from batchgraph.cluster import local_client

SAMPLE = Path(__file__).parents[1] / "sample_pcaps" / "portscan.pcap"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Give a file that a pandas leaves where something tries to load it."""
    told = tmp_path / "loaded"
    (tmp_path / "pandas.py").write_text(f"open({str(told)!r}, 'w').close(); raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    return told


def test_command_line__does_not_load_pandas_as_pyarrow_does(told, tmp_path):
    subprocess.run([sys.executable, "-c", "import pyarrow; pyarrow.array([1])"], check=True)
    assert told.exists()
    told.unlink()

    command = [sys.executable, "-m", "batchgraph", "run", SAMPLE, "--out", tmp_path / "results", "--workers", "0"]
    subprocess.run(command, check=True)

    assert not told.exists()


def _load_pandas(_):
    import pandas

    return pandas


def test_worker__does_not_load_pandas(told):
    with local_client(1, verbose=False) as client, pytest.raises(ModuleNotFoundError):
        client.submit(_load_pandas, 0).result()
    assert not told.exists()


def test_library__leaves_pandas_to_who_imports_it(told):
    code = "import batchgraph.cli, pyarrow; pyarrow.array([1])"
    subprocess.run([sys.executable, "-c", code], check=True)

    assert told.exists()


def _environment(_):
    import os

    return dict(os.environ)


def test_worker__keeps_the_memory_that_it_uses_again():
    with local_client(1, verbose=False) as client:
        environment = client.submit(_environment, 0).result()

    # dask's own is 65,536: every buffer of a window would be given back, and faulted in again page by page.
    assert int(environment["MALLOC_TRIM_THRESHOLD_"]) >= 32 << 20
    assert int(environment["MALLOC_MMAP_THRESHOLD_"]) >= 16 << 20
