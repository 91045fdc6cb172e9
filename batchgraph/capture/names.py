"""What captures are called: paths as text for people, and ids that are safe as names of files."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from batchgraph.results import COMBINED

MAX_ID = 80
"""Characters of an id, its hash included."""

_UNSAFE = re.compile(rb"[^A-Za-z0-9._-]")
_SUFFIX = re.compile(
    rb"\.(pcap(ng)?(\.?\d+)?|cap|dmp|dump|trace|ntar|snoop|erf)(\.(gz|zst|xz|bz2|lz4))?$", re.IGNORECASE
)
_ARCHIVE = re.compile(
    rb"\.(pcap|pcapng|cap|dmp|dump|trace|ntar|snoop|erf)\b.*\.(zip|tar|tgz|tar\.(gz|zst|xz|bz2|lz4))$", re.IGNORECASE
)


def looks_like_capture(name: bytes) -> bool:
    """Tell by its name whether a file is meant as a capture, or as an archive of one."""
    return bool(_SUFFIX.search(name) or _ARCHIVE.search(name))


def escape(path: bytes) -> str:
    r"""Write a path as printable ASCII: every other octet, and the backslash, becomes ``\xNN``."""
    return "".join(chr(octet) if 0x20 <= octet < 0x7F and octet != 0x5C else f"\\x{octet:02x}" for octet in path)


def capture_ids(paths: Sequence[bytes]) -> list[str]:
    """Give each path an id that is readable, unlike all others in any case of letters, and safe as a file's name.

    A path that is safe as it is, is its own id. One that has to be changed, or that could be confused with another,
    gets the first digits of the SHA-256 of the path behind it. So an id does not depend on the order of the paths.
    """
    ids = [_readable(path) for path in paths]
    hashed = [text.encode() != path for text, path in zip(ids, paths, strict=True)]
    digits = 8
    while True:
        final = [
            _with_hash(text, path, digits) if changed else text
            for text, path, changed in zip(ids, paths, hashed, strict=True)
        ]
        counts = Counter(text.casefold() for text in final)
        clashing = [counts[text.casefold()] > 1 for text in final]
        if not any(clashing):
            return final
        if all(changed for changed, clash in zip(hashed, clashing, strict=True) if clash):
            digits += 8
        hashed = [changed or clash for changed, clash in zip(hashed, clashing, strict=True)]


def _readable(path: bytes) -> str:
    """Replace what is not safe; the end of a long path is kept, as it tells most."""
    text = _UNSAFE.sub(b"-", path).decode("ascii")[-MAX_ID:].lstrip(".-")
    return text if text.casefold() != COMBINED and text else f"capture-{text}".rstrip("-")


def _with_hash(text: str, path: bytes, digits: int) -> str:
    kept = text[-(MAX_ID - digits - 1) :].lstrip(".-") or "capture"
    return f"{kept}-{hashlib.sha256(path).hexdigest()[:digits]}"
