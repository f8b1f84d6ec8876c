"""services/index/api.py: requests for documents, and their errors."""

from collections.abc import Callable

import pytest

from source_pypi import __version__
from source_pypi.config import make_config
from source_pypi.errors import DocumentError, NotOfferedError, SettingError
from source_pypi.http.user_agent import user_agent
from source_pypi.services.index.api import Index, open_index
from source_pypi.services.index.documents import Document
from source_pypi.standards.index_urls import default_url
from tests.fake_index import FakeIndex, World, faults

Connect = Callable[..., Index]


def test_default_index() -> None:
    """The default index is the one that the library names; its root has no name of an interface."""
    assert default_url().startswith("https://")
    index = open_index(make_config({}))
    index.client.close()
    assert not index.root.endswith(("/", "/pypi", "/simple"))
    assert default_url().startswith(index.root)


@pytest.mark.parametrize("named", [False, True])
def test_public_index_has_a_rate_limit(named: bool) -> None:
    """The public index is not read without a rate limit, whether it is named or not; an index of one's own may be."""
    chosen = {"index_url": default_url()} if named else {}
    with pytest.raises(SettingError, match=r"^setting 'requests_per_second': is 0, no limit, which is for an index of"):
        open_index(make_config({"requests_per_second": 0, **chosen}))
    open_index(make_config({"requests_per_second": 0, "index_url": "http://index.test"})).client.close()
    open_index(make_config({"requests_per_second": 0, **chosen}), is_read=False).client.close()  # a run of a service


def test_public_index_gets_no_credentials() -> None:
    """Credentials without an index are an error: they would be sent to the public index; with one they are not."""
    secrets = {"index_username": "__token__", "index_password": "hunter2"}
    with pytest.raises(SettingError, match=r"^setting 'index_username': is set, but no index is, and the public index"):
        open_index(make_config(secrets))
    open_index(make_config({**secrets, "index_url": "http://index.test"})).client.close()


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


def test_page_in_another_form_only_is_not_offered(fake: FakeIndex, connect: Callable[..., Index]) -> None:
    """An index that has pages in neither form answers 406: it does not offer the page, and its URL is right."""
    fake.fault("/simple/*", faults.server_error(406), times=None)
    with pytest.raises(NotOfferedError, match="offers no project page as JSON or HTML"):
        connect(fake).page("foo")
    with pytest.raises(NotOfferedError, match="offers no list of projects as JSON or HTML"):
        connect(fake).listing()
