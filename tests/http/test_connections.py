"""connection.py: every try ends in time, however slowly its bytes come, with TLS and through a proxy too."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError

from source_pypi.config import Config
from source_pypi.errors import ResponseError, UnreachableError
from source_pypi.fields import fields_of
from source_pypi.http.client import FIRST_TRIES
from source_pypi.http.connections import SLOWEST_BODY, _connect_in_time
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, World
from tests.faults import relay
from tests.faults.authority import Authority, behind_tls
from tests.faults.forward import proxy
from tests.faults.listening import Listener, read_head
from tests.faults.relay import Relay

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"
#: Seconds that the tests' tries may take to connect, and to answer.
TIMEOUT = 0.2
#: Seconds that the machine may take for what takes none.
SLACK = 1.0
SILENT = "no response within the timeout"
UNCONNECTED = "no connection within the timeout"


@pytest.fixture
def spoiled(world: World) -> Iterator[Relay]:
    """A relay to an index that has Flask."""
    world.add("flask", summary="A framework. " * 20)
    with FakeIndex(world, strict=False) as index, Relay(index.url) as relay:
        yield relay


def given_up(connect: Connect, fake: FakeIndex, url: str, **options: Any) -> tuple[str, float]:
    """Why an address cannot be reached, and after how many seconds a try was given up."""
    began = time.monotonic()
    with pytest.raises(UnreachableError) as caught:
        connect(fake, timeout=TIMEOUT, **options).client.get(url)
    assert caught.value.tries == FIRST_TRIES
    return caught.value.cause, (time.monotonic() - began) / FIRST_TRIES


SLOW = {
    "silent at once": (relay.cut(0, "silence"), SILENT),
    "silent in the head": (relay.cut(30, "silence"), SILENT),
    "silent in the body": (relay.cut_body(30, "silence"), SILENT),
    "silent before the last byte": (relay.lie(+1), SILENT),
    "a head in drops": (relay.slow_head(20), SILENT),
    "a body in drops": (relay.slow_body(20), SILENT),
    "a body below the rate": (relay.slow_body(SLOWEST_BODY / 100), SILENT),
    "heads before the head": (relay.endless(b"HTTP/1.1 100 Continue\r\n\r\n"), "the connection broke"),
    "an endless head": (relay.endless(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000), "the connection broke"),
}


@pytest.mark.parametrize("case", SLOW)
def test_slow_response_times_out(case: str, spoiled: Relay, fake: FakeIndex, connect: Connect) -> None:
    """Silence, a byte at a time and endless heads fail a try at the timeout, wherever they begin."""
    spoil, expected = SLOW[case]
    cause, seconds = given_up(connect, fake, spoiled.spoil(spoil, times=None).url + PATH)
    assert cause == expected
    assert seconds < 2 * TIMEOUT + SLACK / FIRST_TRIES


def test_large_body_gets_more_time(world: World, spoiled: Relay, fake: FakeIndex, connect: Connect) -> None:
    """A body may take longer than the timeout if it arrives at the lowest accepted rate or faster."""
    text = b'{"info": {"name": "large", "summary": "%s"}}' % (b"long " * 5000)
    world.override("/pypi/large/json", text)
    spoiled.spoil(relay.packed(lambda body: gzip.compress(body, 0), 2 * SLOWEST_BODY))
    began = time.monotonic()
    answer = connect(fake, timeout=TIMEOUT).client.get(f"{spoiled.url}/pypi/large/json")
    assert answer.body == text
    assert time.monotonic() - began > TIMEOUT


@pytest.mark.parametrize("case", ["silent in the body", "a head in drops", "a body in drops"])
def test_slow_response_over_tls_times_out(
    case: str, spoiled: Relay, fake: FakeIndex, connect: Connect, tmp_path: Path
) -> None:
    """The same timeouts hold with TLS."""
    authority = Authority(tmp_path)
    spoil, expected = SLOW[case]
    port = int(spoiled.spoil(spoil, times=None).url.rpartition(":")[2])
    with behind_tls(("127.0.0.1", port), authority.certificate()) as url:
        cause, seconds = given_up(connect, fake, url + PATH, ca_bundle=str(authority.bundle))
    assert cause == expected
    assert seconds < 2 * TIMEOUT + SLACK / FIRST_TRIES


def _silent(stack: ExitStack, drops: bytes = b"") -> int:
    """A server that says nothing, or one of these bytes now and then: its port."""

    def serve(sock: socket.socket) -> None:
        for drop in drops:
            if listener.stopping.wait(TIMEOUT / 5):
                return
            sock.sendall(bytes([drop]))
        listener.stopping.wait(60)

    listener = Listener(serve)
    return stack.enter_context(listener).port


@pytest.mark.parametrize("drops", [b"", b"\x16\x03\x03\x40\x00" + bytes(40)], ids=["silence", "drops"])
def test_slow_handshake_times_out(fake: FakeIndex, connect: Connect, drops: bytes) -> None:
    """A TLS handshake that does not finish fails a try at the timeout."""
    with ExitStack() as stack:
        cause, seconds = given_up(connect, fake, f"https://127.0.0.1:{_silent(stack, drops)}{PATH}")
    assert cause == SILENT
    assert seconds < TIMEOUT + SLACK / FIRST_TRIES


@pytest.mark.parametrize("drops", [b"", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20], ids=["silence", "drops"])
def test_slow_proxy_times_out(fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, drops: bytes) -> None:
    """A proxy that does not answer fails a try at the timeout."""
    with ExitStack() as stack:
        port = _silent(stack, drops)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        cause, seconds = given_up(connect, fake, f"https://index.test{PATH}")
    assert cause == f"{SILENT}, through the proxy http://127.0.0.1:{port}"
    assert seconds < TIMEOUT + SLACK / FIRST_TRIES


def test_endless_head_of_a_proxy_times_out(fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless head of a proxy fails a try at the timeout, however fast it arrives."""
    with proxy(answer=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30) as endless:
        monkeypatch.setenv("HTTPS_PROXY", endless.url)
        cause, seconds = given_up(connect, fake, f"https://index.test{PATH}")
    assert cause == f"{SILENT}, through the proxy {endless.url}"
    assert seconds < TIMEOUT + SLACK / FIRST_TRIES


