"""services/index/api.py: requests for documents, and their errors."""

from collections.abc import Callable

import pytest

from source_pypi import __version__
from source_pypi.config import make_config
from source_pypi.errors import DocumentError, NotOfferedError, SourceError, StaleError
from source_pypi.services.index.api import DEVPI, STALE_TRIES, Index, open_index, root_of, user_agent
from source_pypi.services.index.documents import UNCHANGED, UNKNOWN, Document, Fingerprint
from source_pypi.standards.index_urls import default_url
from tests.fake_index import FakeIndex, Fault, World, faults
from tests.fake_index.site import Answer

Connect = Callable[..., Index]


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://packages.example.com", "https://packages.example.com"),
        ("https://packages.example.com/", "https://packages.example.com"),
        ("https://packages.example.com/simple", "https://packages.example.com"),
        ("https://packages.example.com/simple/", "https://packages.example.com"),
        ("https://packages.example.com/pypi", "https://packages.example.com"),
        ("https://packages.example.com/root/mirror/simple/", "https://packages.example.com/root/mirror"),
        ("https://example.com/api/pypi/pypi/simple", "https://example.com/api/pypi/pypi"),
        ("https://me:pw@example.com:8443/simple/?x=1#y", "https://example.com:8443"),
        ("http://[::1]:3141/root/", "http://[::1]:3141/root"),
    ],
)
def test_root_of_every_url_of_an_index(url: str, root: str) -> None:
    """The root, the /simple/ and the /pypi URL of an index have the same root."""
    assert root_of(url) == root


def test_default_index() -> None:
    """The default index is the one that the library names; its root has no name of an interface."""
    assert default_url().startswith("https://")
    index = open_index(make_config({}))
    index.client.close()
    assert not index.root.endswith(("/", "/pypi", "/simple"))
    assert default_url().startswith(index.root)


def test_user_agent_names_version_and_contact() -> None:
    """The User-Agent is name and version, and the contact if there is one."""
    assert user_agent(None) == f"source-pypi/{__version__}"
    assert user_agent("team@example.com") == f"source-pypi/{__version__} (+team@example.com)"


def test_open_index_sends_the_user_agent(world: World, fake: FakeIndex) -> None:
    """The index that a configuration names gets its contact with each request."""
    world.add("flask")
    index = open_index(make_config({"index_url": fake.url, "contact": "team@example.com"}))
    index.project("flask")
    index.client.close()
    assert fake.requests[0].headers["user-agent"] == user_agent("team@example.com")


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


def test_devpi_is_recognised_by_its_header(fake: FakeIndex, connect: Connect) -> None:
    """After a response of devpi, pages are requested where devpi has them."""
    index = connect(fake)
    assert index.page_url("flask") == f"{fake.url}/simple/flask/"
    fake.fault("/pypi/flask/json", Fault("header", Answer(404, "application/json", b"", (("X-Devpi-Serial", "7"),))))
    assert index.project("flask") is None
    assert index.page_url("flask") == f"{fake.url}{DEVPI.pages}/flask/"


@pytest.mark.parametrize("ending", ["", "/", "/simple", "/simple/", "/pypi", "/pypi/"])
def test_every_url_of_an_index_works(world: World, serve: Callable[..., FakeIndex], ending: str) -> None:
    """A project is found with each URL of its index, also below a path, without a redirect."""
    world.add("flask")
    fake = serve(prefix="/root/mirror")
    index = open_index(make_config({"index_url": fake.url + ending}))
    document = index.project("flask")
    index.client.close()
    assert isinstance(document, Document)
    assert document.content.info.name == "flask"
    assert [(request.path, request.status) for request in fake.requests] == [("/root/mirror/pypi/flask/json", 200)]


