"""The results directory: every path in it, its manifest, and writes that are whole or not there."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from batchgraph.errors import OutputError, ResultsError
from batchgraph.refusals import is_refusal
from batchgraph.schema import FORMAT_VERSION

COMBINED = "combined"
"""Stands where a capture's id stands, for what is made of all captures together; no capture gets it as its id."""

STATE = ".batchgraph"
"""Hidden folder of what a run remembers: who uses the directory, and what is done. It is no deliverable."""

FURTHER = "further"
"""Folder of the receipts of what commands made of a finished run that `run` does not make: no run forgets them."""

STAGES = ("extract", "merge", "report", "features", "connections")
"""In the order in which their options stand in ``run.json``, whatever was done last."""

MAP_VIEWS = {"map": "", "types": "types", "matrix": "matrix", "timeline": "timeline"}
"""Pictures of a capture by what they show, and the folder of ``maps/`` in which each kind lies."""

TABLES = ("captures", "hosts", "conversations", "protocols", "services", "names")

_CONTINUES = "the same command continues the run"

Manifest = dict[str, Any]
"""``run.json`` as parsed: ``format_version``, ``version``, ``options``, ``stages`` and ``inputs``."""


def program_version() -> str:
    """Give the version of batchgraph that is installed."""
    return version("batchgraph")


def known_manifest(parsed: object, *, place: str) -> Manifest:
    """Give a manifest as parsed, having refused one of a format that this version does not know.

    Raises
    ------
    ResultsError
        If it is no JSON object, or its ``format_version`` is not known.

    Notes
    -----
    ``format_version`` is a whole number, from 1. It goes up by one whenever a file, a column or a key is taken away,
    renamed or given another meaning; what is only added leaves it as it is, and readers pass over it. So a reader
    knows all versions up to its own, and refuses every other value, of whatever type.
    """
    written = parsed.get("format_version") if isinstance(parsed, dict) else None
    # In Python, true is an int and 1.0 equals 1; in JSON neither is a version.
    if not isinstance(parsed, dict) or type(written) is not int or not 1 <= written <= FORMAT_VERSION:
        raise ResultsError(
            f"{place}: format_version in run.json is {json.dumps(written)}, and only 1 to {FORMAT_VERSION} are known:"
            " use the batchgraph that wrote it, or a newer one, or run `batchgraph run` again"
        )
    return dict(parsed)


