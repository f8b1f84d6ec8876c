"""pyproject.toml: the project's dependencies and extras (PEP 621), its groups (PEP 735) and Poetry's tables.

``build-system.requires`` is not read, because it lists what is needed to build the project, not to run it.
"""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.dependency_groups import DependencyGroupResolver
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.errors import RequirementsError
from source_pypi.safety.redaction import without_credentials
from source_pypi.selection.file_formats import convert, read_toml
from source_pypi.selection.names import (
    Origin,
    Requested,
    RequirementsFile,
    Unnamed,
    extras,
    on_indexes,
    project_name,
    requested_by,
)
from source_pypi.selection.pyproject_indexes import FileIndexes, read_indexes
from source_pypi.standards.requirements import read_requirement

#: Maximum number of requirements of all groups, counted each time that a group includes them.
_MAX_EXPANDED = 100_000
#: Why the requirements in a table of ``project`` are not known.
_DYNAMIC = "determined by the build"
#: Keys with which uv and Poetry mark a dependency that is not from an index.
_SOURCE_KEYS = ("git", "path", "url", "file", "workspace")
#: To Poetry, a version without an operator is exact.
_EXACT = re.compile(r"\s*(?:===?\s*)?(?P<version>v?\d[^\s,|*<>=!~^]*)\s*")


class _Project(Struct, rename="kebab"):
    """The part of the table ``project`` (PEP 621) that is read."""

    name: str = ""
    dependencies: list[str] = field(default_factory=list)
    optional_dependencies: dict[str, list[str]] = field(default_factory=dict)
    dynamic: list[str] = field(default_factory=list)


class _Group(Struct):
    """A dependency group of Poetry."""

    dependencies: dict[str, Any] = field(default_factory=dict)


