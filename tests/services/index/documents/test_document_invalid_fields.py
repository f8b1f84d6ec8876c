"""services/index/documents/document.py: documents with invalid fields."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from source_pypi.services.index.documents import (
    Document,
    PackageSize,
    Project,
    Release,
    Statistics,
    open_document,
)
from source_pypi.services.index.documents.invalid_fields import InvalidField
from tests.services.index.documents.samples import URL, encode, open_project

NUMBER = "a whole number of 64 bits"
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


def test_headers_stay_with_invalid_fields() -> None:
    """A document with invalid fields keeps URL, ETag and serial."""
    body = encode({"info": {"name": 1}})
    expected = Document(
        url=URL,
        content=msgspec.convert({"info": {}}, Release),
        body=b'{"info":{"name":null}}',
        etag='"abc"',
        serial=7,
        invalid_fields=(InvalidField("$.info.name", "text", "1"),),
    )
    assert open_document(body, Release, URL, etag='"abc"', serial=7) == expected


@pytest.mark.parametrize(("sent", "found"), NUMBERS.values(), ids=NUMBERS.keys())
def test_only_integers_of_64_bits_stay(sent: str, found: str) -> None:
    """A value other than an integer of 64 bits becomes null and is reported."""
    document = open_project(b'{"info":{},"last_serial":%s}' % sent.encode())
    assert document.body == b'{"info":{},"last_serial":null}'
    assert document.content == msgspec.convert({"info": {}}, Project)
    assert document.invalid_fields == (InvalidField("$.last_serial", NUMBER, found),)


def test_integer_with_too_many_digits_is_nulled() -> None:
    """An integer with thousands of digits nulls only its own field."""
    document = open_project(b'{"info":{"name":"Foo"},"last_serial":%s}' % (b"9" * 5000))
    assert document.body == b'{"info":{"name":"Foo"},"last_serial":null}'
    assert [(invalid_field.path, invalid_field.expected) for invalid_field in document.invalid_fields] == [
        ("$.last_serial", NUMBER)
    ]


def test_integer_with_too_many_digits_in_an_unknown_key() -> None:
    """An integer with thousands of digits in an unknown key does not affect other fields."""
    document = open_project(b'{"info":{"name":1,"summary":"a","new":%s}}' % (b"9" * 5000))
    assert (document.content.info.name, document.content.info.summary) == (None, "a")
    assert document.invalid_fields == (InvalidField("$.info.name", "text", "1"),)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, -1])
def test_integers_of_64_bits_stay(number: int) -> None:
    """An integer of 64 bits stays."""
    assert open_project({"info": {}, "last_serial": number}).content.last_serial == number


@pytest.mark.parametrize("number", [2**63, 2**64, -(10**30), 10**100])
def test_large_numbers_in_unknown_keys_stay(number: int) -> None:
    """A large number in an unknown key stays, with or without invalid fields."""
    for name in (None, 1):
        assert json.loads(open_project({"info": {"name": name, "new": number}}).body)["info"]["new"] == number


def test_unknown_keys_stay() -> None:
    """Unknown keys stay in the body at every level, with or without invalid fields."""
    unknown: dict[str, Any] = {"new": [1.5, {"a": None}], "renamed-key": True}
    file = {"filename": "a.whl", **unknown}
    document = {"info": {"name": "Foo", **unknown}, "urls": [file], "releases": {"1.0": [file]}, **unknown}
    assert json.loads(open_project(document).body) == document
    repaired = json.loads(open_project({**document, "last_serial": "1"}).body)
    assert repaired == {**document, "last_serial": None}


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
                    "yanked": 0,
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
                InvalidField("$.info.yanked", "true or false", "0"),
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
                    "1.0": [{"size": "5 MB", "core-metadata": 1, "digests": {"md5": 1}, "upload_time": "now"}, "a"],
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
                InvalidField("$.releases['1.0'][0].size", NUMBER, "'5 MB'"),
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
    """A value of a wrong type becomes null, or is dropped from its list, and is reported with its path."""
    found = open_project(document)
    assert json.loads(found.body) == expected
    assert found.content == msgspec.convert(expected, Project)
    assert list(found.invalid_fields) == invalid_fields


@pytest.mark.parametrize(
    ("size", "read"),
    [
        (1000.0, 1000),
        ("1000", 1000),
        ("0", 0),
        (1000.5, None),
        ("-1", None),
        ("1e3", None),
        ("\u0663", None),
        (1e300, None),
    ],
)
def test_size_in_another_form(size: object, read: int | None) -> None:
    """A size that is text, or has a fraction of zero, is read; anything else is null and reported."""
    document = open_project({"info": {}, "urls": [{"size": size}]})
    assert [file.size for file in document.content.urls or ()] == [read]
    assert len(document.invalid_fields) == (read is None)
    assert json.loads(document.body)["urls"] == [{"size": read}]


@pytest.mark.parametrize(
    ("yanked", "reason", "expected"),
    [
        ("broken build", None, (True, "broken build")),
        ("broken build", "older", (True, "older")),
        ("", None, (None, None)),
        ("False", None, (None, None)),
    ],
)
def test_yanked_as_text(yanked: str, reason: str | None, expected: tuple[bool | None, str | None]) -> None:
    """Text in ``yanked`` is the reason, as in project pages; text that stands for a boolean is null and reported."""
    keys = {"yanked": yanked, "yanked_reason": reason}
    document = open_project({"info": keys, "urls": [keys]})
    assert document.content.urls is not None
    (file,) = document.content.urls
    info = document.content.info
    assert [(info.yanked, info.yanked_reason), (file.yanked, file.yanked_reason)] == [expected] * 2
    assert len(document.invalid_fields) == (0 if expected[0] else 2)


def test_invalid_size_in_statistics() -> None:
    """A size of a wrong type nulls only that size."""
    body = encode({"top_packages": {"a": {"size": "?"}, "b": [], "c": {"size": 3}}, "total_packages_size": 4})
    document = open_document(body, Statistics, URL)
    assert document.content == Statistics({"a": PackageSize(None), "b": None, "c": PackageSize(3)}, 4)
    assert document.invalid_fields == (
        InvalidField("$.top_packages['a'].size", NUMBER, "'?'"),
        InvalidField("$.top_packages['b']", "an object", "[]"),
    )


def test_sections_have_invalid_fields_nulled() -> None:
    """In the sections, invalid fields are null."""
    sections = open_project({"info": {"name": 1}, "last_serial": "7", "new": "a"}).sections
    assert {key: json.loads(bytes(value)) for key, value in sections.items()} == {
        "info": {"name": None},
        "last_serial": None,
        "new": "a",
    }
