"""services/index/document_requests.py: conditional requests, old copies, and responses to other requests."""

from collections.abc import Callable

import pytest

from source_pypi.errors import DocumentError, StaleError
from source_pypi.services.index.api import Index
from source_pypi.services.index.document_requests import STALE_TRIES
from source_pypi.services.index.documents import UNCHANGED, UNKNOWN, Document, Fingerprint
from tests.fake_index import FakeIndex, Fault, World, faults
from tests.fake_index.site import Answer

Connect = Callable[..., Index]


@pytest.mark.parametrize(
    ("value", "serial"),
    [("9" * 18, 10**18 - 1), ("9" * 19, None), ("-7", None), ("\N{SUPERSCRIPT TWO}", None), ("", None)],
)
def test_serial_of_the_header(fake: FakeIndex, connect: Connect, value: str, serial: int | None) -> None:
    """The serial of a document without one is that of the header, if it is a number that fits 64 bits."""
    answer = Answer(200, "application/json", b'{"info":{}}', (("X-PyPI-Last-Serial", value),))
    fake.fault("/pypi/flask/json", Fault("header", answer))
    document = connect(fake).project("flask")
    assert isinstance(document, Document)
    assert (document.serial, document.best_serial) == (serial, serial)


def changed(world: World) -> None:
    """Add a project that has changed once since its creation."""
    world.add("flask", releases=["1.0"])
    world.yank("flask", "1.0")


def test_unchanged_document_is_not_sent_again(world: World, fake: FakeIndex, connect: Connect) -> None:
    """With its fingerprint, a document is sent again only after it has changed."""
    world.add("flask", releases=["1.0"])
    index = connect(fake)
    first = index.project("flask")
    assert isinstance(first, Document)
    fake.new_run()
    assert index.project("flask", first.fingerprint) is UNCHANGED
    assert [(request.status, request.body_bytes) for request in fake.requests] == [(304, 0)]
    world.yank("flask", "1.0")
    fake.new_run()
    second = index.project("flask", first.fingerprint)
    assert isinstance(second, Document)
    assert second.fingerprint.serial == (first.fingerprint.serial or 0) + 1
    assert second.fingerprint.tag != first.fingerprint.tag


def test_index_without_etags(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """An index without ETags sends the document again; the fingerprint is the same."""
    world.add("flask", releases=["1.0"])
    fake = serve(etags=False)
    index = connect(fake)
    first = index.project("flask")
    fake.new_run()
    assert isinstance(first, Document)
    assert first.fingerprint.etag is None
    second = index.project("flask", first.fingerprint)
    assert isinstance(second, Document)
    assert second.fingerprint.same(first.fingerprint)
    assert "if-none-match" not in fake.requests[0].headers


def test_stale_copy_is_requested_again(world: World, fake: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A copy older than the previous one is requested again, after a wait, until a newer one comes."""
    changed(world)
    fake.fault("/pypi/flask/json", faults.stale(), times=STALE_TRIES - 1)
    document = connect(fake).project("flask", Fingerprint(serial=world.serial))
    assert isinstance(document, Document)
    assert document.best_serial == world.serial
    assert [request.fault for request in fake.requests] == ["stale"] * (STALE_TRIES - 1) + [None]
    assert len(waits) == STALE_TRIES - 1


def test_connection_is_not_used_after_a_response_of_another_kind(world: World, connect: Connect) -> None:
    """A body of another kind may be that of the request before: the next request uses a new connection."""
    world.add("flask")
    with FakeIndex(world) as fake:
        fake.fault("/pypi/flask/json", faults.html())
        index = connect(fake)
        with pytest.raises(DocumentError):
            index.project("flask")
        assert isinstance(index.page("flask"), Document)
        assert fake.connections == 2


def test_only_stale_copies_are_an_error(world: World, fake: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """If all copies are older, the last try ends in an error."""
    changed(world)
    fake.fault("/pypi/flask/json", faults.stale(), times=None)
    with pytest.raises(StaleError) as caught:
        connect(fake).project("flask", Fingerprint(serial=world.serial))
    assert str(caught.value) == (
        f"{fake.url}/pypi/flask/json is an old copy (serial {world.serial - 1}, previously {world.serial}): "
        "loaded rows stay, and the next run tries again (a full check accepts it if the project's page agrees)"
    )
    assert len(fake.requests) == STALE_TRIES == len(waits) + 1


def test_first_copy_is_never_stale(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Without a previous document, no copy is stale."""
    changed(world)
    fake.fault("/pypi/flask/json", faults.stale())
    document = connect(fake).project("flask", UNKNOWN)
    assert isinstance(document, Document)
    assert document.best_serial == world.serial - 1


def test_304_to_an_unconditional_request(fake: FakeIndex, connect: Connect) -> None:
    """A 304 to an unconditional request is not a document: it is requested once more, then an error says so."""
    fake.fault("/pypi/flask/json", faults.Fault("304", Answer(304, "application/json", b"")), times=None)
    with pytest.raises(DocumentError) as caught:
        connect(fake).project("flask")
    assert str(caught.value) == (
        f"{fake.url}/pypi/flask/json: expected a document, found 304 to another request: "
        "is index_url the address of a package index?"
    )
    assert [(r.path, r.status, r.headers.get("if-none-match")) for r in fake.requests] == [
        ("/pypi/flask/json", 304, None)
    ] * 2
