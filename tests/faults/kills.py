"""Runs of which one process is killed, or which are asked to stop, at a random moment; then the same command again.

    python -m tests.faults.kills --rounds 100

A round counts where the signal hit a process that was there. The local scheduler and the workers' nannies live in the
client's process: killing that one kills all three at once.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

from batchgraph.signals import end_when_told

from .child import HERE, fork, import_everything, in_child, run_command, wait_for
from .cluster import Cluster, import_servers
from .points import OK, Bench, Tally, continue_from, make_bench, say, wrong_now
from .processes import is_there, members, orphans
from .roles import CLUSTER, ROLES, WORKERS, Role
from .scenarios import SCENARIOS
from .spawning import spawn_by_fork

GROWTH = 1.03
"""By how much longer a run is expected to take after each hit."""

ENDING_SECONDS = 10.0
"""How long a run may take to end after a signal."""

MISSES = 4
"""Rounds that may miss for each that hits."""


def start(bench: Bench, out: Path, log: Path, place: Sequence[str]) -> int:
    """Start a run in which workers work in all stages, in a session of its own."""

    def run() -> int:
        import batchgraph.stages.extract
        import batchgraph.stages.merge
        import batchgraph.stages.report

        # A shell starts what it puts in the background with SIGINT ignored; the program's first act is to heed signals.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        end_when_told()
        os.setsid()
        if place != HERE:
            batchgraph.stages.extract.PACK_OCTETS["table"] = 1
            batchgraph.stages.merge._FEW_ROWS = 0
            batchgraph.stages.report._FEW_MAPS = 0
        return run_command(bench.captures, out, log, place=place, begin=begin_of(place))

    return fork(run)


def begin_of(place: Sequence[str]) -> Callable[[], object]:
    """Give what a run begins with: where it has workers of its own, they are forked."""
    return spawn_by_fork if place == WORKERS else int


@dataclass(slots=True)
class Disturber:
    """Disturbs runs of one role: every round at another moment."""

    bench: Bench
    role: Role
    cluster: Cluster
    moments: random.Random
    length: float = 0.0

    def measure(self) -> None:
        """Find how long a victim is there in an undisturbed run.

        Raises
        ------
        RuntimeError
            If that does not end with 0.
        """
        client = self._start("timed")
        began = self._wait(client)
        if self.role.awaited:
            while self.role.victims(client, self.cluster):
                time.sleep(0.001)
            self.length = time.monotonic() - began
        if wait_for(client) != OK:
            raise RuntimeError((self.bench.folder / "log").read_text(encoding="utf-8"))
        self.length = self.length or time.monotonic() - began

    def _place(self) -> tuple[str, ...]:
        return self.cluster.arguments if self.role.place == CLUSTER else self.role.place

    def _start(self, name: str) -> int:
        if self.role.place == CLUSTER:
            self.cluster.start()
        shutil.rmtree(self.bench.folder / name, ignore_errors=True)
        return start(self.bench, self.bench.folder / name, self.bench.folder / "log", self._place())

    def _wait(self, client: int) -> float:
        """Wait for a victim that comes late, and give the time."""
        until = time.monotonic() + 30
        while self.role.awaited and not self.role.victims(client, self.cluster) and time.monotonic() < until:
            time.sleep(0.001)
        return time.monotonic()

    def disturb(self, tally: Tally) -> None:
        """Disturb a run, and count what is wrong afterwards, if the signal hit."""
        out, log = self.bench.folder / "out", self.bench.folder / "log"
        client = self._start("out")
        began = self._wait(client)
        seconds = self.moments.uniform(0, self.length)
        while time.monotonic() < began + seconds and is_there(client):
            time.sleep(0.001)
        hit = self._signal(client)
        # How long a run takes changes with what else the machine does.
        if hit:
            self.length *= GROWTH
        elif not is_there(client):
            self.length = min(self.length, time.monotonic() - began)
        told = time.monotonic()
        code = wait_for(client)
        took = time.monotonic() - told
        wrong = [] if code in self.role.codes | {OK} else [f"exit code {code}"]
        if code in {130, 143} and took > ENDING_SECONDS:
            wrong.append(f"it ended after {took:.1f} s")
        wrong += orphans(client, ENDING_SECONDS)
        wrong += in_child(partial(wrong_now, self.bench, out, code=code))
        text = log.read_text(encoding="utf-8", errors="replace")[-600:] if log.exists() else ""
        wrong += self._again(out, log)
        if hit or wrong:
            tally.points += 1
            tally.stopped += code != OK
        if wrong:
            tally.wrong.append(f"after {seconds:.2f} s: {'; '.join(wrong)}\n{text}")

    def _signal(self, client: int) -> bool:
        """Send the signal, and tell whether it hit a process of a run that has not ended."""
        targets = self.role.victims(client, self.cluster)
        if self.role.victims is not ROLES["all at once"].victims:
            targets = self.moments.sample(sorted(targets), min(1, len(targets)))
        is_running = client in members(client)
        for target in targets:
            with suppress(ProcessLookupError):
                os.kill(target, self.role.signal)
        return is_running and bool(targets)

    def _again(self, out: Path, log: Path) -> list[str]:
        """Give the same command again, the cluster being there again too, and say what is wrong then."""
        if self.role.place == CLUSTER:
            self.cluster.start()
        begin = begin_of(self.role.place)
        command = partial(run_command, self.bench.captures, out, log, place=self._place(), begin=begin)
        return continue_from(self.bench, out, command)


def try_role(who: str, disturber: Disturber, rounds: int, log: TextIO) -> Tally:
    """Disturb so many runs, not counting those that were missed; a line is logged for each."""
    tally = Tally()
    disturber.measure()
    for _ in range(rounds * (1 + MISSES)):
        disturber.disturb(tally)
        log.write(f"{who}: hits {tally.points}, stopped {tally.stopped}, wrong {len(tally.wrong)} {tally.wrong[-1:]}\n")
        log.flush()
        if tally.points == rounds:
            break
    return tally


def main(arguments: list[str]) -> int:
    """Disturb runs, print a table, and give 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="of each kind")
    parser.add_argument("--captures", type=int, default=4, help="captures of the run")
    parser.add_argument("--who", nargs="+", choices=ROLES, default=list(ROLES), help="whom to disturb")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where runs are made; in memory it is soonest done")
    parser.add_argument("--log", type=Path, default=os.devnull, help="gets a line for each round")
    options = parser.parse_args(arguments)
    tallies = []
    with (
        tempfile.TemporaryDirectory(dir=options.folder, prefix="kills-") as name,
        Path(options.log).open("a", encoding="utf-8") as log,
    ):
        folder = Path(name).resolve()
        import_everything(folder)
        import_servers()
        bench = make_bench(SCENARIOS["plain"].make_captures(folder / "captures", options.captures), folder)
        cluster = Cluster(folder / "cluster")
        say(f"{'who':<28} {'seconds':>7} {'hits':>6} {'stopped':>7} {'good':>6}     seed {options.seed}")
        try:
            for who in options.who:
                disturber = Disturber(bench, ROLES[who], cluster, random.Random(f"{who} {options.seed}"))
                tallies.append(tally := try_role(who, disturber, options.rounds, log))
                good = tally.points - len(tally.wrong)
                say(f"{who:<28} {disturber.length:>7.2f} {tally.points:>6} {tally.stopped:>7} {good:>6}")
                for problem in tally.wrong:
                    say(f"  WRONG {problem}")
        finally:
            cluster.stop()
    return 1 if any(tally.wrong or tally.points < options.rounds for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
