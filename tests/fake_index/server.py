"""FakeIndex: the server. It listens on the loopback, remembers what was asked, and answers from a World.

Flow of a request: credentials -> a fault, if one waits for this path -> the trap for questions asked twice ->
the prepared answer (kept until the world changes) -> condition -> one send.
"""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Literal, Self

from tests.fake_index.documents import API_VERSION, View
from tests.fake_index.faults import Fault
from tests.fake_index.negotiation import takes_gzip
from tests.fake_index.prepare import Prepared, Style, compress, matches
from tests.fake_index.site import Answer, Asked, Site, not_allowed
from tests.fake_index.wire import Connection, Heard, Plan, sent_bytes
from tests.fake_index.world import World
from tests.fake_index.xmlrpc import PATHS, XmlRpc

_METHODS = "GET, HEAD, OPTIONS"


@dataclass(frozen=True, slots=True)
class Request:
    """A request and its answer."""

    method: str
    #: As sent: percent-encoded, with prefix and query.
    path: str
    #: Names in lower case.
    headers: dict[str, str]
    #: The status sent; 0 when the connection was reset before any.
    status: int
    #: Bytes of the body sent (as encoded); for `drip` those that were to be sent.
    body_bytes: int
    #: Name of the fault that this request got; None: none.
    fault: str | None = None


@dataclass(slots=True)
class _Waiting:
    """A fault and its remaining uses."""

    pattern: str
    fault: Fault
    #: None: all there will be.
    times: int | None


