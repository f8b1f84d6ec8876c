"""The headers of a response (RFC 9112, 5), read line by line, and what they say of its body (RFC 9112, 6).

``http.client`` has the email parser read them, which takes a quarter of all CPU for a request with the 26 headers of
the public index. It also drops all headers after one that is malformed, Content-Length among them, and ends lines at
characters that end lines of a text only, such as a form feed.
"""

import io
from http.client import HTTPException, HTTPMessage, IncompleteRead, LineTooLong
from typing import Any

from urllib3.exceptions import InvalidHeader

#: Bytes of a line, and lines; as ``http.client`` limits them.
LONGEST_LINE, MOST_HEADERS = 64 * 1024, 100
#: Digits of a length: more than any body has.
_MOST_DIGITS = 18
_BLANK = " \t\r\n"


def read_headers(stream: "io.BufferedReader[Any]") -> HTTPMessage:
    """Return the headers, which the empty line after them ends.

    White space around a value, and between a name and its colon, is removed (RFC 9112, 5.1). A line that begins with
    white space continues the one before it (5.2). CR and NUL within a value become spaces (RFC 9110, 5.5). Any other
    line without a name is left out.

    :raises IncompleteRead: when the connection ends before the empty line.
    :raises HTTPException: when a line is too long, or there are too many.
    """
    headers = list[tuple[str, str]]()
    for _ in range(MOST_HEADERS + 1):
        line = stream.readline(LONGEST_LINE + 1)
        if line in (b"\r\n", b"\n"):
            return _message(headers)
        if len(line) > LONGEST_LINE:
            raise LineTooLong("header line")
        if not line.endswith(b"\n"):  # a head that is cut off must not look like a complete 404
            raise IncompleteRead(b"")
        text = line.decode("latin-1").rstrip(_BLANK)
        if "\r" in text or "\0" in text:
            text = text.replace("\r", " ").replace("\0", " ")
        if line[0] in b" \t":
            name, value = headers.pop() if headers else ("", "")
            headers.append((name, f"{value} {text.strip(_BLANK)}".strip(_BLANK)))
        else:
            name, colon, value = text.partition(":")
            headers.append((name.rstrip(_BLANK) if colon else "", value.strip(_BLANK)))
    raise HTTPException(f"more than {MOST_HEADERS} headers")


def content_length(headers: HTTPMessage) -> int | None:
    """Return the length that the headers state; None: they state none.

    :raises InvalidHeader: when it is not one number, or several equal ones (RFC 9112, 6.3).
    """
    values = headers.get_all("Content-Length")
    if values is None:
        return None
    length, *others = {length.strip(_BLANK) for length in ",".join(values).split(",")}
    if others or len(length) > _MOST_DIGITS or not (length.isascii() and length.isdigit()):
        raise InvalidHeader("the length of the body is not one number")
    return int(length)


def is_chunked(headers: HTTPMessage) -> bool:
    """Return whether the body is sent in chunks.

    :raises InvalidHeader: when the transfer encoding is unknown: the body cannot be separated from its framing then.
    """
    coding = ", ".join(headers.get_all("Transfer-Encoding", ())).lower()
    if coding not in ("", "identity", "chunked"):
        raise InvalidHeader("the transfer encoding is not known")
    return coding == "chunked"


class _Headers(HTTPMessage):
    """Headers as the type that urllib3 requires; ``items`` leaves out the email package's check of each value."""

    def items(self) -> list[tuple[str, str]]:
        return list(self.raw_items())


def _message(headers: list[tuple[str, str]]) -> HTTPMessage:
    message = _Headers()
    message.set_payload("")  # urllib3 takes anything else for headers that could not be read
    for name, value in headers:
        if name:
            message.set_raw(name, value)
    return message
