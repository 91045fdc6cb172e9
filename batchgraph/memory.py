"""How the memory that a process may hold is shared out in it."""

from __future__ import annotations

from batchgraph.errors import UsageError
from batchgraph.sizes import MIB, parse_size

LEAST_MEMORY = 512 * MIB
"""Python with the libraries and their arrays takes more than half of it, measured."""

_BESIDES_MIB = 384
"""What a process holds besides its queries."""

_UNCOUNTED = 3 / 8
"""Share of more memory than the least that queries leave alone.

For what the database does not count, and does not give back: with all of it, report of 50 million packets between 2
million hosts peaked at 1,161 MiB where it was told 1,024.
"""


def parse_memory(text: str | None) -> int | None:
    """Read what a process may hold, in octets; None: no limit was asked for.

    Raises
    ------
    UsageError
        If the text is no size, or of less than a process needs.
    """
    if text is None:
        return None
    memory = parse_size(text)
    if memory < LEAST_MEMORY:
        raise UsageError(f"--memory {text} is too little: a process needs {LEAST_MEMORY // MIB}MiB")
    return memory


def query_memory_mib(memory: int | None) -> int | None:
    """Give what the queries of a process may hold, in MiB, of what all of it may, in octets."""
    if memory is None:
        return None
    return memory // MIB - _BESIDES_MIB - int(max(memory - LEAST_MEMORY, 0) // MIB * _UNCOUNTED)
