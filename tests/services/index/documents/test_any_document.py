"""What an index may answer, checked at the door: what passes, what is mended, what is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_pypi.errors import DocumentError
from source_pypi.services.index.documents import (
    Document,
    PackageSize,
    Project,
    Release,
    Statistics,
    one_line,
    open_document,
    plain,
)
from source_pypi.services.index.documents.document import _CHUNK
from source_pypi.services.index.documents.invalid_fields import InvalidField
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.fake_index.documents import View, project_document, release_document, stats_json

ADDRESS = "http://index.test/pypi/foo/json"
A_PROJECT = "a project document (JSON with 'info')"
NUMBER = "a whole number of 64 bits"


def written(document: Any) -> bytes:
    """A document as the index writes it, without the newline at its end."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def opened(document: Any) -> Document[Project]:
    """A project document, opened; bytes as they are, anything else written first."""
    return open_document(document if isinstance(document, bytes) else written(document), Project, ADDRESS)


def world() -> World:
    """A world with one project that has some of everything."""
    made = World()
    made.add("Foo", ["1.0", "2.0"], summary="A \u201cfoo\u201d \U0001f40d", owner="alice", keywords="a, b")
    made.release("Foo", "0.1")
    made.add_advisory("Foo", "2.0", "PYSEC-2024-1")
    made.yank("Foo", "1.0", "broken")
    return made


def bodies() -> dict[str, tuple[bytes, type[Any]]]:
    """A document of each type, as the fake index writes it."""
    made, view = world(), View("http://index.test")
    project = made.projects["foo"]
    document = project_document(project, view)
    assert document is not None
    return {
        "project": (document, Project),
        "release": (release_document(project, project.releases["1.0"], view), Release),
        "statistics": (stats_json(made.projects.values()), Statistics),
    }


@pytest.mark.parametrize("name", ["project", "release", "statistics"])
def test_a_sound_document_passes_as_it_is(name: str) -> None:
    """A document as it should be is typed, and keeps its bytes and what the headers said."""
    body, type_ = bodies()[name]
    expected = Document(
        url=ADDRESS,
        content=msgspec.json.decode(body, type=type_),
        body=body.rstrip(b"\n"),
        etag='"abc"',
        serial=7,
        invalid_fields=(),
    )
    assert open_document(body, type_, ADDRESS, etag='"abc"', serial=7) == expected


def test_a_mended_document_keeps_what_the_headers_said() -> None:
    """Address, ETag and serial stay with a document that had to be mended."""
    body = written({"info": {"name": 1}})
    expected = Document(
        url=ADDRESS,
        content=msgspec.convert({"info": {}}, Release),
        body=b'{"info":{"name":null}}',
        etag='"abc"',
        serial=7,
        invalid_fields=(InvalidField("$.info.name", "text", "1"),),
    )
    assert open_document(body, Release, ADDRESS, etag='"abc"', serial=7) == expected


def test_headers_that_were_not_sent_are_none() -> None:
    """An index that sends neither ETag nor serial leaves them None."""
    document = opened({"info": {}})
    assert (document.etag, document.serial) == (None, None)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["project", "release", "statistics"])
def test_a_pretty_printed_document_becomes_one_line(name: str, newline: str) -> None:
    """A document over many lines says the same on one line, in the same order."""
    body, type_ = bodies()[name]
    pretty = json.dumps(json.loads(body), indent=4, ensure_ascii=False).replace("\n", newline).encode()
    assert open_document(pretty, type_, ADDRESS) == open_document(body, type_, ADDRESS)
    assert open_document(pretty, type_, ADDRESS).body == written(json.loads(body))


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
    """Only white space between values goes, and only where there are several lines."""
    assert one_line(body) == expected


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


@pytest.mark.parametrize(("sent", "kept"), ODD_TEXT.values(), ids=ODD_TEXT.keys())
def test_texts_that_utf_8_cannot_hold(sent: bytes, kept: str) -> None:
    """What UTF-8 cannot hold is replaced by U+FFFD, wherever it stands."""
    document = opened(b'{"info":{%s}}' % sent)
    expected = {"info": json.loads(f"{{{kept}}}")}
    assert json.loads(document.body.decode()) == expected
    assert document.content == msgspec.convert(expected, Project)
    assert document.invalid_fields == ()


