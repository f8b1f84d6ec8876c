"""services/index/documents/fingerprint.py: what a document was when it was last read."""

import base64
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from source_pypi.services.index.documents import ABSENT, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.fingerprint import fingerprint_of

MD5 = '"y0Fny/WdfYJfMTlIoolx/Q"'
#: What may stand in an ETag (RFC 9110), quoted, weak or not, or as careless servers write it.
CHARACTERS = st.text(string.ascii_letters + string.digits + "!#$%&'()*+,-./:;<=>?@[]^_`{|}~\xe9", max_size=30)
ETAGS = st.builds(lambda weak, text: f'{weak}"{text}"', st.sampled_from(["", "W/"]), CHARACTERS)


@settings(deadline=None)
@given(ETAGS)
def test_an_etag_comes_back(etag: str) -> None:
    """A document is asked for with the very ETag that came with it."""
    fingerprint = fingerprint_of(etag, b"body", 7)
    assert (fingerprint.etag, fingerprint.serial, fingerprint.absent) == (etag, 7, False)


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=16))
def test_etags_of_the_public_index_are_short(digest: bytes) -> None:
    """An ETag that is an MD5 in base 64 takes 17 bytes, and comes back."""
    etag = f'"{base64.b64encode(digest).decode().rstrip("=")}"'
    fingerprint = fingerprint_of(etag, b"", None)
    assert (len(fingerprint.tag), fingerprint.etag) == (17, etag)


@pytest.mark.parametrize("etag", ['"y0Fny/WdfYJfMTlIoolx/R"', f"W/{MD5}", '"y0Fny-WdfYJfMTlIoolx_Q"', MD5[1:-1]])
def test_what_only_looks_like_an_md5(etag: str) -> None:
    """What is no MD5 in base 64, to the last bit, is kept as it is."""
    assert fingerprint_of(etag, b"", None).etag == etag


@pytest.mark.parametrize("etag", [None, "", "-", "~abc", "#abc", "-abc"])
def test_without_an_etag(etag: str | None) -> None:
    """Where there is no ETag, or one that could be mistaken for a mark of ours, the body is what tells."""
    fingerprint = fingerprint_of(etag, b"body", 7)
    assert (fingerprint.etag, fingerprint.absent, fingerprint.serial) == (None, False, 7)
    assert fingerprint.same(fingerprint_of(etag, b"body", 8))
    assert not fingerprint.same(fingerprint_of(etag, b"another body", 7))
    assert len(fingerprint.tag) == 9


def test_same() -> None:
    """Two marks are of one answer if their tags are the same, whatever their serials; nothing known is like nothing."""
    assert fingerprint_of(MD5, b"", 1).same(fingerprint_of(MD5, b"", 2))
    assert not fingerprint_of(MD5, b"", 1).same(fingerprint_of('"other"', b"", 1))
    assert not fingerprint_of(MD5, b"", 1).same(None)
    assert not UNKNOWN.same(UNKNOWN)
    assert not Fingerprint(b"", 1).same(Fingerprint(b"", 1))
    assert ABSENT.same(ABSENT)


def test_what_is_not_there() -> None:
    """A document that is not there is asked for without condition."""
    assert (ABSENT.absent, ABSENT.etag) == (True, None)
    assert (UNKNOWN.absent, UNKNOWN.etag) == (False, None)


def test_an_etag_that_no_header_can_hold() -> None:
    """What is beyond Latin-1 cannot come over the wire; if it does, there is a mark all the same."""
    assert fingerprint_of('"\N{SNAKE}"', b"", None) == Fingerprint(b'"?"')
    assert fingerprint_of("\N{SNAKE}", b"", None) == Fingerprint(b"?")
