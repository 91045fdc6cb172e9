"""A file as it is stored: read once from front to back, hashed on the way, watched for changes."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from pathlib import Path
from typing import Protocol

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Source(Protocol):
    """Octets in sequence, and word of how they ended."""

    position: int
    """Octets given out so far."""

    problem: str
    """Why the octets end where they should not; empty where they end well, or have not ended yet."""

    def peek(self, n_octets: int) -> bytes:
        """Give the next octets without passing them; fewer than asked for only at the end."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill the front of `buffer`; 0 is the end. Never raises for bad data."""

    def reopen(self) -> Source:
        """Give another source of the same octets, from the start."""


class NotRegularError(OSError):
    """A path names something else than a file."""


def open_regular(path: str | Path) -> int:
    """Open a file for reading and give its descriptor.

    Raises
    ------
    OSError
        If it cannot be opened, or is no regular file: a pipe would block, a device may never end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise NotRegularError(errno.EINVAL, f"is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, no regular file")
    return descriptor


def size_of(path: str | Path) -> int:
    """Give a file's size in octets, 0 where it cannot be told or this is a folder."""
    try:
        facts = Path(path).stat()
    except OSError:
        return 0
    return 0 if stat.S_ISDIR(facts.st_mode) else facts.st_size


class StoredFile:
    """A file as it is stored, as a `Source`; reading is unbuffered, never by mmap.

    A file that shrinks while it is mapped kills the process, and a page fault costs more than the copy. What is written
    behind the end that the file had when it was opened is not read: reading a file that grows must end.

    Parameters
    ----------
    path
        The file.
    start
        Where to begin, in octets.
    is_hashed
        Whether the octets read are hashed; else `sha256` is empty.
    """

    def __init__(self, path: str | Path, *, start: int = 0, is_hashed: bool = True) -> None:
        self.path = path
        self.position = start
        self.problem = ""
        self.error: OSError | None = None
        self._descriptor = open_regular(path)
        self._raw = io.FileIO(self._descriptor, "rb")
        self._raw.seek(start)
        self._hash = hashlib.sha256() if is_hashed else None
        self._before = os.fstat(self._descriptor)
        self._end = self._before.st_size

    def __enter__(self) -> StoredFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    @property
    def size(self) -> int:
        """Octets of the file when it was opened."""
        return self._before.st_size

    @property
    def sha256(self) -> str:
        """Hash of the octets read so far."""
        return self._hash.hexdigest() if self._hash else ""

    @property
    def identity(self) -> tuple[int, ...]:
        """What differs once the file was replaced or written to, whatever its times were set to afterwards."""
        facts = self._before
        return facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns

    def peek(self, n_octets: int) -> bytes:
        """Give the next octets without passing them."""
        return self.read_at(self.position, n_octets)

    def readinto(self, buffer: memoryview) -> int:
        """Fill the front of `buffer` and hash what was read; an error of the system ends the file and is kept."""
        try:
            n = self._raw.readinto(buffer[: self._end - self.position]) or 0
        except OSError as error:
            self.error = error
            return 0
        if self._hash:
            self._hash.update(buffer[:n])
        self.position += n
        return n

    def reopen(self) -> Source:
        """Give a second view from the start, which is not hashed; it lives no longer than this one."""
        return _View(self)

    def read_rest(self) -> None:
        """Hash what was not read, so that the hash is that of the whole file."""
        buffer = memoryview(bytearray(1 << 16))
        while self.readinto(buffer):
            pass

    def change(self) -> str:
        """Say how the file differs from when it was opened; empty where it does not."""
        try:
            now = Path(self.path).stat()
        except OSError:
            return "the file was removed while it was read"
        if (now.st_dev, now.st_ino) != (self._before.st_dev, self._before.st_ino):
            return "the file was replaced while it was read"
        if now.st_size != self._before.st_size:
            return f"the file changed from {self._before.st_size:,} to {now.st_size:,} octets while it was read"
        return "the file was written to while it was read" if now.st_mtime_ns != self._before.st_mtime_ns else ""

    def read_at(self, position: int, n_octets: int) -> bytes:
        """Give octets from anywhere in the file, neither passed nor hashed; fewer than asked for only at the end."""
        pieces = b""
        n_octets = min(n_octets, self._end - position)
        try:
            while len(pieces) < n_octets:
                piece = os.pread(self._descriptor, n_octets - len(pieces), position + len(pieces))
                if not piece:
                    break
                pieces += piece
        except OSError as error:
            self.error = error
        return pieces


class _View:
    """A second look at a stored file, at a position of its own."""

    def __init__(self, stored: StoredFile) -> None:
        self.position = 0
        self.problem = ""
        self._stored = stored

    def peek(self, n_octets: int) -> bytes:
        return self._stored.read_at(self.position, n_octets)

    def readinto(self, buffer: memoryview) -> int:
        octets = self.peek(len(buffer))
        buffer[: len(octets)] = octets
        self.position += len(octets)
        return len(octets)

    def reopen(self) -> Source:
        return _View(self._stored)
