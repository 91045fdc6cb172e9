"""The octets of a source that are in memory: a window that moves on, and grows for a record larger than it."""

from __future__ import annotations

import numpy as np

from batchgraph.capture.stored import Source

_LOOKS = 4
_AMPLE = 8 << 20
"""Octets of a buffer beyond which it is made no larger than it must be."""


class WindowBuffer:
    """A private buffer over a source.

    Attributes
    ----------
    octets
        uint8, C-contiguous; what is in memory is ``octets[start:stop]``.
    start, stop
        What was not passed yet.
    at_end
        Whether the source has no more.
    """

    def __init__(self, source: Source, n_octets: int) -> None:
        self.octets = np.empty(n_octets, np.uint8)
        self.start = 0
        self.stop = 0
        self.at_end = False
        self._source = source

    @property
    def offset(self) -> int:
        """Where `start` lies, in octets from the start of the source."""
        return self._source.position - (self.stop - self.start)

    @property
    def base(self) -> int:
        """Where the front of the buffer lies, in octets from the start of the source."""
        return self._source.position - self.stop

    def fill(self, needed: int) -> None:
        """Move what is left to the front, make room for `needed` octets, and read until the buffer is full or the end.

        The room is only made as octets come, at most doubled: a length that a file claims is not memory yet.
        """
        self._move_to_front()
        self._read()
        while self.stop < needed and not self.at_end:
            grown = np.empty(min(2 * len(self.octets), max(needed, _AMPLE)), np.uint8)
            grown[: self.stop] = self.octets[: self.stop]
            self.octets = grown
            self._read()

    def look_ahead(self, needed: int) -> None:
        """Fill as `fill` does, in a buffer of several times `needed`, so that it is not moved for every record."""
        ample = min(_LOOKS * needed, max(needed, _AMPLE))
        if len(self.octets) < ample <= _AMPLE and self.stop - self.start < needed and not self.at_end:
            grown = np.empty(ample, np.uint8)
            left = self.stop - self.start
            grown[:left] = self.octets[self.start : self.stop]
            self.octets, self.start, self.stop = grown, 0, left
        if self.stop - self.start < needed and not self.at_end:
            self.fill(needed)

    def drain(self) -> int:
        """Pass everything up to the end of the source and tell how many octets that were."""
        passed = self.stop - self.start
        self.start = self.stop = 0
        view = self.octets.data
        while n := self._source.readinto(view):
            passed += n
        self.at_end = True
        return passed

    def _move_to_front(self) -> None:
        left = self.stop - self.start
        view = self.octets.data
        view[:left] = view[self.start : self.stop]  # moved in place, though the two overlap; numpy would make a copy
        self.start, self.stop = 0, left

    def _read(self) -> None:
        view = self.octets.data
        while self.stop < len(view) and not self.at_end:
            n = self._source.readinto(view[self.stop :])
            self.stop += n
            self.at_end = n == 0
