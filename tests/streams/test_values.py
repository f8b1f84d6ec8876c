"""Conversions of values of the index to values of columns."""

import pytest

from source_pypi.schema import DELETED_AT, SEEN_AT
from source_pypi.streams._values import SYNC_COLUMNS, absolute, is_url, keywords, text, texts, without_own_keys


@pytest.mark.parametrize("value", [None, "", " ", "\n\t ", "\u00a0", "UNKNOWN"])
def test_empty_texts_are_null(value: str | None) -> None:
    """An empty text, white space, and the UNKNOWN of old tools are null."""
    assert text(value) is None


@pytest.mark.parametrize("value", ["a", " a ", "unknown", "UNKNOWN.", "0", "None", "null", "\u200b"])
def test_other_texts_are_unchanged(value: str) -> None:
    """Any other text is unchanged."""
    assert text(value) == value


def test_missing_list_is_null() -> None:
    """A list, even an empty one, is unchanged; a missing one is null."""
    assert (texts(None), texts([]), texts(["b", "", "a"])) == (None, [], ["b", "", "a"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("UNKNOWN", None),
        ("web", ["web"]),
        ("web, wsgi, http client", ["web", "wsgi", "http client"]),
        ("web,wsgi,", ["web", "wsgi"]),
        ("web wsgi\nhttp", ["web", "wsgi", "http"]),
        ("web wsgi, http", ["web wsgi", "http"]),
        (" web ", ["web"]),
        (",", []),
        ("web; wsgi", ["web;", "wsgi"]),
        ("a, a", ["a", "a"]),
    ],
)
def test_keywords_are_split(value: str | None, expected: list[str] | None) -> None:
    """Keywords are split at commas or, if there are none, at white space."""
    assert keywords(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("https://files.example.com/a/foo-1.0.tar.gz", "https://files.example.com/a/foo-1.0.tar.gz"),
        ("../../packages/foo-1.0.tar.gz", "http://index.test/root/packages/foo-1.0.tar.gz"),
        ("/packages/foo-1.0.tar.gz#sha256=00", "http://index.test/packages/foo-1.0.tar.gz#sha256=00"),
        ("foo-1.0.tar.gz", "http://index.test/root/pypi/foo/foo-1.0.tar.gz"),
        ("//files.example.com/foo-1.0.tar.gz", "http://files.example.com/foo-1.0.tar.gz"),
        ("//[::1/foo", "//[::1/foo"),
    ],
)
def test_relative_url_is_made_absolute(value: str | None, expected: str | None) -> None:
    """A relative URL is made absolute, and an invalid one is unchanged."""
    base = "http://index.test/root/pypi/foo/json"
    assert absolute(value, base) == expected


def test_very_long_texts_are_not_parsed() -> None:
    """Very long keywords are one keyword; a very long URL is unchanged and cannot be requested."""
    long = "a " * 10_000
    assert keywords(long) == [long]
    assert absolute("../" * 10_000, "http://index.test/") == "../" * 10_000
    assert not is_url("http://index.test/" + "a" * 10_000)


def test_sync_columns() -> None:
    """The columns that a sync adds are those that documents cannot set."""
    assert (SEEN_AT.name, DELETED_AT.name) == SYNC_COLUMNS
    document = {"Seen_at": 1, "_AB_CDC_DELETED_AT": 2, "Project": 3, "info": 4, "version": 5}
    assert without_own_keys(document, "project") == {"info": 4, "version": 5}
