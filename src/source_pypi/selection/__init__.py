"""Which projects: names and pins, requirement and lock files, what they need, or the whole index."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.config import Config
from source_pypi.errors import NoProjectsError, RequirementsError
from source_pypi.selection.names import Requested, RequirementsFile, parse_requested

__all__ = ["Requested", "SelectedProject", "Selection", "merge", "select"]

#: What the text in the settings is called in notes and errors.
_SETTING = "setting 'requirements'"


class SelectedProject(Struct, frozen=True):
    """A project to visit.

    :ivar project: the normalised name (PEP 503).
    :ivar pins: the versions that were asked for.
    :ivar unpinned: whether it was asked for without a version too: the ``releases`` setting then says which are read.
    :ivar extras: the extras that were asked for.
    :ivar named: whether the user named it; otherwise the index lists it, or another project needs it.
    :ivar depth: how many dependencies away from what was chosen; 0: chosen itself.
    """

    project: NormalizedName
    pins: tuple[str, ...] = ()
    unpinned: bool = True
    extras: frozenset[NormalizedName] = frozenset()
    depth: int = 0
    named: bool = True


class Selection(Struct, frozen=True):
    """The projects that a run is about.

    :ivar targets: those that were named, each once.
    :ivar whole_index: whether every project of the index's list is meant too.
    :ivar follow: how many levels of dependencies are meant too.
    :ivar excluded: patterns of names that are not meant, whoever names them.
    :ivar notes: what of the requirement files was passed over, and why.
    """

    projects: tuple[SelectedProject, ...] = ()
    whole_index: bool = False
    follow: int = 0
    excluded: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def excludes(self, project: str) -> bool:
        """Whether a project, by its normalised name, is not meant."""
        return any(fnmatch.fnmatchcase(project, pattern) for pattern in self.excluded)


def select(config: Config, files: Iterable[Path] = ()) -> Selection:
    """The projects that a configuration chooses, and those that requirement and lock files name.

    :raises ProjectNameError: for a text that cannot be a project's name, with or without a pin.
    :raises RequirementsError: for a file that cannot be read or understood, and when there are files and no projects.
    :raises NoProjectsError: when nothing was chosen, or everything was excluded.
    """
    asked = _asked_by_name(config)
    sources = _sources(config.requirements, [*files])
    asked += [one for _, named in sources for one in named.requested]
    notes = tuple(note for _, named in sources for note in named.warnings)
    if sources and not asked and not config.whole_index:
        passed_over = f" ({'; '.join(notes)})" if notes else ""
        raise RequirementsError(", ".join(name for name, _ in sources), None, f"no projects named{passed_over}")
    excluded = tuple(_pattern(text) for text in config.exclude)
    chosen = Selection((), config.whole_index, config.follow_dependencies, excluded, notes)
    targets = tuple(target for target in merge(asked) if not chosen.excludes(target.project))
    if not targets and not config.whole_index:
        raise NoProjectsError
    return replace(chosen, projects=targets)


def _sources(text: str | None, files: Sequence[Path]) -> list[tuple[str, RequirementsFile]]:
    """What requirement and lock files name, and the text in the settings before them."""
    if text is None and not files:
        return []
    from source_pypi.selection.files import read_requirements
    from source_pypi.selection.requirements_txt import read_requirements_text

    sources = [] if text is None else [(_SETTING, read_requirements_text(text, _SETTING))]
    return sources + [(str(path), read_requirements(path)) for path in files]


def _asked_by_name(config: Config) -> list[Requested]:
    asked = [parse_requested(text) for text in config.projects]
    if config.project_name is not None:
        named = parse_requested(config.project_name)
        asked.insert(0, Requested(named.project, config.version or named.pin, named.extras))
    return asked


def merge(asked: Iterable[Requested]) -> tuple[SelectedProject, ...]:
    """One target a project, in the order in which it was first named, with all versions and extras asked for."""
    versions: dict[NormalizedName, dict[str | None, None]] = {}
    extras: dict[NormalizedName, frozenset[NormalizedName]] = {}
    for one in asked:
        versions.setdefault(one.project, {})[one.pin] = None
        extras[one.project] = extras.get(one.project, frozenset()) | one.extras
    return tuple(
        SelectedProject(
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
