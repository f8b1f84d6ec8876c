"""The headers of a response (RFC 9112, 5), read line by line.

``http.client`` has the email parser read them, which takes a quarter of all CPU for a request with the 26 headers of
the public index. It also drops all headers after one that is malformed, Content-Length among them, and ends lines at
characters that end lines of a text only, such as a form feed.
"""

import io
from http.client import HTTPException, HTTPMessage, IncompleteRead, LineTooLong
from typing import Any

#: Bytes of a line, and lines; as ``http.client`` limits them.
LONGEST_LINE, MOST_HEADERS = 64 * 1024, 100
_BLANK = " \t\r\n"


def read_headers(stream: "io.BufferedReader[Any]") -> HTTPMessage:
    """Return the headers, which the empty line after them ends.

    White space around a value, and between a name and its colon, is removed (RFC 9112, 5.1). A line that begins with
    white space continues the one before it (5.2). Any other line without a name is left out.

    :raises IncompleteRead: when the connection ends before the empty line: an outage would look like a complete answer.
    :raises HTTPException: when a line is too long, or there are too many.
    """
    headers = list[tuple[str, str]]()
    for _ in range(MOST_HEADERS + 1):
        line = stream.readline(LONGEST_LINE + 1)
        if line in (b"\r\n", b"\n"):
            return _message(headers)
        if not line.endswith(b"\n"):
            raise LineTooLong("header line") if len(line) > LONGEST_LINE else IncompleteRead(b"")
        name, colon, value = line.decode("latin-1").partition(":")
        if line[0] in b" \t":
            if headers:
                headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.decode('latin-1').strip(_BLANK)}")
        elif colon and (name := name.rstrip(" \t")):
            headers.append((name, value.strip(_BLANK)))
    raise HTTPException(f"more than {MOST_HEADERS} headers")


class _Headers(HTTPMessage):
    """Headers as the type that urllib3 requires; ``items`` leaves out the email package's check of each value."""

    def items(self) -> list[tuple[str, str]]:
        return list(self.raw_items())


def _message(headers: list[tuple[str, str]]) -> HTTPMessage:
    message = _Headers()
    message.set_payload("")  # urllib3 takes anything else for headers that could not be read
    for name, value in headers:
        message.set_raw(name, value)
    return message
