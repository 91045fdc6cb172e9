"""Maps as pictures inside a page: SVG made small, as ``data:`` URLs, up to a limit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from batchgraph.results import COMBINED, ResultsDirectory

MAX_PICTURES = 1_500_000
"""Characters that all pictures of captures in one page may take; maps beyond are linked to."""

MAX_COMBINED = 1_500_000
"""Characters that the map of all captures may take."""

_FURTHER = {"types": "a map of each protocol", "matrix": "matrix", "timeline": "timeline"}
"""Views beside the map, and what a page calls them."""

_UNUSED = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
# In text a < is written &lt;, so that this finds elements alone and leaves names and numbers in text as they are.
_TAG = re.compile(r"<[a-z][^>]*>")
_GEOMETRY = re.compile(r'(?<= )(?:d|x|y|width|height|viewBox|transform)="[^"]*"')
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_FONT, _FONTS = "'DejaVu Sans'", "'DejaVu Sans',Verdana,sans-serif"
_SAFE_IN_URL = "!$&'()*+,-./:;=?@_~ []{}|^`"


@dataclass(frozen=True, slots=True)
class Picture:
    """A map as a page shows it.

    Parameters
    ----------
    source
        A ``data:`` URL, or empty where the page only links to the file.
    link
        The file beside the page, relative to it; empty where there is none.
    further
        What other pictures there are shows, and their files, likewise.
    """

    source: str
    link: str
    further: Sequence[tuple[str, str]] = ()


def load_pictures(
    results: ResultsDirectory, captures: Sequence[str], *, most: int = MAX_PICTURES
) -> dict[str, Picture]:
    """Read the maps of all captures together and of each.

    Parameters
    ----------
    results
        With its maps drawn.
    captures
        Ids, the most interesting first: these get the room there is.
    most
        Characters that the pictures of captures may take together.
    """
    pictures = {COMBINED: _picture(results, COMBINED, most=MAX_COMBINED)}
    for capture in captures:
        pictures[capture] = _picture(results, capture, most=most)
        most -= len(pictures[capture].source)
    return pictures


def _picture(results: ResultsDirectory, capture: str, *, most: int) -> Picture:
    path = _file(results, capture)
    further = tuple(
        (what, _link(results, file)) for view, what in _FURTHER.items() if (file := _file(results, capture, view))
    )
    if path is None:
        return Picture("", "", further)
    source = ""
    # What is made small takes at least a third of what it was.
    if path.suffix == ".svg" and path.stat().st_size < 3 * most:
        source = svg_url(path.read_text(encoding="utf-8"))
    return Picture(source if len(source) <= most else "", _link(results, path), further)


def _file(results: ResultsDirectory, capture: str, view: str = "map") -> Path | None:
    """Find one picture of a capture in the format that a page shows best, or None where there is none."""
    files = (results.map(capture, suffix, view) for suffix in ("svg", "png", "pdf"))
    return next((file for file in files if file.is_file()), None)


def _link(results: ResultsDirectory, path: Path) -> str:
    return quote(path.relative_to(results.root).as_posix())


def svg_url(svg: str) -> str:
    """Write an SVG as a ``data:`` URL, without what is not seen and with places to a tenth of a point."""
    small = _TAG.sub(_smaller, re.sub(r"\s+", " ", _UNUSED.sub("", svg)))
    return f"data:image/svg+xml,{quote(small.replace('> <', '><').strip(), safe=_SAFE_IN_URL)}"


def _smaller(tag: re.Match[str]) -> str:
    # A browser that lacks the font would take one with serifs; Verdana's letters are as wide.
    return _GEOMETRY.sub(_rounded, tag.group().replace(_FONT, _FONTS))


def _rounded(attribute: re.Match[str]) -> str:
    return _NUMBER.sub(lambda number: f"{float(number.group()):.1f}".removesuffix(".0"), attribute.group())
