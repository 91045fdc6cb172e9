"""Workers find tasks' functions by name, so the tasks here are expressions and the function is `eval`."""

import logging
import os
import socket
import subprocess
import sys

import distributed
import psutil
import pytest

from batchgraph.cluster import logging_from
from batchgraph.errors import ClusterError, OutputError
from batchgraph.parallel import WorkerLost, _next_done, default_workers, fan_out, worker_pool

PROCESS = "__import__('os').getpid()"
DEATH = "__import__('os')._exit(1)"
MODULES = "set(__import__('sys').modules)"


@pytest.fixture(scope="module")
def pool():
    with worker_pool(2) as pool:
        yield pool


def worker_processes():
    children = psutil.Process().children()
    return {child.pid for child in children if "spawn_main" in " ".join(child.cmdline())}


def test_default_workers__are_the_cores_of_this_process():
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        assert default_workers() == 1
    finally:
        os.sched_setaffinity(0, cores)


def test_fan_out__without_workers_keeps_the_order_and_the_process():
    assert list(fan_out(eval, ["1", PROCESS, "3"], workers=0)) == [(0, 1), (1, os.getpid()), (2, 3)]


def test_fan_out__of_nothing_gives_nothing():
    assert list(fan_out(eval, [], workers=2)) == []


def test_fan_out__runs_a_single_task_in_this_process():
    assert list(fan_out(eval, [PROCESS], workers=2)) == [(0, os.getpid())]


def test_fan_out__with_workers_gives_every_result_once(pool):
    tasks = [str(number) for number in range(50)]

    assert sorted(fan_out(eval, tasks, workers=pool)) == [(number, number) for number in range(50)]


def test_fan_out__takes_equal_tasks_for_several(pool):
    results = {result for _, result in fan_out(eval, ["__import__('uuid').uuid4()"] * 10, workers=pool)}

    assert len(results) == 10


def test_fan_out__with_workers_runs_elsewhere(pool):
    processes = {process for _, process in fan_out(eval, [PROCESS] * 8, workers=pool)}

    assert os.getpid() not in processes


def test_fan_out__raises_what_a_task_raises(pool):
    tasks = ["1", "(_ for _ in ()).throw(__import__('batchgraph.errors').errors.OutputError('disk full'))", "3"]

    with pytest.raises(OutputError, match="disk full"):
        list(fan_out(eval, tasks, workers=pool))


def test_fan_out__reports_only_the_task_that_kills_its_worker(pool):
    results = dict(fan_out(eval, ["10", "11", DEATH, "13", "14", "15"], workers=pool))

    lost = {index for index, result in results.items() if isinstance(result, WorkerLost)}
    assert lost == {2}
    assert [results[index] for index in (0, 1, 3, 4, 5)] == [10, 11, 13, 14, 15]


@pytest.mark.parametrize("attempts", [1, 2])
def test_fan_out__tries_what_kills_its_worker_so_often(pool, tmp_path, attempts):
    deadly = f"(open({str(tmp_path / 'tries')!r}, 'a').write('x'), {DEATH})"
    results = dict(fan_out(eval, ["1", deadly, "3"], workers=pool, attempts=attempts))

    assert isinstance(results[1], WorkerLost)
    assert (tmp_path / "tries").read_text() == "x" * attempts


@pytest.mark.parametrize("attempts", [1, 2])
def test_fan_out__isolated_tries_what_kills_its_child_so_often(tmp_path, attempts):
    deadly = f"(open({str(tmp_path / 'tries')!r}, 'a').write('x'), {DEATH})"
    results = dict(fan_out(eval, ["1", deadly, "3"], workers=0, attempts=attempts, isolated=True))

    assert (results[0], type(results[1]), results[2]) == (1, WorkerLost, 3)
    assert (tmp_path / "tries").read_text() == "x" * attempts


def test_fan_out__keeps_a_single_task_out_of_this_process_once_there_are_workers(pool):
    list(fan_out(eval, ["1", "2"], workers=pool))

    assert next(fan_out(eval, [PROCESS], workers=pool))[1] != os.getpid()


