"""services/index/documents/core_metadata.py: METADATA files."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_pypi.errors import DocumentError, TooLargeError
from source_pypi.safety.limits import MOST_HEADERS
from source_pypi.services.index.documents import CoreMetadata, Document, document, open_core_metadata

ADDRESS = "http://files.test/foo-1.0-py3-none-any.whl.metadata"
HEAD = b"Metadata-Version: 2.1\nName: foo\n"


def test_metadata_is_read_by_field() -> None:
    """A METADATA file is read field by field, and keeps the values of the headers."""
    body = HEAD + b"Version: 1.0\nRequires-Dist: a>=1\nRequires-Dist: b\nKeywords: x,y\nFoo: bar\n\nAt length.\n"
    raw: dict[str, Any] = {
        "metadata_version": "2.1",
        "name": "foo",
        "version": "1.0",
        "requires_dist": ["a>=1", "b"],
        "keywords": ["x", "y"],
        "description": "At length.\n",
    }
    content = CoreMetadata(raw, {"foo": ["bar"]})
    assert open_core_metadata(body, ADDRESS, etag='"abc"', serial=7) == Document(ADDRESS, content, body, '"abc"', 7, ())


@pytest.mark.parametrize(
    ("rest", "raw", "unparsed"),
    [
        (b"", {}, {}),
        (b"Name: bar\n", None, {"name": ["foo", "bar"]}),
        (b"Requires-Dist: pytz (>dev)\n", {"requires_dist": ["pytz (>dev)"]}, {}),
        (b"Summary: \xff\n", {}, {"summary": ["\u00ff"]}),
        (b"Summary: a\nSummary: b\n", {}, {"summary": ["a", "b"]}),
        (b"\n\xff\n", {}, {"description": ["\u00ff\n"]}),
        (b"Summary: na\xc3\xafve\r\n", {"summary": "na\u00efve"}, {}),
    ],
)
def test_invalid_headers_are_kept_apart(rest: bytes, raw: dict[str, Any] | None, unparsed: dict[str, Any]) -> None:
    """A header that does not parse is kept under its own key, and affects no other."""
    expected = {"metadata_version": "2.1"} | ({"name": "foo"} | raw if raw is not None else {})
    assert open_core_metadata(HEAD + rest, ADDRESS).content == CoreMetadata(expected, unparsed)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"404 Not Found",
        b"<!DOCTYPE html>\n<html></html>",
        b'{"message": "Not Found"}',
        b"Name: foo\nVersion: 1.0\n",
        b"Metadata-Version: 2.1\nVersion: 1.0\n",
        b"\nMetadata-Version: 2.1\nName: foo\n",
    ],
)
def test_file_without_required_headers_is_refused(body: bytes) -> None:
    """A file without Metadata-Version or Name is refused."""
    with pytest.raises(DocumentError) as caught:
        open_core_metadata(body, ADDRESS)
    assert (caught.value.url, caught.value.expected) == (ADDRESS, "core metadata (with Metadata-Version and Name)")


@given(st.binary(), st.booleans())
def test_any_bytes_are_read_or_refused(rest: bytes, headed: bool) -> None:
    """Any bytes are core metadata, or refused."""
    try:
        document = open_core_metadata(HEAD + rest if headed else rest, ADDRESS)
    except DocumentError:
        return
    assert document.invalid_fields == ()


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Type: message/rfc822\n\n" * 5000,
        b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (i, i) for i in range(2000)),
    ],
    ids=["messages", "parts"],
)
def test_nested_messages_are_refused(body: bytes) -> None:
    """Deeply nested messages are refused; the error quotes the beginning."""
    with pytest.raises(DocumentError) as caught:
        open_core_metadata(HEAD + body, ADDRESS)
    begins = " ".join((HEAD + body)[:200].decode().split())[:60]
    assert caught.value.args == (ADDRESS, "core metadata (with Metadata-Version and Name)", repr(begins))


def test_too_many_headers_are_refused() -> None:
    """Too many different headers are refused, since the parser takes time by the square of their number."""
    many = b"".join(b"X-%d: a\n" % number for number in range(50_000))
    with pytest.raises(TooLargeError) as caught:
        open_core_metadata(HEAD + many, ADDRESS)
    assert str(caught.value).startswith(f"{ADDRESS}: 50,002 different headers exceed the limit of 500; ")
    assert len(open_core_metadata(HEAD + b"\n" + many, ADDRESS).content.raw["description"]) == len(many)


HEAD = b"Metadata-Version: 2.1\nName: foo\n"


@pytest.mark.parametrize(
    ("body", "unparsed"),
    [
        (b"METADATA-VERSION: 2.1\nMetadata-Version: 2.2\nName: foo\n\n", {"metadata-version": ["2.1", "2.2"]}),
        (HEAD + b"\n\xe9 one\n\ntwo", {"description": ["\xe9 one\n\ntwo"]}),
    ],
)
def test_invalid_header_is_kept_whole(body: bytes, unparsed: dict[str, list[str]]) -> None:
    """A header that does not parse is kept whole under its own key."""
    assert open_core_metadata(body, "http://a/x").content.unparsed == unparsed


def test_multipart_description_is_kept_whole() -> None:
    """The body of a multipart message is kept whole as the description."""
    body = HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\none\n\ntwo\n--b--\n'
    assert "--b\n\none\n\ntwo\n--b--\n" in str(
        open_core_metadata(body, "http://a/x").content.unparsed.values()
    ).replace("\\n", "\n")


@pytest.mark.parametrize("header", ["message/rfc822", 'multipart/mixed; boundary="b"\n--b\n\r--b--'])
def test_multipart_message_without_an_empty_line(header: str) -> None:
    """A multipart message without an empty line is kept whole."""
    body = HEAD + f"Content-Type: {header}\n".encode()
    unparsed = open_core_metadata(body, ADDRESS).content.unparsed
    assert unparsed == {"content-type": [header.partition("\n")[0]], "description": [body.decode()]}


def test_too_many_lines_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with too many lines is refused before it is parsed."""
    monkeypatch.setattr(document, "MOST_VALUES", 1000)
    with pytest.raises(TooLargeError) as caught:
        open_core_metadata(HEAD + b"\n" + b"a\n" * 998, ADDRESS)
    assert str(caught.value).startswith(f"{ADDRESS}: 1,002 values exceed the limit of 1,000; ")
    assert open_core_metadata(HEAD + b"\n" + b"a\n" * 997, ADDRESS).content.raw["description"] == "a\n" * 997


def test_error_quotes_the_beginning() -> None:
    """The error for a file without the required headers quotes its beginning."""
    with pytest.raises(DocumentError) as caught:
        open_core_metadata(b"<html>", "http://a/x")
    assert caught.value.args == ("http://a/x", "core metadata (with Metadata-Version and Name)", "'<html>'")


def test_largest_accepted_number_of_headers() -> None:
    """The limit of different headers is accepted; lines of a description are not headers."""
    headers = b"".join(b"X-%d: x\n" % number for number in range(MOST_HEADERS - 2))
    text = b"".join(b"Y-%d: x\n\n" % number for number in range(9))
    assert open_core_metadata(HEAD + headers + b"\n" + text, "http://a/x").content.raw["name"] == "foo"
