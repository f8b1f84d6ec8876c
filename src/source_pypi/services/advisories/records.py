"""OSV records, checked: a field of a wrong type becomes null, and what has no valid ``id`` or ``modified`` is refused.

Reading on
    beyond-index.md 3.2 (the record), 3.4 (malicious packages).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name

from source_pypi.fields import without_none

#: The name of the ecosystem in records.
ECOSYSTEM = "PyPI"
#: Characters of an identifier.
LONGEST_ID = 200


class Severity(Struct, frozen=True, gc=False):
    """A severity: the kind of score, e.g. ``CVSS_V3``, and the score, which is a vector."""

    type: str | None = None
    score: str | None = None


class Package(Struct, frozen=True, gc=False):
    """A package in an ecosystem."""

    ecosystem: str | None = None
    name: str | None = None


class Event(Struct, frozen=True, gc=False):
    """A version at which a range of affected versions begins or ends; one field is set."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(Struct, frozen=True):
    """Events of one kind of versions: ``ECOSYSTEM``, ``SEMVER`` or ``GIT``."""

    type: str | None = None
    events: tuple[Event, ...] = ()


class Affected(Struct, frozen=True):
    """A package, and which of its versions are affected."""

    package: Package | None = None
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()
    severity: tuple[Severity, ...] = ()

    @property
    def project(self) -> str | None:
        """The normalised name of the project; None: the package is of another ecosystem."""
        if self.package is None or self.package.name is None or self.package.ecosystem is None:
            return None
        is_ours = self.package.ecosystem.partition(":")[0] == ECOSYSTEM
        return canonicalize_name(self.package.name) if is_ours else None


class Reference(Struct, frozen=True, gc=False):
    """A link, and its kind, e.g. ``FIX``."""

    type: str | None = None
    url: str | None = None


class Labels(Struct, frozen=True, gc=False):
    """What databases add to a record; GitHub writes the severity in words."""

    severity: str | None = None


class Record(Struct, frozen=True, kw_only=True):
    """An advisory. Times are in UTC."""

    id: str
    modified: datetime
    published: datetime | None = None
    withdrawn: datetime | None = None
    summary: str | None = None
    details: str | None = None
    aliases: tuple[str, ...] = ()
    severity: tuple[Severity, ...] = ()
    affected: tuple[Affected, ...] = ()
    references: tuple[Reference, ...] = ()
    database_specific: Labels | None = None

    @property
    def projects(self) -> Iterator[tuple[str, Affected]]:
        """The projects that it names, with what is affected; a project may have several entries."""
        for one in self.affected:
            project = one.project
            if project is not None:
                yield project, one

    @property
    def vectors(self) -> list[str]:
        """The vectors of CVSS 3 and 4 of the advisory, and of the projects in it."""
        every = (*self.severity, *(one for _, affected in self.projects for one in affected.severity))
        return [one.score for one in every if one.type in ("CVSS_V3", "CVSS_V4") and one.score is not None]


class InvalidRecordError(Exception):
    """What is no record; the text says why."""


_DECODER = msgspec.json.Decoder(Record)
_FIELDS = msgspec.structs.fields(Record)


def parse_record(content: bytes, expected_id: str | None = None) -> tuple[Record, tuple[str, ...]]:
    """Return a record, and the names of its fields that had a wrong type.

    :param expected_id: the identifier that it must have; None: any.
    :raises InvalidRecordError: when it is no JSON object, or has no valid ``id`` or ``modified``.
    """
    invalid: tuple[str, ...] = ()
    try:
        record = _DECODER.decode(content)
    except (msgspec.ValidationError, ValueError, RecursionError):
        record, invalid = _repaired(content)
    if not record.id or len(record.id) > LONGEST_ID or not record.id.isprintable():
        raise InvalidRecordError("its id is invalid")
    if expected_id is not None and record.id != expected_id:
        raise InvalidRecordError(f"its id is {record.id[:60]!r}")
    return _in_utc(record), invalid


def _repaired(content: bytes) -> "tuple[Record, tuple[str, ...]]":
    """The record of an object with fields of wrong types; wrong elements of lists are left out."""
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRecordError("it is not valid JSON") from error
    if not isinstance(document, Mapping):
        raise InvalidRecordError("it is not a JSON object")
    values, invalid = dict[str, Any](), list[str]()
    for field in _FIELDS:
        given = document.get(field.encode_name)
        if given is None:
            continue
        value, valid = _converted(given, field.type)
        if not valid:
            invalid.append(field.name)
        if value is not None:
            values[field.name] = value
    if missing := [name for name in ("id", "modified") if name not in values]:
        raise InvalidRecordError(f"its {missing[0]} is missing or invalid")
    return Record(**values), tuple(invalid)


def _converted(given: Any, type_: Any) -> tuple[Any, bool]:
    """A value, or what is valid of it, and whether all of it is; None: nothing is."""
    try:
        return msgspec.convert(given, type_), True
    except (msgspec.ValidationError, ValueError, OverflowError):
        pass
    type_, _ = without_none(type_)
    arguments: tuple[Any, ...] = getattr(type_, "__args__", ())
    if isinstance(given, list) and len(arguments) == 2 and arguments[1] is ...:
        return tuple(one for each in given if (one := _converted(each, arguments[0])[0]) is not None), False
    if isinstance(given, Mapping) and isinstance(type_, type) and issubclass(type_, Struct):
        fields = msgspec.structs.fields(type_)
        values = {
            field.name: one
            for field in fields
            if given.get(field.name) is not None and (one := _converted(given[field.name], field.type)[0]) is not None
        }
        return type_(**values), False
    return None, False


def _in_utc(record: Record) -> Record:
    times = {name: _utc(getattr(record, name)) for name in ("modified", "published", "withdrawn")}
    return msgspec.structs.replace(record, **times)


def _utc(time: datetime | None) -> datetime | None:
    """A time in UTC; one without a zone is in UTC already. None for one that no calendar has in UTC."""
    if time is None:
        return None
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:
        return time.replace(tzinfo=UTC)
