"""Kept connections whose every wait is bounded: to the index, or through the proxy that the environment names.

Flow
    ``Connections.open`` finds out once an origin which proxy leads there, and asks over a connection of that way.
    urllib3 makes, keeps and shares connections; what it leaves unbounded is bounded here.

What bounds a try
    ``timeout`` seconds to connect (name, TCP, proxy and TLS together), as many for the head of the answer, and as many
    for its body, which gets a second more for every ``SLOWEST_BODY`` bytes that have come. urllib3's own timeouts bound
    the silence between two bytes only: a byte a second would go on for ever.

How
    The timeout of a socket is set, after whatever it brings, to what is left. That holds with TLS too, where one read
    of a record is bounded as a whole. A name is resolved, and TCP connected, in a thread of its own: the system's
    resolver knows no timeout, and cannot be interrupted.

Clock
    Sockets wait in real time, whatever the clock of a caller says, so that time is measured here.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from source_pypi.http.proxy import Proxy, proxy_for
from source_pypi.http.tls import trusted

#: Bytes a second, below which a body is taken for one that does not come at all.
SLOWEST_BODY = 16 * 1024


class Connections:
    """Connections to whatever is asked. Safe to share between threads.

    :param timeout: seconds that connecting may take, and an answer; see the module.
    :param kept: connections to an origin that are kept open, and that there are at most.
    :param ca_bundle: path of a PEM file with certificates that are trusted too; None: the system's only.
    :param proxy_of: the proxy that leads to an address; None: there is none.
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
        #: Made when it is needed, or else to see that there is such a file: it costs as much as ten requests.
        self._trust: ssl.SSLContext | None = trusted(ca_bundle) if ca_bundle is not None else None
        self._ways: dict[tuple[str, str], _Way] = {}
        self._making = threading.Lock()

    def open(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Ask for an address; the body is still to be read, and the connection then to be released.

        :raises ProxyError: when what the environment names is no proxy.
        :raises urllib3.exceptions.HTTPError: when no head of an answer comes.
        """
        parts = urlsplit(url)
        way = self._way(parts, url)
        how: dict[str, Any] = {"headers": headers, "redirect": False, "preload_content": False}
        if way.pool is None:
            return way.pools.urlopen("GET", url, **how)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return way.pool.urlopen("GET", target, **how)

    def proxy(self, url: str) -> Proxy | None:
        """The proxy that leads to an address; None: it is reached without one."""
        return self._way(urlsplit(url), url).proxy

    def close(self) -> None:
        """Close the kept connections."""
        for way in self._ways.values():
            way.pools.clear()

    def _way(self, parts: SplitResult, url: str) -> "_Way":
        place = parts.scheme, parts.netloc.rpartition("@")[2]
        with self._making:
            if place not in self._ways:
                proxy = self._proxy_of(url)
                same = (w.pools for (scheme, _), w in self._ways.items() if (scheme, w.proxy) == (parts.scheme, proxy))
                pools = next(same, None) or self._pools(parts.scheme, proxy)
                pool = pools.connection_from_url(f"{place[0]}://{place[1]}") if proxy is None else None
                self._ways[place] = _Way(proxy, pools, pool)
            return self._ways[place]

    def _pools(self, scheme: str, proxy: Proxy | None) -> urllib3.PoolManager:
        options: dict[str, Any] = {
            "maxsize": self._kept,
            "block": True,
            "retries": False,
            "timeout": urllib3.Timeout(connect=self._timeout, read=self._timeout),
        }
        if "https" in (scheme, proxy and proxy.scheme):
            self._trust = self._trust or trusted(self._ca_bundle)
            options["ssl_context"] = self._trust
        if proxy is None:
            pools = urllib3.PoolManager(**options)
        else:
            pools = urllib3.ProxyManager(
                proxy.url, proxy_headers=proxy.headers, proxy_ssl_context=options.get("ssl_context"), **options
            )
        pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return pools


class _Way(NamedTuple):
    """How an origin is reached: the proxy (None: without), and the connections that lead there.

    ``pool`` are those to the origin itself, where there is no proxy: asked directly, they cost a tenth less a request
    than by way of all ``pools``, which look up anew where each address leads.
    """

    proxy: Proxy | None
    pools: urllib3.PoolManager
    pool: urllib3.HTTPConnectionPool | None


class _Timed(io.RawIOBase):
    """What comes over a socket, as long as there is time: the socket's timeout is always what is left of it.

    :ivar of_body: whether each byte that comes adds to the time.
    :ivar over: whether the other side has ended.
    """

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._socket, self._raw = sock, raw
        self._silence = sock.gettimeout() or 0.0
        self._until = time.monotonic() + self._silence
        self.of_body = self.over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._raw.readinto(buffer)
        self.over = count == 0
        if self.of_body and count:
            self._until += count / SLOWEST_BODY
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(min(left, self._silence))
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer whose head, and then body, come in time. The answer of a proxy to CONNECT is one, too."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._timed = _Timed(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        super().begin()
        if self._timed.over:  # http.client takes a head that ends too early for a whole one: a 404 out of an outage
            raise http.client.IncompleteRead(b"")
        self._timed.of_body = True


class _Plain(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connected(super()._new_conn, self)


class _Secure(HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connected(super()._new_conn, self)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


def _connected(connect: Callable[[], socket.socket], asker: HTTPConnection) -> socket.socket:
    """A connection that was made in a thread of its own, with what is left of the time to connect as its timeout."""
    made: Future[socket.socket] = Future()

    def work() -> None:
        try:
            sock = connect()
        except BaseException as error:
            if not made.cancelled():
                made.set_exception(error)
            return
        try:
            made.set_result(sock)
        except InvalidStateError:  # nobody waits any more
            sock.close()

    seconds = asker.timeout or 0.0
    until = time.monotonic() + seconds
    threading.Thread(target=work, name="connect", daemon=True).start()
    try:
        sock = made.result(seconds)
    except TimeoutError as error:
        raise ConnectTimeoutError(asker, "no connection in time") from error
    finally:
        made.cancel()
    sock.settimeout(max(until - time.monotonic(), 0.001))
    return sock
