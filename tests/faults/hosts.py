"""Runs on a cluster of separate hosts, which are network namespaces on a bridge: ``make hosts``, as root, on Linux.

    python -m tests.faults.hosts CAPTURES

One host is the scheduler's, two have a worker each, one is the client's; they share the file system and nothing else.
A run there must give what a run here gives, plain TCP must be refused, and a run is continued after a worker's cable
was pulled (by itself) and after the scheduler's host went down (by the same command).
"""

from __future__ import annotations

import argparse
import filecmp
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clusters import AUTHORITY, CLUSTER

PORT = 8786
_SCHEDULER, _WORKERS, _CLIENT = 1, (2, 3), 4
_CALM = (0, 3)
"""Exit codes of a run that ended well; 3 tells of captures that are damaged or of no known kind."""


def _ip(*words: object, inside: str = "") -> None:
    """Run the program ip, in a namespace if one is named."""
    where = ("netns", "exec", inside, "ip") if inside else ()
    subprocess.run(["ip", *where, *map(str, words)], check=True)


class Hosts:
    """Four hosts on a switch; their names begin with that of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = f"batchgraph-{os.getpid()}"
        self._switch = f"{self._prefix}-switch"
        self._processes: list[subprocess.Popen[bytes]] = []

    def name(self, number: int) -> str:
        """Give the namespace of a host."""
        return f"{self._prefix}-{number}"

    def build(self) -> None:
        """Make the hosts and lay the cables."""
        _ip("netns", "add", self._switch)
        _ip("link", "add", "bridge", "type", "bridge", inside=self._switch)
        _ip("link", "set", "bridge", "up", inside=self._switch)
        for number in (_SCHEDULER, *_WORKERS, _CLIENT):
            host, plug = self.name(number), f"port{number}"
            _ip("netns", "add", host)
            _ip("link", "add", "eth0", "netns", host, "type", "veth", "peer", "name", plug, "netns", self._switch)
            _ip("link", "set", plug, "master", "bridge", "up", inside=self._switch)
            _ip("address", "add", f"10.99.0.{number}/24", "dev", "eth0", inside=host)
            for link in ("eth0", "lo"):
                _ip("link", "set", link, "up", inside=host)

    def cable(self, number: int, state: str) -> None:
        """Plug the cable of a host in (``up``) or out (``down``)."""
        _ip("link", "set", f"port{number}", state, inside=self._switch)

    def run(self, number: int, *command: object) -> subprocess.Popen[bytes]:
        """Start Python with a module and its arguments on a host."""
        log = (self.folder / f"host{number}.log").open("ab")
        words = ["ip", "netns", "exec", self.name(number), sys.executable, "-m", *map(str, command)]
        process = subprocess.Popen(words, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._processes.append(process)
        return process

    def start_cluster(self) -> None:
        """Start the scheduler and a worker on each of their hosts."""
        files = ("--tls-ca-file", AUTHORITY, "--tls-cert", CLUSTER, "--tls-key", CLUSTER)
        common = ("--protocol", "tls", "--no-dashboard", *files)
        address = f"10.99.0.{_SCHEDULER}"
        self.run(_SCHEDULER, "distributed.cli.dask_scheduler", "--host", address, "--port", PORT, *common)
        for number in _WORKERS:
            own = (
                "--host",
                f"10.99.0.{number}",
                "--nthreads",
                1,
                "--local-directory",
                self.folder / f"scratch{number}",
            )
            self.run(number, "distributed.cli.dask_worker", f"tls://{address}:{PORT}", *own, *common)
        until = time.monotonic() + 120
        log = self.folder / f"host{_SCHEDULER}.log"
        while log.read_text(errors="replace").count("Register worker") < len(_WORKERS):
            if time.monotonic() > until:
                raise RuntimeError(log.read_text(errors="replace"))
            time.sleep(0.1)

    def kill(self, number: int) -> None:
        """Kill all processes of a host."""
        listed = subprocess.run(["ip", "netns", "pids", self.name(number)], capture_output=True, check=False)
        for process in listed.stdout.split():
            os.kill(int(process), signal.SIGKILL)

    def tear_down(self) -> None:
        """Kill what runs on the hosts and remove them."""
        numbers = (_SCHEDULER, *_WORKERS, _CLIENT)
        for number in numbers:
            self.kill(number)
        for process in self._processes:
            process.wait()
        for name in (*map(self.name, numbers), self._switch):
            subprocess.run(["ip", "netns", "delete", name], check=False)


@contextmanager
def hosts(folder: Path) -> Iterator[Hosts]:
    """Build hosts and a cluster on them, and remove all of it at the end."""
    made = Hosts(folder)
    try:
        made.build()
        made.start_cluster()
        yield made
    finally:
        made.tear_down()


def differing(one: Path, other: Path) -> list[str]:
    """Name the files of two results directories that differ, but for what is hidden."""
    names = {
        path.relative_to(root)
        for root in (one, other)
        for path in root.rglob("*")
        if path.is_file() and ".batchgraph" not in path.parts
    }
    _, mismatched, missing = filecmp.cmpfiles(one, other, sorted(map(str, names)), shallow=False)
    return [*mismatched, *missing]


def main(arguments: list[str]) -> int:
    """Try everything, print what was found, and give 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", type=Path)
    parser.add_argument("--seconds", type=float, default=4.0, help="from a run's start to what befalls it")
    options = parser.parse_args(arguments)
    captures, wrong = options.captures.absolute(), 0

    def told(what: str, *, good: bool) -> int:
        sys.stdout.write(f"{'good' if good else 'WRONG':<6} {what}\n")
        sys.stdout.flush()
        return not good

    with tempfile.TemporaryDirectory() as name, hosts(Path(name)) as made:
        folder = Path(name)
        files = ("--tls-ca", AUTHORITY, "--tls-cert", CLUSTER, "--tls-key", CLUSTER)
        address = f"10.99.0.{_SCHEDULER}:{PORT}"

        def far(out: str, scheme: str = "tls") -> subprocess.Popen[bytes]:
            secured = files if scheme == "tls" else ()
            place = ("--scheduler", f"{scheme}://{address}", *secured, "--quiet")
            return made.run(_CLIENT, "batchgraph", "run", captures, "--out", folder / out, *place)

        here = [sys.executable, "-m", "batchgraph", "run", captures, "--out", folder / "here", "--workers", "0", "-q"]
        expected = subprocess.run([*map(str, here)], capture_output=True, check=False).returncode
        code = far("far").wait()
        same = not differing(folder / "here", folder / "far")
        wrong += told(f"a run on the hosts ends with {code} and gives the same files", good=code == expected and same)
        code = far("plain", "tcp").wait()
        wrong += told(f"plain TCP is refused with {code}, and nothing is written",
                      good=code == 2 and not (folder / "plain").exists())  # fmt: skip
        run = far("cut")
        time.sleep(options.seconds)
        made.cable(_WORKERS[-1], "down")
        code, under_way = run.wait(), (folder / "cut").exists()
        same = code == expected and not differing(folder / "here", folder / "cut")
        wrong += told(
            f"a run of which a worker's cable is pulled ends with {code} and the same", good=same and under_way
        )
        run = far("lost")
        time.sleep(options.seconds)
        made.kill(_SCHEDULER)
        code = run.wait()
        wrong += told(f"a run whose scheduler's host goes down ends with {code}", good=code == 7)
        again = [*map(str, here)]
        again[again.index(str(folder / "here"))] = str(folder / "lost")
        code = subprocess.run(again, capture_output=True, check=False).returncode
        same = code in _CALM and not differing(folder / "here", folder / "lost")
        wrong += told(f"the same command, here, continues it with {code} to the same files", good=same)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
