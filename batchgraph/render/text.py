"""Text for people: safe labels, counts, sizes and times."""

from __future__ import annotations

from datetime import UTC, datetime

from batchgraph.messages import escape

MAX_LABEL = 64
"""Longest text from outside that is shown, in characters."""

_LONGEST_LINE = 1.3
"""Lines of a broken label are at most so much longer than is asked for, if halves of it are."""

_NANOSECONDS = 1_000_000_000


def safe_label(text: str, *, limit: int = MAX_LABEL) -> str:
    """Make text from outside fit to be shown: escape what does not print, leave out the middle of what is long."""
    escaped = escape(text)
    if len(escaped) <= limit:
        return escaped
    head = (limit - 1) * 2 // 3
    return f"{escaped[:head]}…{escaped[len(escaped) - (limit - 1 - head) :]}"


def broken_label(text: str, *, width: int = 20) -> str:
    """Break a label longer than `width` characters into two lines near its middle, after a colon, a dot or a hyphen.

    Where there is none of these near enough, it is broken in its middle, so that neither line is much longer.
    """
    if len(text) <= width:
        return text
    places = [i + 1 for i, char in enumerate(text[:-1]) if char in ":.-" and text[i + 1] not in ":.-"]
    at = min(places, key=lambda place: (abs(2 * place - len(text)), place), default=0)
    if max(at, len(text) - at) > _LONGEST_LINE * width:
        at = (len(text) + 1) // 2
    return f"{text[:at]}\n{text[at:]}"


def format_count(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 host``, ``1,234 hosts``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_octets(number: int) -> str:
    """Write a size to three digits with decimal prefixes: ``512 B``, ``1.23 MB``."""
    if number < 1000:
        return f"{number} B"
    value = number / 1000
    units = iter(("kB", "MB", "GB", "TB", "PB", "EB"))
    unit = next(units)
    # Up to what rounding to three digits would carry over.
    while value >= 999.5:
        value, unit = value / 1000, next(units)
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {unit}"


def format_share(part: int, whole: int) -> str:
    """Write a share in percent; what is more than nothing and less than all is not written as such."""
    if not 0 < part < whole:
        return "100%" if part and part == whole else "0%"
    percent = 100 * part / whole
    return "<1%" if percent < 1 else ">99%" if percent > 99 else f"{percent:.0f}%"


def format_instant(time_ns: int) -> str:
    """Write a time in UTC to the second: ``2024-02-29 12:00:01``."""
    return datetime.fromtimestamp(time_ns // _NANOSECONDS, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def format_span(first_ns: int | None, last_ns: int | None) -> str:
    """Write when a capture was taken and how long it lasted, in UTC."""
    if first_ns is None or last_ns is None:
        return "no time stamps"
    start, end = format_instant(first_ns), format_instant(last_ns)
    shown = end[11:] if start[:10] == end[:10] else end
    times = start if start == end else f"{start} – {shown}"
    return f"{times} UTC ({format_duration(last_ns - first_ns)})"


def format_duration(nanoseconds: int) -> str:
    """Write a duration by its two largest units, or in milliseconds below a second."""
    if nanoseconds < _NANOSECONDS:
        return f"{nanoseconds / 1e6:.3g} ms"
    seconds = nanoseconds / _NANOSECONDS
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size:,} {unit} {rest} {smaller}" if rest else f"{whole // size:,} {unit}"
    return f"{whole} s"
