"""An index that requires credentials, the ways to give them, and working folders for commands."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.connector import sample_world
from tests.fake_index import FakeIndex
from tests.secrets.command import Place
from tests.secrets.hidden import IN_ADDRESS, PASSWORD, TOKEN, USERNAME


@dataclass(frozen=True, slots=True)
class Given:
    """A way to give credentials: those of the index, and the settings with them."""

    username: str
    password: str
    in_address: bool

    def settings(self, url: str) -> dict[str, Any]:
        """Settings for an index at this URL."""
        shared = {"projects": ["requests", "sampleproject==4.0.0"], "requests_per_second": 0}
        if not self.in_address:
            return {**shared, "index_url": url, "index_username": self.username, "index_password": self.password}
        return {**shared, "index_url": self.url(url)}

    def url(self, url: str) -> str:
        """The URL of the index with the credentials."""
        userinfo = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return url.replace("://", f"://{userinfo.rstrip(':')}@")


IN_SETTINGS = Given(USERNAME, PASSWORD, in_address=False)
WAYS = {
    "settings": IN_SETTINGS,
    "address": Given("ann", IN_ADDRESS, in_address=True),
    "token": Given(TOKEN, "", in_address=True),
}


@pytest.fixture(params=WAYS)
def given(request: pytest.FixtureRequest) -> Given:
    """Each way to give credentials."""
    return WAYS[request.param]


@pytest.fixture
def guarded() -> Iterator[Callable[..., FakeIndex]]:
    """Start an index that answers only with credentials."""
    started: list[FakeIndex] = []

    def start(given: Given = IN_SETTINGS, **options: Any) -> FakeIndex:
        index = FakeIndex(sample_world(), username=given.username, password=given.password, strict=False, **options)
        started.append(index.start())
        return index

    yield start
    for index in started:
        index.stop()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path)
