"""report/values.py: what a page shows of values, and tables for spreadsheets."""

import csv
import io
from base64 import b64decode
from datetime import UTC, date, datetime
from typing import Any

import pytest

from source_pypi.report.values import LARGEST_CSV, LONGEST_TEXT, cell, csv_url, cut, link, shown, size, sort_value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (1234567, "1,234,567"),
        (1234.56, "1,234.6"),
        (datetime(2024, 2, 3, 4, 5, tzinfo=UTC), "2024-02-03"),
        (date(2024, 2, 3), "2024-02-03"),
        (["b", None, "a"], "b, , a"),
        ([str(number) for number in range(15)], "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more"),
        ("a\u202eb\nc", "a b c"),
    ],
)
def test_shown(value: Any, text: str) -> None:
    """Values are texts that a person reads; characters that hide or turn text are blanks."""
    assert shown(value) == text


def test_long_texts_are_cut() -> None:
    """A text is cut after some hundred characters."""
    assert cut("a" * 1_000_000) == "a" * LONGEST_TEXT + "…"


@pytest.mark.parametrize(
    ("value", "key"),
    [(True, "1"), (3, "3"), (datetime(1970, 1, 2, tzinfo=UTC), "86400"), (["a", "b"], "2"), ("text", ""), (None, "")],
)
def test_sort_values(value: Any, key: str) -> None:
    """Numbers, times and lists have a number to sort by; texts are sorted as they are shown."""
    assert sort_value(value) == key


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://example.org/a?b=1", "https://example.org/a?b=1"),
        ("HTTP://example.org", "HTTP://example.org"),
        ("https://user:secret@example.org/", "https://example.org/"),
        ("javascript:alert(1)", None),
        ("JavaScript:alert(1)", None),
        (" https://example.org/", None),
        ("https:javascript:alert(1)", None),
        ("https://", None),
        ("https://[", None),
        ("data:text/html,x", None),
        ("//example.org/", None),
        ("ftp://example.org/", None),
        ("https://example.org/\u202e", None),
        ("https://example.org/" + "a" * 3000, None),
        (7, None),
        (None, None),
    ],
)
def test_only_http_urls_become_links(url: Any, linked: str | None) -> None:
    """A link is a URL of http or https with a host, printable and of moderate length, and has no credentials."""
    assert link(url) == linked


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, ""), (999, "999 B"), (1500, "1.5 kB"), (10**6, "1.0 MB"), (2 * 10**12, "2.0 TB"), ("a", "a")],
)
def test_sizes(count: Any, text: str) -> None:
    """Bytes are shown in the largest unit of which there is one."""
    assert size(count) == text


def decoded(url: str) -> list[list[str]]:
    """The cells in a URL that holds CSV."""
    start = "data:text/csv;charset=utf-8;base64,"
    assert url.startswith(start)
    return list(csv.reader(io.StringIO(b64decode(url.removeprefix(start)).decode(), newline="")))


def test_csv_has_all_values() -> None:
    """The CSV has a row a row, times in ISO 8601, lists with semicolons, and null as nothing."""
    rows = [('a,\n"b"', 1.5, None, [1, None], datetime(2024, 1, 1, tzinfo=UTC)), ("é", -2, True, [], date(2024, 1, 2))]
    url, count = csv_url(["one", "two", "three", "four", "five"], rows)
    assert count == 2
    assert decoded(url) == [
        ["one", "two", "three", "four", "five"],
        ['a,\n"b"', "1.5", "", "1; ", "2024-01-01T00:00:00Z"],
        ["é", "-2", "true", "", "2024-01-02"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n@"])
def test_cells_are_no_formulas(start: str) -> None:
    """A text that a spreadsheet would calculate begins with an apostrophe; so does a list; numbers stay numbers."""
    text = f"{start}HYPERLINK(1)"
    assert cell(text) == f"'{text}"
    assert cell([text, "b"]) == f"'{text}; b"
    assert cell(-5) == "-5"


def test_csv_is_bounded() -> None:
    """The CSV has whole rows, as many as there is room for, and the count says how many."""
    url, count = csv_url(["text"], [("x" * 1000,)] * 1000)
    cells = decoded(url)
    assert count == len(cells) - 1 == LARGEST_CSV // 1002
    assert {len(row[0]) for row in cells[1:]} == {1000}
