"""Every line that the connector writes, read by the CDK's serializer into the CDK's message classes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from source_pypi.streams import STREAMS
from tests.cdk.builder import executable
from tests.connector import sample_config, sample_world
from tests.fake_index import FakeIndex, World, faults
from tests.shipped import environment

pytestmark = pytest.mark.cdk
INSIDE = Path(__file__).parent / "inside"
PROJECTS = 1000


@pytest.fixture(scope="module")
def many() -> Iterator[FakeIndex]:
    """Serve many small projects."""
    world = World()
    for number in range(PROJECTS):
        world.add(f"p{number}", releases=["1.0", "2.0"], owner="ann")
    with FakeIndex(world, strict=False) as fake:
        yield fake


def parse(output: str) -> dict[str, int]:
    """Return the number of messages of each type that the CDK reads; it must return each line complete."""
    command = [str(executable("python")), "-P", str(INSIDE / "messages.py")]
    done = subprocess.run(command, input=output, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    counted: dict[str, int] = json.loads(done.stdout)
    return counted


def run(
    source: Path, folder: Path, settings: dict[str, Any], command: str, *names: str, state: Any = None
) -> tuple[int, str]:
    """Run a command of the executable ``source``; return its exit status and output."""
    config, catalog, state_path = folder / "config.json", folder / "catalog.json", folder / "state.json"
    config.write_text(json.dumps(settings))
    catalog.write_text(json.dumps({"streams": [{"stream": {"name": name}} for name in names]}))
    state_path.write_text(json.dumps(state or []))
    given = ["--config", str(config)] + (["--catalog", str(catalog), "--state", str(state_path)] if names else [])
    done = subprocess.run(
        [source, command, *(given if command != "spec" else [])],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_lines_of_a_long_read(source: Path, many: FakeIndex, tmp_path: Path) -> None:
    """Each line of a read of a thousand projects is a message, with checkpoints and errors, and of the next read."""
    many.fault("/pypi/p7/json", faults.html())
    many.fault("/pypi/p9/json", faults.too_many("0"))
    settings = {"projects": [f"p{n}" for n in range(PROJECTS)], "index_url": many.url, "requests_per_second": 0}
    streams = ("projects", "files", "project", "roles", "stats")
    status, output = run(source, tmp_path, settings, "read", *streams)
    counted = parse(output)
    assert status == 1
    assert counted["RECORD"] == (PROJECTS - 1) * (1 + 4 + 1 + 1) + 1
    assert counted["STATE"] > len(streams)
    assert counted["TRACE ERROR"] == 1  # one cause, one error
    assert counted["TRACE STREAM_STATUS"] >= 3 * len(streams)
    messages = [json.loads(line) for line in output.splitlines()]
    last = {m["state"]["stream"]["stream_descriptor"]["name"]: m["state"] for m in messages if m["type"] == "STATE"}
    status, again = run(source, tmp_path, settings, "read", *streams, state=list(last.values()))
    assert status == 0
    assert parse(again)["RECORD"] == 1 + 4 + 1 + 1 + 1


def test_lines_of_all_streams_and_commands(source: Path, tmp_path: Path) -> None:
    """Each line of a read of all streams, and of spec, check and discover, is a message."""
    with FakeIndex(sample_world(), strict=False) as fake:
        settings = sample_config("config.json", fake)
        status, output = run(source, tmp_path, settings, "read", *(stream.name for stream in STREAMS))
        counts = {
            command: parse(run(source, tmp_path, settings, command)[1]) for command in ("spec", "check", "discover")
        }
    assert status == 0
    assert parse(output)["TRACE STREAM_STATUS"] >= 3 * len(STREAMS)
    assert counts == {"spec": {"SPEC": 1}, "check": {"CONNECTION_STATUS": 1}, "discover": {"CATALOG": 1}}
