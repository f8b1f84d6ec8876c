"""http/client.py: questions that are posted."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from source_pypi.errors import ResponseError
from source_pypi.http.client import Client
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, faults

Connect = Callable[..., Index]
BODY = b"<methodCall><methodName>changelog_last_serial</methodName><params/></methodCall>"


def test_body_and_type_are_sent(flask: FakeIndex, connect: Connect) -> None:
    """The body and its type arrive, and the response is returned."""
    response = connect(flask).client.post(f"{flask.url}/pypi", BODY, content_type="text/xml", accept="text/xml")
    assert (response.status, b"<int>" in response.body) == (200, True)
    (sent,) = flask.requests
    assert (sent.method, sent.headers["content-type"], sent.headers["accept"]) == ("POST", "text/xml", "text/xml")
    assert sent.headers["content-length"] == str(len(BODY))


def test_faults_are_retried_with_the_body(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A question is sent again with its body after faults that may pass."""
    for fault in (faults.reset(), faults.unavailable(), faults.too_many("9"), faults.truncated(10)):
        flask.fault("/pypi", fault)
    response = connect(flask).client.post(f"{flask.url}/pypi", BODY, content_type="text/xml")
    assert (response.status, len(flask.requests)) == (200, 5)
    assert waits == [1.0, 2.0, 9.0, 8.0]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_keep_the_question(flask: FakeIndex, connect: Connect, status: int) -> None:
    """A redirect is followed with the same method and body."""
    flask.fault("/RPC2", faults.redirect(f"{flask.url}/pypi", status))
    response = connect(flask).client.post(f"{flask.url}/RPC2", BODY, content_type="text/xml")
    assert (response.status, [one.method for one in flask.requests]) == (200, ["POST", "POST"])


def test_no_questions_are_taken(flask: FakeIndex, connect: Connect) -> None:
    """405, and 410, are returned as 404; for a GET, 405 is an error."""
    flask.fault("/pypi", faults.missing(405))
    assert connect(flask).client.post(f"{flask.url}/pypi", BODY, content_type="text/xml").status == 404
    flask.fault("/pypi", faults.missing(410))
    assert connect(flask).client.post(f"{flask.url}/pypi", BODY, content_type="text/xml").status == 404
    flask.fault("/pypi", faults.missing(405))
    with pytest.raises(ResponseError, match="answered 405"):
        connect(flask).client.get(f"{flask.url}/pypi")


def test_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question goes through a proxy with its body."""
    received: list[tuple[str, bytes]] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep the request, and answer it."""
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("NO_PROXY", "")
        response = Client().post("http://index.test/pypi", BODY, content_type="text/xml")
    assert (response.body, received) == (b"ok", [("http://index.test/pypi", BODY)])
