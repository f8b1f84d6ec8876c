"""Tests of the Airbyte protocol, and what they share."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from source_pypi.config import Config, make_config
from tests.fake_index import FakeIndex

NOW = 1_795_332_577.078
#: The same time as rows have it.
NOW_TEXT = "2026-11-22T07:29:37.078000Z"
Messages = list[dict[str, Any]]
Read = Callable[..., tuple[bool, Messages]]


def config(fake: FakeIndex, *projects: str, **settings: Any) -> Config:
    """Return settings for the fake index, without a rate limit."""
    return make_config({"projects": projects, "index_url": fake.url, "requests_per_second": 0, **settings})


def catalog(folder: Path, *names: str) -> Path:
    """Write a configured catalog as PyAirbyte does: incremental and overwrite for every stream."""
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


def state_file(folder: Path, messages: Messages) -> Path:
    """Write the last state of each stream as PyAirbyte passes it back: with nulls, and with a key twice."""
    last = {
        m["state"]["stream"]["stream_descriptor"]["name"]: m["state"]["stream"]["stream_state"]
        for m in messages
        if m["type"] == "STATE"
    }
    written = [
        f'{{"type":"STREAM","stream":{{"stream_descriptor":{{"name":"{name}","namespace":null}},"stream_state":'
        f'{json.dumps(state)}}},"global":null,"data":null,"global_":null,"global_":null}}'
        for name, state in last.items()
    ]
    path = folder / "state.json"
    path.write_text(f"[{','.join(written)}]")
    return path


def shape(message: dict[str, Any]) -> str:
    """Return a message as one to three words: its type, stream and status."""
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
    """Return the rows of a stream."""
    return [m["record"]["data"] for m in messages if m["type"] == "RECORD" and m["record"]["stream"] == stream]


def record_counts(messages: Messages) -> dict[str, int]:
    """Return the number of records of each stream."""
    return dict(Counter(m["record"]["stream"] for m in messages if m["type"] == "RECORD"))


def errors(messages: Messages) -> Messages:
    """Return the ERROR traces."""
    return [trace["error"] for trace in traces(messages, "ERROR")]


def traces(messages: Messages, kind: str) -> Messages:
    """Return the TRACE messages of a type."""
    return [m["trace"] for m in messages if m["type"] == "TRACE" and m["trace"]["type"] == kind]


def states(messages: Messages, stream: str) -> Messages:
    """Return the states of a stream, in order."""
    written = [m["state"]["stream"] for m in messages if m["type"] == "STATE"]
    return [one["stream_state"] for one in written if one["stream_descriptor"]["name"] == stream]


def logs(messages: Messages, *levels: str) -> list[str]:
    """Return the texts of the LOG messages of some levels."""
    return [m["log"]["message"] for m in messages if m["type"] == "LOG" and m["log"]["level"] in levels]
