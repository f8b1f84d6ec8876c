"""services/index/documents/document.py: what is read, what is refused, and what stays of a body."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from source_pypi.errors import DocumentError, TooLargeError
from source_pypi.safety.limits import DEEPEST
from source_pypi.services.index.documents import (
    Document,
    Project,
    Provenance,
    Release,
    Statistics,
    document,
    one_line,
    open_document,
    plain,
)
from source_pypi.services.index.documents.document import _CHUNK, check_nesting, excerpt
from tests.services.index.documents.samples import URL, bodies, encode, open_project

A_PROJECT = "a project document (JSON with 'info')"
TOO_DEEP = f"{URL}: 101 or more levels of nesting exceed the limit of 100; "
#: What stands in the place of ``%s`` in ``{"info":{%s}}``, and what is left of it.
ODD_TEXT = {
    "half a surrogate pair": (rb'"summary":"a\ud83d!"', '"summary":"a\ufffd!"'),
    "the other half": (rb'"summary":"a\udc0d!"', '"summary":"a\ufffd!"'),
    "two wrong halves": (rb'"summary":"\udc0d\ud83d"', '"summary":"\ufffd\ufffd"'),
    "half a pair in an unknown key's value": (rb'"new":["\ud83d"]', '"new":["\ufffd"]'),
    "half a pair in an unknown key": (rb'"n\ud83d":{"\udc0d":1}', '"n\ufffd":{"\ufffd":1}'),
    "a whole pair beside half of one": (rb'"a":"\ud83d\udc0d","b":"\ud83d"', '"a":"\U0001f40d","b":"\ufffd"'),
    "bytes that are no UTF-8": (b'"summary":"a\xff\xfe!"', '"summary":"a\ufffd\ufffd!"'),
    "such bytes in an unknown key": (b'"n\xff":1', '"n\ufffd":1'),
    "such bytes in an unknown key's value": (b'"new":{"a":"\xc3("}', '"new":{"a":"\ufffd("}'),
    "a surrogate written as UTF-8": (b'"new":"\xed\xa0\x80"', '"new":"\ufffd\ufffd\ufffd"'),
}
REFUSED = {
    "nothing": (b"", "an empty body"),
    "white space": (b" \r\n\t", "an empty body"),
    "HTML": (b"<!DOCTYPE html>\n<html lang='en'>\n", "\"<!DOCTYPE html> <html lang='en'>\""),
    "a text": (b'"info"', "'\"info\"'"),
    "null": (b"null", "'null'"),
    "a number": (b"5", "'5'"),
    "a list": (b'[{"info":{}}]', "'[{\"info\":{}}]'"),
    "an empty object": (b"{}", "'{}'"),
    "not found": (b'{"message": "Not Found"}', '\'{"message": "Not Found"}\''),
    "info is null": (b'{"info":null}', "'{\"info\":null}'"),
    "info is a list": (b'{"info":[]}', "'{\"info\":[]}'"),
    "info is a text": (b'{"info":"a"}', '\'{"info":"a"}\''),
    "info elsewhere": (b'{"data":{"info":{}}}', '\'{"data":{"info":{}}}\''),
    "cut off": (b'{"info":{"name":"Fo', '\'{"info":{"name":"Fo\''),
    "more behind it": (b'{"info":{}} {}', "'{\"info\":{}} {}'"),
    "a comma too many": (b'{"info":{},}', "'{\"info\":{},}'"),
    "single quotes": (b"{'info':{}}", "\"{'info':{}}\""),
    "a raw newline in a text": (b'{"info":{"name":"a\nb"}}', '\'{"info":{"name":"a b"}}\''),
    "a long page": (b"<p>" + b"x" * 500, f"'<p>{'x' * 57}'"),
}


@pytest.mark.parametrize("name", ["project", "release", "statistics"])
def test_valid_document_keeps_its_bytes(name: str) -> None:
    """A valid document is typed, and keeps its bytes and the values of the headers."""
    body, type_ = bodies()[name]
    expected = Document(
        url=URL,
        content=msgspec.json.decode(body, type=type_),
        body=body.rstrip(b"\n"),
        etag='"abc"',
        serial=7,
        invalid_fields=(),
    )
    assert open_document(body, type_, URL, etag='"abc"', serial=7) == expected


def test_missing_headers_are_none() -> None:
    """Without the headers, ETag and serial are None."""
    document = open_project({"info": {}})
    assert (document.etag, document.serial) == (None, None)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["project", "release", "statistics"])
def test_indented_document_becomes_one_line(name: str, newline: str) -> None:
    """An indented document becomes one line with the same content in the same order."""
    body, type_ = bodies()[name]
    pretty = json.dumps(json.loads(body), indent=4, ensure_ascii=False).replace("\n", newline).encode()
    assert open_document(pretty, type_, URL) == open_document(body, type_, URL)
    assert open_document(pretty, type_, URL).body == encode(json.loads(body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":1}', b'{"a":1}'),
        (b' {"a": 1}\t\r\n', b'{"a": 1}'),
        (b'{\n  "b": [1, 2],\n  "a": "x  y\\n"\n}\n', b'{"b":[1,2],"a":"x  y\\n"}'),
        (b'{"a":\r1.50}', b'{"a":1.50}'),
    ],
)
def test_one_line(body: bytes, expected: bytes) -> None:
    """White space between values is removed only from several lines."""
    assert one_line(body) == expected


@pytest.mark.parametrize(("sent", "kept"), ODD_TEXT.values(), ids=ODD_TEXT.keys())
def test_invalid_utf_8_is_replaced(sent: bytes, kept: str) -> None:
    """Bytes that are not UTF-8, and unpaired surrogates, become U+FFFD."""
    document = open_project(b'{"info":{%s}}' % sent)
    expected = {"info": json.loads(f"{{{kept}}}")}
    assert json.loads(document.body.decode()) == expected
    assert document.content == msgspec.convert(expected, Project)
    assert document.invalid_fields == ()


@pytest.mark.parametrize("text", ["\ufeffa", "a\u0000b", "\u2028\u0085", "\U0001f40d", "\ufffd"])
def test_unusual_characters_stay(text: str) -> None:
    """Unusual characters stay, also in a document with invalid fields."""
    document = open_project({"info": {"summary": text, "new": text, "name": 1}})
    assert json.loads(document.body) == {"info": {"summary": text, "new": text, "name": None}}
    assert document.content.info.summary == text


@pytest.mark.parametrize("before", [0, _CHUNK - 9, _CHUNK - 8, _CHUNK - 7, 3 * _CHUNK])
@pytest.mark.parametrize(
    ("letter", "sound"), [("\u00e4".encode(), True), ("\U0001f40d".encode(), True), (b"\xf0\x9f", False)]
)
def test_utf_8_is_checked_across_chunks(before: int, letter: bytes, sound: bool) -> None:
    """UTF-8 is checked in chunks; a letter across two chunks is valid, a broken one is replaced."""
    body = b'{"new": "' + b"x" * before + letter + b'","info": {}}'
    found = open_document(body, Project, URL).body
    assert (found == body) is sound
    assert ("\ufffd".encode() in found) is not sound


def test_byte_order_mark_is_ignored() -> None:
    """A byte order mark changes nothing."""
    body, _ = bodies()["project"]
    with_mark, without = open_project(b"\xef\xbb\xbf" + body), open_project(body)
    assert with_mark.content == without.content
    assert json.loads(with_mark.body) == json.loads(without.body)
    assert with_mark.invalid_fields == ()


@pytest.mark.parametrize(("body", "found"), REFUSED.values(), ids=REFUSED.keys())
def test_other_bodies_are_refused(body: bytes, found: str) -> None:
    """Any other body is refused with its URL, the expected document and the beginning of the body."""
    with pytest.raises(DocumentError) as caught:
        open_project(body)
    error = caught.value
    assert (error.url, error.expected, error.found) == (URL, A_PROJECT, found)


@pytest.mark.parametrize(
    ("type_", "body", "expected"),
    [
        (Project, b"[]", A_PROJECT),
        (Release, b"[]", "a release document (JSON with 'info')"),
        (Release, b'{"info":1}', "a release document (JSON with 'info')"),
        (Statistics, b"[]", "the index's statistics (JSON with 'top_packages')"),
        (Statistics, b'{"info":{}}', "the index's statistics (JSON with 'top_packages')"),
        (Statistics, b'{"top_packages":[]}', "the index's statistics (JSON with 'top_packages')"),
        (Statistics, b'{"top_packages":null}', "the index's statistics (JSON with 'top_packages')"),
    ],
)
def test_error_names_the_expected_document(type_: type[Any], body: bytes, expected: str) -> None:
    """The error names the expected document."""
    with pytest.raises(DocumentError) as caught:
        open_document(body, type_, URL)
    assert (caught.value.url, caught.value.expected) == (URL, expected)


@pytest.mark.parametrize("body", [b"\x00\x01\x02", b"\xff\xfe\xfd", "\u4e0d\u5b58\u5728".encode()])
def test_unprintable_body_is_not_called_empty(body: bytes) -> None:
    """A body without printable characters is not called empty."""
    with pytest.raises(DocumentError) as caught:
        open_project(body)
    assert caught.value.found != "an empty body"


def test_excerpt_is_printable_ascii() -> None:
    """The excerpt of any body is one line of printable ASCII, and says where the body ends to be UTF-8."""
    with pytest.raises(DocumentError) as caught:
        open_project(b"<p>\x1b[31m caf\xc3\xa9\xff\r\n\x00</p>")
    assert caught.value.found == "'<p> [31m caf </p>', which is not UTF-8 from byte 15 on"


@pytest.mark.parametrize("depth", [10, 200, 500, 700, 950, 1_000, 2_000, 100_000])
@pytest.mark.parametrize("nested", [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
@pytest.mark.parametrize("name", [b'"Foo"', b"1"], ids=["sound", "odd"])
def test_deep_nesting_is_read_or_refused(depth: int, nested: tuple[bytes, bytes], name: bytes) -> None:
    """A document of any depth is read, or refused like any other body."""
    opening, closing = nested
    body = b'{"info":{"name":%s,"new":%s1%s}}' % (name, opening * depth, closing * depth)
    try:
        found: tuple[str, str | None] = "opened", open_project(body).content.info.name
    except DocumentError as error:
        found = "refused", error.url
    expected: list[tuple[str, str | None]] = [("opened", None if name == b"1" else "Foo"), ("refused", URL)]
    assert found in (expected if depth > 200 else expected[:1])


@pytest.mark.parametrize("depth", [500, 100_000])
def test_brackets_alone_are_refused(depth: int) -> None:
    """A body of nothing but brackets is refused."""
    with pytest.raises(DocumentError):
        open_project(b"[" * depth)
    with pytest.raises(DocumentError):
        open_project(b"[" * depth + b"]" * depth)


def test_sections_are_the_top_level_keys() -> None:
    """The sections are all top-level keys with their JSON, in order."""
    document = open_project(b'{"new": [1, 2.50] ,"info":{"name":"a" },"last_serial":7}\n')
    sections = {key: bytes(value) for key, value in document.sections.items()}
    assert sections == {"new": b"[1, 2.50]", "info": b'{"name":"a" }', "last_serial": b"7"}
    assert list(sections) == ["new", "info", "last_serial"]


def test_has_finds_keys_at_any_depth() -> None:
    """``has`` finds a key at any depth, whatever its value."""
    document = open_document(b'{"info":{"name":null,"downloads":{"last_day":1}}}', Project, "http://a/x")
    paths = ["info", "info.name", "info.downloads.last_day", "urls", "info.nope", "urls.nope", "info.nope.last_day"]
    assert [document.has(path) for path in paths] == [True, True, True, False, False, False, False]


def test_plain_value() -> None:
    """``plain`` returns Python values; a number that a double cannot hold is None."""
    assert plain(b'{"a":[1,1e999]}') == {"a": [1, None]}


def nested(levels: int) -> bytes:
    """A number within this many lists."""
    return b"[" * levels + b"1" + b"]" * levels


def section(value: bytes) -> bytes:
    """The section of a project document with this value."""
    return bytes(open_document(b'{"info":{},"new":%s}' % value, Project, URL).sections["new"])


def test_deepest_accepted_nesting() -> None:
    """Sections as deep as destinations accept, including the document, are returned."""
    assert section(nested(DEEPEST - 1)) == nested(DEEPEST - 1)


@pytest.mark.parametrize("levels", [DEEPEST, DEEPEST + 1, 300])
def test_sections_nested_too_deep(levels: int) -> None:
    """A document that is nested too deep has no sections; the error has its URL."""
    with pytest.raises(TooLargeError) as caught:
        section(nested(levels))
    assert str(caught.value).startswith(TOO_DEEP)


def test_nesting_too_deep_to_measure() -> None:
    """JSON whose depth cannot be measured is too deep."""
    with pytest.raises(TooLargeError) as caught:
        check_nesting(nested(100_000), URL)
    assert str(caught.value).startswith(TOO_DEEP)


@pytest.mark.parametrize(("version", "read"), [(b"1", 1), (b'"1"', None)], ids=["sound", "repaired"])
def test_provenance_nested_too_deep_is_refused(version: bytes, read: int | None) -> None:
    """Provenance that is nested too deep is refused, with and without invalid fields."""
    outer = b'{"attestation_bundles":[{"publisher":{"a":%s}}],"version":%s}'
    assert open_document(outer % (nested(DEEPEST - 4), version), Provenance, URL).content.version == read
    with pytest.raises(TooLargeError) as caught:
        open_document(outer % (nested(DEEPEST - 3), version), Provenance, URL)
    assert str(caught.value).startswith(TOO_DEEP)


def test_too_many_values_are_refused_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document with too many values is refused before it is decoded."""
    monkeypatch.setattr(document, "MOST_VALUES", 1000)
    body = b'{"info":{},"new":[%s0]}'
    assert section(b"[%s0]" % (b"0," * 999)) == b"[%s0]" % (b"0," * 999)
    with pytest.raises(TooLargeError) as caught:
        open_document(body % (b"0," * 1000), Project, URL)
    assert str(caught.value).startswith(f"{URL}: 1,002 values exceed the limit of 1,000; ")


