"""Test reports as CI systems read them: JUnit's XML, of plain cases, the same bytes for the same cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was looked at, and what was wrong with it.

    Parameters
    ----------
    name
        What was looked at: a capture, a rule, a host.
    group
        What it belongs to; stands as ``classname``.
    failure
        What was wrong; None where nothing was.
    """

    name: str
    group: str
    failure: str | None = None


def junit_text(suite: str, cases: Iterable[Case]) -> str:
    r"""Write cases as one JUnit test suite, in the order given.

    There is no time and no host name in it. A character that does not print, and an octet of a file name that is no
    UTF-8, is written as Python would escape it (``\x00``, ``\udc80``): XML 1.0 forbids many of them.
    """
    cases = list(cases)
    failures = sum(case.failure is not None for case in cases)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites tests="{len(cases)}" failures="{failures}" errors="0">',
        f'<testsuite name={_attribute(suite)} tests="{len(cases)}" failures="{failures}" errors="0" skipped="0">',
        *map(_case_text, cases),
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case_text(case: Case) -> str:
    start = f"<testcase name={_attribute(case.name)} classname={_attribute(case.group)}"
    if case.failure is None:
        return f"{start}/>"
    first_line = case.failure.partition("\n")[0]
    failure = xml_escape(_allowed(case.failure))
    return f"{start}><failure message={_attribute(first_line)}>{failure}</failure></testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    # Tabs and line ends are allowed; not CR, for a parser would make a line end of it (XML 1.0, section 2.11).
    return "".join(char if char in "\t\n" or char.isprintable() else _escaped(char) for char in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
