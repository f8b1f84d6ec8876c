"""A proxy on the loopback, which forwards http and tunnels https (CONNECT)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.faults.listening import Listener, pump, read_head


@dataclass(slots=True)
class Proxying:
    """The behaviour of a proxy, and its requests.

    :ivar url: its address.
    :ivar authorization: the Proxy-Authorization that it wants; None: it serves everybody.
    :ivar answer: what it answers instead of doing anything; None: it forwards the request.
    :ivar heard: the heads of all requests to it.
    """

    url: str = ""
    authorization: bytes | None = None
    answer: bytes | None = None
    heard: list[bytes] = field(default_factory=list)

    def serve(self, client: socket.socket) -> None:
        """Serve a connection: one request, or one tunnel."""
        head = read_head(client)
        if not head:
            return
        self.heard.append(head)
        wanted = self.authorization
        if wanted is not None and b"\r\nProxy-Authorization: " + wanted + b"\r\n" not in head:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif self.answer is not None:
            client.sendall(self.answer)
            client.recv(1)  # until the client has had enough
        else:
            self._pass_on(client, head)

    def _pass_on(self, client: socket.socket, head: bytes) -> None:
        method, target, _ = head.split(b" ", 2)
        place = target.decode() if method == b"CONNECT" else urlsplit(target.decode()).netloc
        host, _, port = place.partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as server:
            if method == b"CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Proxy-")]
                server.sendall(b"\r\n".join(lines))
            back = threading.Thread(target=pump, args=(server, client), daemon=True)
            back.start()
            pump(client, server)
            back.join(5)


@contextmanager
def proxy(authorization: bytes | None = None, answer: bytes | None = None) -> Iterator[Proxying]:
    """A running proxy."""
    proxying = Proxying(authorization=authorization, answer=answer)
    with Listener(proxying.serve) as listener:
        proxying.url = f"http://127.0.0.1:{listener.port}"
        yield proxying
