"""http/compression.py: decompression of bodies, up to a limit."""

import gzip
import zlib
from collections.abc import Callable

import pytest
import urllib3

from source_pypi.http.compression import unpack
from source_pypi.services.index.api import Index

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"


@pytest.mark.parametrize(
    ("packed", "encoding", "body"),
    [
        (b"plain", "", b"plain"),
        (b"plain", "identity", b"plain"),
        (b"", "br", b""),
        (gzip.compress(b"one"), "gzip", b"one"),
        (gzip.compress(b"one"), "x-gzip", b"one"),
        (gzip.compress(b"one") + gzip.compress(b"two"), "gzip", b"onetwo"),
    ],
)
def test_unpack(packed: bytes, encoding: str, body: bytes) -> None:
    """A body is decompressed as its Content-Encoding says, with all gzip members."""
    assert unpack(packed, encoding) == body


@pytest.mark.parametrize(
    ("packed", "encoding", "reason"),
    [
        (b"x", "br", "unknown Content-Encoding 'br'"),
        (gzip.compress(b"one")[:-1], "gzip", "incomplete gzip"),
        (gzip.compress(b"one") + gzip.compress(b"two")[:-1], "gzip", "incomplete gzip"),
        (b"no gzip", "gzip", "broken gzip"),
        (zlib.compress(b"one"), "gzip", "broken gzip"),
        (gzip.compress(b"one") + b"rest", "gzip", "broken gzip"),
    ],
)
def test_broken_bodies(packed: bytes, encoding: str, reason: str) -> None:
    """Incomplete or broken gzip, and any other encoding, is an error that says which."""
    with pytest.raises(urllib3.exceptions.DecodeError, match=f"^{reason}$"):
        unpack(packed, encoding)


@pytest.mark.parametrize("members", [1, 2])
def test_decompression_stops_above_the_limit(monkeypatch: pytest.MonkeyPatch, members: int) -> None:
    """Decompression stops one byte above the limit."""
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 6)
    packed = gzip.compress(b"x" * 20) if members == 1 else gzip.compress(b"x" * 5) * 4
    assert unpack(packed, "gzip") == b"x" * 7
    assert unpack(gzip.compress(b"x" * 6) * members, "gzip") == b"x" * (5 + members)
