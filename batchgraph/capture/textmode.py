"""Files that were transferred in text mode: every line feed in them got a carriage return before it (RFC 959, 3.1.1.1).

As it got exactly one, taking one from before each line feed restores the file, whatever it held before.
"""

from __future__ import annotations

import struct

import numpy as np

from batchgraph.capture.formats import PCAP_MAGICS, PCAPNG_MAGIC
from batchgraph.capture.stored import Source

_PIECE = 65536
_CR, _LF = 0x0D, 0x0A
_LEAST_LINE_FEEDS = 3


def is_text_mode(head: bytes) -> bool:
    """Tell by a file's first octets whether it is a capture that was transferred in text mode.

    No line feed stands without a carriage return, and the records are a chain only once these are taken out.
    """
    line_feeds = head.count(b"\n")
    if line_feeds != head.count(b"\r\n"):
        return False
    restored = head.replace(b"\r\n", b"\n")
    if restored[:4] == PCAPNG_MAGIC:
        return head[:4] != PCAPNG_MAGIC
    if line_feeds < _LEAST_LINE_FEEDS or restored[:4] not in PCAP_MAGICS:
        return False
    return _reach(restored) > _reach(head) + _LEAST_LINE_FEEDS


def _reach(head: bytes) -> int:
    """Count the records of a pcap file that lead on from one to the next with plausible lengths."""
    order = ">" if head[:1] in (b"\xa1", b"\x1c") else "<"
    at, n = 24, 0
    while len(head) - at >= 16:
        captured, wire = struct.unpack_from(order + "II", head, at + 8)
        if captured > 262_144 or captured > wire or wire > 262_144 or captured == 0:
            return n
        at += 16 + captured
        n += 1
    return n + _LEAST_LINE_FEEDS + 1


class Restored:
    """The octets of a source as they were before it was transferred in text mode, as a `Source`.

    Parameters
    ----------
    lower
        The octets as they were transferred.
    """

    def __init__(self, lower: Source) -> None:
        self.position = 0
        self.problem = ""
        self._lower = lower
        self._ahead = b""
        self._held = b""

    def peek(self, n_octets: int) -> bytes:
        """Give the next octets without passing them."""
        while len(self._ahead) < n_octets and (more := self._advance()):
            self._ahead += more
        return self._ahead[:n_octets]

    def readinto(self, buffer: memoryview) -> int:
        """Fill the front of `buffer`; 0 is the end."""
        octets = self.peek(min(len(buffer), _PIECE))[: len(buffer)]
        buffer[: len(octets)] = octets
        self._ahead = self._ahead[len(octets) :]
        self.position += len(octets)
        return len(octets)

    def reopen(self) -> Source:
        """Give another source of the same octets, from the start."""
        return Restored(self._lower.reopen())

    def _advance(self) -> bytes:
        """Restore the next piece; a carriage return at its end waits for what follows."""
        while True:
            piece = bytearray(_PIECE)
            n = self._lower.readinto(memoryview(piece))
            octets = np.frombuffer(self._held + bytes(piece[:n]), np.uint8)
            self._held = b""
            if n and len(octets) and octets[-1] == _CR:
                self._held, octets = b"\r", octets[:-1]
            keep = np.ones(len(octets), bool)
            keep[:-1] = (octets[:-1] != _CR) | (octets[1:] != _LF)
            restored = octets[keep].tobytes()
            self.problem = self._lower.problem
            if restored or not n:
                return restored
