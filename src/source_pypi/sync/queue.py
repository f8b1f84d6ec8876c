"""Which project comes next: the selected ones, then their dependencies, then the listed ones."""

import itertools
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from source_pypi.selection import SelectedProject, Selection
from source_pypi.sync.unconfirmed import confirmed

if TYPE_CHECKING:
    from packaging.requirements import Requirement


class ProjectQueue:
    """The projects that a run still has to read, each once, even if several projects require it.

    A project that is required again with further extras is not read again: the requirements of these extras are known
    from the first time.

    :param selection: the selected projects.
    :param listed: the names that the index lists, each once, if the whole index is selected; they come last. There may
        be a million of them; therefore only the position in the list is kept, not the names that were taken.
    """

    def __init__(self, selection: Selection, listed: Sequence[str] = ()) -> None:
        self._selection = selection
        self._waiting: deque[NormalizedName] = deque()
        self._projects: dict[NormalizedName, SelectedProject] = {}
        self._requirements: dict[NormalizedName, tuple[Requirement, ...]] = {}
        self._added: set[NormalizedName] = set()
        self._listed, self._position, self._taken = listed, 0, 0
        for project in selection.projects:
            self._add(project)

    @property
    def total(self) -> int:
        """The number of projects of the run, including those already taken, as far as it is known by now."""
        return len(self._added) + self._taken + len(self._listed) - self._position

    def upcoming(self, count: int) -> list[str]:
        """Return the names of up to ``count`` projects that come next, as far as they are known by now."""
        waiting: list[str] = list(itertools.islice(self._waiting, count))
        listed = self._listed[self._position : self._position + count - len(waiting)]
        return waiting + [canonicalize_name(name) for name in listed]

    def take(self) -> SelectedProject | None:
        """Remove and return the next project; None: there is none now."""
        while not self._waiting and self._position < len(self._listed):
            name = self._listed[self._position]
            self._position += 1
            with suppress(InvalidName):  # a URL is never made of a name that no project can have
                project = SelectedProject(canonicalize_name(name, validate=True), named=False)
                if self._selection.follow:
                    self._add(project)
                elif project.project not in self._added and not self._selection.excludes(project.project):
                    self._taken += 1
                    return project
        if not self._waiting:
            return None
        next_name = self._waiting.popleft()
        return self._projects[next_name] if self._selection.follow else self._projects.pop(next_name)

    def follows(self, project: SelectedProject) -> bool:
        """Return whether a project's requirements are followed."""
        return project.depth < self._selection.follow

    def add_requirements(self, project: SelectedProject, requirements: Iterable[str] | None) -> None:
        """Add the projects that a project requires, one level deeper; None: its requirements are unknown."""
        if not self.follows(project):
            return
        latest = self._projects[project.project]  # other projects may have asked for further extras since
        self._requirements[project.project] = tuple(_parsed(requirements or ()))
        self._add_required(latest, latest.extras, unconditional=True)

    def _add(self, project: SelectedProject) -> None:
        name = project.project
        if self._selection.excludes(name):
            return
        if name not in self._added:
            self._added.add(name)
            self._projects[name] = project
            self._waiting.append(name)
        elif (earlier := self._projects.get(name)) is not None and not project.extras <= earlier.extras:
            self._projects[name] = replace(earlier, extras=earlier.extras | project.extras)
            if name in self._requirements:
                self._add_required(earlier, project.extras - earlier.extras, unconditional=False)

    def _add_required(
        self, project: SelectedProject, extras: Collection[NormalizedName], *, unconditional: bool
    ) -> None:
        """Add what a project requires for some extras; ``unconditional``: and what it requires without any extra."""
        from source_pypi.standards.requirements import extras_named  # few runs follow dependencies

        for requirement in self._requirements[project.project]:
            named = extras_named(requirement.marker)
            name = canonicalize_name(requirement.name)
            if name in self._selection.elsewhere:
                continue
            if (unconditional and not named) or named & set(extras):
                wanted = frozenset(canonicalize_name(extra) for extra in requirement.extras)
                self._add(SelectedProject(name, extras=wanted, depth=project.depth + 1, named=False))


def _parsed(requirements: Iterable[str]) -> Iterator["Requirement"]:
    """The requirements that name a project of the index, also those that PEP 508 does not allow; no URLs."""
    from source_pypi.standards.requirements import lenient_requirement

    for text in confirmed(requirements):
        requirement = lenient_requirement(text)
        if requirement is not None and requirement.url is None:
            yield requirement
