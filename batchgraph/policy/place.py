"""Where in a policy file something stands: TOML's reader does not tell, so the text is scanned."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_ASSIGNED = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


def line_of(text: str, path: Sequence[str], *, number: int = 0, entry: str = "") -> int:
    """Find the line, counted from 1, of a key, of the header of its table, or of an entry of its list.

    Parameters
    ----------
    text
        The file.
    path
        The table, if it is in one, and the key; the table alone for its header.
    number
        Which table of that name, from 0.
    entry
        A value, as written: the line at or after the key's on which it stands.

    Returns
    -------
    line
        The table's where the key is not to be found, and 1 where neither is.
    """
    lines = text.splitlines()
    found = _found(lines, tuple(path), number)
    if entry:
        for index in range(found, len(lines)):
            if re.search(rf"(?<![\w.]){re.escape(entry)}(?![\w.])", lines[index].partition(" #")[0]):
                return index + 1
            if index > found and (_HEADER.match(lines[index]) or _ASSIGNED.match(lines[index])):
                break
    return found + 1


def _found(lines: Sequence[str], path: tuple[str, ...], number: int) -> int:
    seen, found = -1, 0
    inside: tuple[str, ...] = ()
    for index, line in enumerate(lines):
        if header := _HEADER.match(line):
            inside = _words(header[1])
            seen += inside == path[:1]
            if inside == path[:1] and seen == number:
                found = index
        elif assigned := _ASSIGNED.match(line):
            whole = (*inside, *_words(assigned[1]))
            if whole == path and (inside != path[:1] or seen == number):
                return index
            if whole == path[:1]:
                found = _inline(lines, index, number)
    return found


def _inline(lines: Sequence[str], start: int, number: int) -> int:
    """Find the line of an inline table, ``rules = [{...}, {...}]``."""
    opening = [index for index in range(start, len(lines)) for _ in range(lines[index].count("{"))]
    return opening[number] if number < len(opening) else start


def _words(key: str) -> tuple[str, ...]:
    return tuple(word.strip().strip("\"'") for word in re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", key))
