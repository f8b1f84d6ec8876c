"""services/events/entries.py: the events of a response."""

from typing import Any

import pytest

from source_pypi.errors import DocumentError
from source_pypi.services.events.entries import NO_TIME, JournalEntry, JournalPage, entries_of, unescaped
from source_pypi.streams.events import STREAM, Event

URL = "http://index.test/pypi"


def test_entries_in_order() -> None:
    """Events are returned in the order of their serials, each once; those that are known are left out."""
    rows = [["b", "1", 5, "x", 9], ["a", None, 4, "create", 8], ["b", "1", 5, "x", 9], ["old", None, 1, "create", 7]]
    expected = [JournalEntry("a", None, 4, "create", 8), JournalEntry("b", "1", 5, "x", 9)]
    assert entries_of(rows, 7, URL) == expected


def test_no_entries() -> None:
    """An empty list has no events."""
    assert entries_of([], 7, URL) == []


def test_further_fields_are_ignored() -> None:
    """A later version of the index may append fields."""
    assert entries_of([["a", "", 4, "create", 8, "more"]], 7, URL) == [JournalEntry("a", None, 4, "create", 8)]


def test_an_event_that_lacks_something_refuses_no_page() -> None:
    """What is null in an event, but its serial, is empty: refusing its page would end the stream for good."""
    (entry,) = entries_of([[None, None, None, None, 8]], 7, URL)
    assert entry == JournalEntry("", None, NO_TIME, "", 8)
    (row,) = STREAM.rows(JournalPage((entry,)))
    assert isinstance(row, Event)
    assert (row.project, row.time, row.kind, row.serial) == (None, None, "other", 8)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        5,
        "text",
        {"a": 1},
        [["a", None, 4, "create"]],
        [["a", None, "4", "create", 8]],
        [["a", None, 4, "create", True]],
        [["a", None, 4, "create", None]],
        [["a", 1, 4, "create", 8]],
        [["a", None, 4, 5, 8]],
        ["abcde"],
    ],
    ids=repr,
)
def test_anything_else_is_refused(rows: Any) -> None:
    """A response with anything but events is an error, which shows the beginning of it."""
    with pytest.raises(DocumentError, match="expected a list of events"):
        entries_of(rows, 0, URL)


def test_a_page_that_repeats_is_refused() -> None:
    """A server that ignores the serial would send the same page for ever."""
    with pytest.raises(DocumentError, match="expected events after 9, found only earlier events"):
        entries_of([["a", None, 4, "create", 8]], 9, URL)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("add py3 file a.whl", "add py3 file a.whl"),
        ("add Owner caf&#233;&#8230;", "add Owner caf\u00e9\u2026"),
        ("&#38;#233;", "&#233;"),
        ("&amp; &lt; &#xe9;", "&amp; &lt; &#xe9;"),
        ("&#0; &#55296; &#9999999;", "&#0; &#55296; &#9999999;"),
    ],
)
def test_references_are_resolved_once(action: str, expected: str) -> None:
    """Decimal references, which the index writes, are resolved once; all other text stays."""
    assert unescaped(action) == expected