class _Poetry(Struct, rename="kebab"):
    """The table ``tool.poetry``."""

    name: str = ""
    dependencies: dict[str, Any] = field(default_factory=dict)
    dev_dependencies: dict[str, Any] = field(default_factory=dict)
    group: dict[str, _Group] = field(default_factory=dict)

    def tables(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Each dependency with its alternatives: one, or one per platform."""
        for table in (self.dependencies, self.dev_dependencies, *(group.dependencies for group in self.group.values())):
            for name, value in table.items():
                if name != "python":
                    yield name, [one if isinstance(one, dict) else {"version": one} for one in _list(value)]


class _Uv(Struct):
    """The table ``tool.uv``."""

    sources: dict[str, Any] = field(default_factory=dict)


class _Tool(Struct):
    """The table ``tool``, as far as it says what is required; ``pyproject_indexes`` reads where that is."""

    poetry: _Poetry = field(default_factory=_Poetry)
    uv: _Uv = field(default_factory=_Uv)


class _Pyproject(Struct, rename="kebab"):
    """A pyproject.toml."""

    project: _Project = field(default_factory=_Project)
    dependency_groups: dict[str, Any] = field(default_factory=dict)
    tool: _Tool = field(default_factory=_Tool)


def read_pyproject(path: Path) -> RequirementsFile:
    """The projects that a pyproject.toml requires, including those of its extras and groups.

    :raises RequirementsError: if it cannot be read, or has an invalid requirement or group.
    """
    whole = read_toml(path, dict[str, Any])
    content = convert(path, whole, _Pyproject)
    indexes = read_indexes(whole)
    own_names = {canonicalize_name(name) for name in (content.project.name, content.tool.poetry.name) if name}
    not_from_index = _not_from_index(content)
    requested: list[Requested] = []
    skipped: dict[NormalizedName, Requested] = {}
    requirements = [(requested_by(one, str(path)), one.url is not None) for one in _requirements(str(path), content)]
    required = [(on_indexes(one, indexes.of(one.project)), is_url) for one, is_url in requirements]
    for one, is_url in [*required, *((one, False) for one in _poetry(str(path), content.tool.poetry, indexes))]:
        if is_url or one.project in not_from_index:
            skipped.setdefault(one.project, one)
        elif one.project not in own_names:  # a project may require its own extras
            requested.append(one)
    warnings = [f"skipped, not from an index: {', '.join(skipped)}"] if skipped else []
    dynamic = {"dependencies", "optional-dependencies"} & set(content.project.dynamic)
    warnings += [f"skipped, {_DYNAMIC}: project.{table}" for table in sorted(dynamic)]
    unnamed = tuple(Unnamed(f"project.{table}", f"{path}: {_DYNAMIC}") for table in sorted(dynamic))
    reason = "its file has it from elsewhere than an index"
    elsewhere = tuple(replace(one, not_read=reason) for one in skipped.values())
    return RequirementsFile(
        tuple(requested), tuple(f"{path}: {warning}" for warning in warnings), skipped=elsewhere, unnamed=unnamed
    )


def _requirements(file: str, content: _Pyproject) -> Iterator[Requirement]:
    tables = {"project.dependencies": content.project.dependencies} | {
        f"project.optional-dependencies.{extra}": texts
        for extra, texts in content.project.optional_dependencies.items()
    }
    for table, texts in tables.items():
        for text in texts:
            try:
                yield read_requirement(text)
            except InvalidRequirement as error:
                raise RequirementsError(file, None, f"{table}: {_line(error)}") from error
    if _expanded(content.dependency_groups) > _MAX_EXPANDED:
        raise RequirementsError(
            file, None, f"dependency-groups: more than {_MAX_EXPANDED:,} requirements in groups that include each other"
        )
    try:
        resolver = DependencyGroupResolver(content.dependency_groups)
        for group in content.dependency_groups:
            yield from resolver.resolve(group)
    except RecursionError as error:
        raise RequirementsError(file, None, "dependency-groups: groups are nested too deep") from error
    except (ExceptionGroup, InvalidRequirement) as error:  # packaging 26.1 raises the latter ungrouped
        first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        raise RequirementsError(file, None, f"dependency-groups: {_line(first)}") from error


def _expanded(groups: dict[str, Any]) -> int:
    """The number of requirements of all groups, including those of included groups, which may double at each level.

    0 if groups include each other in a cycle or are invalid; the resolver then raises an error.
    """
    own = {canonicalize_name(name): _list(value) for name, value in groups.items()}
    included = {
        name: [canonicalize_name(str(one.get("include-group"))) for one in entries if isinstance(one, dict)]
        for name, entries in own.items()
    }
    sizes: dict[NormalizedName, int] = {}
    try:
        for name in TopologicalSorter(included).static_order():
            sizes[name] = len(own.get(name, ())) + sum(sizes[other] for other in included.get(name, ()))
    except CycleError:
        return 0
    return sum(sizes.values())


def _poetry(file: str, poetry: _Poetry, indexes: FileIndexes) -> Iterator[Requested]:
    for name, alternatives in poetry.tables():
        project = project_name(name)
        for alternative in alternatives:
            version = alternative.get("version")
            exact = _EXACT.fullmatch(version) if isinstance(version, str) else None
            names = (extra for extra in _list(alternative.get("extras", [])) if isinstance(extra, str))
            source, marker = alternative.get("source"), alternative.get("markers")
            specifier = version if isinstance(version, str) else None
            origin = Origin(file, None, specifier, marker if isinstance(marker, str) else None)
            one = Requested(project, exact["version"] if exact else None, extras(names), origin)
            yield on_indexes(one, [indexes.poetry(source)] if isinstance(source, str) else indexes.of(project))


def _not_from_index(content: _Pyproject) -> set[NormalizedName]:
    """The dependencies that uv and Poetry get from another source than an index, on every platform."""
    sources = [(name, _list(value)) for name, value in content.tool.uv.sources.items()]
    return {
        canonicalize_name(name)
        for name, alternatives in [*sources, *content.tool.poetry.tables()]
        if alternatives and all(isinstance(one, dict) and any(map(one.get, _SOURCE_KEYS)) for one in alternatives)
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _line(error: Exception) -> str:
    """An error of packaging in one line. Packaging quotes the requirement and marks the position below its message."""
    message, *quoted = without_credentials(str(error)).splitlines() or [""]
    return f"{quoted[0].strip()[:100]!r} is not a valid requirement: {message}" if quoted else message
