"""The rows of ``pins``, ``pin_clauses`` and ``unnamed_requirements``: what a run requests, with the selected versions.

The first package of a run replaces all rows. Until a project is read, its requirements have the version that an earlier
run found. The package with the rows of a project replaces its pins as well, so that a version in ``pins`` is that of
the rows beside it, wherever the run ends.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from source_pypi.destinations.tables import PINS, UNNAMED
from source_pypi.selection import Requested
from source_pypi.selection.names import Unnamed
from source_pypi.standards.clauses import clauses_of, is_specifier
from source_pypi.standards.versions import sort_key
from source_pypi.sync.batch import Batch

#: The key under which the version that an earlier run found is kept: project, pinned version and specifier.
_Key = tuple[str, str | None, str | None]
#: What stands between the indexes in ``named_index``.
OR = " or "
#: The columns that ``PinRows`` takes of the rows of an earlier run.
KNOWN_COLUMNS = ("project", "pinned_version", "specifier", "version")


class PinRows:
    """The rows of one run.

    :param requested: the requirements, in their order.
    :param known: rows of ``pins`` from an earlier run, with the columns ``KNOWN_COLUMNS``.
    :ivar unresolved: the projects with a requirement of which no run has found the version.
    """

    def __init__(self, requested: Sequence[Requested], known: Iterable[Sequence[str | None]] = ()) -> None:
        self._requested = requested
        versions = {(project, pin, specifier): version for project, pin, specifier, version in known}
        self._versions = {_key(one): versions.get(_key(one)) for one in requested if one.not_read is None}
        self._changed: set[str] = set()
        self._positions: dict[str, list[int]] = {}
        for position, one in enumerate(requested):
            self._positions.setdefault(one.project, []).append(position)
        self.unresolved: frozenset[str] = frozenset(
            project for (project, _, _), version in self._versions.items() if version is None
        )

    def add(self, batch: Batch) -> None:
        """Take the versions that a project's requirements select; nothing if the batch does not say them."""
        if batch.versions is None or batch.project is None:
            return
        for one in (self._requested[position] for position in self._positions.get(batch.project, ())):
            version = batch.versions.get(one.versions)
            if one.not_read is None and self._versions[_key(one)] != version:
                self._versions[_key(one)] = version
                self._changed.add(one.project)

    def lines(self) -> bytes:
        """All rows of ``pins`` as newline-delimited JSON."""
        self._changed.clear()
        return self._lines(range(len(self._requested)))

    def changed_lines(self) -> dict[str, bytes]:
        """The rows of each project whose versions have changed since the last call, or that of ``lines``."""
        changed = {project: self._lines(self._positions[project]) for project in sorted(self._changed)}
        self._changed.clear()
        return changed

    def clause_lines(self) -> bytes:
        """All rows of ``pin_clauses`` as newline-delimited JSON."""
        rows = [
            {
                "position": position,
                "clause": number,
                "project": one.project,
                "operator": clause.operator,
                "clause_version": clause.version,
                "lower_sort_key": clause.lower,
                "upper_sort_key": clause.upper,
                "excluded": clause.excluded,
            }
            for position, one in enumerate(self._requested)
            for number, clause in enumerate(clauses_of(_effective(one)))
        ]
        return msgspec.json.Encoder().encode_lines(rows)

    def _lines(self, positions: Iterable[int]) -> bytes:
        rows = [self._row(position, self._requested[position]) for position in positions]
        return msgspec.json.Encoder().encode_lines(rows)

    def _row(self, position: int, one: Requested) -> Mapping[str, object]:
        origin, version = one.origin, self._versions.get(_key(one)) if one.not_read is None else None
        indexes = dict.fromkeys(index.title for index in origin.indexes) if origin is not None else {}
        values = (
            position,
            one.project,
            one.specifier,
            one.pin,
            sorted(one.extras) or None,
            None if origin is None else origin.marker,
            one.named_by if origin is None else origin.file,
            None if origin is None else origin.line,
            OR.join(indexes) or None,
            version,
            version and sort_key(version),
            one.not_read,
        )
        return dict(zip(PINS.names(), values, strict=True))


def unnamed_lines(unnamed: Iterable[Unnamed]) -> bytes:
    """The rows of ``unnamed_requirements`` as newline-delimited JSON."""
    rows = [
        dict(zip(UNNAMED.names(), (position, one.text, one.why), strict=True)) for position, one in enumerate(unnamed)
    ]
    return msgspec.json.Encoder().encode_lines(rows)


def _key(one: Requested) -> _Key:
    return one.project, one.pin, one.specifier


def _effective(one: Requested) -> str:
    """The specifier that selects the version: constraints add to that of the file, and Poetry writes it otherwise."""
    if one.pin is None:
        return one.range or one.specifier or ""
    written = one.specifier or ""
    return written if is_specifier(written) and one.pin in written else f"=={one.pin}"
