"""Faults in mid-run, enumerated: the n-th call fails or the process dies there, and the same command continues.

    python -m tests.faults.harness --by strace

After each, no file under its final name may be torn and the exit code must be true; the same command again must end
with 0 and give what an undisturbed run gives, with nothing half written left.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TextIO

from . import calls, system_calls
from .child import import_everything, in_child
from .points import Bench, Tally, make_bench, say, try_point
from .scenarios import SCENARIOS

FAULTS = (*calls.ERRORS, calls.KILLED)


def find_points(by: str, bench: Bench) -> dict[str, list[int]]:
    """Give the numbers of the calls of each kind that change the results directory of an undisturbed run."""
    out, log = bench.folder / "out", bench.folder / "log"
    shutil.rmtree(out, ignore_errors=True)
    if by == "strace":
        return system_calls.find_points(bench.run, out, log, bench.captures)
    counts = in_child(partial(calls.count_calls, bench.run, out, log))
    return {call: list(range(1, counts[call] + 1)) for call in calls.CALLS if call in counts}


def try_all(
    bench: Bench, module: ModuleType, points: dict[str, list[int]], log: TextIO, *, every: int, offset: int
) -> list[Tally]:
    """Try every point with every fault, or an even share of them; a line for each kind is printed, one each logged."""
    tallies = []
    turn = offset
    for call, numbers in points.items():
        for fault in FAULTS if system_calls.READS not in call else ("EIO", "EACCES"):
            tally = Tally()
            for number in numbers:
                turn += 1
                if turn % every == 0:
                    faulty = module.faulty(bench, call=call, number=number, fault=fault)
                    name = f"{fault} at {call} {number}"
                    try_point(bench, name, faulty, tally, killed=fault == calls.KILLED)
                    log.write(f"{name}: {tally.last}\n")
                    log.flush()
            tallies.append(tally)
            good = tally.points - len(tally.wrong)
            counts = (len(numbers), tally.points, tally.elsewhere, tally.stopped, good)
            say(f"{call:<20} {fault:<8}" + "".join(f" {count:>9}" for count in counts))
            for problem in tally.wrong:
                say(f"  WRONG {problem}")
    return tallies


def main(arguments: list[str]) -> int:
    """Try the points, print a table, and give 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--by", choices=("python", "strace"), default="python", help="whose calls fail")
    parser.add_argument("--captures", type=int, default=2, help="captures of the run")
    parser.add_argument("--every", type=int, default=1, help="try every n-th point only")
    parser.add_argument("--offset", type=int, default=0, help="which share of the points, with --every")
    parser.add_argument("--folder", type=Path, help="where runs are made; in memory it is soonest done")
    parser.add_argument("--scenario", choices=SCENARIOS, default="plain", help="how to run")
    parser.add_argument("--only", default="", help="a pattern of the names of the calls to try")
    parser.add_argument("--log", type=Path, default=os.devnull, help="gets a line for each point")
    options = parser.parse_args(arguments)
    if options.by == "strace" and not shutil.which("strace"):
        say("strace is not installed: its points were not tried")
        return 0
    with (
        tempfile.TemporaryDirectory(dir=options.folder, prefix="faults-") as name,
        Path(options.log).open("a", encoding="utf-8") as log,
    ):
        folder = Path(name).resolve()
        import_everything(folder)
        captures = SCENARIOS[options.scenario].make_captures(folder / "captures", options.captures)
        bench = make_bench(captures, folder, options.scenario)
        points = find_points(options.by, bench)
        points = {call: numbers for call, numbers in points.items() if re.search(options.only, call)}
        heads = ("points", "tried", "elsewhere", "stopped", "good")
        say(f"{'call':<20} {'fault':<8}" + "".join(f" {head:>9}" for head in heads))
        module = system_calls if options.by == "strace" else calls
        tallies = try_all(bench, module, points, log, every=options.every, offset=options.offset)
    tried, wrong = sum(tally.points for tally in tallies), sum(len(tally.wrong) for tally in tallies)
    say(f"fault points tried: {tried}, wrong: {wrong}; continued from {len(bench.continued)} different states")
    return 1 if wrong or not tried else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
