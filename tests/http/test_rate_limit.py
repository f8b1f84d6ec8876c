"""http/rate_limit.py: the rate limit of a client."""

from collections.abc import Callable

import pytest

from source_pypi.http.client import Client
from source_pypi.http.rate_limit import RateLimiter
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, faults

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"


def test_requests_are_spaced_evenly() -> None:
    """Requests start no closer together than the rate limit allows; elapsed time counts."""
    now, slept = [100.0], list[float]()
    limiter = RateLimiter(4, lambda: now[0], slept.append)
    limiter.wait()
    limiter.wait()
    limiter.wait()
    now[0] = 100.6
    limiter.wait()
    now[0] = 200.0
    limiter.wait()
    assert slept == pytest.approx([0.25, 0.5, 0.15])


def test_first_request_never_waits() -> None:
    """The first request starts at once, whatever the clock says."""
    slept: list[float] = []
    limiter = RateLimiter(4, lambda: 0.0, slept.append)
    limiter.wait()
    assert slept == []
    limiter.wait()
    assert slept == [0.25]


def test_zero_disables_the_limit() -> None:
    """0 requests per second disable the limit."""
    slept: list[float] = []
    limiter = RateLimiter(0, lambda: 1.0, slept.append)
    limiter.wait()
    limiter.wait()
    assert slept == []


def test_waits_are_summed_without_overlap() -> None:
    """The time in which requests waited counts once, however many of them waited at the same time."""
    now = [100.0]
    limiter = RateLimiter(4, lambda: now[0], lambda seconds: None)
    limiter.wait()
    assert limiter.waited == 0
    limiter.wait()
    limiter.wait()
    assert limiter.waited == pytest.approx(0.5)
    now[0] = 101.0
    limiter.wait()
    now[0] = 101.1
    limiter.wait()
    assert limiter.waited == pytest.approx(0.65)


def test_client_reports_the_time_waited(flask: FakeIndex, waits: list[float]) -> None:
    """The statistics of a client have the time that the rate limit took."""
    flask.fault(PATH, faults.too_many("0"), times=2)
    client = Client(requests_per_second=10, clock=lambda: 5.0, sleep=waits.append)
    client.get(flask.url + PATH)
    client.close()
    assert client.stats.rate_limit_seconds == pytest.approx(0.2)


def test_retries_count(flask: FakeIndex, waits: list[float]) -> None:
    """A retry counts as a request."""
    flask.fault(PATH, faults.too_many("0"), times=2)
    client = Client(requests_per_second=10, clock=lambda: 5.0, sleep=waits.append)
    client.get(flask.url + PATH)
    client.close()
    assert [wait for wait in waits if wait] == pytest.approx([0.1, 0.2])