@pytest.mark.parametrize("text", ["\ufeffa", "a\u0000b", "\u2028\u0085", "\U0001f40d", "\ufffd"])
def test_texts_that_utf_8_can_hold(text: str) -> None:
    """Odd characters stay, also in a document that is mended for something else."""
    document = opened({"info": {"summary": text, "new": text, "name": 1}})
    assert json.loads(document.body) == {"info": {"summary": text, "new": text, "name": None}}
    assert document.content.info.summary == text


@pytest.mark.parametrize("before", [0, _CHUNK - 9, _CHUNK - 8, _CHUNK - 7, 3 * _CHUNK])
@pytest.mark.parametrize(
    ("letter", "sound"), [("\u00e4".encode(), True), ("\U0001f40d".encode(), True), (b"\xf0\x9f", False)]
)
def test_texts_of_many_pieces(before: int, letter: bytes, sound: bool) -> None:
    """What is UTF-8 is found out some bytes at a time, wherever a letter stands; a broken one is replaced."""
    body = b'{"new": "' + b"x" * before + letter + b'","info": {}}'
    found = open_document(body, Project, ADDRESS).body
    assert (found == body) is sound
    assert ("\ufffd".encode() in found) is not sound


def test_a_byte_order_mark_is_left_out() -> None:
    """A mark before the document changes nothing."""
    body, _ = bodies()["project"]
    with_mark, without = opened(b"\xef\xbb\xbf" + body), opened(body)
    assert with_mark.content == without.content
    assert json.loads(with_mark.body) == json.loads(without.body)
    assert with_mark.invalid_fields == ()


NUMBERS = {
    "true": ("true", "True"),
    "false": ("false", "False"),
    "a text": ('"5"', "'5'"),
    "a float": ("5.0", "5.0"),
    "an exponent": ("1e2", "100.0"),
    "out of a float's range": ("1e999", "a number out of range"),
    "not a number": ("NaN", "a number out of range"),
    "infinity": ("Infinity", "a number out of range"),
    "minus infinity": ("-Infinity", "a number out of range"),
    "64 bits and one": ("9223372036854775808", "9223372036854775808"),
    "minus 64 bits and one": ("-9223372036854775809", "-9223372036854775809"),
    "30 digits": ("9" * 30, "9" * 30),
    "100 digits": ("9" * 100, "9" * 57 + "..."),
}


@pytest.mark.parametrize(("sent", "found"), NUMBERS.values(), ids=NUMBERS.keys())
def test_what_is_no_whole_number_of_64_bits(sent: str, found: str) -> None:
    """Where a whole number of 64 bits should be, anything else becomes null and is noted."""
    document = opened(b'{"info":{},"last_serial":%s}' % sent.encode())
    assert document.body == b'{"info":{},"last_serial":null}'
    assert document.content == msgspec.convert({"info": {}}, Project)
    assert document.invalid_fields == (InvalidField("$.last_serial", NUMBER, found),)


def test_a_number_of_more_digits_than_python_converts() -> None:
    """A number of thousands of digits costs its own field, like any other number that is too large."""
    document = opened(b'{"info":{"name":"Foo"},"last_serial":%s}' % (b"9" * 5000))
    assert document.body == b'{"info":{"name":"Foo"},"last_serial":null}'
    assert [(invalid_field.path, invalid_field.expected) for invalid_field in document.invalid_fields] == [
        ("$.last_serial", NUMBER)
    ]


def test_such_a_number_in_an_unknown_key_costs_nothing() -> None:
    """A number of thousands of digits in an unknown key does not keep a wrong field from being mended."""
    document = opened(b'{"info":{"name":1,"summary":"a","new":%s}}' % (b"9" * 5000))
    assert (document.content.info.name, document.content.info.summary) == (None, "a")
    assert document.invalid_fields == (InvalidField("$.info.name", "text", "1"),)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, -1])
def test_numbers_of_64_bits(number: int) -> None:
    """A whole number of 64 bits stays."""
    assert opened({"info": {}, "last_serial": number}).content.last_serial == number


@pytest.mark.parametrize("number", [2**63, 2**64, -(10**30), 10**100])
def test_large_numbers_in_unknown_keys(number: int) -> None:
    """A large number that no type knows stays, whether or not the document is mended."""
    for name in (None, 1):
        assert json.loads(opened({"info": {"name": name, "new": number}}).body)["info"]["new"] == number


