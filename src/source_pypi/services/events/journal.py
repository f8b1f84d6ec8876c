"""The journal of an index: XML-RPC calls, their faults and their rate limit (index-api.md 11).

Rate limit
    The client sends at most one request per second. The header ``RateLimit`` says how many requests are left until when
    the limit resets; the one that takes the last is refused already. The fault -32500 says the same in its text.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from source_pypi.errors import DocumentError, NotOfferedError, ResponseError, UnavailableError
from source_pypi.http.client import Client
from source_pypi.safety.printable import printable
from source_pypi.services.events.entries import JournalEntry, entries_of
from source_pypi.services.events.xmlrpc import XML, Fault, parse_response, request_body

T = TypeVar("T")

#: Events of a full page.
PAGE_SIZE = 50_000
_WHAT = "journal of events"
_APPLICATION_ERROR, _UNAVAILABLE, _NO_METHOD = -32500, -32403, -32601
_RESET = re.compile(r"reset in (\d{1,9}) second")
_LIMIT = re.compile(r"\br=(\d{1,9})\b[^,]*?\bt=(\d{1,9})\b|\bt=(\d{1,9})\b[^,]*?\br=(\d{1,9})\b")


class Journal:
    """The journal at a URL.

    :param client: sends the requests.
    :param url: where XML-RPC is answered, without credentials.
    :param clock: seconds; tests replace it.
    """

    def __init__(self, client: Client, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self._client, self._clock = client, clock
        self._resets_at: float | None = None
        #: Events that were read ahead: after this serial, in their order. Nothing is requested twice in a run.
        self._kept: tuple[int, list[JournalEntry]] | None = None
        self._last_serial: int | None = None

    def close(self) -> None:
        """Send nothing more, and end all waits."""
        self._client.close()

    def last_serial(self) -> int:
        """The serial of the last event, when the run first requested it; 0: there is none.

        :raises SourceError: as ``since``.
        """
        if self._last_serial is None:
            self._last_serial = self._request_last_serial()
        return self._last_serial

    def _request_last_serial(self) -> int:
        return self._call("changelog_last_serial", read=self._serial)

    def _serial(self, serial: Any) -> int:
        if serial is not None and type(serial) is not int:
            raise DocumentError(self.url, "a serial", repr(serial)[:60])
        return serial or 0

    def ends_at(self, serial: int) -> bool:
        """Whether there was no later event when the run began. A page that is not full does not say that it is the last
        one: the number of events of a full page is up to the index.

        :raises SourceError: as ``since``.
        """
        return serial >= self.last_serial()

    def since(self, serial: int) -> list[JournalEntry]:
        """The first events after a serial, in their order: ``PAGE_SIZE``, or fewer where the index sends fewer.

        :raises NotOfferedError: when the index has no journal.
        :raises UnavailableError: when the rate limit is reached, and waiting would take too long.
        :raises DocumentError: when the response is no list of events.
        :raises SourceError: when there is no response, as of ``Client.get``.
        """
        if self._kept is not None:
            start, kept = self._kept
            if serial == start or (kept and start < serial < kept[-1].serial):
                return [entry for entry in kept if entry.serial > serial][:PAGE_SIZE]
        return self._call("changelog_since_serial", serial, read=lambda rows: entries_of(rows, serial, self.url))

    def read_ahead(self, serial: int, pages: int) -> list[JournalEntry] | None:
        """Return all events after a serial, and keep them for ``since``; None: there are more pages than the limit.

        :raises SourceError: as ``since``.
        """
        entries = list[JournalEntry]()
        for _ in range(pages):
            page = self.since(entries[-1].serial if entries else serial)
            entries += page
            if not page or self.ends_at(entries[-1].serial):
                self._kept = serial, entries
                return entries
        return None

    def _call(self, method: str, *arguments: int, read: Callable[[Any], T]) -> T:
        """What ``read`` makes of the value that a method returns; faults that may pass are retried."""
        body, start, tries = request_body(method, *arguments), self._clock(), 0
        while True:
            tries += 1
            self._wait_for_reset()
            response = self._client.post(self.url, body, content_type=XML, accept=XML)
            if response.status != 200:
                raise NotOfferedError(_WHAT, response.url, f"answered {response.status}")
            self._read_limit(response.headers)
            with self._unquoted(response.body):
                result = parse_response(response.body, response.url)
                if not isinstance(result, Fault):
                    return read(result)
            status, seconds = _retry(result) or self._refuse(result, response.body)
            policy = self._client.retry_policy
            if tries >= policy.tries or (seconds or 0) > policy.longest_wait:
                raise UnavailableError(self.url, status, tries, self._clock() - start, seconds)
            self._client.wait_before_retry(self.url, f"fault {result.code}", tries, seconds)

    @contextmanager
    def _unquoted(self, body: bytes) -> Iterator[None]:
        """Raise errors of a document without a part of the body, if this repeats the credentials."""
        try:
            yield
        except DocumentError as error:
            if not self._client.repeats_credentials(body):
                raise
            raise DocumentError(error.url, error.expected, self._client.quoted(error.found, body)) from None

    def _read_limit(self, headers: Mapping[str, str]) -> None:
        seconds = seconds_to_reset(headers.get("RateLimit", ""))
        self._resets_at = None if seconds is None else self._clock() + seconds

    def _wait_for_reset(self) -> None:
        """Wait until the rate limit admits a request that would be refused now."""
        if self._resets_at is None:
            return
        seconds, self._resets_at = self._resets_at - self._clock(), None
        if seconds > self._client.retry_policy.longest_wait:
            raise UnavailableError(self.url, 429, 1, 0.0, seconds)
        if seconds > 0:
            self._client.wait_before_retry(self.url, "rate limit reached", 0, seconds)

    def _refuse(self, fault: Fault, body: bytes) -> NoReturn:
        """Raise the error of a fault that stays.

        :raises NotOfferedError: when there is no such method, or none any more.
        :raises ResponseError: for any other fault.
        """
        found = f"the fault {fault.code}: {self._client.quoted(printable(fault.text)[:200], body)}"
        withdrawn = fault.code == _APPLICATION_ERROR and re.search("deprecated|no longer|unsupported", fault.text)
        if fault.code == _NO_METHOD or withdrawn:
            raise NotOfferedError(_WHAT, self.url, f"answered {found}")
        raise ResponseError(self.url, found)


def _retry(fault: Fault) -> tuple[int, float | None] | None:
    """The status that a fault stands for, and the seconds to wait (None: not given); None: it stays."""
    if fault.code == _APPLICATION_ERROR and "TooManyRequests" in fault.text:
        found = _RESET.search(fault.text)
        return 429, None if found is None else float(found[1])
    return (503, None) if fault.code == _UNAVAILABLE else None


def seconds_to_reset(header: str) -> float | None:
    """Return the seconds until a ``RateLimit`` header admits the next request; None: it admits one now.

    The header may list several limits. A limit refuses the request that takes its last slot.
    """
    waits = [int(found[2] or found[3]) for found in _LIMIT.finditer(header[:1000]) if int(found[1] or found[4]) <= 1]
    return float(max(waits)) if waits else None