@pytest.mark.parametrize("mode", ["edge", "origin"])
def test_each_document_takes_one_request(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, mode: str
) -> None:
    """Each document takes one request, at the edge and at the origin of the public index."""
    world.add("Flask", releases=["1.0", "1!2.0+local.1"])
    fake = serve(mode=mode)
    index = connect(fake)
    project, release, statistics = index.project("flask"), index.release("flask", "1!2.0+local.1"), index.statistics()
    assert isinstance(project, Document)
    assert isinstance(release, Document)
    assert isinstance(statistics, Document)
    assert list(project.content.releases or {}) == ["1!2.0+local.1", "1.0"]
    assert release.content.info.version == "1!2.0+local.1"
    assert list(statistics.content.top_packages) == ["Flask"]
    assert project.serial == project.content.last_serial == release.serial
    assert len(fake.requests) == 3


def test_missing_documents_are_none(fake: FakeIndex, connect: Connect) -> None:
    """A document that the index does not have is None."""
    index = connect(fake)
    assert index.project("nope") is None
    assert index.release("nope", "1.0") is None


def test_html_with_status_200_is_an_error(world: World, fake: FakeIndex, connect: Connect) -> None:
    """HTML instead of a document is an error that names the URL and the expected document."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.html())
    with pytest.raises(DocumentError) as caught:
        connect(fake).project("flask")
    assert str(caught.value).startswith(
        f"{fake.url}/pypi/flask/json: expected a project document (JSON with 'info'), found '<"
    )


def test_other_json_is_an_error(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Other JSON is not a project document."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.json({"message": "Not Found"}))
    with pytest.raises(DocumentError, match="expected a project document"):
        connect(fake).project("flask")


# Conditional requests and old copies ------------------------------------------------------------------------


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


def test_only_stale_copies_are_an_error(world: World, fake: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """If all copies are older, the last try ends in an error."""
    changed(world)
    fake.fault("/pypi/flask/json", faults.stale(), times=None)
    with pytest.raises(StaleError) as caught:
        connect(fake).project("flask", Fingerprint(serial=world.serial))
    assert str(caught.value) == (
        f"{fake.url}/pypi/flask/json is an old copy (serial {world.serial - 1}, previously {world.serial}): "
        "loaded rows stay, and the next run tries again (if the index was set up anew, reset the state)"
    )
    assert len(fake.requests) == STALE_TRIES == len(waits) + 1


def test_first_copy_is_never_stale(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Without a previous document, no copy is stale."""
    changed(world)
    fake.fault("/pypi/flask/json", faults.stale())
    document = connect(fake).project("flask", UNKNOWN)
    assert isinstance(document, Document)
    assert document.best_serial == world.serial - 1


def test_304_to_an_unconditional_request(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A 304 to an unconditional request is not a document."""
    fake.fault("/pypi/flask/json", faults.Fault("304", Answer(304, "application/json", b"")), times=None)
    with pytest.raises(SourceError):
        connect(fake).project("flask")


@pytest.mark.parametrize("ending", ["/repository/pypi", "/mirror/simple/"])
def test_root_that_ends_like_an_interface(world: World, serve: Callable[..., FakeIndex], ending: str) -> None:
    """If neither document nor page is below the assumed root, the whole URL is tried, once."""
    world.add("flask", releases=["1.0"])
    fake = serve(prefix=ending.rstrip("/"))
    origin = fake.url.removesuffix(ending.rstrip("/"))
    index = open_index(make_config({"index_url": origin + ending, "requests_per_second": 0}))
    assert (index.project("nope"), index.page("nope"), index.page("nada")) == (None, None, None)
    assert len(fake.requests) == 4
    fake.new_run()
    index = open_index(make_config({"index_url": origin + ending, "requests_per_second": 0}))
    tried = index.project_url("flask")
    assert index.project("flask") is None
    assert isinstance(index.page("flask"), Document)
    assert isinstance(index.project_elsewhere("flask", tried), Document)
    assert index.root == origin + ending.rstrip("/")


def test_page_in_another_form_only_is_not_offered(fake: FakeIndex, connect: Callable[..., Index]) -> None:
    """An index that has pages in neither form answers 406: it does not offer the page, and its URL is right."""
    fake.fault("/simple/*", faults.server_error(406), times=None)
    with pytest.raises(NotOfferedError, match="offers no project page as JSON or HTML"):
        connect(fake).page("foo")
    with pytest.raises(NotOfferedError, match="offers no list of projects as JSON or HTML"):
        connect(fake).listing()
