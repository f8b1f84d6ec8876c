"""Which projects: names and pins, requirement and lock files, what they need, or the whole index."""

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.utils import NormalizedName

from source_pypi.config import Config
from source_pypi.errors import NoProjectsError
from source_pypi.selection.asked import Asked, parse_asked

__all__ = ["Asked", "Selection", "Target", "merge", "select"]


@dataclass(frozen=True, slots=True)
class Target:
    """A project to visit.

    :ivar project: the normalised name (PEP 503).
    :ivar pins: the versions that were asked for.
    :ivar unpinned: whether it was asked for without a version too: the ``releases`` setting then says which are read.
    :ivar extras: the extras that were asked for.
    :ivar depth: how many dependencies away from what was chosen; 0: chosen itself.
    """

    project: NormalizedName
    pins: tuple[str, ...] = ()
    unpinned: bool = True
    extras: frozenset[NormalizedName] = frozenset()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """The projects that a run is about.

    :ivar targets: those that were named, each once.
    :ivar whole_index: whether every project of the index's list is meant too.
    :ivar follow: how many levels of dependencies are meant too.
    :ivar excluded: patterns of names that are not meant, whoever names them.
    :ivar notes: what of the requirement files was passed over, and why.
    """

    targets: tuple[Target, ...] = ()
    whole_index: bool = False
    follow: int = 0
    excluded: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def excludes(self, project: str) -> bool:
        """Whether a project, by its normalised name, is not meant."""
        return any(fnmatch.fnmatchcase(project, pattern) for pattern in self.excluded)


def select(config: Config, further: Iterable[Asked] = (), notes: Iterable[str] = ()) -> Selection:
    """The projects that a configuration chooses, and ``further`` ones that requirement files name.

    :raises ProjectNameError: for a text that cannot be a project's name, with or without a pin.
    :raises NoProjectsError: when nothing was chosen, or everything was excluded.
    """
    asked = [parse_asked(text) for text in config.projects]
    if config.project_name is not None:
        named = parse_asked(config.project_name)
        asked.insert(0, Asked(named.project, config.version or named.pin, named.extras))
    excluded = tuple(_pattern(text) for text in config.exclude)
    chosen = Selection((), config.whole_index, config.follow_dependencies, excluded, tuple(notes))
    targets = tuple(target for target in merge([*asked, *further]) if not chosen.excludes(target.project))
    if not targets and not config.whole_index:
        raise NoProjectsError
    return Selection(targets, chosen.whole_index, chosen.follow, excluded, chosen.notes)


def merge(asked: Iterable[Asked]) -> tuple[Target, ...]:
    """One target a project, in the order in which it was first named, with all versions and extras asked for."""
    versions: dict[NormalizedName, dict[str | None, None]] = {}
    extras: dict[NormalizedName, frozenset[NormalizedName]] = {}
    for one in asked:
        versions.setdefault(one.project, {})[one.pin] = None
        extras[one.project] = extras.get(one.project, frozenset()) | one.extras
    return tuple(
        Target(
            project=project,
            pins=tuple(version for version in pins if version is not None),
            unpinned=None in pins,
            extras=extras[project],
        )
        for project, pins in versions.items()
    )


def _pattern(text: str) -> str:
    """A name or pattern in the spelling of normalised names; what makes it a pattern stays."""
    return re.sub(r"[-_.]+", "-", text.strip()).lower()
