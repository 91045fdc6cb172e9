"""The damage kit: damages captures of known truth in every way there is, and tells what is read of them.

    python -m tests.damage.kit --seeds 200

Columns of other programs are filled where these are installed. A damaged file is "whole" where it is byte by byte the
one that would have been written of other packets, so that no reader can see the damage: of these all must be returned.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from .captures import FORMATS, Capture
from .damages import BEYOND_SNOOP, KINDS, make_damaged
from .score import Score, score

_PROGRAMS = {
    "tcpdump": ("tcpdump", "-n", "-q", "-t", "-r"),
    "tshark": ("tshark", "-n", "-T", "fields", "-e", "frame.number", "-r"),
}


def run_kind(captures: Iterable[Capture], folder: Path) -> list[Score]:
    """Score what is read of damaged captures."""
    return [score(capture, folder / "a.pcap") for capture in captures]


def other_shares(captures: Iterable[Capture], folder: Path) -> dict[str, list[float]]:
    """Give the packets that other programs list, as a share of the intact records, at most all."""
    shares: dict[str, list[float]] = {name: [] for name in _PROGRAMS if shutil.which(name)}
    path = folder / "other.pcap"
    for capture in captures:
        path.write_bytes(capture.octets.tobytes())
        for name, listed in shares.items():
            done = subprocess.run([*_PROGRAMS[name], path], capture_output=True, check=False)
            lines = done.stdout.count(b"\n")
            listed.append(min(1.0, lines / max(1, len(capture.records))))
    return shares


def line(kind: str, scores: list[Score], others: dict[str, list[float]]) -> str:
    """Write one line of the table."""
    shares = [each.share for each in scores]
    fewer = sum(each.returned < each.strict for each in scores)
    total = sum(each.exact for each in scores) / max(1, sum(each.intact for each in scores))
    cells = [f"{kind:<22}", f"{statistics.median(shares):>8.2%} {min(shares):>8.2%} {total:>9.3%}"]
    cells.append(f"{sum(s.foreign for s in scores):>7} {sum(s.forged for s in scores):>6}")
    cells.append(f"{sum(s.forged_any for s in scores):>6} {sum(s.phantoms for s in scores):>8}")
    cells.append(f"{len(scores) - fewer:>5}/{len(scores):<5} {sum(s.is_whole for s in scores):>5}")
    cells.append(f"{sum(s.suspect for s in scores) / max(1, sum(s.returned for s in scores)):>7.2%}")
    cells += [f"{statistics.median(listed):>8.1%}" if listed else f"{'-':>8}" for listed in others.values()]
    return " ".join(cells)


def main(arguments: list[str]) -> int:
    """Print the table; give 1 where an aim was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="captures for each kind of damage")
    parser.add_argument("--packets", type=int, default=1000, help="packets in each capture")
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="only this kind; may be repeated")
    parser.add_argument("--format", action="append", choices=(*FORMATS, "snoop"), help="only this one; may be repeated")
    parser.add_argument("--others", type=int, default=10, help="seeds for which other programs are run too")
    options = parser.parse_args(arguments)
    make = partial(make_damaged, n_packets=options.packets, formats=options.format or FORMATS)
    seeds, write = range(options.seeds), sys.stdout.write
    write(f"{'':<22}   median      min       all foreign forged  (any) phantoms  not fewer whole suspect")
    write("".join(f" {name:>8}" for name in _PROGRAMS if shutil.which(name)) + "\n")
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        left_out = BEYOND_SNOOP if "snoop" in (options.format or ()) else ()
        for kind in options.kind or [kind for kind in KINDS if kind not in left_out]:
            scores = run_kind((make(kind, seed) for seed in seeds), Path(folder))
            others = other_shares((make(kind, seed) for seed in seeds[: options.others]), Path(folder))
            write(line(kind, scores, others) + "\n")
            sys.stdout.flush()
            missed |= any(s.foreign or s.forged or s.phantoms or s.returned < s.strict for s in scores)
            missed |= any(s.is_whole and s.exact < s.intact for s in scores)
            missed |= sum(s.exact for s in scores) < 0.999 * sum(s.intact for s in scores)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
