"""services/events/journal.py: calls, faults with the status 200, and the rate limit."""

import pytest

from source_pypi.errors import DocumentError, NotOfferedError, ResponseError, UnavailableError
from source_pypi.http.request_log import RetryWait
from source_pypi.services.events.entries import JournalEntry
from source_pypi.services.events.journal import seconds_to_reset
from tests.fake_index import FakeIndex, Fault, World, faults
from tests.fake_index.xmlrpc import Quota, fault, value
from tests.services.events.helpers import open_journal

TOO_MANY = "HTTPTooManyRequests: The action could not be performed because there were too many requests by the client."


def rpc_fault(code: int, text: str) -> Fault:
    """A fault with the status 200."""
    return Fault("rpc", fault(code, text))


def test_events_after_a_serial(index: FakeIndex) -> None:
    """The events after a serial are those of the journal, with the names and texts of the time."""
    assert index.world.journal[3][:2] == ("Flask", "1.0")
    assert open_journal(index).journal.since(3) == [JournalEntry(*entry) for entry in index.world.journal[3:]]
    assert open_journal(index).journal.since(index.world.serial) == []
    sent = index.requests[-1]
    assert (sent.method, sent.path, sent.headers["content-type"]) == ("POST", "/pypi", "text/xml")


def test_last_serial(index: FakeIndex) -> None:
    """The last serial is that of the last event; 0 in an empty journal."""
    assert open_journal(index).journal.last_serial() == index.world.serial
    with FakeIndex(World()) as empty:
        assert open_journal(empty).journal.last_serial() == 0


def test_nothing_is_requested_twice(index: FakeIndex) -> None:
    """The last serial, and events that were read ahead, are requested once in a run."""
    journal, _, _ = open_journal(index)
    assert journal.last_serial() == journal.last_serial()
    ahead = journal.read_ahead(3, 2)
    assert ahead is not None
    assert journal.since(3) == ahead
    assert journal.since(ahead[4].serial) == ahead[5:]
    assert len(index.requests) == 2
    index.world.yank("flask", "1.0")
    assert [entry.action for entry in journal.since(ahead[-1].serial)] == ["yank release"]
    assert len(index.requests) == 3


def test_rate_limit_fault(index: FakeIndex) -> None:
    """A fault that says when the limit resets is retried after that time."""
    index.fault("/pypi", rpc_fault(-32500, f"{TOO_MANY} Limit may reset in 41 seconds."))
    index.fault("/pypi", rpc_fault(-32500, TOO_MANY))
    journal, waits, log = open_journal(index)
    assert journal.last_serial() == index.world.serial
    assert waits == [41.0, 2.0]
    told = [(one.reason, one.seconds, one.requested) for one in log if isinstance(one, RetryWait)]
    assert told == [("fault -32500", 41.0, True), ("fault -32500", 2.0, False)]


def test_rate_limit_that_resets_late(index: FakeIndex) -> None:
    """A limit that resets later than a run waits is an error at once, which says when."""
    index.fault("/pypi", rpc_fault(-32500, f"{TOO_MANY} Limit may reset in 1800 seconds."))
    journal, waits, _ = open_journal(index)
    with pytest.raises(UnavailableError, match=r"answered 429 .* asks to wait 1800 s"):
        journal.last_serial()
    assert (waits, len(index.requests)) == ([], 1)


def test_header_of_the_rate_limit(index: FakeIndex) -> None:
    """The request that would take the last slot waits for the reset that the header announces, and is not refused."""
    assert index.xmlrpc is not None
    now = [0.0]
    index.xmlrpc.quota = Quota(3, 60.0, clock=lambda: now[0])
    journal, waits, _ = open_journal(index)
    journal.since(1)
    journal.since(2)
    assert waits == []
    now[0] = 60.0
    assert journal.last_serial() == index.world.serial
    assert waits == [60.0]


def test_header_that_resets_late(index: FakeIndex) -> None:
    """If the announced reset is later than a run waits, the next request is not sent."""
    assert index.xmlrpc is not None
    index.xmlrpc.quota = Quota(2, 3600.0)
    journal, _, _ = open_journal(index)
    journal.since(1)
    with pytest.raises(UnavailableError, match="asks to wait 3600 s"):
        journal.last_serial()
    assert len(index.requests) == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ('"xmlrpc.client";r=3599;t=3600', None),
        ('"xmlrpc.client";r=1;t=12', 12.0),
        ('"xmlrpc.client";t=12;r=0', 12.0),
        ('"xmlrpc.client-0";r=0;t=1, "xmlrpc.client-1";r=1;t=60', 60.0),
        ('"xmlrpc.client-0";r=9;t=1, "xmlrpc.client-1";r=0;t=7', 7.0),
        ("nonsense;r=;t=x", None),
    ],
)
def test_seconds_to_reset(header: str, expected: float | None) -> None:
    """The longest time of all limits that have no slot left."""
    assert seconds_to_reset(header) == expected


def test_service_unavailable_fault(index: FakeIndex) -> None:
    """The fault for an outage is retried, and is at last an error with the status 503."""
    index.fault("/pypi", rpc_fault(-32403, "server error; service unavailable"), times=None)
    journal, waits, _ = open_journal(index)
    with pytest.raises(UnavailableError, match=r"answered 503 .7 tries"):
        journal.last_serial()
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]


def test_requests_are_retried(index: FakeIndex) -> None:
    """Errors of the connection and 5xx are retried, as of any request."""
    for one in (faults.unavailable(), faults.reset(), faults.truncated(30), faults.too_many("3")):
        index.fault("/pypi", one)
    journal, waits, _ = open_journal(index)
    journal.last_serial()
    assert waits == [1.0, 2.0, 4.0, 3.0]


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (faults.missing(), "answered 404"),
        (faults.missing(405), "answered 404"),
        (rpc_fault(-32601, "server error; requested method not found"), "answered the fault -32601: server error"),
        (rpc_fault(-32500, "RuntimeError: the method is deprecated."), "answered the fault -32500: RuntimeError"),
    ],
)
def test_index_without_journal(index: FakeIndex, one: Fault, found: str) -> None:
    """An index without XML-RPC, or without these methods, is said to offer no journal."""
    index.fault("/pypi", one)
    with pytest.raises(NotOfferedError, match=f"this index offers no journal of events .*{found}"):
        open_journal(index).journal.last_serial()


def test_other_faults(index: FakeIndex) -> None:
    """Any other fault is an error that quotes it, printable and short."""
    index.fault("/pypi", rpc_fault(-32602, "client error; serial: " + "x" * 1000))
    with pytest.raises(ResponseError, match=r"answered the fault -32602: client error; serial: x{178}:"):
        open_journal(index).journal.since(1)


def test_other_documents(index: FakeIndex) -> None:
    """A page of HTML, and a value of another type, are errors."""
    index.fault("/pypi", faults.html())
    with pytest.raises(DocumentError, match="expected a response of XML-RPC"):
        open_journal(index).journal.since(1)
    index.fault("/pypi", Fault("rpc", value(["a"])))
    with pytest.raises(DocumentError, match="expected a serial"):
        open_journal(index).journal.last_serial()
