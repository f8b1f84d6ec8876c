"""Documents, at the door: how much of one is taken, and what is told of one that is not."""

import pytest

from source_pypi.errors import DocumentError, TooLargeError
from source_pypi.safety.limits import DEEPEST
from source_pypi.services.index.documents import Project, Provenance, document, open_document, plain
from source_pypi.services.index.documents.document import check_nesting, excerpt

ADDRESS = "http://index.test/pypi/foo/json"
TOO_DEEP = f"{ADDRESS}: 101 or more levels of nesting exceed the limit of 100; "


# How deep -----------------------------------------------------------------------------------------------------


def nested(levels: int) -> bytes:
    """A value within as many lists."""
    return b"[" * levels + b"1" + b"]" * levels


def section(value: bytes) -> bytes:
    """A section of a project document, as it is passed on."""
    return bytes(open_document(b'{"info":{},"new":%s}' % value, Project, ADDRESS).sections["new"])


def test_as_deep_as_destinations_take() -> None:
    """Sections that are nested as deep as destinations take, their document counted, are passed on."""
    assert section(nested(DEEPEST - 1)) == nested(DEEPEST - 1)


@pytest.mark.parametrize("levels", [DEEPEST, DEEPEST + 1, 300])
def test_too_deep_for_destinations(levels: int) -> None:
    """A document that is nested deeper than destinations take has no sections, and is told by its address."""
    with pytest.raises(TooLargeError) as caught:
        section(nested(levels))
    assert str(caught.value).startswith(TOO_DEEP)


def test_deeper_than_can_be_looked() -> None:
    """What is nested so deep that nothing can tell how deep is too deep."""
    with pytest.raises(TooLargeError) as caught:
        check_nesting(nested(100_000), ADDRESS)
    assert str(caught.value).startswith(TOO_DEEP)


@pytest.mark.parametrize(("version", "read"), [(b"1", 1), (b'"1"', None)], ids=["sound", "mended"])
def test_provenance_that_is_too_deep(version: bytes, read: int | None) -> None:
    """Provenance that is nested deeper than destinations take is refused at the door, sound or mended."""
    outer = b'{"attestation_bundles":[{"publisher":{"a":%s}}],"version":%s}'
    assert open_document(outer % (nested(DEEPEST - 4), version), Provenance, ADDRESS).content.version == read
    with pytest.raises(TooLargeError) as caught:
        open_document(outer % (nested(DEEPEST - 3), version), Provenance, ADDRESS)
    assert str(caught.value).startswith(TOO_DEEP)


# How many values ----------------------------------------------------------------------------------------------


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document of more values than can be held is refused before it is read, however close they stand."""
    monkeypatch.setattr(document, "MOST_VALUES", 1000)
    body = b'{"info":{},"new":[%s0]}'
    assert section(b"[%s0]" % (b"0," * 999)) == b"[%s0]" % (b"0," * 999)
    with pytest.raises(TooLargeError) as caught:
        open_document(body % (b"0," * 1000), Project, ADDRESS)
    assert str(caught.value).startswith(f"{ADDRESS}: 1,002 values exceed the limit of 1,000; ")


def test_texts_are_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too short for so many values is taken, whatever its texts hold."""
    monkeypatch.setattr(document, "MOST_VALUES", 1000)
    body = b'{"info":{"summary":"%s"}}'
    commas = 2000 - len(body % b"")
    assert open_document(body % (b"," * commas), Project, ADDRESS).content.info.summary == "," * commas


# Numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("digits", "kept"), [(4300, b"9" * 4300), (4301, b"null")])
def test_the_longest_number(digits: int, kept: bytes) -> None:
    """A number of as many digits as Python converts stays where a document is mended; a longer one becomes null."""
    body = b'{"info":{"name":1,"new":%s}}' % (b"9" * digits)
    assert open_document(body, Project, ADDRESS).body == b'{"info":{"name":null,"new":%s}}' % kept


def test_plain_numbers() -> None:
    """Of a section with a number that Python does not convert, that number is nothing."""
    assert plain(b'{"a":[1,%s]}' % (b"9" * 5000)) == {"a": [1, None]}


# What came instead --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "an empty body"),
        (b" \n", "an empty body"),
        (b"\x00\x01\x02", "bytes that are not text"),
        ("\u4e0d\u5b58\u5728".encode(), "bytes that are not text"),
        (b"\x00" * 200 + b"abc", "bytes that are not text"),
        (b"\x00" * 199 + b"abc", "'a'"),
        (b"x" * 61, f"'{'x' * 60}'"),
    ],
)
def test_a_sketch(body: bytes, found: str) -> None:
    """What came instead is told by what is printable in its first 200 bytes, at most 60 characters."""
    assert excerpt(body) == found
    with pytest.raises(DocumentError) as caught:
        open_document(body, Project, ADDRESS)
    assert caught.value.found == found
