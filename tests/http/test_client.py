"""http/client.py: identity, pace, retries, redirects, credentials."""

import gzip
import random
import socket
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from time import monotonic, time

import pytest
import urllib3

from source_pypi import __version__
from source_pypi.errors import (
    ProxyError,
    RefusedError,
    ResponseError,
    SourceError,
    TransientError,
    UnavailableError,
    UnreachableError,
    UntrustedError,
)
from source_pypi.http.client import (
    LONGEST_WAIT,
    Client,
    RequestLog,
    Response,
    RetryPolicy,
    RetryWait,
    TransferStats,
    _joined,
    user_agent,
)
from source_pypi.http.compression import LARGEST_ANSWER, unpack
from source_pypi.http.credentials import Credentials, origin
from source_pypi.http.rate_limit import RateLimiter
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, Fault, World, faults, site
from tests.faults.authority import Authority, behind_tls
from tests.faults.listening import Listener, read_head

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"


@pytest.fixture
def flask(world: World, fake: FakeIndex) -> FakeIndex:
    """An index that has Flask."""
    world.add("Flask", summary="A framework. " * 200)
    return fake


def test_headers(flask: FakeIndex, connect: Connect) -> None:
    """A request says who asks, takes gzip, keeps the connection, and nothing more."""
    connect(flask, contact="team@example.com").project("flask")
    (request,) = flask.requests
    assert request.headers == {
        "host": f"127.0.0.1:{flask.port}",
        "user-agent": f"source-pypi/{__version__} (+team@example.com)",
        "accept": "application/json",
        "accept-encoding": "gzip",
    }


def test_user_agent_without_contact() -> None:
    """Without a contact the identity is name and version."""
    assert user_agent(None) == f"source-pypi/{__version__}"


def test_answer(flask: FakeIndex, connect: Connect) -> None:
    """An answer has the decompressed body, the ETag and the serial, and the traffic counts compressed bytes."""
    client = connect(flask).client
    answer = client.get(flask.url + PATH)
    (request,) = flask.requests
    assert (answer.status, answer.serial) == (200, flask.world.projects["flask"].last_serial)
    assert answer.url == flask.url + PATH
    assert answer.etag is not None
    assert answer.etag.startswith('"')
    assert answer.body.startswith(b'{"info":{"author"')
    assert client.stats.requests == 1
    assert client.stats.bytes_received == request.body_bytes < len(answer.body)


def test_conditional(flask: FakeIndex, connect: Connect) -> None:
    """With the ETag of the last answer the index says 304, and sends no body."""
    client = connect(flask).client
    first = client.get(flask.url + PATH)
    flask.new_run()
    again = client.get(flask.url + PATH, etag=first.etag)
    assert again == Response(flask.url + PATH, 304, b"", first.etag, first.serial)


def test_not_found_is_an_answer(flask: FakeIndex, connect: Connect) -> None:
    """404 is returned, not raised, and not tried again."""
    assert connect(flask).client.get(f"{flask.url}/pypi/nope/json").status == 404
    assert len(flask.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        faults.reset(),
        faults.reset_in_body(50),
        faults.truncated(100),
        faults.broken_gzip(),
        faults.too_many(),
        faults.unavailable(),
        faults.server_error(500),
        faults.server_error(502),
        faults.server_error(504),
    ],
    ids=lambda fault: fault.name,
)
def test_tried_again(flask: FakeIndex, connect: Connect, waits: list[float], fault: Fault) -> None:
    """What may get through the next time is asked for again, after a wait that doubles."""
    flask.fault(PATH, fault, times=2)
    answer = connect(flask).client.get(flask.url + PATH)
    assert answer.body.startswith(b'{"info":')
    assert waits == [1.0, 2.0]
    assert len(flask.requests) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("never", 1.0),
        ("-3", 1.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 99999999 07:28:00 GMT", 1.0),
    ],
)
def test_retry_after(flask: FakeIndex, connect: Connect, waits: list[float], text: str, expected: float) -> None:
    """Retry-After is honoured in seconds and as a date; what is neither counts as not sent."""
    flask.fault(PATH, faults.too_many(text))
    connect(flask).client.get(flask.url + PATH)
    assert waits == [expected]


