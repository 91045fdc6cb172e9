"""What further commands made of a merged run, and whether it still stands: views, features and connections.

Each leaves a receipt that is keyed by the edge records it was made of. A later merge keeps what is still of the same
records, with its options in ``run.json``, and removes the rest, so that nothing stale lies beside what is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from batchgraph.receipts import (
    forget_receipt,
    key_of,
    read_receipt,
    receipt_files,
    receipt_names,
    result_digest,
    write_receipt,
)
from batchgraph.results import FURTHER, Manifest, ResultsDirectory, output_errors

EdgeDigests = Sequence[Sequence[object]]
"""A capture's id and the digests of its edge records' parts, for each capture in order."""


def edge_digests(results: ResultsDirectory, manifest: Manifest) -> EdgeDigests:
    """Digest the edge records of every capture with packets.

    Raises
    ------
    ResultsError
        If they cannot be read.
    """
    return [
        [entry["capture"], [result_digest(part) for part in results.edge_parts(entry["capture"])]]
        for entry in manifest["inputs"]
        if entry.get("rows")
    ]


def take_back(results: ResultsDirectory, name: str) -> None:
    """Withdraw what was said of a piece of further work, before it is done anew.

    Raises
    ------
    OutputError
        If the receipt cannot be removed.
    """
    forget_receipt(results.root, f"{FURTHER}/{name}")


def vouch(
    results: ResultsDirectory, manifest: Manifest, name: str, *, files: Sequence[Path], options: dict[str, Any]
) -> None:
    """Say that `files` are whole and made of the edge records that are there.

    Parameters
    ----------
    results
        The results directory.
    manifest
        Its ``run.json``, as `merge` left it.
    name
        Of the piece of work; one that `options` of ``run.json`` knows is put back there by the next merge.
    files
        All that was made, in the results directory.
    options
        By which they were made.
    """
    basis = _basis(edge_digests(results, manifest), manifest["options"]["merge"]["trust"])
    write_receipt(results.root, f"{FURTHER}/{name}", basis, files=files, body=options)


def keep_what_stands(results: ResultsDirectory, edges: EdgeDigests, trust: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Remove what is of other edge records than `edges`, or not whole.

    Returns
    -------
    options
        By the name of the work that still stands, the options it was done by.

    Raises
    ------
    OutputError
        If something cannot be removed.
    """
    standing: dict[str, dict[str, Any]] = {}
    vouched: set[Path] = set()
    basis = _basis(edges, trust)
    for name in receipt_names(results.root, FURTHER):
        receipt = f"{FURTHER}/{name}"
        body = read_receipt(results.root, receipt, basis)
        if body is None:
            forget_receipt(results.root, receipt)
            continue
        standing[name] = body
        vouched |= receipt_files(results.root, receipt)
    for path in _further_files(results):
        if path not in vouched:
            _remove(results, path)
    return standing


def _basis(edges: EdgeDigests, trust: Sequence[str]) -> str:
    return key_of(edges=edges, trust=sorted(trust))


def _further_files(results: ResultsDirectory) -> Iterator[Path]:
    """Give every file that only further commands make."""
    for folder in (results.root / "views", results.root / "features"):
        yield from sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    yield from sorted(results.table("connections").parent.glob("connections.*"))


def _remove(results: ResultsDirectory, path: Path) -> None:
    """Remove a file, and the folders that it leaves empty."""
    with output_errors(path):
        path.unlink()
    for folder in path.parents:
        if folder == results.root:
            return
        with suppress(OSError):  # not empty: the others in it stand
            folder.rmdir()
