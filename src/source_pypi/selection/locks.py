"""Lock files: every package of an index is a pin. pylock.toml (PEP 751), uv, Poetry, PDM and Pipenv.

Each has its own way to say that a package comes from elsewhere: a checkout, an address, a folder, the project itself.
Such a package is not the index's project of that name, so it is passed over, with a note.
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
#: Keys by which PDM and Pipenv say that a package is not from an index.
_ELSEWHERE = ("git", "hg", "svn", "bzr", "path", "file", "url", "editable")


class _Package(Struct):
    """A package as uv and Poetry write it; ``source`` says where it is from (Poetry: nothing said is the index)."""

    name: str
    version: str | None = None
    source: dict[str, Any] = field(default_factory=dict)


class _Lock(Struct):
    """uv.lock and poetry.lock, as far as they matter here."""

    package: list[_Package] = field(default_factory=list)


class _Packages(Struct):
    """pdm.lock, as far as it matters here."""

    package: list[dict[str, Any]] = field(default_factory=list)


class _Entry(Struct):
    """One package of a lock: ``elsewhere`` says where it is from if not from an index."""

    name: str
    version: str | None
    elsewhere: str | None = None
    extras: Iterable[str] = ()


def read_pylock(path: Path) -> RequirementsFile:
    """The packages of a pylock.toml (PEP 751), on whichever platform they are installed."""
    try:
        lock = Pylock.from_dict(read_toml(path, dict[str, Any]))
    except PylockValidationError as error:
        where = f" in {error.context}" if error.context else ""
        reason = f"{error.message.splitlines()[0]}{where}"
        raise RequirementsError(str(path), None, f"is no lock file as PEP 751 has it: {reason}") from error
    entries = []
    for package in lock.packages:
        kinds = (("vcs", package.vcs), ("directory", package.directory), ("archive", package.archive))
        elsewhere = next((kind for kind, found in kinds if found), None)
        entries.append(_Entry(package.name, str(package.version) if package.version else None, elsewhere))
    return _named(path, entries)


def read_uv_lock(path: Path) -> RequirementsFile:
    """The packages of a uv.lock: those with ``source = { registry = ... }`` are from an index."""
    entries = []
    for package in read_toml(path, _Lock).package:
        elsewhere = None if "registry" in package.source else next(iter(package.source), "no source")
        entries.append(_Entry(package.name, package.version, elsewhere))
    return _named(path, entries)


def read_poetry_lock(path: Path) -> RequirementsFile:
    """The packages of a poetry.lock: a source of type ``legacy`` is an index too, one with a simple API."""
    entries = []
    for package in read_toml(path, _Lock).package:
        kind = str(package.source.get("type", "legacy"))
        entries.append(_Entry(package.name, package.version, None if kind in ("legacy", "pypi") else kind))
    return _named(path, entries)


def read_pdm_lock(path: Path) -> RequirementsFile:
    """The packages of a pdm.lock; one that is needed with extras stands there twice."""
    entries = []
    for number, package in enumerate(read_toml(path, _Packages).package):
        if not isinstance(package.get("name"), str):
            raise RequirementsError(str(path), None, f"has not the shape of such a file: package {number} has no name")
        entries.append(_entry(package["name"], package, package.get("version")))
    return _named(path, entries)


def read_pipfile_lock(path: Path) -> RequirementsFile:
    """The packages of a Pipfile.lock, of every category: ``default``, ``develop`` and those of the user's own."""
    categories = read_json(path, dict[str, dict[str, Any]])
    entries = []
    for category, packages in categories.items():
        for name, package in packages.items() if category != "_meta" else ():
            if not isinstance(package, dict):
                raise RequirementsError(str(path), None, f"has not the shape of such a file: {category}.{name}")
            exact = _EXACT.fullmatch(str(package.get("version")))
            entries.append(_entry(name, package, exact["version"] if exact else None))
    return _named(path, entries)


def _entry(name: str, package: dict[str, Any], version: Any) -> _Entry:
    elsewhere = next((key for key in _ELSEWHERE if package.get(key)), None)
    wanted = package.get("extras")
    texts = [extra for extra in wanted if isinstance(extra, str)] if isinstance(wanted, list) else []
    return _Entry(name, version if isinstance(version, str) else None, elsewhere, texts)


def _named(path: Path, entries: Iterable[_Entry]) -> RequirementsFile:
    """Pins of those that are from an index, and one note of the others."""
    asked: list[Requested] = []
    others: dict[str, None] = {}
    for entry in entries:
        project = project_name(entry.name)
        if entry.elsewhere is None:
            asked.append(Requested(project, entry.version or None, extras(entry.extras)))
        else:
            others[f"{project} ({entry.elsewhere})"] = None
    notes = (f"{path}: skipped, not from an index: {', '.join(others)}",) if others else ()
    return RequirementsFile(tuple(asked), notes)
