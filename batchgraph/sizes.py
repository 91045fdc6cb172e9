"""Amounts of memory and disk as people write them."""

from __future__ import annotations

import re

from batchgraph.errors import UsageError

MIB = 1 << 20

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
          "KIB": 1 << 10, "MIB": MIB, "GIB": 1 << 30, "TIB": 1 << 40}  # fmt: skip
_SIZE = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?\s*([A-Za-z]+)")


def parse_size(text: str) -> int:
    """Read a size such as ``512MiB``, ``1GiB`` or ``1.5GB`` as whole octets; units in any case of letters.

    Raises
    ------
    UsageError
        If the text is none.
    """
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match[3].upper()) if match else None
    if match is None or unit is None:
        raise UsageError(f"{text!r} is no size: a number and a unit, as in 512MiB or 1GiB")
    fraction = match[2] or ""
    octets: int = int(match[1] + fraction) * unit // 10 ** len(fraction)
    return octets
