"""airbyte/inputs.py: the catalog and the state that the platform passes."""

import json
from pathlib import Path
from typing import Any

import pytest

from source_pypi.airbyte.inputs import read_catalog, read_state
from source_pypi.errors import CatalogError
from tests.airbyte import catalog

STATE = {"version": 1, "index": "http://index.test", "projects": {"a": "x"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the file that the platform writes."""
    return tmp_path / "state.json"


def test_catalog_streams(tmp_path: Path) -> None:
    """Streams are returned in the order of the catalog, each once, whatever their sync mode."""
    assert read_catalog(catalog(tmp_path, "files", "versions", "files")) == {"files": True, "versions": True}


@pytest.mark.parametrize(
    ("configured", "continues"),
    [
        ({"sync_mode": "incremental"}, True),
        ({"sync_mode": "incremental", "generation_id": None}, True),
        ({"sync_mode": "full_refresh", "generation_id": 0, "minimum_generation_id": 0, "sync_id": 1}, True),
        ({"sync_mode": "full_refresh"}, False),
        ({"sync_mode": "full_refresh", "generation_id": None, "destination_sync_mode": "overwrite"}, False),
        ({}, True),
    ],
)
def test_which_streams_continue_from_state(tmp_path: Path, configured: dict[str, Any], continues: bool) -> None:
    """A stream continues from state unless it is a full refresh without a generation."""
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"streams": [{"stream": {"name": "files"}, **configured}]}))
    assert read_catalog(path) == {"files": continues}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nonsense", "is not JSON"),
        ("[]", "has no list of streams"),
        ('{"streams": [{"stream": {}}]}', "has a stream without a name"),
        (None, "No such file"),
    ],
)
def test_invalid_catalog(tmp_path: Path, content: str | None, reason: str) -> None:
    """An invalid catalog is an error that says what is wrong."""
    path = tmp_path / "catalog.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CatalogError, match=reason):
        read_catalog(path)


def message(name: str, state: Any) -> dict[str, Any]:
    """Return a state message of a stream."""
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
    """Every way in which platforms write that there is no state means no state."""
    path.write_text(content)
    assert read_state(path) == {}


def test_no_state_file() -> None:
    """No file, and an empty path, mean no state."""
    assert [read_state(None), read_state(Path())] == [{}, {}]


@pytest.mark.parametrize("marker", [{"__ab_no_cursor_state_message": True}, {"__ab_full_refresh_sync_complete": True}])
def test_full_refresh_markers_of_0_2(path: Path, marker: dict[str, bool]) -> None:
    """The markers that a full refresh of 0.2.x leaves mean no state; other streams keep theirs."""
    path.write_text(json.dumps([message("project", marker), message("files", STATE)]))
    assert read_state(path) == {"files": STATE}


def test_state_of_each_stream(path: Path) -> None:
    """Each stream has the state of its message; the content is not checked here."""
    path.write_text(json.dumps([message("files", STATE), message("versions", {"cursor": 1}), message("roles", [1])]))
    assert read_state(path) == {"files": STATE, "versions": {"cursor": 1}, "roles": [1]}


def test_state_as_pyairbyte_writes_it(path: Path) -> None:
    """PyAirbyte passes state back with nulls and with a key twice."""
    path.write_text(
        '[{"type":"STREAM","stream":{"stream_descriptor":{"name":"files","namespace":null},"stream_state":'
        + json.dumps(STATE)
        + '},"global":null,"data":null,"global_":null,"global_":null,"sourceStats":null}]'
    )
    assert read_state(path) == {"files": STATE}


def test_global_state_message(path: Path) -> None:
    """A global message has the state of several streams."""
    streams = [message("files", STATE)["stream"], message("versions", None)["stream"], None]
    path.write_text(json.dumps([{"type": "GLOBAL", "global": {"shared_state": None, "stream_states": streams}}]))
    assert read_state(path) == {"files": STATE}
    path.write_text(json.dumps([{"type": "GLOBAL", "global": {"stream_states": None}}]))
    assert read_state(path) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nonsense", "is not JSON"),
        ('{"cursor": 1}', "must be a list of state messages"),
        ('"text"', "must be a list of state messages"),
        ("[1]", "must be a list of state messages"),
        ("[" * 100_000, "is not JSON"),
        (None, "No such file"),
    ],
)
def test_invalid_state(path: Path, content: str | None, reason: str) -> None:
    """A file that is not a list of state messages is an error that says what is wrong."""
    if content is not None:
        path.write_text(content)
    with pytest.raises(CatalogError, match=f"the state cannot be read: .*{reason}"):
        read_state(path)


def test_invalid_global_state_message(path: Path) -> None:
    """A global message whose states are not a list is an error."""
    path.write_text(json.dumps([{"type": "GLOBAL", "global": {"stream_states": 1}}]))
    with pytest.raises(CatalogError, match="the state cannot be read: its stream_states are not a list"):
        read_state(path)
