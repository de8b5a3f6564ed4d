"""Makes the pictures of the README from the reference call: the first pages of its answer, and the workbench.

`make pictures` runs this after the report. It needs pdftoppm (Debian: poppler-utils) and Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from conftest import BROWSER_OPTIONS, CHROMIUM, ROOT
from PIL import Image
from playwright.sync_api import sync_playwright
from serving import open_page, serve_app

CALL = "digitale-innovatie-2016"
ANSWER, WORKBENCH = ROOT / "docs" / "answer.png", ROOT / "docs" / "workbench.png"
PAGES = 3
HEIGHT = 950  # pixels of a page
GAP, GROUND = 24, "#d9dee3"
COLOURS = 64
WIDTH = 1280  # pixels of the workbench


def picture_answer(folder: Path) -> None:
    """Write the first pages of the answer side by side."""
    pdf = ROOT / "reports" / CALL / "latest" / "answer.pdf"
    size = ["-scale-to-y", str(HEIGHT), "-scale-to-x", "-1"]
    subprocess.run(["pdftoppm", "-png", "-l", str(PAGES), *size, pdf, folder / "page"], check=True)
    pages = [Image.open(path) for path in sorted(folder.glob("page-*.png"))]
    width = sum(page.width for page in pages) + GAP * (len(pages) + 1)
    whole = Image.new("RGB", (width, HEIGHT + 2 * GAP), GROUND)
    left = GAP
    for page in pages:
        whole.paste(page, (left, GAP))
        left += page.width + GAP
    write(whole, ANSWER)


def picture_workbench(folder: Path) -> None:
    """Write the workbench, as the app shows it, with one project fewer than was chosen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_OPTIONS)
        with serve_app(ROOT, CALL, folder, "--language", "en") as url, open_page(browser, url, WIDTH) as shown:
            shown.locator("table.dataTable tbody tr").first.wait_for(state="attached")
            shown.get_by_role("slider", name="Projects to select").press("ArrowLeft")
            shown.locator(".oproep-status").get_by_text("15 selected").wait_for()
            shown.wait_for_timeout(500)  # until the last picture is drawn
            shown.screenshot(path=folder / "workbench.png")
        browser.close()
    write(Image.open(folder / "workbench.png"), WORKBENCH)


def write(picture: Image.Image, path: Path) -> None:
    """Write a picture with few colours, small enough to be kept with the code."""
    picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(path)


def main() -> None:
    """Make both pictures."""
    missing = [name for name in ("pdftoppm", CHROMIUM) if not shutil.which(name)]
    if missing:
        sys.exit(f"needs {' and '.join(missing)}: apt-get install poppler-utils chromium")
    with tempfile.TemporaryDirectory(prefix="oproep-pictures-") as name:
        picture_answer(Path(name))
        picture_workbench(Path(name))


if __name__ == "__main__":
    main()
