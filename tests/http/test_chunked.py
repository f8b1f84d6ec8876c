"""http/chunked.py: chunked bodies of any chunk size in bounded memory, and malformed ones as errors."""

import io
import random
import time
import tracemalloc
from http.client import HTTPException, IncompleteRead

import pytest

from source_pypi.http.chunked import ChunkedBody, FramingError


def read(data: bytes, limit: int = 10**9, buffer: int = 8192) -> tuple[bytes, bool, bytes]:
    """The body, whether it is complete, and what is left of the data."""
    stream = io.BufferedReader(io.BytesIO(data), buffer)
    chunked = ChunkedBody(stream)
    body = chunked.read(limit)
    return body, chunked.complete, chunked.rest + stream.read()


def chunks(body: bytes, sizes: random.Random, largest: int) -> bytes:
    """The body in chunks of random sizes, some with extensions."""
    made, start = [], 0
    while start < len(body):
        size = min(sizes.randint(1, largest), len(body) - start)
        extension = sizes.choice([b"", b"", b";a=b", b" ; c"])
        made.append(b"%x%s\r\n%s\r\n" % (size, extension, body[start : start + size]))
        start += size
    return b"".join(made)


@pytest.mark.parametrize("largest", [1, 3, 15, 16, 300, 100_000])
@pytest.mark.parametrize("buffer", [1, 7, 8192])
def test_any_chunk_sizes(largest: int, buffer: int) -> None:
    """A body is the same whatever its chunks and the blocks in which they arrive; bytes after it are left."""
    sizes = random.Random(largest * buffer)
    body = sizes.randbytes(1000 if buffer < 8192 else 200_000).replace(b"7", b"\r\n")
    data = chunks(body, sizes, largest) + b"0\r\nTrailer: a\r\n\r\n"
    assert read(data + b"next", buffer=buffer) == (body, True, b"next")


@pytest.mark.parametrize("largest", [1, 3, 16, 300, 100_000])
@pytest.mark.parametrize("limit", [1, 2, 7, 1000, 65_536])
def test_a_body_is_read_in_parts(largest: int, limit: int) -> None:
    """A body that is read in several calls is the same, whatever the limits and the chunks; then nothing comes."""
    sizes = random.Random(largest * limit)
    body = sizes.randbytes(3000 if limit < 1000 else 300_000)
    chunked = ChunkedBody(io.BufferedReader(io.BytesIO(chunks(body, sizes, largest) + b"0\r\n\r\nnext")))
    parts = list(iter(lambda: chunked.read(limit), b""))
    assert (b"".join(parts), chunked.complete, chunked.rest) == (body, True, b"next")
    assert {len(part) for part in parts[:-1]} <= {limit}


def test_parts_of_tiny_chunks_take_time_in_proportion() -> None:
    """Many tiny chunks that do not fit into what is left of a part are not searched again and again."""
    body = bytes(500_000)
    chunked = ChunkedBody(io.BufferedReader(io.BytesIO(b"1\r\n\0\r\n" * len(body) + b"0\r\n\r\n")))
    began = time.process_time()
    assert b"".join(iter(lambda: chunked.read(50_000), b"")) == body
    assert time.process_time() - began < 10


@pytest.mark.parametrize("limit", [1, 4, 5, 99])
def test_reading_stops_at_the_limit(limit: int) -> None:
    """Reading stops at the limit, within a chunk too."""
    data = b"5\r\nabcde\r\n" * 30 + b"0\r\n\r\n"
    body, complete, _ = read(data, limit)
    assert (body, complete) == ((b"abcde" * 30)[:limit], False)


@pytest.mark.parametrize(
    "data",
    [
        b"-5\r\nabcde\r\n0\r\n\r\n",
        b"+5\r\nabcde\r\n0\r\n\r\n",
        b"0x5\r\nabcde\r\n0\r\n\r\n",
        b"5_0\r\n",
        b"\r\nabc",
        b"ffffffffffffffff\r\nabc",
        b"4\r\nabcde\r\n0\r\n\r\n",
        b"5;" + b"x" * 5000,
        b"0\r\n" + b"T: a\r\n" * 20_000,
        b"0\r\n" + b"T" * 70_000,
        (b"1;%s\r\na\r\n" % (b"x" * 4000)) * 1000,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_malformed_chunks(data: bytes) -> None:
    """Invalid sizes, data longer than its size, and endless extensions or trailers are errors."""
    with pytest.raises(FramingError):
        read(data)
    assert issubclass(FramingError, HTTPException)


@pytest.mark.parametrize("count", [0, 1, 3, 6, 9])
def test_incomplete_body(count: int) -> None:
    """A body that is cut off is incomplete."""
    with pytest.raises(IncompleteRead):
        read(b"5\r\nabcde\r\n0\r\n"[:count])


@pytest.mark.parametrize("end", [b"", b"\r\n", b"T: a\r\n"])
def test_end_without_an_empty_line(end: bytes) -> None:
    """After the last chunk the connection may end, as some servers do."""
    assert read(b"5\r\nabcde\r\n0\r\n" + end) == (b"abcde", True, b"")


def test_small_chunks_take_no_more_than_twice_the_body() -> None:
    """A body in chunks of two bytes takes at most twice its size in memory."""
    size = 4_000_000
    data = b"2\r\nab\r\n" * (size // 2) + b"0\r\n\r\n"
    stream = io.BufferedReader(io.BytesIO(data))
    tracemalloc.start()
    assert len(ChunkedBody(stream).read(10**9)) == size
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * size
