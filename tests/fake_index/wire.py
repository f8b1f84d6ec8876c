"""One connection: requests, answers, and damage to answers in transit.

Head and body leave in one send: two small sends on one connection would wait for the client's delayed ACK,
about 40 ms a request.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from tests.fake_index.faults import Fault

_MOST_HEAD_BYTES = 65536
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_DROPS_PER_SECOND = 20


class BadRequestError(Exception):
    """Not a valid request, so the connection ends. Raised by `read`."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A request."""

    method: str
    #: As sent: percent-encoded, with the query.
    target: str
    #: Names in lower case; the last one of equals.
    headers: dict[str, str]
    #: The connection ends after the answer.
    last: bool
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer, and how it is sent."""

    head: bytes
    body: bytes
    #: The connection ends after this.
    last: bool = False
    fault: Fault | None = None


class Connection:
    """A client's connection, served until either side ends it."""

    def __init__(self, sock: socket.socket, wait: Callable[[float], bool]) -> None:
        #: `wait(seconds)` sleeps, and is True when the server stops meanwhile.
        self._wait = wait
        self._sock = sock
        self._buffer = b""

    def serve(self, answer: Callable[[Heard], Plan]) -> None:
        """Answer each request until the connection ends."""
        try:
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                heard = self._read()
                if heard is None or not self._send(answer(heard)):
                    return
        except BadRequestError:
            with suppress(OSError):
                self._sock.sendall(_BAD_REQUEST)
        except OSError:
            return  # the client is gone

    def _read(self) -> Heard | None:
        """The next request; None when the client is done."""
        end = self._buffer.find(b"\r\n\r\n")
        while end < 0:
            more = self._sock.recv(65536)
            if not more:
                return None
            self._buffer += more
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0 and len(self._buffer) > _MOST_HEAD_BYTES:
                raise BadRequestError("head too long")
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        heard = parse(head)
        return replace(heard, body=self._read_body(heard.headers))

    def _read_body(self, headers: dict[str, str]) -> bytes:
        """The body of a request; cut short if the client is done."""
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdigit():
            raise BadRequestError("no body is taken")
        body, self._buffer = self._buffer[: int(length)], self._buffer[int(length) :]
        while len(body) < int(length):
            more = self._sock.recv(min(int(length) - len(body), 65536))
            if not more:
                break
            body += more
        return body

    def _send(self, plan: Plan) -> bool:
        """Send an answer; False if the connection has ended."""
        fault = plan.fault
        if fault is None:
            self._sock.sendall(plan.head + plan.body)
            return not plan.last
        if fault.delay and self._wait(fault.delay):
            return False
        if fault.reset and fault.after is None:
            return self._reset()
        body = plan.body if fault.after is None else plan.body[: sent_bytes(plan.body, fault)]
        if fault.rate is None:
            self._sock.sendall(plan.head + body)
        elif not self._drip(plan.head, body, fault.rate):
            return False
        if fault.reset:
            return self._reset()
        return fault.after is None and not plan.last

    def _drip(self, head: bytes, body: bytes, rate: float) -> bool:
        """Send slowly, several pieces a second; False if the server stops meanwhile."""
        self._sock.sendall(head)
        size = max(1, int(rate / _DROPS_PER_SECOND))
        for start in range(0, len(body), size):
            if self._wait(size / rate):
                return False
            self._sock.sendall(body[start : start + size])
        return True

    def _reset(self) -> bool:
        """Make the next close a RST, by a linger of 0."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False


def sent_bytes(body: bytes, fault: Fault | None) -> int:
    """The number of bytes of the body that are sent; a cut removes at least one."""
    if fault is None or (fault.after is None and not fault.reset):
        return len(body)
    return max(0, min(fault.after or 0, len(body) - 1))


def parse(head: bytes) -> Heard:
    """A request from its head. An absolute address, as proxies get it, loses its host."""
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(lines[0])
    method, target, version = parts
    if "://" in target[:8]:
        target = f"/{target.split('/', 3)[3]}" if target.count("/") > 2 else "/"
    headers = {}
    for line in lines[1:]:
        key, _, value = line.partition(":")
        headers[key.lower()] = value.strip()
    connection = headers.get("connection", "").lower()
    last = connection == "close" or (version == "HTTP/1.0" and connection != "keep-alive")
    return Heard(method, target, headers, last)
