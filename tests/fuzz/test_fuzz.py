"""A small share of what `tests.fuzz.harness` does, and proof that it would notice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import file_cases, frame_cases, mutate_files, seeds
from tests.fuzz.harness import Findings, Work, keep, run

HERE = Path(__file__).parent


def test_frames__damaged_are_decoded_within_their_octets():
    findings = run(Work("frames", 1, 0, 8))

    assert (findings.cases, findings.done != {}) == ({}, True)


def test_frames__that_once_went_wrong_do_so_no_more():
    findings = run(Work("frames", 1, 0, 1, ("--given", str(HERE / "found.txt"))))

    assert (findings.cases, findings.done != {}) == ({}, True)


def test_frames__give_the_same_rows_by_the_source_of_the_kernels():
    uncompiled = run(Work("frames", 2, 0, 1, (), (("NUMBA_DISABLE_JIT", "1"),)))

    assert uncompiled.done["digest"] == run(Work("frames", 2, 0, 1)).done["digest"]


def test_files__damaged_are_read_within_their_octets():
    findings = run(Work("files", 1, 0, 200))

    assert (findings.cases, findings.done != {}) == ({}, True)


def test_tables__of_random_records_that_pass_the_check_are_decoded_within_the_octets():
    findings = run(Work("tables", 2, 0, 40))

    assert (findings.cases, findings.done != {}) == ({}, True)


@pytest.mark.parametrize(("kind", "octets", "stop"), [("frames", 1, 1), ("files", 64, 30)])
def test_harness__notices_that_octets_behind_the_last_are_read(kind: str, octets: int, stop: int):
    findings = run(Work(kind, 1, 0, stop, ("--overstate", str(octets))), most_deaths=1)

    assert [findings.cases[death][-1].partition(":")[0] for death in findings.deaths] == ["died by SIGSEGV"]


def test_harness__keeps_what_it_found(tmp_path: Path):
    work = Work("files", 1, 0, 30)

    said = list(keep(work, Findings({7: ["a complaint"]}), tmp_path, None))

    assert (tmp_path / "files-1-7").read_bytes() == file_cases.case(1, 7, seeds.files()).octets
    assert len(said) == 1
    assert said[0].endswith("a complaint\n")


@pytest.mark.parametrize("at_end", [True, False])
@pytest.mark.parametrize("beyond", [True, False])
def test_guarded__memory_beyond_the_guarded_end_kills(at_end: bool, beyond: bool):
    place = "array.ctypes.data + (10 if at_end else -1)" if beyond else "array.ctypes.data"
    code = (
        f"import ctypes; from tests.fuzz import guarded; at_end = {at_end};"
        f"array = guarded.new(10, 'u1', at_end=at_end); ctypes.string_at({place}, 1)"
    )

    ended = subprocess.run([sys.executable, "-c", code], cwd=seeds.ROOT, check=False)

    assert ended.returncode == (-signal.SIGSEGV if beyond else 0)


def test_frame_cases__depend_on_seed_and_number_alone():
    captured = seeds.captured_frames()

    assert frame_cases.batch(3, 1, captured) == frame_cases.batch(3, 1, captured)
    assert frame_cases.batch(3, 1, captured) != frame_cases.batch(3, 2, captured)


def test_file_cases__depend_on_seed_and_number_alone():
    sound = seeds.files()

    assert [file_cases.case(3, n, sound) for n in range(20)] == [file_cases.case(3, n, sound) for n in range(20)]


@pytest.mark.parametrize("mutator", mutate_files.FILE_MUTATORS)
def test_file_mutators__damage_the_file(mutator):
    first, *_, last = seeds.files()
    made = {mutator(random.Random(n), first.octets, first.starts, last) for n in range(20)}

    assert len(made - {first.octets}) > 3


def test_record_starts__are_those_of_a_file_written_by_hand():
    # draft-ietf-opsawg-pcap, section 4 and 5: 24 octets of file header, records of 16 octets and the packet.
    file = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000") + 2 * bytes.fromhex(
        "00000000 00000000 02000000 02000000 abcd"
    )

    assert mutate_files.record_starts(file) == (24, 42)
