import sys

import pytest

from tests.bench.aims import CPU, SECONDS, WALL, Aim, StartAim
from tests.bench.bench import Contestant, NotMeasuredError, measure, measure_all, table_of


def python(code):
    return [sys.executable, "-c", code]


def test_measure__names_the_exit_code_of_what_fails():
    with pytest.raises(NotMeasuredError, match="exit code 3"):
        measure(python("raise SystemExit(3)"))


def test_measure__ends_what_takes_too_long():
    with pytest.raises(NotMeasuredError, match="longer than"):
        measure(python("import threading; threading.Event().wait()"), limit=0.2)


def test_measure_all__goes_on_after_a_failure(tmp_path):
    fails = Contestant("fails", lambda capture, out: python("raise SystemExit(1)"))
    works = Contestant("works", lambda capture, out: python("pass"))

    failed, measured = measure_all([fails, works], tmp_path, packets=10, rounds=1, seed=1)

    assert failed == {"name": "fails", "problem": "exit code 1"}
    assert measured[CPU] > 0
    assert "exit code 1" in table_of([failed, measured])


@pytest.mark.parametrize(
    ("is_least", "bound", "word"),
    [(False, 2.0, "kept"), (False, 1.9, "missed"), (True, 2.0, "kept"), (True, 3, "missed")],
)
def test_aim__is_kept_up_to_its_bound(is_least, bound, word):
    records = {"a": {CPU: 4.0, WALL: 9.0}, "b": {CPU: 2.0, WALL: 1.0}}

    assert Aim("a to b", "a", "b", CPU, bound, is_least=is_least).line(records).endswith(word)


def test_aim__without_its_contestant_is_not_measured():
    assert Aim("a to b", "a", "b", CPU, 1.0).line({"a": {CPU: 1.0}}).endswith("not measured: b")


@pytest.mark.parametrize(("seconds", "word"), [(0.5, "kept"), (0.6, "missed")])
def test_start__is_kept_up_to_its_seconds(seconds, word):
    assert StartAim("a", 0.5).line({"a": {SECONDS: seconds}}).endswith(word)


def test_start__is_measured_on_few_packets_in_seconds(tmp_path):
    starts = Contestant("starts", lambda capture, out: python("pass"), starts=True)

    [record] = measure_all([starts], tmp_path, packets=10, rounds=1, seed=1)

    assert record["packets"] == 100
    assert record[SECONDS] > 0
    assert " s in all" in table_of([record])
