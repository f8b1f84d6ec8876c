"""``python -m benchmarks.full_index --projects N``: serve the index on the loopback until SIGTERM.

The first line that it prints is its URL. After SIGUSR1 a day passes, and it prints the numbers of the projects that
changed and of their events; after SIGUSR2, the requests since the last such line, those for the list among them, the
bytes of all bodies, and the CPU seconds of this process.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from xmlrpc.client import dumps, loads

from benchmarks.full_index import documents
from benchmarks.full_index.projects import Changes, number_of

_JSON, _PAGE = "application/json", "application/vnd.pypi.simple.v1+json"


class Server:
    """The index: its projects, and what it has sent."""

    def __init__(self, projects: int) -> None:
        self.changes, self.root = Changes(projects), ""
        self.requests = self.lists = self.sent = 0
        self._listing: tuple[int, bytes] | None = None

    def answer(self, method: str, path: str, condition: str | None, body: bytes) -> bytes:
        """Return the whole response to a request."""
        self.requests += 1
        if method == "POST":
            return self._response(200, documents.packed(self._call(body)), "text/xml", {})
        if path == "/simple/":
            self.lists += 1
            return self._response(200, self._list(), _PAGE, {"X-PyPI-Last-Serial": str(self.changes.last_serial)})
        if not path.startswith("/pypi/") or not path.endswith("/json"):
            return self._response(404, b"", "text/plain", {})
        number = number_of(path.removeprefix("/pypi/").removesuffix("/json"))
        if number is None or number >= self.changes.projects:
            return self._response(404, b"", _JSON, {})
        etag = documents.etag_of(number, self.changes)
        headers = {"ETag": etag, "X-PyPI-Last-Serial": str(self.changes.serial_of(number))}
        if condition == etag:
            return self._response(304, b"", _JSON, headers)
        return self._response(
            200, documents.packed(documents.project_document(number, self.changes, self.root)), _JSON, headers
        )

    def _call(self, body: bytes) -> bytes:
        arguments, method = loads(body.decode())
        if method == "changelog_last_serial":
            return dumps((self.changes.last_serial,), methodresponse=True).encode()
        return documents.changelog(self.changes, int(str(arguments[0])))

    def _list(self) -> bytes:
        serial = self.changes.last_serial
        if self._listing is None or self._listing[0] != serial:
            self._listing = serial, documents.packed(documents.listing(self.changes))
        return self._listing[1]

    def _response(self, status: int, body: bytes, type_: str, headers: dict[str, str]) -> bytes:
        self.sent += len(body)
        reason = {200: "OK", 304: "Not Modified", 404: "Not Found"}[status]
        coding = ["Content-Encoding: gzip"] if status == 200 else []
        named = [f"{name}: {value}" for name, value in headers.items()]
        length = [] if status == 304 else [f"Content-Length: {len(body)}"]
        lines = [f"HTTP/1.1 {status} {reason}", f"Content-Type: {type_}", *coding, *length, *named, "", ""]
        return "\r\n".join(lines).encode() + body


class _Connection(asyncio.Protocol):
    """A kept connection: one request after another."""

    def __init__(self, server: Server) -> None:
        self._server, self._received = server, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            request, *lines = self._received[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            size = int(headers.get("content-length", 0))
            if len(self._received) < end + 4 + size:
                return
            body, self._received = self._received[end + 4 : end + 4 + size], self._received[end + 4 + size :]
            method, path, _ = request.split(" ")
            assert self._transport is not None
            self._transport.write(self._server.answer(method, path, headers.get("if-none-match"), body))


async def _serve(server: Server, port: int) -> None:
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    listening = await loop.create_server(lambda: _Connection(server), "127.0.0.1", port)
    server.root = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    loop.add_signal_handler(signal.SIGTERM, end.set)
    loop.add_signal_handler(signal.SIGUSR1, _pass_a_day, server)
    loop.add_signal_handler(signal.SIGUSR2, _report, server)
    _print(server.root)
    await end.wait()


def _pass_a_day(server: Server) -> None:
    before = len(server.changes.events)
    server.changes.next_day()
    events = server.changes.events[before:]
    _print(f"{len({number for number, _ in events})} {len(events)}")


def _report(server: Server) -> None:
    _print(f"{server.requests} {server.lists} {server.sent} {time.process_time()}")
    server.requests = server.lists = server.sent = 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_index")
    parser.add_argument("--projects", type=int, required=True)
    parser.add_argument("--port", type=int, default=0, help="0: any")
    options = parser.parse_args(arguments)
    asyncio.run(_serve(Server(options.projects), options.port))


if __name__ == "__main__":
    main()
