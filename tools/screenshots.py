"""Make the screenshots of the README and docs/report.md: ``.venvs/browser/bin/python tools/screenshots.py``.

``make browser`` sets up the environment.

The pages are those of the tests' example: an index on the loopback with invented projects.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

from playwright.sync_api import Browser, sync_playwright

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

from source_pypi.report import write_report  # noqa: E402 - the tests' example is found by the path above
from tests.report.example import example_world, load_example, next_day  # noqa: E402

IMAGES = PROJECT / "docs" / "images"
#: Each image: the project that the page is about, if any; width and height of the screen; colours.
SHOTS = {
    "report-dependencies.png": (None, 1200, 980, "light"),
    "report-dependencies-dark.png": (None, 1200, 980, "dark"),
    "report-project.png": ("copper-web", 1200, 980, "dark"),
    "report-phone.png": (None, 400, 860, "light"),
}


def main() -> None:
    """Write the images."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        database = load_example(Path(folder), example_world(datetime(2026, 11, 28, tzinfo=UTC)), change=next_day)
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        for name, (project, width, height, colours) in SHOTS.items():
            page = Path(folder, "report.html")
            write_report(database, page, project=project)
            _shoot(browser, page, IMAGES / name, width, height, colours)
        browser.close()


def _shoot(browser: Browser, page: Path, image: Path, width: int, height: int, colours: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=colours)
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.screenshot(path=image)
    context.close()


if __name__ == "__main__":
    main()
