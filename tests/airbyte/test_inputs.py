"""airbyte/inputs.py: what the platform hands over."""

import json
from pathlib import Path
from typing import Any

import pytest

from source_pypi.airbyte.inputs import configured_streams, handed_state
from source_pypi.errors import CatalogError
from tests.airbyte import catalog

STATE = {"version": 1, "index": "http://index.test", "projects": {"a": "x"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the platform puts its file."""
    return tmp_path / "handed.json"


def test_configured_streams(tmp_path: Path) -> None:
    """The streams of a configured catalog are taken in their order, each once, whatever their sync modes."""
    assert configured_streams(catalog(tmp_path, "files", "versions", "files")) == {"files": True, "versions": True}


@pytest.mark.parametrize(
    ("asked", "goes_on"),
    [
        ({"sync_mode": "incremental"}, True),
        ({"sync_mode": "incremental", "generation_id": None}, True),
        ({"sync_mode": "full_refresh", "generation_id": 0, "minimum_generation_id": 0, "sync_id": 1}, True),
        ({"sync_mode": "full_refresh"}, False),
        ({"sync_mode": "full_refresh", "generation_id": None, "destination_sync_mode": "overwrite"}, False),
        ({}, True),
    ],
)
def test_who_goes_on_from_state(tmp_path: Path, asked: dict[str, Any], goes_on: bool) -> None:
    """Whatever is incremental goes on from its state, and a full refresh whose platform tells generations."""
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"streams": [{"stream": {"name": "files"}, **asked}]}))
    assert configured_streams(path) == {"files": goes_on}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nonsense", "is no JSON"),
        ("[]", "has no list of streams"),
        ('{"streams": [{"stream": {}}]}', "has a stream without a name"),
        (None, "No such file"),
    ],
)
def test_bad_catalog(tmp_path: Path, content: str | None, reason: str) -> None:
    """A catalog that is none is an error that says what is wrong with it."""
    path = tmp_path / "catalog.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CatalogError, match=reason):
        configured_streams(path)


def told(name: str, state: Any) -> dict[str, Any]:
    """A state message of a stream."""
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}


@pytest.mark.parametrize(
    "content",
    [
        "",
        " \n",
        "[]",
        "{}",
        "null",
        "[null]",
        '[{"type":"STREAM","global_":null,"global_":null}]',
        '[{"type":"STREAM","stream":null}]',
        '[{"type":"STREAM","stream":{"stream_descriptor":{"name":"files"},"stream_state":null}}]',
        '[{"type":"STREAM","stream":{"stream_descriptor":{"name":"files"},"stream_state":{}}}]',
        '[{"type":"STREAM","stream":{"stream_descriptor":{"name":"files"}}}]',
        '[{"type":"STREAM","stream":{"stream_descriptor":null,"stream_state":{"version":1}}}]',
        '[{"type":"LEGACY","data":{"cursor":"2024"}}]',
    ],
)
def test_no_state(path: Path, content: str) -> None:
    """Every form in which the platform says that there is no state means none."""
    path.write_text(content)
    assert handed_state(path) == {}


def test_no_file() -> None:
    """No file, and an empty name for one, mean that there is no state."""
    assert [handed_state(None), handed_state(Path())] == [{}, {}]


@pytest.mark.parametrize(
    "fingerprint", [{"__ab_no_cursor_state_message": True}, {"__ab_full_refresh_sync_complete": True}]
)
def test_state_of_0_2(path: Path, fingerprint: dict[str, bool]) -> None:
    """What 0.2.x left, the marks of a full refresh, means that there is none; the other streams keep theirs."""
    path.write_text(json.dumps([told("project", fingerprint), told("files", STATE)]))
    assert handed_state(path) == {"files": STATE}


def test_states(path: Path) -> None:
    """Each stream has the state that its own message tells; what is no state of ours is left for others to judge."""
    path.write_text(json.dumps([told("files", STATE), told("versions", {"cursor": 1}), told("roles", [1])]))
    assert handed_state(path) == {"files": STATE, "versions": {"cursor": 1}, "roles": [1]}


def test_pyairbyte(path: Path) -> None:
    """PyAirbyte hands a state back with nulls where nothing was said, and a key twice."""
    path.write_text(
        '[{"type":"STREAM","stream":{"stream_descriptor":{"name":"files","namespace":null},"stream_state":'
        + json.dumps(STATE)
        + '},"global":null,"data":null,"global_":null,"global_":null,"sourceStats":null}]'
    )
    assert handed_state(path) == {"files": STATE}


def test_global(path: Path) -> None:
    """A message of all streams at once tells of each."""
    streams = [told("files", STATE)["stream"], told("versions", None)["stream"], None]
    path.write_text(json.dumps([{"type": "GLOBAL", "global": {"shared_state": None, "stream_states": streams}}]))
    assert handed_state(path) == {"files": STATE}
    path.write_text(json.dumps([{"type": "GLOBAL", "global": {"stream_states": None}}]))
    assert handed_state(path) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nonsense", "is no JSON"),
        ('{"cursor": 1}', "must be a list of state messages"),
        ('"text"', "must be a list of state messages"),
        ("[1]", "must be a list of state messages"),
        ("[" * 100_000, "is no JSON"),
        (None, "No such file"),
    ],
)
def test_bad_state(path: Path, content: str | None, reason: str) -> None:
    """A file that holds no state messages is an error that says what is wrong with it."""
    if content is not None:
        path.write_text(content)
    with pytest.raises(CatalogError, match=f"the state cannot be read: .*{reason}"):
        handed_state(path)


def test_global_of_another_shape(path: Path) -> None:
    """A message of all streams whose states are no list is no state that a platform hands over."""
    path.write_text(json.dumps([{"type": "GLOBAL", "global": {"stream_states": 1}}]))
    with pytest.raises(CatalogError, match="the state cannot be read: its stream_states are no list"):
        handed_state(path)
