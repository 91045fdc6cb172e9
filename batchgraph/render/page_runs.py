"""When a capture ran: its busy times, without pauses in which it cannot have run, and without what stands far outside.

A clock that is set while packets are captured, several captures merged into one file, and times that were damaged all
leave years in which nothing ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

MAX_PIECES = 30
"""Pieces of an axis of time, at most."""

_DAY = 86_400 * 10**9
_MUCH = 100
"""A pause is a jump where all such pauses together are so many times the rest; a run of fewer packets is a stray."""

_PACKETS_OF_RUN = 10
"""Runs that several captures left have so many packets on average."""


class Run(NamedTuple):
    """First and last time, in nanoseconds since 1970 UTC, and the packets between."""

    start: int
    stop: int
    packets: int


def runs_of(busy: Sequence[Run]) -> list[Run]:
    """Join the busy times of one capture to the runs that are shown.

    Parameters
    ----------
    busy
        Sorted, at least one.

    Returns
    -------
    runs
        Sorted. Pauses that are no longer than the rest together are in them: who captures for a minute wants to see in
        how much of it nothing came. Left out are strays: packets a day and more away from all the others, and very far
        for how long these took, where they are fewer than one in a hundred.
    """
    rest = busy[-1].stop - busy[0].start
    pauses = sorted(((b.start - a.stop, i) for i, (a, b) in enumerate(pairwise(busy))), reverse=True)
    cuts: set[int] = set()
    for pause, i in pauses:
        if pause <= rest - pause:
            break
        rest -= pause
        cuts.add(i)
    return _without_strays(_joined(busy, cuts | _jumps(busy, pauses, cuts, rest)))


def _jumps(busy: Sequence[Run], pauses: Sequence[tuple[int, int]], cuts: set[int], rest: int) -> set[int]:
    """Give the pauses of a day and more, if they are nearly all of the rest and what they leave are whole captures."""
    long = {i: pause for pause, i in pauses if pause >= _DAY and i not in cuts}
    if not long or _MUCH * (rest - sum(long.values())) > rest:
        return set()
    packets = sum(run.packets for run in busy)
    n_runs = len(cuts) + len(long) + 1
    if n_runs <= min(MAX_PIECES, packets // _PACKETS_OF_RUN):
        return set(long)
    largest = max(run.packets for run in _joined(busy, cuts | set(long)))
    return set(long) if 2 * largest >= packets else set()


def _joined(busy: Sequence[Run], cuts: set[int]) -> list[Run]:
    """Join what no cut parts; a cut is known by the index of what stands before it."""
    joined: list[Run] = []
    for i, run in enumerate(busy):
        if i == 0 or i - 1 in cuts:
            joined.append(run)
        else:
            start, _, packets = joined[-1]
            joined[-1] = Run(start, run.stop, packets + run.packets)
    return joined


def _without_strays(runs: Sequence[Run]) -> list[Run]:
    packets = sum(run.packets for run in runs)
    main = [run for run in runs if _MUCH * run.packets >= packets]
    if 10 * sum(run.packets for run in main) < 9 * packets:
        return list(runs)
    far = max(_DAY, _MUCH * sum(run.stop - run.start for run in main))
    return [run for run in runs if min(_distance(run, other) for other in main) < far]


def _distance(a: Run, b: Run) -> int:
    return max(a.start - b.stop, b.start - a.stop, 0)
