"""What a lost file header said, by evidence: the link type by what packets look like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture.evidence import CONTRADICTED, PLAUSIBLE, TIED, evidence
from batchgraph.capture.index import NO_NUMBER

LINK_TYPES = (1, 101, 113, 276, 0)
"""Link types whose packets can be told by their own octets: Ethernet, IP, both Linux cooked ones, loopback."""

PACKETS_TRIED = 64
"""Packets that are held against each link type."""


def infer_link_type(octets: NDArray[np.uint8], packets: Sequence[tuple[int, int, int]]) -> int:
    """Tell the link type by packets (where they begin, length captured, length on the wire), or `NO_NUMBER`."""
    best, most = NO_NUMBER, 0
    for link_type in LINK_TYPES:
        points = 0
        for at, captured, wire in packets[:PACKETS_TRIED]:
            seen = evidence(octets, at, captured, wire, link_type)
            points += {TIED: 4, PLAUSIBLE: 1, CONTRADICTED: -2}.get(seen, 0)
        if points > most:
            best, most = link_type, points
    return best


def describe_link_type(link_type: int) -> str:
    """Say which link type was inferred."""
    return "no link type" if link_type == NO_NUMBER else f"link type {link_type}"
