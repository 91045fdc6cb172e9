"""Runs on a disk that is full sooner or later, continued when there is room.

    python -m tests.faults.full_disk

The disk is one of a few octets to a few megabytes in memory, where this process may mount one; else, and in any case,
files may not grow beyond a limit.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from .child import fork, import_everything, run_command, wait_for
from .points import Bench, Tally, make_bench, say, try_point
from .scenarios import SCENARIOS

KIBIBYTES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024, 4096)
FILE_OCTETS = (0, 1, 100, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000)


def run_with_limit(captures: Path, out: Path, log: Path, *, octets: int) -> int:
    """Run in a child whose files may not grow beyond so many octets, and give the exit code."""

    def run() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
        return run_command(captures, out, Path("/dev/null"))

    log.unlink(missing_ok=True)
    return wait_for(fork(run))


@contextmanager
def small_disk(folder: Path, kibibytes: int) -> Iterator[None]:
    """Mount a disk of so many KiB, and take it away afterwards."""
    folder.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def can_mount(folder: Path) -> bool:
    """Tell whether this process may mount a disk."""
    try:
        with small_disk(folder, 64):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def run_then_enlarge(captures: Path, out: Path, log: Path) -> int:
    """Run on the small disk in a child, and give the exit code; then there is room."""
    code = wait_for(fork(partial(run_command, captures, out, log)))
    _mount("-o", "remount,size=64m", str(out.parent))
    return code


def _line(kind: str, size: int, tally: Tally) -> None:
    told = "good" if not tally.wrong else "WRONG " + tally.wrong[0]
    say(f"{kind:<14} {size:>9} {'full' if tally.stopped else 'enough':<7} {told}")


def try_limits(bench: Bench, limits: Sequence[int]) -> list[Tally]:
    """Limit the length of files, and continue without."""
    tallies = []
    for octets in limits:
        faulty: Callable[[Path, Path], int] = partial(run_with_limit, bench.captures, octets=octets)
        tallies.append(Tally())
        try_point(bench, f"files of {octets}", faulty, tallies[-1], killed=False)
        _line("longest file", octets, tallies[-1])
    return tallies


def try_disks(bench: Bench) -> list[Tally]:
    """Run on small disks, and continue when they have grown."""
    tallies = []
    for kibibytes in KIBIBYTES:
        disk = bench.folder / "disk"
        with small_disk(disk, kibibytes):
            there = Bench(bench.captures, disk, bench.expected)
            tallies.append(Tally())
            faulty = partial(run_then_enlarge, bench.captures)
            try_point(there, f"a disk of {kibibytes} KiB", faulty, tallies[-1], killed=False)
        _line("disk", kibibytes << 10, tallies[-1])
    return tallies


def main(arguments: list[str]) -> int:
    """Fill disks, print a table, and give 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=int, default=2, help="captures of the run")
    parser.add_argument("--folder", type=Path, help="where runs are made; in memory it is soonest done")
    parser.add_argument("--limits-only", action="store_true", help="mount nothing")
    parser.add_argument("--few", action="store_true", help="try a few limits")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="full-") as name:
        folder = Path(name).resolve()
        import_everything(folder)
        bench = make_bench(SCENARIOS["plain"].make_captures(folder / "captures", options.captures), folder)
        say(f"{'what':<14} {'octets':>9} {'it was':<7}")
        tallies = try_limits(bench, FILE_OCTETS[::4] if options.few else FILE_OCTETS)
        if not options.limits_only and can_mount(folder / "disk"):
            tallies += try_disks(bench)
        else:
            say("no disk was mounted: the run has not been tried on one")
    full = sum(tally.stopped for tally in tallies)
    say(f"full disks: {full} of {len(tallies)}, wrong: {sum(len(tally.wrong) for tally in tallies)}")
    return 1 if not full or any(tally.wrong for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
