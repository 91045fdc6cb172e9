"""Captures that grow, shrink, are replaced or written to while they are read, as it comes."""

import hashlib
import os
import random
import threading

import pytest

from batchgraph.stages.extract import extract
from batchgraph.stages.guard import Limits
from tests.stages.test_extract import FRAME, pcap

WHOLE = pcap(*[FRAME] * 20_000)
ROUNDS = 6
"""Rounds of each kind of change."""


def grow(path, rng):
    with path.open("ab") as file:
        file.write(WHOLE[24 : 24 + rng.randrange(1, 5000)])


def shrink(path, rng):
    os.truncate(path, rng.randrange(path.stat().st_size + 1))


def replace(path, rng):
    other = path.with_name("other")
    other.write_bytes(WHOLE[: rng.randrange(len(WHOLE))])
    other.replace(path)


def write(path, rng):
    with path.open("r+b") as file:
        file.seek(rng.randrange(len(WHOLE)))
        file.write(rng.randbytes(64))


@pytest.mark.parametrize("disturb", [grow, shrink, replace, write])
def test_capture_that_changes__has_a_true_answer_and_then_a_final_one(tmp_path, disturb):
    path, rng = tmp_path / "a.pcap", random.Random(4)
    for number in range(ROUNDS):
        path.write_bytes(WHOLE)
        over = threading.Event()

        def go_on(over=over):
            while not over.is_set():
                disturb(path, rng)

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            (record,) = extract([path], tmp_path / "out", limits=Limits() if number % 2 else None)["inputs"]
        finally:
            over.set()
            thread.join()

        assert record["status"] != "failed"
        assert sum(record["octets"].values()) == record["size"]

    (record,) = extract([path], tmp_path / "out")["inputs"]

    assert record["status"] != "changed"
    assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
