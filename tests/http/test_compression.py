"""http/compression.py: decompression of bodies, up to a limit."""

import gzip
import zlib
from collections.abc import Callable

import pytest
import urllib3

from source_pypi.errors import ResponseError
from source_pypi.http.compression import unpack
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, World, faults
from tests.fake_index.site import Answer

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"


def gzipped(body: bytes) -> bytes:
    """A body in gzip without the time, so that the names of the tests stay the same."""
    return gzip.compress(body, mtime=0)


@pytest.mark.parametrize(
    ("packed", "encoding", "body"),
    [
        (b"plain", "", b"plain"),
        (b"plain", "identity", b"plain"),
        (b"", "gzip", b""),
        (b"plain", "utf-8", b"plain"),
        (b"plain", "UTF8", b"plain"),
        (b"plain", "aws-chunked", b"plain"),
        (b"plain", "Identity, aws-chunked,", b"plain"),
        (gzipped(b"one"), "GZIP", b"one"),
        (gzipped(b"one"), " X-GZip ", b"one"),
        (gzipped(b"one"), "gzip,aws-chunked", b"one"),
        (gzipped(gzipped(b"one")), "gzip, gzip", b"one"),
        (gzipped(b"one"), "gzip", b"one"),
        (gzipped(b"one"), "x-gzip", b"one"),
        (gzipped(b"one") + gzipped(b"two"), "gzip", b"onetwo"),
    ],
)
def test_unpack(packed: bytes, encoding: str, body: bytes) -> None:
    """A body is decompressed as its Content-Encoding says, with all gzip members."""
    assert unpack(packed, encoding) == body


@pytest.mark.parametrize(
    ("packed", "encoding", "reason"),
    [
        (gzipped(b"one")[:-1], "gzip", "incomplete gzip"),
        (gzipped(b"one") + gzipped(b"two")[:-1], "gzip", "incomplete gzip"),
        (b"no gzip", "gzip", "broken gzip"),
        (zlib.compress(b"one"), "gzip", "broken gzip"),
        (gzipped(b"one") + b"rest", "gzip", "broken gzip"),
    ],
)
def test_broken_bodies(packed: bytes, encoding: str, reason: str) -> None:
    """Incomplete or broken gzip is an error that says which."""
    with pytest.raises(urllib3.exceptions.DecodeError, match=f"^{reason}$"):
        unpack(packed, encoding)


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("br", "br"), ("gzip, ZSTD", "zstd"), ("br;q=1", "br;q=1"), ("gzip," * 4, "gzip," * 4), ("\u00fc", "\u00fc")],
)
def test_unknown_coding_is_an_error_at_once(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, encoding: str, named: str
) -> None:
    """A coding that is not supported, and more codings than any server applies, are an error without a retry."""
    fake = serve()
    headers = (("Content-Encoding", encoding),)
    fake.fault(PATH, faults.Fault("coding", Answer(200, "application/zip", b"x", headers)), times=None)
    with pytest.raises(ResponseError) as caught:
        connect(fake).client.get(fake.url + PATH)
    answer = f"with the Content-Encoding {named!r}, which is not supported"
    assert caught.value.args == (fake.url + PATH, answer)
    assert len(fake.requests) == 1


@pytest.mark.parametrize("members", [1, 2])
def test_decompression_stops_above_the_limit(monkeypatch: pytest.MonkeyPatch, members: int) -> None:
    """Decompression stops one byte above the limit."""
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 6)
    packed = gzip.compress(b"x" * 20) if members == 1 else gzip.compress(b"x" * 5) * 4
    assert unpack(packed, "gzip") == b"x" * 7
    assert unpack(gzip.compress(b"x" * 6) * members, "gzip") == b"x" * (5 + members)
