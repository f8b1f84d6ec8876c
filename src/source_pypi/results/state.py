"""Where the Python library keeps state: a JSON file, or a mapping of the program's own.

Both hold an object for each stream, the same as Airbyte's STATE messages do (``sync/stream_states.py``).
"""

import json
import logging
import os
import tempfile
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

from source_pypi.errors import SettingError, StateError
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch
from source_pypi.sync.stream_states import StreamStates

#: A file, or a mapping of objects that JSON can hold, by name of the stream.
StateLocation = str | os.PathLike[str] | MutableMapping[str, Any]
_LOG = logging.getLogger(__name__)


class SavedState:
    """The state of streams, read from a file or mapping and written there.

    :param root: the index's root URL; state of another index is set aside, with a warning.
    :param keys: whether to keep the keys of rows, so that deleted rows can be listed.
    :param now: when the run begins, in seconds since 1970.
    :ivar states: the ``StateStore`` of a run.
    :raises SettingError: when the location is neither a path nor a mapping, or the mapping is not JSON.
    :raises StateError: when the state cannot be read, or its file cannot be written.
    """

    def __init__(
        self, location: StateLocation, streams: Sequence[Stream], root: str, *, keys: bool, now: float
    ) -> None:
        self._location = _checked(location)
        self._streams = [stream.name for stream in streams if stream.incremental]
        self._others = _read(self._location)
        self.states = StreamStates(self._streams, self._others, root, keys=keys, now=now)
        self.check()
        for stream, other in self.states.other_index.items():
            _LOG.warning("%s: the state is of another index, %s; everything is read in full", stream, other)

    def add(self, batch: Batch) -> None:
        """Keep the state of a batch."""
        for name, change in batch.changes.items():
            if name in self._streams:
                self.states.save(name, batch.project, change.state, only_time_changed=change.only_time_changed)

    def check(self) -> None:
        """Check that the state of each project so far could be read.

        :raises StateError: when it could not.
        """
        for error in self.states.unreadable.values():
            raise error

    def save(self) -> None:
        """Write the state, and leave that of other streams as it is.

        :raises StateError: when the file cannot be written.
        """
        messages = {name: self.states.to_message(name) for name in self._streams}
        if isinstance(self._location, Path):
            _write(self._location, self._others | messages)
        else:
            self._location.update(json.loads(json.dumps(messages)))  # a copy, which later batches do not change


def _checked(location: StateLocation) -> Path | MutableMapping[str, Any]:
    """The mapping, or the path of a file that can be written."""
    if isinstance(location, MutableMapping):
        return location
    if not isinstance(location, str | os.PathLike) or not isinstance(os.fspath(location), str):
        kind = type(location).__name__
        raise SettingError("state", f"must be the path of a file, or a mapping such as a dict, not {kind}")
    path = Path(location)
    if not os.fspath(location):
        raise _not_written("an empty path", "it names no file")
    try:
        if path.exists() and not path.is_file():
            raise _not_written(path, "it is a folder or a device, not a file")
        tempfile.TemporaryFile(dir=path.parent).close()
    except (OSError, ValueError) as error:
        raise _not_written(path, getattr(error, "strerror", None) or str(error)) from error
    return path


def _read(location: Path | MutableMapping[str, Any]) -> dict[str, Any]:
    """The state of each stream, by name; streams that this run does not read are among them."""
    try:
        text = location.read_bytes() if isinstance(location, Path) else json.dumps(dict(location))
        found: Any = json.loads(text or "{}")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StateError(str(location), f"the file cannot be read: {error.strerror}") from error
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(location, Path):
            raise StateError(str(location), f"the file is not JSON: {error}") from error
        raise SettingError("state", f"cannot be stored as JSON: {error}") from error
    if not isinstance(found, dict):
        raise StateError(str(location), "it is not an object with the state of each stream")
    for stream, state in found.items():
        if not isinstance(state, dict | None):
            raise StateError(stream, "it is not an object")
    return found


def _write(path: Path, messages: dict[str, Any]) -> None:
    """Replace a file in one step, so that a program that ends meanwhile leaves the old one."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            try:
                json.dump(messages, file)
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from error


def _not_written(path: Path | str, reason: str) -> StateError:
    return StateError(str(path), reason, "name a file in a folder that exists and can be written", "written")
