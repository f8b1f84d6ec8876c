"""http/client.py: a client that is closed sends nothing more, and waits for nothing."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from source_pypi.http.client import Client
from source_pypi.http.request_log import RequestLog, RetryWait
from tests.fake_index import FakeIndex, faults

PATH = "/pypi/flask/json"
#: Seconds after which a test fails that waits for another thread.
SOON = 10
#: Ways to request a document.
REQUESTS: list[Callable[[Client, str], object]] = [
    Client.get,
    lambda client, url: client.post(url, b"<a/>", content_type="text/xml"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=["get", "post"])
def test_closed_client_sends_nothing(flask: FakeIndex, request_: Callable[[Client, str], object]) -> None:
    """A request with a closed client is cancelled before it is sent."""
    client = Client(requests_per_second=0)
    client.close()
    with pytest.raises(CancelledError):
        request_(client, flask.url + PATH)
    assert flask.requests == []


def test_closing_ends_the_wait_before_a_retry(flask: FakeIndex) -> None:
    """A thread that waits to retry a request gets ``CancelledError`` at once; the request is not sent again."""
    waits = threading.Event()
    flask.fault(PATH, faults.too_many("60"), times=9)

    def on_event(event: RetryWait | RequestLog) -> None:
        if isinstance(event, RetryWait):
            waits.set()

    client = Client(requests_per_second=0, on_event=on_event)
    _close_while(client, lambda: client.get(flask.url + PATH), waits)
    assert [request.path for request in flask.requests] == [PATH]


def test_closing_ends_the_wait_for_the_rate_limit(flask: FakeIndex) -> None:
    """A thread that waits for its turn gets ``CancelledError`` at once, and sends nothing."""
    client = Client(requests_per_second=0.01)
    client.get(flask.url + PATH)
    begun = threading.Event()

    def get() -> object:
        begun.set()
        return client.get(flask.url + "/pypi/click/json")

    _close_while(client, get, begun)
    assert [request.path for request in flask.requests] == [PATH]


def test_closing_ends_a_wait_of_the_caller() -> None:
    """So does a wait that a service asks for itself."""
    client, begun = Client(), threading.Event()

    def wait() -> None:
        begun.set()
        client.wait_before_retry("http://127.0.0.1/", "a fault", 1, 60.0)

    _close_while(client, wait, begun)


def _close_while(client: Client, call: Callable[[], object], begun: threading.Event) -> None:
    """Close a client while a call of another thread waits; the call is cancelled in time."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call)
        assert begun.wait(SOON)
        time.sleep(0.05)
        start = time.monotonic()
        client.close()
        with pytest.raises(CancelledError):
            waiting.result(SOON)
    assert time.monotonic() - start < SOON
