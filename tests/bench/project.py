"""A project of its own for a way of running a call: the same notebooks, data and code, and nothing made from them.

The code is copied as well, so that a sentence of its texts can be changed, and nobody's edits reach a measurement.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from bench.measure import TESTS, Run, run_command

ROOT, BIN = TESTS.parent, Path(sys.executable).parent
CALL, DAY = "digitale-innovatie-2016", "2016-09-09"
EDITION = f"{DAY}-public-nl"
COPIED = ("notebooks", "data/raw", "src", "requirements.lock")
BROWSERS = "browsers"
WANTED = re.compile(r"Executable doesn't exist at (\S+)")


def make_project(root: Path) -> Path:
    """Return a folder made anew with all that a run needs, and nothing that one makes."""
    shutil.rmtree(root, ignore_errors=True)
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, root / name)
    return root


def environment(root: Path) -> dict[str, str]:
    """Return the environment of a way: the code of its own project, no word to others, and the browser prepared."""
    own = {
        "PYTHONPATH": str(root / "src"),
        "PLOOMBER_STATS_ENABLED": "false",
        "PLAYWRIGHT_BROWSERS_PATH": str(root.parent / BROWSERS),
    }
    return {**os.environ, **own}


def run_in(root: Path, *command: str) -> Run:
    """Run a command of our environment in a project, and measure it; the arguments follow its name."""
    return run_command(str(BIN / command[0]), *command[1:], environment=environment(root))


def run_oproep(root: Path, command: str, *options: str) -> Run:
    """Run our command line for the call."""
    return run_in(root, "oproep", command, CALL, "--as-of", DAY, *options, "--root", str(root))


def run_nbconvert(copy: Path, root: Path, *options: str) -> Run:
    """Run nbconvert on an executed notebook."""
    return run_in(root, "jupyter", "nbconvert", *options, str(copy))


def print_page(copy: Path, root: Path) -> Run:
    """Make a PDF from an executed notebook as who has no LaTeX does, by a browser; nothing where there is none."""
    if not find_browser():
        return Run(0, 0, 0)
    # Whoever is root, as in a container, cannot have the browser's sandbox.
    return run_nbconvert(copy, root, "--to", "webpdf", "--WebPDFExporter.disable_sandbox=True")


@cache
def find_browser() -> str | None:
    """Return the Chromium of the system, or None where it or what drives it is wanting."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        import playwright  # noqa: F401
    except ImportError:
        return None
    return found


def place_browser(folder: Path) -> None:
    """Put the browser of the system where nbconvert looks for the one that it would download."""
    browser = find_browser()
    if browser is None:
        return
    code = "from playwright.sync_api import sync_playwright as p\nwith p() as one: one.chromium.launch()"
    asked = subprocess.run(
        [sys.executable, "-c", code], env=environment(folder / "none"), capture_output=True, text=True, check=False
    )
    wanted = WANTED.search(asked.stderr)
    if wanted:
        place = Path(wanted[1])
        place.parent.mkdir(parents=True)
        place.symlink_to(browser)
