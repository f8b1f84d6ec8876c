"""The bucket with OSV's export, and OSV's API, on the loopback.

The bucket answers as beyond-index.md 3.1 describes it: ETag and ``x-goog-hash`` (two headers), 304, and errors in XML.
The API has ``/v1/query`` and ``/v1/vulns/ID``; it leaves out withdrawn records, and knows normalised names only.
"""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.fake_advisories.database import Database
from tests.fake_advisories.evaluation import affects

_NOT_FOUND = (
    b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code><Message>No such object.</Message></Error>"
)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a response.

    :ivar status: its status.
    :ivar body: its body; None: as without the fault.
    :ivar cut: how many bytes of the body are sent; None: all. The connection is then closed.
    :ivar wrong_hash: whether ``x-goog-hash`` is that of another body.
    :ivar headers: further headers.
    """

    status: int = 200
    body: bytes | None = None
    cut: int | None = None
    wrong_hash: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A request and the status of its response."""

    path: str
    status: int
    headers: dict[str, str]


class FakeAdvisories:
    """A bucket and an API; a context manager.

    :param etags: whether responses of the bucket have an ETag.
    :param hashes: whether they have checksums.
    :param chunked: whether bodies are sent in chunks, without their length.
    :param listing: whether the bucket has the list of modified records.
    :ivar answers: every request, in order.
    """

    def __init__(
        self,
        database: Database,
        *,
        etags: bool = True,
        hashes: bool = True,
        chunked: bool = False,
        listing: bool = True,
    ) -> None:
        self.database, self.etags, self.hashes, self.chunked, self.has_listing = (
            database,
            etags,
            hashes,
            chunked,
            listing,
        )
        self.answers: list[Answer] = []
        self._faults: list[tuple[str, Fault]] = []
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.root}/osv-vulnerabilities"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fault(self, end: str, fault: Fault, times: int = 1) -> None:
        """The next responses at paths with this end have a fault."""
        self._faults += [(end, fault)] * times

    def clear_faults(self) -> None:
        """No fault is left."""
        self._faults = []

    @property
    def paths(self) -> list[str]:
        """The last parts of the requested paths, in order."""
        return [one.path.rpartition("/")[2] for one in self.answers]

    def take_fault(self, path: str) -> Fault:
        """The fault of this response; it is used up."""
        for position, (end, fault) in enumerate(self._faults):
            if path.endswith(end):
                del self._faults[position]
                return fault
        return Fault()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeAdvisories
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """A file of the bucket, or a record of the API."""
        if self.path.startswith("/v1/vulns/"):
            record = self.fake.database.records.get(self.path.removeprefix("/v1/vulns/"))
            return self._json(404 if record is None else 200, record or {"code": 5, "message": "Bug not found."})
        body = self._file(self.path.removeprefix("/osv-vulnerabilities/PyPI/"))
        return self._object(body)

    def do_POST(self) -> None:
        """A query of the API."""
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = [
            record
            for record in self.fake.database.records.values()
            if "withdrawn" not in record and affects(record, query["package"]["name"], query["version"])
        ]
        return self._json(200, {"vulns": found} if found else {})

    def _file(self, name: str) -> bytes | None:
        database = self.fake.database
        if name == "modified_id.csv":
            return database.listing if self.fake.has_listing else None
        return database.zip if name == "all.zip" else database.files.get(name.removesuffix(".json"))

    def _object(self, content: bytes | None) -> None:
        fault = self.fake.take_fault(self.path)
        status, body = (404, _NOT_FOUND) if content is None else (200, content)
        if fault.status != 200 or fault.body is not None:
            status, body = fault.status, fault.body if fault.body is not None else b"<html>error</html>"
        digest = md5(body).digest()
        etag = f'"{digest.hex()}"'
        headers = [("Cache-Control", "public, max-age=3600"), ("Last-Modified", formatdate(usegmt=True))]
        if self.fake.etags and status == 200:
            headers.append(("ETag", etag))
        if self.fake.hashes and status == 200:
            stated = md5(b"another").digest() if fault.wrong_hash else digest
            headers += [("x-goog-hash", "crc32c=AAAAAA=="), ("x-goog-hash", f"md5={base64.b64encode(stated).decode()}")]
        if status == 200 and self.fake.etags and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        self._send(status, body, [*headers, *fault.headers.items()], fault.cut)

    def _json(self, status: int, document: Any) -> None:
        self._send(status, json.dumps(document).encode(), [("Content-Type", "application/json")], None)

    def _send(self, status: int, body: bytes, headers: list[tuple[str, str]], cut: int | None) -> None:
        self.fake.answers.append(
            Answer(self.path, status, {name.lower(): value for name, value in self.headers.items()})
        )
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        chunked = self.fake.chunked and status == 200
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        sent = body if cut is None else body[:cut]
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(sent), sent) if chunked and sent else sent)
        if chunked and not sent:
            self.wfile.write(b"0\r\n\r\n")
        if cut is not None:
            self.close_connection = True
