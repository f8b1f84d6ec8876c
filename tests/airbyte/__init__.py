"""fronts/airbyte: the protocol; what its tests share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from source_pypi.config import Config, make_config
from tests.fake_index import FakeIndex

NOW = 1_795_332_577.078
#: The same time, as rows have it.
NOW_TEXT = "2026-11-22T07:29:37.078000Z"
Messages = list[dict[str, Any]]
Read = Callable[..., tuple[bool, Messages]]


def config(fake: FakeIndex, *projects: str, **settings: Any) -> Config:
    """Settings for the fake index, without pace."""
    return make_config({"projects": projects, "index_url": fake.url, "requests_per_second": 0, **settings})


def catalog(folder: Path, *names: str) -> Path:
    """A configured catalog, as PyAirbyte sends it: incremental and overwrite, whatever the stream offers."""
    streams = [
        {
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "incremental",
            "destination_sync_mode": "overwrite",
            "generation_id": 1,
            "minimum_generation_id": 1,
            "sync_id": 1,
        }
        for name in names
    ]
    path = folder / "catalog.json"
    path.write_text(json.dumps({"streams": streams}))
    return path


def shape(message: dict[str, Any]) -> str:
    """A message in a word or three: its kind, stream and status."""
    match message["type"]:
        case "RECORD":
            return f"RECORD {message['record']['stream']}"
        case "STATE":
            return f"STATE {message['state']['stream']['stream_descriptor']['name']}"
        case "TRACE" if message["trace"]["type"] == "STREAM_STATUS":
            status = message["trace"]["stream_status"]
            return f"{status['status']} {status['stream_descriptor']['name']}"
        case "TRACE":
            return f"ERROR {message['trace']['error'].get('stream_descriptor', {}).get('name')}"
        case kind:
            return str(kind)


def records(messages: Messages, stream: str) -> Messages:
    """The rows of a stream."""
    return [m["record"]["data"] for m in messages if m["type"] == "RECORD" and m["record"]["stream"] == stream]


def errors(messages: Messages) -> Messages:
    """The ERROR traces."""
    return [m["trace"]["error"] for m in messages if m["type"] == "TRACE" and m["trace"]["type"] == "ERROR"]


def states(messages: Messages, stream: str) -> Messages:
    """The states of a stream that were written, in their order."""
    told = [m["state"]["stream"] for m in messages if m["type"] == "STATE"]
    return [one["stream_state"] for one in told if one["stream_descriptor"]["name"] == stream]


def logs(messages: Messages, *levels: str) -> list[str]:
    """What was said on these levels."""
    return [m["log"]["message"] for m in messages if m["type"] == "LOG" and m["log"]["level"] in levels]
