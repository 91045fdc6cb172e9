"""Runs on worker processes of which one is killed, or which are asked to stop, at a random moment.

    python -m tests.faults.kills --rounds 100

The scheduler and the workers' nannies live in the client's process: killing that one kills all three at once.
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
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from .child import fork, import_everything, in_child, run_command, wait_for
from .points import Bench, Tally, make_bench, say, wrong_at_end, wrong_now
from .scenarios import SCENARIOS

ROLES: dict[str, tuple[int, set[int]]] = {
    "client, scheduler, nannies": (signal.SIGKILL, {0, -9}),
    "worker": (signal.SIGKILL, {0, 7}),
    "helper of the workers": (signal.SIGKILL, {0, 7}),
    "all at once": (signal.SIGKILL, {0, -9}),
    "SIGINT": (signal.SIGINT, {0, 130}),
    "SIGTERM": (signal.SIGTERM, {0, 143}),
}
"""Whom a signal is sent to, or which one the client gets; the signal; the exit codes that tell the truth then."""

ENDING_SECONDS = 10.0
"""How long a run may take to end after a signal, and its processes to be gone."""


def members(session: int) -> dict[int, str]:
    """Give the processes of a session that have not ended, and their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state not in "ZX":
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def victims(role: str, client: int) -> list[int]:
    """Give the processes that a role has now, one of them where there are several."""
    present = members(client)
    if role == "all at once":
        return sorted(present)
    marks = {"worker": "spawn_main", "helper of the workers": "resource_tracker"}
    if role in marks:
        return [number for number, command in present.items() if marks[role] in command][:1]
    return [client] * (client in present)


def start(captures: Path, out: Path, log: Path) -> int:
    """Start a run on two workers that work in all stages, in a session of its own."""

    def run() -> int:
        import batchgraph.stages.extract
        import batchgraph.stages.merge
        import batchgraph.stages.report

        os.setsid()
        # A shell starts what it puts in the background with SIGINT ignored.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        batchgraph.stages.extract.PACK_OCTETS["table"] = 1
        batchgraph.stages.merge._FEW_ROWS = 0
        batchgraph.stages.report._FEW_MAPS = 0
        return run_command(captures, out, log, workers=2)

    return fork(run)


def try_kill(bench: Bench, role: str, seconds: float, tally: Tally) -> None:
    """Disturb a run after so many seconds, and count what is wrong afterwards."""
    out, log = bench.folder / "out", bench.folder / "log"
    shutil.rmtree(out, ignore_errors=True)
    number, codes = ROLES[role]
    client = start(bench.captures, out, log)
    time.sleep(seconds)
    targets = victims(role, client)
    for target in targets:
        with suppress(ProcessLookupError):
            os.kill(target, number)
    told = time.monotonic()
    code = wait_for(client)
    took = time.monotonic() - told
    wrong = []
    if code not in codes:
        wrong.append(f"exit code {code}")
    if code in {130, 143} and took > ENDING_SECONDS:
        wrong.append(f"it ended after {took:.1f} s")
    wrong += _orphans(client)
    wrong += in_child(partial(wrong_now, bench, out, code=code))
    text = log.read_text(encoding="utf-8", errors="replace")[-600:] if log.exists() else ""
    again = in_child(partial(run_command, bench.captures, out, log))
    wrong += [f"again: exit code {again}"] if again else in_child(partial(wrong_at_end, bench, out))
    tally.points += 1
    tally.stopped += code != 0
    if wrong:
        tally.wrong.append(f"after {seconds:.2f} s: {'; '.join(wrong)}\n{text}")


def _orphans(session: int) -> list[str]:
    end = time.monotonic() + ENDING_SECONDS
    while left := members(session):
        if time.monotonic() > end:
            for number in left:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            return [f"still there: {command}" for command in left.values()]
        time.sleep(0.05)
    return []


def _seconds_of(call: Callable[[], int]) -> float:
    began = time.monotonic()
    if wait_for(call()) != 0:
        raise RuntimeError("an undisturbed run on workers does not end with 0")
    return time.monotonic() - began


def main(arguments: list[str]) -> int:
    """Disturb runs, print a table, and give 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="of each kind")
    parser.add_argument("--captures", type=int, default=4, help="captures of the run")
    parser.add_argument("--who", nargs="+", choices=ROLES, default=list(ROLES), help="whom to disturb")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where runs are made; in memory it is soonest done")
    options = parser.parse_args(arguments)
    moments = random.Random(options.seed)
    tallies = []
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="kills-") as name:
        folder = Path(name).resolve()
        import_everything(folder)
        bench = make_bench(SCENARIOS["plain"].make_captures(folder / "captures", options.captures), folder)
        length = _seconds_of(partial(start, bench.captures, folder / "timed", folder / "log"))
        say(f"a run takes {length:.1f} s; seed {options.seed}")
        say(f"{'who':<28} {'rounds':>6} {'stopped':>7} {'good':>6}")
        for role in options.who:
            tally = Tally()
            for _ in range(options.rounds):
                try_kill(bench, role, moments.uniform(0, length), tally)
            tallies.append(tally)
            say(f"{role:<28} {tally.points:>6} {tally.stopped:>7} {tally.points - len(tally.wrong):>6}")
            for problem in tally.wrong:
                say(f"  WRONG {problem}")
    return 1 if any(tally.wrong for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