class FakeIndex:
    """A package index on the loopback; a context manager.

    mode: "edge" answers as the public index does behind its CDN, "origin" as the application behind it.
    poverty: a poor mirror (index-api.md 0). strict: a question asked twice is answered with 500.
    latency: seconds before each answer. prefix: everything lies below this path. record=False: keep no list
    of requests (for long benchmarks); nothing is then known to be asked twice. xmlrpc: whether it has a journal.
    api_version: of its pages as JSON.
    """

    def __init__(
        self,
        world: World,
        *,
        mode: Literal["edge", "origin"] = "edge",
        poverty: bool = False,
        etags: bool = True,
        strict: bool = True,
        latency: float = 0.0,
        username: str | None = None,
        password: str | None = None,
        prefix: str = "",
        port: int = 0,
        record: bool = True,
        xmlrpc: bool = True,
        api_version: str = API_VERSION,
    ) -> None:
        self.world = world
        self.latency = latency
        self.strict = strict
        #: All requests of this run, in the order of their answers.
        self.requests: list[Request] = []
        #: By path (with prefix, without query): answers that were not faults.
        self.counts: Counter[str] = Counter()
        #: Paths (without prefix) that may be requested again: a run asks once more whether the index still answers.
        self.may_repeat: set[str] = set()
        #: Paths that were requested again after an answer.
        self.repeated: list[str] = []
        self.port = port
        self._sent = (0, 0)
        #: The journal; None: the index has none.
        self.xmlrpc = XmlRpc(lambda: self.world.journal) if xmlrpc and not poverty else None
        self._record = record
        self._edge = mode == "edge"
        self._poverty, self._api_version = poverty, api_version
        self._prefix = prefix.rstrip("/")
        self._style = Style(edge=self._edge, etags=etags, poverty=poverty)
        self._credentials = None if username is None else _basic(username, password or "")
        self._lock = threading.Lock()
        self._answered: set[tuple[str, ...]] = set()
        self._waiting: list[_Waiting] = []
        self._cache: dict[tuple[str, str, str, bool], tuple[str | None, tuple[int, int], Prepared]] = {}
        self._date = (0, b"")
        self._stopping = threading.Event()
        self._open: dict[socket.socket, threading.Thread] = {}
        self.connections = 0  # that were made so far

    # Life ------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listen; `url` is known from here on."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self.port = self._listener.getsockname()[1]
        #: Address of the index, prefix included, without a slash at the end.
        self.url = f"http://127.0.0.1:{self.port}{self._prefix}"
        view = View(self.url, self._prefix, self._poverty, api_version=self._api_version)
        self._site = Site(self.world, view, edge=self._edge)
        self._accepter = threading.Thread(target=self._accept, name="fake-index", daemon=True)
        self._accepter.start()
        return self

    def stop(self) -> None:
        """End all connections and threads."""
        self._stopping.set()
        with suppress(OSError):  # wakes the accepter
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._accepter.join(5)
        self._listener.close()
        with self._lock:
            connections = dict(self._open)
        for sock in connections:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join(5)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    # For tests -------------------------------------------------------------------------------------------

    def fault(self, path: str, fault: Fault, times: int | None = 1) -> None:
        """The next requests for this path (or glob; with or without the prefix) get this fault.

        Faults wait in line: the first one that matches and is not used up is taken. `times` None: for ever.
        """
        with self._lock:
            self._waiting.append(_Waiting(path, fault, times))

    def clear_faults(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._waiting.clear()

    @property
    def waiting_faults(self) -> list[tuple[str, str]]:
        """(path, fault name) of the faults that are not used up."""
        with self._lock:
            return [(waiting.pattern, waiting.fault.name) for waiting in self._waiting]

    def new_run(self) -> None:
        """Forget all requests, so that each document may be requested once more. Faults stay."""
        with self._lock:
            self.requests, self.counts, self.repeated = [], Counter(), []
            self._answered.clear()

    def settle(self, seconds: float = 2) -> None:
        """Wait until no client is connected; then all their requests are recorded.

        Not longer than some seconds: a slow answer is not waited for.
        """
        until = time.monotonic() + seconds
        while self._open and time.monotonic() < until:
            time.sleep(0.001)

    def take_sent(self) -> tuple[int, int]:
        """Answers since the last call, and the bytes of their bodies; also if requests are not recorded."""
        sent, self._sent = self._sent, (0, 0)
        return sent

    def warm(self) -> None:
        """Prepare the compressed project documents, so that benchmarks do not measure it."""
        for name in list(self.world.projects):
            self._prepared(Asked("GET", f"/pypi/{name}/json"), gzip=True)

    # Connections -----------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self._stopping.is_set():
                sock.close()
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            with self._lock:
                self._open[sock] = thread
                self.connections += 1
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            Connection(sock, self._stopping.wait).serve(self._answer)
        finally:
            with self._lock:
                del self._open[sock]
            sock.close()

    # Requests --------------------------------------------------------------------------------------------

    def _answer(self, heard: Heard) -> Plan:
        """Decide the answer, and record the request before the client receives it."""
        if self.latency:
            self._stopping.wait(self.latency)
        path, _, query = heard.target.partition("?")
        inner = path.removeprefix(self._prefix)
        asked = Asked(heard.method, inner, query, heard.headers.get("accept"))
        if self._credentials is not None and heard.headers.get("authorization") != self._credentials:
            return self._planned(heard, self._style.prepare(_UNAUTHORIZED, gzip=False), None)
        fault = self._take_fault(path, inner)
        if fault is not None:
            return self._planned(heard, self._faulty(fault, asked, heard), fault)
        if self._is_repeated(heard):
            body = f"asked twice: {heard.target}".encode()
            answer = Answer(500, "text/plain; charset=UTF-8", body)
            return self._planned(heard, self._style.prepare(answer, gzip=False), None)
        gzip = takes_gzip(heard.headers.get("accept-encoding"))
        if heard.method == "POST" and self.xmlrpc is not None and inner in PATHS:
            answer = self.xmlrpc.answer(heard.body, heard.headers.get("content-type", ""))
            prepared = replace(self._style, etags=False).prepare(answer, gzip=gzip)  # the edge caches no POST
            return self._planned(heard, prepared, None)
        return self._planned(heard, self._right(asked, path, gzip=gzip), None)

    def _right(self, asked: Asked, path: str, *, gzip: bool) -> Prepared:
        """The answer without faults. index-api.md 2.2, 2.3"""
        if not path.isascii():
            return self._style.prepare(Answer(400, "text/plain", b"Bad Request"), gzip=False)
        if asked.method == "OPTIONS":
            return self._style.prepare(Answer(200, "text/plain", b"", (("Allow", _METHODS),)), gzip=False)
        if asked.method not in ("GET", "HEAD"):
            return self._style.prepare(not_allowed(_METHODS), gzip=False)
        if not path.startswith(f"{self._prefix}/"):
            return self._style.prepare(Answer(404, "text/plain", b"404 Not Found"), gzip=False)
        return self._prepared(asked, gzip=gzip)

    def _prepared(self, asked: Asked, *, gzip: bool) -> Prepared:
        """From the cache, as long as its data has not changed."""
        key = (asked.method, asked.path, self._site.variant(asked), gzip)
        kept = self._cache.get(key)
        if kept is not None and kept[1] == self.world.revision_of(kept[0]):
            return kept[2]
        with self.world.lock:
            answer = self._site.answer(asked)
            revision = self.world.revision_of(answer.scope)
        prepared = self._style.prepare(answer, gzip=gzip)
        if answer.status == 200:
            self._cache[key] = (answer.scope, revision, prepared)
        return prepared

    def _planned(self, heard: Heard, prepared: Prepared, fault: Fault | None) -> Plan:
        status, head, body = prepared.status, prepared.head, prepared.body
        condition = heard.headers.get("if-none-match")
        if condition is not None and prepared.etag is not None and matches(condition, prepared.etag):
            status, head, body = 304, prepared.not_modified or b"", b""
        if heard.method == "HEAD":
            body = b""
        last = heard.last or (fault is not None and fault.after is not None)
        ending = b"Connection: close\r\n\r\n" if last else b"\r\n"
        self._note(heard, status, sent_bytes(body, fault), fault)
        return Plan(b"".join((head, self._date_line(), ending)), body, last, fault)

    def _note(self, heard: Heard, status: int, body_bytes: int, fault: Fault | None) -> None:
        with self._lock:
            self._sent = (self._sent[0] + 1, self._sent[1] + body_bytes)
        if not self._record:
            return
        never = fault is not None and fault.reset and fault.after is None
        name = None if fault is None else fault.name
        request = Request(heard.method, heard.target, heard.headers, 0 if never else status, body_bytes, name)
        with self._lock:
            self.requests.append(request)
            if fault is None:
                self.counts[heard.target.partition("?")[0]] += 1
                if status in (304, 404) or 200 <= status < 300:
                    self._answered.add(_question(heard) if status == 304 else _question(heard)[:3])

    def _is_repeated(self, heard: Heard) -> bool:
        with self._lock:
            if not {_question(heard), _question(heard)[:3]} & self._answered:
                return False
            if heard.target.removeprefix(self._prefix) in self.may_repeat:
                return False
            self.repeated.append(heard.target)
        return self.strict

    # Faults ----------------------------------------------------------------------------------------------

    def _take_fault(self, path: str, inner: str) -> Fault | None:
        if not self._waiting:
            return None
        with self._lock:
            for waiting in self._waiting:
                if fnmatchcase(path, waiting.pattern) or fnmatchcase(inner, waiting.pattern):
                    if waiting.times is not None:
                        waiting.times -= 1
                        if waiting.times <= 0:
                            self._waiting.remove(waiting)
                    return waiting.fault
        return None

    def _faulty(self, fault: Fault, asked: Asked, heard: Heard) -> Prepared:
        """The answer of a fault: its own, or the right one, possibly old or broken."""
        gzip = takes_gzip(heard.headers.get("accept-encoding"))
        if fault.answer is not None:  # without an ETag, as from a machine in between
            return replace(self._style, etags=False).prepare(fault.answer, gzip=gzip)
        if fault.stale:
            with self.world.lock:
                answer = self._site.answer(replace(asked, stale=True))
            return self._style.prepare(answer, gzip=gzip)
        if not fault.broken_gzip:
            return self._right(asked, heard.target.partition("?")[0], gzip=gzip)
        with self.world.lock:
            answer = self._site.answer(asked)
        fields = [*answer.headers, ("Content-Encoding", "gzip")]
        etag = self._style.prepare(answer, gzip=True).etag
        if etag is not None:  # the right one, damaged in transit
            fields.append(("ETag", etag))
        broken = replace(answer, body=_break(compress(answer.body)), headers=tuple(fields))
        return replace(self._style, etags=False).prepare(broken, gzip=False)

    def _date_line(self) -> bytes:
        now = int(time.time())
        if self._date[0] != now:
            self._date = (now, f"Date: {formatdate(now, usegmt=True)}\r\n".encode())
        return self._date[1]


_UNAUTHORIZED = Answer(
    401, "text/plain; charset=UTF-8", b"401 Unauthorized", (("WWW-Authenticate", 'Basic realm="index"'),)
)


def _basic(username: str, password: str) -> str:
    """The Authorization header of these credentials."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _question(heard: Heard) -> tuple[str, ...]:
    """The identity of a request, with its condition: a request without it, after a 304, is not a repetition."""
    headers, posted = heard.headers, heard.body.decode("latin-1")
    return heard.method, heard.target + posted, headers.get("accept", ""), headers.get("if-none-match", "")


def _break(packed: bytes) -> bytes:
    """Reverse the second half, except the length at the end, so that the data or the checksum is wrong."""
    half = len(packed) // 2
    return packed[:half] + bytes(byte ^ 0xFF for byte in packed[half:-4]) + packed[-4:]