def test_unknown_keys_stay() -> None:
    """Keys that no type knows stay in the body at every level, whether or not the document is mended."""
    unknown: dict[str, Any] = {"new": [1.5, {"a": None}], "renamed-key": True}
    file = {"filename": "a.whl", **unknown}
    document = {"info": {"name": "Foo", **unknown}, "urls": [file], "releases": {"1.0": [file]}, **unknown}
    assert json.loads(opened(document).body) == document
    mended = json.loads(opened({**document, "last_serial": "1"}).body)
    assert mended == {**document, "last_serial": None}


@pytest.mark.parametrize(
    ("document", "expected", "invalid_fields"),
    [
        (
            {"info": {}, "last_serial": None, "urls": {}, "releases": [], "ownership": "a", "vulnerabilities": 1},
            {
                "info": {},
                "last_serial": None,
                "urls": None,
                "releases": None,
                "ownership": None,
                "vulnerabilities": None,
            },
            [
                InvalidField("$.ownership", "an object", "'a'"),
                InvalidField("$.urls", "a list", "{}"),
                InvalidField("$.vulnerabilities", "a list", "1"),
                InvalidField("$.releases", "an object", "[]"),
            ],
        ),
        (
            {
                "info": {
                    "yanked": "no",
                    "classifiers": "a",
                    "requires_dist": ["a", None, 1],
                    "downloads": {"last_day": ""},
                }
            },
            {"info": {"yanked": None, "classifiers": None, "requires_dist": ["a"], "downloads": {"last_day": None}}},
            [
                InvalidField("$.info.classifiers", "a list", "'a'"),
                InvalidField("$.info.requires_dist[1]", "text", "None"),
                InvalidField("$.info.requires_dist[2]", "text", "1"),
                InvalidField("$.info.downloads.last_day", NUMBER, "''"),
                InvalidField("$.info.yanked", "true or false", "'no'"),
            ],
        ),
        (
            {"info": {"project_urls": {"Home": 1, "Docs": "d", "Bugs": None}}},
            {"info": {"project_urls": {"Home": None, "Docs": "d", "Bugs": None}}},
            [InvalidField("$.info.project_urls['Home']", "text", "1")],
        ),
        (
            {"info": {}, "ownership": {"roles": [{"role": 1, "user": "a"}, "b", None], "organization": []}},
            {"info": {}, "ownership": {"roles": [{"role": None, "user": "a"}], "organization": None}},
            [
                InvalidField("$.ownership.roles[0].role", "text", "1"),
                InvalidField("$.ownership.roles[1]", "an object", "'b'"),
                InvalidField("$.ownership.roles[2]", "an object", "None"),
                InvalidField("$.ownership.organization", "text", "[]"),
            ],
        ),
        (
            {"info": {}, "vulnerabilities": [{"id": 1, "aliases": ["a", 2], "fixed_in": "1.0"}, []]},
            {"info": {}, "vulnerabilities": [{"id": None, "aliases": ["a"], "fixed_in": None}]},
            [
                InvalidField("$.vulnerabilities[0].id", "text", "1"),
                InvalidField("$.vulnerabilities[0].aliases[1]", "text", "2"),
                InvalidField("$.vulnerabilities[0].fixed_in", "a list", "'1.0'"),
                InvalidField("$.vulnerabilities[1]", "an object", "[]"),
            ],
        ),
        (
            {
                "info": {},
                "releases": {
                    "1.0": [{"size": "5", "core-metadata": 1, "digests": {"md5": 1}, "upload_time": "now"}, "a"],
                    "2.0": "none",
                    "3.0": None,
                    "4.0": [{"core-metadata": {"sha256": 1}}],
                },
            },
            {
                "info": {},
                "releases": {
                    "1.0": [{"size": None, "core-metadata": None, "digests": {"md5": None}, "upload_time": None}],
                    "2.0": None,
                    "3.0": None,
                    "4.0": [{"core-metadata": {"sha256": None}}],
                },
            },
            [
                InvalidField("$.releases['1.0'][0].size", NUMBER, "'5'"),
                InvalidField("$.releases['1.0'][0].digests.md5", "text", "1"),
                InvalidField("$.releases['1.0'][0].core-metadata", "true or false or an object", "1"),
                InvalidField("$.releases['1.0'][0].upload_time", "a time (RFC 3339)", "'now'"),
                InvalidField("$.releases['1.0'][1]", "an object", "'a'"),
                InvalidField("$.releases['2.0']", "a list", "'none'"),
                InvalidField("$.releases['4.0'][0].core-metadata['sha256']", "text", "1"),
            ],
        ),
    ],
)
def test_wrong_types_at_every_level(document: Any, expected: Any, invalid_fields: list[InvalidField]) -> None:
    """What is of a wrong type becomes null, or leaves its list, and is noted with its path."""
    found = opened(document)
    assert json.loads(found.body) == expected
    assert found.content == msgspec.convert(expected, Project)
    assert list(found.invalid_fields) == invalid_fields


