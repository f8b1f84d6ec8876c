"""Answers as bytes: pieces that are sent one after another, and what happens to the connection then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from tests.oracle.simulator.answers import Answer

Ending = Literal["keep", "close", "reset"]


@dataclass
class Wire:
    """
    What goes over the wire: bytes, or seconds to wait; then the connection is kept, for `idle` seconds at most, closed
    or reset. `late` is what the next request is answered with, and the answer to that goes to the one behind it, and so
    on: the connection is out of step.
    """

    pieces: Iterable[bytes | float]
    ending: Ending = "keep"
    idle: float = 60
    late: bytes = b""


def status_line(status: int) -> bytes:
    """The first line of an answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Odd"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def head(answer: Answer, *extra: tuple[str, str]) -> bytes:
    """Status line and headers, with the empty line behind them; `extra` headers come last."""
    headers = [*answer.headers, *extra]
    if answer.content_type:
        headers.insert(0, ("Content-Type", answer.content_type))
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers)
    return status_line(answer.status) + lines + b"\r\n"


def plain(answer: Answer) -> bytes:
    """The answer as a sound server sends it."""
    if answer.status == 304:
        return head(answer)
    return head(answer, ("Content-Length", str(len(answer.body)))) + answer.body


def chunked(answer: Answer, size: int, extension: bytes = b"") -> Iterator[bytes]:
    """The answer in chunks of `size` bytes, each with an extension behind its length."""
    yield head(answer, ("Transfer-Encoding", "chunked"))
    for start in range(0, len(answer.body), size):
        piece = answer.body[start : start + size]
        yield b"%x%s\r\n%s\r\n" % (len(piece), extension, piece)
    yield b"0\r\n\r\n"
