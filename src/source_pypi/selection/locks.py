"""Lock files: pylock.toml (PEP 751), and those of uv, Poetry, PDM and Pipenv. Each package of an index is a pin.

Each format marks packages that are not from an index in its own way: a version control checkout, a URL, a folder, or
the project itself. Such a package is not the index's project of that name. It is skipped with a warning.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from packaging.pylock import Pylock, PylockValidationError

from source_pypi.errors import RequirementsError
from source_pypi.selection.file_formats import read_json, read_toml
from source_pypi.selection.names import Requested, RequirementsFile, extras, project_name

#: How Pipenv writes a version.
_EXACT = re.compile(r"===?\s*(?P<version>[^\s=,;*]+)")
#: Keys with which PDM and Pipenv mark a package that is not from an index.
_SOURCE_KEYS = ("git", "hg", "svn", "bzr", "path", "file", "url", "editable")


class _Package(Struct):
    """A package in the format of uv and Poetry. In Poetry's, an empty ``source`` is the index."""

    name: str
    version: str | None = None
    source: dict[str, Any] = field(default_factory=dict)


class _Lock(Struct):
    """The parts of uv.lock and poetry.lock that are read."""

    package: list[_Package] = field(default_factory=list)


class _Packages(Struct):
    """The part of pdm.lock that is read."""

    package: list[dict[str, Any]] = field(default_factory=list)


class _Entry(Struct):
    """A package of a lock file; ``other_source`` is its source, None if that is an index."""

    name: str
    version: str | None
    other_source: str | None = None
    extras: Iterable[str] = ()


def read_pylock(path: Path) -> RequirementsFile:
    """The packages of a pylock.toml (PEP 751), of all platforms."""
    try:
        lock = Pylock.from_dict(read_toml(path, dict[str, Any]))
    except PylockValidationError as error:
        where = f" in {error.context}" if error.context else ""
        reason = f"{error.message.splitlines()[0]}{where}"
        raise RequirementsError(str(path), None, f"is not a valid lock file (PEP 751): {reason}") from error
    entries = []
    for package in lock.packages:
        kinds = (("vcs", package.vcs), ("directory", package.directory), ("archive", package.archive))
        other_source = next((kind for kind, source in kinds if source), None)
        entries.append(_Entry(package.name, str(package.version) if package.version else None, other_source))
    return _pins(path, entries)


def read_uv_lock(path: Path) -> RequirementsFile:
    """The packages of a uv.lock. Those with ``source = { registry = ... }`` are from an index."""
    entries = []
    for package in read_toml(path, _Lock).package:
        other_source = None if "registry" in package.source else next(iter(package.source), "no source")
        entries.append(_Entry(package.name, package.version, other_source))
    return _pins(path, entries)


def read_poetry_lock(path: Path) -> RequirementsFile:
    """The packages of a poetry.lock. A source of type ``legacy`` is an index as well."""
    entries = []
    for package in read_toml(path, _Lock).package:
        kind = str(package.source.get("type", "legacy"))
        entries.append(_Entry(package.name, package.version, None if kind in ("legacy", "pypi") else kind))
    return _pins(path, entries)


def read_pdm_lock(path: Path) -> RequirementsFile:
    """The packages of a pdm.lock, which lists a package with extras twice."""
    entries = []
    for number, package in enumerate(read_toml(path, _Packages).package):
        if not isinstance(package.get("name"), str):
            raise RequirementsError(
                str(path), None, f"does not have the structure of such a file: package {number} has no name"
            )
        entries.append(_entry(package["name"], package, package.get("version")))
    return _pins(path, entries)


def read_pipfile_lock(path: Path) -> RequirementsFile:
    """The packages of all categories of a Pipfile.lock."""
    categories = read_json(path, dict[str, dict[str, Any]])
    entries = []
    for category, packages in categories.items():
        for name, package in packages.items() if category != "_meta" else ():
            if not isinstance(package, dict):
                raise RequirementsError(
                    str(path), None, f"does not have the structure of such a file: {category}.{name}"
                )
            exact = _EXACT.fullmatch(str(package.get("version")))
            entries.append(_entry(name, package, exact["version"] if exact else None))
    return _pins(path, entries)


def _entry(name: str, package: dict[str, Any], version: Any) -> _Entry:
    other_source = next((key for key in _SOURCE_KEYS if package.get(key)), None)
    listed = package.get("extras")
    names = [extra for extra in listed if isinstance(extra, str)] if isinstance(listed, list) else []
    return _Entry(name, version if isinstance(version, str) else None, other_source, names)


def _pins(path: Path, entries: Iterable[_Entry]) -> RequirementsFile:
    """A pin for each package of an index, and one warning that lists the others."""
    requested: list[Requested] = []
    skipped: dict[str, None] = {}
    for entry in entries:
        project = project_name(entry.name)
        if entry.other_source is None:
            requested.append(Requested(project, entry.version or None, extras(entry.extras)))
        else:
            skipped[f"{project} ({entry.other_source})"] = None
    warnings = (f"{path}: skipped, not from an index: {', '.join(skipped)}",) if skipped else ()
    return RequirementsFile(tuple(requested), warnings)
