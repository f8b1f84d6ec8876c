"""Damaged responses: each fault ends in all rows, or in one error of the right kind."""

import gzip
import random
import re
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import pytest

from source_pypi.config import make_config
from source_pypi.errors import DocumentError, ResponseError, SourceError, UnavailableError, UnreachableError
from source_pypi.http.client import FIRST_TRIES, LONGEST_BACKOFF, LONGEST_WAIT, REDIRECTS, TRIES
from source_pypi.http.credentials import Credentials, origin
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.services.index.locations import Locations
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.faults import relay
from tests.faults.relay import Relay, Spoil

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"
#: 2026-11-22, in seconds since 1970.
NOW = 1795305600.0


@pytest.fixture
def index(world: World) -> Iterator[FakeIndex]:
    """An index that has Flask and accepts repeated requests."""
    world.add("flask", releases=["1.0", "2.0"])
    with FakeIndex(world, strict=False) as index:
        yield index


@pytest.fixture
def spoiled(index: FakeIndex) -> Iterator[Relay]:
    """A relay to the index, which damages responses."""
    with Relay(index.url) as relay:
        yield relay


def rows(index: Index, url: str) -> tuple[list[Any], list[SourceError]]:
    """The rows of the stream files of Flask at a URL, and the errors."""
    config = make_config({"projects": ["flask"]})
    found, failed = list[Any](), list[SourceError]()
    try:
        for batch in batches(Index(index.client, Locations(url)), select(config), choose_streams(["files"]), config):
            found += rows_in(batch).get("files", ())
            failed += batch.failures.values()
    except SourceError as error:
        failed.append(error)
    return found, failed


