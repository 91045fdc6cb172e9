"""The process in which damaged input meets the kernels, so that it may die: says on standard output what it does.

One JSON object a line: ``{"at": n}`` before a case, ``{"found": [...]}`` after one that has complaints, and
``{"done": {...}}`` at the end. A case is a file, or a batch of frames.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import resource
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.fuzz import file_cases, frame_cases, seeds, tables


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.worker", description=__doc__)
    parser.add_argument("kind", choices=("frames", "tables", "files"))
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--first", type=int, required=True, help="number of the first case")
    parser.add_argument("--stop", type=int, required=True, help="number after the last case")
    parser.add_argument("--given", type=Path, help="file to take cases from, as they are: frames kept, or a capture")
    parser.add_argument("--captures", type=Path, help="folder of captures to damage, instead of sample_pcaps")
    parser.add_argument("--part", type=int, nargs=2, help="frames of each batch, from and to")
    parser.add_argument("--overstate", type=int, default=0, help="octets to claim beyond those there are")
    return parser.parse_args(given)


def frame_check(options: argparse.Namespace) -> tuple[frame_cases.FrameCheck, Callable[[int], list[str]]]:
    """Give what checks batches of frames, and a function that has it check the batch of a number."""
    check = frame_cases.FrameCheck(overstate=options.overstate)
    part = slice(*options.part) if options.part else slice(None)
    if options.given:
        kept = frame_cases.read(options.given)
        return check, lambda number: check.check(kept[number * frame_cases.BATCH :][: frame_cases.BATCH][part], number)
    captured = seeds.captured_frames(options.captures)
    return check, lambda number: check.check(frame_cases.batch(options.seed, number, captured)[part], number)


def table_check(options: argparse.Namespace) -> tuple[tables.TableCheck, Callable[[int], list[str]]]:
    """Give what decodes by random tables, and a function that has it check the case of a number."""
    check = tables.TableCheck()
    return check, lambda number: check.check(tables.case(options.seed, number), number)


def file_check(options: argparse.Namespace, folder: Path) -> tuple[file_cases.FileCheck, Callable[[int], list[str]]]:
    """Give what checks files, and a function that has it check the file of a number."""
    sound = seeds.files(options.captures)
    check = file_cases.FileCheck(folder, overstate=options.overstate)
    check.warm_up(sound)
    if options.given:
        return check, lambda number: check.check(file_cases.kept(options.given, number))
    return check, lambda number: check.check(file_cases.case(options.seed, number, sound))


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def go_through(numbers: Iterable[int], check: Callable[[int], list[str]]) -> None:
    """Check cases; an exception is a complaint like any other."""
    for number in numbers:
        say(at=number)
        try:
            found = check(number)
        except Exception:  # whatever it is, it is what is looked for
            found = [traceback.format_exc()]
        if found:
            say(found=found)


def main() -> None:
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.filterwarnings("ignore", "overflow encountered")  # uncompiled, numbers wrap around with a warning
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        check: frame_cases.FrameCheck | tables.TableCheck | file_cases.FileCheck
        frame_cases.warm_up()
        if options.kind == "frames":
            check, one = frame_check(options)
        elif options.kind == "tables":
            check, one = table_check(options)
        else:
            check, one = file_check(options, Path(folder))
        go_through(range(options.first, options.stop), one)
    seen = {name: len(values) for name, values in check.seen.items()}
    say(done={"digest": check.digest, "longest": check.longest, "seen": seen})


if __name__ == "__main__":
    main()
