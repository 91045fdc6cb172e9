"""Which files are captures: given by name, found in folders by content, or matched by a pattern."""

# Paths are octets here, as names of files may be no text; pathlib does not take them.
# ruff: noqa: PTH100, PTH112, PTH114, PTH116, PTH118, PTH120, PTH207

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchgraph.capture.compression import MAX_LAYERS, Expanded, compression_of
from batchgraph.capture.formats import PEEK_OCTETS, recognise
from batchgraph.capture.names import capture_ids, escape, looks_like_capture
from batchgraph.capture.stored import Source, StoredFile
from batchgraph.errors import NoCapturesError, UsageError


@dataclass(frozen=True, slots=True)
class FoundCapture:
    r"""One file to read.

    Attributes
    ----------
    path
        Absolute; octets that are no text stand as surrogates (`os.fsdecode`).
    relative
        For people and ``run.json``: relative to the folder given, ``/`` between, octets that are not printable ASCII as
        ``\xNN``.
    capture
        Its id, unique among all.
    size
        Octets.
    same_as
        Id of the one before it that is the same file under another name (a hard or symbolic link); empty where none is.
    """

    path: str
    relative: str
    capture: str
    size: int
    same_as: str = ""


@dataclass(frozen=True, slots=True)
class FoundCaptures:
    """What a search found.

    Attributes
    ----------
    inputs
        In the order of their relative paths, octet by octet.
    passed_over
        Relative paths of files in the folders searched that are no captures.
    """

    inputs: tuple[FoundCapture, ...]
    passed_over: tuple[str, ...]


def find_captures(inputs: Sequence[str | Path]) -> FoundCaptures:
    """Find the captures among files, folders and patterns.

    A file that is named is taken whatever it is. Folders are searched to any depth, without following links to folders;
    a file in them is taken where its content is recognised as a capture, also behind compression, or where its name
    says that it is one. A folder in them that cannot be read is taken too: reading it will fail, and what is in it is
    not passed over without a word. Relative paths begin at the one folder given, else at what all inputs have in
    common. A file with several names is given once for each; all but the first say which one it is.

    Raises
    ------
    UsageError
        If an input does not exist, or a folder given cannot be read.
    NoCapturesError
        If no file is taken.
    """
    roots = [path for given in inputs for path in _matches(os.fsencode(given))]
    base = _common_folder(roots)
    taken: set[bytes] = set()
    passed_over: set[bytes] = set()
    for root in roots:
        if not os.path.isdir(root):
            taken.add(root)
            continue
        for path, is_capture in _search(root):
            (taken if is_capture else passed_over).add(path)
    if not taken:
        raise NoCapturesError(f"no captures found in {', '.join(escape(os.fsencode(given)) for given in inputs)}")
    return FoundCaptures(
        _describe(sorted(taken, key=lambda path: _relative(path, base)), base),
        tuple(escape(path) for path in sorted(_relative(path, base) for path in passed_over - taken)),
    )


def _describe(paths: Sequence[bytes], base: bytes) -> tuple[FoundCapture, ...]:
    relative = [_relative(path, base) for path in paths]
    found = []
    first_names: dict[tuple[int, int], str] = {}
    for path, name, capture in zip(paths, relative, capture_ids(relative), strict=True):
        size, identity = _facts(path)
        first = first_names.setdefault(identity, capture) if identity else capture
        same_as = first if first != capture else ""
        found.append(FoundCapture(os.fsdecode(path), escape(name), capture, size, same_as))
    return tuple(found)


def _matches(given: bytes) -> list[bytes]:
    """Give the absolute paths that an argument stands for; a pattern counts only where no file has it as its name."""
    if os.path.lexists(given):
        return [os.path.abspath(given)]
    if not glob.has_magic(os.fsdecode(given)):
        raise UsageError(f"{escape(given)} does not exist")
    matches = sorted(glob.glob(given, recursive=True))
    if not matches:
        raise NoCapturesError(f"no captures found: nothing matches {escape(given)}")
    return [os.path.abspath(match) for match in matches]


def _common_folder(roots: Sequence[bytes]) -> bytes:
    folders = [root if os.path.isdir(root) else os.path.dirname(root) for root in roots]
    return os.path.commonpath(folders) if folders else b"/"


def _relative(path: bytes, base: bytes) -> bytes:
    return path[len(base) :].lstrip(b"/") if base != b"/" else path[1:]


def _search(folder: bytes) -> Iterator[tuple[bytes, bool]]:
    """Give every file below a folder, and whether it is taken for a capture; of folders those that cannot be read."""

    def refuse(error: OSError) -> None:
        if error.filename == folder:
            raise UsageError(f"cannot read the folder {escape(folder)}: {error.strerror}") from error
        unreadable.append(error.filename)

    unreadable: list[bytes] = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        for name in (*names, *(name for name in folders if os.path.islink(os.path.join(parent, name)))):
            path = os.path.join(parent, name)
            yield path, _is_capture(path, name)
    yield from ((path, True) for path in unreadable)


def _is_capture(path: bytes, name: bytes) -> bool:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        if looks_like_capture(name):
            return True
        with StoredFile(os.fsdecode(path)) as stored:
            return _holds_capture(stored)
    except OSError:
        return looks_like_capture(name) and not os.path.isdir(path)


def _holds_capture(stored: StoredFile) -> bool:
    source: Source = stored
    for layer in range(MAX_LAYERS + 1):
        head = source.peek(PEEK_OCTETS if layer else 64)
        compression = compression_of(head)
        if not compression:
            return recognise(head).is_capture
        if layer < MAX_LAYERS:
            source = Expanded(source, compression, stored=stored, max_expanded=None)
    return False


def _facts(path: bytes) -> tuple[int, tuple[int, int] | None]:
    """Give the size of a file, and what tells it from all other files of this machine: device and inode."""
    try:
        facts = os.stat(path)
    except OSError:
        return 0, None
    if stat.S_ISDIR(facts.st_mode):
        return 0, None
    return facts.st_size, (facts.st_dev, facts.st_ino)
