"""What is done already: a receipt for each finished piece of work, so that a run can be continued.

A receipt is written after everything that it vouches for. It holds the key of the work (a digest of the captures'
octets, of the options and of this program's own source) and the SHA-256 of each file made, and counts only while all
of them are as they were. Receipts lie in a hidden folder of the results directory and are no deliverable.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from batchgraph.errors import OutputError, ResultsError
from batchgraph.refusals import is_refusal
from batchgraph.results import FURTHER, STATE, output_errors, remove_all_but, replacing

Body = dict[str, Any]
"""What a receipt says of the work, as JSON holds it."""

_SOURCES = ("*.py", "*.j2", "*.js", "*.css")


@functools.cache
def code_digest() -> str:
    """Digest this package's sources: with other code, nothing counts as done."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(path for pattern in _SOURCES for path in here.rglob(pattern)):
        digest.update(source.relative_to(here).as_posix().encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


def key_of(**what: object) -> str:
    """Digest what a piece of work depends on, this program's code included."""
    text = json.dumps({**what, "code": code_digest()}, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def result_digest(path: Path) -> str:
    """Give the SHA-256 of a file that an earlier stage made.

    Raises
    ------
    ResultsError
        If it is missing or is no file.
    OutputError
        If the system refuses to read it.
    """
    try:
        return file_digest(path)
    except OSError as error:
        if is_refusal(error):
            raise OutputError(f"cannot read {path}: {error.strerror}; the same command continues the run") from error
        raise ResultsError(
            f"cannot read {path}: {error.strerror}; if it is gone, run `batchgraph extract` and `merge` again"
        ) from error


def _path(root: Path, name: str) -> Path:
    return root / STATE / "receipts" / f"{name}.json"


def read_receipt(root: Path, name: str, key: str) -> Body | None:
    """Give what a receipt says, or None where the work must be done.

    Parameters
    ----------
    root
        The results directory.
    name
        Of the piece of work.
    key
        What the work would depend on now.
    """
    try:
        receipt = json.loads(_path(root, name).read_text(encoding="utf-8"))
        if receipt["key"] != key:
            return None
        whole = all(file_digest(root / path) == digest for path, digest in receipt["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # missing, torn or of another version: nothing is vouched for
    body: Body = receipt["body"]
    return body if whole else None


def receipt_files(root: Path, name: str) -> set[Path]:
    """Give the files that a receipt vouches for, which `read_receipt` has found whole."""
    receipt = json.loads(_path(root, name).read_text(encoding="utf-8"))
    return {root / path for path in receipt["files"]}


def receipt_names(root: Path, stage: str) -> list[str]:
    """Give the names of all receipts of a stage, in order."""
    folder = _path(root, stage).with_suffix("")
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.json"))


def has_receipt(root: Path, name: str) -> bool:
    """Tell whether there is a receipt at all: only then is it worth computing a key."""
    return _path(root, name).is_file()


def forget_all_but(root: Path, stage: str, names: set[str]) -> None:
    """Remove the receipts of a stage that are for other things than `names`."""
    remove_all_but(root / STATE / "receipts" / stage, {f"{name}.json" for name in names})


def forget_receipt(root: Path, name: str) -> None:
    """Remove one receipt, if it is there.

    Raises
    ------
    OutputError
        If it cannot be removed.
    """
    path = _path(root, name)
    with output_errors(path):
        path.unlink(missing_ok=True)


def forget(root: Path) -> None:
    """Remove the receipts of all stages, so that everything is done again.

    Those of further commands stay: no stage does their work again, and they still tell what it was made of.

    Raises
    ------
    OutputError
        If they cannot be removed.
    """
    remove_all_but(root / STATE / "receipts", {FURTHER})


def write_receipt(root: Path, name: str, key: str, *, files: Iterable[Path], body: Body) -> None:
    """Vouch for `files`, which are whole and in their place.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(_path(root, name)) as temporary:
        digests = {path.relative_to(root).as_posix(): file_digest(path) for path in sorted(files)}
        temporary.write_text(json.dumps({"key": key, "files": digests, "body": body}), encoding="utf-8")