MENDED = {
    "refused": relay.refuse(),
    "reset before the head": relay.cut(0, "reset"),
    "reset in the head": relay.cut(100, "reset"),
    "reset behind the head": relay.cut_body(0, "reset"),
    "reset in the body": relay.cut_body(100, "reset"),
    "closed before the head": relay.cut(0),
    "closed in the head": relay.cut(100),
    "closed behind the head": relay.cut_body(0),
    "length too large": relay.length(b"100000"),
    "a length that is no number": relay.packed(lambda body: gzip.compress(body)[:-9]),
    "broken gzip": relay.packed(lambda body: gzip.compress(body)[:40] + bytes(40) + gzip.compress(body)[80:]),
    "gzip that is none": relay.packed(lambda body: body),
    "gzip cut short": relay.packed(lambda body: gzip.compress(body)[:-1]),
    "gzip and more": relay.packed(lambda body: gzip.compress(body) + b"more"),
    "no HTTP": relay.instead(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "a strange line": relay.instead(b"HTTP/1.1 2x0 OK\r\n\r\n"),
    "a head of other bytes": relay.instead(bytes(range(256)) + b"\r\n\r\n"),
    "two lengths": relay.length(b"5, 6"),
    "chunks that are none": relay.instead(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
}


@pytest.mark.parametrize("case", MENDED)
def test_broken_responses_are_retried(
    case: str, spoiled: Relay, index: FakeIndex, connect: Connect, waits: list[float]
) -> None:
    """A response that breaks in transit is retried and gives all rows; if it always breaks, one error."""
    expected = rows(connect(index), index.url)
    spoiled.spoil(MENDED[case])
    assert rows(connect(index), spoiled.url) == expected
    assert waits == [1.0]
    spoiled.spoil(MENDED[case], times=None)
    found, failed = rows(connect(index), spoiled.url)
    assert (found, [type(error) for error in failed]) == ([], [UnreachableError])
    assert not re.search(r"[A-Z][a-z]+[A-Z]", str(failed[0])), "the name of a class of a library"
    assert waits == [1.0, 1.0, 2.0]


def test_response_cut_at_any_byte_is_retried(
    spoiled: Relay, index: FakeIndex, connect: Connect, waits: list[float]
) -> None:
    """A response that ends at any byte of its head or body is never accepted, with or without a RST."""
    client = connect(index)
    expected = rows(client, index.url)
    with Relay(index.url) as whole:
        connect(index).client.get(whole.url + PATH)
        head, body = whole._answer(whole.heard[0])
    lengths = [*range(0, len(head), 5), *range(len(head), len(head + body))]
    for at in range(0, len(lengths), TRIES - 1):
        for length in lengths[at : at + TRIES - 1]:
            spoiled.spoil(relay.cut(length, "reset" if length % 2 else "close"))
        assert client.client.get(spoiled.url + PATH).body == gzip.decompress(body)
    assert len(waits) == len(lengths)
    for length in lengths[::40]:
        spoiled.spoil(relay.cut(length))
        assert rows(client, spoiled.url) == expected


def test_cut_body_without_length_gives_no_rows(spoiled: Relay, index: FakeIndex, connect: Connect) -> None:
    """A body without Content-Length that ends at any byte gives no rows: HTTP cannot show that it is incomplete."""
    with Relay(index.url) as whole:
        connect(index).client.get(whole.url + PATH)
        _, packed = whole._answer(whole.heard[0])
    body = gzip.decompress(packed)
    for length in random.Random(1).sample(range(1, len(body.rstrip())), 60):
        spoiled.spoil(relay.instead(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body[:length]))
        found, failed = rows(connect(index), spoiled.url)
        assert (found, [type(error) for error in failed]) == ([], [DocumentError])


@pytest.mark.parametrize(
    "spoil",
    [
        relay.closed_behind(),
        relay.without_length(),
        relay.packed(lambda b: gzip.compress(b[:9]) + gzip.compress(b[9:])),
    ],
)
def test_unusual_but_complete_responses_are_read(
    spoil: Spoil, spoiled: Relay, index: FakeIndex, connect: Connect, waits: list[float]
) -> None:
    """Closed connections, bodies without Content-Length and gzip with several members are read."""
    client = connect(index)
    expected = rows(client, index.url)
    for _ in range(2):
        assert rows(client, spoiled.spoil(spoil).url) == expected
    assert waits in ([], [1.0])  # a kept connection may close while the next request is on its way


def test_content_length_that_is_too_small(spoiled: Relay, index: FakeIndex, connect: Connect) -> None:
    """A Content-Length that is too small gives no document, and the rest is not read as the next response."""
    client = connect(index)
    expected = rows(client, index.url)
    spoiled.spoil(relay.lie(-3), TRIES)
    found, failed = rows(client, spoiled.url)
    assert (found, [type(error) for error in failed]) == ([], [UnreachableError])
    assert rows(client, spoiled.url) == expected


def test_gzip_bomb_is_refused(
    spoiled: Relay, index: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    """A body that decompresses beyond the limit is refused at once, also in many small members."""
    monkeypatch.setattr("source_pypi.http.compression.LARGEST_ANSWER", 2**20)
    for bomb in (gzip.compress(bytes(2**28)), gzip.compress(b"[" * 100) * 20_000):
        spoiled.spoil(relay.packed(lambda body, bomb=bomb: bomb))  # type: ignore[misc]
        found, failed = rows(connect(index), spoiled.url)
        assert (found, [str(error) for error in failed]) == (
            [],
            [f"{spoiled.url}{PATH} answered more than 1 MB: is index_url the address of a package index?"],
        )
    assert waits == []


def test_many_empty_gzip_members_take_linear_time(spoiled: Relay, index: FakeIndex, connect: Connect) -> None:
    """Decompression of many empty members takes time in proportion to their number."""
    empty, expected = gzip.compress(b""), rows(connect(index), index.url)
    spoiled.spoil(relay.packed(lambda body: gzip.compress(body) + empty * 50_000))
    assert rows(connect(index), spoiled.url) == expected


RETRY_AFTER: dict[str, tuple[str | None, float | None]] = {
    "seconds": ("7", 7.0),
    "a date": (formatdate(NOW + 90, usegmt=True), 90.0),
    "a date in another zone": ("Sun, 22 Nov 2026 01:01:00 +0100", 60.0),
    "a date without zone": ("Sun, 22 Nov 2026 00:02:00 -0000", 120.0),
    "a date that is over": ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    "the longest": (f"{LONGEST_WAIT:.0f}", LONGEST_WAIT),
    "longer": (f"{LONGEST_WAIT + 1:.0f}", None),
    "absurd": ("9" * 400, None),
    "the last year": ("Fri, 31 Dec 9999 23:59:59 GMT", None),
    "missing": (None, 1.0),
    "negative": ("-1", 1.0),
    "not a number": ("nan", 1.0),
    "infinite": ("inf", 1.0),
    "a fraction": ("1.5", 1.0),
    "other digits": ("\u0663".encode().decode("latin-1"), 1.0),
    "no date": ("Sun, 99 Nov 2026 00:00:00 GMT", 1.0),
    "the first year": ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
    "empty": ("", 1.0),
}


@pytest.mark.parametrize("case", RETRY_AFTER)
def test_retry_after_values(case: str, index: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A Retry-After sets the wait, is ignored if it is invalid, or is an error at once if it is too long."""
    text, expected = RETRY_AFTER[case]
    index.fault(PATH, faults.too_many(text))
    client = connect(index, now=lambda: NOW)
    if expected is None:
        assert [type(error) for error in rows(client, index.url)[1]] == [UnavailableError]
        assert waits == []
    else:
        assert rows(client, index.url)[1] == []
        assert waits == [expected]


def test_endless_429_ends_in_an_error(index: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """Endless 429 responses end in an error after all tries, each wait as long as requested."""
    index.fault(PATH, faults.too_many("300"), times=None)
    _, failed = rows(connect(index, clock=lambda: 0.0), index.url)
    assert [str(error) for error in failed] == [
        f"{index.url}{PATH} answered 429 ({TRIES} tries in 0.0 s, and asks to wait 300 s): try later"
    ]
    assert waits == [300.0] * (TRIES - 1)


def test_outage_of_a_minute_is_survived(index: FakeIndex, connect: Connect) -> None:
    """An outage of a minute ends in all rows."""
    passed, waited = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        passed[0] += seconds
        if passed[0] > 60:
            index.clear_faults()

    expected = rows(connect(index), index.url)
    index.fault(PATH, faults.unavailable(), times=None)
    assert rows(connect(index, sleep=sleep, clock=lambda: passed[0]), index.url) == expected
    assert len(waited) < TRIES
    assert max(waited) <= LONGEST_BACKOFF


REDIRECTED = {
    "to itself": (PATH, f"{PATH} answered more than {REDIRECTS} redirects"),
    "to a file": (
        "file:///etc/passwd",
        f"{PATH} answered with a redirect to no HTTP URL: 'file:///etc/passwd'",
    ),
    "to no address": ("http://[bad", f"{PATH} answered with a redirect to no HTTP URL: 'http://[bad'"),
    "to another protocol": (
        "ftp://a:b@x.test/",
        f"{PATH} answered with a redirect to no HTTP URL: 'ftp://x.test/'",
    ),
    "to a script": (
        "javascript:alert(1)",
        f"{PATH} answered with a redirect to no HTTP URL: 'javascript:alert(1)'",
    ),
}


@pytest.mark.parametrize("case", REDIRECTED)
def test_useless_redirect_is_an_error(case: str, index: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A redirect to itself, to a file or to an invalid URL ends in one error, without a retry."""
    location, expected = REDIRECTED[case]
    index.fault(PATH, faults.redirect(location), times=None)
    found, failed = rows(connect(index), index.url)
    assert (found, [type(error) for error in failed]) == ([], [ResponseError])
    assert str(failed[0]) == f"{index.url}{expected}: is index_url the address of a package index?"
    assert len(index.requests) == (REDIRECTS + 1 if case == "to itself" else 1)
    assert waits == []


def test_redirect_to_another_host_gets_no_credentials(world: World, index: FakeIndex, connect: Connect) -> None:
    """A redirect to another host is followed without credentials, also if its URL contains some."""
    with FakeIndex(world, strict=False) as other:
        named = other.url.replace("http://", "http://eve:stolen@")
        index.fault(PATH, faults.redirect(named + PATH))
        client = connect(index, credentials=Credentials(origin(index.url), "ann", "secret"))
        assert client.client.get(index.url + PATH).status == 200
        assert [request.headers.get("authorization") for request in other.requests] == [None]
        assert [request.headers.get("authorization") for request in index.requests] == ["Basic YW5uOnNlY3JldA=="]


def test_number_of_tries(spoiled: Relay, index: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A server that never answered gets few tries, one that has answered gets all."""
    client = connect(index, clock=lambda: 0.0)
    spoiled.spoil(relay.cut(0, "reset"), times=None)
    with pytest.raises(UnreachableError, match=rf"\({FIRST_TRIES} tries in 0.0 s\)"):
        client.client.get(spoiled.url + PATH)
    client.client.get(index.url + PATH)
    with pytest.raises(UnreachableError, match=rf"\({TRIES} tries in 0.0 s\)"):
        client.client.get(spoiled.url + PATH)
    assert waits == [1.0, 2.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