def test_short_documents_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is too short for the limit of values is read, whatever its texts contain."""
    monkeypatch.setattr(document, "MOST_VALUES", 1000)
    body = b'{"info":{"summary":"%s"}}'
    commas = 2000 - len(body % b"")
    assert open_document(body % (b"," * commas), Project, URL).content.info.summary == "," * commas


@pytest.mark.parametrize(("digits", "kept"), [(4300, b"9" * 4300), (4301, b"null")])
def test_longest_number(digits: int, kept: bytes) -> None:
    """The longest number that Python converts stays in a document with invalid fields; a longer one becomes null."""
    body = b'{"info":{"name":1,"new":%s}}' % (b"9" * digits)
    assert open_document(body, Project, URL).body == b'{"info":{"name":null,"new":%s}}' % kept


def test_plain_number_with_too_many_digits() -> None:
    """``plain`` returns None for a number with too many digits."""
    assert plain(b'{"a":[1,%s]}' % (b"9" * 5000)) == {"a": [1, None]}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "an empty body"),
        (b" \n", "an empty body"),
        (b"\x00\x01\x02", "bytes that are not text"),
        ("\u4e0d\u5b58\u5728".encode(), "bytes that are not text"),
        (b"\x00" * 200 + b"abc", "bytes that are not text"),
        (b'{"a": "\xe9"', """'{"a": " "', which is not UTF-8 from byte 8 on"""),
        ('{"a"'.encode("utf-16-le").join([b"\xff\xfe", b""]), """'{ " a "', which is not UTF-8 from byte 1 on"""),
        (b"\x00" * 199 + b"abc", "'a'"),
        (b"x" * 61, f"'{'x' * 60}'"),
    ],
)
def test_excerpt(body: bytes, found: str) -> None:
    """The excerpt is at most 60 printable characters of the first 200 bytes."""
    assert excerpt(body) == found
    with pytest.raises(DocumentError) as caught:
        open_document(body, Project, URL)
    assert caught.value.found == found
