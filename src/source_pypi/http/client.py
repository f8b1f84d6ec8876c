"""An HTTP client for one service: rate limit, retries, redirects, credentials. No other module sends requests.

Flow
    ``Client.get`` waits for the rate limiter, sends one request over a kept connection, reads the whole body, and
    retries where that may help. It follows redirects itself, because each hop needs its own headers. ``Client.post``
    does the same with a body; only requests that change nothing may be sent, since they are retried, too.

What is retried
    Connection errors, timeouts and incomplete bodies. 429 and 5xx: the service is overloaded or down; the public index
    answered 503 widely on 2025-04-08 (index-api.md 2.9). A Retry-After is honoured up to ``LONGEST_WAIT``. Every other
    status is final: 404 is returned, not raised. An untrusted certificate or an unusable proxy is raised at once, since
    only the user can fix it.

How often
    ``FIRST_TRIES`` until the service has answered once, since the address may be wrong; ``TRIES`` afterwards, which
    outlasts an outage of a minute (``RetryPolicy``). ``connections.py`` limits the duration of a try.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from random import SystemRandom
from typing import BinaryIO, Protocol
from urllib.parse import urljoin, urlsplit

import urllib3
from msgspec import Struct

from source_pypi.errors import (
    DestinationError,
    RefusedError,
    ResponseError,
    SourceError,
    UnavailableError,
    UnreachableError,
)
from source_pypi.http import compression
from source_pypi.http.connections import Connections, OversizedError
from source_pypi.http.credentials import Credentials, origin
from source_pypi.http.failures import cause_of, is_connected, proxy_refusal
from source_pypi.http.proxy import Proxy
from source_pypi.http.rate_limit import RateLimiter
from source_pypi.http.request_log import RequestLog, RetryWait, TransferStats
from source_pypi.safety.redaction import without_credentials

#: Tries of a request: before and after the service has answered once in this run.
FIRST_TRIES, TRIES = 3, 7
#: Waits between tries, in seconds: doubled from the first to the last, plus a random part of up to a quarter.
SHORTEST_BACKOFF, LONGEST_BACKOFF = 1.0, 32.0
#: The longest Retry-After that is honoured, in seconds; a longer one is an error at once.
LONGEST_WAIT = 300.0
#: Redirects that are followed in one try.
REDIRECTS = 5
#: Bytes of a body that are received at a time if a file gets it.
_BLOCK = 1024 * 1024
#: The longest Retry-After, in seconds. A longer one counts as this one, because a number of any length is valid.
_MOST_SECONDS = 1e9
#: From 0 to 1, from the operating system: drawing from the generator of ``random`` would change the numbers that a
#: program gets that seeds it, even from another thread.
_JITTER = SystemRandom().random
_REDIRECTING = frozenset({301, 302, 303, 307, 308})


class Response(Struct, frozen=True):
    """A response with status 200, 304, 404 or 406; 410 is returned as 404. ``post`` may return others, too.

    ``url`` is the URL that answered, after redirects, without credentials. ``body`` is decompressed; it is empty unless
    the status is 200. The keys of ``headers`` are case-insensitive. ``redirect`` is the URL of a redirect to another
    host that was not followed; the status is then 404.
    """

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str]
    redirect: str | None = None

    @property
    def etag(self) -> str | None:
        """The ETag; None: the service sent none."""
        return self.headers.get("ETag")


class RetryPolicy(Struct, frozen=True):
    """The most tries of a request, and the longest Retry-After that is honoured, in seconds."""

    tries: int = TRIES
    longest_wait: float = LONGEST_WAIT


#: The retry policy of a run.
DEFAULT_RETRY_POLICY = RetryPolicy()


class Transport(Protocol):
    """What takes requests to a service and returns its responses: connections, or a folder that stands for it."""

    def open(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        """Send a request and return the response, whose body the caller reads; ``body`` is what is posted."""
        ...

    def renew(self) -> None:
        """Use new connections from now on."""
        ...

    def proxy(self, url: str) -> Proxy | None:
        """Return the proxy that leads to a URL; None: there is none."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class Client:
    """Sends requests to one service. Safe to share between threads.

    :param user_agent: the User-Agent; with contact information, the operators can reach the user.
    :param requests_per_second: the rate limit; 0: none.
    :param timeout: seconds to connect, and seconds to receive a response (``connections.py``).
    :param connections: connections that are kept open.
    :param retry_policy: how often to retry, and how long to wait.
    :param ca_bundle: path of a PEM file with certificates to trust in addition to the system's.
    :param transport: what takes the requests to the service; None: connections.
    :param on_event: called before each wait and after each response.
    :param clock, sleep, jitter: time and randomness; tests replace them. A ``sleep`` of None ends with ``close``.
    :param now: seconds since 1970, for a Retry-After that is a date.
    :raises SettingError: when the bundle cannot be read.
    """

    def __init__(
        self,
        *,
        user_agent: str = "source-pypi",
        credentials: Credentials | None = None,
        requests_per_second: float = 5,
        timeout: float = 30,
        connections: int = 1,
        retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
        ca_bundle: str | None = None,
        transport: Transport | None = None,
        on_event: Callable[[RetryWait | RequestLog], None] = lambda event: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = _JITTER,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.stats = TransferStats()
        self.answered = self._received = False
        self._credentials, self._retry_policy = credentials, retry_policy
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip"}
        self._transport = transport or Connections(timeout=timeout, kept=connections, ca_bundle=ca_bundle)
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._rate_limiter = RateLimiter(requests_per_second, clock, self._sleep)  # no cycle: connections are freed
        self._clock, self._jitter, self._on_event, self._now = clock, jitter, on_event, now
        self._stats_lock = threading.Lock()

    def close(self) -> None:
        """Send nothing more, end all waits, and close the kept connections. Other methods raise ``CancelledError``."""
        self._closed.set()
        self._transport.close()

    def wait(self, seconds: float) -> None:
        """Wait.

        :raises CancelledError: when the client is closed.
        """
        self._sleep(seconds)
        self._check_open()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise CancelledError

    def get(
        self,
        url: str,
        *,
        accept: str = "application/json",
        etag: str | None = None,
        same_host: bool = False,
        into: BinaryIO | None = None,
    ) -> Response:
        """Request a URL; with ``etag``, the response is 304 if nothing has changed.

        :param same_host: do not follow a redirect to another host, which is returned as 404.
        :param into: a file, which gets the body of a response with status 200 as it is received; ``body`` is then
            empty, and the service is asked not to compress it.
        :raises DestinationError: when ``into`` cannot be written.
        :raises UnreachableError: no complete response in all tries.
        :raises UnavailableError: 429 or 5xx in all tries, or a Retry-After longer than ``retry_policy`` allows.
        :raises RefusedError: 401 or 403.
        :raises UntrustedError: the certificate is not trusted.
        :raises ProxyError: the proxy cannot be used, or requires credentials.
        :raises ResponseError: any other status, too many redirects, or a redirect that is not followed.
        """
        headers = {"Accept": accept} | ({"If-None-Match": etag} if etag else {})
        if into is not None:
            headers["Accept-Encoding"] = "identity"
        return self._request(_Message(url, headers, into=into), same_host=same_host)

    def post(
        self, url: str, body: bytes, *, content_type: str, accept: str = "*/*", answer_header: str | None = None
    ) -> Response:
        """Post a question, which changes nothing, to a URL; it is retried as ``get``, and follows redirects as it is.

        405 is returned as 404: there is nothing that takes questions.

        :param answer_header: a header by which the service marks its answers; a response that has it is returned with
            its body, whatever its status. None: there is none.
        :raises SourceError: as ``get``.
        """
        headers = {"Accept": accept, "Content-Type": content_type}
        return self._request(_Message(url, headers, body, answer_header), same_host=False)

    # Tries, and what is told about them -------------------------------------------------------------------------------

    def _request(self, message: "_Message", *, same_host: bool) -> Response:
        start, tries, url = self._clock(), 0, message.url
        while True:
            tries += 1
            outcome = self._try(message, same_host)
            if isinstance(outcome, Response):
                self.answered = True
                return outcome
            self.answered = self.answered or outcome.status != 0
            wait = self._wait_before(tries, outcome.retry_after)
            max_tries = self._retry_policy.tries if self.answered else min(FIRST_TRIES, self._retry_policy.tries)
            if tries >= max_tries or wait > self._retry_policy.longest_wait:
                raise outcome.error(without_credentials(url), tries, self._clock() - start)
            requested = outcome.retry_after is not None
            self._on_event(RetryWait(without_credentials(url), outcome.reason, wait, tries, requested))
            self.wait(wait)

    def repeats_credentials(self, body: bytes) -> bool:
        """Whether the first 4,096 bytes of a body, part of which errors quote, contain the credentials."""
        return self._credentials is not None and self._credentials.appear_in(body[:4096])

    def quoted(self, text: str, body: bytes) -> str:
        """A text from a body, for a message; if the body repeats the credentials, words that say so."""
        return "the credentials that were sent" if self.repeats_credentials(body) else text

    def wait_before_retry(self, url: str, reason: str, tries: int, retry_after: float | None = None) -> None:
        """Wait before the caller requests a URL again because of what the response says.

        :param retry_after: seconds that the response asks to wait; None: the usual wait.
        """
        seconds = self._wait_before(tries, retry_after)
        self._on_event(RetryWait(without_credentials(url), reason, seconds, tries, retry_after is not None))
        self.wait(seconds)

    @property
    def retry_policy(self) -> RetryPolicy:
        """How often requests are retried, and the longest wait."""
        return self._retry_policy

    def renew_connections(self) -> None:
        """Use new connections from now on, because a response on a kept one belonged to another request."""
        self._transport.renew()

    def shown(self, url: str, requested: str = "") -> str:
        """A URL for messages, without credentials; also without those that a redirect from ``requested`` repeats."""
        text = without_credentials(url)
        return self._credentials.removed_from(text, requested) if self._credentials and url != requested else text

    # One try, with its redirects --------------------------------------------------------------------------------------

    def _try(self, message: "_Message", same_host: bool) -> "Response | _Failure":
        """One try, which includes its redirects: the response, or why it failed."""
        hop = url = message.url
        for _ in range(REDIRECTS + 1):
            self._rate_limiter.wait()
            self._check_open()
            self.stats.rate_limit_seconds = self._rate_limiter.waited
            shown = self.shown(hop, url)
            try:
                response, packed = self._send(hop, message, shown)
                body = _unpack(response, packed, is_answer=message.is_answered_by(response))
                del packed
            except OversizedError as error:
                raise ResponseError(shown, error.limit) from error
            except compression.UnknownCodingError as error:
                coding = self.shown(error.coding)[:60]
                raise ResponseError(shown, f"with the Content-Encoding {coding!r}, which is not supported") from error
            except (urllib3.exceptions.LocationValueError, urllib3.exceptions.URLSchemeUnknown, ValueError) as error:
                raise ResponseError(shown, "nothing: it is not an HTTP URL") from error
            except (urllib3.exceptions.HTTPError, OSError) as error:
                cause = cause_of(error, shown, self._transport.proxy(hop))
                return _Failure(0, cause, None, connected=is_connected(error))
            if response.status not in _REDIRECTING:
                return self._classify(hop, shown, response, body, message)
            target = self._redirect_target(hop, shown, response.headers.get("Location", ""))
            if same_host and not _is_same_host(url, target):
                redirect = self.shown(target.partition("?")[0].partition("#")[0])[:200]
                return Response(shown, 404, b"", response.headers, redirect)
            hop = target
        raise ResponseError(without_credentials(url), f"more than {REDIRECTS} redirects")

    def _send(self, url: str, message: "_Message", shown: str) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        plain = self._headers | dict(message.headers)
        secret = self._credentials.headers_for(url) if self._credentials else {}
        with self._stats_lock:
            self.stats.requests += 1
        start = self._clock()
        response = self._transport.open(url, plain | secret, message.body)
        try:
            if message.into is not None and response.status == 200:
                packed, size = b"", _copy(response, message.into)
            else:
                packed = response.read(compression.LARGEST_ANSWER + 1, decode_content=False)
                size = len(packed)
            with self._stats_lock:
                self.stats.bytes_received += size
            missing = response.length_remaining or 0  # urllib3 reports it at the next read only
            if size > compression.LARGEST_ANSWER and message.into is not None:
                raise OversizedError(f"more than {compression.LARGEST_ANSWER // 2**20} MB")
            if size > compression.LARGEST_ANSWER:
                response.close()  # else the rest would be read as the next response
            elif missing:
                raise urllib3.exceptions.IncompleteRead(size, missing)
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()
        seconds = self._clock() - start
        sent = plain | dict.fromkeys(secret, "***")
        self._on_event(RequestLog(shown, response.status, size, seconds, sent, self._received_headers(response)))
        return response, packed

    def _received_headers(self, response: urllib3.BaseHTTPResponse) -> Mapping[str, str]:
        """The headers of a response without cookies, and without the credentials if it repeats them."""
        headers: Mapping[str, str] = response.headers
        if self._credentials is None and "Set-Cookie" not in headers:
            return headers
        hide = self._credentials.removed_from if self._credentials is not None else str
        return {name: "***" if name.lower() == "set-cookie" else hide(value) for name, value in headers.items()}

    # What a response means --------------------------------------------------------------------------------------------

    def _classify(
        self, url: str, shown: str, response: urllib3.BaseHTTPResponse, body: bytes, message: "_Message"
    ) -> "Response | _Failure":
        """Return a response, or a failure that a retry may fix; raise any other."""
        status = response.status
        if message.is_answered_by(response):
            return Response(shown, status, body, response.headers)
        if status == 429 or status >= 500:
            return _Failure(status, f"status {status}", self._retry_after(response.headers.get("Retry-After")))
        if status in (401, 403):
            explanation = "" if self.repeats_credentials(body) else _first_line(body, response)
            raise RefusedError(shown, status, explanation, self._received)
        if status == 407 and (proxy := self._transport.proxy(url)) is not None:
            raise proxy_refusal(proxy, status)
        if len(body) > compression.LARGEST_ANSWER:
            raise ResponseError(shown, f"more than {compression.LARGEST_ANSWER // 2**20} MB")
        is_missing = status == 410 or (message.body is not None and status == 405)
        if status not in (200, 304, 404, 406) and not is_missing:
            raise ResponseError(shown, f"{status} {HTTPStatus(status).phrase if status in _STANDARD else ''}".strip())
        self._received = self._received or status in (200, 304)
        return Response(shown, 404 if is_missing else status, body, response.headers)

    def _redirect_target(self, base: str, shown: str, location: str) -> str:
        """The URL that a redirect leads to.

        :raises ResponseError: when it is not a URL, or leads from https to http, where others could read the request.
        """
        target = self.shown(location)[:60]
        url = _redirect_target(base, location)
        if url is None:
            raise ResponseError(shown, f"with a redirect to no HTTP URL: {target!r}")
        if urlsplit(url).scheme == "http" and urlsplit(base).scheme == "https":
            raise ResponseError(shown, f"with a redirect from https to http: {target!r}")
        return url

    def _retry_after(self, text: str | None) -> float | None:
        """Seconds to wait, from a Retry-After in seconds or as a date (RFC 9110, 10.2.3); None: absent or invalid."""
        if text is None:
            return None
        if text.strip().isascii() and text.strip().isdigit():
            return min(float(text), _MOST_SECONDS)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - self._now())
        except (ValueError, OverflowError, OSError):
            return None

    def _wait_before(self, tries: int, retry_after: float | None) -> float:
        if retry_after is not None:
            return retry_after
        backoff: float = min(LONGEST_BACKOFF, SHORTEST_BACKOFF * 2 ** (tries - 1))
        return backoff * (1 + self._jitter() / 4)


