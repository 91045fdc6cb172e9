import random

from batchgraph.render.page_runs import Run, runs_of
from tests.render.page_results import SECOND

DAY = 86_400 * SECOND


def test_runs__keep_pauses_in_which_a_capture_went_on():
    assert runs_of([Run(n, n, 1) for n in (0, 10, 20, 30)]) == [(0, 30, 4)]


def test_runs__leave_out_what_is_longer_than_all_the_rest():
    busy = [Run(0, 1, 1), Run(2, 3, 1), Run(1000, 1005, 1), Run(1006, 1007, 1)]

    assert runs_of(busy) == [(0, 3, 2), (1000, 1007, 2)]


def test_runs__of_captures_merged_into_one_are_those_captures():
    captures = [Run(year * 365 * DAY, year * 365 * DAY + 60 * SECOND, 50) for year in range(5)]

    assert runs_of(captures) == captures


def test_runs__of_packets_a_week_apart_are_one():
    assert runs_of([Run(n * 7 * DAY, n * 7 * DAY, 1) for n in range(52)]) == [(0, 357 * DAY, 52)]


def test_runs__leave_out_packets_before_the_clock_was_set():
    main = Run(20_000 * DAY, 20_000 * DAY + 60 * SECOND, 1000)

    assert runs_of([Run(0, SECOND, 3), main]) == [main]


def test_runs__keep_what_many_packets_say():
    busy = [Run(0, SECOND, 30), Run(20_000 * DAY, 20_000 * DAY + 60 * SECOND, 1000)]

    assert runs_of(busy) == busy


def test_runs__leave_out_any_number_of_packets_with_damaged_times():
    main = Run(20_000 * DAY, 20_000 * DAY + 60 * SECOND, 1000)
    rng = random.Random(1)
    strays = [Run(day * DAY, day * DAY, 1) for day in rng.sample(range(19_000), 60)]

    assert runs_of(sorted([*strays, main])) == [main]


def test_runs__keep_few_packets_of_the_day_before():
    busy = [Run(0, 0, 1), Run(DAY // 2, DAY // 2 + 60 * SECOND, 1000)]

    assert runs_of(busy) == busy
