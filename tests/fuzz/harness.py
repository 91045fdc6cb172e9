"""Damaged frames and files through the compiled kernels, between forbidden pages: ``python -m tests.fuzz.harness``.

Random protocol tables, as far as they pass the check of tables, have random frames decoded besides.

The work is done by `tests.fuzz.worker`, in a process of its own. Where that dies by a signal, or says nothing for long,
the case is kept in a folder and the work goes on behind it. Exit code 1: something was found.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz import file_cases, frame_cases, seeds, tables

SILENCE_SECONDS = 60.0
"""Time after which a process that says nothing is taken for hung, however busy the machine is."""

START_SECONDS = 600.0
"""The same before the first case: kernels are compiled."""

_SHOWN, _LINE = 20, 1000
"""Findings that are shown whole, and characters of a line of them; all of them are kept."""


@dataclass
class Findings:
    """What was found, and how far things went."""

    cases: dict[int, list[str]] = field(default_factory=dict)
    done: dict[str, object] = field(default_factory=dict)
    deaths: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """Cases of one kind: ``frames``, ``tables`` or ``files``.

    `more` are further arguments of the worker, `environment` is its.
    """

    kind: str
    seed: int
    first: int
    stop: int
    more: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    def command(self, first: int) -> list[str]:
        numbers = {"--seed": self.seed, "--first": first, "--stop": self.stop}
        given = (text for name, number in numbers.items() for text in (name, str(number)))
        return [sys.executable, "-m", "tests.fuzz.worker", self.kind, *given, *self.more]


def run(work: Work, *, most_deaths: int = 20) -> Findings:
    """Do the work, in as many processes as die of it."""
    findings, first = Findings(), work.first
    while first < work.stop and len(findings.deaths) < most_deaths:
        died_at = _run_once(work, first, findings)
        if died_at is None:
            break
        first = died_at + 1
    return findings


def _run_once(work: Work, first: int, findings: Findings) -> int | None:
    """Run one process; give the case at which it died, None where it came to the end."""
    at, patience = None, START_SECONDS
    environment = {**os.environ, **dict(work.environment)}
    with subprocess.Popen(
        work.command(first), cwd=seeds.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.extend(_telling(process.stderr or ())))
        reader.start()
        lines = _lines(process)
        try:
            while line := lines.get(timeout=patience):
                said, patience = json.loads(line), SILENCE_SECONDS
                at = said.get("at", at)
                if "found" in said and at is not None:
                    findings.cases.setdefault(at, []).extend(said["found"])
                findings.done = said.get("done", findings.done)
        except queue.Empty:
            process.kill()
            errors.append(f"nothing was heard for {patience:.0f} s\n")
        code = process.wait()
        reader.join()
    if code == 0:
        return None
    if at is None:
        raise RuntimeError(f"the worker does not start: {''.join(errors)}")
    findings.deaths.append(at)
    findings.cases.setdefault(at, []).append(f"died by {_name(code)}: {''.join(errors)}")
    return at


def _lines(process: subprocess.Popen[str]) -> queue.Queue[str]:
    """Give the lines of a process as they come, then an empty one."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


def _telling(lines: Iterable[str]) -> Iterator[str]:
    """Leave out of what a dying process writes the long list of its modules."""
    return (line for line in lines if line.strip() and not line.startswith("Extension modules"))


