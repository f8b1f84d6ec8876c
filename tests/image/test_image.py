"""The image: the connector that its steps produce, replayed in clean environments."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from source_pypi import __version__
from source_pypi.streams import STREAMS
from tests.connector import copy_connector, sample_world
from tests.fake_index import FakeIndex
from tests.image.dockerfile import read_dockerfile
from tests.image.replay import Replayed

pytestmark = pytest.mark.image


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Replayed]:
    """Replay the stages; return each by its name. The last one has none."""
    replayed: dict[str, Replayed] = {}
    for stage in read_dockerfile():
        replayed[stage.name] = Replayed(stage, tmp_path_factory.mktemp("stage"), replayed)
    return replayed


@pytest.fixture(scope="module")
def image(stages: dict[str, Replayed]) -> Replayed:
    """The last stage."""
    return stages[""]


@pytest.fixture(scope="module")
def index() -> Iterator[FakeIndex]:
    """Serve the projects of the configurations."""
    with FakeIndex(sample_world(), strict=False) as fake:
        yield fake


def messages(image: Replayed, *arguments: str) -> list[dict[str, Any]]:
    """Run the entrypoint and return its messages."""
    done = image.run([*image.stage.entrypoint, *arguments], timeout=60)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_spec(image: Replayed) -> None:
    """The image prints its specification."""
    assert [message["type"] for message in messages(image, "spec")] == ["SPEC"]


def test_check_and_read(image: Replayed, index: FakeIndex, tmp_path: Path) -> None:
    """The image checks a configuration and reads every stream, including attestations, but those of downloads.

    No advisory of the sample was removed.
    """
    files = copy_connector(tmp_path, index) / "integration_tests"
    config, catalog = str(files / "config.json"), str(files / "configured_catalog.json")
    (status,) = messages(image, "check", "--config", config)
    assert status["connectionStatus"]["status"] == "SUCCEEDED"
    read = messages(image, "read", "--config", config, "--catalog", catalog)
    expected = {stream.name for stream in STREAMS if stream.service != "downloads"} - {"removed_advisories"}
    assert {m["record"]["stream"] for m in read if m["type"] == "RECORD"} == expected


def test_packages_and_size(image: Replayed) -> None:
    """The image has the packages that a read needs and no others: no build tools, no database, under 30 MB."""
    listed = image.run(["python", "-m", "pip", "--disable-pip-version-check", "list", "--format", "json"]).stdout
    packages = {package["name"]: package["version"] for package in json.loads(listed)}
    assert packages["source-pypi"] == __version__
    assert packages.keys() - {"pip", "setuptools"} == {
        *("source-pypi", "cffi", "click", "cryptography", "cvss", "distlib", "msgspec", "packaging", "pycparser"),
        "urllib3",
    }
    assert image.size() < 30_000_000


def test_image_for_sync(stages: dict[str, Replayed], index: FakeIndex, tmp_path: Path) -> None:
    """With the other lock, the image runs ``sync``, ``query`` and the commands of Airbyte."""
    stage = read_dockerfile()[-1]
    image = Replayed(stage, tmp_path / "image", stages, LOCK="image-sync.txt")
    data = tmp_path / "data"
    data.mkdir()
    sync = ["source-pypi", "sync", "requests", "--index-url", index.url, "--requests-per-second", "0"]
    assert image.run(sync, folder=data).stdout.splitlines()[1].split() == ["projects", "1", "0", "0", "1"]
    query = image.run(["source-pypi", "query", "select project from projects", "--format", "csv"], folder=data)
    assert query.stdout.split() == ["project", "requests"]
    assert [message["type"] for message in messages(image, "spec")] == ["SPEC"]
