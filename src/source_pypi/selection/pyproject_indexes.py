"""The indexes that a pyproject.toml names, in the tables of uv, Poetry and PDM, and for which projects.

The tables are read as they come: what does not have the expected type names no index here.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from packaging.utils import NormalizedName, canonicalize_name

from source_pypi.selection.file_formats import read_toml
from source_pypi.selection.names import NamedIndex, named_index, public_index, unknown_index

#: Poetry's name of the public index, which it has without a URL.
_POETRY_PUBLIC = "pypi"


class FileIndexes(Struct, frozen=True):
    """The indexes that a file names.

    :ivar others: where the projects are for which it names no index of their own. Empty: it does not say.
    :ivar assigned: the indexes of single projects.
    :ivar poetry_sources: Poetry's indexes by their names in lower case.
    """

    others: tuple[NamedIndex, ...]
    assigned: Mapping[NormalizedName, tuple[NamedIndex, ...]]
    poetry_sources: Mapping[str, NamedIndex]

    def of(self, project: NormalizedName) -> tuple[NamedIndex, ...]:
        """Where a project may be."""
        return self.assigned.get(project, self.others)

    def poetry(self, source: str) -> NamedIndex:
        """The index with this name in Poetry's tables."""
        return _poetry_index(source, self.poetry_sources)


def read_indexes(content: Mapping[str, Any]) -> FileIndexes:
    """The indexes in the content of a pyproject.toml."""
    tool = _table(content.get("tool"))
    uv, poetry, pdm = _table(tool.get("uv")), _table(tool.get("poetry")), _table(tool.get("pdm"))
    sources = _poetry_sources(poetry)
    others = dict.fromkeys([*_uv_others(uv), *_poetry_others(poetry), *_pdm_others(pdm)])
    assigned = _poetry_assigned(poetry, sources, tuple(others)) | _uv_assigned(uv)
    return FileIndexes(tuple(others), assigned, sources)


def indexes_of_pdm(path: Path) -> tuple[NamedIndex, ...]:
    """The indexes of PDM in a pyproject.toml; empty: it names none.

    :raises RequirementsError: if the file cannot be read.
    """
    return tuple(_pdm_others(_table(_table(read_toml(path, dict[str, Any]).get("tool")).get("pdm"))))


def _uv_others(uv: Mapping[str, Any]) -> Iterator[NamedIndex]:
    """The order of uv: its indexes but the explicit ones, then the default; ``tool.uv.pip`` is for ``uv pip``."""
    listed = [one for one in _tables(uv.get("index")) if isinstance(one.get("url"), str) and not one.get("explicit")]
    found = [named_index(one["url"]) for one in listed]
    replaced = any(one.get("default") for one in listed)
    for table in (uv, _table(uv.get("pip"))):
        replaced = replaced or isinstance(table.get("index-url"), str) or table.get("no-index") is True
        for key in ("index-url", "extra-index-url", "find-links"):
            found += [named_index(url) for url in _texts(table.get(key))]
        found += [NamedIndex("no-index", "no index (no-index)")] if table.get("no-index") is True else []
    yield from found
    if found and not replaced:
        yield public_index()


def _uv_assigned(uv: Mapping[str, Any]) -> dict[NormalizedName, tuple[NamedIndex, ...]]:
    urls = {str(one.get("name")): named_index(one["url"]) for one in _tables(uv.get("index")) if _is_text(one, "url")}
    assigned = {}
    for name, value in _table(uv.get("sources")).items():
        names = [one["index"] for one in _tables(value) if _is_text(one, "index")]
        if names:
            assigned[canonicalize_name(name)] = tuple(urls.get(one) or unknown_index(one) for one in names)
    return assigned


def _poetry_sources(poetry: Mapping[str, Any]) -> dict[str, NamedIndex]:
    return {
        str(one.get("name")).lower(): named_index(one["url"])
        for one in _tables(poetry.get("source"))
        if _is_text(one, "url")
    }


def _poetry_index(source: str, sources: Mapping[str, NamedIndex]) -> NamedIndex:
    index = sources.get(source.lower())
    return index or (public_index() if source.lower() == _POETRY_PUBLIC else unknown_index(source))


def _poetry_others(poetry: Mapping[str, Any]) -> Iterator[NamedIndex]:
    """Poetry searches its sources but the explicit ones; a primary one replaces the public index."""
    sources, replaced, found = _poetry_sources(poetry), False, []
    for one in _tables(poetry.get("source")):
        priority = str(one.get("priority", "primary")).lower()
        legacy = one.get("secondary") is True
        if priority != "explicit" and _is_text(one, "name"):
            replaced = replaced or (priority in ("primary", "default") and not legacy)
            found.append(_poetry_index(one["name"], sources))
    yield from found
    if found and not replaced:
        yield public_index()


def _poetry_assigned(
    poetry: Mapping[str, Any], sources: Mapping[str, NamedIndex], others: tuple[NamedIndex, ...]
) -> dict[NormalizedName, tuple[NamedIndex, ...]]:
    """The sources of dependencies, which hold for the standard's tables as well."""
    groups = [_table(group).get("dependencies") for group in _table(poetry.get("group")).values()]
    assigned: dict[NormalizedName, tuple[NamedIndex, ...]] = {}
    for table in (poetry.get("dependencies"), poetry.get("dev-dependencies"), *groups):
        for name, value in _table(table).items():
            alternatives = _tables(value)
            named = [_poetry_index(one["source"], sources) for one in alternatives if _is_text(one, "source")]
            if named:
                rest = () if len(named) == len(alternatives) else others or (public_index(),)
                assigned[canonicalize_name(name)] = (*named, *rest)
    return assigned


def _pdm_others(pdm: Mapping[str, Any]) -> Iterator[NamedIndex]:
    """PDM searches all its sources, and the public index unless one of them has its name."""
    sources = [one for one in _tables(pdm.get("source")) if _is_text(one, "url")]
    yield from (named_index(one["url"]) for one in sources)
    if sources and not any(one.get("name") == _POETRY_PUBLIC for one in sources):
        yield public_index()


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: Any) -> list[Mapping[str, Any]]:
    """The tables in a list, or the only one."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _texts(value: Any) -> Iterable[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _is_text(table: Mapping[str, Any], key: str) -> bool:
    return isinstance(table.get(key), str)
