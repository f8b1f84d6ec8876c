"""A server on the loopback with a thread for each connection; closing it ends them all."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class Listener:
    """Serves connections until its context ends.

    :param serve: serves one connection; it is closed afterwards.
    :param tls: the context of the server's side; None: it speaks no TLS. The handshake is part of the first read.
    :ivar stopping: set at the end; wait on it instead of sleeping.
    """

    def __init__(self, serve: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self.stopping = threading.Event()
        self._serve, self._tls, self._open = serve, tls, dict[socket.socket, threading.Thread]()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._accepter = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        """Listen."""
        self._accepter.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all connections and threads."""
        self.stopping.set()
        with suppress(OSError):  # wakes the accepter
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._accepter.join(5)
        self._listener.close()
        for sock, thread in list(self._open.items()):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            thread.join(5)

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.stopping.is_set():
                sock.close()
                return
            if self._tls is not None:  # here, so that the end shuts down the socket that is read
                sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            thread = threading.Thread(target=self._one, args=(sock,), daemon=True)
            self._open[sock] = thread
            thread.start()

    def _one(self, sock: socket.socket) -> None:
        try:
            with suppress(OSError):
                self._serve(sock)
        finally:
            sock.close()
            self._open.pop(sock, None)


def read_head(sock: socket.socket) -> bytes:
    """Read a head with its empty line, and nothing after it; empty: the other side has closed."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        window = head[-3:] + sock.recv(65536, socket.MSG_PEEK)
        end = window.find(b"\r\n\r\n")
        count = (len(window) if end < 0 else end + 4) - len(head[-3:])
        if not count:
            return b""
        head += sock.recv(count)
    return head


def pump(source: socket.socket, target: socket.socket) -> None:
    """Forward bytes until either side closes."""
    with suppress(OSError):
        while more := source.recv(65536):
            target.sendall(more)
    for sock in (source, target):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
