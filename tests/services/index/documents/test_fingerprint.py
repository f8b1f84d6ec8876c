"""services/index/documents/fingerprint.py: fingerprints of documents."""

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
def test_etag_round_trip(etag: str) -> None:
    """A fingerprint returns the ETag exactly as sent."""
    fingerprint = fingerprint_of(etag, b"body", 7)
    assert (fingerprint.etag, fingerprint.serial, fingerprint.absent) == (etag, 7, False)


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=16))
def test_md5_etag_takes_17_bytes(digest: bytes) -> None:
    """An ETag that is an MD5 in base64 takes 17 bytes, and round-trips."""
    etag = f'"{base64.b64encode(digest).decode().rstrip("=")}"'
    fingerprint = fingerprint_of(etag, b"", None)
    assert (len(fingerprint.tag), fingerprint.etag) == (17, etag)


@pytest.mark.parametrize("etag", ['"y0Fny/WdfYJfMTlIoolx/R"', f"W/{MD5}", '"y0Fny-WdfYJfMTlIoolx_Q"', MD5[1:-1]])
def test_etag_that_only_looks_like_md5(etag: str) -> None:
    """An ETag that is not exactly an MD5 in base64 is kept as sent."""
    assert fingerprint_of(etag, b"", None).etag == etag


@pytest.mark.parametrize("etag", [None, "", "-", "~abc", "#abc", "-abc", f'"{"x" * 1000}"'])
def test_digest_replaces_a_missing_etag(etag: str | None) -> None:
    """Without an ETag, or with one that looks like a tag or is too long, the digest of the body is the tag."""
    fingerprint = fingerprint_of(etag, b"body", 7)
    assert (fingerprint.etag, fingerprint.absent, fingerprint.serial) == (None, False, 7)
    assert fingerprint.same(fingerprint_of(etag, b"body", 8))
    assert not fingerprint.same(fingerprint_of(etag, b"another body", 7))
    assert len(fingerprint.tag) == 9


def test_same_compares_tags() -> None:
    """Two fingerprints are the same if their tags are, whatever their serials; an unknown one equals none."""
    assert fingerprint_of(MD5, b"", 1).same(fingerprint_of(MD5, b"", 2))
    assert not fingerprint_of(MD5, b"", 1).same(fingerprint_of('"other"', b"", 1))
    assert not fingerprint_of(MD5, b"", 1).same(None)
    assert not UNKNOWN.same(UNKNOWN)
    assert not Fingerprint(b"", 1).same(Fingerprint(b"", 1))
    assert ABSENT.same(ABSENT)


def test_absent_document_is_requested_unconditionally() -> None:
    """An absent document has no ETag."""
    assert (ABSENT.absent, ABSENT.etag) == (True, None)
    assert (UNKNOWN.absent, UNKNOWN.etag) == (False, None)


def test_etag_beyond_latin_1() -> None:
    """An ETag beyond Latin-1, which no header can carry, still makes a fingerprint."""
    assert fingerprint_of('"\N{SNAKE}"', b"", None) == Fingerprint(b'"?"')
    assert fingerprint_of("\N{SNAKE}", b"", None) == Fingerprint(b"?")
