"""The XML-RPC interface of an index: the journal, with its faults and its rate limit. index-api.md 11

It reads and writes XML-RPC with the standard library, independently of the package under test.
"""

from __future__ import annotations

import re
import threading
import time
import xmlrpc.client
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.parsers.expat import ExpatError

from tests.fake_index.model import JournalEntry
from tests.fake_index.site import Answer

#: Events of a full answer; the limit is not documented. index-api.md 11.3
PAGE_SIZE = 50_000
PATHS = ("/pypi", "/pypi/", "/RPC2")
_TOO_MANY = "HTTPTooManyRequests: The action could not be performed because there were too many requests by the client."
_CANNED = ("search", "list_packages", "package_releases", "release_urls", "release_data", "changelog", "package_data")


@dataclass
class Quota:
    """A moving window for each client: it counts a call first, and then refuses the one that takes the last slot."""

    amount: int = 3600
    window: float = 3600.0
    clock: Callable[[], float] = time.monotonic
    _calls: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hit(self) -> tuple[int, int]:
        """Count a call; the calls that remain, and the seconds until the window has room again."""
        with self._lock:
            now = self.clock()
            while self._calls and self._calls[0] <= now - self.window:
                self._calls.popleft()
            self._calls.append(now)
            remaining = max(0, self.amount - len(self._calls))
            return remaining, max(1, round(self._calls[0] + self.window - now))


@dataclass
class XmlRpc:
    """The interface over a journal."""

    journal: Callable[[], list[JournalEntry]]
    page_size: int = PAGE_SIZE
    quota: Quota = field(default_factory=Quota)

    def answer(self, body: bytes, content_type: str) -> Answer:
        """The answer to a POST; faults have the status 200, too."""
        if not content_type.startswith("text/xml"):
            return Answer(404, "text/html; charset=UTF-8", b"<!DOCTYPE html>\n<title>404 Not Found</title>\n")
        remaining, reset = self.quota.hit()
        headers = (
            ("RateLimit-Policy", f'"xmlrpc.client";q={self.quota.amount};w={round(self.quota.window)};pk=:ip:'),
            ("RateLimit", f'"xmlrpc.client";r={remaining};t={reset}'),
        )
        if not remaining:
            return fault(-32500, f"{_TOO_MANY} Limit may reset in {reset} seconds.", headers)
        try:
            arguments, method = xmlrpc.client.loads(body)
        except (ExpatError, xmlrpc.client.ResponseError, ValueError):
            return fault(-32700, "parse error; not well formed", headers)
        return self._call(str(method), arguments, headers)

    def _call(self, method: str, arguments: tuple[Any, ...], headers: tuple[tuple[str, str], ...]) -> Answer:
        entries = self.journal()
        if method == "changelog_last_serial":
            return value(entries[-1].serial if entries else None, headers)
        if method in _CANNED:
            return fault(-32500, f"RuntimeError: The {method} method has been deprecated.", headers)
        if method != "changelog_since_serial":
            return fault(-32601, "server error; requested method not found", headers)
        if len(arguments) != 1 or type(arguments[0]) is not int:
            return fault(-32602, "client error; serial: Input should be a valid integer", headers)
        first = _first_after(entries, arguments[0])
        page = entries[first : first + self.page_size]
        return value([[*entry[:3], sanitised(entry.action), entry.serial] for entry in page], headers)


def _first_after(entries: list[JournalEntry], serial: int) -> int:
    """The place of the first entry after a serial."""
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        if entries[middle].serial > serial:
            high = middle
        else:
            low = middle + 1
    return low


def sanitised(action: str) -> str:
    """An action as the index sends it: in ASCII, without control characters. index-api.md 11.3"""
    plain = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", action)
    return plain.encode("ascii", "xmlcharrefreplace").decode()


def value(result: Any, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An answer with a value."""
    text = xmlrpc.client.dumps((result,), methodresponse=True, allow_none=True)
    return Answer(200, "text/xml; charset=UTF-8", text.encode(), headers)


def fault(code: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """A fault, whose status is 200."""
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(code, text), allow_none=True)
    return Answer(200, "text/xml; charset=UTF-8", body.encode(), headers)
