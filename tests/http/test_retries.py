"""http/client.py: what is retried, how often, and after which wait."""

import random
import socket
from collections.abc import Callable
from contextlib import closing
from email.utils import formatdate
from time import time

import pytest

from source_pypi.errors import (
    ResponseError,
    TransientError,
    UnavailableError,
    UnreachableError,
)
from source_pypi.http.client import LONGEST_WAIT, Client, RetryPolicy
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, Fault, faults

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"


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
def test_temporary_faults_are_retried(flask: FakeIndex, connect: Connect, waits: list[float], fault: Fault) -> None:
    """Faults that may pass are retried, after a wait that doubles."""
    flask.fault(PATH, fault, times=2)
    response = connect(flask).client.get(flask.url + PATH)
    assert response.body.startswith(b'{"info":')
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
def test_retry_after_is_honoured(
    flask: FakeIndex, connect: Connect, waits: list[float], text: str, expected: float
) -> None:
    """Retry-After is honoured in seconds and as a date; any other value is ignored."""
    flask.fault(PATH, faults.too_many(text))
    connect(flask).client.get(flask.url + PATH)
    assert waits == [expected]


def test_retry_after_as_a_future_date(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A Retry-After with a date in the future is waited for."""
    flask.fault(PATH, faults.too_many(formatdate(time() + 90, usegmt=True)))
    connect(flask).client.get(flask.url + PATH)
    assert waits == [pytest.approx(90, abs=3)]


@pytest.mark.parametrize(
    ("value", "named"), [("86400", "86400"), ("9" * 5000, "1000000000")], ids=["a day", "for ever"]
)
def test_retry_after_above_the_limit_is_an_error(
    flask: FakeIndex, connect: Connect, waits: list[float], value: str, named: str
) -> None:
    """A Retry-After above the limit is an error at once, which names the requested wait."""
    flask.fault(PATH, faults.too_many(value))
    with pytest.raises(UnavailableError) as caught:
        connect(flask).client.get(flask.url + PATH)
    assert str(caught.value) == (
        f"{flask.url}{PATH} answered 429 (1 try in 0.0 s, and asks to wait {named} s): try later"
    )
    assert waits == []


def test_outage_is_retried_for_a_minute(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """An outage is retried for a minute; then the error gives the number of tries and their duration."""
    flask.fault(PATH, faults.unavailable(), times=None)
    ticks = iter(range(100))
    client = connect(flask, clock=lambda: float(next(ticks))).client
    with pytest.raises(UnavailableError, match=r"answered 503 \(7 tries in \d+\.0 s\): try later"):
        client.get(flask.url + PATH)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert len(flask.requests) == 7


def test_server_that_never_answered_gets_three_tries(connect: Connect, flask: FakeIndex, waits: list[float]) -> None:
    """A server that has never answered gets three tries."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnreachableError, match=r"no connection can be made \(3 tries in 0\.\d s\)"):
        connect(flask).client.get(f"http://127.0.0.1:{port}{PATH}")
    assert waits == [1.0, 2.0]


def test_server_that_has_answered_gets_seven_tries(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A server that has answered before gets seven tries."""
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
def test_retry_policy_limits_tries_and_waits(
    flask: FakeIndex,
    connect: Connect,
    waits: list[float],
    fault: Fault,
    retry_policy: RetryPolicy,
    expected: list[float],
) -> None:
    """A retry policy limits tries and waits; a server that has never answered gets at most three tries."""
    flask.fault(PATH, fault, times=None)
    with pytest.raises(TransientError):
        connect(flask, retry_policy=retry_policy).client.get(flask.url + PATH)
    assert waits == expected


def test_unknown_host(connect: Connect, flask: FakeIndex) -> None:
    """An unresolvable host name is named as the cause."""
    with pytest.raises(UnreachableError, match="its host name cannot be resolved"):
        connect(flask).client.get("http://no-such-host.invalid/pypi/flask/json")


def test_silence_is_a_timeout(flask: FakeIndex, connect: Connect) -> None:
    """A server that is silent for longer than the timeout is unreachable."""
    flask.fault(PATH, faults.slow(0.6), times=None)
    with pytest.raises(UnreachableError, match="no response within the timeout"):
        connect(flask, timeout=0.2).client.get(flask.url + PATH)


@pytest.mark.parametrize("status", [500, 507, 520, 599])
def test_every_5xx_is_retried(flask: FakeIndex, connect: Connect, waits: list[float], status: int) -> None:
    """Every status from 500 on is retried."""
    flask.world.override(PATH, b"", status=status)
    with pytest.raises(UnavailableError, match=f"answered {status}"):
        connect(flask).client.get(flask.url + PATH)
    assert len(waits) == 6


def test_wait_before_retry(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """``wait_before_retry`` waits like any other retry, and its event shows no credentials."""
    events: list[RetryWait | RequestLog] = []
    connect(flask, on_event=events.append, jitter=lambda: 1.0).client.wait_before_retry(
        "http://me:s3cret@a/x", "stale", 3
    )
    assert (events, waits) == ([RetryWait("http://a/x", "stale", 5.0, 3)], [5.0])


def test_longest_retry_after_is_honoured(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A Retry-After as long as the limit is honoured."""
    flask.fault(PATH, faults.too_many(str(int(LONGEST_WAIT))))
    connect(flask).client.get(flask.url + PATH)
    assert waits == [LONGEST_WAIT]


def test_waits_are_jittered(flask: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """Each wait is longer by up to a quarter, so that clients do not return together."""
    flask.fault(PATH, faults.unavailable(), times=2)
    connect(flask, jitter=lambda: 0.4).client.get(flask.url + PATH)
    assert waits == pytest.approx([1.1, 2.2])


def test_waits_leave_the_generator_of_the_module_random_as_it_is(flask: FakeIndex, waits: list[float]) -> None:
    """A program that seeds ``random`` gets the numbers of its seed, whether a request was retried or not."""
    flask.fault(PATH, faults.unavailable(), times=2)
    before = random.getstate()
    with closing(Client(requests_per_second=0, timeout=5, sleep=waits.append)) as client:
        client.get(flask.url + PATH)
    assert random.getstate() == before
    assert [1 <= waits[0] < 1.25, 2 <= waits[1] < 2.5] == [True, True]


def test_unreachable_server_is_named_without_credentials(connect: Connect, flask: FakeIndex) -> None:
    """The error of an unreachable server shows the URL without credentials."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnreachableError) as caught:
        connect(flask, clock=lambda: 1.0).client.get(f"http://me:s3cret@127.0.0.1:{port}{PATH}")
    assert caught.value.args == (f"http://127.0.0.1:{port}{PATH}", "no connection can be made", 3, 0.0, False)


def test_incomplete_body_is_retried(flask: FakeIndex, connect: Connect) -> None:
    """A body that ends before its Content-Length is retried."""
    events: list[RetryWait | RequestLog] = []
    flask.fault(PATH, faults.truncated(100))
    connect(flask, on_event=events.append).client.get(flask.url + PATH)
    assert [event for event in events if isinstance(event, RetryWait)] == [
        RetryWait(flask.url + PATH, "the response was incomplete", 1.0, 1)
    ]


def test_incomplete_body_at_the_limit_is_retried(
    flask: FakeIndex, connect: Connect, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that ends at the limit, before its Content-Length, is retried."""
    flask.world.override("/large", b"x" * 1200, "application/zip")
    flask.fault("/large", faults.truncated(1000))
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 1000)
    client = connect(flask).client
    client._headers["Accept-Encoding"] = "identity"
    with pytest.raises(ResponseError, match="more than 0 MB"):
        client.get(f"{flask.url}/large")
    assert waits == [1.0]
