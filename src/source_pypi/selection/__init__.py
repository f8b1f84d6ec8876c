"""Which projects to read: from names, requirement files and lock files, or every project of the index."""

import fnmatch
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.config import Config
from source_pypi.errors import NoProjectsError, RequirementsError
from source_pypi.selection.indexes import allowed, with_pip_indexes
from source_pypi.selection.names import (
    BY_COMMAND,
    BY_PROJECT_NAME,
    BY_REQUIREMENTS,
    BY_TOP,
    Requested,
    RequirementsFile,
    Unnamed,
    parse_requested,
)

__all__ = [
    "Collected",
    "Requested",
    "SelectedProject",
    "Selection",
    "collect",
    "exclusions",
    "merge",
    "select",
    "select_again",
]

#: Why a project is not read that the setting ``exclude`` leaves out.
_EXCLUDED = "the setting exclude leaves it out"


class SelectedProject(Struct, frozen=True):
    """A project to read.

    :ivar project: the normalised name (PEP 503).
    :ivar pins: the requested versions.
    :ivar unpinned: whether it was also requested without versions; the setting ``releases`` then says which releases
        to read.
    :ivar extras: the requested extras.
    :ivar named: whether the user named it; False if the index lists it or another project requires it.
    :ivar ranges: the requested ranges of versions (PEP 440); each selects the highest release that it admits.
    :ivar may_be_missing: whether it is no error if the index does not have it, since only the list of the most
        downloaded projects names it.
    :ivar depth: its distance in dependencies from a selected project; 0: it is one.
    """

    project: NormalizedName
    pins: tuple[str, ...] = ()
    unpinned: bool = True
    extras: frozenset[NormalizedName] = frozenset()
    depth: int = 0
    named: bool = True
    ranges: tuple[str, ...] = ()
    may_be_missing: bool = False


class Selection(Struct, frozen=True):
    """The projects of a run.

    :ivar projects: the projects that the user named, each once.
    :ivar whole_index: whether to read every project of the index's list as well.
    :ivar follow: how many levels of dependencies to read as well.
    :ivar excluded: patterns of the names of projects to leave out.
    :ivar warnings: which parts of the requirement files were skipped, and why.
    :ivar elsewhere: names of projects that files have from another index: they are not requested as dependencies
        either.
    :ivar requested: every requirement, in the order in which they were given, also those that are not read.
    :ivar unnamed: what files may request without a name.
    """

    projects: tuple[SelectedProject, ...] = ()
    whole_index: bool = False
    follow: int = 0
    excluded: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    elsewhere: frozenset[NormalizedName] = frozenset()
    requested: tuple[Requested, ...] = ()
    unnamed: tuple[Unnamed, ...] = ()

    def excludes(self, project: str) -> bool:
        """Whether to leave out the project with this normalised name."""
        return any(fnmatch.fnmatchcase(project, pattern) for pattern in self.excluded)


def select(
    config: Config, files: Iterable[Path] = (), *, by_command: int = 0, top: Iterable[NormalizedName] = ()
) -> Selection:
    """The projects that a configuration, requirement files and lock files name.

    :param by_command: how many of the last names in the setting ``projects`` the command line gave.
    :param top: the projects that the setting ``top`` selects; they come after those that are named.
    :raises ProjectNameError: for a text that is not a valid project name, with or without a pin.
    :raises RequirementsError: for a file that cannot be read or parsed, and if there are files but no projects.
    :raises NoProjectsError: if no project is selected, or all are excluded.
    """
    found = collect(config, files, by_command=by_command, top=top)
    excluded = exclusions(config)
    selection = Selection((), config.whole_index, config.follow_dependencies, excluded)
    permitted = allowed([_unless_excluded(one, selection) for one in found.every], config)
    warnings = (*found.warnings, *permitted.warnings)
    if not permitted.requested and not config.whole_index and (permitted.warnings or not found.requested):
        if not found.sources:
            raise NoProjectsError
        reasons = f" ({'; '.join(warnings)})" if warnings else ""
        nothing = "names no projects" if not found.requested else "no project is left to request"
        raise RequirementsError(", ".join(found.sources), None, f"{nothing}{reasons}")
    projects = merge(permitted.requested)
    if not projects and not config.whole_index:
        raise NoProjectsError
    return replace(
        selection,
        projects=projects,
        warnings=warnings,
        elsewhere=permitted.elsewhere,
        requested=permitted.every,
        unnamed=found.unnamed,
    )


def _unless_excluded(one: Requested, selection: Selection) -> Requested:
    """A requirement, with the reason if the setting ``exclude`` leaves its project out."""
    excluded = one.not_read is None and selection.excludes(one.project)
    return replace(one, not_read=_EXCLUDED) if excluded else one


