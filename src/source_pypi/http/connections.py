"""Kept connections with time limits, direct or through the proxy that the environment names.

Flow
    ``Connections.open`` looks up once per origin which proxy leads there, and sends the request over a pool of that
    route. urllib3 opens, keeps and shares connections; this module adds the time limits that it lacks.

Time limits of a try
    ``timeout`` seconds to connect (name, TCP, proxy and TLS together), and as many to receive the response, headers and
    body together, plus one second for every ``SLOWEST_BODY`` bytes received. urllib3's own timeouts limit only the
    silence between two bytes: a body of one byte per second would never end.

Size limits of a try
    All heads of a response, interim ones included, have at most ``LARGEST_HEAD`` bytes, and a response has at most as
    many more than the largest body (``compression.py``), whatever the bytes are: headers, chunk sizes, trailers.

Reuse
    A connection is closed if anything arrived after its response, because that would be read as the next response. So
    would a final response that follows an interim one (100 to 199, without 101): interim ones are skipped.

How
    After every read, the timeout of the socket is set to the time that remains. This holds with TLS too, where the
    timeout applies to a whole record. Names are resolved, and TCP is connected, in a separate thread: the system's
    resolver has no timeout and cannot be interrupted.

Clock
    Sockets wait in real time, so this module measures real time, whatever clock the client uses.
"""

import http.client
import io
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from source_pypi.http import compression
from source_pypi.http.chunked import ChunkedBody
from source_pypi.http.headers import content_length, is_chunked, read_headers
from source_pypi.http.proxy import Proxy, proxy_for
from source_pypi.http.tls import tls_context

#: The lowest accepted rate of a body, in bytes per second.
SLOWEST_BODY = 16 * 1024
#: Bytes of all heads of a response; real ones have some 2,000.
LARGEST_HEAD = 1024 * 1024
#: Interim responses before a response.
MOST_INTERIM = 20


class OversizedError(Exception):
    """A response has more bytes than a limit allows. ``limit`` says which, for a message."""

    def __init__(self, limit: str) -> None:
        self.limit = limit
        super().__init__(limit)


