"""Which project comes next: those that were chosen, and those that they turn out to need."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from packaging.requirements import Requirement
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from source_pypi.pep508 import extras_named, parse_requirement
from source_pypi.selection import Selection, Target
from source_pypi.streams.dependencies import required
from source_pypi.visit import Findings, Plan


class Frontier:
    """The projects that are still to be visited, each once, however often it is named or needed.

    A project that is needed again with further extras is not visited again: what these extras need is remembered from
    its visit.

    :param selection: what was chosen.
    :param listed: the names that the index lists, where the whole index was chosen; they come last.
    """

    def __init__(self, selection: Selection, listed: Sequence[str] = ()) -> None:
        self._selection = selection
        self._waiting: deque[NormalizedName] = deque()
        self._targets: dict[NormalizedName, Target] = {}
        self._needs: dict[NormalizedName, tuple[Requirement, ...]] = {}
        self._seen: set[NormalizedName] = set()
        self._listed, self._position = listed, 0
        for target in selection.targets:
            self._ask(target)

    @property
    def known(self) -> int:
        """Projects that are to be visited in all, as far as is known by now."""
        return len(self._seen) + len(self._listed) - self._position

    def take(self) -> Target | None:
        """The next project; None: there is none now."""
        while not self._waiting and self._position < len(self._listed):
            listed = self._listed[self._position]
            self._position += 1
            with suppress(InvalidName):  # what a project cannot be called is no part of an address either
                self._ask(Target(canonicalize_name(listed, validate=True), named=False))
        if not self._waiting:
            return None
        name = self._waiting.popleft()
        return self._targets[name] if self._selection.follow else self._targets.pop(name)

    def plan(self, target: Target, plan: Plan) -> Plan:
        """The plan for one project: whether what it needs is to be found out."""
        return replace(plan, follow=True) if target.depth < self._selection.follow else plan

    def learn(self, findings: Findings) -> None:
        """Take in what a project needs, one level deeper than the project itself."""
        if findings.target is None or findings.target.depth >= self._selection.follow:
            return
        target = self._targets[findings.target.project]
        self._needs[target.project] = tuple(_requirements(findings))
        self._expand(target, target.extras, unconditional=True)

    def _ask(self, target: Target) -> None:
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

    def _expand(self, target: Target, extras: Collection[NormalizedName], *, unconditional: bool) -> None:
        """Ask for what a visited project needs: without condition, or because of some extras."""
        for requirement in self._needs[target.project]:
            named = extras_named(requirement.marker)
            if (unconditional and not named) or named & set(extras):
                wanted = frozenset(canonicalize_name(extra) for extra in requirement.extras)
                self._ask(
                    Target(canonicalize_name(requirement.name), extras=wanted, depth=target.depth + 1, named=False)
                )


def _requirements(findings: Findings) -> Iterator[Requirement]:
    """What the pinned releases and, if it was asked for without a pin, the latest one ask for, on any platform.

    Requirements of an address are passed over: what they mean is not on the index.
    """
    visit, target = findings.visit, findings.target
    assert target is not None
    latest = visit.document.content.info.version if visit.document is not None and target.unpinned else None
    for release in visit.releases:
        if release.version in findings.pinned or release.version == latest:
            for text in required(visit, release)[0]:
                requirement = parse_requirement(text)
                if requirement is not None and requirement.url is None:
                    yield requirement
