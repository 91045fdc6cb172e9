"""What must hold of a results directory at any moment: every file under its final name is whole."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from batchgraph.results import STATE


def _parquet(path: Path) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        file.read(use_threads=False)


def _csv(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))
    if not text.endswith("\n") or len({len(row) for row in rows}) != 1:
        raise ValueError("not whole")


def _png(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        image.load()


def _page(path: Path) -> None:
    if not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise ValueError("not whole")


_RANDOM = re.compile(r"(?<=\.spill-)\w+|\.[0-9a-f]{8}(?=\.tmp$)")
"""What is random in the name of something half written."""

CHECKS: dict[str, Callable[[Path], object]] = {
    ".parquet": _parquet,
    ".graphml": ElementTree.parse,
    ".svg": ElementTree.parse,
    ".png": _png,
    ".csv": _csv,
    ".html": _page,
    ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
}
"""By suffix, what raises where a file is not whole."""


def _files(out: Path) -> list[Path]:
    return [path for path in sorted(out.rglob("*")) if path.is_file()]


def is_temporary(path: Path) -> bool:
    """Tell whether a path is of something half written."""
    return path.name.endswith(".tmp") or any(part.startswith(".spill-") for part in path.parts)


def torn_files(out: Path) -> list[str]:
    """Name the files under a final name that are not whole, and why; receipts too, but not the lock."""
    torn = []
    for path in _files(out):
        if is_temporary(path.relative_to(out)) or path.name == "lock":
            continue
        try:
            CHECKS[path.suffix](path)
        except Exception as error:
            torn.append(f"{path.relative_to(out)}: {type(error).__name__}: {error}")
    return torn


def leftovers(out: Path) -> list[str]:
    """Name what is left of things half written."""
    paths = [path.relative_to(out) for path in sorted(out.rglob("*"))]
    return [str(path) for path in paths if is_temporary(path)]


def state(out: Path) -> str:
    """Digest all that a continued run finds, and may go by.

    Of what is half written it removes all before it begins, whatever that holds and however it is called; of a lock it
    asks whether the process is gone that is named there.
    """
    found = []
    for path in sorted(out.rglob("*")):
        name = _RANDOM.sub("", path.relative_to(out).as_posix())
        is_read = path.is_file() and not is_temporary(path.relative_to(out)) and path.name != "lock"
        found.append((name, hashlib.sha256(path.read_bytes()).hexdigest() if is_read else path.stat().st_size > 0))
    return hashlib.sha256(repr(sorted(set(found), key=repr)).encode()).hexdigest()


def digests(out: Path) -> dict[str, str]:
    """Give the SHA-256 of every deliverable."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _files(out)
        if STATE not in path.relative_to(out).parts
    }