class Connections:
    """Connections to any origin. Safe to share between threads.

    :param timeout: seconds to connect, and to receive a response; see the module.
    :param kept: connections to an origin that are kept open; also the most at a time.
    :param ca_bundle: path of a PEM file with certificates to trust in addition; None: only the system's.
    :param proxy_of: returns the proxy for a URL, or None.
    :raises SettingError: when the bundle cannot be read.
    """

    def __init__(
        self,
        *,
        timeout: float,
        kept: int = 1,
        ca_bundle: str | None = None,
        proxy_of: Callable[[str], Proxy | None] = proxy_for,
    ) -> None:
        self._timeout, self._kept, self._proxy_of = timeout, kept, proxy_of
        self._ca_bundle = ca_bundle
        #: Made at once only to check the bundle, else when first needed: it costs as much as ten requests.
        self._tls_context: ssl.SSLContext | None = tls_context(ca_bundle) if ca_bundle is not None else None
        self._routes: dict[tuple[str, str], _Route] = {}
        self._routes_lock = threading.Lock()

    def open(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        """Send a request and receive the headers; the caller reads the body and then releases the connection.

        :param body: what is posted; None: the request is a GET.

        :raises ProxyError: when the environment names something that is not an HTTP proxy.
        :raises urllib3.exceptions.HTTPError: when no headers arrive.
        """
        parts = urlsplit(url)
        route = self._route(parts, url)
        method = "GET" if body is None else "POST"
        options: dict[str, Any] = {"headers": headers, "body": body, "redirect": False, "preload_content": False}
        if route.pool is None:
            return route.pools.urlopen(method, url, **options)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return route.pool.urlopen(method, target, **options)

    def renew(self) -> None:
        """Use new connections from now on; those in use are closed when their requests have ended."""
        with self._routes_lock:
            self._routes = {}

    def proxy(self, url: str) -> Proxy | None:
        """The proxy that leads to a URL; None: the connection is direct."""
        return self._route(urlsplit(url), url).proxy

    def close(self) -> None:
        """Close the kept connections."""
        for route in self._routes.values():
            route.pools.clear()

    def _route(self, parts: SplitResult, url: str) -> "_Route":
        scheme, host = origin = parts.scheme, parts.netloc.rpartition("@")[2]
        with self._routes_lock:
            if origin not in self._routes:
                proxy = self._proxy_of(url)
                same = (r.pools for (other, _), r in self._routes.items() if (other, r.proxy) == (scheme, proxy))
                pools = next(same, None) or self._pools(scheme, proxy)
                pool = pools.connection_from_url(f"{scheme}://{host}") if proxy is None else None
                self._routes[origin] = _Route(proxy, pools, pool)
            return self._routes[origin]

    def _pools(self, scheme: str, proxy: Proxy | None) -> urllib3.PoolManager:
        options: dict[str, Any] = {
            "maxsize": self._kept,
            "block": True,
            "retries": False,
            "timeout": urllib3.Timeout(connect=self._timeout, read=self._timeout),
        }
        if "https" in (scheme, proxy and proxy.scheme):
            self._tls_context = self._tls_context or tls_context(self._ca_bundle)
            options["ssl_context"] = self._tls_context
        if proxy is None:
            pools = urllib3.PoolManager(**options)
        else:
            pools = urllib3.ProxyManager(
                proxy.url, proxy_headers=proxy.headers, proxy_ssl_context=options.get("ssl_context"), **options
            )
        pools.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return pools


class _Route(NamedTuple):
    """How an origin is reached: the proxy (None: directly), and the pools of connections.

    ``pool`` holds the connections to the origin itself; None with a proxy. A request over it costs a tenth less than
    over ``pools``, which look up the pool of each URL.
    """

    proxy: Proxy | None
    pools: urllib3.PoolManager
    pool: urllib3.HTTPConnectionPool | None


class _LimitedStream(io.RawIOBase):
    """The bytes of a socket, until a deadline and up to a limit.

    The timeout of the socket is always the time that remains.

    :ivar in_body: whether received bytes extend the deadline.
    :ivar paused: whether to return only what the reader above has buffered.
    """

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._socket, self._raw = sock, raw
        self._timeout = sock.gettimeout() or 0.0
        self._deadline = time.monotonic() + self._timeout
        self._received = 0
        self.in_body = self.paused = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.paused:
            return None
        count = self._raw.readinto(buffer)
        self._received += count or 0
        self._check_size()
        if self.in_body and count:
            self._deadline += count / SLOWEST_BODY
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(min(remaining, self._timeout))
        return count

    def _check_size(self) -> None:
        if not self.in_body and self._received > LARGEST_HEAD:
            raise OversizedError(f"more than {LARGEST_HEAD // 2**20} MB of headers")
        if self._received > compression.LARGEST_ANSWER + LARGEST_HEAD:
            raise OversizedError(f"more than {compression.LARGEST_ANSWER // 2**20} MB")

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response with limits for its head and its body; also that of a proxy to CONNECT.

    :ivar followed: whether bytes arrived after the response.
    """

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._socket = sock
        self._stream = _LimitedStream(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._stream)
        self.followed = False
        self._chunks: ChunkedBody | None = None

    def begin(self) -> None:
        """Receive the head, and skip interim responses (RFC 9110, 15.2)."""
        if self.headers is not None:
            return  # it was received
        for _ in range(MOST_INTERIM + 1):
            version, self.status, reason = self._read_status()
            if version != "HTTP/0.9" and not version.startswith("HTTP/1."):
                raise http.client.UnknownProtocol(version)
            headers = read_headers(self.fp)
            if not 100 <= self.status < 200 or self.status == 101:
                break
        else:
            raise http.client.HTTPException("too many interim responses")
        self.version = 10 if version in ("HTTP/0.9", "HTTP/1.0") else 11
        self.code, self.reason, self.headers, self.msg = self.status, reason.strip(), headers, headers
        self._expect_body(headers)
        self._stream.in_body = True

    def _expect_body(self, headers: http.client.HTTPMessage) -> None:
        """Find out how the body ends (RFC 9112, 6.3), and whether the connection can be used again after it."""
        if self.status in (101, 204, 304):  # without a body, whatever the headers say
            self.chunked, self.length = False, 0
        else:
            self.chunked = is_chunked(headers)
            self.length = None if self.chunked else content_length(headers)
        is_last = self.status == 101 or any("close" in text.lower() for text in headers.get_all("Connection", ()))
        ends = self.length is not None or (self.chunked and self.version == 11)
        self.will_close = is_last or not ends or self._check_close()  # type: ignore[attr-defined]  # of http.client

    def read(self, amt: int | None = None) -> bytes:
        """Receive up to ``amt`` bytes of the body."""
        if not self.chunked or self.fp is None:
            return super().read(amt)
        if self._chunks is None:
            self._chunks = ChunkedBody(self.fp)
        data = self._chunks.read(sys.maxsize if amt is None else amt)
        if self._chunks.complete:
            self.followed = bool(self._chunks.rest)
            self._close_conn()
        return data

    def _close_conn(self) -> None:
        """Called at the end of the response; ``http.client`` would drop the bytes after it."""
        if self.fp is not None and not self.fp.closed:
            self._stream.paused = True
            pending = getattr(self._socket, "pending", int)()  # decrypted, and not seen by select
            self.followed = self.followed or bool(self.fp.peek(1)) or pending > 0
        super()._close_conn()  # type: ignore[misc]


class _Connection(HTTPConnection):
    """A connection that is not used again if bytes arrived after its last response."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._last_response: _Response | None = None
        self.response_class = self._open_response  # type: ignore[assignment]

    @property
    def is_connected(self) -> bool:
        """Whether the connection can be used for a request."""
        followed = self._last_response is not None and self._last_response.followed
        return super().is_connected and not followed

    def _open_response(self, *arguments: Any, **options: Any) -> _Response:
        self._last_response = _Response(*arguments, **options)
        return self._last_response

    def _new_conn(self) -> socket.socket:
        self._last_response = None
        return _connect_in_time(super()._new_conn, self)


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


def _connect_in_time(connect: Callable[[], socket.socket], connection: HTTPConnection) -> socket.socket:
    """Connect in a separate thread; the timeout of the socket becomes the time that remains, for proxy and TLS."""
    result: Future[socket.socket] = Future()

    def work() -> None:
        try:
            sock = connect()
        except BaseException as error:
            if not result.cancelled():
                result.set_exception(error)
            return
        try:
            result.set_result(sock)
        except InvalidStateError:  # the caller has given up
            sock.close()

    seconds = connection.timeout or 0.0
    deadline = time.monotonic() + seconds
    threading.Thread(target=work, name="connect", daemon=True).start()
    try:
        sock = result.result(seconds)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "no connection in time") from error
    finally:
        result.cancel()
    sock.settimeout(max(deadline - time.monotonic(), 0.001))
    return sock
