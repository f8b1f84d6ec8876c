"""The only module that sends: identity, pace, retries, credentials.

Flow
    ``Client.get`` waits for its turn (``Pace``), sends one request over a kept connection, reads the answer whole,
    and tries again where trying again may help. A redirect is followed by hand: each hop gets its own headers.

What is tried again, and why
    Connection errors, silence, answers that take too long and bodies cut short: the same question may get through (the
    public index had hours of it on 2025-04-08, index-api.md 2.9). 429 and 5xx: the index is busy; its Retry-After is
    honoured, up to ``LONGEST_WAIT``. Everything else is an answer: 404 means "not here", and is returned, never raised.
    What only the user can mend, a certificate or a proxy, is raised at once.

Patience
    Until the index has answered once, few tries suffice: a wrong address needs none. Afterwards an outage of a
    minute is sat out (``Patience``). How long a single try may take is ``transport/connection.py``'s to say.

Reading on
    index-api.md 2 (what the operators ask of clients, redirects, errors).
"""

import random
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import urllib3
from msgspec import Struct

from source_pypi._version import __version__
from source_pypi.errors import AnswerError, RefusedError, UnavailableError, UnreachableError
from source_pypi.http import compression
from source_pypi.http.connections import Connections
from source_pypi.http.credentials import Credentials, origin
from source_pypi.http.failures import cause_of, fault_of_user, refused_by_proxy
from source_pypi.http.rate_limit import RateLimiter
from source_pypi.safety.redaction import without_credentials

#: Tries of one question: before and after the index has first answered in this run.
FIRST_TRIES, TRIES = 3, 7
#: Waits between tries, in seconds: doubled from the first to the last, then jittered by up to a quarter.
SHORTEST_BACKOFF, LONGEST_BACKOFF = 1.0, 32.0
#: The longest Retry-After that is waited for, in seconds; a longer one ends the question with an error.
LONGEST_WAIT = 300.0
#: Redirects followed for one question.
REDIRECTS = 5

_REDIRECTING = frozenset({301, 302, 303, 307, 308})


class Response(Struct, frozen=True):
    """What the index answered: 200, 304 or 404 (410 counts as it).

    ``url`` is the one that answered, after redirects. ``serial`` and ``etag`` are None where the index sends none.
    ``devpi`` tells whether that server answered, which keeps its pages elsewhere.
    """

    url: str
    status: int
    body: bytes
    etag: str | None
    serial: int | None
    devpi: bool = False


class RetryPolicy(Struct, frozen=True):
    """How often a question is asked that gets no answer, and the longest Retry-After that is waited for, in seconds."""

    tries: int = TRIES
    longest_wait: float = LONGEST_WAIT


#: With which a run reads.
DEFAULT_RETRY_POLICY = RetryPolicy()


class TransferStats(Struct):
    """What has gone over the wire so far: requests sent, tries included, and bytes of bodies received, compressed."""

    requests: int = 0
    bytes_received: int = 0


class RequestLog(Struct, frozen=True):
    """A request and its answer: the status, the bytes of the body (compressed), and the seconds that it took."""

    url: str
    status: int
    size: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.url}: status {self.status}, {self.size} bytes, {self.seconds:.3f} s"


class RetryWait(Struct, frozen=True):
    """A wait between two tries: why, how many seconds, how often it was tried, and whether the index asked for it."""

    url: str
    reason: str
    seconds: float
    tries: int
    requested: bool = False

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}; waiting {self.seconds:.1f} s before try {self.tries + 1}"


