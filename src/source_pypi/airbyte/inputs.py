"""The files that the platform passes to ``read``: a configured catalog, and the state of the last sync."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from source_pypi.errors import CatalogError

#: What the state of a stream without state may be: nothing, or what a full refresh leaves behind.
_EMPTY_STATES: tuple[Any, ...] = (
    None,
    {},
    {"__ab_no_cursor_state_message": True},
    {"__ab_full_refresh_sync_complete": True},
)


class ConfiguredStream(Struct, frozen=True):
    """How the platform reads a stream.

    The destination keeps the rows of a generation together, and deletes those of older generations than the minimum.

    :ivar full_refresh: whether all rows are wanted, not only changes.
    :ivar generation: the generation of the rows of this sync; None: the platform has no generations.
    :ivar minimum_generation: the oldest generation that the destination keeps; None: it is not known.
    """

    full_refresh: bool = False
    generation: int | None = None
    minimum_generation: int | None = None

    @property
    def restarts(self) -> bool:
        """Whether state is never used: platforms without generations cannot resume a full refresh."""
        return self.full_refresh and self.generation is None

    def continues(self, generation: int | None) -> bool:
        """Return whether the rows that a state stands for are kept, so that this sync needs only the changes.

        :param generation: of the state; None: it has none, since an earlier release wrote it.
        """
        if self.full_refresh:
            return generation is not None and generation == self.generation
        return generation is None or generation >= (self.minimum_generation or 0)


def read_catalog(path: Path) -> dict[str, ConfiguredStream]:
    """Return the streams of a configured catalog by name.

    :raises CatalogError: when the file cannot be read, or is not a configured catalog.
    """
    catalog = _load("catalog", path)
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list):
        raise CatalogError("catalog", f"{path} has no list of streams")
    found: dict[str, ConfiguredStream] = {}
    for configured in streams:
        stream = configured.get("stream") if isinstance(configured, dict) else None
        name = stream.get("name") if isinstance(stream, dict) else None
        if not isinstance(name, str):
            raise CatalogError("catalog", f"{path} has a stream without a name")
        full_refresh = configured.get("sync_mode") == "full_refresh"
        generations = (configured.get(key) for key in ("generation_id", "minimum_generation_id"))
        found.setdefault(name, ConfiguredStream(full_refresh, *map(_integer, generations)))
    return found


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def read_state(path: Path | None) -> dict[str, Any]:
    """Return the state of each stream as written; streams without state are missing.

    No file, an empty file, ``[]``, ``{}`` and nulls mean: no state.

    :raises CatalogError: when the file cannot be read, or is not a list of state messages.
    """
    if path is None or path == Path():
        return {}
    messages = _load("state", path, empty=[])
    if messages in (None, {}):
        return {}
    if not isinstance(messages, list) or not all(one is None or isinstance(one, dict) for one in messages):
        raise CatalogError("state", f"{path} must be a list of state messages")
    states = [named for message in messages if message for named in _stream_states(message)]
    return {name: state for name, state in states if state not in _EMPTY_STATES}


def _stream_states(message: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the names and states in a state message: one, or several in a global message."""
    streams = [message.get("stream")]
    if isinstance(shared := message.get("global"), dict):
        states = shared.get("stream_states") or []
        if not isinstance(states, list):
            raise CatalogError("state", "its stream_states are not a list")
        streams += states
    found = []
    for stream in streams:
        if not isinstance(stream, dict):
            continue
        descriptor = stream.get("stream_descriptor")
        if isinstance(descriptor, dict) and isinstance(descriptor.get("name"), str):
            found.append((descriptor["name"], stream.get("stream_state")))
    return found


def _load(what: str, path: Path, empty: Any = None) -> Any:
    """Return the JSON in a file. PyAirbyte repeats keys; the standard library takes the last one.

    :param empty: returned for an empty file; None: an empty file is an error.
    """
    try:
        content = path.read_bytes()
        return empty if empty is not None and not content.strip() else json.loads(content)
    except OSError as error:
        raise CatalogError(what, f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CatalogError(what, f"{path} is not JSON: {error}") from error
