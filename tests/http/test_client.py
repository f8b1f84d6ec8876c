"""http/client.py: requests, responses, conditional requests, events, statistics."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic

import pytest

from source_pypi.http.client import Client, Response
from source_pypi.http.connections import Connections
from source_pypi.http.credentials import Credentials
from source_pypi.http.request_log import RequestLog, RetryWait, TransferStats
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, World, faults
from tests.fake_index.site import Answer

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"


def test_request_headers(flask: FakeIndex, connect: Connect) -> None:
    """A request has these headers and no others."""
    connect(flask, user_agent="a-client/1.0 (+team@example.com)").project("flask")
    (request,) = flask.requests
    assert request.headers == {
        "host": f"127.0.0.1:{flask.port}",
        "user-agent": "a-client/1.0 (+team@example.com)",
        "accept": "application/json",
        "accept-encoding": "gzip",
    }


def test_response_has_the_decompressed_body(flask: FakeIndex, connect: Connect) -> None:
    """A response has the decompressed body and the headers; the statistics count compressed bytes."""
    client = connect(flask).client
    response = client.get(flask.url + PATH)
    (request,) = flask.requests
    assert (response.url, response.status) == (flask.url + PATH, 200)
    assert response.headers["x-pypi-last-serial"] == str(flask.world.projects["flask"].last_serial)
    assert response.etag == response.headers["ETAG"]
    assert response.etag.startswith('"')
    assert response.body.startswith(b'{"info":{"author"')
    assert client.stats.requests == 1
    assert client.stats.bytes_received == request.body_bytes < len(response.body)


def test_conditional_request_gets_304(flask: FakeIndex, connect: Connect) -> None:
    """With the ETag of the previous response the index answers 304 without a body."""
    client = connect(flask).client
    first = client.get(flask.url + PATH)
    flask.new_run()
    second = client.get(flask.url + PATH, etag=first.etag)
    assert second == Response(flask.url + PATH, 304, b"", second.headers)
    assert second.etag == first.etag


def test_events_of_responses_and_waits(flask: FakeIndex, connect: Connect) -> None:
    """``on_event`` receives each response, and each wait before it begins."""
    events: list[RetryWait | RequestLog] = []
    flask.fault(PATH, faults.too_many("3"))
    flask.fault(PATH, faults.unavailable())
    ticks = iter(range(100))
    connect(flask, on_event=events.append, clock=lambda: float(next(ticks))).client.get(flask.url + PATH)
    sizes = [request.body_bytes for request in flask.requests]
    url = flask.url + PATH
    assert [event for event in events if isinstance(event, RetryWait)] == [
        RetryWait(url, "status 429", 3.0, 1, requested=True),
        RetryWait(url, "status 503", 2.0, 2),
    ]
    assert [(event.status, event.size) for event in events if isinstance(event, RequestLog)] == list(
        zip((429, 503, 200), sizes, strict=True)
    )
    assert str(events[1]) == f"{url}: status 429; waiting 3.0 s before try 2"
    assert str(events[0]) == f"{url}: status 429, {sizes[0]} bytes, 1.000 s"


@pytest.mark.parametrize("credentials", [None, Credentials(("http", "127.0.0.1", 0), "ann", "hunter2")])
def test_logged_headers(flask: FakeIndex, connect: Connect, credentials: Credentials | None) -> None:
    """The log of a request has its headers and those of the response, without credentials and cookies."""
    logs: list[RetryWait | RequestLog] = []
    if credentials is not None:
        credentials = Credentials(("http", "127.0.0.1", flask.port), credentials.username, credentials.password)
    fields = (("Set-Cookie", "id=1"), ("X-User", "ann:hunter2"), ("X-Other", "x"))
    flask.fault(PATH, replace(faults.json({}), answer=Answer(200, "application/json", b"{}", fields)))
    connect(flask, credentials=credentials, on_event=logs.append).client.get(flask.url + PATH)
    (log,) = logs
    assert isinstance(log, RequestLog)
    secret = {"Authorization": "***"} if credentials is not None else {}
    plain = {"User-Agent": "source-pypi", "Accept": "application/json", "Accept-Encoding": "gzip"}
    assert log.sent == plain | secret
    user = "ann:***" if credentials is not None else "ann:hunter2"
    assert [log.received[name] for name in ("Set-Cookie", "X-User", "X-Other")] == ["***", user, "x"]


def test_requests_share_one_connection(world: World, fake: FakeIndex, connect: Connect) -> None:
    """One connection carries all requests."""
    for name in ("a", "b", "c"):
        world.add(name)
    client = connect(fake).client
    for name in ("a", "b", "c"):
        client.get(f"{fake.url}/pypi/{name}/json")
    assert isinstance(client._transport, Connections)
    (route,) = client._transport._routes.values()
    (pool,) = route.pools.pools._container.values()
    assert pool.num_connections == 1


def test_threads_wait_for_a_connection(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Threads that share a client with one connection send one request after another."""
    names = [f"p{number}" for number in range(3)]
    for name in names:
        world.add(name)
    fake = serve(latency=0.1)
    client = connect(fake).client
    start = monotonic()
    with ThreadPoolExecutor(3) as pool:
        requests = [pool.submit(client.get, f"{fake.url}/pypi/{name}/json") for name in names]
    assert [request.result().status for request in requests] == [200, 200, 200]
    assert monotonic() - start >= 0.3


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default: five requests a second, thirty seconds, one connection, the system's certificates."""
    created: list[dict[str, object]] = []
    monkeypatch.setattr("source_pypi.http.client.Connections", lambda **options: created.append(options))
    waits: list[float] = []
    client = Client(clock=lambda: 5.0, sleep=waits.append)
    client._rate_limiter.wait()
    client._rate_limiter.wait()
    assert (created, client.answered) == ([{"timeout": 30, "kept": 1, "ca_bundle": None}], False)
    assert waits == pytest.approx([0.2])
    Client(timeout=7, connections=3, ca_bundle="ca.pem")
    assert created[1] == {"timeout": 7, "kept": 3, "ca_bundle": "ca.pem"}


def test_json_is_the_default_media_type(flask: FakeIndex, connect: Connect) -> None:
    """A request accepts JSON unless another media type is given."""
    client = connect(flask).client
    client.get(flask.url + PATH)
    flask.new_run()
    client.get(flask.url + PATH, accept="text/x")
    assert [request.headers["accept"] for request in flask.requests] == ["text/x"]
    flask.new_run()
    client.get(flask.url + PATH)
    assert [request.headers["accept"] for request in flask.requests] == ["application/json"]


def test_statistics_add_up(flask: FakeIndex, connect: Connect) -> None:
    """The statistics count all requests."""
    client = connect(flask).client
    for path in (PATH, "/pypi/nope/json", "/pypi/nobody/json"):
        client.get(flask.url + path)
    assert client.stats == TransferStats(3, sum(request.body_bytes for request in flask.requests))
