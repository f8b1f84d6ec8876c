"""Every line of output is a message, to the models of PyAirbyte and of the CDK."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex, World, faults, generated_world
from tests.pyairbyte.connector import SOURCE
from tests.pyairbyte.environment import PyAirbyte

pytestmark = pytest.mark.pyairbyte
#: Enough for several checkpoints.
PROJECTS = 1_000


@pytest.fixture
def world() -> World:
    """Return an index with many small projects."""
    return generated_world(PROJECTS, files=2, description_bytes=50)


def written(folder: Path, fake: FakeIndex, *arguments: str) -> Path:
    """Run a command for all generated projects and a missing one; return the file with its output."""
    names = [*sorted(fake.world.projects), "missing"]
    settings = {"index_url": fake.url, "requests_per_second": 0, "projects": names}
    (folder / "config.json").write_text(json.dumps(settings))
    path = folder / f"{arguments[0]}.jsonl"
    with path.open("wb") as output:
        subprocess.run([SOURCE, *arguments], cwd=folder, stdout=output, check=False, timeout=300)
    return path


@pytest.mark.parametrize(
    ("arguments", "types"),
    [
        (("spec",), {"SPEC": 1}),
        (("check", "--config", "config.json"), {"CONNECTION_STATUS": 1}),
        (("discover", "--config", "config.json"), {"CATALOG": 1}),
    ],
    ids=["spec", "check", "discover"],
)
def test_one_message(
    pyairbyte: PyAirbyte, fake: FakeIndex, tmp_path: Path, arguments: tuple[str, ...], types: dict[str, int]
) -> None:
    """Commands that read nothing write one message."""
    assert pyairbyte.do("parse", path=str(written(tmp_path, fake, *arguments))) == types


def test_long_reads(pyairbyte: PyAirbyte, fake: FakeIndex, tmp_path: Path) -> None:
    """All lines of a long read of all streams are messages, and so are those of a second read with deleted rows."""
    names = [stream.name for stream in STREAMS if stream.name not in ("attestations", "core_metadata")]
    (tmp_path / "catalog.json").write_text(json.dumps({"streams": [{"stream": {"name": name}} for name in names]}))
    (tmp_path / "state.json").write_text("")
    fake.fault("/pypi/project-0500/json", faults.too_many("0"))
    first = _read(pyairbyte, fake, tmp_path)
    assert first["STATE"] >= 3 * len([stream for stream in STREAMS if stream.name in names and stream.incremental])
    fake.new_run()
    for name in sorted(fake.world.projects)[::10]:
        fake.world.delete_project(name)
    second = _read(pyairbyte, fake, tmp_path)
    assert 0 < second["RECORD"] < first["RECORD"]


def _read(pyairbyte: PyAirbyte, fake: FakeIndex, folder: Path) -> dict[str, int]:
    """Read, check that every line is a message, save the states, and return the number of messages of each type."""
    path = written(
        folder, fake, "read", "--config", "config.json", "--catalog", "catalog.json", "--state", "state.json"
    )
    messages: list[dict[str, Any]] = [json.loads(line) for line in path.read_bytes().splitlines()]
    types: dict[str, int] = pyairbyte.do("parse", path=str(path))
    assert types == Counter(message["type"] for message in messages)
    assert types.keys() == {"LOG", "RECORD", "STATE", "TRACE"}
    assert any(message["type"] == "TRACE" and message["trace"]["type"] == "ERROR" for message in messages)
    states = {m["state"]["stream"]["stream_descriptor"]["name"]: m["state"] for m in messages if m["type"] == "STATE"}
    (folder / "state.json").write_text(json.dumps(list(states.values())))
    return types
