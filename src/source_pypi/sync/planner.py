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
from source_pypi.selection import Selection, Target
from source_pypi.services.index.documents import Mark
from source_pypi.services.index.documents.kinds import Reads
from source_pypi.streams.stream import Stream
from source_pypi.sync.fetch_result import Findings
from source_pypi.sync.queue import Frontier
from source_pypi.sync.resume import resumable
from source_pypi.sync.state import CODES, WHOLE_INDEX, Glance, Known, Memory, Seen, mark_in, terms_of

#: Projects that are recalled at once.
AT_ONCE = 100
DAY = 86_400


class Due(Struct, frozen=True):
    """A project to visit, what is known of it, and what its rows depend on besides documents, by stream."""

    target: Target
    known: Known
    terms: Mapping[str, bytes]


def _choice(selection: Selection) -> bytes:
    """What tells two choices of projects apart, whatever the list holds."""
    named = sorted(f"{target.project}=={','.join(target.pins)}" for target in selection.targets)
    told = "\n".join([str(selection.whole_index), str(selection.follow), *sorted(selection.excluded), "", *named])
    return told.encode()


class Recollection:
    """What the selected streams remember.

    :param now: when the run began, in seconds since 1970.
    :param selection: the projects that the run is about.
    """

    def __init__(
        self,
        memory: Memory,
        streams: Sequence[Stream],
        config: Config,
        now: float,
        selection: Selection | None = None,
    ) -> None:
        self._memory, self._config, self._now = memory, config, now
        self._of_projects = tuple(stream for stream in streams if stream.of_project)
        self._of_index = tuple(stream for stream in streams if not stream.of_project)
        self._recalled: dict[str, Mapping[str, Seen]] = {}
        self._choice = _choice(selection or Selection())
        self.keys = memory.keys
        self._since = resumable(memory.unfinished, now)

    @property
    def resumes(self) -> bool:
        """Whether the last run is taken up again."""
        return self._since is not None

    def take(self, frontier: Frontier) -> Due | None:
        """The next project to visit; None: there is none now."""
        while (target := frontier.take()) is not None:
            if target.project not in self._recalled:
                names = [target.project, *frontier.upcoming(AT_ONCE - 1)]
                recalled = self._memory.recall(names)
                self._recalled = {name: recalled.get(name, {}) for name in names}
            due = self._due(target)
            if not self._is_done(due):
                return due
            frontier.learn(Findings(target, needs=due.known.needs))
        return None

    def of_index(self) -> tuple[Known, Mapping[str, bytes]]:
        """What is known of the index as a whole, and on what terms."""
        seen = self._memory.recall([WHOLE_INDEX]).get(WHOLE_INDEX, {})
        return self._known(self._of_index, None, seen)

    def list_mark(self, *, of_projects: bool) -> Mark:
        """With which mark to ask for the list of projects: its ETag only where all readers have seen that very list.

        :param of_projects: whether it is to tell which projects to visit: then it has to be the one that did so last.
        """
        of_list = [stream for stream in self._of_index if Reads.LISTING in stream.reads]
        readers = [*of_list, *(self._of_projects if of_projects else ())]
        seen = self._memory.recall([WHOLE_INDEX]).get(WHOLE_INDEX, {})
        known, _ = self._known(tuple(of_list), None, seen)
        terms = self._list_terms()
        settled = known.settled | {name for name, one in terms.items() if name in seen and seen[name].terms == one}
        marks = {mark_in(seen[s.name], Reads.LISTING) for s in readers if s.name in seen}
        agreed = len(marks) == 1 and all(stream.name in settled for stream in readers)
        highest = max((mark.serial for mark in marks if mark.serial is not None), default=None)
        return marks.pop() if agreed else Mark(serial=highest)

    def of_list(self, mark: Mark) -> dict[str, Seen]:
        """What to remember, by stream, once all projects were visited that a list tells to visit."""
        marks = {CODES[Reads.LISTING]: mark}
        terms = self._list_terms()
        return {name: Seen(int(self._now), one, True, mark.serial, marks, {}) for name, one in terms.items()}

    def without_list(self) -> dict[str, Seen]:
        """The same, by stream, of those that remember a list, before anything is visited: all but its serial goes.

        That a list has not changed spares every project only if nothing but it has told what to visit since.
        """
        seen = self._memory.recall([WHOLE_INDEX]).get(WHOLE_INDEX, {})
        marks = {s.name: mark_in(seen[s.name], Reads.LISTING) for s in self._of_projects if s.name in seen}
        return {
            name: Seen(int(self._now), b"", True, mark.serial, {CODES[Reads.LISTING]: Mark(serial=mark.serial)}, {})
            for name, mark in marks.items()
            if mark.tag
        }

    def _list_terms(self) -> dict[str, bytes]:
        """On what terms a list is remembered: those of projects, and of the choice that was visited by it."""
        terms = self._unpinned_terms
        return {name: blake2b(one + self._choice, digest_size=4).digest() for name, one in terms.items()}

    def glance(self) -> Iterable[Glance]:
        """The projects that any stream has seen; settled are those that all have seen on the terms of unpinned ones."""
        return self._memory.glance(self._unpinned_terms) if self._of_projects else ()

    @cached_property
    def _unpinned_terms(self) -> Mapping[str, bytes]:
        """On what terms projects are read that are not pinned, as most are."""
        return self._terms(self._of_projects, Target(NormalizedName("")))

    def _terms(self, streams: Iterable[Stream], target: Target | None) -> Mapping[str, bytes]:
        config = self._config
        how = {"fill": config.core_metadata, "keys": self.keys, "follow": config.follow_dependencies > 0}
        return {stream.name: terms_of(stream, target, config.releases, **how) for stream in streams}

    def _due(self, target: Target) -> Due:
        known, terms = self._known(self._of_projects, target, self._recalled[target.project])
        return Due(target, known, terms)

    def _known(
        self, streams: tuple[Stream, ...], target: Target | None, seen: Mapping[str, Seen]
    ) -> tuple[Known, Mapping[str, bytes]]:
        unpinned = target is not None and not target.pins
        terms = self._unpinned_terms if unpinned else self._terms(streams, target)
        seen = {stream.name: seen[stream.name] for stream in streams if stream.incremental and stream.name in seen}
        settled = frozenset(name for name, one in seen.items() if terms[name] == one.terms)
        deep = target is not None and any(self.is_due(target.project, seen[name].asked) for name in settled)
        return Known(streams, seen, settled, deep), terms

    def is_due(self, project: str, asked: int) -> bool:
        """Whether everything is to be asked for, since the project's own time has come since it was asked for last."""
        period = self._config.full_check_days * DAY
        if not period:
            return True
        phase = zlib.crc32(project.encode()) / 2**32 * period
        return (self._now - phase) // period > (asked - phase) // period

    def _is_done(self, due: Due) -> bool:
        """Whether the run that is taken up again has visited it, and found out all that there is to find out."""
        known = due.known
        if self._since is None or len(known.settled) < len(known.streams) or not known.existed:
            return False
        if due.target.depth < self._config.follow_dependencies and known.needs is None:
            return False
        return all(known.seen[stream.name].asked >= self._since for stream in known.streams)
