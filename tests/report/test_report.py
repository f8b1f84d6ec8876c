"""report/: the file that is written."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from source_pypi.errors import QueryError
from source_pypi.report import MOST_PINS, Written, write_report
from source_pypi.report.database import open_database
from source_pypi.report.pages import DEPENDENCIES, dependencies_page, index_page, project_page
from tests.report.hostile import CODE, FILE, HARMLESS
from tests.report.tables import PINS, Tables, make_database, pin

VOID = {"meta", "br"}


class Page(HTMLParser):
    """The elements of a page; it fails where one is not closed in its place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Compare with the element that is open."""
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("project", [None, "copper-web"])
def test_one_well_formed_file(example: Path, tmp_path: Path, project: str | None) -> None:
    """A report is one HTML file whose elements are closed in their places, with unique anchors for all its links."""
    written = write_report(example, tmp_path / "r.html", project=project)
    text = (tmp_path / "r.html").read_text()
    page = Page(text)
    assert written.path == tmp_path / "r.html"
    assert written.size == len(text.encode())
    ids = [one["id"] for _, one in page.elements if "id" in one]
    assert len(ids) == len(set(ids))
    assert {one["href"] for one in page.named("a") if (one["href"] or "").startswith("#")} <= {f"#{one}" for one in ids}


def test_policy_allows_only_its_own_style_and_script(example: Path, tmp_path: Path) -> None:
    """The page's policy names the digests of its style and script, and nothing is loaded from elsewhere."""
    write_report(example, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    page = Page(text)
    digests = {
        kind: b64encode(sha256(re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)[0].encode()).digest()).decode()
        for kind in ("style", "script")
    }
    (policy,) = [one["content"] for one in page.named("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert [one for _, one in page.elements if {"src", "style", "srcset"} & one.keys()] == []
    assert {tag for tag, _ in page.elements} & {"link", "img", "iframe", "base", "form", "object"} == set()
    assert len(page.named("script")) == len(page.named("style")) == 1


def test_script_is_short() -> None:
    """The script has at most sixty lines."""
    script = Path(__file__).parents[2] / "src/source_pypi/report/templates/script.js"
    assert len(script.read_text().splitlines()) <= 60


@pytest.mark.parametrize("project", [None, "bad", "soft"])
def test_hostile_texts_are_escaped(hostile: Path, tmp_path: Path, project: str | None) -> None:
    """No text of the index or of a file's name becomes an element, an attribute or a link."""
    write_report(hostile, tmp_path / "r.html", project=project)
    text = (tmp_path / "r.html").read_text()
    page = Page(text)
    assert not any(name.startswith("on") for _, one in page.elements for name in one)
    assert {tag for tag, _ in page.elements} & {"img", "iframe", "b\nold"} == set()
    outside = {one["href"] for one in page.named("a") if not (one["href"] or "").startswith(("#", "data:text/csv;"))}
    assert outside <= {HARMLESS}
    assert all(code not in text for code in (CODE[1], CODE[3], CODE[4], FILE))
    assert len(text) < 300_000


def test_every_figure_has_sql_that_runs_and_a_table(example: Path, tmp_path: Path) -> None:
    """The SQL of each figure, as the page shows it, returns the figure's rows; each figure has its CSV."""
    with open_database(str(example)) as database:
        figures = [*dependencies_page(database), *project_page(database, "lattice"), *index_page(database)]
    with duckdb.connect(str(example), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for figure in figures:
            if figure.missing is None:
                rows = connection.execute(figure.result.sql).fetchall()
                assert len(rows[: len(figure.result.rows)]) == len(figure.result.rows), figure.plan.name
                assert figure.download.startswith("data:text/csv;")
    write_report(example, tmp_path / "r.html")
    page = Page((tmp_path / "r.html").read_text())
    present = sum(figure.missing is None for figure in figures[: len(DEPENDENCIES) + 1])
    assert len(page.named("pre")) == present
    assert sum("download" in one for one in page.named("a")) == present


def test_header(tmp_path: Path) -> None:
    """The header names the index without credentials, the last run, the selection, the counts, and what is missing."""
    tables: Tables = {
        "pins": (PINS, [pin(0, "a", "1"), pin(1, "b", None, "its file names another index")]),
        "projects": "SELECT 'a' AS project, NULL AS organization",
        "index_capabilities": (
            "stream TEXT, available BOOLEAN, reason TEXT",
            [("vulnerabilities", False, "the index has no advisories")],
        ),
        "runs": (
            "run INTEGER, started_at TIMESTAMPTZ, streams TEXT[], tables JSON",
            [(1, "2024-05-06 07:08:09Z", ["projects"], "{}")],
        ),
    }
    path = make_database(tmp_path / "a.duckdb", tables)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE _run SET \"index\" = 'https://me:secret@packages.example/simple'")
    written = write_report(path, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert "secret" not in text
    for words in (
        "<h1>requirements.txt</h1>",
        "<dd>https://packages.example/simple</dd>",
        "<dd>2024-05-06 07:08 UTC</dd>",
        "<dt>requirements</dt><dd>2</dd>",
        "The index does not provide 1 stream: vulnerabilities",
        "<b>vulnerabilities</b>: the index has no advisories",
        "its file names another index",
        "not checked: needs",
    ):
        assert words in text, words
    assert "Advisories" in written.missing


def test_page_by_the_number_of_pins(tmp_path: Path) -> None:
    """Up to 300 pins are listed; more of them, or none, are aggregates."""
    pages = []
    for count in (0, 1, MOST_PINS, MOST_PINS + 1):
        columns = f"SELECT n AS position, 'p' || n AS project, NULL AS specifier FROM range({count}) t(n)"
        tables = {"pins": f"SELECT *, '1' AS version, 'f' AS file, 0 AS line, NULL AS not_read FROM ({columns})"}
        written = write_report(make_database(tmp_path / f"{count}.duckdb", tables), tmp_path / "r.html")
        pages.append(written.page)
    assert pages == ["index", "dependencies", "dependencies", "index"]


def test_project_that_is_not_loaded(example: Path, tmp_path: Path) -> None:
    """A project without rows is an error that says how to load it; nothing is written."""
    with pytest.raises(
        QueryError, match="no rows of the project no-such: load it with source-pypi sync no-such --into "
    ):
        write_report(example, tmp_path / "r.html", project="No_Such")
    assert not (tmp_path / "r.html").exists()


def test_name_in_any_spelling(example: Path, tmp_path: Path) -> None:
    """A project is found in any spelling of its name."""
    assert isinstance(write_report(example, tmp_path / "r.html", project="Copper.Web"), Written)
    assert "<h1>copper-web</h1>" in (tmp_path / "r.html").read_text()


def test_sizes_are_bounded(tmp_path: Path) -> None:
    """A page of 300 pins, each with long texts and many advisories, stays below a megabyte."""
    long = "x" * 5000
    tables = {
        "pins": "SELECT n AS position, 'p' || n AS project, '==1' AS specifier, '1' AS version, 'f.txt' AS file, "
        "n AS line, NULL AS not_read FROM range(300) t(n)",
        "vulnerable_pins": "SELECT 'p' || n AS project, '1' AS version, '==1' AS specifier, 'f' AS file, n AS line, "
        f"'{long}' || m AS id, ['{long}'] AS aliases, '{long}' AS summary, '{long}' AS link, ['2'] AS fixed_in, "
        "'2' AS smallest_fix, false AS fix_admitted, 'osv' AS source FROM range(300) t(n), range(20) u(m)",
    }
    written = write_report(make_database(tmp_path / "a.duckdb", tables), tmp_path / "r.html")
    assert written.size < 1_000_000