class Client:
    """Asks an index politely. Safe to share between threads.

    :param contact: becomes part of the User-Agent; None: only name and version.
    :param requests_per_second: the pace; 0: none.
    :param timeout: seconds that a try may take to connect, and to answer (``transport/connection.py``).
    :param connections: connections that are kept open.
    :param patience: with an index that is not well.
    :param ca_bundle: path of a PEM file with certificates that are trusted besides the system's.
    :param tell: told of each wait before it begins, and of each answer.
    :param clock, sleep, jitter: time and chance, passed in so that tests need none.
    :param now: seconds since 1970, for a Retry-After that is a date.
    :raises SettingError: when the bundle cannot be read.
    """

    def __init__(
        self,
        *,
        contact: str | None = None,
        credentials: Credentials | None = None,
        requests_per_second: float = 5,
        timeout: float = 30,
        connections: int = 1,
        retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
        ca_bundle: str | None = None,
        tell: Callable[[RetryWait | RequestLog], None] = lambda event: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.stats = TransferStats()
        self.answered = False
        self._credentials, self._retry_policy = credentials, retry_policy
        self._headers = {"User-Agent": user_agent(contact), "Accept-Encoding": "gzip"}
        self._connections = Connections(timeout=timeout, kept=connections, ca_bundle=ca_bundle)
        self._pace = RateLimiter(requests_per_second, clock, sleep)
        self._clock, self._sleep, self._jitter, self._tell, self._now = clock, sleep, jitter, tell, now
        self._counting = threading.Lock()

    def close(self) -> None:
        """Close the kept connections."""
        self._connections.close()

    def get(
        self,
        url: str,
        *,
        accept: str = "application/json",
        etag: str | None = None,
    ) -> Response:
        """Ask for an address; with ``etag``, only if it has changed (the answer is then 304).

        :raises UnreachableError: no whole answer came in all tries.
        :raises UnavailableError: 429 or 5xx in all tries, or a Retry-After beyond what ``retry_policy`` allows.
        :raises RefusedError: 401 or 403.
        :raises UntrustedError: its certificate is not trusted.
        :raises ProxyError: its proxy cannot be used, or wants credentials.
        :raises AnswerError: any other status, too many redirects, or one that is not followed.
        """
        began, tries = self._clock(), 0
        while True:
            tries += 1
            outcome = self._try(url, accept, etag)
            if isinstance(outcome, Response):
                self.answered = True
                return outcome
            self.answered = self.answered or outcome.status != 0
            wait = self._wait_before(tries, outcome.retry_after)
            most = self._retry_policy.tries if self.answered else min(FIRST_TRIES, self._retry_policy.tries)
            if tries >= most or wait > self._retry_policy.longest_wait:
                raise self._given_up(url, outcome, tries, self._clock() - began)
            asked = outcome.retry_after is not None
            self._tell(RetryWait(without_credentials(url), outcome.reason, wait, tries, asked))
            self._sleep(wait)

    def is_echoed_in(self, body: bytes) -> bool:
        """Whether the beginning of an answer, which errors show, repeats the credentials."""
        return self._credentials is not None and self._credentials.are_in(body[:4096])

    def pause(self, url: str, reason: str, tries: int) -> None:
        """Wait before an answer that is no good is asked for again, as long as before any other try."""
        seconds = self._wait_before(tries, None)
        self._tell(RetryWait(without_credentials(url), reason, seconds, tries))
        self._sleep(seconds)

    def _try(self, url: str, accept: str, etag: str | None) -> "Response | _Failure":
        """One try: an answer, or why there was none. Redirects are hops of the same try."""
        hop = url
        for _ in range(REDIRECTS + 1):
            self._pace.wait()
            try:
                response, packed = self._send(hop, accept, etag)
                body = compression.unpack(packed, response.headers.get("Content-Encoding", ""))
                del packed
            except (urllib3.exceptions.LocationValueError, urllib3.exceptions.URLSchemeUnknown, UnicodeError) as error:
                raise AnswerError(without_credentials(hop), "nothing: it is no address") from error
            except (urllib3.exceptions.HTTPError, OSError) as error:
                return self._failed(hop, error)
            if response.status not in _REDIRECTING:
                return self._judge(hop, response, body)
            hop = _joined(hop, response.headers.get("Location", ""))
        raise AnswerError(without_credentials(url), f"more than {REDIRECTS} redirects")

    def _failed(self, url: str, error: Exception) -> "_Failure":
        """Why no answer came, where it may come the next time.

        :raises SourceError: when only the user can mend it.
        """
        proxy = self._connections.proxy(url)
        fault = fault_of_user(error, without_credentials(url), proxy)
        if fault is not None:
            raise fault from error
        return _Failure(0, cause_of(error, proxy), None)

    def _send(self, url: str, accept: str, etag: str | None) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        headers = self._headers | {"Accept": accept} | ({"If-None-Match": etag} if etag else {})
        headers |= self._authorization(url)
        with self._counting:
            self.stats.requests += 1
        began = self._clock()
        response = self._connections.open(url, headers)
        try:
            packed = response.read(compression.LARGEST_ANSWER + 1, decode_content=False)
            with self._counting:
                self.stats.bytes_received += len(packed)
            missing = response.length_remaining or 0  # urllib3 would tell of it on a further read only
            if len(packed) > compression.LARGEST_ANSWER:
                response.close()  # the rest would be taken for the next answer
            elif missing:
                raise urllib3.exceptions.IncompleteRead(len(packed), missing)
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()
        seconds = self._clock() - began
        self._tell(RequestLog(without_credentials(url), response.status, len(packed), seconds))
        return response, packed

    def _authorization(self, url: str) -> dict[str, str]:
        credentials = self._credentials
        if credentials is None or origin(url) != credentials.origin:
            return {}
        return {"Authorization": credentials.basic}

    def _judge(self, url: str, response: urllib3.BaseHTTPResponse, body: bytes) -> "Response | _Failure":
        """Tell answers from failures, and raise for what no further try can mend."""
        status, shown = response.status, without_credentials(url)
        if status == 429 or status >= 500:
            return _Failure(status, f"status {status}", self._retry_after(response.headers.get("Retry-After")))
        if status in (401, 403):
            raise RefusedError(shown, status, "" if self.is_echoed_in(body) else _first_line(body, response))
        if status == 407 and (proxy := self._connections.proxy(url)) is not None:
            raise refused_by_proxy(proxy, status)
        if len(body) > compression.LARGEST_ANSWER:
            raise AnswerError(shown, f"more than {compression.LARGEST_ANSWER // 2**20} MB")
        if status not in (200, 304, 404, 410):
            raise AnswerError(shown, f"{status} {HTTPStatus(status).phrase if status in _KNOWN else ''}".strip())
        headers = response.headers
        serial = headers.get("X-PyPI-Last-Serial", "")
        return Response(
            url=shown,
            status=404 if status == 410 else status,
            body=body,
            etag=headers.get("ETag"),
            serial=int(serial) if serial.isascii() and serial.isdigit() and len(serial) < 19 else None,
            devpi="X-Devpi-Serial" in headers,
        )

    def _retry_after(self, text: str | None) -> float | None:
        """Seconds to wait, from a Retry-After in seconds or as a date (RFC 9110, 10.2.3); None: none, or nonsense."""
        if text is None:
            return None
        if text.strip().isascii() and text.strip().isdigit():
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - self._now())
        except (ValueError, OverflowError, OSError):
            return None

    def _wait_before(self, tries: int, asked: float | None) -> float:
        if asked is not None:
            return asked
        backoff: float = min(LONGEST_BACKOFF, SHORTEST_BACKOFF * 2 ** (tries - 1))
        return backoff * (1 + self._jitter() / 4)

    def _given_up(self, url: str, failure: "_Failure", tries: int, seconds: float) -> Exception:
        shown = without_credentials(url)
        if failure.status:
            return UnavailableError(shown, failure.status, tries, seconds, failure.retry_after)
        return UnreachableError(shown, failure.reason, tries, seconds)


