"""Whether all files of the results are there, nothing else is, and none ends early."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from batchgraph.results import COMBINED, FURTHER, MAP_VIEWS, STATE, TABLES, Manifest, ResultsDirectory
from batchgraph.verification.checks import Check, relative
from batchgraph.verification.hashes import vouched_files, vouched_files_of_all

_VIEWS = "views"
_HALF_WRITTEN = re.compile(r"\..*\.tmp|\.spill-.*")
_ENDS = {".svg": b"</svg>", ".html": b"</html>", ".png": b"IEND\xae\x42\x60\x82", ".pdf": b"%%EOF"}
"""How a whole file of each kind ends (PNG: ISO/IEC 15948, 11.2.5), but for a line end."""

_FURTHER = {
    "connections": ("tables/connections.parquet", "tables/connections.csv"),
    "features": tuple(f"features/{name}.{suffix}" for name in ("hosts", "pairs") for suffix in ("parquet", "csv")),
}
"""Files of the stages beside the main ones."""


def expected_files(results: ResultsDirectory, manifest: Manifest, captures: Sequence[str]) -> set[str]:
    """Give the files that ``run.json`` tells of, relative to the results directory.

    Parameters
    ----------
    results
        Where they are.
    manifest
        Its ``run.json``.
    captures
        Ids of the captures with edge records.
    """
    options: dict[str, Any] = manifest["options"]
    paths = [results.manifest_path]
    for capture in captures:
        paths += results.edge_parts(capture) or [results.edges_part(capture)]
    names = (COMBINED, *captures)
    if "merge" in options:
        paths += [path_of(name) for name in names for path_of in (results.flows, results.graph)]
    if "report" in options:
        failed = {entry["capture"] for entry in manifest.get("failed_maps", [])}
        drawn = [name for name in names if name not in failed]
        paths += [results.page, *map(results.table, TABLES)]
        paths += _pictures(results, options["report"], drawn)
    files = {relative(results.root, path) for path in paths}
    for entry in manifest["inputs"]:
        files.update(relative(results.root, path) for path in results.names_parts(entry["capture"]))
        files.update(vouched_files(results.root, f"extract/{entry['capture']}"))
    for stage in options:
        files.update(_FURTHER.get(stage, ()))
        files.update(path for name in (stage, f"{FURTHER}/{stage}") for path in vouched_files(results.root, name))
    return files


def _pictures(results: ResultsDirectory, options: Manifest, drawn: Sequence[str]) -> Iterator[Path]:
    """Give the pictures that must be there, and those of the kinds that only large networks have, where they are."""
    must = {"map", "types"} if options.get("facet") else {"map"}
    for name in drawn:
        for suffix in options.get("formats", ()):
            paths = {view: results.map(name, suffix, view) for view in MAP_VIEWS}
            yield from (path for view, path in paths.items() if view in must or path.is_file())


def check_files(results: ResultsDirectory, expected: set[str]) -> Iterator[Check]:
    """Check that the files expected are there and whole, and that there are no others."""
    there = set(_files_of(results.root))
    for path in sorted(expected):
        yield Check("files", path, "" if path in there else "is missing", "" if path in there else _again(path))
    stale = set(vouched_files_of_all(results.root)) | {path for files in _FURTHER.values() for path in files}
    for path in sorted(there - expected):
        if not path.startswith(f"{_VIEWS}/"):
            yield _foreign(path, is_known=path in stale)
    for path in sorted(expected & there):
        if end := _ENDS.get(Path(path).suffix):
            yield _whole(results.root / path, path, end)
    yield from _check_views(results, [path for path in there if path.startswith(f"{_VIEWS}/")])


def _files_of(root: Path) -> Iterator[str]:
    """Give all files, and folders without any, but for what the run remembers."""
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        if here == Path():
            folders[:] = [name for name in folders if name != STATE]
        for name in files:
            yield (here / name).as_posix()
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from ((here / name).as_posix() for name in linked)
        if not files and not folders and here != Path():
            yield f"{here.as_posix()}/"


def _again(path: str) -> str:
    stage = {"edges": "extract", "names": "extract", "flows": "merge", "graphs": "merge", "features": "features"}.get(
        Path(path).parts[0]
    )
    if path.startswith("tables/connections."):
        stage = "connections"
    return f"run `batchgraph {stage or 'report'}` again"


def _foreign(path: str, *, is_known: bool) -> Check:
    if any(_HALF_WRITTEN.fullmatch(part) for part in Path(path).parts):
        what, remedy = "was left half written by a run that was interrupted", "run the same command again, or remove it"
    elif is_known:
        what, remedy = "is of an earlier run", f"{_again(path)}, or remove it"
    else:
        what, remedy = "is no part of the results", "move it elsewhere"
    return Check("files", path, what, remedy)


def _whole(path: Path, place: str, end: bytes) -> Check:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - len(end) - 2))
            is_whole = file.read().rstrip(b"\r\n").endswith(end)
    except OSError:
        is_whole = False
    what = "" if is_whole else "ends early"
    return Check("whole", place, what, _again(place) if what else "")


def _check_views(results: ResultsDirectory, paths: Sequence[str]) -> Iterator[Check]:
    """Check each folder of further graphs against its index, which is written last."""
    folders: dict[str, set[str]] = {}
    for path in paths:
        folder, _, name = path.rstrip("/").rpartition("/")
        folders.setdefault(folder, set()).add(name)
    for folder, names in sorted(folders.items()):
        what = _view_problem(results.root / folder, names)
        yield Check("views", folder, what, "run `batchgraph graph` again" if what else "")


def _view_problem(folder: Path, names: set[str]) -> str:
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        listed = {name for entry in index["graphs"] for name in entry["files"]} | {"index.json", "index.csv"}
    except (OSError, ValueError, KeyError, TypeError):
        return "has no index.json that tells what is in it: it is half written, or no graphs of this program"
    if missing := sorted(listed - names):
        return f"{missing[0]} is missing"
    foreign = sorted(names - listed)
    return f"{foreign[0]} is none of its graphs" if foreign else ""