@dataclass(frozen=True, slots=True)
class ResultsDirectory:
    """Where everything lies in a results directory; makes no folder and reads nothing by itself."""

    root: Path

    @property
    def manifest_path(self) -> Path:
        """``run.json``, written last by every stage."""
        return self.root / "run.json"

    @property
    def spill(self) -> Path:
        """Where queries put what exceeds their memory."""
        return self.root / STATE

    @property
    def lock(self) -> Path:
        """What is there once a run has claimed the directory."""
        return self.root / STATE / "lock"

    def edges_folder(self, capture: str) -> Path:
        """Folder of the parts of one capture's edge records."""
        return self.root / "edges" / capture

    def edges_part(self, capture: str, number: int = 0) -> Path:
        """One part of a capture's edge records; parts are in file order, counted from 0."""
        return self.edges_folder(capture) / f"part-{number:05d}.parquet"

    def keep_parts(self, capture: str, parts: int) -> None:
        """Remove all of a capture's edge records and names but the first so many parts.

        Raises
        ------
        OutputError
            If they cannot be removed.
        """
        for folder, part in ((self.edges_folder, self.edges_part), (self.names_folder, self.names_part)):
            remove_all_but(folder(capture), {part(capture, number).name for number in range(parts)})

    def edge_parts(self, capture: str) -> list[Path]:
        """The parts of a capture's edge records that are there, in file order.

        Raises
        ------
        OutputError
            If the system refuses to list them.
        """
        return _parts(self.edges_folder(capture))

    def names_folder(self, capture: str) -> Path:
        """Folder of what the parts of one capture say of hosts' names."""
        return self.root / "names" / capture

    def names_part(self, capture: str, number: int = 0) -> Path:
        """What one part of a capture says of hosts' names; there is no file where it says nothing."""
        return self.names_folder(capture) / f"part-{number:05d}.parquet"

    def names_parts(self, capture: str) -> list[Path]:
        """What is there of what a capture says of hosts' names, in file order; raises as `edge_parts` does."""
        return _parts(self.names_folder(capture))

    def flows(self, capture: str = COMBINED) -> Path:
        """Flows of one capture, or of all."""
        return self.root / "flows" / f"{capture}.parquet"

    def graph(self, capture: str = COMBINED) -> Path:
        """GraphML of one capture, or of all."""
        return self.root / "graphs" / f"{capture}.graphml"

    def map(self, capture: str, suffix: str, view: str = "map") -> Path:
        """Picture of one capture, or of all, as ``svg``, ``png`` or ``pdf``: one of `MAP_VIEWS`."""
        return self.root / "maps" / MAP_VIEWS[view] / f"{capture}.{suffix}"

    def table(self, name: str) -> Path:
        """One of `TABLES`, as CSV."""
        return self.root / "tables" / f"{name}.csv"

    @property
    def page(self) -> Path:
        """The report as one HTML page."""
        return self.root / "report.html"

    def read_manifest(self) -> Manifest:
        """Read ``run.json``.

        Raises
        ------
        ResultsError
            If it is missing, is no file or no JSON object, or was written in a format that is not known.
        OutputError
            If the system refuses to read it.
        """
        try:
            manifest = json.loads(self.manifest_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ResultsError(
                f"no run.json in {self.root}: run `batchgraph extract` or `batchgraph run` first"
            ) from None
        except OSError as error:
            if is_refusal(error):
                raise OutputError(f"cannot read {self.manifest_path}: {error.strerror}; {_CONTINUES}") from error
            raise ResultsError(f"run.json in {self.root} cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise ResultsError(f"run.json in {self.root} is not whole ({error}): run the stage again") from None
        return known_manifest(manifest, place=str(self.root))

    def write_manifest(self, manifest: Manifest) -> None:
        """Write ``run.json``, keys in the order given, and options in the order of `STAGES`."""
        options = manifest["options"]
        ordered = {**manifest, "options": {name: options[name] for name in STAGES if name in options}}
        with replacing(self.manifest_path) as path:
            path.write_text(json.dumps(ordered, indent=1, ensure_ascii=True) + "\n", encoding="utf-8", newline="\n")

    def remove_made(self) -> None:
        """Remove ``run.json`` and all that the stages and further commands made, whatever it is of."""
        for name in ("edges", "names", "flows", "graphs", "maps", "tables", "features", "views"):
            remove_all_but(self.root / name, set())
        with output_errors(self.page):
            self.page.unlink(missing_ok=True)
        self.discard_manifest()

    def discard_manifest(self) -> None:
        """Remove ``run.json``, so that what is rewritten now is not taken for complete."""
        with output_errors(self.manifest_path), suppress(FileNotFoundError):
            self.manifest_path.unlink()


def anonymized_by(results: ResultsDirectory) -> str | None:
    """Give the digest of the key by which a run's addresses were renamed; None where they were not, or nobody knows."""
    try:
        extracted = results.read_manifest()["options"]["extract"]
    except (ResultsError, KeyError):
        return None
    digest: str | None = extracted.get("anonymized")
    return digest


def _parts(folder: Path) -> list[Path]:
    try:
        # Path.glob gives nothing for a folder that may not be read, as for one that is not there.
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise OutputError(f"cannot read {folder}: {error.strerror}; {_CONTINUES}") from error
    return [path for path in paths if path.match("part-*.parquet")]


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn any `OSError` while writing into an `OutputError` that names `path`."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; {_CONTINUES}") from error


@contextmanager
def replacing(path: Path, *, verify: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """Give a temporary path beside `path`; what was written there takes its place when the block ends without error.

    Parameters
    ----------
    path
        The final path; its folder is made where it is missing.
    verify
        Called with the temporary path before it takes the place; raises where the file is not whole.

    Raises
    ------
    OutputError
        If anything cannot be written. Nothing is left under the temporary name, and `path` is as it was.
    """
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}.tmp")
    with output_errors(path):
        _make_folder(path.parent)
        try:
            yield temporary
            if verify is not None:
                verify(temporary)
            _sync(temporary)
            os.replace(temporary, path)
            _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, for good: a new name is safe only when its folder is written."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_maps_but(root: Path, keep: Collection[Path]) -> None:
    """Remove all pictures of a results directory but those in `keep`, paths relative to its root."""
    folder = Path("maps")
    for view in sorted(filter(None, MAP_VIEWS.values())):
        names = {path.name for path in keep if path.parent == folder / view}
        remove_all_but(root / folder / view, names)
    remove_all_but(root / folder, {path.relative_to(folder).parts[0] for path in keep})


def remove_all_but(folder: Path, keep: set[str]) -> None:
    """Remove every entry of `folder` whose name is not in `keep`; a folder that is not there is none to clean."""
    with output_errors(folder):
        entries = list(os.scandir(folder)) if folder.is_dir() else []
        for entry in entries:
            if entry.name in keep:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