def test_server_that_does_not_accept_times_out(fake: FakeIndex, connect: Connect) -> None:
    """A server that does not accept connections fails a try at the timeout."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        cause, seconds = given_up(connect, fake, f"http://127.0.0.1:{full.getsockname()[1]}{PATH}")
    assert cause == UNCONNECTED
    assert seconds < TIMEOUT + SLACK / FIRST_TRIES


def test_hanging_resolver_times_out() -> None:
    """A hanging resolver fails a try at the timeout; a connection that it makes later is closed."""
    asker, resolved = HTTPConnection("index.test", timeout=TIMEOUT), threading.Event()
    ours, theirs = socket.socketpair()

    def connect() -> socket.socket:
        resolved.wait(20)
        return ours

    began = time.monotonic()
    with pytest.raises(ConnectTimeoutError):
        _connect_in_time(connect, asker)
    assert time.monotonic() - began < TIMEOUT + SLACK
    resolved.set()
    with theirs:
        theirs.settimeout(5)
        assert theirs.recv(1) == b""


def test_connection_keeps_the_remaining_time() -> None:
    """A new connection has the time that remains, for the proxy and for TLS."""
    asker = HTTPConnection("index.test", timeout=TIMEOUT)
    ours, theirs = socket.socketpair()

    def connect() -> socket.socket:
        time.sleep(TIMEOUT / 2)
        return ours

    with theirs, _connect_in_time(connect, asker) as made:
        left = made.gettimeout()
    assert left is not None
    assert 0 < left <= TIMEOUT / 2


def test_documentation_names_the_lowest_rate() -> None:
    """The setting and docs/reliability.md name the lowest accepted rate of a body."""
    told = f"one more second for every {SLOWEST_BODY // 1024} KB received"
    (setting,) = (field for field in fields_of(Config) if field.name == "request_timeout_seconds")
    page = " ".join((Path(__file__).parents[2] / "docs" / "reliability.md").read_text().split())
    assert told in setting.description
    assert told in page


def answers(*responses: bytes) -> Callable[[socket.socket], None]:
    """Serve a connection: the responses in turn, each with whatever follows it."""

    def serve(sock: socket.socket) -> None:
        for response in responses:
            if not read_head(sock):
                return
            sock.sendall(response)
        read_head(sock)

    return serve


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


@pytest.mark.parametrize("statuses", [(102,), (103,), (100, 103, 102, 199)])
def test_interim_responses_are_skipped(fake: FakeIndex, connect: Connect, statuses: tuple[int, ...]) -> None:
    """Interim responses before the response are skipped, whatever their status."""
    interim = b"".join(b"HTTP/1.1 %d Interim\r\nLink: </x>\r\n\r\n" % status for status in statuses)
    with Listener(answers(interim + OK + b"ab", interim + OK + b"cd")) as listener:
        client = connect(fake).client
        bodies = [client.get(f"http://127.0.0.1:{listener.port}/{path}").body for path in "xy"]
    assert bodies == [b"ab", b"cd"]


@pytest.mark.parametrize("head", [b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_endless_interim_responses_end(spoiled: Relay, fake: FakeIndex, connect: Connect, head: bytes) -> None:
    """Interim responses without an end fail the try at a limit of number or size, long before the timeout."""
    spoiled.spoil(relay.endless(head * 1000), times=None)
    began = time.monotonic()
    with pytest.raises((UnreachableError, ResponseError)):
        connect(fake, timeout=60).client.get(spoiled.url + PATH)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "following",
    [OK + b"no", b"HTTP/1.1 304 Not Modified\r\n\r\n", b"late body"],
)
@pytest.mark.parametrize(
    "first",
    [OK + b"ab", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"],
    ids=["length", "chunked"],
)
def test_connection_with_unread_bytes_is_closed(
    fake: FakeIndex, connect: Connect, first: bytes, following: bytes
) -> None:
    """Bytes after a response are never read as the next response: the connection is closed."""
    served: list[int] = []

    def serve(sock: socket.socket) -> None:
        served.append(1)
        answers(first + following if len(served) == 1 else OK + b"cd")(sock)

    with Listener(serve) as listener:
        client = connect(fake).client
        bodies = [client.get(f"http://127.0.0.1:{listener.port}/{path}").body for path in "xy"]
    assert (bodies, len(served)) == ([b"ab", b"cd"], 2)


def test_304_with_a_transfer_encoding_has_no_body(fake: FakeIndex, connect: Connect) -> None:
    """A 304 has no body, whatever its headers say."""
    head = b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Listener(answers(head)) as listener:
        assert connect(fake).client.get(f"http://127.0.0.1:{listener.port}/x", etag='"a"').status == 304


INVALID = {
    "a length that is no number": b"Content-Length: 5x\r\n\r\nhello",
    "lengths that differ": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a length of 5,000 digits": b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nhello",
    "a transfer encoding that is not known": b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid_framing_is_an_error(fake: FakeIndex, connect: Connect, case: str) -> None:
    """A body whose end the headers do not tell is not read, and the next request has a connection of its own."""
    served: list[int] = []

    def serve(sock: socket.socket) -> None:
        served.append(1)
        answers(b"HTTP/1.1 200 OK\r\n" + INVALID[case] if len(served) == 1 else OK + b"cd")(sock)

    with Listener(serve) as listener:
        assert connect(fake).client.get(f"http://127.0.0.1:{listener.port}/x").body == b"cd"
    assert len(served) == 2


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.0 404 None\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 404 None\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["another protocol (RFC 9110, 15.2.2)", "chunks of HTTP/1.0 (RFC 9112, 6.1)", "one of several options"],
)
def test_connection_that_ends_is_not_used_again(fake: FakeIndex, connect: Connect, first: bytes) -> None:
    """A connection that the response ends is closed, although the server could go on to use it."""
    served: list[int] = []

    def serve(sock: socket.socket) -> None:
        served.append(1)
        answers(first, OK + b"no")(sock) if len(served) == 1 else answers(OK + b"cd")(sock)

    with Listener(serve) as listener:
        client, url = connect(fake).client, f"http://127.0.0.1:{listener.port}/x"
        with suppress(ResponseError):
            client.get(url)
        assert (client.get(url).body, len(served)) == (b"cd", 2)
