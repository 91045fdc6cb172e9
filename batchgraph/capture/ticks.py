"""Timestamps of pcapng files, at any resolution, as nanoseconds (draft-ietf-opsawg-pcapng, section 4.2)."""

from __future__ import annotations

import numpy as np

from batchgraph.capture.index import NO_TIME
from batchgraph.compiled import kernel


@kernel
def power_of_ten(exponent: int) -> np.uint64:
    """Give ten to the power of 0 to 19."""
    value = np.uint64(1)
    for _ in range(exponent):
        value *= np.uint64(10)
    return value


@kernel
def time_of_ticks(high: int, low: int, resolution: int, offset: int) -> int:
    """Turn a pcapng timestamp into nanoseconds since 1970, or `NO_TIME` where 64 bits cannot hold it.

    `resolution` is the octet of ``if_tsresol``: 10 to the power of its negative, or 2 where its highest bit is set;
    beyond 10^-19 and 2^-63 it is refused, as by libpcap. `offset` is ``if_tsoffset`` in seconds, signed.
    """
    ticks = np.uint64(high) << np.uint64(32) | np.uint64(low)
    exponent = resolution & 0x7F
    billion = np.uint64(1_000_000_000)
    if resolution & 0x80:
        if exponent > 63:
            return NO_TIME
        bits = np.uint64(exponent)
        whole = ticks >> bits
        rest = ticks - (whole << bits)
        if exponent < 32:
            nanoseconds = rest * billion >> bits
        else:
            # The product needs 94 bits: the lower 32 bits of `rest` only carry into the upper part.
            carry = (rest & np.uint64(0xFFFFFFFF)) * billion >> np.uint64(32)
            nanoseconds = ((rest >> np.uint64(32)) * billion + carry) >> (bits - np.uint64(32))
    else:
        if exponent > 19:
            return NO_TIME
        unit = power_of_ten(exponent)
        whole = ticks // unit
        rest = ticks - whole * unit
        nanoseconds = rest * power_of_ten(9 - exponent) if exponent <= 9 else rest // power_of_ten(exponent - 9)
    if whole > np.uint64(0x7FFFFFFFFFFFFFFF):
        return NO_TIME
    seconds = np.int64(whole)
    if offset > 0 and seconds > 0x7FFFFFFFFFFFFFFF - offset:
        return NO_TIME
    seconds += offset
    if seconds < -9_223_372_036 or seconds > 9_223_372_035:
        return NO_TIME
    return int(seconds * 1_000_000_000 + np.int64(nanoseconds))
