"""A dask cluster of processes of their own, as an operator would start one, that speaks TLS on this machine."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from distributed import Client
from distributed.security import Security

from batchgraph.scheduler import Scheduler

TLS = Path(__file__).parent / "tls"
AUTHORITY, CLUSTER = TLS / "authority.pem", TLS / "cluster.pem"


@contextmanager
def running_cluster(folder, *, workers=2):
    """Start a scheduler and workers, each with a nanny that starts it again; gives the scheduler and its process."""
    folder.mkdir(exist_ok=True)
    file = folder / "scheduler.json"
    processes = [started("scheduler", folder, "--port", "0", "--scheduler-file", file)]
    scheduler = Scheduler(str(file), tls_ca=AUTHORITY, tls_cert=CLUSTER, tls_key=CLUSTER)
    try:
        options = ("--scheduler-file", file, "--nworkers", workers, "--nthreads", "1", "--local-directory", folder)
        processes.append(started("worker", folder, *options))
        certificates = Security(tls_ca_file=str(AUTHORITY), tls_client_cert=str(CLUSTER), tls_client_key=str(CLUSTER))
        with Client(scheduler_file=str(file), security=certificates, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield scheduler, processes[0]
    finally:
        for process in reversed(processes):
            end(process)


def arguments(*options):
    """Give the options of a scheduler or of workers, after those that all have."""
    files = ("--tls-ca-file", AUTHORITY, "--tls-cert", CLUSTER, "--tls-key", CLUSTER)
    return [*map(str, ("--host", "127.0.0.1", "--no-dashboard", "--protocol", "tls", *files, *options))]


def started(what, folder, *options):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with (folder / f"{what}.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments(*options)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def end(process):
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                continue
    with_children_gone(process)


def with_children_gone(process):
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