def test_retry_after_as_a_date_to_come(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A date to come is waited for."""
    flask.fault(PATH, faults.too_many(formatdate(time() + 90, usegmt=True)))
    connect(flask).client.get(flask.url + PATH)
    assert waits == [pytest.approx(90, abs=3)]


def test_retry_after_too_long(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A wait beyond all patience is an error at once, which says what the index asked for."""
    flask.fault(PATH, faults.too_many("86400"))
    with pytest.raises(UnavailableError) as caught:
        connect(flask).client.get(flask.url + PATH)
    assert str(caught.value) == (
        f"{flask.url}{PATH} answered 429 (1 try in 0.0 s, and asks to wait 86400 s): try later"
    )
    assert waits == []


def test_patience(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """An outage of a minute is sat out; then the error says how often and how long it was tried."""
    flask.fault(PATH, faults.unavailable(), times=None)
    ticks = iter(range(100))
    client = connect(flask, clock=lambda: float(next(ticks))).client
    with pytest.raises(UnavailableError, match=r"answered 503 \(7 tries in \d+\.0 s\): try later"):
        client.get(flask.url + PATH)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert len(flask.requests) == 7


def test_wrong_address_needs_no_patience(connect: Connect, flask: FakeIndex, waits: list[float]) -> None:
    """An index that never answered is given up after three tries."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(UnreachableError, match=r"no connection can be made \(3 tries in 0\.\d s\)"):
        connect(flask).client.get(f"http://127.0.0.1:{port}{PATH}")
    assert waits == [1.0, 2.0]


def test_an_index_that_has_answered_gets_patience(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """Once it has answered, its silence is an outage, and tried seven times."""
    client = connect(flask).client
    client.get(flask.url + PATH)
    flask.fault("/pypi/other/json", faults.reset(), times=None)
    with pytest.raises(UnreachableError, match=r"the connection broke \(7 tries"):
        client.get(f"{flask.url}/pypi/other/json")
    assert len(waits) == 6


@pytest.mark.parametrize(
    ("fault", "retry_policy", "expected"),
    [
        (faults.unavailable(), RetryPolicy(tries=1), []),
        (faults.unavailable(), RetryPolicy(tries=4), [1.0, 2.0, 4.0]),
        (faults.reset(), RetryPolicy(tries=2), [1.0]),
        (faults.reset(), RetryPolicy(tries=9), [1.0, 2.0]),
        (faults.too_many("5"), RetryPolicy(tries=2, longest_wait=5), [5.0]),
        (faults.too_many("6"), RetryPolicy(tries=2, longest_wait=5), []),
        (faults.too_many(str(int(LONGEST_WAIT))), RetryPolicy(tries=2), [LONGEST_WAIT]),
    ],
    ids=["once", "four times", "twice, of nobody", "of nobody", "as long", "too long", "as ever"],
)
def test_other_patience(
    flask: FakeIndex,
    connect: Connect,
    waits: list[float],
    fault: Fault,
    retry_policy: RetryPolicy,
    expected: list[float],
) -> None:
    """Another patience tries as often, and waits as long, as it says; never more often an index that never answered."""
    flask.fault(PATH, fault, times=None)
    with pytest.raises(TransientError):
        connect(flask, retry_policy=retry_policy).client.get(flask.url + PATH)
    assert waits == expected


def test_unknown_host(connect: Connect, flask: FakeIndex) -> None:
    """A host name that nobody knows is said to be unknown."""
    with pytest.raises(UnreachableError, match="its host name is unknown"):
        connect(flask).client.get("http://no-such-host.invalid/pypi/flask/json")


def test_silence(flask: FakeIndex, connect: Connect) -> None:
    """An index that is silent for longer than the timeout has not answered."""
    flask.fault(PATH, faults.slow(0.6), times=None)
    with pytest.raises(UnreachableError, match="no answer within the timeout"):
        connect(flask, timeout=0.2).client.get(flask.url + PATH)


@pytest.mark.parametrize(("status", "remedy"), [(401, "check index_username"), (403, "temporarily blocked")])
def test_refused(flask: FakeIndex, connect: Connect, status: int, remedy: str) -> None:
    """401 and 403 are the user's to mend: raised at once, with what the index says."""
    if status == 403:
        flask.fault(PATH, faults.forbidden())
    else:
        flask.world.override(PATH, b"", status=401)
    with pytest.raises(RefusedError, match=remedy):
        connect(flask).client.get(flask.url + PATH)
    assert len(flask.requests) == 1


def test_unexpected_status(flask: FakeIndex, connect: Connect) -> None:
    """A status that makes no sense here is an error that names it, and is not tried again."""
    flask.world.override(PATH, b"", status=418)
    with pytest.raises(ResponseError, match=f"{PATH} answered 418 I'm a Teapot"):
        connect(flask).client.get(flask.url + PATH)
    assert len(flask.requests) == 1


def test_redirect(flask: FakeIndex, connect: Connect) -> None:
    """A redirect is followed, and the answer says where it came from."""
    flask.fault("/elsewhere", faults.redirect(PATH))
    assert connect(flask).client.get(f"{flask.url}/elsewhere").url == flask.url + PATH


def test_redirects_without_end(flask: FakeIndex, connect: Connect) -> None:
    """A redirect to itself ends after a few hops in one error."""
    flask.fault("/round", faults.redirect("/round"), times=None)
    with pytest.raises(ResponseError) as caught:
        connect(flask).client.get(f"{flask.url}/round")
    assert caught.value.args == (f"{flask.url}/round", "more than 5 redirects")
    assert len(flask.requests) == 6


def test_a_redirect_to_nowhere(connect: Connect, flask: FakeIndex) -> None:
    """A redirect that does not say where to is one to itself."""
    asked: list[bytes] = []
    with pytest.raises(ResponseError) as caught, Listener(_answering(b"HTTP/1.1 302 Found\r\n", asked)) as nowhere:
        connect(flask).client.get(f"http://127.0.0.1:{nowhere.port}/away")
    assert caught.value.args == (f"http://127.0.0.1:{nowhere.port}/away", "more than 5 redirects")
    assert asked == [b"GET /away HTTP/1.1"] * 6


def _answering(head: bytes, asked: list[bytes]) -> Callable[[socket.socket], None]:
    """Serves every request of a connection with this head, and an empty body; ``asked``: what was asked for."""

    def serve(sock: socket.socket) -> None:
        while heard := read_head(sock):
            asked.append(heard.partition(b"\r\n")[0])
            sock.sendall(head + b"Content-Length: 0\r\n\r\n")

    return serve


def test_credentials_for_the_index_only(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Credentials go to the index's own origin, and never to where it redirects."""
    world.add("flask")
    other = serve()
    index = serve(username="me", password="sécret")
    index.fault("/pypi/away/json", faults.redirect(f"{other.url}{PATH}"))
    client = connect(index, credentials=Credentials(origin(index.url), "me", "sécret")).client
    assert client.get(index.url + PATH).status == 200
    assert client.get(f"{index.url}/pypi/away/json").status == 200
    assert [request.headers.get("authorization") for request in index.requests] == ["Basic bWU6c8OpY3JldA=="] * 2
    assert [request.headers.get("authorization") for request in other.requests] == [None]


def test_password_is_never_shown(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Neither an error nor a credential's own text shows a password, also one that stands in the address."""
    index = serve(username="me", password="s3cret")
    url = f"http://me:s3cret@127.0.0.1:{index.port}{PATH}"
    with pytest.raises(SourceError) as caught:
        connect(index).client.get(url)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value)
    assert "s3cret" not in repr(Credentials(origin(url), "me", "s3cret"))


def test_too_large(flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer beyond the bound is refused, however small it was on the wire."""
    assert LARGEST_ANSWER == 256 * 1024 * 1024
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 1000)
    with pytest.raises(ResponseError, match="more than 0 MB"):
        connect(flask).client.get(flask.url + PATH)


def test_told_of_waits_and_answers(flask: FakeIndex, connect: Connect) -> None:
    """Whoever wants to know is told of each answer, and of each wait before it begins, and if it was asked for."""
    told: list[RetryWait | RequestLog] = []
    flask.fault(PATH, faults.too_many("3"))
    flask.fault(PATH, faults.unavailable())
    ticks = iter(range(100))
    connect(flask, tell=told.append, clock=lambda: float(next(ticks))).client.get(flask.url + PATH)
    sizes = [request.body_bytes for request in flask.requests]
    url = flask.url + PATH
    assert [event for event in told if isinstance(event, RetryWait)] == [
        RetryWait(url, "status 429", 3.0, 1, requested=True),
        RetryWait(url, "status 503", 2.0, 2),
    ]
    assert [(event.status, event.size) for event in told if isinstance(event, RequestLog)] == list(
        zip((429, 503, 200), sizes, strict=True)
    )
    assert str(told[1]) == f"{url}: status 429; waiting 3.0 s before try 2"
    assert str(told[0]) == f"{url}: status 429, {sizes[0]} bytes, 1.000 s"


def test_pace() -> None:
    """Requests start no closer to each other than the pace allows, and time that has passed counts."""
    now, slept = [100.0], list[float]()
    pace = RateLimiter(4, lambda: now[0], slept.append)
    pace.wait()
    pace.wait()
    pace.wait()
    now[0] = 100.6
    pace.wait()
    now[0] = 200.0
    pace.wait()
    assert slept == pytest.approx([0.25, 0.5, 0.15])


def test_the_first_request_never_waits() -> None:
    """The first request is sent at once, whatever the clock says."""
    slept: list[float] = []
    pace = RateLimiter(4, lambda: 0.0, slept.append)
    pace.wait()
    assert slept == []
    pace.wait()
    assert slept == [0.25]


def test_no_pace() -> None:
    """A pace of 0 is none."""
    slept: list[float] = []
    pace = RateLimiter(0, lambda: 1.0, slept.append)
    pace.wait()
    pace.wait()
    assert slept == []


def test_retries_keep_the_pace(flask: FakeIndex, waits: list[float]) -> None:
    """A try is a request like any other: it waits for its turn too."""
    flask.fault(PATH, faults.too_many("0"), times=2)
    client = Client(requests_per_second=10, clock=lambda: 5.0, sleep=waits.append)
    client.get(flask.url + PATH)
    client.close()
    assert [wait for wait in waits if wait] == pytest.approx([0.1, 0.2])


def test_one_connection(world: World, fake: FakeIndex, connect: Connect) -> None:
    """One connection carries all requests."""
    for name in ("a", "b", "c"):
        world.add(name)
    client = connect(fake).client
    for name in ("a", "b", "c"):
        client.get(f"{fake.url}/pypi/{name}/json")
    (way,) = client._connections._ways.values()
    (pool,) = way.pools.pools._container.values()
    assert pool.num_connections == 1


def test_no_more_at_once_than_connections(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Threads that share a client of one connection ask one after another, whoever else wants to."""
    names = [f"p{number}" for number in range(3)]
    for name in names:
        world.add(name)
    fake = serve(latency=0.1)
    client = connect(fake).client
    began = monotonic()
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(client.get, f"{fake.url}/pypi/{name}/json") for name in names]
    assert [one.result().status for one in asked] == [200, 200, 200]
    assert monotonic() - began >= 0.3


@pytest.mark.parametrize("location", ["http://[bad", "http://x:99999999/", "ftp://example.com/"])
def test_a_redirect_to_no_address(flask: FakeIndex, connect: Connect, location: str) -> None:
    """A redirect to what is no address is one error, at once."""
    flask.fault("/away", faults.redirect(location))
    with pytest.raises(ResponseError) as caught:
        connect(flask).client.get(f"{flask.url}/away")
    answered = "nothing: it is no address" if "999" in location else f"with a redirect to no address: {location!r}"
    assert caught.value.args[1] == answered
    assert len(flask.requests) == 1


@pytest.mark.parametrize("status", [500, 507, 520, 599])
def test_any_5xx_is_an_outage(flask: FakeIndex, connect: Connect, waits: list[float], status: int) -> None:
    """Every status from 500 on may be over the next time."""
    flask.world.override(PATH, b"", status=status)
    with pytest.raises(UnavailableError, match=f"answered {status}"):
        connect(flask).client.get(flask.url + PATH)
    assert len(waits) == 6


@pytest.mark.parametrize(
    ("base", "location", "url"),
    [
        ("https://a/x", "/y", "https://a/y"),
        ("http://a/x", "https://b/y", "https://b/y"),
        ("http://a/x", "http://b/y", "http://b/y"),
    ],
)
def test_where_a_redirect_leads(base: str, location: str, url: str) -> None:
    """A redirect may be relative, lead elsewhere, or to https."""
    assert _joined(base, location) == url


def test_a_redirect_that_could_be_read() -> None:
    """A redirect from https to http is not followed; what is said of it has no credentials, and is short."""
    location = f"http://me:s3cret@b/{'y' * 100}"
    with pytest.raises(ResponseError) as caught:
        _joined("https://me:s3cret@a/x", location)
    shown = f"http://b/{'y' * 51}"
    assert caught.value.args == ("https://a/x", f"with a redirect from https to http: {shown!r}")
    with pytest.raises(ResponseError) as caught:
        _joined("https://me:s3cret@a/x", "ftp://me:s3cret@b/")
    assert caught.value.args == ("https://a/x", "with a redirect to no address: 'ftp://b/'")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Index.example/simple/", ("https", "index.example", 443)),
        ("http://me:s3cret@index.example", ("http", "index.example", 80)),
        ("https://index.example:8443/", ("https", "index.example", 8443)),
        ("nothing", ("", "", 80)),
    ],
)
def test_origins(url: str, expected: tuple[str, str, int]) -> None:
    """An origin is scheme, host and port, the scheme's own where none is named."""
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("username", "password", "text", "told"),
    [
        ("me", "s3/cret", b"s3/cret", True),
        ("me", "s3/cre t", b"s3/cre%20t", True),
        ("me", "s3/cret", b"s3%2Fcret", True),
        ("me", "s3/cret", b"bWU6czMvY3JldA==", True),
        ("t0ken", "", b"it is t0ken.", True),
        ("me", "s3/cret", b"me", False),
        ("", "", b"anything", False),
        ("me", "s3cret", b" " * 4090 + b"s3cret", True),
        ("me", "s3cret", b" " * 4091 + b"s3cret", False),
    ],
)
def test_an_answer_that_tells_credentials(username: str, password: str, text: bytes, told: bool) -> None:
    """The beginning of an answer is looked through for the secret in every form in which it may stand there."""
    client = Client(credentials=Credentials(("http", "a", 80), username, password))
    assert client.is_echoed_in(text) is told
    client.close()


