"""airbyte/inputs.py: the catalog and the state that the platform passes."""

import json
from pathlib import Path
from typing import Any

import pytest

from source_pypi.airbyte.inputs import ConfiguredStream, read_catalog, read_state
from source_pypi.errors import CatalogError
from tests.airbyte import catalog

STATE = {"version": 1, "index": "http://index.test", "projects": {"a": "x"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the file that the platform writes."""
    return tmp_path / "state.json"


def test_catalog_streams(tmp_path: Path) -> None:
    """Streams are returned in the order of the catalog, each once, with their generations."""
    found = read_catalog(catalog(tmp_path, "files", "versions", "files"))
    assert list(found.items()) == [(name, ConfiguredStream(False, 1, 1)) for name in ("files", "versions")]


@pytest.mark.parametrize(
    ("configured", "stream"),
    [
        ({"sync_mode": "incremental"}, ConfiguredStream()),
        ({"sync_mode": "incremental", "generation_id": None}, ConfiguredStream()),
        (
            {"sync_mode": "full_refresh", "generation_id": 2, "minimum_generation_id": 1, "sync_id": 1},
            ConfiguredStream(True, 2, 1),
        ),
        ({"sync_mode": "full_refresh", "generation_id": "2"}, ConfiguredStream(True)),
        ({}, ConfiguredStream()),
    ],
)
def test_configured_stream(tmp_path: Path, configured: dict[str, Any], stream: ConfiguredStream) -> None:
    """A configured stream has its sync mode and generations; what is not a number is no generation."""
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"streams": [{"stream": {"name": "files"}, **configured}]}))
    assert read_catalog(path) == {"files": stream}


@pytest.mark.parametrize(
    ("stream", "generations"),
    [
        (ConfiguredStream(True, 2, 0), [2]),
        (ConfiguredStream(True, 2, 2), [2]),
        (ConfiguredStream(True, 0, 0), [0]),
        (ConfiguredStream(True), []),
        (ConfiguredStream(False, 2, 0), [None, 0, 1, 2, 3]),
        (ConfiguredStream(False, 2, 2), [None, 2, 3]),
        (ConfiguredStream(), [None, 0, 1, 2, 3]),
    ],
)
def test_which_state_continues(stream: ConfiguredStream, generations: list[int | None]) -> None:
    """A full refresh continues from state of its own generation only.

    An incremental sync continues from state whose rows the destination keeps, and from state without generation.
    """
    assert [generation for generation in (None, 0, 1, 2, 3) if stream.continues(generation)] == generations
    assert stream.restarts is (stream.full_refresh and stream.generation is None)


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
    """Every form in which platforms write an absent state is read as no state."""
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
