from pathlib import Path

import pytest
from typer.testing import CliRunner

from batchgraph.cli import app
from batchgraph.errors import UsageError
from batchgraph.memory import parse_memory, query_memory_mib
from batchgraph.parallel import WorkerLost, fan_out, worker_pool
from batchgraph.results import STATE
from batchgraph.sizes import MIB, parse_size

SAMPLE = Path(__file__).parents[1] / "sample_pcaps" / "vlan-tunnels.pcap"


def run_command(out, *options):
    return CliRunner().invoke(app, ["run", str(SAMPLE), "--out", str(out), "--workers", "0", "--quiet", *options])


def files_of(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and STATE not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("text", "octets"),
    [("512MiB", 512 << 20), ("1GiB", 1 << 30), ("1.5 GB", 1_500_000_000), ("700000000b", 700_000_000)],
)
def test_parse_size__reads_what_people_write(text, octets):
    assert parse_size(text) == octets


@pytest.mark.parametrize("text", ["", "1", "GiB", "-1GiB", "1 gigabyte", "1e9B", "0x10B", "1.GiB"])
def test_parse_size__refuses_what_is_none(text):
    with pytest.raises(UsageError, match="is no size"):
        parse_size(text)


def test_parse_memory__refuses_less_than_a_process_needs():
    with pytest.raises(UsageError, match="511MiB is too little: a process needs 512MiB"):
        parse_memory("511MiB")


def test_query_memory__leaves_room_for_the_rest_of_the_process():
    assert query_memory_mib(512 * MIB) == 128


@pytest.mark.parametrize("size", ["1MiB", "much"])
def test_run__refuses_a_memory_that_cannot_be(tmp_path, size):
    assert run_command(tmp_path / "out", "--memory", size).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_run__gives_the_same_files_whatever_the_memory(tmp_path):
    for name, options in (("free", ()), ("bounded", ("--memory", "512MiB"))):
        assert run_command(tmp_path / name, *options).exit_code == 0

    assert files_of(tmp_path / "bounded") == files_of(tmp_path / "free")


def test_run__with_another_memory_does_nothing_again(tmp_path):
    run_command(tmp_path)
    before = (tmp_path / "flows" / "combined.parquet").stat().st_mtime_ns

    run_command(tmp_path, "--memory", "512MiB")

    assert (tmp_path / "flows" / "combined.parquet").stat().st_mtime_ns == before


def test_worker__that_holds_more_than_its_memory_is_ended():
    # Written to, or the system would give no memory for it.
    hoard = "(bytearray(b'x') * (800 << 20), __import__('threading').Event().wait())"
    with worker_pool(2, memory=400 * MIB) as pool:
        results = dict(fan_out(eval, ["1", hoard], workers=pool, attempts=1))

    assert results[0] == 1
    assert isinstance(results[1], WorkerLost)
