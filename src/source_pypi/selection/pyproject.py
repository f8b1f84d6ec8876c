"""pyproject.toml: the project's dependencies and extras (PEP 621), its groups (PEP 735), and Poetry's older tables.

What is needed to build the project (``build-system.requires``) is not asked for: it is no part of what runs.
"""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from packaging.dependency_groups import DependencyGroupResolver
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.errors import RequirementsError
from source_pypi.safety.redaction import without_credentials
from source_pypi.selection.file_formats import read_toml
from source_pypi.selection.names import Requested, RequirementsFile, extras, project_name, requested_by
from source_pypi.standards.requirements import read_requirement

#: Requirements of all groups, as often as they are included.
_MOST_EXPANDED = 100_000
#: Keys by which uv and Poetry say that a dependency is not from an index.
_ELSEWHERE = ("git", "path", "url", "file", "workspace")
#: Poetry takes a version without an operator as that version and no other.
_EXACT = re.compile(r"\s*(?:===?\s*)?(?P<version>v?\d[^\s,|*<>=!~^]*)\s*")


class _Project(Struct, rename="kebab"):
    """The table ``project`` (PEP 621), as far as it matters here."""

    name: str = ""
    dependencies: list[str] = field(default_factory=list)
    optional_dependencies: dict[str, list[str]] = field(default_factory=dict)
    dynamic: list[str] = field(default_factory=list)


class _Group(Struct):
    """A group of Poetry's."""

    dependencies: dict[str, Any] = field(default_factory=dict)


class _Poetry(Struct, rename="kebab"):
    """The table ``tool.poetry``."""

    name: str = ""
    dependencies: dict[str, Any] = field(default_factory=dict)
    dev_dependencies: dict[str, Any] = field(default_factory=dict)
    group: dict[str, _Group] = field(default_factory=dict)

    def tables(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Each dependency with its alternatives, of which there is one, or one for each platform."""
        for table in (self.dependencies, self.dev_dependencies, *(group.dependencies for group in self.group.values())):
            for name, said in table.items():
                if name != "python":
                    yield name, [one if isinstance(one, dict) else {"version": one} for one in _list(said)]


class _Uv(Struct):
    """The table ``tool.uv``."""

    sources: dict[str, Any] = field(default_factory=dict)


class _Tool(Struct):
    """The table ``tool``."""

    poetry: _Poetry = field(default_factory=_Poetry)
    uv: _Uv = field(default_factory=_Uv)


class _Pyproject(Struct, rename="kebab"):
    """A pyproject.toml."""

    project: _Project = field(default_factory=_Project)
    dependency_groups: dict[str, Any] = field(default_factory=dict)
    tool: _Tool = field(default_factory=_Tool)


def read_pyproject(path: Path) -> RequirementsFile:
    """The projects that a pyproject.toml needs, with all its extras and groups.

    :raises RequirementsError: when it cannot be read, or a requirement or group in it is none.
    """
    content = read_toml(path, _Pyproject)
    itself = {canonicalize_name(name) for name in (content.project.name, content.tool.poetry.name) if name}
    elsewhere = _elsewhere(content)
    asked: list[Requested] = []
    others: dict[NormalizedName, None] = {}
    named = [(requested_by(one), one.url is not None) for one in _requirements(str(path), content)]
    for one, is_url in [*named, *((one, False) for one in _poetry(content.tool.poetry))]:
        if is_url or one.project in elsewhere:
            others[one.project] = None
        elif one.project not in itself:  # a project may name its own extras
            asked.append(one)
    notes = [f"skipped, addresses and not an index's projects: {', '.join(others)}"] if others else []
    dynamic = {"dependencies", "optional-dependencies"} & set(content.project.dynamic)
    notes += [f"skipped, known only when it is built: project.{table}" for table in sorted(dynamic)]
    return RequirementsFile(tuple(asked), tuple(f"{path}: {note}" for note in notes))


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
    if _expanded(content.dependency_groups) > _MOST_EXPANDED:
        raise RequirementsError(file, None, "dependency-groups: groups that include each other over and over")
    try:
        resolver = DependencyGroupResolver(content.dependency_groups)
        for group in content.dependency_groups:
            yield from resolver.resolve(group)
    except RecursionError as error:
        raise RequirementsError(file, None, "dependency-groups: groups that include each other too deep") from error
    except (ExceptionGroup, InvalidRequirement) as error:  # packaging 26.1 does not group the latter
        first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        raise RequirementsError(file, None, f"dependency-groups: {_line(first)}") from error


def _expanded(groups: dict[str, Any]) -> int:
    """How many requirements groups have with those of the groups that they include, which may double at each level.

    0 where the groups make a circle, or are none: the resolver says so.
    """
    own = {canonicalize_name(name): _list(said) for name, said in groups.items()}
    included = {
        name: [canonicalize_name(str(one.get("include-group"))) for one in said if isinstance(one, dict)]
        for name, said in own.items()
    }
    sizes: dict[NormalizedName, int] = {}
    try:
        for name in TopologicalSorter(included).static_order():
            sizes[name] = len(own.get(name, ())) + sum(sizes[other] for other in included.get(name, ()))
    except CycleError:
        return 0
    return sum(sizes.values())


def _poetry(poetry: _Poetry) -> Iterator[Requested]:
    for name, alternatives in poetry.tables():
        for said in alternatives:
            version = said.get("version")
            exact = _EXACT.fullmatch(version) if isinstance(version, str) else None
            wanted = (extra for extra in _list(said.get("extras", [])) if isinstance(extra, str))
            yield Requested(project_name(name), exact["version"] if exact else None, extras(wanted))


def _elsewhere(content: _Pyproject) -> set[NormalizedName]:
    """What uv and Poetry take from elsewhere, on every platform, whatever the index has under that name."""
    sources = [(name, _list(said)) for name, said in content.tool.uv.sources.items()]
    return {
        canonicalize_name(name)
        for name, alternatives in [*sources, *content.tool.poetry.tables()]
        if alternatives and all(isinstance(one, dict) and any(map(one.get, _ELSEWHERE)) for one in alternatives)
    }


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


def _line(error: Exception) -> str:
    """An error of packaging in one line: it draws what it means below its sentence."""
    sentence, *drawn = without_credentials(str(error)).splitlines() or [""]
    return f"{drawn[0].strip()[:100]!r} is no requirement: {sentence}" if drawn else sentence
