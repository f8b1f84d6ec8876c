"""Lock files: pylock.toml (PEP 751), and those of uv, Poetry, PDM and Pipenv. Each package of an index is a pin.

Each format marks packages that are not from an index in its own way: a version control checkout, a URL, a folder, or
the project itself. Such a package is not the index's project of that name. It is skipped with a warning.

Formats that name the index of a package: uv.lock and pylock.toml for each package, poetry.lock for each that is not
from the public one, Pipfile.lock for some. PDM's indexes are in the pyproject.toml beside its lock. If none is named,
the hosts of files tell packages apart (``file_hosts.py``).
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.pylock import Package, Pylock, PylockValidationError

from source_pypi.errors import RequirementsError
from source_pypi.safety.files import is_file
from source_pypi.selection.file_formats import read_json, read_toml, table_lines
from source_pypi.selection.names import (
    NamedIndex,
    Origin,
    Requested,
    RequirementsFile,
    extras,
    named_index,
    project_name,
    public_index,
    unknown_index,
)
from source_pypi.selection.pyproject_indexes import indexes_of_pdm
from source_pypi.standards.index_urls import host_of

#: How Pipenv writes a version.
_EXACT = re.compile(r"===?\s*(?P<version>[^\s=,;*]+)")
#: Keys with which PDM and Pipenv mark a package that is not from an index.
_SOURCE_KEYS = ("git", "hg", "svn", "bzr", "path", "file", "url", "editable")


class _Package(Struct):
    """A package in the format of uv and Poetry. In Poetry's, an empty ``source`` is the index."""

    name: str
    version: str | None = None
    source: dict[str, Any] = field(default_factory=dict)
    sdist: Any = None
    wheels: Any = None


class _Lock(Struct):
    """The parts of uv.lock and poetry.lock that are read."""

    package: list[_Package] = field(default_factory=list)


class _Packages(Struct):
    """The part of pdm.lock that is read."""

    package: list[dict[str, Any]] = field(default_factory=list)


class _Entry(Struct):
    """A package of a lock file; ``other_source`` is its source, None if that is one of ``indexes``.

    ``hosts``: of the URLs of its files.
    """

    name: str
    version: str | None
    other_source: str | None = None
    extras: Iterable[str] = ()
    marker: str | None = None
    indexes: tuple[NamedIndex, ...] = ()
    hosts: tuple[str, ...] = ()


def read_pylock(path: Path) -> RequirementsFile:
    """The packages of a pylock.toml (PEP 751), of all platforms."""
    content = read_toml(path, dict[str, Any])
    newer = _newer_minor(content.get("lock-version"))
    try:
        lock = Pylock.from_dict(content | ({"lock-version": "1.0"} if newer else {}))
    except PylockValidationError as error:
        where = f" in {error.context}" if error.context else ""
        reason = f"{error.message.splitlines()[0]}{where}"
        raise RequirementsError(str(path), None, f"is not a valid lock file (PEP 751): {reason}") from error
    entries = []
    for package in lock.packages:
        kinds = (
            ("vcs", package.vcs),
            ("directory", package.directory),
            ("archive", package.archive),
            ("path", _has_only_paths(package)),
        )
        other_source = next((kind for kind, source in kinds if source), None)
        version = str(package.version) if package.version else None
        marker = str(package.marker) if package.marker else None
        indexes = (named_index(package.index),) if package.index else ()
        hosts = _hosts(file.url for file in (package.sdist, *(package.wheels or ())) if file is not None)
        entries.append(_Entry(package.name, version, other_source, (), marker, indexes, hosts))
    file = _pins(path, _with_indexes_of_hosts(entries), table_lines(path, "packages"))
    note = f"{path}: lock-version {newer} is newer than 1.0; what 1.0 does not have is ignored"
    return replace(file, warnings=(note, *file.warnings)) if newer else file


def _has_only_paths(package: Package) -> bool:
    """Whether no file of a package is from an index: it names none, and each of its files is on the machine."""
    sdists = [package.sdist] if package.sdist else []
    places = [(file.path, file.url) for file in sdists] + [(file.path, file.url) for file in package.wheels or ()]
    return package.index is None and bool(places) and all(path and not url for path, url in places)


def _newer_minor(version: Any) -> str | None:
    """A lock-version 1.x with x above 0, which is read as 1.0 with a warning (PEP 751); None: any other."""
    return version if isinstance(version, str) and re.fullmatch(r"1\.0*[1-9]\d{0,9}", version) else None


def read_uv_lock(path: Path) -> RequirementsFile:
    """The packages of a uv.lock. Those with ``source = { registry = ... }`` are from an index."""
    entries = []
    for package in read_toml(path, _Lock).package:
        registry = package.source.get("registry")
        other_source = None if "registry" in package.source else next(iter(package.source), "no source")
        indexes = (named_index(registry),) if isinstance(registry, str) and registry else ()
        hosts = _hosts(_urls([package.sdist, *_listed(package.wheels)]))
        entries.append(_Entry(package.name, package.version, other_source, indexes=indexes, hosts=hosts))
    return _pins(path, _with_indexes_of_hosts(entries), table_lines(path, "package"))


