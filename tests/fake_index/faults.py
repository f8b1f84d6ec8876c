"""Faults on demand: `index.fault("/pypi/flask/json", faults.too_many("1"), times=2)`.

Each function makes a Fault. Two kinds: those that answer in the index's place (429, 503, a page of HTML...),
and those that spoil the way the right answer takes (slow, cut off, reset...). index-api.md 2.9, 21
"""

from __future__ import annotations

import json as _json
from dataclasses import dataclass
from typing import Any

from tests.fake_index.site import Answer

_ERROR_PAGE = (
    '<!DOCTYPE html>\n<html lang="en">\n<head><title>{0}</title></head>\n'
    "<body><h1>{0}</h1><p>We are having trouble. Please try again later.</p></body>\n</html>\n"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. The functions of this module make them."""

    #: How `Request.fault` names it.
    name: str
    #: Sent in place of the right answer.
    answer: Answer | None = None
    #: Seconds to wait before the first byte.
    delay: float = 0.0
    #: Bytes of the body after which the connection ends; None: all are sent.
    after: int | None = None
    #: End the connection with a RST, not a FIN.
    reset: bool = False
    #: Bytes per second; None: as fast as it goes.
    rate: float | None = None
    #: Answer with the state before the last change.
    stale: bool = False
    #: Send a broken gzip body.
    broken_gzip: bool = False


def too_many(retry_after: str | None = None) -> Fault:
    """429. `retry_after`: seconds or an HTTP date, as it goes into the header; None: no header."""
    fields = () if retry_after is None else (("Retry-After", retry_after),)
    body = _ERROR_PAGE.format("Too Many Requests (429)").encode()
    return Fault("too_many", Answer(429, "text/html; charset=UTF-8", body, fields))


def unavailable() -> Fault:
    """The edge's 503: a page of HTML, no Retry-After. index-api.md 2.9"""
    return Fault("unavailable", server_error(503).answer)


def server_error(status: int = 500) -> Fault:
    """A 5xx of the origin or of a machine in between, with a page of HTML."""
    titles = {
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Timeout",
    }
    body = _ERROR_PAGE.format(f"{titles.get(status, 'Error')} ({status})").encode()
    return Fault("server_error", Answer(status, "text/html; charset=UTF-8", body))


def forbidden() -> Fault:
    """The answer to a blocked client. index-api.md 2.9"""
    return Fault("forbidden", Answer(403, "text/plain", b"Your IP Address has been temporarily blocked."))


def missing(status: int = 404) -> Fault:
    """404 or 410 in the place of a document: an index that was set up anew, or whose token was replaced."""
    return Fault("missing", Answer(status, "application/json", b'{"message": "Not Found"}'))


def html() -> Fault:
    """200 with a page of HTML where a document should be, as a captive portal does."""
    page = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in.</body></html>\n"
    return Fault("html", Answer(200, "text/html", page))


def json(body: Any) -> Fault:
    """200 with any JSON in place of the document."""
    text = f"{_json.dumps(body, sort_keys=True, separators=(',', ':'), ensure_ascii=False)}\n"
    return Fault("json", Answer(200, "application/json", text.encode()))


def redirect(location: str, status: int = 302) -> Fault:
    """A redirect to anywhere."""
    return Fault("redirect", Answer(status, "text/html", b"moved", (("Location", location),)))


def truncated(after: int = 0) -> Fault:
    """The full Content-Length, but the connection closes after that many bytes."""
    return Fault("truncated", after=after)


def reset() -> Fault:
    """A RST before any byte."""
    return Fault("reset", reset=True)


def reset_in_body(after: int = 0) -> Fault:
    """A RST after the head and that many bytes of the body.

    What was sent may be lost with it: a RST makes the other side forget what it has not read yet.
    """
    return Fault("reset_in_body", after=after, reset=True)


def slow(seconds: float) -> Fault:
    """The right answer, after some time."""
    return Fault("slow", delay=seconds)


def drip(bytes_per_second: float) -> Fault:
    """The right answer, slowly."""
    return Fault("drip", rate=bytes_per_second)


def broken_gzip() -> Fault:
    """The right headers with `Content-Encoding: gzip`, and a broken body."""
    return Fault("broken_gzip", broken_gzip=True)


def stale() -> Fault:
    """An older copy: the document before the last change. index-api.md 2.8, 12"""
    return Fault("stale", stale=True)
