"""Faults in mid-run, enumerated: the n-th call fails or the process dies there, and the same command continues.

    python -m tests.faults.harness --by strace

After each, no file under its final name may be torn and the exit code must be true; the same command again must end
with 0 and give what an undisturbed run gives, with nothing half written left.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from types import ModuleType

from . import calls, system_calls
from .child import import_everything, in_child, make_captures
from .points import Bench, Tally, make_bench, say, try_point

FAULTS = (*calls.ERRORS, calls.KILLED)


def find_points(by: str, bench: Bench) -> dict[str, list[int]]:
    """Give the numbers of the calls of each kind that change the results directory of an undisturbed run."""
    out, log = bench.folder / "out", bench.folder / "log"
    shutil.rmtree(out, ignore_errors=True)
    if by == "strace":
        return system_calls.find_points(bench.captures, out, log, bench.folder / "trace")
    counts = in_child(partial(calls.count_calls, bench.captures, out, log))
    return {call: list(range(1, counts[call] + 1)) for call in calls.CALLS if call in counts}


def try_all(bench: Bench, module: ModuleType, points: dict[str, list[int]], *, every: int, offset: int) -> list[Tally]:
    """Try every point with every fault, or an even share of them, and print a line for each kind."""
    tallies = []
    turn = offset
    for call, numbers in points.items():
        for fault in FAULTS:
            tally = Tally()
            for number in numbers:
                turn += 1
                if turn % every == 0:
                    faulty = module.faulty(bench.captures, call=call, number=number, fault=fault)
                    name = f"{fault} at {call} {number}"
                    try_point(bench, name, faulty, tally, killed=fault == calls.KILLED)
            tallies.append(tally)
            good = tally.points - len(tally.wrong)
            say(f"{call:<10} {fault:<8} {len(numbers):>6} {tally.points:>6} {tally.stopped:>7} {good:>6}")
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
    options = parser.parse_args(arguments)
    if options.by == "strace" and not shutil.which("strace"):
        say("strace is not installed: its points were not tried")
        return 0
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="faults-") as name:
        folder = Path(name).resolve()
        import_everything(folder)
        bench = make_bench(make_captures(folder / "captures", options.captures), folder)
        points = find_points(options.by, bench)
        say(f"{'call':<10} {'fault':<8} {'points':>6} {'tried':>6} {'stopped':>7} {'good':>6}")
        module = system_calls if options.by == "strace" else calls
        tallies = try_all(bench, module, points, every=options.every, offset=options.offset)
    tried, wrong = sum(tally.points for tally in tallies), sum(len(tally.wrong) for tally in tallies)
    say(f"fault points tried: {tried}, wrong: {wrong}")
    return 1 if wrong or not tried else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
