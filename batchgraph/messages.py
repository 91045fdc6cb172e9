"""Text from outside made fit for a terminal and a log."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

from batchgraph.errors import OutputError

# Commands of GitHub (##[), Azure (##vso[) and TeamCity (##teamcity[); the first two are found anywhere in a line.
_COMMAND = re.compile(r"##(?=[a-z]*\[)", re.IGNORECASE)


def escape(text: str) -> str:
    r"""Escape what does not print, so that text from outside is one line and cannot steer a terminal.

    Control and format characters (line ends and bidirectional overrides among them) become ``\xNN``, ``\uNNNN`` or
    ``\UNNNNNNNN``; an octet of a file name that is no UTF-8 becomes ``\xNN``. So does one octet of what CI systems take
    for a command within a line (``##[``).
    """
    line = "".join(character if character.isprintable() else _escaped(character) for character in text)
    return _COMMAND.sub(r"#\\x23", line)


def json_line(text: str) -> str:
    r"""Write JSON so that no CI system finds a command in it (``##[``); it says the same."""
    return text.replace("##", r"#\u0023")  # outside of strings JSON has no such character


def markdown_cell(text: str) -> str:
    """Escape what Markdown or HTML would take for its own, and what GitHub makes mentions, references and links of."""
    cell = "".join(f"&#{ord(c)};" if c in "|<>&`*_[]\\!@#~$" else c for c in escape(text))
    return cell.replace("://", "&#58;//").replace("www.", "www&#46;")


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # PEP 383: how Python carries an octet that it could not decode
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def write_line(stream: TextIO, line: str) -> None:
    """Write a line at once; where nobody reads any more (``| head``), lines are dropped from then on.

    So are messages that cannot be written, as to a log on a full disk: they must not change how a run ends.

    Raises
    ------
    OutputError
        If it is the standard output that cannot be written: what was asked for is not there.
    """
    try:
        stream.write(f"{line}\n")
        stream.flush()
    except OSError as error:
        # The stream itself would try again when the process ends, and make its exit code 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            raise OutputError(f"cannot write the standard output: {error.strerror}") from error
