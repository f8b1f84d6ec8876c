"""Reports, and a browser that opens them and notes what they do."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import pytest

from source_pypi.report import write_report
from tests.report.conftest import example, hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["example", "hostile"]


@dataclass
class Opened:
    """A page in the browser.

    :ivar messages: what it wrote to the console, and its errors.
    :ivar requests: what it requested besides itself.
    """

    page: "Page"
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The distribution's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"]  # the tests run as root in containers
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: "Browser") -> Iterator[Open]:
    """Open a file or a URL; the options are those of a browser's context."""
    with ExitStack() as stack:

        def start(address: Path | str, **options: Any) -> Opened:
            url = address.as_uri() if isinstance(address, Path) else address
            context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
            stack.callback(context.close)
            opened = Opened(context.new_page())
            opened.page.on("console", lambda message: opened.messages.append(message.text))
            opened.page.on("pageerror", lambda error: opened.messages.append(str(error)))
            opened.page.on("dialog", lambda dialog: opened.messages.append(f"dialog {dialog.message}"))
            opened.page.on("request", lambda one: opened.requests.extend([one.url] if one.url != url else []))
            opened.page.goto(url)
            return opened

        yield start


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory, example: Path, hostile: Path) -> dict[str, Path]:
    """The pages of the example, of one of its projects, and of the hostile index."""
    folder = tmp_path_factory.mktemp("reports")
    made = {
        "dependencies": (example, None),
        "project": (example, "copper-web"),
        "hostile": (hostile, None),
        "hostile-project": (hostile, "bad"),
    }
    for name, (database, project) in made.items():
        write_report(database, folder / f"{name}.html", project=project)
    return {name: folder / f"{name}.html" for name in made}
