"""index.py: endpoints -> documents."""

from collections.abc import Callable

import pytest

from source_pypi.client import Credentials
from source_pypi.config import make_config
from source_pypi.errors import DocumentError
from source_pypi.index import Index, credentials_for, default_address, open_index, root_of
from tests.fake_index import FakeIndex, World, faults

Connect = Callable[..., Index]


@pytest.mark.parametrize(
    ("address", "root"),
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
def test_root_of(address: str, root: str) -> None:
    """The root, the /simple/ and the /pypi address of an index mean the same index."""
    assert root_of(address) == root


def test_default_address() -> None:
    """The default index is the one that the library names, and is read without an interface's name."""
    assert default_address().startswith("https://")
    index = open_index(make_config({}))
    index.client.close()
    assert not index.root.endswith(("/", "/pypi", "/simple"))
    assert default_address().startswith(index.root)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"index_url": "https://example.com/simple"}, None),
        (
            {"index_url": "https://me:p%40ss@example.com/simple"},
            Credentials(("https", "example.com", 443), "me", "p@ss"),
        ),
        ({"index_url": "http://token@example.com:81"}, Credentials(("http", "example.com", 81), "token", "")),
        (
            {"index_url": "https://me:old@example.com", "index_username": "you", "index_password": "new"},
            Credentials(("https", "example.com", 443), "you", "new"),
        ),
    ],
)
def test_credentials_for(settings: dict[str, str], expected: Credentials | None) -> None:
    """Credentials come from the settings, or else from the address, and are bound to its origin."""
    assert credentials_for(make_config(settings)) == expected


@pytest.mark.parametrize("ending", ["", "/", "/simple", "/simple/", "/pypi", "/pypi/"])
def test_any_of_its_addresses(world: World, serve: Callable[..., FakeIndex], ending: str) -> None:
    """A project is found whichever of the index's addresses is configured, also below a path, without a redirect."""
    world.add("flask")
    fake = serve(prefix="/root/mirror")
    index = open_index(make_config({"index_url": fake.url + ending}))
    document = index.project("flask")
    index.client.close()
    assert document is not None
    assert document.content.info.name == "flask"
    assert [(request.path, request.status) for request in fake.requests] == [("/root/mirror/pypi/flask/json", 200)]


@pytest.mark.parametrize("mode", ["edge", "origin"])
def test_documents(world: World, serve: Callable[..., FakeIndex], connect: Connect, mode: str) -> None:
    """Each document comes with one request, whichever layer of the public index answers."""
    world.add("Flask", releases=["1.0", "1!2.0+local.1"])
    fake = serve(mode=mode)
    index = connect(fake)
    project, release, statistics = index.project("flask"), index.release("flask", "1!2.0+local.1"), index.statistics()
    assert project is not None
    assert release is not None
    assert statistics is not None
    assert list(project.content.releases or {}) == ["1!2.0+local.1", "1.0"]
    assert release.content.info.version == "1!2.0+local.1"
    assert list(statistics.content.top_packages) == ["Flask"]
    assert project.serial == project.content.last_serial == release.serial
    assert len(fake.requests) == 3


def test_absent(fake: FakeIndex, connect: Connect) -> None:
    """What the index does not have is None."""
    index = connect(fake)
    assert index.project("nope") is None
    assert index.release("nope", "1.0") is None


def test_html_with_200(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A page where a document should be is an error that names the address and what was expected."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.html())
    with pytest.raises(DocumentError) as caught:
        connect(fake).project("flask")
    assert str(caught.value).startswith(
        f"{fake.url}/pypi/flask/json: expected a project document (JSON with 'info'), found '<"
    )


def test_json_that_is_no_document(world: World, fake: FakeIndex, connect: Connect) -> None:
    """JSON of another kind is no project document."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.json({"message": "Not Found"}))
    with pytest.raises(DocumentError, match="expected a project document"):
        connect(fake).project("flask")
