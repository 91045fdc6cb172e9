"""Which processes of a run there are."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path


def members(session: int) -> dict[int, str]:
    """Give the processes of a session that have not ended, and their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state not in "ZX":
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def is_there(process: int) -> bool:
    """Tell whether a process has not ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def children(process: int, *, name: str = "") -> list[int]:
    """Give the children of a process's main thread that have not ended, all or those of a name."""
    found = []
    with suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            with suppress(OSError):
                if name in Path(f"/proc/{child}/comm").read_text() and is_there(int(child)):
                    found.append(int(child))
    return found


def orphans(session: int, seconds: float) -> list[str]:
    """Give the processes of a session that are still there after so many seconds, and end them."""
    end = time.monotonic() + seconds
    while left := members(session):
        if time.monotonic() > end:
            for number in left:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            return [f"still there: {command}" for command in left.values()]
        time.sleep(0.05)
    return []