def _name(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def narrow(work: Work, number: int) -> tuple[int, int]:
    """Find few frames of a batch that are enough for a finding: from and to, by halves."""
    first, stop = 0, frame_cases.BATCH
    while stop - first > 1:
        middle = (first + stop) // 2
        for part in ((first, middle), (middle, stop)):
            more = (*work.more, "--part", *map(str, part))
            if run(Work(work.kind, work.seed, number, number + 1, more, work.environment)).cases:
                first, stop = part
                break
        else:
            break
    return first, stop


def keep(work: Work, findings: Findings, folder: Path, captures: Path | None) -> Iterator[str]:
    """Write the cases of findings to a folder, and describe them."""
    folder.mkdir(parents=True, exist_ok=True)
    for count, (number, found) in enumerate(sorted(findings.cases.items())):
        path = folder / f"{work.kind}-{work.seed}-{number}"
        if work.kind == "frames":
            part = narrow(work, number) if count < 3 else (0, frame_cases.BATCH)
            batch = frame_cases.batch(work.seed, number, seeds.captured_frames(captures))
            frame_cases.write(batch[slice(*part)], path)
            where = f"frames {part[0]} to {part[1] - 1} of batch {number}"
        elif work.kind == "tables":
            headers, frames = tables.case(work.seed, number)
            path.write_text("\n".join(map(str, headers)) + "\n", "utf-8")
            frame_cases.write(frames, path.with_suffix(".frames"))
            where = f"table {number}"
        else:
            case = file_cases.case(work.seed, number, seeds.files(captures))
            path.write_bytes(case.octets)
            where = f"file {number} ({case.made}; windows of {case.window_octets}, cuts at {case.cuts})"
        text = "\n    ".join(line[:_LINE] for complaint in found for line in complaint.strip().splitlines())
        if count >= _SHOWN:
            yield f"FOUND with seed {work.seed} in {where}, kept as {path}\n"
            continue
        yield f"FOUND with seed {work.seed} in {where}, kept as {path}:\n    {text}\n"


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.harness", description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000, help="how many, in whole batches")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--captures", type=Path, help="folder of captures to damage, instead of sample_pcaps")
    parser.add_argument("--findings", type=Path, default=seeds.ROOT / "build" / "fuzz", help="folder to keep cases in")
    parser.add_argument("--overstate", type=int, default=0, help="a mistake to make: octets claimed beyond the end")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--boundscheck", action="store_true", help="compile with checks of all indices, which is slow")
    modes.add_argument("--uncompiled", action="store_true", help="run the kernels' source, which is slower still")
    return parser.parse_args(given)


def works(options: argparse.Namespace) -> tuple[Work, ...]:
    """Give what the options ask for."""
    more = ("--overstate", str(options.overstate))
    if options.captures:
        more += ("--captures", str(options.captures.resolve()))
    environment: tuple[tuple[str, str], ...] = ()
    if options.boundscheck:
        # numba's cache does not tell code with checks from code without.
        environment = (("NUMBA_BOUNDSCHECK", "1"), ("NUMBA_CACHE_DIR", str(seeds.ROOT / "build" / "boundscheck")))
    if options.uncompiled:
        environment = (("NUMBA_DISABLE_JIT", "1"),)
    batches = -(-options.frames // frame_cases.BATCH)
    return (
        Work("frames", options.seed, 0, batches, more, environment),
        Work("tables", options.seed, 0, options.tables, (), environment),
        Work("files", options.seed, 0, options.files, more, environment),
    )


def main(given: list[str] | None = None) -> int:
    """Run the harness; give the exit code."""
    options = arguments(given)
    n_found = 0
    for work in works(options):
        start = time.monotonic()
        findings = run(work)
        seconds = time.monotonic() - start
        for text in keep(work, findings, options.findings, options.captures):
            sys.stdout.write(text)
        n_found += len(findings.cases)
        # Where too many processes died, the work was given up.
        stop = work.stop if findings.done or not findings.deaths else findings.deaths[-1] + 1
        cases = stop - work.first
        count = cases * frame_cases.BATCH if work.kind == "frames" else cases
        what = f"random {work.kind}" if work.kind == "tables" else f"damaged {work.kind}"
        sys.stdout.write(
            f"{count:,} {what}, seed {work.seed}, {seconds:.0f} s: {len(findings.cases)} cases found,"
            f" {len(findings.deaths)} deaths; {json.dumps(findings.done)}\n"
        )
    return 1 if n_found else 0


if __name__ == "__main__":
    sys.exit(main())