class _Message(Struct, frozen=True):
    """A request: its URL, its headers beyond those of every request, and the body of a POST (None: it is a GET).

    ``answer_header`` is the header of responses that are returned whatever their status; None: there is none. ``into``
    is the file that gets the body of a response with status 200; None: the response has it.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    answer_header: str | None = None
    into: BinaryIO | None = None

    def is_answered_by(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Whether a response has ``answer_header``."""
        return self.answer_header is not None and self.answer_header in response.headers


class _Failure(Struct, frozen=True):
    """A try without a response: the status (0: none came), the reason, the Retry-After in seconds.

    ``connected``: whether a connection was made.
    """

    status: int
    reason: str
    retry_after: float | None
    connected: bool = False

    def error(self, url: str, tries: int, seconds: float) -> SourceError:
        if self.status:
            return UnavailableError(url, self.status, tries, seconds, self.retry_after)
        return UnreachableError(url, self.reason, tries, seconds, self.connected)


_STANDARD = frozenset(HTTPStatus)


# Redirects ------------------------------------------------------------------------------------------------------------


def _is_same_host(one: str, other: str) -> bool:
    """Whether two URLs have the same origin, or the same host by http and then by https."""
    (scheme, host, port), (other_scheme, other_host, other_port) = origin(one), origin(other)
    upgrade = scheme == "http" and other_scheme == "https"
    return host == other_host and (upgrade or (scheme, port) == (other_scheme, other_port))


