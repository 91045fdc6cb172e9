"""Arrays whose first octet stands right behind a page that nobody may touch, or whose last one right before one.

Compiled code that reads or writes beyond such an array dies at once by SIGSEGV, where beside ordinary memory it would
go on with what happens to lie there. This is what `electric fence` does for the heap of a C program.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

PAGE = mmap.PAGESIZE
_PROT_NONE = 0

_mprotect = ctypes.CDLL(None, use_errno=True).mprotect
_mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def forbid(memory: NDArray[np.uint8], first: int) -> None:
    """Make one page of page-aligned memory unreadable and unwritable."""
    if _mprotect(memory.ctypes.data + first, PAGE, _PROT_NONE):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def pages(n_octets: int) -> int:
    """Give the octets of as many whole pages as hold `n_octets`, of one at least."""
    return max(1, -(-n_octets // PAGE)) * PAGE


def new(shape: int | Sequence[int], dtype: DTypeLike, *, at_end: bool) -> NDArray:
    """Give a writable array between two forbidden pages, its values zero.

    Parameters
    ----------
    at_end
        Whether its last octet stands right before a forbidden page; else its first stands right behind one.
    """
    n_octets = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = pages(n_octets)
    memory = mmap.mmap(-1, room + 2 * PAGE)
    octets = np.frombuffer(memory, np.uint8)
    forbid(octets, 0)
    forbid(octets, PAGE + room)
    return np.ndarray(shape, dtype, memory, PAGE + room - n_octets if at_end else PAGE)


def copy(array: NDArray, *, at_end: bool) -> NDArray:
    """Give a guarded copy of an array."""
    guarded = new(array.shape, array.dtype, at_end=at_end)
    guarded[...] = array
    return guarded


class Slots:
    """Places for pieces of octets in one array, each between two forbidden pages.

    Parameters
    ----------
    n_slots
        How many places.
    n_octets
        What fits each; rounded up to whole pages.
    """

    def __init__(self, n_slots: int, n_octets: int) -> None:
        self.capacity = pages(n_octets)
        self._stride = self.capacity + PAGE
        memory = mmap.mmap(-1, n_slots * self._stride + PAGE)
        self.octets = np.frombuffer(memory, np.uint8)
        for slot in range(n_slots + 1):
            forbid(self.octets, slot * self._stride)

    def put(self, slot: int, piece: bytes, *, at_end: bool) -> int:
        """Put a piece at one end of its place, and give where in `octets` it begins."""
        offset = slot * self._stride + PAGE + (self.capacity - len(piece) if at_end else 0)
        self.octets[offset : offset + len(piece)] = np.frombuffer(piece, np.uint8)
        return offset
