"""Values as the index writes them, and as tables want them."""

import pytest

from source_pypi.streams._values import absolute, is_url, keywords, text, texts


@pytest.mark.parametrize("value", [None, "", " ", "\n\t ", "\u00a0", "UNKNOWN"])
def test_text_that_means_nothing(value: str | None) -> None:
    """An empty text, white space, and the UNKNOWN of old tools are null."""
    assert text(value) is None


@pytest.mark.parametrize("value", ["a", " a ", "unknown", "UNKNOWN.", "0", "None", "null", "\u200b"])
def test_text_that_means_something(value: str) -> None:
    """Any other text stays as it is."""
    assert text(value) == value


def test_texts() -> None:
    """A list stays, an empty one too; only what was not sent is null."""
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
def test_keywords(value: str | None, expected: list[str] | None) -> None:
    """Keywords are split at commas where there are any, else at white space."""
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
def test_address(value: str | None, expected: str | None) -> None:
    """A relative address is made absolute, and what is no address at all stays as it is."""
    base = "http://index.test/root/pypi/foo/json"
    assert absolute(value, base) == expected


def test_what_is_very_long_is_not_taken_apart() -> None:
    """Very long keywords are one keyword; a very long address stays as it is, and is not asked for."""
    long = "a " * 10_000
    assert keywords(long) == [long]
    assert absolute("../" * 10_000, "http://index.test/") == "../" * 10_000
    assert not is_url("http://index.test/" + "a" * 10_000)
