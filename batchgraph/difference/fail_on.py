"""Which findings a comparison fails on: the words of ``--fail-on``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from batchgraph.errors import UsageError

KINDS = ("host", "service", "pair", "protocol")
"""What is compared, in the order of reports."""

CHANGES = ("new", "gone")
VOLUME = "volume"
DEFAULT_PERCENT = 50.0
"""From which change on a volume is reported, in per cent of the baseline."""

DEFAULT_FAIL_ON = ",".join(f"{change}-{kind}" for kind in KINDS for change in CHANGES)
"""All that is new or gone; volumes differ between any two runs, so they fail only where asked for."""


@dataclass(frozen=True, slots=True)
class FailOn:
    """Which findings fail: words such as ``new-host`` or ``volume``, and from which per cent on a volume counts."""

    words: frozenset[str]
    percent: float = DEFAULT_PERCENT


def parse_fail_on(text: str) -> FailOn:
    """Read ``new-host,gone-service,volume:50%``, ``any`` or ``never``.

    Raises
    ------
    UsageError
        If a word is not known.
    """
    known = {f"{change}-{kind}" for kind in KINDS for change in CHANGES}
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if parts == ["never"]:
        return FailOn(frozenset())
    words: set[str] = set()
    percent = DEFAULT_PERCENT
    for part in parts:
        if part == "any":
            words |= known | {VOLUME}
        elif part in known:
            words.add(part)
        elif part.partition(":")[0] == VOLUME:
            words.add(VOLUME)
            percent = _percent(part)
        else:
            raise UsageError(f"--fail-on: {part!r} is none of {', '.join(sorted(known))}, volume:N%, any, never")
    if not words:
        raise UsageError("--fail-on: nothing is given; `never` fails on nothing")
    return FailOn(frozenset(words), percent)


def _percent(part: str) -> float:
    _, colon, number = part.partition(":")
    if not colon:
        return DEFAULT_PERCENT
    try:
        percent = float(number.removesuffix("%"))
    except ValueError:
        percent = math.nan
    if not (0 < percent < math.inf):
        raise UsageError(f"--fail-on: {part!r} has no percentage above 0, as in volume:50%")
    return percent
