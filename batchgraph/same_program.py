"""Whether workers elsewhere run what this process runs: else the same captures could give other bytes.

Workers are asked by an expression as text, for a function of this package would first have to be found there, and where
that fails dask is silent for half a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.errors import ClusterError
from batchgraph.receipts import code_digest

if TYPE_CHECKING:
    from distributed import Client

_PACKAGES = ("batchgraph", "dask", "distributed", "duckdb", "matplotlib", "numba", "numpy", "pyarrow")

_VERSIONS = f"""
(lambda find: {{
    "Python": __import__("platform").python_version(),
    **{{name: next((found.version for found in find(name=name)), "none") for name in {_PACKAGES}}},
}})(__import__("importlib.metadata", fromlist=["metadata"]).distributions)
""".strip()

_SOURCE = '__import__("batchgraph.receipts", fromlist=["receipts"]).code_digest()'


def check_program(client: Client, workers: Sequence[str]) -> None:
    """Compare the versions of Python, batchgraph and what it stands on with those of this process.

    Raises
    ------
    ClusterError
        If a worker has others; says which, and what differs.
    """
    mine = eval(_VERSIONS)
    for worker, versions in _asked(client, workers, _VERSIONS).items():
        if differing := _differences(mine, versions):
            raise _other_program(worker, differing)
    for worker, digest in _asked(client, workers, _SOURCE).items():
        if digest != code_digest():
            raise _other_program(worker, f"batchgraph has the same version but other source ({digest})")


def check_shared(client: Client, workers: Sequence[str], path: Path) -> None:
    """Check that workers see a file that is there.

    Raises
    ------
    ClusterError
        If one does not.
    """
    for worker, seen in _asked(client, workers, f"__import__('os').path.exists({str(path)!r})").items():
        if seen is not True:
            raise ClusterError(
                f"the worker {worker} does not see {path}: captures and results must lie on a file system that all"
                " machines share, under the same path"
            )


def _asked(client: Client, workers: Sequence[str], expression: str) -> Mapping[str, object]:
    answers: dict[str, object] = client.run(eval, expression, workers=list(workers), on_error="return")
    return dict(sorted(answers.items()))


def _differences(mine: Mapping[str, str], theirs: object) -> str:
    if not isinstance(theirs, Mapping):
        return f"it cannot tell its versions: {theirs}"
    return ", ".join(
        f"{name} is {theirs.get(name)} there and {version} here"
        for name, version in mine.items()
        if theirs.get(name) != version
    )


def _other_program(worker: str, differing: str) -> ClusterError:
    return ClusterError(
        f"the worker {worker} does not run what this process runs: {differing}; install the same on both"
    )
