"""The state of streams as JSON objects, one a stream: Airbyte's STATE messages, and files of the Python library.

Format
    ``{"version": 1, "index": ROOT, "generation": NUMBER, "unfinished": SECONDS, "projects": {NAME: STATE}}`` for each
    stream. ``generation`` is the generation of the rows that the state stands for; it is missing if the platform sends
    none. ``unfinished`` is the time at which the run that wrote it began; it is missing once a run has ended. ``STATE``
    is packed (``state_codec.pack_text``): it holds the keys of all rows.

State that is set aside
    State of another index, or of rows that the destination does not keep (``Continuation.continues``), is not used:
    the stream is read from the beginning. The platform keeps that state until the index has answered for a project, or
    for the index as a whole: a mistyped index URL, which never answers or answers 404 to everything, changes no state.

Checkpoints
    A STATE message replaces the last one of its stream, so it holds all projects. One for every few projects would take
    space that grows with the square of their number. So a checkpoint waits until those before it are small compared
    with what has been read (``Checkpoints``).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from source_pypi.errors import StateError
from source_pypi.sync.resume import begins, resumable
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from source_pypi.sync.state_codec import pack_text, unpack_text, with_time

#: The version of the format.
VERSION = 1
#: A checkpoint is due after this many seconds, or this many projects.
CHECKPOINT_SECONDS, CHECKPOINT_PROJECTS = 10.0, 500
#: What to do about state of a newer release.
_NEWER = "upgrade source-pypi, or reset the stream to read it in full (in Airbyte: clear its data)"
#: Checkpoints of a run write at most this many times the size of the state, or ``FREE_BYTES`` if that is more.
MAX_COPIES, FREE_BYTES = 1.5, 1_000_000


class Continuation(Protocol):
    """Decides whether a stream is read from its state."""

    @property
    def generation(self) -> int | None:
        """The generation of the rows of this sync; None: there are no generations."""

    def continues(self, generation: int | None) -> bool:
        """Return whether the rows that a state stands for are kept, so that this sync needs only the changes.

        :param generation: of the state; None: it has none.
        """
        ...


class _Continues:
    """Every stream is read from its state."""

    generation: int | None = None

    def continues(self, generation: int | None) -> bool:  # noqa: ARG002
        """Return True."""
        return True


_CONTINUES = _Continues()


class StreamState:
    """The state of one stream.

    :param message: the state that the platform passes; None: there is none.
    :param root: the index's root URL.
    :param configured: how the platform reads the stream.
    :ivar projects: the packed state of each project.
    :ivar unfinished: when the run began that wrote it, in seconds since 1970; None: it has ended.
    :ivar set_aside: the message, if it is not used; None: it is used, or there is none.
    :ivar other_index: the root URL of the index that the state belongs to, if not ``root``; it is then set aside.
    :ivar other_generation: whether the state is of rows that the destination does not keep; it is then set aside.
    :ivar size: the approximate size of the message, in bytes.
    :raises StateError: when another program or a newer release wrote the message.
    """

    def __init__(self, stream: str, message: Any, root: str, configured: Continuation = _CONTINUES) -> None:
        self.stream, self.root, self._configured = stream, root, configured
        self.projects: dict[str, str] = {}
        self.unfinished: int | None = None
        self.set_aside: Any = None
        self.other_index: str | None = None
        self.other_generation = False
        self.size = 0
        if message is not None:
            self._parse(message)

    def _parse(self, message: Any) -> None:
        version = message.get("version") if isinstance(message, dict) else None
        if not isinstance(version, int) or not isinstance(message.get("projects"), dict):
            raise StateError(self.stream, "another connector wrote it")
        if version > VERSION:
            raise StateError(self.stream, "a newer release wrote it", _NEWER)
        generation = message.get("generation")
        if message.get("index") != self.root:
            self.other_index = str(message.get("index"))
        elif not self._configured.continues(generation if isinstance(generation, int) else None):
            self.other_generation = True
        if self.other_index is not None or self.other_generation:
            self.set_aside = message
            return
        unfinished = message.get("unfinished")
        self.unfinished = unfinished if isinstance(unfinished, int) else None
        self.projects = message["projects"]
        self.size = sum(map(_size, self.projects, self.projects.values()))

    def load(self, project: str) -> ProjectState | None:
        """Return the state of a project; None: it was never read.

        :raises StateError: when it is damaged.
        """
        text = self.projects.get(project)
        if text is None:
            return None
        try:
            return unpack_text(text)
        except (ValueError, TypeError, AttributeError) as error:  # the latter two: it is not a string
            raise StateError(self.stream, f"its entry of {project or 'the index'} is damaged") from error

    def save(self, project: str, state: ProjectState, *, only_time_changed: bool = False) -> None:
        """Save the state of a project.

        :param only_time_changed: whether it differs from the saved one only in ``checked_at``.
        """
        text = with_time(self.projects[project], state.checked_at) if only_time_changed else pack_text(state)
        self.size += _size(project, text) - _size(project, self.projects.get(project))
        self.projects[project] = text

    def to_message(self) -> dict[str, Any]:
        """Return the state for a STATE message."""
        optional = {"generation": self._configured.generation, "unfinished": self.unfinished}
        given = {name: value for name, value in optional.items() if value is not None}
        return {"version": VERSION, "index": self.root, **given, "projects": self.projects}


def _size(project: str, text: str | None) -> int:
    return 0 if not isinstance(text, str) else len(project) + len(text) + len('"":"",')


class StreamStates:
    """The states of the incremental streams: the ``StateStore`` of a run.

    :param streams: the names of the streams.
    :param previous: the states that the platform passes, by stream.
    :param root: the index's root URL; the state of another index is set aside.
    :param keys: whether to store the keys of rows, so that deleted rows can be reported.
    :param now: when the run began, in seconds since 1970.
    :param configured: how the platform reads the streams, by name; those that are missing continue from their state.
    :ivar unfinished: when the run began that this one resumes, in seconds since 1970; None: it resumes none.
    :ivar unreadable: the streams whose state cannot be read, and why. Their state is passed back unchanged.
    """

    unresolved: Collection[str] = ()

    def __init__(
        self,
        streams: Sequence[str],
        previous: Mapping[str, Any],
        root: str,
        *,
        keys: bool,
        now: float,
        configured: Mapping[str, Continuation] = MappingProxyType({}),
    ) -> None:
        self.keys, self._previous, self._answered = keys, previous, False
        self.unreadable: dict[str, StateError] = {}
        self._states: dict[str, StreamState] = {}
        for name in streams:
            try:
                how = configured.get(name, _CONTINUES)
                self._states[name] = StreamState(name, previous.get(name), root, how)
            except StateError as error:
                self.unreadable[name] = error
        began = [state.unfinished for state in self._states.values() if state.unfinished is not None]
        self.unfinished = resumable(min(began, default=None), now)
        for state in self._states.values():
            state.unfinished = begins(now) if self.unfinished is None else self.unfinished

    @property
    def other_index(self) -> dict[str, str]:
        """The root URL of the other index that a stream's state belongs to, by stream."""
        return {name: state.other_index for name, state in self._states.items() if state.other_index is not None}

    @property
    def other_generation(self) -> list[str]:
        """The streams whose state is of rows that the destination does not keep."""
        return [name for name, state in self._states.items() if state.other_generation]

    @property
    def size(self) -> int:
        """The approximate size of all states, in bytes."""
        return sum(state.size for state in self._states.values())

    def new_streams(self) -> frozenset[str]:
        """Return the streams without any state."""
        return frozenset(name for name, state in self._states.items() if not state.projects)

    def load(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        """Return the state of projects: by project, then by stream. A damaged one is missing."""
        return {project: self._load(project, self._states.values()) for project in projects}

    def summaries(self, settings_digests: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
        """Yield a summary of every project that any of the streams in ``settings_digests`` has read."""
        states = [self._states[name] for name in settings_digests]
        for project in {project: None for state in states for project in state.projects}:
            summary = summary_for(project, self._load(project, states), settings_digests)
            if summary is not None:
                yield summary

    def save(self, stream: str, project: str | None, state: ProjectState, *, only_time_changed: bool = False) -> None:
        """Save the state of a project, or (None) of the index as a whole, unless the stream is ``unreadable``.

        :param only_time_changed: whether it differs from the saved one only in ``checked_at``.
        """
        self._answered = self._answered or state.existed
        if stream in self._states and stream not in self.unreadable:
            self._states[stream].save(project or WHOLE_INDEX, state, only_time_changed=only_time_changed)

    def to_message(self, stream: str) -> Any:
        """Return the state of a stream for a STATE message. A full-refresh stream has none, and says so.

        State that was set aside is returned unchanged until the index has answered.
        """
        if stream in self._states:
            state = self._states[stream]
            return state.to_message() if state.set_aside is None or self._answered else state.set_aside
        return self._previous[stream] if stream in self.unreadable else {"__ab_no_cursor_state_message": True}

    def finish(self) -> None:
        """Mark the run as ended."""
        for state in self._states.values():
            state.unfinished = None

    def _load(self, project: str, states: Iterable[StreamState]) -> dict[str, ProjectState]:
        """Return the state of a project, by stream. A damaged one makes its stream ``unreadable``."""
        loaded = {}
        for state in states:
            try:
                if (one := state.load(project)) is not None:
                    loaded[state.stream] = one
            except StateError as error:
                self.unreadable.setdefault(state.stream, error)
        return loaded


class Checkpoints:
    """Decides when states are written: often enough, and in all no more than a few times their size.

    :param now: when the run began, in seconds.
    """

    def __init__(self, now: float) -> None:
        self._last, self._projects, self._written = now, 0, 0

    def is_due(self, now: float, size: int, progress: float) -> bool:
        """Return whether to write states now, after another project.

        :param size: of the states, in bytes.
        :param progress: the part of the projects that is read, 0 to 1.
        """
        self._projects += 1
        if self._projects < CHECKPOINT_PROJECTS and now - self._last < CHECKPOINT_SECONDS:
            return False
        if self._written + size > max(FREE_BYTES, MAX_COPIES * progress * size + size):
            return False
        self._last, self._projects, self._written = now, 0, self._written + size
        return True