def select_again(
    config: Config,
    requested: Iterable[Requested],
    projects: Iterable[str],
    *,
    missing: Collection[str] = (),
    unnamed: Iterable[Unnamed] = (),
) -> Selection:
    """The selection of an earlier run, from its requirements, and further projects that were read.

    What ``exclude`` left out then is read, unless it leaves it out now.

    :param requested: the requirements, with the reason of those that were not read.
    :param projects: normalised names; the index may have them no more.
    :param missing: names that the index did not have then: it is no error if it does not have them now.
    :param unnamed: what files might have requested without a name.
    """
    selection = Selection((), config.whole_index, config.follow_dependencies, exclusions(config))
    again = (replace(one, not_read=None) if one.not_read == _EXCLUDED else one for one in requested)
    every = tuple(_unless_excluded(one, selection) for one in again)
    merged = merge(one for one in every if one.not_read is None)
    named = [replace(one, may_be_missing=one.project in missing) for one in merged]
    known = {one.project for one in named}
    elsewhere = frozenset(one.project for one in every if one.not_read not in (None, _EXCLUDED)) - known
    others = [
        SelectedProject(canonicalize_name(name), named=False)
        for name in projects
        if name not in known and name not in elsewhere and not selection.excludes(name)
    ]
    return replace(selection, projects=(*named, *others), elsewhere=elsewhere, requested=every, unnamed=tuple(unnamed))


class Collected(Struct, frozen=True):
    """What a configuration, requirement files and lock files request, from whatever index.

    :ivar requested: in this order: by name, in the setting ``requirements``, in each file.
    :ivar sources: the names of the files, and of the setting if it is set.
    :ivar warnings: which parts were skipped, and why.
    :ivar every: the same as ``requested``, with what files have from elsewhere than an index after that of each file.
    :ivar unnamed: what files may request without a name.
    """

    requested: tuple[Requested, ...]
    sources: tuple[str, ...]
    warnings: tuple[str, ...]
    every: tuple[Requested, ...] = ()
    unnamed: tuple[Unnamed, ...] = ()


def collect(
    config: Config, files: Iterable[Path] = (), *, by_command: int = 0, top: Iterable[NormalizedName] = ()
) -> Collected:
    """Everything that is requested, with file, line and index (``Requested.origin``).

    :param by_command, top: as of ``select``.
    :raises ProjectNameError, RequirementsError: as of ``select``.
    """
    by_name = [*_requested_by_name(config, by_command), *(Requested(name, named_by=BY_TOP) for name in top)]
    sources = _sources(config.requirements, [*files])
    contents = with_pip_indexes(content for _, content in sources)
    requested = (*by_name, *(one for content in contents for one in content.requested))
    every = (*by_name, *(one for content in contents for one in (*content.requested, *content.skipped)))
    warnings = tuple(warning for content in contents for warning in content.warnings)
    unnamed = tuple(one for content in contents for one in content.unnamed)
    return Collected(requested, tuple(name for name, _ in sources), warnings, every, unnamed)


def _sources(text: str | None, files: Sequence[Path]) -> list[tuple[str, RequirementsFile]]:
    """The requirements of the settings, then those of the files, each with its name."""
    if text is None and not files:
        return []
    from source_pypi.selection.files import read_requirements
    from source_pypi.selection.requirements_txt import read_requirements_text

    sources = [] if text is None else [(BY_REQUIREMENTS, read_requirements_text(text, BY_REQUIREMENTS))]
    return sources + [(str(path), read_requirements(path)) for path in files]


def _requested_by_name(config: Config, by_command: int) -> list[Requested]:
    requested = [parse_requested(text) for text in config.projects]
    first = len(requested) - by_command
    requested[first:] = [replace(one, named_by=BY_COMMAND) for one in requested[first:]]
    if config.project_name is not None:
        single = replace(parse_requested(config.project_name), named_by=BY_PROJECT_NAME)
        single = single if config.version is None else replace(single, pin=config.version, range="")
        requested.insert(0, single)
    return requested


def merge(requested: Iterable[Requested]) -> tuple[SelectedProject, ...]:
    """Each project once, in the order of first mention, with all versions and extras that were requested."""
    by_project: dict[NormalizedName, list[Requested]] = {}
    for one in requested:
        by_project.setdefault(one.project, []).append(one)
    return tuple(
        SelectedProject(
            project=project,
            pins=tuple(dict.fromkeys(one.pin for one in every if one.pin is not None)),
            unpinned=any(not one.versions for one in every),
            extras=frozenset().union(*(one.extras for one in every)),
            ranges=tuple(dict.fromkeys(one.range for one in every if one.pin is None and one.range)),
            may_be_missing=all(one.named_by == BY_TOP and one.origin is None for one in every),
        )
        for project, every in by_project.items()
    )


def exclusions(config: Config) -> tuple[str, ...]:
    """The patterns of the names of projects to leave out."""
    return tuple(map(_pattern, config.exclude))


def _pattern(text: str) -> str:
    """A name or pattern, normalised like a name; its wildcards stay."""
    return re.sub(r"[-_.]+", "-", text.strip()).lower()