def test_statistics_are_mended_too() -> None:
    """A size of a wrong type costs that size and nothing more."""
    body = written({"top_packages": {"a": {"size": "1"}, "b": [], "c": {"size": 3}}, "total_packages_size": 4})
    document = open_document(body, Statistics, ADDRESS)
    assert document.content == Statistics({"a": PackageSize(None), "b": None, "c": PackageSize(3)}, 4)
    assert document.invalid_fields == (
        InvalidField("$.top_packages['a'].size", NUMBER, "'1'"),
        InvalidField("$.top_packages['b']", "an object", "[]"),
    )


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


@pytest.mark.parametrize(("body", "found"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_document_is_refused(body: bytes, found: str) -> None:
    """What is no project document is refused, with the address, what was expected, and how what came begins."""
    with pytest.raises(DocumentError) as caught:
        opened(body)
    error = caught.value
    assert (error.url, error.expected, error.found) == (ADDRESS, A_PROJECT, found)


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
def test_each_document_says_what_was_expected(type_: type[Any], body: bytes, expected: str) -> None:
    """An answer that is not the document it should be is told by that document's name."""
    with pytest.raises(DocumentError) as caught:
        open_document(body, type_, ADDRESS)
    assert (caught.value.url, caught.value.expected) == (ADDRESS, expected)


@pytest.mark.parametrize("body", [b"\x00\x01\x02", b"\xff\xfe\xfd", "\u4e0d\u5b58\u5728".encode()])
def test_what_cannot_be_printed_is_not_called_empty(body: bytes) -> None:
    """A body that has nothing printable in it is not told as an empty one."""
    with pytest.raises(DocumentError) as caught:
        opened(body)
    assert caught.value.found != "an empty body"


def test_what_came_instead_is_told_printable() -> None:
    """Whatever came instead is told on one line of printable ASCII."""
    with pytest.raises(DocumentError) as caught:
        opened(b"<p>\x1b[31m caf\xc3\xa9\xff\r\n\x00</p>")
    assert caught.value.found == "'<p> [31m caf </p>'"


@pytest.mark.parametrize("depth", [10, 200, 500, 700, 950, 1_000, 2_000, 100_000])
@pytest.mark.parametrize("nested", [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
@pytest.mark.parametrize("name", [b'"Foo"', b"1"], ids=["sound", "odd"])
def test_deep_nesting_is_opened_or_refused(depth: int, nested: tuple[bytes, bytes], name: bytes) -> None:
    """However deep an answer is nested, it is opened, or refused like any other answer that is no document."""
    opening, closing = nested
    body = b'{"info":{"name":%s,"new":%s1%s}}' % (name, opening * depth, closing * depth)
    try:
        found: tuple[str, str | None] = "opened", opened(body).content.info.name
    except DocumentError as error:
        found = "refused", error.url
    expected: list[tuple[str, str | None]] = [("opened", None if name == b"1" else "Foo"), ("refused", ADDRESS)]
    assert found in (expected if depth > 200 else expected[:1])


@pytest.mark.parametrize("depth", [500, 100_000])
def test_deep_nesting_instead_of_a_document_is_refused(depth: int) -> None:
    """An answer that is nothing but brackets is refused."""
    with pytest.raises(DocumentError):
        opened(b"[" * depth)
    with pytest.raises(DocumentError):
        opened(b"[" * depth + b"]" * depth)


def test_sections() -> None:
    """The sections are the top-level keys with the JSON of their values, known keys or not, in their order."""
    document = opened(b'{"new": [1, 2.50] ,"info":{"name":"a" },"last_serial":7}\n')
    sections = {key: bytes(value) for key, value in document.sections.items()}
    assert sections == {"new": b"[1, 2.50]", "info": b'{"name":"a" }', "last_serial": b"7"}
    assert list(sections) == ["new", "info", "last_serial"]


def test_sections_of_a_mended_document() -> None:
    """The sections of a mended document are mended."""
    sections = opened({"info": {"name": 1}, "last_serial": "7", "new": "a"}).sections
    assert {key: json.loads(bytes(value)) for key, value in sections.items()} == {
        "info": {"name": None},
        "last_serial": None,
        "new": "a",
    }


# A document of which anything may be wrong -----------------------------------------------------------------

#: index-api.md 4, key for key: a word names the kind of a value, a list has members of one kind, an object under
#: ``...`` has values of one kind. ``?`` marks a value that is not null even where it is wrong: it leaves its list.
TEXT, COUNT, YES, WHEN, EITHER = "text", "number", "bool", "time", "bool or object"
FILE: dict[str, Any] = {
    **dict.fromkeys(("filename", "packagetype", "python_version", "url", "md5_digest", "requires_python"), TEXT),
    **dict.fromkeys(("yanked_reason", "comment_text"), TEXT),
    **dict.fromkeys(("size", "downloads"), COUNT),
    **dict.fromkeys(("yanked", "has_sig"), YES),
    **dict.fromkeys(("upload_time", "upload_time_iso_8601"), WHEN),
    "digests": {"md5": TEXT, "sha256": TEXT, "blake2b_256": TEXT},
    "core-metadata": EITHER,
}
INFO: dict[str, Any] = {
    **dict.fromkeys(("name", "version", "summary", "description", "description_content_type", "keywords"), TEXT),
    **dict.fromkeys(("license", "license_expression", "author", "author_email", "maintainer"), TEXT),
    **dict.fromkeys(("maintainer_email", "requires_python", "platform", "home_page", "download_url"), TEXT),
    **dict.fromkeys(("docs_url", "bugtrack_url", "project_url", "package_url", "release_url"), TEXT),
    **{name: [TEXT] for name in ("license_files", "classifiers", "requires_dist", "provides_extra", "dynamic")},
    "yanked_reason": TEXT,
    "yanked": YES,
    "downloads": {"last_day": COUNT, "last_week": COUNT, "last_month": COUNT},
    "project_urls": {...: TEXT},
}
ADVISORY: dict[str, Any] = {
    **dict.fromkeys(("id", "source", "link", "details", "summary"), TEXT),
    "withdrawn": WHEN,
    "aliases": [TEXT],
    "fixed_in": [TEXT],
}
DOCUMENT: dict[str, Any] = {
    "info": INFO,
    "last_serial": COUNT,
    "ownership": {"roles": [{"role": TEXT, "user": TEXT}], "organization": TEXT},
    "urls": [FILE],
    "vulnerabilities": [ADVISORY],
    "releases": {...: [FILE]},
}

VALUES: dict[str, Any] = {TEXT: "a", COUNT: 5, YES: True, WHEN: "2024-01-02T03:04:05Z", EITHER: {"sha256": "a"}}


def whole(kind: Any) -> Any:
    """A value of this kind, with everything in it that there can be."""
    if isinstance(kind, list):
        return [whole(kind[0]), whole(kind[0])]
    if isinstance(kind, dict):
        keys: dict[str, Any] = {"1.0": kind[...], "x": kind[...]} if ... in kind else kind
        return {key: whole(inner) for key, inner in keys.items()}
    return VALUES[kind]


Path = tuple[str | int, ...]


def places(kind: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every place in ``whole(kind)``, and the kind of what stands there."""
    if isinstance(kind, list):
        yield path, "list"
        for number in range(2):
            yield from places(kind[0], (*path, number))
    elif isinstance(kind, dict):
        yield path, "object"
        for key, inner in ({"1.0": kind[...], "x": kind[...]} if ... in kind else kind).items():
            yield from places(inner, (*path, key))
    else:
        yield path, kind


WHOLE = whole(DOCUMENT)
#: Every place but the document itself and ``info``, without which it is no document.
PLACES = [(path, kind) for path, kind in places(DOCUMENT) if path not in ((), ("info",))]
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | FLOATS | LETTERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS, inner, max_size=3),
    max_leaves=5,
)
WRONG: dict[str, st.SearchStrategy[Any]] = {
    "text": LETTERS.filter(lambda text: not text.startswith("2024")),
    "number": st.integers(-(2**63), 2**63 - 1),
    "large": st.sampled_from([2**63, -(2**63) - 1, 10**30]),
    "float": FLOATS,
    "bool": st.booleans(),
    "list": st.lists(JSON, max_size=2),
    "object": st.dictionaries(LETTERS, JSON, max_size=2),
}
MISSING = object()


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[Path, str, Any]]:
    """What is done to a document: a path, whether it is missing, null, wrong or added, and the value."""
    drawn = draw(st.lists(st.sampled_from(PLACES), max_size=12, unique_by=lambda place: place[0]))
    made: list[tuple[Path, str, Any]] = []
    for path, kind in drawn:
        if any(path[: len(done)] == done or done[: len(path)] == path for done, _, _ in made):
            continue
        what = draw(st.sampled_from(["missing", "null", "wrong", "wrong"]))
        kinds = [name for name in WRONG if name not in kind.split(" or ")]
        value = draw(WRONG[draw(st.sampled_from(kinds))]) if what == "wrong" else None
        made.append((path, what, value))
    return made


def place(tree: Any, path: Path, value: Any) -> None:
    """Put a value in a place."""
    for step in path[:-1]:
        tree = tree[step]
    tree[path[-1]] = value


def cleaned(tree: Any) -> Any:
    """A tree without what is missing in it."""
    if isinstance(tree, dict):
        return {key: cleaned(value) for key, value in tree.items() if value is not MISSING}
    if isinstance(tree, list):
        return [cleaned(value) for value in tree if value is not MISSING]
    return tree


def test_the_whole_document_is_sound() -> None:
    """The document that is changed below has nothing to mend, and every key of the types."""
    document = opened(WHOLE)
    assert (document.content, document.invalid_fields) == (msgspec.convert(WHOLE, Project), ())
    assert msgspec.to_builtins(document.content).keys() == WHOLE.keys()
    assert msgspec.to_builtins(document.content.info).keys() == INFO.keys()
    assert [msgspec.to_builtins(file).keys() for file in document.content.urls or ()] == [FILE.keys()] * 2


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=400)
@given(
    changed=changes(),
    key=LETTERS,
    value=JSON,
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
    fingerprint=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_whatever_is_wrong_with_a_document(
    *,
    changed: list[tuple[Path, str, Any]],
    key: str,
    value: Any,
    ascii_only: bool,
    indent: int | None,
    fingerprint: bytes,
) -> None:
    """Whatever is missing, null or wrong in a document, it opens and gives rows; what was wrong is null, and noted."""
    sent, expected = copy.deepcopy(WHOLE), copy.deepcopy(WHOLE)
    wrong = 0
    for path, what, instead in changed:
        member = isinstance(path[-1], int)
        place(sent, path, {"missing": MISSING, "null": None, "wrong": instead}[what])
        place(expected, path, MISSING if member or what == "missing" else None)
        wrong += what == "wrong" or (what == "null" and member)
    unknown = f"x-{key}"
    for tree in (sent, expected):
        tree[unknown] = tree["info"][unknown] = value
    body = fingerprint + json.dumps(cleaned(sent), ensure_ascii=ascii_only, indent=indent).encode()

    document = opened(body)

    assert b"\n" not in document.body
    assert json.loads(document.body) == cleaned(expected)
    assert document.content == msgspec.convert(cleaned(expected), Project)
    assert len(document.invalid_fields) == wrong
    rows = {
        stream.name: list(stream.rows(ProjectDocuments(project="foo", document=document)))
        for stream in choose_streams(None)
    }
    assert len(rows["projects"]) == 1
    assert len(rows["versions"]) == len(document.content.listed())
    for made in rows.values():
        msgspec.json.encode(made)


def test_keys_of_a_document() -> None:
    """A key is there whatever its value, however deep it is asked for; what lies below no key is not."""
    document = open_document(b'{"info":{"name":null,"downloads":{"last_day":1}}}', Project, "http://a/x")
    paths = ["info", "info.name", "info.downloads.last_day", "urls", "info.nope", "urls.nope", "info.nope.last_day"]
    assert [document.has(path) for path in paths] == [True, True, True, False, False, False, False]


def test_a_plain_value() -> None:
    """A section comes as plain values; a number that no double can hold is nothing."""
    assert plain(b'{"a":[1,1e999]}') == {"a": [1, None]}