def read_poetry_lock(path: Path) -> RequirementsFile:
    """The packages of a poetry.lock. A source of type ``legacy`` is an index as well; no source is the public index."""
    entries = []
    for package in read_toml(path, _Lock).package:
        kind, url = str(package.source.get("type", "legacy")), package.source.get("url")
        index = named_index(url) if isinstance(url, str) and url else public_index()
        other_source = None if kind in ("legacy", "pypi") else kind
        entries.append(_Entry(package.name, package.version, other_source, indexes=(index,)))
    return _pins(path, entries, table_lines(path, "package"))


def read_pdm_lock(path: Path) -> RequirementsFile:
    """The packages of a pdm.lock, which lists a package with extras twice; the indexes of the pyproject.toml beside."""
    entries = []
    beside = path.parent / "pyproject.toml"
    indexes = indexes_of_pdm(beside) if is_file(beside) else ()
    for number, package in enumerate(read_toml(path, _Packages).package):
        if not isinstance(package.get("name"), str):
            raise RequirementsError(
                str(path), None, f"does not have the structure of such a file: package {number} has no name"
            )
        hosts = _hosts(_urls(_listed(package.get("files"))))
        entry = _entry(package["name"], package, package.get("version"))
        entries.append(replace(entry, indexes=indexes, hosts=hosts))
    return _pins(path, entries, table_lines(path, "package"))


def read_pipfile_lock(path: Path) -> RequirementsFile:
    """The packages of all categories of a Pipfile.lock. One without ``index`` may be from any of its sources."""
    categories = read_json(path, dict[str, dict[str, Any]])
    sources = _pipenv_sources(categories.get("_meta", {}).get("sources"))
    entries = []
    for category, packages in categories.items():
        for name, package in packages.items() if category != "_meta" else ():
            if not isinstance(package, dict):
                raise RequirementsError(
                    str(path), None, f"does not have the structure of such a file: {category}.{name}"
                )
            exact = _EXACT.fullmatch(str(package.get("version")))
            entry = _entry(name, package, exact["version"] if exact else None)
            entries.append(replace(entry, indexes=_pipenv_indexes(package.get("index"), sources)))
    return _pins(path, entries)


def _pipenv_sources(listed: Any) -> dict[str, NamedIndex]:
    """The sources of a Pipfile.lock by name, or by number if they have none."""
    sources = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return {
        str(one.get("name", number)): named_index(one["url"])
        for number, one in enumerate(sources)
        if isinstance(one.get("url"), str)
    }


def _pipenv_indexes(index: Any, sources: dict[str, NamedIndex]) -> tuple[NamedIndex, ...]:
    """The indexes of a package; ``index`` is the name of a source, or its URL in old files."""
    if not isinstance(index, str):
        return tuple(sources.values())
    return (sources.get(index) or (named_index(index) if "://" in index else unknown_index(index)),)


def _entry(name: str, package: dict[str, Any], version: Any) -> _Entry:
    other_source = next((key for key in _SOURCE_KEYS if package.get(key)), None)
    listed = package.get("extras")
    names = [extra for extra in listed if isinstance(extra, str)] if isinstance(listed, list) else []
    marker = package.get("markers", package.get("marker"))
    return _Entry(
        name,
        version if isinstance(version, str) else None,
        other_source,
        names,
        marker if isinstance(marker, str) else None,
    )


def _with_indexes_of_hosts(entries: Sequence[_Entry]) -> list[_Entry]:
    """The packages; one without an index has those of the packages whose files are on its hosts."""
    known: dict[str, dict[NamedIndex, None]] = {}
    for entry in entries:
        for host in entry.hosts:
            known.setdefault(host, {}).update(dict.fromkeys(entry.indexes))
    return [
        entry
        if entry.indexes
        else replace(entry, indexes=tuple(dict.fromkeys(index for host in entry.hosts for index in known[host])))
        for entry in entries
    ]


def _hosts(urls: Iterable[str | None]) -> tuple[str, ...]:
    """The hosts of URLs, each once; a text that is not a URL of http or https has none."""
    hosts = (host_of(url) for url in urls if url)
    return tuple(dict.fromkeys(host for host in hosts if host is not None))


def _urls(files: Iterable[Any]) -> list[str]:
    """The URLs in the tables of files of a package."""
    urls = [file.get("url") for file in files if isinstance(file, dict)]
    return [url for url in urls if isinstance(url, str)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _pins(path: Path, entries: Sequence[_Entry], lines: Sequence[int] = ()) -> RequirementsFile:
    """A pin for each package of an index, and one warning that lists the others.

    :param lines: the line of each entry; another number of lines than of entries: not known.
    """
    requested: list[Requested] = []
    skipped: dict[str, None] = {}
    elsewhere: list[Requested] = []
    known = lines if len(lines) == len(entries) else [None] * len(entries)
    for entry, line in zip(entries, known, strict=True):
        specifier = f"=={entry.version}" if entry.version else None
        origin = Origin(str(path), line, specifier, entry.marker, entry.indexes, entry.hosts)
        one = Requested(project_name(entry.name), entry.version or None, extras(entry.extras), origin)
        if entry.other_source is None:
            requested.append(one)
        else:
            skipped[f"{one.project} ({entry.other_source})"] = None
            elsewhere.append(replace(one, not_read=f"its file has it from elsewhere ({entry.other_source})"))
    warnings = (f"{path}: skipped, not from an index: {', '.join(skipped)}",) if skipped else ()
    return RequirementsFile(tuple(requested), warnings, skipped=tuple(elsewhere))
