"""How kernels are compiled: one decorator, and a private folder for what the compiler keeps.

numba writes compiled kernels beside the source by default, and fails at import where neither that folder nor the home
folder can be written. Here the folder is the user's cache, else a private temporary one; it is named after what the
machine code depends on: numba looks only at the file that a function stands in, not at those that it calls.
"""

from __future__ import annotations

import hashlib
import os
import platform
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config

F = TypeVar("F", bound=Callable[..., Any])


def cache_folder() -> Path | None:
    """Find a folder for compiled kernels that only this user can write; None where there is none."""
    key = f"{_sources_digest()}-numba{numba.__version__}-py{platform.python_version()}-{platform.machine()}"
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen) / key
    homes = (os.environ.get("XDG_CACHE_HOME") or "", os.environ.get("HOME", "") + "/.cache")
    candidates = [Path(home) / "batchgraph" / key for home in homes if Path(home).is_absolute()]
    candidates.append(Path(tempfile.gettempdir()) / f"batchgraph-{os.getuid()}" / key)
    return next((folder for folder in candidates if _make_private(folder)), None)


def _sources_digest() -> str:
    """Digest the sources of all kernels and of what they are built from."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for folder in ("capture", "decode", "wire"):
        for source in sorted((here / folder).glob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _make_private(folder: Path) -> bool:
    """Make `folder` with access for this user alone; False where that cannot be.

    What numba keeps there is unpickled when it is loaded, so a folder that others can write is not used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.parent.chmod(0o700)
        facts = folder.parent.lstat()
    except OSError:
        return False
    private = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022
    return private and os.access(folder, os.W_OK | os.X_OK)


_folder = cache_folder()
if _folder is not None:
    config.CACHE_DIR = str(_folder)  # type: ignore[attr-defined]


_OPTIONS: dict[str, Any] = {"cache": _folder is not None, "nogil": True, "error_model": "numpy", "_nrt": False}


def kernel(function: F) -> F:
    """Compile `function` when it is first called, without the interpreter's lock, keeping the machine code on disk.

    Kernels allocate nothing, so they are compiled without numba's counting of references (`_nrt`), which at the
    boundaries of small functions cost ten times what the functions do.
    """
    compiled: F = numba.njit(**_OPTIONS)(function)
    return compiled


def inlined(function: F) -> F:
    """Compile `function` into its callers: passing it the arrays would cost more than what it does."""
    compiled: F = numba.njit(**_OPTIONS, forceinline=True)(function)
    return compiled
