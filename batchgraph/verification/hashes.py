"""Whether files are as they were when they were made: the SHA-256 of each, as the receipts have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from batchgraph.exit_codes import InputEntry
from batchgraph.receipts import file_digest, receipt_names
from batchgraph.results import FURTHER, STAGES, STATE, Manifest
from batchgraph.verification.checks import EXTRACT_AGAIN, Check, look

Receipt = dict[str, Any]

_NO_RECEIPT = ("changed", "failed")
"""Statuses of inputs for which extract writes no receipt, so that they are read again."""


def has_receipts(root: Path) -> bool:
    """Tell whether receipts came with the results; a copy of the deliverables alone has none."""
    return (root / STATE / "receipts").is_dir()


def vouched_files(root: Path, name: str) -> dict[str, str]:
    """Give the files that a receipt vouches for, with their SHA-256; none where there is no receipt or it is torn."""
    files = (_read(root, name) or {}).get("files")
    if not isinstance(files, dict):
        return {}
    return {path: digest for path, digest in files.items() if isinstance(digest, str) and _is_inside(path)}


def vouched_files_of_all(root: Path) -> Iterator[str]:
    """Give the files of all stages' receipts, also of those that an earlier run left."""
    folder = root / STATE / "receipts"
    for path in sorted(folder.rglob("*.json")):
        yield from vouched_files(root, path.relative_to(folder).with_suffix("").as_posix())


def _is_inside(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _read(root: Path, name: str) -> Receipt | None:
    try:
        receipt = json.loads((root / STATE / "receipts" / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return receipt if isinstance(receipt, dict) else None


def check_stage_hashes(root: Path, manifest: Manifest) -> Iterator[Check]:
    """Check the files of every stage but the first, and of every further command, against their receipts."""
    done = [stage for stage in STAGES if stage in manifest["options"] and stage != "extract"]
    if manifest.get("failed_maps"):
        done.remove("report")  # which is done again by the next run, and vouches for nothing until then
    further = [name for name in done if name not in ("merge", "report")]
    views = [name for name in receipt_names(root, FURTHER) if name not in further]
    for name in [*done, *views]:
        receipt = name if name in ("merge", "report") else f"{FURTHER}/{name}"
        again = f"run `batchgraph {'graph' if name in views else name}` again"
        yield look("hashes", f"files of {name}", again, partial(_stage_problem, root, receipt))


def _stage_problem(root: Path, receipt: str) -> str | None:
    files = vouched_files(root, receipt)
    return _changed(root, files) if files else "there is no receipt for them"


def check_capture_hashes(root: Path, entry: InputEntry) -> Check:
    """Check the edge records of a capture, and what ``run.json`` says of it, against its receipt."""
    place = f"edges/{entry['capture']}"
    return look("hashes", place, EXTRACT_AGAIN, lambda: _capture_problem(root, entry))


def _capture_problem(root: Path, entry: InputEntry) -> str | None:
    receipt = _read(root, f"extract/{entry['capture']}")
    if entry.get("same_as"):
        return None  # another name of an input that has one
    if receipt is None:
        return None if entry["status"] in _NO_RECEIPT else "there is no receipt for them"
    said = receipt.get("body")
    if isinstance(said, dict) and said.get("capture") == entry["capture"] and said != entry:
        names = [name for name in (*said, *entry) if said.get(name) != entry.get(name)]
        return (
            f"run.json does not say what was found: {names[0]} is {entry.get(names[0])!r}, was {said.get(names[0])!r}"
        )
    return _changed(root, vouched_files(root, f"extract/{entry['capture']}"))


def _changed(root: Path, files: dict[str, str]) -> str | None:
    changed = [path for path, digest in files.items() if not _is_as_it_was(root / path, digest)]
    if not changed:
        return None
    more = f" (nor are {len(changed) - 1} more)" if len(changed) > 1 else ""
    return f"{changed[0]} is not as it was written{more}"


def _is_as_it_was(path: Path, digest: str) -> bool:
    try:
        return file_digest(path) == digest
    except OSError:
        return False
