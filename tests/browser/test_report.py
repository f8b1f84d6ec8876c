"""The report in Chromium: nothing runs, nothing is requested, and it can be read everywhere."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from source_pypi.report.pages import DEPENDENCIES
from tests.browser.conftest import Open
from tests.report.hostile import CODE, HARMLESS, SCHEMES

pytestmark = pytest.mark.browser

PAGES = ("dependencies", "project", "hostile", "hostile-project")
Reports = dict[str, Path]
#: The text of the first column of a table's rows, as shown.
FIRST_COLUMN = "rows => rows.filter(row => !row.hidden).map(row => row.cells[0].innerText.split('\\n')[0].trim())"


@pytest.fixture(scope="module")
def strict(reports: Reports) -> Iterator[str]:
    """A server that sends every page with the strictest policy."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = reports[self.path.strip("/")].read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", "default-src 'none'")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", PAGES)
def test_no_messages_and_no_requests(reports: Reports, open_page: Open, name: str) -> None:
    """A page writes nothing to the console, raises no error and requests nothing, also while it is used."""
    opened = open_page(reports[name])
    for summary in opened.page.query_selector_all("summary"):
        summary.evaluate("one => one.click()")
    for button in opened.page.query_selector_all("th button"):
        button.evaluate("one => one.click()")
    opened.page.mouse.wheel(0, 10_000)
    assert (opened.messages, opened.requests) == ([], [])


@pytest.mark.parametrize("name", ["hostile", "hostile-project"])
def test_hostile_texts_stay_text(reports: Reports, open_page: Open, name: str) -> None:
    """No text becomes an element or an attribute, and no code runs; the texts are there, word for word."""
    page = open_page(reports[name]).page
    for element in page.query_selector_all("section *"):
        element.dispatch_event("mouseover")
    assert page.evaluate("window.broken") is None
    assert page.evaluate("document.querySelectorAll('img, iframe, object, embed, form, base, link').length") == 0
    assert page.evaluate("[document.scripts.length, document.querySelectorAll('style').length]") == [1, 1]
    names = page.evaluate("[...new Set([...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()))]")
    assert [one for one in names if one.startswith("on") or one == "style"] == []
    text = page.evaluate("document.body.textContent")
    assert CODE[1] in text
    assert "1337" not in text


def test_only_http_urls_are_links(reports: Reports, open_page: Open) -> None:
    """Links lead to http and https, to figures and to tables for download; other URLs are text."""
    page = open_page(reports["hostile-project"]).page
    links = page.evaluate("[...document.querySelectorAll('a')].map(one => one.getAttribute('href'))")
    outside = {link for link in links if not link.startswith(("#", "data:text/csv;"))}
    assert outside == {HARMLESS}
    assert SCHEMES[0] in page.evaluate("document.body.textContent")


def test_sorting(reports: Reports, open_page: Open) -> None:
    """A click on a column's name sorts by it, numbers as numbers; another click turns the order."""
    page = open_page(reports["dependencies"]).page
    rows = page.locator("#pins tbody tr")
    before = rows.evaluate_all(FIRST_COLUMN)
    head = page.locator("#pins th button", has_text="project")
    head.click()
    assert rows.evaluate_all(FIRST_COLUMN) == sorted(before)
    assert page.locator("#pins th").first.get_attribute("aria-sort") == "ascending"
    head.click()
    assert rows.evaluate_all(FIRST_COLUMN) == sorted(before, reverse=True)
    page.locator("#pins th button", has_text="latest").click()
    days = rows.evaluate_all("rows => rows.map(row => Number(row.cells[2].dataset.sort))")
    assert days == sorted(days)
    assert max(days) > 100


def test_filter(reports: Reports, open_page: Open) -> None:
    """The filter shows the rows that contain all its words, in any case and order."""
    page = open_page(reports["dependencies"]).page
    field, rows = page.locator("#pins input"), page.locator("#pins tbody tr")
    field.fill("OUTDATED paul")
    assert rows.evaluate_all(FIRST_COLUMN) == ["almanac"]
    field.fill("")
    assert len(rows.evaluate_all(FIRST_COLUMN)) == rows.count()


def test_complete_without_script(reports: Reports, open_page: Open) -> None:
    """Without script, the page has the same figures and rows, and no controls that do nothing."""
    with_script, without = (open_page(reports["dependencies"], java_script_enabled=on).page for on in (True, False))
    for page in (with_script, without):
        assert page.locator("#pins tbody tr").count() == 22
        assert page.locator("section").count() == len(DEPENDENCIES) + 1
    assert without.locator("button, input").count() == 0


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 400, 768])
def test_no_horizontal_scroll(reports: Reports, open_page: Open, name: str, width: int) -> None:
    """On a narrow screen only tables and charts scroll to the side, not the page."""
    page = open_page(reports[name], viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_light_and_dark(reports: Reports, open_page: Open) -> None:
    """The page follows the system's colours: dark text on light, or light text on dark."""
    lightness = {}
    for scheme in ("light", "dark"):
        page = open_page(reports["dependencies"], color_scheme=scheme).page
        colours = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        lightness[scheme] = [sum(map(int, colour[4:-1].split(","))) for colour in colours]
    assert lightness["light"][0] < lightness["light"][1]
    assert lightness["dark"][0] > lightness["dark"][1]


def test_print(reports: Reports, open_page: Open) -> None:
    """In print there are no controls, all rows are there, and nothing is wider than the sheet."""
    page = open_page(reports["dependencies"], color_scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert not page.locator("#pins .tools").is_visible()
    assert page.locator("#pins tbody tr").last.is_visible()
    page.set_viewport_size({"width": 1040, "height": 720})  # A4, landscape, within its margins, at 96 pixels an inch
    assert page.evaluate("Math.max(...[...document.querySelectorAll('table')].map(t => t.scrollWidth))") <= 1040
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.parametrize("name", PAGES)
def test_strictest_policy(strict: str, open_page: Open, name: str) -> None:
    """Under ``default-src 'none'`` the style and script are blocked, and all figures can still be read."""
    opened = open_page(f"{strict}/{name}")
    assert opened.requests == []
    assert len(opened.messages) == 2  # the browser reports the style and the script
    assert all("Content Security Policy" in message for message in opened.messages)
    assert opened.page.locator("section").count() >= 9
    assert all(one.is_visible() for one in opened.page.query_selector_all("section h2"))
    marks = opened.page.evaluate("[...document.querySelectorAll('circle, rect')].map(e => getComputedStyle(e).fill)")
    assert marks
    assert "rgb(0, 0, 0)" not in marks  # what a shape has without presentation attributes


def test_own_policy(reports: Reports, open_page: Open) -> None:
    """The page's own policy blocks everything but its style and script."""
    opened = open_page(reports["dependencies"])
    opened.page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://example.org/x.png'}))")
    opened.page.evaluate("fetch('https://example.org/').catch(() => 0)")
    opened.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=color:red onclick=x()>')")
    assert sum("Content Security Policy" in message for message in opened.messages) >= 3
    assert opened.page.evaluate("getComputedStyle(document.querySelector('main')).display") == "grid"


def test_download(reports: Reports, open_page: Open, tmp_path: Path) -> None:
    """The link CSV downloads the figure's table under the figure's name."""
    page = open_page(reports["dependencies"]).page
    with page.expect_download() as download:
        page.locator("#pins a[download]").click()
    assert download.value.suggested_filename == "pins.csv"
    download.value.save_as(tmp_path / "pins.csv")
    lines = (tmp_path / "pins.csv").read_text().splitlines()
    assert lines[0].startswith("severity,project,version,")
    assert len(lines) == 23
