"""A relay between a client and an index, which damages responses: ``relay.spoil(cut(100), times=2)``.

Each function makes a ``Spoil``. An answer is read whole from the index, head and body, then sent on as the spoil has
it.
"""

from __future__ import annotations

import gzip
import re
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

from tests.faults.listening import Listener, read_head

#: The end of a connection after the last byte.
Ending = Literal["next", "close", "reset", "silence"]


def _as_it_is(head: bytes, body: bytes) -> bytes:
    return head + body


@dataclass(frozen=True, slots=True)
class Spoil:
    """The damage to a response: the bytes that are sent, their rate, and the end of the connection."""

    bytes_of: Callable[[bytes, bytes], bytes] = _as_it_is
    ending: Ending = "next"
    #: Bytes per second; None: unlimited.
    rate: float | None = None
    #: The number of bytes that are sent at once; None: the whole head.
    at_once: int | None = 0
    #: Ends the connection before the request is read.
    deaf: bool = False


def refuse() -> Spoil:
    """A RST immediately after the connection."""
    return Spoil(ending="reset", deaf=True)


def cut(count: int, ending: Ending = "close") -> Spoil:
    """The first ``count`` bytes of the response, including its head, then its end, a RST, or silence."""
    return Spoil(lambda head, body: (head + body)[:count], ending)


def cut_body(count: int, ending: Ending = "close") -> Spoil:
    """The head and the first ``count`` bytes of the body."""
    return Spoil(lambda head, body: head + body[:count], ending)


def closed_behind() -> Spoil:
    """The right response, which announces a kept connection; but it is closed."""
    return Spoil(ending="close")


def lie(more: int) -> Spoil:
    """A Content-Length with ``more`` bytes too many, or too few; then silence, or the next response."""
    return Spoil(
        lambda head, body: _with(head, b"Content-Length", b"%d" % (len(body) + more)) + body,
        "silence" if more > 0 else "next",
    )


def length(text: bytes) -> Spoil:
    """Any text as Content-Length; the connection closes after the body."""
    return Spoil(lambda head, body: _with(head, b"Content-Length", text) + body, "close")


def without_length(count: int | None = None) -> Spoil:
    """No Content-Length: the connection ends after ``count`` bytes of the body; None: after all."""
    return Spoil(lambda head, body: _with(head, b"Content-Length", None) + body[:count], "close")


def packed(body: Callable[[bytes], bytes] = gzip.compress, rate: float | None = None) -> Spoil:
    """The body compressed by this function, announced as gzip, at ``rate`` bytes per second."""

    def bytes_of(head: bytes, plain: bytes) -> bytes:
        made = body(gzip.decompress(plain) if b"\nContent-Encoding: gzip" in head else plain)
        head = _with(head, b"Content-Length", b"%d" % len(made))
        return _with(head, b"Content-Encoding", b"gzip") + made

    return Spoil(bytes_of, rate=rate, at_once=None)


def slow_head(rate: float) -> Spoil:
    """The right response slowly, from its first byte on."""
    return Spoil(rate=rate)


def slow_body(rate: float) -> Spoil:
    """The head at once, the body slowly."""
    return Spoil(rate=rate, at_once=None)


def instead(answer: bytes, ending: Ending = "close") -> Spoil:
    """These bytes instead of the response."""
    return Spoil(lambda head, body: answer, ending)


def endless(line: bytes, rate: float = 1_000_000) -> Spoil:
    """These bytes repeatedly, as long as the client reads."""
    return Spoil(lambda head, body: line * (20_000_000 // len(line)), "silence", rate)


class Relay:
    """A relay to the index at a URL; a context manager.

    :ivar url: where the relay is, for clients.
    :ivar heard: the heads of all requests, in their order.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._index = parts.hostname or "", parts.port or 80
        self._stack, self._lock = ExitStack(), threading.Lock()
        self._spoils: list[tuple[Spoil, int | None]] = []
        self.heard: list[bytes] = []
        self._listener = Listener(self._serve)
        self.url = f"http://127.0.0.1:{self._listener.port}{parts.path}"

    def spoil(self, spoil: Spoil, times: int | None = 1) -> Self:
        """Damage the next ``times`` responses; None: all."""
        with self._lock:
            self._spoils.append((spoil, times))
        return self

    def __enter__(self) -> Self:
        """Listen."""
        self._stack.enter_context(self._listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all connections."""
        self._stack.close()

    def _next(self) -> Spoil:
        with self._lock:
            if not self._spoils:
                return Spoil()
            spoil, times = self._spoils[0]
            if times is not None:
                self._spoils[0] = spoil, times - 1
                if times == 1:
                    del self._spoils[0]
            return spoil

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            deaf = bool(self._spoils) and self._spoils[0][0].deaf
        while deaf or (asked := read_head(client)):
            spoil = self._next()
            if not deaf:
                self.heard.append(asked)
            sent = b"" if deaf else spoil.bytes_of(*self._answer(asked))
            if not self._send(client, sent, spoil) or not self._go_on(client, spoil.ending):
                return

    def _answer(self, asked: bytes) -> tuple[bytes, bytes]:
        """The response of the index: head and body."""
        with socket.create_connection(self._index, timeout=10) as index:
            index.sendall(asked)
            head, body = read_head(index), b""
            found = re.search(rb"(?i)\ncontent-length: (\d+)", head)
            while found is not None and len(body) < int(found[1]):
                body += index.recv(65536)
            return head, body

    def _send(self, client: socket.socket, sent: bytes, spoil: Spoil) -> bool:
        if spoil.rate is None:
            client.sendall(sent)
            return True
        start = sent.index(b"\r\n\r\n") + 4 if spoil.at_once is None else spoil.at_once
        client.sendall(sent[:start])
        size = max(1, int(spoil.rate / 50))
        for at in range(start, len(sent), size):
            if self._listener.stopping.wait(size / spoil.rate):
                return False
            client.sendall(sent[at : at + size])
        return True

    def _go_on(self, client: socket.socket, ending: Ending) -> bool:
        if ending == "silence":
            self._listener.stopping.wait(60)
        if ending == "reset":  # a linger of 0 makes the coming close a RST
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return ending == "next"


def _with(head: bytes, name: bytes, value: bytes | None) -> bytes:
    """A head with another value of one header; None: without that header."""
    lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(name.lower() + b":")]
    return b"\r\n".join([*lines, *([] if value is None else [name + b": " + value]), b"", b""])
