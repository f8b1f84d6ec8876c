"""A simple client for the tests of the fake index: one request and its whole answer."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

from tests.fake_index.server import FakeIndex


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(index: FakeIndex, path: str, method: str = "GET", **headers: str) -> Reply:
    """One request on a connection of its own; `accept_encoding` and the like become header names."""
    connection = http.client.HTTPConnection("127.0.0.1", index.port, timeout=10)
    try:
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.putrequest(method, path, skip_accept_encoding=True)
        for key, value in given.items():
            connection.putheader(key, value)
        connection.endheaders()
        answer = connection.getresponse()
        return Reply(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()
