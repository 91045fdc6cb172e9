"""Times as people write them: durations, instants and ranges of time, as integers of nanoseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from batchgraph.errors import UsageError

_UNITS_NS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "min": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86_400 * 10**9,
}
_DURATION = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?\s*([a-z]+)")
_SECONDS = re.compile(r"(-?)(\d{1,10})(?:\.(\d{1,9}))?")
_FRACTION = re.compile(r"(:\d\d)\.(\d{1,9})(?!\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NS = 100 * 366 * _UNITS_NS["d"]


def parse_duration(text: str) -> int:
    """Read a duration such as ``60s``, ``500ms``, ``1.5h`` or ``1d``.

    Returns
    -------
    duration_ns
        At least 1, and no more than a century.

    Raises
    ------
    UsageError
        If the text is none.
    """
    match = _DURATION.fullmatch(text.strip())
    unit = _UNITS_NS.get(match[3]) if match else None
    if match is None or unit is None:
        raise UsageError(f"{text!r} is no duration: a number and one of {', '.join(_UNITS_NS)}, as in 60s")
    fraction = match[2] or ""
    duration, rest = divmod(int(match[1] + fraction) * unit, int(10.0 ** len(fraction)))
    if rest or not 0 < duration <= _LONGEST_NS:
        raise UsageError(f"a duration of {text!r} is not possible: whole nanoseconds, from 1ns to 36600d")
    return duration


def parse_instant(text: str) -> int:
    """Read an instant: ISO 8601 with up to nine digits of the second, in UTC unless it says otherwise, or Unix seconds.

    Returns
    -------
    time_ns
        Since 1970.

    Raises
    ------
    UsageError
        If the text is none.
    """
    text = text.strip()
    if match := _SECONDS.fullmatch(text):
        nanoseconds = int(match[2]) * 10**9 + int((match[3] or "").ljust(9, "0"))
        return -nanoseconds if match[1] else nanoseconds
    # `datetime` holds microseconds: the fraction is read apart.
    fraction = _FRACTION.search(text)
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        raise UsageError(f"{text!r} is no time: ISO 8601 as in 2024-05-01T12:00:00Z, or seconds since 1970") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * 10**9 + (int(fraction[2].ljust(9, "0")) if fraction else 0)


def parse_range(text: str) -> tuple[int | None, int | None]:
    """Read a range of time ``A..B``, of which either end may be missing.

    Returns
    -------
    start_ns, end_ns
        The range holds its start and not its end.

    Raises
    ------
    UsageError
        If the text is none, or the range holds nothing.
    """
    start, dots, end = text.partition("..")
    if not dots or not (start.strip() or end.strip()):
        raise UsageError(f"{text!r} is no range of time: A..B, of which one may be missing")
    start_ns = parse_instant(start) if start.strip() else None
    end_ns = parse_instant(end) if end.strip() else None
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise UsageError(f"the range of time {text!r} holds nothing: its end is not after its start")
    return start_ns, end_ns


def instant_name(time_ns: int) -> str:
    """Write an instant as a file's name that sorts by time: ``20240501T120000Z``, with nanoseconds if there are any."""
    seconds, nanoseconds = divmod(time_ns, 10**9)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%S")
    return f"{text}.{nanoseconds:09d}Z" if nanoseconds else f"{text}Z"


def instant_text(time_ns: int) -> str:
    """Write an instant as ISO 8601 with nine digits of the second, as in graphs."""
    seconds, nanoseconds = divmod(time_ns, 10**9)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{nanoseconds:09d}Z"
