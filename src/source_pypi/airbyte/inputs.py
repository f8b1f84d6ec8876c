"""What the platform hands over: a configured catalog, and the state of the last sync."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from source_pypi.errors import CatalogError


def configured_streams(path: Path) -> dict[str, bool]:
    """The streams in a configured catalog, by name, and whether each goes on from the state that is handed over.

    A full refresh goes on within a job only, and a platform that resumes one tells generations; an older one hands over
    the state of the last sync, from which nothing but changes would come.

    :raises CatalogError: when it cannot be read, or is no such catalog.
    """
    catalog = _load("catalog", path)
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list):
        raise CatalogError("catalog", f"{path} has no list of streams")
    found: dict[str, bool] = {}
    for configured in streams:
        stream = configured.get("stream") if isinstance(configured, dict) else None
        name = stream.get("name") if isinstance(stream, dict) else None
        if not isinstance(name, str):
            raise CatalogError("catalog", f"{path} has a stream without a name")
        from_its_beginning = configured.get("sync_mode") == "full_refresh" and configured.get("generation_id") is None
        found.setdefault(name, not from_its_beginning)
    return found


def handed_state(path: Path | None) -> dict[str, Any]:
    """The state of each stream, as this or an older release wrote it; a stream without state is missing.

    Several forms mean that there is none: no file, an empty one, ``[]``, ``{}``, nulls, and what a full refresh leaves.

    :raises CatalogError: when the file is no list of state messages.
    """
    if path is None or path == Path():
        return {}
    state = _load("state", path, empty=[])
    if state in (None, {}):
        return {}
    if not isinstance(state, list) or not all(message is None or isinstance(message, dict) for message in state):
        raise CatalogError("state", f"{path} must be a list of state messages")
    return {name: told for message in state if message for name, told in _streams(message) if not _is_none(told)}


#: What stands in the state of a stream that was read in full (airbyte-protocol.md 2.4).
_NONE: tuple[dict[str, bool], ...] = (
    {},
    {"__ab_no_cursor_state_message": True},
    {"__ab_full_refresh_sync_complete": True},
)


def _is_none(told: Any) -> bool:
    return told is None or told in _NONE


def _streams(message: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The streams that a state message is about: one, or, if it is of all of them, several."""
    told = [message.get("stream")]
    if isinstance(of_all := message.get("global"), dict):
        states = of_all.get("stream_states") or []
        if not isinstance(states, list):
            raise CatalogError("state", "its stream_states are no list")
        told += states
    found = []
    for stream in told:
        if not isinstance(stream, dict):
            continue
        descriptor = stream.get("stream_descriptor")
        if isinstance(descriptor, dict) and isinstance(descriptor.get("name"), str):
            found.append((descriptor["name"], stream.get("stream_state")))
    return found


def _load(what: str, path: Path, empty: Any = None) -> Any:
    """JSON of the platform's making; PyAirbyte repeats keys in it, which the standard library lets pass."""
    try:
        content = path.read_bytes()
        return empty if empty is not None and not content.strip() else json.loads(content)
    except OSError as error:
        raise CatalogError(what, f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CatalogError(what, f"{path} is no JSON: {error}") from error
