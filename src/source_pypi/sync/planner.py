"""What is remembered, as a run asks for it: of each project that comes next, and whether it need be visited at all.

Slices
    What neither a list nor a project document tells is found by asking for everything once in ``full_check_days``. Each
    project has its own day for that, by its name, so that every sync asks for a slice.

Resuming
    A run that did not come to its end is taken up again by the next one, within ``RESUME_WITHIN``: what it has read and
    written is not asked for again.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b

from msgspec import Struct
from packaging.utils import NormalizedName

from source_pypi.config import Config
from source_pypi.selection import SelectedProject, Selection
from source_pypi.services.index.documents import Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.queue import ProjectQueue
from source_pypi.sync.resume import resumable
from source_pypi.sync.state import (
    CODES,
    WHOLE_INDEX,
    PreviousState,
    ProjectState,
    ProjectSummary,
    StateStore,
    fingerprint_in,
    settings_digest_of,
)

#: Projects that are recalled at once.
BATCH_SIZE = 100
DAY = 86_400


class ProjectTask(Struct, frozen=True):
    """A project to visit, what is known of it, and what its rows depend on besides documents, by stream."""

    project: SelectedProject
    previous: PreviousState
    settings_digests: Mapping[str, bytes]


def _choice(selection: Selection) -> bytes:
    """What tells two choices of projects apart, whatever the list holds."""
    named = sorted(f"{target.project}=={','.join(target.pins)}" for target in selection.projects)
    told = "\n".join([str(selection.whole_index), str(selection.follow), *sorted(selection.excluded), "", *named])
    return told.encode()


class Planner:
    """What the selected streams remember.

    :param now: when the run began, in seconds since 1970.
    :param selection: the projects that the run is about.
    """

    def __init__(
        self,
        memory: StateStore,
        streams: Sequence[Stream],
        config: Config,
        now: float,
        selection: Selection | None = None,
    ) -> None:
        self._memory, self._config, self._now = memory, config, now
        self._of_projects = tuple(stream for stream in streams if stream.of_project)
        self._of_index = tuple(stream for stream in streams if not stream.of_project)
        self._loaded: dict[str, Mapping[str, ProjectState]] = {}
        self._choice = _choice(selection or Selection())
        self.keys = memory.keys
        self._since = resumable(memory.unfinished, now)

    @property
    def resumes(self) -> bool:
        """Whether the last run is taken up again."""
        return self._since is not None

    def take(self, queue: ProjectQueue) -> ProjectTask | None:
        """The next project to visit; None: there is none now."""
        while (target := queue.take()) is not None:
            if target.project not in self._loaded:
                names = [target.project, *queue.upcoming(BATCH_SIZE - 1)]
                loaded = self._memory.load(names)
                self._loaded = {name: loaded.get(name, {}) for name in names}
            due = self._due(target)
            if not self._is_done(due):
                return due
            queue.learn(FetchResult(target, requirements=due.previous.requirements))
        return None

    def of_index(self) -> tuple[PreviousState, Mapping[str, bytes]]:
        """What is known of the index as a whole, and on what terms."""
        seen = self._memory.load([WHOLE_INDEX]).get(WHOLE_INDEX, {})
        return self._known(self._of_index, None, seen)

    def list_fingerprint(self, *, of_projects: bool) -> Fingerprint:
        """With which mark to ask for the list of projects: its ETag only where all readers have seen that very list.

        :param of_projects: whether it is to tell which projects to visit: then it has to be the one that did so last.
        """
        of_list = [stream for stream in self._of_index if DocumentKind.LISTING in stream.documents]
        readers = [*of_list, *(self._of_projects if of_projects else ())]
        seen = self._memory.load([WHOLE_INDEX]).get(WHOLE_INDEX, {})
        known, _ = self._known(tuple(of_list), None, seen)
        terms = self._list_terms()
        comparable = known.comparable | {
            name for name, one in terms.items() if name in seen and seen[name].settings_digest == one
        }
        fingerprints = {fingerprint_in(seen[s.name], DocumentKind.LISTING) for s in readers if s.name in seen}
        agreed = len(fingerprints) == 1 and all(stream.name in comparable for stream in readers)
        highest = max(
            (fingerprint.serial for fingerprint in fingerprints if fingerprint.serial is not None), default=None
        )
        return fingerprints.pop() if agreed else Fingerprint(serial=highest)

    def of_list(self, fingerprint: Fingerprint) -> dict[str, ProjectState]:
        """What to remember, by stream, once all projects were visited that a list tells to visit."""
        fingerprints = {CODES[DocumentKind.LISTING]: fingerprint}
        terms = self._list_terms()
        return {
            name: ProjectState(int(self._now), one, True, fingerprint.serial, fingerprints, {})
            for name, one in terms.items()
        }

    def without_list(self) -> dict[str, ProjectState]:
        """The same, by stream, of those that remember a list, before anything is visited: all but its serial goes.

        That a list has not changed spares every project only if nothing but it has told what to visit since.
        """
        seen = self._memory.load([WHOLE_INDEX]).get(WHOLE_INDEX, {})
        fingerprints = {
            s.name: fingerprint_in(seen[s.name], DocumentKind.LISTING) for s in self._of_projects if s.name in seen
        }
        return {
            name: ProjectState(
                int(self._now),
                b"",
                True,
                fingerprint.serial,
                {CODES[DocumentKind.LISTING]: Fingerprint(serial=fingerprint.serial)},
                {},
            )
            for name, fingerprint in fingerprints.items()
            if fingerprint.tag
        }

    def _list_terms(self) -> dict[str, bytes]:
        """On what terms a list is remembered: those of projects, and of the choice that was visited by it."""
        terms = self._unpinned_terms
        return {name: blake2b(one + self._choice, digest_size=4).digest() for name, one in terms.items()}

    def summaries(self) -> Iterable[ProjectSummary]:
        """The projects that any stream has seen; settled are those that all have seen on the terms of unpinned ones."""
        return self._memory.summaries(self._unpinned_terms) if self._of_projects else ()

    @cached_property
    def _unpinned_terms(self) -> Mapping[str, bytes]:
        """On what terms projects are read that are not pinned, as most are."""
        return self._terms(self._of_projects, SelectedProject(NormalizedName("")))

    def _terms(self, streams: Iterable[Stream], target: SelectedProject | None) -> Mapping[str, bytes]:
        config = self._config
        how = {"fill": config.core_metadata, "keys": self.keys, "follow": config.follow_dependencies > 0}
        return {stream.name: settings_digest_of(stream, target, config.releases, **how) for stream in streams}

    def _due(self, target: SelectedProject) -> ProjectTask:
        known, terms = self._known(self._of_projects, target, self._loaded[target.project])
        return ProjectTask(target, known, terms)

    def _known(
        self, streams: tuple[Stream, ...], target: SelectedProject | None, seen: Mapping[str, ProjectState]
    ) -> tuple[PreviousState, Mapping[str, bytes]]:
        unpinned = target is not None and not target.pins
        terms = self._unpinned_terms if unpinned else self._terms(streams, target)
        seen = {stream.name: seen[stream.name] for stream in streams if stream.incremental and stream.name in seen}
        comparable = frozenset(name for name, one in seen.items() if terms[name] == one.settings_digest)
        deep = target is not None and any(self.is_due(target.project, seen[name].checked_at) for name in comparable)
        return PreviousState(streams, seen, comparable, deep), terms

    def is_due(self, project: str, asked: int) -> bool:
        """Whether everything is to be asked for, since the project's own time has come since it was asked for last."""
        period = self._config.full_check_days * DAY
        if not period:
            return True
        phase = zlib.crc32(project.encode()) / 2**32 * period
        return (self._now - phase) // period > (asked - phase) // period

    def _is_done(self, due: ProjectTask) -> bool:
        """Whether the run that is taken up again has visited it, and found out all that there is to find out."""
        known = due.previous
        if self._since is None or len(known.comparable) < len(known.streams) or not known.existed:
            return False
        if due.project.depth < self._config.follow_dependencies and known.requirements is None:
            return False
        return all(known.states[stream.name].checked_at >= self._since for stream in known.streams)
