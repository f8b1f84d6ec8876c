"""What the tests share: a world, the index that serves it, and our side of the wire without pace or waiting."""

import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

import pytest

from source_pypi.http.client import Client
from source_pypi.services.index.api import Index
from source_pypi.services.index.locations import Locations
from tests.fake_index import FakeIndex, World
from tests.mirrors import fill


def pytest_configure() -> None:
    """Make a run the same on any machine.

    A shell that starts the tests in the background has them ignore Ctrl-C, and so all that they start. A slow machine
    fails no property of Hypothesis, which the environments of some other tools lack.
    """
    if find_spec("hypothesis") is not None:
        from hypothesis import HealthCheck, settings

        settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
        settings.load_profile("any machine")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Let pytest's summary be the last thing that a run prints.

    Hypothesis measures garbage collections in ``gc.callbacks``, which Python empties after its last collection. What
    the function leads to, such as state machines and the DuckDB types that they name, is then never freed, and DuckDB's
    binding reports that in thirty lines.
    """
    gc.callbacks[:] = [one for one in gc.callbacks if not (one.__module__ or "").startswith("hypothesis.")]


#: What names a proxy, and certificates, in the environment (proxy.py, trust.py).
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC")


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine that the tests run on leads to their index."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


#: What names an index in the environment of pip and uv (standards/index_settings.py).
INDEX_VARIABLES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
)


@pytest.fixture(autouse=True)
def _without_index_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No index that this machine's pip or uv uses changes what a run says or reads."""
    for name in (*INDEX_VARIABLES, *(name for name in os.environ if name.startswith("SOURCE_PYPI_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture(autouse=True)
def _without_outer_make(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``make`` that a test starts does not share options and output with the one that started the tests."""
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def world() -> World:
    """An empty index's content."""
    return World()


@pytest.fixture
def mirrored(world: World) -> None:
    """The index has the projects of ``mirrors.NAMES``."""
    fill(world)


@pytest.fixture
def serve(world: World) -> Iterator[Callable[..., FakeIndex]]:
    """Start an index that serves the world; a question asked twice fails the test, whatever else it checks."""
    served: list[FakeIndex] = []
    with ExitStack() as stack:

        def start(**options: Any) -> FakeIndex:
            index = stack.enter_context(FakeIndex(world, **options))
            served.append(index)
            return index

        yield start
    for index in served:
        assert index.repeated == [], "asked twice"


@pytest.fixture
def fake(serve: Callable[..., FakeIndex]) -> FakeIndex:
    """An index that serves the world as the public one does."""
    return serve()


@pytest.fixture
def waits() -> list[float]:
    """The seconds that clients made by ``connect`` would have waited."""
    return []


@pytest.fixture
def connect(waits: list[float]) -> Iterator[Callable[..., Index]]:
    """Our side: an ``Index`` on a fake one, that notes its waits in ``waits`` instead of waiting."""
    clients: list[Client] = []

    def make(fake: FakeIndex, **options: Any) -> Index:
        settings: dict[str, Any] = {
            "requests_per_second": 0,
            "timeout": 5,
            "sleep": waits.append,
            "jitter": lambda: 0.0,
        } | options
        client = Client(**settings)
        clients.append(client)
        return Index(client, Locations(fake.url))

    yield make
    for client in clients:
        client.close()
