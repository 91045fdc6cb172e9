"""The values of a policy's keys, each read strictly."""

from __future__ import annotations

import difflib
import re
from datetime import time as day_time
from ipaddress import ip_address, ip_network

from batchgraph.graph.times import parse_range
from batchgraph.policy.keys import LARGEST_COUNT
from batchgraph.policy.policy import Ranges, TimeWindow

_RANGE = re.compile(r"\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?")
_DAILY = re.compile(r"\s*(\d\d:\d\d(?::\d\d)?)\s*\.\.\s*(\d\d:\d\d(?::\d\d)?)\s*")
_NUMERIC = re.compile(r"[0-9./]+|[0-9a-fA-F:.]*:[0-9a-fA-F:./]*")
NONE: Ranges = ((-1, -1),)
"""The range of what has no port."""


class ValueRefusedError(ValueError):
    """A value is not what its key takes: why, with the remedy, and which entry of a list it is."""

    def __init__(self, reason: str, entry: object = "") -> None:
        super().__init__(reason)
        self.entry = str(entry)


def texts(value: object) -> tuple[str, ...]:
    """Read one text or a list of them."""
    found = value if isinstance(value, list) else [value]
    if not found:
        raise ValueRefusedError("the list is empty and nothing would match; leave the key away for any")
    return tuple(_text(one) for one in found)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueRefusedError('it must be a text or a list of texts, as in ["10.0.0.0/8", "app-*"]', value)
    return value.strip()


def labels(value: object) -> tuple[str, ...]:
    """Read protocol labels that packets can have, in lower case."""
    from batchgraph.wire import table

    known = {header.type.lower(): header.type for header in table() if header.type}
    found = texts(value)
    for text in found:
        if text.lower() not in known and text.lower() != "none":
            near = difflib.get_close_matches(text.lower(), known, 1)
            hint = f"write {known[near[0]]}" if near else "`batchgraph show protocols` lists them under type"
            raise ValueRefusedError(f"{text!r} is no protocol label; {hint}", text)
    return tuple(text.lower() for text in found)


def non_ip(value: object) -> tuple[str, ...] | None:
    """Read which packets without network addresses may be: None for any."""
    if value == "ignore":
        return None
    if value == "deny":
        return ()
    if not isinstance(value, list):
        raise ValueRefusedError(f'{value!r} is not possible; write "ignore", "deny" or a list such as ["STP", "LLDP"]')
    return labels(value)


def count(value: object) -> int:
    """Read a count from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_COUNT:
        raise ValueRefusedError(f"{value!r} is no whole number from 0 to {LARGEST_COUNT} without quotes")
    return value


def ports(value: object) -> Ranges:
    """Read ports, ranges of them such as ``"8000-8099"``, and ``none``; one or a list."""
    return tuple(NONE[0] if one == "none" else _range(one, 65535) for one in _listed(value))


def numbers(value: object) -> Ranges:
    """Read IANA protocol numbers and ranges of them, one or a list."""
    return tuple(_range(one, 255) for one in _listed(value))


def _listed(value: object) -> list[object]:
    found = value if isinstance(value, list) else [value]
    if not found:
        raise ValueRefusedError("the list is empty and nothing would match; leave the key away for any")
    return found


def _range(value: object, largest: int) -> tuple[int, int]:
    is_one = isinstance(value, int | str) and not isinstance(value, bool)
    match = _RANGE.fullmatch(str(value)) if is_one else None
    start, end = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if start > end or end > largest:
        raise ValueRefusedError(
            f'{value!r} is no number from 0 to {largest} and no range of them, as in 443 or "8000-8099"', value
        )
    return start, end


def windows(value: object) -> tuple[TimeWindow, ...]:
    """Read windows of time, ``A..B`` or of every day ``08:00..18:00``."""
    return tuple(_window(text) for text in texts(value))


def _window(text: str) -> TimeWindow:
    try:
        match = _DAILY.fullmatch(text)
        start, end = (_since_midnight_ns(word) for word in match.groups()) if match else (0, 0)
        if match and start == end:
            raise ValueError(f"{text!r} holds nothing; leave the key away for the whole day")
        return TimeWindow(start, end, daily=True) if match else TimeWindow(*parse_range(text))
    except ValueError as error:
        raise ValueRefusedError(str(error), text) from None


def _since_midnight_ns(text: str) -> int:
    moment = day_time.fromisoformat(text)
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 10**9


def end(text: str) -> str:
    """Read one end of traffic: an address or a network in canonical text, or a name or glob as it is.

    ``!`` before it stays.
    """
    sign, word = ("!", text[1:].strip()) if text.startswith("!") else ("", text)
    try:
        if is_network(word):
            return sign + str(ip_network(word) if "/" in word else ip_address(word))
        if not word or _NUMERIC.fullmatch(word):
            ip_network(word)
    except ValueError as error:
        raise ValueRefusedError(
            f"{text!r} is no address, no network such as 10.0.0.0/8 and no name ({error})", text
        ) from None
    return sign + word


def is_network(text: str) -> bool:
    """Tell addresses and networks from names."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
