"""Headers of responses, read as RFC 9112 says."""

import io
from http.client import HTTPException, IncompleteRead, LineTooLong

import pytest
from urllib3.exceptions import InvalidHeader

from source_pypi.http.headers import LONGEST_LINE, MOST_HEADERS, content_length, is_chunked, read_headers

CASES = {
    "usual": (b'ETag: "a"\r\nContent-Length: 5\r\n', [("ETag", '"a"'), ("Content-Length", "5")]),
    "none": (b"", []),
    "lines that end with a line feed only": (b"A: 1\nB: 2\n", [("A", "1"), ("B", "2")]),
    "white space around a value": (b"A: \t 1 2 \t\r\nB:3\r\n", [("A", "1 2"), ("B", "3")]),
    "white space before the colon (5.1)": (b"A : 1\r\nB\t: 2\r\n", [("A", "1"), ("B", "2")]),
    "continued lines (5.2)": (b"A: 1\r\n  2\r\n\t3\r\nB: 4\r\n", [("A", "1 2 3"), ("B", "4")]),
    "a continued line before the first header (2.2)": (b" A: 1\r\nB: 2\r\n", [("B", "2")]),
    "continued lines, one side of which is empty": (
        b"A:\r\n 1\r\nB: 2\r\n \r\nC: \r\n\t \r\n",
        [("A", "1"), ("B", "2"), ("C", "")],
    ),
    "a continued line that has no name": (b"A: 1\r\nnone\r\n 2\r\nB: 3\r\n", [("A", "1"), ("B", "3")]),
    "lines without a name": (b"none\r\n: 1\r\n : 2\r\nB: 3\r\n", [("B", "3")]),
    "repeated names": (b"A: 1\r\nA: 2\r\n", [("A", "1"), ("A", "2")]),
    "an empty value": (b"A:\r\nB: \r\n", [("A", ""), ("B", "")]),
    "colons in a value": (b"A: b: c\r\n", [("A", "b: c")]),
    "bytes that are no ASCII": (b"A: \xe9\x85\r\nB: 1\r\n", [("A", "\xe9\x85"), ("B", "1")]),
    "characters that end lines of a text": (
        b"A: 1\x0b2\x0c3\x1c4\r\nB: 6\r\n",
        [("A", "1\x0b2\x0c3\x1c4"), ("B", "6")],
    ),
    "CR and NUL in a value (RFC 9110, 5.5)": (b"A: 1\r2\0003\rB: 4\r\r\nC: 5\r\n", [("A", "1 2 3 B: 4"), ("C", "5")]),
    "as many as are allowed": (b"A: 1\r\n" * MOST_HEADERS, [("A", "1")] * MOST_HEADERS),
    "as long as is allowed": (b"A:" + b"1" * (LONGEST_LINE - 4) + b"\r\n", [("A", "1" * (LONGEST_LINE - 4))]),
}


def stream(data: bytes) -> "io.BufferedReader[io.BytesIO]":
    """Return a stream of these bytes."""
    return io.BufferedReader(io.BytesIO(data))


@pytest.mark.parametrize("case", CASES)
def test_headers_are_read(case: str) -> None:
    """Names and values are read as they are sent; the bytes after the empty line are left."""
    sent, expected = CASES[case]
    received = stream(sent + b"\r\nbody\n")
    assert read_headers(received).items() == expected
    assert received.read() == b"body\n"


FAULTS = {
    "nothing": (b"", IncompleteRead),
    "a head that is cut off between lines": (b"A: 1\r\n", IncompleteRead),
    "a head that is cut off in a line": (b"A: 1\r\nContent-Len", IncompleteRead),
    "too many": (b"A: 1\r\n" * (MOST_HEADERS + 1) + b"\r\n", HTTPException),
    "a line that is too long": (b"A:" + b"1" * LONGEST_LINE + b"\r\n\r\n", LineTooLong),
    "a line that is a byte too long": (b"A:" + b"1" * (LONGEST_LINE - 3) + b"\r\n\r\n", LineTooLong),
}


@pytest.mark.parametrize("case", FAULTS)
def test_malformed_heads_are_errors(case: str) -> None:
    """A head that is cut off is never taken for a whole one, and its size is limited."""
    sent, expected = FAULTS[case]
    with pytest.raises(expected):
        read_headers(stream(sent))


def test_names_are_case_insensitive() -> None:
    """A header is found whatever the case of its name; the first of several counts."""
    headers = read_headers(stream(b"Content-LENGTH: 5\r\ncontent-length: 6\r\n\r\n"))
    assert (headers["Content-Length"], headers.get("connection")) == ("5", None)


LENGTHS: dict[bytes, int | None] = {
    b"": None,
    b"Content-Length: 0\r\n": 0,
    b"Content-Length: 005\r\n": 5,
    b"Content-Length: 5\r\nContent-Length: 5\r\n": 5,
    b"Content-Length: 5, 5 ,5\r\n": 5,
    b"Content-Length: " + b"9" * 18 + b"\r\n": 10**18 - 1,
}


@pytest.mark.parametrize("sent", LENGTHS)
def test_length_of_the_body(sent: bytes) -> None:
    """The length is that of the header; equal ones count once (RFC 9112, 6.3)."""
    assert content_length(read_headers(stream(sent + b"\r\n"))) == LENGTHS[sent]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"5x",
        b"-1",
        b"+5",
        b"5_0",
        b"0x5",
        b"5.0",
        b"5 5",
        b"5, 6",
        b"5,",
        b"5;",
        b"\xb2",
        "٥".encode(),
        b"9" * 5000,
    ],
    ids=lambda value: repr(value[:8]),
)
@pytest.mark.parametrize("before", [b"", b"Content-Length: 5\r\n"], ids=["alone", "after another"])
def test_invalid_length_is_an_error(before: bytes, value: bytes) -> None:
    """A length that is not one number is an error: the body could be cut off without anybody noticing."""
    headers = read_headers(stream(before + b"Content-Length: " + value + b"\r\n\r\n"))
    with pytest.raises(InvalidHeader):
        content_length(headers)


CODINGS = {
    b"": False,
    b"Transfer-Encoding: \r\n": False,
    b"Transfer-Encoding: identity\r\n": False,
    b"Transfer-Encoding: chunked\r\n": True,
    b"transfer-encoding:\r\n  Chunked \r\n": True,
}


@pytest.mark.parametrize("sent", CODINGS)
def test_chunked_bodies(sent: bytes) -> None:
    """A body is sent in chunks if the header says so, in any case."""
    assert is_chunked(read_headers(stream(sent + b"\r\n"))) is CODINGS[sent]


@pytest.mark.parametrize(
    "sent",
    [
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
    ],
)
def test_unknown_transfer_encoding_is_an_error(sent: bytes) -> None:
    """What frames a body in an unknown way never becomes part of it."""
    with pytest.raises(InvalidHeader):
        is_chunked(read_headers(stream(sent + b"\r\n")))
