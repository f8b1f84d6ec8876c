"""http/client.py: statuses, redirects, and the limit of a body."""

import random
import socket
from collections.abc import Callable
from http import HTTPStatus

import pytest

from source_pypi.errors import (
    RefusedError,
    ResponseError,
)
from source_pypi.http.client import _is_same_host, _redirect_target
from source_pypi.http.compression import LARGEST_ANSWER
from source_pypi.http.credentials import Credentials, origin
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, faults
from tests.faults.listening import Listener, read_head

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"


def test_404_is_returned(flask: FakeIndex, connect: Connect) -> None:
    """404 is returned, not raised, and not retried."""
    assert connect(flask).client.get(f"{flask.url}/pypi/nope/json").status == 404
    assert len(flask.requests) == 1


@pytest.mark.parametrize(("status", "remedy"), [(401, "check index_username"), (403, "temporarily blocked")])
def test_401_and_403_are_raised_at_once(flask: FakeIndex, connect: Connect, status: int, remedy: str) -> None:
    """401 and 403 are raised at once, with the text of the index."""
    if status == 403:
        flask.fault(PATH, faults.forbidden())
    else:
        flask.world.override(PATH, b"", status=401)
    with pytest.raises(RefusedError, match=remedy):
        connect(flask).client.get(flask.url + PATH)
    assert len(flask.requests) == 1


def test_unexpected_status_is_raised_at_once(flask: FakeIndex, connect: Connect) -> None:
    """An unexpected status is an error that names it, and is not retried."""
    flask.world.override(PATH, b"", status=418)
    with pytest.raises(ResponseError, match=f"{PATH} answered 418 I'm a Teapot"):
        connect(flask).client.get(flask.url + PATH)
    assert len(flask.requests) == 1