def test_fan_out__works_on_after_a_death(pool):
    list(fan_out(eval, ["1", DEATH], workers=pool))

    assert sorted(fan_out(eval, ["1", "2", "3"], workers=pool)) == [(0, 1), (1, 2), (2, 3)]


class WithoutWorkers:
    """A client all of whose workers are gone."""

    def scheduler_info(self, n_workers):
        return {"workers": {}}


def test_fan_out__gives_up_where_no_worker_comes_back(monkeypatch):
    def times_out(*arguments, **options):
        raise TimeoutError

    monkeypatch.setattr(distributed, "wait", times_out)

    with pytest.raises(ClusterError, match="cannot be started again"):
        _next_done(WithoutWorkers(), [])


def test_worker__loads_none_of_what_it_does_not_need(pool):
    _, modules = next(fan_out(eval, [MODULES] * 2, workers=pool))

    assert not modules & {"scapy", "matplotlib", "numba", "pyarrow", "networkx", "duckdb", "typer", "batchgraph.cli"}


def test_worker__starts_in_the_same_folder(pool):
    folders = {folder for _, folder in fan_out(eval, ["__import__('os').getcwd()"] * 4, workers=pool)}

    assert folders == {os.getcwd()}  # noqa: PTH109 - as text, for that is what the worker gives


def test_worker_pool__listens_on_this_machine_alone(pool):
    list(fan_out(eval, ["1", "2"], workers=pool))
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    connections = [c for process in processes for c in process.net_connections() if c.status == psutil.CONN_LISTEN]

    assert {c.laddr.ip for c in connections if c.family == socket.AF_INET} == {"127.0.0.1"}


def test_worker_pool__leaves_no_process_behind():
    with worker_pool(2) as pool:
        processes = {process for _, process in fan_out(eval, [PROCESS] * 8, workers=pool)}

    assert processes
    assert not any(map(psutil.pid_exists, processes))


def test_worker_pool__starts_no_more_workers_than_tasks():
    with worker_pool(3) as pool:
        before = worker_processes()
        list(fan_out(eval, ["1", "2"], workers=pool))

        assert len(worker_processes() - before) == 2


def test_worker_pool__interrupted_leaves_no_process_behind():
    processes = []
    with pytest.raises(KeyboardInterrupt), worker_pool(2) as pool:
        for _, process in fan_out(eval, [PROCESS, PROCESS, "__import__('threading').Event().wait()"], workers=pool):
            processes.append(process)
            raise KeyboardInterrupt

    assert processes
    assert not any(map(psutil.pid_exists, processes))


def test_worker_pool__leaves_the_environment_as_it_was():
    before = dict(os.environ)
    with worker_pool(2) as pool:
        list(fan_out(eval, ["1", "2"], workers=pool))

    assert dict(os.environ) == before


def run_script(folder, text):
    script = folder / "script.py"
    script.write_text(text)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    command = [sys.executable, str(script)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


SCRIPT = """
from batchgraph.parallel import fan_out
print("main", sorted(fan_out(eval, ["1", "2"], workers=2)))
"""


def test_worker__does_not_run_an_unguarded_main_script_again(tmp_path):
    assert run_script(tmp_path, SCRIPT).stdout == "main [(0, 1), (1, 2)]\n"


def test_worker__imports_nothing_from_the_current_folder(tmp_path):
    (tmp_path / "selectors.py").write_text("raise SystemExit('taken for the library')")
    text = f"import sys; sys.path.remove({str(tmp_path)!r})\n{SCRIPT}"

    result = run_script(tmp_path, text)

    assert (result.stdout, result.stderr) == ("main [(0, 1), (1, 2)]\n", "")


def test_logging_from__keeps_what_dask_says_of_its_clients_off_too(caplog):
    logger = logging.getLogger("distributed.client")
    caplog.set_level(logging.ERROR, logger.name)  # other tests' workers may be there, which are kept quiet too
    with logging_from(logging.CRITICAL + 1):
        assert not logger.isEnabledFor(logging.ERROR)

    assert logger.isEnabledFor(logging.ERROR)