def test_nothing_to_tell(connect: Connect, flask: FakeIndex) -> None:
    """Who has no credentials is told none."""
    assert connect(flask).client.is_echoed_in(b"me") is False


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
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
def test_what_a_refusal_says(
    flask: FakeIndex, connect: Connect, status: int, body: bytes, content_type: str, said: str
) -> None:
    """A refusal is told in its own words, where they are plain text and do not repeat the credentials."""
    flask.world.override(PATH, body, content_type, status)
    with pytest.raises(RefusedError) as caught:
        connect(flask, credentials=Credentials(origin(flask.url), "me", "s3cret")).client.get(flask.url + PATH)
    assert caught.value.args == (flask.url + PATH, status, said)


def test_a_refusal_of_no_type(connect: Connect, flask: FakeIndex) -> None:
    """A refusal that does not say what it is made of is told without words."""
    with pytest.raises(RefusedError) as caught, Listener(_answering(b"HTTP/1.1 403 Forbidden\r\n", [])) as index:
        connect(flask).client.get(f"http://127.0.0.1:{index.port}{PATH}")
    assert caught.value.args == (f"http://127.0.0.1:{index.port}{PATH}", 403, "")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("X-PyPI-Last-Serial", "9" * 18, (None, 10**18 - 1, False)),
        ("X-PyPI-Last-Serial", "9" * 19, (None, None, False)),
        ("X-PyPI-Last-Serial", "-7", (None, None, False)),
        ("X-PyPI-Last-Serial", "\N{SUPERSCRIPT TWO}", (None, None, False)),
        ("X-PyPI-Last-Serial", "", (None, None, False)),
        ("ETag", 'W/"a"', ('W/"a"', None, False)),
        ("X-Devpi-Serial", "7", (None, None, True)),
        ("X-Else", "7", (None, None, False)),
    ],
)
def test_what_a_head_tells(
    flask: FakeIndex, connect: Connect, name: str, value: str, told: tuple[str | None, int | None, bool]
) -> None:
    """A head tells ETag, serial (a number that fits 64 bits) and devpi, or none of it."""
    flask.fault("/x", Fault("head", site.Answer(200, "application/json", b"{}", ((name, value),))))
    assert connect(flask).client.get(f"{flask.url}/x") == Response(f"{flask.url}/x", 200, b"{}", *told)


