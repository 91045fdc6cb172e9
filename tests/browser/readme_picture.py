"""Make the picture of the page that README.md shows, from sample_pcaps: the same for the same version of Chromium."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from batchgraph.results import ResultsDirectory
from batchgraph.stages.run import run
from tests.browser.chromium import chromium, visit

TOP = Path(__file__).parents[2]
PICTURE = TOP / "pictures" / "page.png"

SIZE = {"width": 1280, "height": 1480}
"""Of the window: down to the map, the first screens."""

MAX_OCTETS = 250_000
"""A README is read on telephones too."""


def take_picture(path: Path) -> None:
    """Draw the samples' page and write its first screens, in 256 colours.

    Raises
    ------
    ValueError
        If the picture is larger than `MAX_OCTETS`.
    """
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        run([TOP / "sample_pcaps"], Path(folder))
        page = visit(browser, ResultsDirectory(Path(folder)).page, viewport=SIZE, color_scheme="light").page
        shot = Image.open(io.BytesIO(_settled(page))).convert("RGB")
    octets = io.BytesIO()
    _with_few_colours(shot).save(octets, "png", optimize=True)
    if len(octets.getvalue()) > MAX_OCTETS:
        raise ValueError(f"{path.name}: {len(octets.getvalue()):,} octets, expected at most {MAX_OCTETS:,}")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(octets.getvalue())


def _with_few_colours(shot: Image.Image) -> Image.Image:
    """Give every pixel the nearest of the 256 most frequent colours: large faces keep theirs to the octet."""
    counted = sorted(shot.getcolors(1 << 24) or [], key=lambda entry: (-entry[0], entry[1]))
    colours = np.array([colour for _, colour in counted], dtype=np.int64).reshape(-1, 3)
    palette = colours[:256]
    nearest = ((colours[:, None] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
    codes = colours @ np.array([1 << 16, 1 << 8, 1])
    order = codes.argsort()
    pixels = np.asarray(shot).astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    indices = nearest[order][np.searchsorted(codes[order], pixels)].astype(np.uint8)
    picture = Image.fromarray(indices, mode="P")
    picture.putpalette(palette.astype(np.uint8).tobytes())
    return picture


def _settled(page: Page) -> bytes:
    """Take pictures until two are equal: the map draws itself over several frames."""
    before, now = b"", page.screenshot()
    while now != before:
        page.wait_for_timeout(300)
        before, now = now, page.screenshot()
    return now


if __name__ == "__main__":
    take_picture(PICTURE)
