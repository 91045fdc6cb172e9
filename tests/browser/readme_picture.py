"""Make the picture of the page that README.md shows, from sample_pcaps: the same for the same version of Chromium."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

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
    shot.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(octets, "png", optimize=True)
    if len(octets.getvalue()) > MAX_OCTETS:
        raise ValueError(f"{path.name}: {len(octets.getvalue()):,} octets, expected at most {MAX_OCTETS:,}")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(octets.getvalue())


def _settled(page: Page) -> bytes:
    """Take pictures until two are equal: the map draws itself over several frames."""
    before, now = b"", page.screenshot()
    while now != before:
        page.wait_for_timeout(300)
        before, now = now, page.screenshot()
    return now


if __name__ == "__main__":
    take_picture(PICTURE)