def test_gone_is_not_found(flask: FakeIndex, connect: Connect) -> None:
    """410 is told as 404."""
    flask.world.override(PATH, b"", status=410)
    assert connect(flask).client.get(flask.url + PATH).status == 404


@pytest.mark.parametrize(("status", "answered"), [(411, "411 Length Required"), (299, "299"), (407, None), (408, None)])
def test_other_statuses(flask: FakeIndex, connect: Connect, status: int, answered: str | None) -> None:
    """What a status is called is told where it has a name; without a proxy, 407 is as odd as any."""
    flask.world.override(PATH, b"", status=status)
    with pytest.raises(ResponseError) as caught:
        connect(flask).client.get(flask.url + PATH)
    assert caught.value.args == (flask.url + PATH, answered or f"{status} {HTTPStatus(status).phrase}")


def test_a_proxy_that_wants_credentials(flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """407 is a proxy's, where there is one: raised at once."""
    monkeypatch.setenv("HTTP_PROXY", flask.url)
    monkeypatch.setenv("NO_PROXY", "")
    client = connect(flask).client
    flask.world.override("/x", b"", status=407)
    with pytest.raises(ProxyError) as caught:
        client.get("http://index.example/x")
    assert caught.value.args[0] == flask.url
    assert "407" in str(caught.value)


def test_a_proxy_that_does_not_connect(
    flask: FakeIndex, connect: Connect, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that refuses to connect to the index is the user's to mend: raised at once."""
    monkeypatch.setenv("HTTPS_PROXY", flask.url)
    with pytest.raises(ProxyError) as caught:
        connect(flask).client.get("https://index.example/x")
    assert caught.value.args == (flask.url, "refuses to connect to the index (405): check NO_PROXY and index_url")
    assert waits == []


def test_a_proxy_that_is_not_there(flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the way to a proxy fails, that is said, and not taken for the index's fault."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        proxy = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(UnreachableError) as caught:
        connect(flask, clock=lambda: 1.0).client.get("http://index.example/x")
    assert caught.value.args == ("http://index.example/x", f"its proxy {proxy}: no connection can be made", 3, 0.0)


def test_a_certificate_of_nobody(flask: FakeIndex, connect: Connect, waits: list[float], tmp_path: Path) -> None:
    """A certificate that nobody vouches for is told at once, with the address, but not with credentials in it."""
    certificate = Authority(tmp_path).certificate()
    with behind_tls(("127.0.0.1", flask.port), certificate) as url, pytest.raises(UntrustedError) as caught:
        connect(flask).client.get(url.replace("//", "//me:s3cret@") + PATH)
    assert caught.value.args == (url + PATH, "unable to get local issuer certificate")
    assert (waits, flask.requests) == ([], [])


@pytest.mark.parametrize(("more", "taken"), [(0, True), (-1, False)])
def test_the_largest_answer(
    flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, more: int, taken: bool
) -> None:
    """An answer may be exactly as large as is taken."""
    body = b"x" * 3 * 2**20
    flask.world.override(PATH, body)
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", len(body) + more)
    client = connect(flask).client
    if taken:
        assert client.get(flask.url + PATH).body == body
        return
    with pytest.raises(ResponseError) as caught:
        client.get(flask.url + PATH)
    assert caught.value.args == (flask.url + PATH, "more than 2 MB")


def test_a_pause(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A pause is as long as a wait before any other try, and told without credentials."""
    told: list[RetryWait | RequestLog] = []
    connect(flask, tell=told.append, jitter=lambda: 1.0).client.pause("http://me:s3cret@a/x", "stale", 3)
    assert (told, waits) == ([RetryWait("http://a/x", "stale", 5.0, 3)], [5.0])


@pytest.mark.parametrize(
    ("packed", "encoding", "body"),
    [
        (b"plain", "", b"plain"),
        (b"plain", "identity", b"plain"),
        (b"", "br", b""),
        (gzip.compress(b"one"), "gzip", b"one"),
        (gzip.compress(b"one"), "x-gzip", b"one"),
        (gzip.compress(b"one") + gzip.compress(b"two"), "gzip", b"onetwo"),
    ],
)
def test_unpacked(packed: bytes, encoding: str, body: bytes) -> None:
    """A body is unpacked as its head says, all members of it."""
    assert unpack(packed, encoding) == body


@pytest.mark.parametrize(
    ("packed", "encoding", "reason"),
    [
        (b"x", "br", "unknown Content-Encoding 'br'"),
        (gzip.compress(b"one")[:-1], "gzip", "gzip cut short"),
        (gzip.compress(b"one") + gzip.compress(b"two")[:-1], "gzip", "gzip cut short"),
        (b"no gzip", "gzip", "broken gzip"),
        (zlib.compress(b"one"), "gzip", "broken gzip"),
        (gzip.compress(b"one") + b"rest", "gzip", "broken gzip"),
    ],
)
def test_not_unpacked(packed: bytes, encoding: str, reason: str) -> None:
    """What was cut, broken or not agreed on is an error that says which."""
    with pytest.raises(urllib3.exceptions.DecodeError, match=f"^{reason}$"):
        unpack(packed, encoding)


@pytest.mark.parametrize("members", [1, 2])
def test_unpacked_no_further(monkeypatch: pytest.MonkeyPatch, members: int) -> None:
    """Of a body that is too large, one byte more than is taken is unpacked."""
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 6)
    packed = gzip.compress(b"x" * 20) if members == 1 else gzip.compress(b"x" * 5) * 4
    assert unpack(packed, "gzip") == b"x" * 7
    assert unpack(gzip.compress(b"x" * 6) * members, "gzip") == b"x" * (5 + members)


def test_how_a_client_is_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five requests a second, thirty seconds, one connection, no more certificates than the system's."""
    made: list[dict[str, object]] = []
    monkeypatch.setattr("source_pypi.http.client.Connections", lambda **options: made.append(options))
    waits: list[float] = []
    client = Client(clock=lambda: 5.0, sleep=waits.append)
    client._pace.wait()
    client._pace.wait()
    assert (made, client.answered) == ([{"timeout": 30, "kept": 1, "ca_bundle": None}], False)
    assert waits == pytest.approx([0.2])
    Client(timeout=7, connections=3, ca_bundle="ca.pem")
    assert made[1] == {"timeout": 7, "kept": 3, "ca_bundle": "ca.pem"}


def test_asked_for_json(flask: FakeIndex, connect: Connect) -> None:
    """What is asked for is JSON, unless something else is named."""
    client = connect(flask).client
    client.get(flask.url + PATH)
    flask.new_run()
    client.get(flask.url + PATH, accept="text/x")
    assert [request.headers["accept"] for request in flask.requests] == ["text/x"]
    flask.new_run()
    client.get(flask.url + PATH)
    assert [request.headers["accept"] for request in flask.requests] == ["application/json"]


def test_traffic_of_several_requests(flask: FakeIndex, connect: Connect) -> None:
    """Traffic is counted over all requests."""
    client = connect(flask).client
    for path in (PATH, "/pypi/nope/json", "/pypi/nobody/json"):
        client.get(flask.url + path)
    assert client.stats == TransferStats(3, sum(request.body_bytes for request in flask.requests))


def test_the_longest_wait_is_waited_for(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A Retry-After of just as long as is waited for is honoured."""
    flask.fault(PATH, faults.too_many(str(int(LONGEST_WAIT))))
    connect(flask).client.get(flask.url + PATH)
    assert waits == [LONGEST_WAIT]


def test_waits_are_jittered(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """Each wait is longer by up to a quarter, so that clients do not come back together."""
    flask.fault(PATH, faults.unavailable(), times=2)
    connect(flask, jitter=lambda: 0.4).client.get(flask.url + PATH)
    assert waits == pytest.approx([1.1, 2.2])


def test_an_address_that_is_none(flask: FakeIndex, connect: Connect) -> None:
    """What is no address is told at once, without credentials."""
    with pytest.raises(ResponseError) as caught:
        connect(flask).client.get("nothing://me:s3cret@a/x")
    assert caught.value.args == ("nothing://a/x", "nothing: it is no address")


def test_nobody_there(connect: Connect, flask: FakeIndex) -> None:
    """An address that does not answer is told whole, without credentials."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(UnreachableError) as caught:
        connect(flask, clock=lambda: 1.0).client.get(f"http://me:s3cret@127.0.0.1:{port}{PATH}")
    assert caught.value.args == (f"http://127.0.0.1:{port}{PATH}", "no connection can be made", 3, 0.0)


def test_cut_short(flask: FakeIndex, connect: Connect) -> None:
    """A body that ends before its length is told as cut short."""
    told: list[RetryWait | RequestLog] = []
    flask.fault(PATH, faults.truncated(100))
    connect(flask, tell=told.append).client.get(flask.url + PATH)
    assert [event for event in told if isinstance(event, RetryWait)] == [
        RetryWait(flask.url + PATH, "the answer was cut short", 1.0, 1)
    ]


@pytest.mark.parametrize(("size", "read"), [(1000, 1000), (1001, 1001), (5000, 1001)])
def test_read_no_further(
    flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, size: int, read: int
) -> None:
    """Of an answer that is too large on the wire, one byte more than is taken is read; the next one comes whole."""
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


def test_cut_short_where_the_bound_is(
    flask: FakeIndex, connect: Connect, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that ends where the bound is, and should be longer, is cut short, and asked for again."""
    flask.world.override("/large", b"x" * 1200, "application/zip")
    flask.fault("/large", faults.truncated(1000))
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 1000)
    client = connect(flask).client
    client._headers["Accept-Encoding"] = "identity"
    with pytest.raises(ResponseError, match="more than 0 MB"):
        client.get(f"{flask.url}/large")
    assert waits == [1.0]
