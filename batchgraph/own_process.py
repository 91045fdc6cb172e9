"""What holds in processes that are all batchgraph's: those of the command line, and its workers on this machine."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_NEW_OBJECTS = 50_000
"""Objects to be made before garbage is looked for, 70 times what Python waits for: loading libraries leaves none."""


class _WithoutPandas(MetaPathFinder):
    """Lets pandas seem not to be installed: pyarrow loads it at its first array, for a fifth of a second."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse pandas, and leave everything else to others."""
        if fullname == "pandas":
            raise ModuleNotFoundError("batchgraph's own processes do without pandas", name=fullname)
        return None


def start_lean(_worker: object = None) -> None:
    """Spare this process what it would load and look for in vain."""
    gc.set_threshold(_NEW_OBJECTS)
    sys.meta_path.insert(0, _WithoutPandas())


dask_setup = start_lean
"""What dask calls in a worker into which it has loaded this module beforehand."""
