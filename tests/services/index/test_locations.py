"""services/index/locations.py: where an index keeps its documents."""

from collections.abc import Callable

import pytest

from source_pypi.config import make_config
from source_pypi.services.index.api import Index, open_index
from source_pypi.services.index.documents import Document
from source_pypi.services.index.locations import DEVPI, root_of
from tests.fake_index import FakeIndex, Fault, World
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


def test_devpi_is_recognised_by_its_header(fake: FakeIndex, connect: Connect) -> None:
    """After a response of devpi, pages are requested where devpi has them."""
    index = connect(fake)
    assert index.locations.page_url("flask") == f"{fake.url}/simple/flask/"
    fake.fault("/pypi/flask/json", Fault("header", Answer(404, "application/json", b"", (("X-Devpi-Serial", "7"),))))
    assert index.project("flask") is None
    assert index.locations.page_url("flask") == f"{fake.url}{DEVPI.pages}/flask/"


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
    tried = index.locations.project_url("flask")
    assert index.project("flask") is None
    assert isinstance(index.page("flask"), Document)
    assert isinstance(index.project_elsewhere("flask", tried), Document)
    assert index.root == origin + ending.rstrip("/")
