"""Workers find tasks' functions by name, so the tasks here are expressions and the function is `eval`."""

import os
import platform
import socket
from contextlib import nullcontext
from math import inf
from pathlib import Path

import pytest
from distributed import Future
from typer.testing import CliRunner

import batchgraph.remote
import batchgraph.same_program
import batchgraph.stages.extract
import batchgraph.stages.merge
from batchgraph import ExtractOptions, ReportOptions, extract, run
from batchgraph.cli import app
from batchgraph.errors import ClusterError, OutputError, UsageError
from batchgraph.parallel import WorkerLost, fan_out
from batchgraph.progress import NoProgress
from batchgraph.remote import remote_pool
from batchgraph.results import STATE
from batchgraph.scheduler import Scheduler
from batchgraph.stages.guard import Limits
from tests.clusters import AUTHORITY, CLUSTER, running_cluster
from tests.stages.test_extract import FRAME, pcap

SAMPLES = [str(Path(__file__).parents[1] / "sample_pcaps" / name) for name in ("vlan-tunnels.pcap", "raw-ip.pcap")]
PROCESS = "__import__('os').getpid()"
DEATH = f"__import__('os').kill({PROCESS}, 9)"
FILES = ["--tls-ca", str(AUTHORITY), "--tls-cert", str(CLUSTER), "--tls-key", str(CLUSTER)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with running_cluster(tmp_path_factory.mktemp("cluster")) as (scheduler, _):
        yield scheduler


@pytest.fixture
def everything_fanned_out(monkeypatch):
    """Make tasks of what is otherwise done here, or together, for being small."""
    monkeypatch.setattr(batchgraph.stages.extract, "PACK_OCTETS", {"table": 1, "scapy": 1})
    monkeypatch.setattr(batchgraph.stages.merge, "_FEW_ROWS", 0)


def files_of(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and STATE not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_fan_out__gives_every_result_once(cluster):
    with remote_pool(cluster) as pool:
        results = sorted(fan_out(eval, [str(number) for number in range(20)], workers=pool))

    assert results == [(number, number) for number in range(20)]


def test_fan_out__uses_all_workers_and_not_this_process(cluster):
    with remote_pool(cluster) as pool:
        processes = {process for _, process in fan_out(eval, [PROCESS] * 20, workers=pool)}

    assert len(processes) == 2
    assert os.getpid() not in processes


def test_fan_out__raises_what_a_task_raises(cluster):
    task = "(_ for _ in ()).throw(__import__('batchgraph.errors').errors.OutputError('disk full'))"

    with remote_pool(cluster) as pool, pytest.raises(OutputError, match="disk full"):
        list(fan_out(eval, ["1", task], workers=pool))


@pytest.mark.parametrize("attempts", [1, 2])
def test_fan_out__tries_what_kills_its_worker_so_often_and_blames_no_other(cluster, tmp_path, attempts):
    deadly = f"(open({str(tmp_path / 'tries')!r}, 'a').write('x'), {DEATH})"
    with remote_pool(cluster) as pool:
        results = dict(fan_out(eval, ["1", deadly, "3", "4", "5"], workers=pool, attempts=attempts))

    assert {index for index, result in results.items() if isinstance(result, WorkerLost)} == {1}
    assert (tmp_path / "tries").read_text() == "x" * attempts


def test_fan_out__does_what_was_lost_with_a_worker_once_more(cluster, tmp_path):
    there = f"__import__('os').path.exists({str(tmp_path / 'begun')!r})"
    task = f"{there} or (open({str(tmp_path / 'begun')!r}, 'w').close(), {DEATH})"
    with remote_pool(cluster) as pool:
        assert sorted(fan_out(eval, ["1", task, "3"], workers=pool)) == [(0, 1), (1, True), (2, 3)]


def test_run__on_a_cluster_gives_the_bytes_of_a_run_here(cluster, tmp_path, everything_fanned_out):
    options = ReportOptions(formats=("svg",))
    run(SAMPLES, tmp_path / "here", report_options=options)
    with remote_pool(cluster) as pool:
        run(SAMPLES, tmp_path / "there", report_options=options, workers=pool)

    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


class _Stage:
    def __init__(self, process):
        self.process = process

    def advance(self, description="", amount=1):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class _EndsWhenOneIsDone(NoProgress):
    """Ends a process when the first capture is done."""

    def __init__(self, process):
        self.process = process

    def stage(self, name, total):
        return nullcontext(_Stage(self.process))


def test_extract__of_a_large_capture_on_a_cluster_gives_its_parts_as_here(cluster, tmp_path):
    options = ExtractOptions(split=4_000)
    extract(SAMPLES, tmp_path / "here", options=options)

    with remote_pool(cluster) as pool:
        extract(SAMPLES, tmp_path / "there", options=options, workers=pool)

    assert len(list((tmp_path / "there").glob("edges/*/part-*.parquet"))) > len(SAMPLES)
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


def test_run__whose_scheduler_is_lost_is_continued_to_the_same_bytes(tmp_path, everything_fanned_out):
    extract(SAMPLES, tmp_path / "here")
    with (
        running_cluster(tmp_path / "first", workers=1) as (scheduler, process),
        pytest.raises(ClusterError, match="the same command continues the run") as caught,
        remote_pool(scheduler) as pool,
    ):
        extract(SAMPLES, tmp_path / "there", workers=pool, progress=_EndsWhenOneIsDone(process))
    with running_cluster(tmp_path / "second", workers=1) as (scheduler, _), remote_pool(scheduler) as pool:
        extract(SAMPLES, tmp_path / "there", workers=pool)

    assert caught.value.exit_code == 7
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


def test_fan_out__that_loses_its_scheduler_while_a_result_is_fetched_says_so(tmp_path, monkeypatch):
    fetch = Future.result
    with running_cluster(tmp_path / "cluster", workers=1) as (scheduler, process), remote_pool(scheduler) as pool:

        def fetch_too_late(future, timeout=None):
            process.kill()
            process.wait()
            return fetch(future, timeout)

        monkeypatch.setattr(Future, "result", fetch_too_late)
        with pytest.raises(ClusterError, match="was lost"):
            list(fan_out(eval, ["1"], workers=pool))


def test_fan_out__whose_client_has_given_the_scheduler_up_says_so(cluster):
    with remote_pool(cluster) as pool:
        pool._client.close()
        with pytest.raises(ClusterError, match="was lost"):
            list(fan_out(eval, ["1"], workers=pool))


def command(*arguments):
    return CliRunner().invoke(app, ["extract", *map(str, arguments), "--quiet"])


def test_command__works_on_the_cluster_of_a_scheduler_file(cluster, tmp_path):
    result = command(*SAMPLES, "--out", tmp_path / "there", "--scheduler", cluster.place, *FILES, "--memory", "512MiB")
    command(*SAMPLES, "--out", tmp_path / "here", "--workers", "0")

    assert result.exit_code == 0, result.output
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


def test_command__with_other_versions_than_the_workers_says_what_differs(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "python_version", lambda: "3.9.1")
    result = command(*SAMPLES, "--out", tmp_path / "out", "--scheduler", cluster.address(), *FILES)

    assert result.exit_code == 7
    assert "there and 3.9.1 here" in result.output
    assert not (tmp_path / "out").exists()


def test_command__with_other_source_than_the_workers_does_nothing(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(batchgraph.same_program, "code_digest", lambda: "0")
    result = command(*SAMPLES, "--out", tmp_path / "out", "--scheduler", cluster.address(), *FILES)

    assert result.exit_code == 7
    assert "other source" in result.output


def test_fan_out__where_workers_do_not_share_the_files_says_so(cluster, tmp_path):
    with remote_pool(cluster, shared=tmp_path / "missing") as pool, pytest.raises(ClusterError, match="does not see"):
        list(fan_out(eval, ["1"], workers=pool))


def test_command__without_a_certificate_writes_nothing(cluster, tmp_path):
    result = command(*SAMPLES, "--out", tmp_path / "out", "--scheduler", cluster.address())

    assert result.exit_code == 2
    assert "needs --tls-ca" in result.output
    assert not (tmp_path / "out").exists()


def test_command__refuses_workers_beside_a_cluster():
    assert command(*SAMPLES, "--scheduler", "tls://127.0.0.1:1", "--workers", "2").exit_code == 2


def test_remote_pool__without_a_scheduler_there_says_so(monkeypatch):
    monkeypatch.setattr(batchgraph.remote, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(ClusterError, match="cannot be reached"), remote_pool(Scheduler(f"tcp://127.0.0.1:{port}")):
        pass


@pytest.mark.parametrize(
    "place", ["", "tls://", "tls://host", "http://host:80", "tls://host:port", "host:8786", "/dev/null", "tls://:1"]
)
def test_scheduler__refuses_what_is_no_address(place):
    with pytest.raises(UsageError):
        Scheduler(place).address()


def test_scheduler__of_another_machine_in_the_clear_needs_consent():
    with pytest.raises(UsageError, match="neither encrypted nor authenticated"):
        Scheduler("tcp://10.0.0.1:8786").address()

    assert Scheduler("tcp://10.0.0.1:8786", insecure=True).address() == "tcp://10.0.0.1:8786"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_scheduler__of_this_machine_may_be_plain(host):
    assert Scheduler(f"tcp://{host}:8786").address() == f"tcp://{host}:8786"


def test_scheduler__refuses_certificates_that_are_none(tmp_path):
    (tmp_path / "a.pem").write_text("none")

    with pytest.raises(UsageError, match="cannot be used"):
        Scheduler("tls://host:1", tls_ca=tmp_path / "a.pem", tls_cert=CLUSTER, tls_key=CLUSTER).security()


@pytest.mark.parametrize("split", [None, 64 << 10], ids=["whole", "in parts"])
@pytest.mark.parametrize(
    ("limits", "what"),
    [(Limits(seconds=0.1, octets=None), "failed: timeout"), (Limits(inf, octets=1 << 20), "failed: memory (1 MiB)")],
)
def test_limits__are_kept_by_workers_elsewhere_at_no_cost_to_them(cluster, tmp_path, limits, what, split):
    # scapy takes seconds for so many, and more than a MiB for any.
    (tmp_path / "slow.pcap").write_bytes(pcap(*[FRAME] * 20_000))
    options = ExtractOptions(decoder="scapy", split=split)

    with remote_pool(cluster) as pool:
        before = {process for _, process in fan_out(eval, [PROCESS] * 20, workers=pool)}
        manifest = extract([tmp_path], tmp_path / "out", options=options, limits=limits, workers=pool)
        after = {process for _, process in fan_out(eval, [PROCESS] * 20, workers=pool)}

    (entry,) = manifest["inputs"]
    assert (entry["status"], [problem["what"] for problem in entry["problems"]]) == ("failed", [what])
    assert after == before