def _redirect_target(base: str, location: str) -> str | None:
    """The URL that a redirect leads to; None: it is not an HTTP URL."""
    try:
        url = urljoin(base, location)
        scheme, host, _ = origin(url)
    except ValueError:  # brackets, or a port out of range
        return None
    return url if scheme in ("http", "https") and host else None


# Bodies ---------------------------------------------------------------------------------------------------------------


def _copy(response: urllib3.BaseHTTPResponse, into: BinaryIO) -> int:
    """Write the body to a file, from its beginning, and return its size, at most one block above the limit.

    :raises UnknownCodingError: when the body is compressed.
    :raises DestinationError: when the file cannot be written.
    """
    coding = response.headers.get("Content-Encoding", "")
    if coding.strip().lower() not in compression.NOT_COMPRESSED:
        raise compression.UnknownCodingError(coding)
    into.seek(0)
    into.truncate()
    size = 0
    while size <= compression.LARGEST_ANSWER and (block := response.read(_BLOCK, decode_content=False)):
        size += len(block)
        try:
            into.write(block)
        except OSError as error:
            raise DestinationError("a temporary file", f"cannot be written: {error.strerror}") from error
    return size


def _unpack(response: urllib3.BaseHTTPResponse, packed: bytes, *, is_answer: bool = False) -> bytes:
    """The body of a response whose body is read; empty for any other status."""
    encoding = response.headers.get("Content-Encoding", "")
    if response.status == 200 or is_answer:
        return compression.unpack(packed, encoding)
    return packed if response.status in (401, 403) and not encoding else b""


def _first_line(body: bytes, response: urllib3.BaseHTTPResponse) -> str:
    """The first line of a refusal in plain text; empty: the body has another type."""
    if not response.headers.get("Content-Type", "").startswith("text/plain"):
        return ""
    lines = body[:200].decode("ascii", "replace").splitlines()
    return "".join(char for char in lines[0] if char.isprintable()).rstrip(".") if lines else ""