def test_body_above_the_limit_is_refused(flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body above the limit is refused, however small it was compressed."""
    assert LARGEST_ANSWER == 256 * 1024 * 1024
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 1000)
    with pytest.raises(ResponseError, match="more than 0 MB"):
        connect(flask).client.get(flask.url + PATH)


@pytest.mark.parametrize(
    ("body", "content_type", "quoted"),
    [
        (b"Go away.\nMore.", "text/plain; charset=utf-8", "Go away"),
        (b"Go\x07 aw\xe4y...", "text/plain", "Go aw\N{REPLACEMENT CHARACTER}y"),
        (b".x" * 200, "text/plain", ".x" * 100),
        (b"x" * 201, "text/plain", "x" * 200),
        (b"Ask MAX...", "text/plain", "Ask MAX"),
        (b"the word is s3cret", "text/plain", ""),
        (b"<p>Go away</p>", "text/html", ""),
        (b"", "text/plain", ""),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_refusal_quotes_plain_text(
    flask: FakeIndex, connect: Connect, status: int, body: bytes, content_type: str, quoted: str
) -> None:
    """A refusal quotes the first line of plain text, unless it repeats the credentials."""
    flask.world.override(PATH, body, content_type, status)
    with pytest.raises(RefusedError) as caught:
        connect(flask, credentials=Credentials(origin(flask.url), "me", "s3cret")).client.get(flask.url + PATH)
    assert caught.value.args == (flask.url + PATH, status, quoted, False)


def test_refusal_without_content_type(connect: Connect, flask: FakeIndex) -> None:
    """A refusal without a Content-Type is not quoted."""
    with pytest.raises(RefusedError) as caught, Listener(answering(b"HTTP/1.1 403 Forbidden\r\n", [])) as index:
        connect(flask).client.get(f"http://127.0.0.1:{index.port}{PATH}")
    assert caught.value.args == (f"http://127.0.0.1:{index.port}{PATH}", 403, "", False)


def test_refusal_tells_whether_others_were_accepted(flask: FakeIndex, connect: Connect) -> None:
    """A refusal says whether another document was received before."""
    client = connect(flask).client
    for other, accepted in ((PATH + "x", False), ("/simple/", True)):
        client.get(flask.url + other)
        flask.world.override(PATH, b"", "text/plain", 401)
        with pytest.raises(RefusedError) as caught:
            client.get(flask.url + PATH)
        assert caught.value.accepted_before is accepted


def test_410_is_returned_as_404(flask: FakeIndex, connect: Connect) -> None:
    """410 is returned as 404."""
    flask.world.override(PATH, b"", status=410)
    assert connect(flask).client.get(flask.url + PATH).status == 404


@pytest.mark.parametrize(("status", "named"), [(411, "411 Length Required"), (299, "299"), (407, None), (408, None)])
def test_status_is_named(flask: FakeIndex, connect: Connect, status: int, named: str | None) -> None:
    """The error names the status and its phrase, if it has one; without a proxy, 407 is like any other."""
    flask.world.override(PATH, b"", status=status)
    with pytest.raises(ResponseError) as caught:
        connect(flask).client.get(flask.url + PATH)
    assert caught.value.args == (flask.url + PATH, named or f"{status} {HTTPStatus(status).phrase}")


@pytest.mark.parametrize(("excess", "accepted"), [(0, True), (-1, False)])
def test_largest_body(
    flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, excess: int, accepted: bool
) -> None:
    """A body may be exactly as large as the limit."""
    body = b"x" * 3 * 2**20
    flask.world.override(PATH, body)
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", len(body) + excess)
    client = connect(flask).client
    if accepted:
        assert client.get(flask.url + PATH).body == body
        return
    with pytest.raises(ResponseError) as caught:
        client.get(flask.url + PATH)
    assert caught.value.args == (flask.url + PATH, "more than 2 MB")


def test_request_of_an_invalid_url(flask: FakeIndex, connect: Connect) -> None:
    """A URL with an unknown scheme is an error at once, without credentials."""
    with pytest.raises(ResponseError) as caught:
        connect(flask).client.get("nothing://me:s3cret@a/x")
    assert caught.value.args == ("nothing://a/x", "nothing: it is not an HTTP URL")


@pytest.mark.parametrize(("size", "read"), [(1000, 1000), (1001, 1001), (5000, 1001)])
def test_reading_stops_above_the_limit(
    flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, size: int, read: int
) -> None:
    """Reading stops one byte above the limit, and the next response is unaffected."""
    flask.world.override("/large", random.Random(1).randbytes(size), "application/zip")
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 1000)
    client = connect(flask).client
    client._headers["Accept-Encoding"] = "identity"
    if size > 1000:
        with pytest.raises(ResponseError, match="more than 0 MB"):
            client.get(f"{flask.url}/large")
    else:
        assert len(client.get(f"{flask.url}/large").body) == size
    assert client.stats.bytes_received == read
    assert client.get(f"{flask.url}/pypi/nope/json").status == 404


def test_redirect_is_followed(flask: FakeIndex, connect: Connect) -> None:
    """A redirect is followed, and the response has the final URL."""
    flask.fault("/elsewhere", faults.redirect(PATH))
    assert connect(flask).client.get(f"{flask.url}/elsewhere").url == flask.url + PATH


def test_endless_redirects_end_in_an_error(flask: FakeIndex, connect: Connect) -> None:
    """A redirect to itself is followed five times, then it is an error."""
    flask.fault("/round", faults.redirect("/round"), times=None)
    with pytest.raises(ResponseError) as caught:
        connect(flask).client.get(f"{flask.url}/round")
    assert caught.value.args == (f"{flask.url}/round", "more than 5 redirects")
    assert len(flask.requests) == 6


def test_redirect_without_location(connect: Connect, flask: FakeIndex) -> None:
    """A redirect without a Location leads to the same URL again."""
    requests: list[bytes] = []
    with pytest.raises(ResponseError) as caught, Listener(answering(b"HTTP/1.1 302 Found\r\n", requests)) as listener:
        connect(flask).client.get(f"http://127.0.0.1:{listener.port}/away")
    assert caught.value.args == (f"http://127.0.0.1:{listener.port}/away", "more than 5 redirects")
    assert requests == [b"GET /away HTTP/1.1"] * 6


def answering(head: bytes, requests: list[bytes]) -> Callable[[socket.socket], None]:
    """Serve a connection: answer each request with this head and no body; append its first line to ``requests``."""

    def serve(sock: socket.socket) -> None:
        while request := read_head(sock):
            requests.append(request.partition(b"\r\n")[0])
            sock.sendall(head + b"Content-Length: 0\r\n\r\n")

    return serve


@pytest.mark.parametrize("location", ["http://[bad", "http://x:99999999/", "ftp://example.com/"])
def test_redirect_to_an_invalid_url(flask: FakeIndex, connect: Connect, location: str) -> None:
    """A redirect to something that is not an HTTP URL is an error at once."""
    flask.fault("/away", faults.redirect(location))
    with pytest.raises(ResponseError) as caught:
        connect(flask).client.get(f"{flask.url}/away")
    assert caught.value.answer == f"with a redirect to no HTTP URL: {location!r}"
    assert len(flask.requests) == 1


@pytest.mark.parametrize(
    ("base", "location", "url"),
    [
        ("https://a/x", "/y", "https://a/y"),
        ("http://a/x", "https://b/y", "https://b/y"),
        ("http://a/x", "http://b/y", "http://b/y"),
    ],
)
def test_redirect_target(base: str, location: str, url: str) -> None:
    """A redirect may be relative, lead to another host, or to https."""
    assert _redirect_target(base, location) == url


@pytest.mark.parametrize(
    ("base", "location", "answer"),
    [
        ("https://me:s3cret@a/x", f"http://me:s3cret@b/{'y' * 100}", f"from https to http: {'http://b/' + 'y' * 51!r}"),
        ("https://me:s3cret@a/x", "ftp://me:s3cret@b/", "to no HTTP URL: 'ftp://b/'"),
        ("https://a/x", "http://a:s3cret/", "to no HTTP URL: 'http://a:***/'"),
        ("https://a/x", "http://a/?x=s3cret", "from https to http: 'http://a/?x=***'"),
    ],
)
def test_redirect_that_is_not_followed(
    flask: FakeIndex, connect: Connect, base: str, location: str, answer: str
) -> None:
    """A redirect from https to http is not followed; the error is short and shows no credentials."""
    client = connect(flask, credentials=Credentials(("https", "a", 443), "me", "s3cret")).client
    with pytest.raises(ResponseError) as caught:
        client._redirect_target(base, "https://a/x", location)
    assert caught.value.args == ("https://a/x", f"with a redirect {answer}")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a/x", "http://A:80/y", True),
        ("http://a:8080/x", "https://a/y", True),
        ("https://a/x", "https://a:444/x", False),
        ("http://a:1/x", "http://a:2/x", False),
        ("http://a/x", "https://b/x", False),
    ],
)
def test_same_host(one: str, other: str, same: bool) -> None:
    """The same host is the same origin, or the same host by https instead of http."""
    assert _is_same_host(one, other) is same


def test_redirect_to_another_host_is_not_followed(flask: FakeIndex, connect: Connect) -> None:
    """With ``same_host``, a redirect to another host is returned as 404, with its URL but without its query."""
    flask.fault("/elsewhere", faults.redirect("http://me:s3cret@index.test/simple/flask/?token=1"))
    response = connect(flask).client.get(f"{flask.url}/elsewhere", same_host=True)
    assert (response.status, response.body, response.redirect) == (404, b"", "http://index.test/simple/flask/")
    assert len(flask.requests) == 1