class _Failure(Struct, frozen=True):
    """A try that brought no answer: the status (0: none came), why, and the wait that the index asked for."""

    status: int
    reason: str
    retry_after: float | None


_KNOWN = frozenset(HTTPStatus)


def _joined(base: str, location: str) -> str:
    """Where a redirect leads to.

    :raises AnswerError: when that is no address, or one where what is sent could be read on the way.
    """
    shown = without_credentials(location)[:60]
    try:
        url = urljoin(base, location)
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise AnswerError(without_credentials(base), f"with a redirect to no address: {shown!r}")
    if scheme == "http" and urlsplit(base).scheme == "https":
        raise AnswerError(without_credentials(base), f"with a redirect from https to http: {shown!r}")
    return url


def _first_line(body: bytes, response: urllib3.BaseHTTPResponse) -> str:
    """What a refusal says, where it is plain text of one line."""
    if not response.headers.get("Content-Type", "").startswith("text/plain"):
        return ""
    lines = body[:200].decode("ascii", "replace").splitlines()
    return "".join(char for char in lines[0] if char.isprintable()).rstrip(".") if lines else ""


def user_agent(contact: str | None) -> str:
    """How this client names itself, so that the index's operators know whom to ask (index-api.md 2.1)."""
    return f"source-pypi/{__version__}" + (f" (+{contact})" if contact else "")
