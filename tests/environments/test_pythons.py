"""The wheel with the runtime lock, in a clean environment of every installed Python."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.connector import sample_world
from tests.environments.pythons import VERSIONS, build_wheel, install, python
from tests.fake_index import FakeIndex
from tests.secrets.test_commands import CATALOG

pytestmark = pytest.mark.environments


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def index() -> Iterator[FakeIndex]:
    """An index in which every stream finds rows."""
    with FakeIndex(sample_world(), strict=False) as fake:
        yield fake


@pytest.fixture(scope="module")
def first() -> dict[str, Any]:
    """The output of the first Python, with which the others are compared."""
    return {}


def plain(output: bytes) -> list[Any]:
    """Return messages without the parts that depend on the time."""
    messages = [json.loads(line) for line in output.splitlines()]
    compared = []
    for message in messages:
        if message["type"] == "RECORD":
            data = message["record"]["data"]
            compared.append((message["record"]["stream"], {k: v for k, v in data.items() if k != "seen_at"}))
        elif message["type"] not in ("TRACE", "LOG", "STATE"):
            compared.append((message["type"], message))
    return compared


TABLES = """
import duckdb, json
connection = duckdb.connect("pypi.duckdb", read_only=True)
found = {}
for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
    if not table.startswith("_"):
        times = "'seen_at', 'checked_at', 'started_at', 'finished_at'"
        query = f"select columns(lambda c: c not in ({times})) from {table}"
        found[table] = sorted(map(repr, connection.execute(query).fetchall()))
print(json.dumps(found))
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_output_is_the_same_on_every_python(
    version: str, wheel: Path, index: FakeIndex, first: dict[str, Any], tmp_path: Path
) -> None:
    """Specification, catalog, rows and tables are the same on every Python."""
    if python(version) is None:
        pytest.skip(f"this machine has no Python {version}")
    made = install(version, wheel, tmp_path / "environment")
    (tmp_path / "catalog.json").write_text(json.dumps(CATALOG))
    projects = ["requests==2.31.0", "sampleproject"]
    settings = {"projects": projects, "index_url": index.url, "requests_per_second": 0, "releases": "all"}
    (tmp_path / "config.json").write_text(json.dumps(settings))

    def run(*arguments: str) -> bytes:
        done = subprocess.run([made, *arguments], cwd=tmp_path, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout

    config = ["--config", "config.json"]
    found = {
        "spec": plain(run("-m", "source_pypi", "spec")),
        "check": plain(run("-m", "source_pypi", "check", *config)),
        "discover": plain(run("-m", "source_pypi", "discover", *config)),
        "read": plain(run("-m", "source_pypi", "read", *config, "--catalog", "catalog.json")),
    }
    assert run("-m", "source_pypi", "sync", "--streams", "all", *config)
    found["sync"] = json.loads(run("-c", TABLES))
    assert len(found["read"]) > 30
    assert {command: what == first.setdefault(command, what) for command, what in found.items()} == dict.fromkeys(
        found, True
    )
