"""The state of streams, as Airbyte keeps it: read from what the platform hands over, written as STATE messages.

Shape
    ``{"version": 1, "index": ROOT, "unfinished": SECONDS, "projects": {NAME: SEEN}}`` for each stream. ``unfinished``
    is when the run began that wrote it, and missing once that run has come to its end. What was seen of a project is
    packed (``state.pack_text``): it holds the keys of all rows.

Checkpoints
    A STATE message replaces the last one of its stream, so each holds all projects. Were one written for every so many
    projects, their size in all would grow with the square of their number; so each has to wait until those before
    it are small beside what has been read by then (``Checkpoints``).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from source_pypi.errors import StateError
from source_pypi.sync.resume import begins, resumable
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from source_pypi.sync.state_codec import pack_text, unpack_text, with_time

#: The version of the state's shape.
VERSION = 1
#: A checkpoint is due after so many seconds, or so many projects.
SECONDS, PROJECTS = 10.0, 500
#: How often the state may be written whole over a run, besides at its end; and bytes that may be written in any case.
TIMES, FREE_BYTES = 1.5, 1_000_000


class StreamState:
    """What one stream has seen.

    :raises StateError: when ``told`` is nothing that we wrote, or that a newer release did.
    """

    def __init__(self, stream: str, told: Any, root: str) -> None:
        self.stream, self.root = stream, root
        self.projects: dict[str, str] = {}
        self.unfinished: int | None = None
        self.foreign: str | None = None
        self.size = 0
        if told is not None:
            self._take(told)

    def _take(self, told: Any) -> None:
        version = told.get("version") if isinstance(told, dict) else None
        if not isinstance(version, int) or not isinstance(told.get("projects"), dict):
            raise StateError(self.stream, "it is not of this connector")
        if version > VERSION:
            raise StateError(self.stream, "a newer release wrote it")
        if told.get("index") != self.root:
            self.foreign = str(told.get("index"))
            return
        unfinished = told.get("unfinished")
        self.unfinished = unfinished if isinstance(unfinished, int) else None
        self.projects = told["projects"]
        self.size = sum(map(_size, self.projects, self.projects.values()))

    def load(self, project: str) -> ProjectState | None:
        """What was seen of a project; None: it never was.

        :raises StateError: when it cannot be read.
        """
        text = self.projects.get(project)
        if text is None:
            return None
        try:
            return unpack_text(text)
        except (ValueError, TypeError, AttributeError) as error:  # the latter two: it is no text
            raise StateError(self.stream, f"what it says of {project or 'the index'} is broken") from error

    def save(self, project: str, seen: ProjectState, *, again: bool = False) -> None:
        """Remember what was seen; it is in the next message.

        :param again: whether it is what was remembered, but for the time.
        """
        text = with_time(self.projects[project], seen.checked_at) if again else pack_text(seen)
        self.size += _size(project, text) - _size(project, self.projects.get(project))
        self.projects[project] = text

    def told(self) -> dict[str, Any]:
        """The state to hand to the platform."""
        unfinished = {} if self.unfinished is None else {"unfinished": self.unfinished}
        return {"version": VERSION, "index": self.root, **unfinished, "projects": self.projects}


def _size(project: str, text: str | None) -> int:
    return 0 if not isinstance(text, str) else len(project) + len(text) + len('"":"",')


class StreamStates:
    """The memory of a sync: the state of each incremental stream.

    :param streams: their names.
    :param handed: what the platform handed over, by stream.
    :param root: the index's address: state of another index is set aside.
    :param keys: whether the keys of rows are remembered.
    :param now: when the run began, in seconds since 1970.
    :ivar broken: streams whose state cannot be read, as far as it was, and why: what was handed over stays as it is.
    """

    def __init__(self, streams: Sequence[str], handed: Mapping[str, Any], root: str, *, keys: bool, now: float) -> None:
        self._keys, self._handed = keys, handed
        self.broken: dict[str, StateError] = {}
        self._streams: dict[str, StreamState] = {}
        for name in streams:
            try:
                self._streams[name] = StreamState(name, handed.get(name), root)
            except StateError as error:
                self.broken[name] = error
        began = [state.unfinished for state in self._streams.values() if state.unfinished is not None]
        self._unfinished = resumable(min(began, default=None), now)
        for state in self._streams.values():
            state.unfinished = begins(now) if self._unfinished is None else self._unfinished

    @property
    def unfinished(self) -> int | None:
        """When the run began that is taken up again; None: there is none."""
        return self._unfinished

    @property
    def keys(self) -> bool:
        """Whether the keys of rows are remembered."""
        return self._keys

    @property
    def foreign(self) -> dict[str, str]:
        """The index of each stream's state that was set aside."""
        return {name: state.foreign for name, state in self._streams.items() if state.foreign is not None}

    def unseen(self) -> frozenset[str]:
        """The streams that have seen nothing yet."""
        return frozenset(name for name, state in self._streams.items() if not state.projects)

    def load(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        """What the streams have seen of projects; what cannot be read was not seen, and its stream is ``broken``."""
        found: dict[str, dict[str, ProjectState]] = {}
        for project in projects:
            seen = {name: self._seen(state, project) for name, state in self._streams.items()}
            found[project] = {name: one for name, one in seen.items() if one is not None}
        return found

    def _seen(self, state: StreamState, project: str) -> ProjectState | None:
        try:
            return state.load(project)
        except StateError as error:
            self.broken.setdefault(state.stream, error)
            return None

    def summaries(self, terms: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
        """Every project that any of the streams in ``terms`` has seen."""
        states = [self._streams[name] for name in terms]
        for project in {project: None for state in states for project in state.projects}:
            seen = {state.stream: one for state in states if (one := self._seen(state, project))}
            if (summary := summary_for(project, seen, terms)) is not None:
                yield summary

    def save(self, stream: str, project: str | None, seen: ProjectState, *, again: bool = False) -> None:
        """Remember what a stream has seen of a project, or (None) of the index as a whole; not if it is ``broken``.

        :param again: whether it is what was remembered, but for the time.
        """
        if stream in self._streams and stream not in self.broken:
            self._streams[stream].save(project or WHOLE_INDEX, seen, again=again)

    def told(self, stream: str) -> Any:
        """The state of a stream, to hand to the platform; of one that is read in full, that it has none."""
        if stream in self._streams:
            return self._streams[stream].told()
        return self._handed[stream] if stream in self.broken else {"__ab_no_cursor_state_message": True}

    def finish(self) -> None:
        """The run came to its end."""
        for state in self._streams.values():
            state.unfinished = None

    @property
    def size(self) -> int:
        """About the bytes that all states take, written once."""
        return sum(state.size for state in self._streams.values())


class Checkpoints:
    """When states are to be written: often enough, and in all no more than a few times their size.

    :param now: the time when the run began, in seconds.
    """

    def __init__(self, now: float) -> None:
        self._last, self._projects, self._written = now, 0, 0

    def is_due(self, now: float, size: int, progress: float) -> bool:
        """Whether to write states of so many bytes now, after another project, at this part (0 to 1) of the run."""
        self._projects += 1
        if self._projects < PROJECTS and now - self._last < SECONDS:
            return False
        if self._written + size > max(FREE_BYTES, TIMES * progress * size + size):
            return False
        self._last, self._projects, self._written = now, 0, self._written + size
        return True
