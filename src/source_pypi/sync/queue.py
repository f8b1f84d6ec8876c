"""Which project comes next: those that were chosen, and those that they turn out to need."""

import itertools
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from source_pypi.selection import SelectedProject, Selection
from source_pypi.sync.fetch import FetchPlan
from source_pypi.sync.fetch_result import FetchResult

if TYPE_CHECKING:
    from packaging.requirements import Requirement


class ProjectQueue:
    """The projects that are still to be visited, each once, however often it is named or needed.

    A project that is needed again with further extras is not visited again: what these extras need is remembered from
    its visit.

    :param selection: what was chosen.
    :param listed: the names that the index lists, each once, where the whole index was chosen; they come last. There
        may be a million of them: which were taken is not remembered one by one.
    """

    def __init__(self, selection: Selection, listed: Sequence[str] = ()) -> None:
        self._selection = selection
        self._waiting: deque[NormalizedName] = deque()
        self._targets: dict[NormalizedName, SelectedProject] = {}
        self._needs: dict[NormalizedName, tuple[Requirement, ...]] = {}
        self._seen: set[NormalizedName] = set()
        self._listed, self._position, self._taken = listed, 0, 0
        for target in selection.projects:
            self._ask(target)

    @property
    def total(self) -> int:
        """Projects that are to be visited in all, as far as is known by now."""
        return len(self._seen) + self._taken + len(self._listed) - self._position

    def upcoming(self, count: int) -> list[str]:
        """The names of the projects that come next, as far as is known by now; at most so many."""
        waiting: list[str] = list(itertools.islice(self._waiting, count))
        listed = self._listed[self._position : self._position + count - len(waiting)]
        return waiting + [canonicalize_name(name) for name in listed]

    def take(self) -> SelectedProject | None:
        """The next project; None: there is none now."""
        while not self._waiting and self._position < len(self._listed):
            listed = self._listed[self._position]
            self._position += 1
            with suppress(InvalidName):  # what a project cannot be called is no part of an address either
                target = SelectedProject(canonicalize_name(listed, validate=True), named=False)
                if self._selection.follow:
                    self._ask(target)
                elif target.project not in self._seen and not self._selection.excludes(target.project):
                    self._taken += 1
                    return target
        if not self._waiting:
            return None
        name = self._waiting.popleft()
        return self._targets[name] if self._selection.follow else self._targets.pop(name)

    def plan(self, target: SelectedProject, plan: FetchPlan) -> FetchPlan:
        """The plan for one project: whether what it needs is to be found out."""
        return replace(plan, follow=True) if target.depth < self._selection.follow else plan

    def learn(self, result: FetchResult) -> None:
        """Take in what a project needs, one level deeper than the project itself."""
        if result.project is None or result.project.depth >= self._selection.follow:
            return
        target = self._targets[result.project.project]
        self._needs[target.project] = tuple(_requirements(result))
        self._expand(target, target.extras, unconditional=True)

    def _ask(self, target: SelectedProject) -> None:
        if self._selection.excludes(target.project):
            return
        if target.project not in self._seen:
            self._seen.add(target.project)
            self._targets[target.project] = target
            self._waiting.append(target.project)
        elif (known := self._targets.get(target.project)) is not None and not target.extras <= known.extras:
            self._targets[target.project] = replace(known, extras=known.extras | target.extras)
            if target.project in self._needs:
                self._expand(known, target.extras - known.extras, unconditional=False)

    def _expand(self, target: SelectedProject, extras: Collection[NormalizedName], *, unconditional: bool) -> None:
        """Ask for what a visited project needs: without condition, or because of some extras."""
        from source_pypi.standards.requirements import extras_named  # few runs follow what projects need

        for requirement in self._needs[target.project]:
            named = extras_named(requirement.marker)
            if canonicalize_name(requirement.name) in self._selection.elsewhere:
                continue
            if (unconditional and not named) or named & set(extras):
                wanted = frozenset(canonicalize_name(extra) for extra in requirement.extras)
                self._ask(
                    SelectedProject(
                        canonicalize_name(requirement.name), extras=wanted, depth=target.depth + 1, named=False
                    )
                )


def _requirements(result: FetchResult) -> Iterator["Requirement"]:
    """What a project needs, on any platform; requirements of an address are not on the index."""
    from source_pypi.standards.requirements import lenient_requirement

    for text in result.requirements or ():
        requirement = lenient_requirement(text)
        if requirement is not None and requirement.url is None:
            yield requirement
