"""Take pictures of a page as people see it: three widths, light and dark."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.chromium import chromium, visit

WIDTHS = (400, 900, 1400)


def take_screenshots(page: Path, folder: Path) -> list[Path]:
    """Take a picture of the first screen and of the whole page for every width and scheme."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with chromium() as browser:
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                seen = visit(browser, page, viewport={"width": width, "height": 1000}, color_scheme=scheme)
                seen.page.wait_for_timeout(500)
                for name, is_whole in (("first", False), ("whole", True)):
                    path = folder / f"{name}-{width}-{scheme}.png"
                    seen.page.screenshot(path=path, full_page=is_whole)
                    taken.append(path)
                seen.page.context.close()
    return taken


if __name__ == "__main__":
    take_screenshots(Path(sys.argv[1]) / "report.html", Path(sys.argv[2]))
