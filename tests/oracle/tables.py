"""Tables that can be compared: rows by key, with values that look the same wherever they were loaded."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from tests.oracle.product import StreamInfo
from tests.oracle.values import SOME_TIME, Row

Key = tuple[Any, ...]
Table = dict[Key, Row]
Tables = dict[str, Table]

OWN = ("seen_at", "_ab_cdc_deleted_at")
_UNORDERED = frozenset({"python_tags", "abi_tags", "platform_tags"})
_OPAQUE = frozenset({"sort_key", "pin_sort_key", "fixed_in_sort_keys", "disagreement"})


class DuplicateKeyError(Exception):
    """A table has the same key twice."""


def _time(value: Any) -> datetime:
    read = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def typed(kind: str, value: Any) -> Any:
    """A value as Python has it, whatever the destination made of the type."""
    if value is None or value == SOME_TIME:
        return value
    if kind == "time":
        return _time(value)
    if kind == "boolean":
        return bool(value)
    if (kind == "object" or kind.startswith("list")) and isinstance(value, str):
        return json.loads(value)
    return value


def _rooted(file: Any) -> Any:
    """A file of a document without the folders that its address climbs, which depend on the document."""
    if not isinstance(file, dict) or not isinstance(file.get("url"), str):
        return file
    return file | {"url": file["url"].replace("../", "")}


def _plain(name: str, value: Any) -> Any:
    """A value in one spelling, where the documentation leaves open which."""
    if value is None:
        return None
    if name in _UNORDERED:
        return sorted(value)
    if name == "specifier":
        return sorted(map(str, SpecifierSet(value)))
    if name == "url":
        return str(value).replace("//localhost:", "//127.0.0.1:")
    if name == "urls":
        return [_rooted(file) for file in value]
    return str(Marker(value)) if name == "marker" else value


def comparable(stream: StreamInfo, row: Row) -> Row:
    """A row with typed values in one spelling, without the columns that only the product can know."""
    made = {
        name: _plain(name, typed(kind, row.get(name)))
        for name, kind in stream.types.items()
        if name in row and name not in OWN and name not in _OPAQUE
    }
    if "extras" in made and stream.name == "dependencies":
        made["extras"] = sorted(made["extras"] or []) or None
    if made.get("first_seen_at") is not None:
        made["first_seen_at"] = SOME_TIME
    if "parse_error" in made:
        made["parse_error"] = made["parse_error"] not in {None, False}
    return made


def key_of(stream: StreamInfo, row: Row) -> Key:
    """A row's key. METADATA is keyed by release, since it is not documented which of its wheels stands for it."""
    names = ("project", "version") if stream.name == "core_metadata" else stream.key
    return tuple(row[name] for name in names)


def table(stream: StreamInfo, rows: Iterable[Row]) -> Table:
    """Rows by their keys; a key that stands twice is an error."""
    made: Table = {}
    for row in rows:
        key = key_of(stream, row)
        if key in made:
            message = f"{stream.name}: the key {key} stands twice"
            raise DuplicateKeyError(message)
        made[key] = comparable(stream, row)
    return made


def tables(streams: dict[str, StreamInfo], rows: dict[str, list[Row]]) -> Tables:
    """Tables of all streams that there are rows of, even none."""
    return {name: table(streams[name], rows[name]) for name in rows}


def project_of(stream: StreamInfo, row: Row) -> str:
    """The project that a row belongs to; empty for rows of the index as a whole."""
    return "" if stream.name in {"listing", "recent_releases", "recent_projects", "stats"} else str(row["project"])


def _differing(right: Row, there: Row) -> list[str]:
    return [
        f"{field}: {there.get(field)!r:.200} instead of {value!r:.200}"
        for field, value in right.items()
        if there.get(field) != value
    ]


def differences(name: str, right: Table, there: Table) -> list[str]:
    """How a table differs from the right one, a line a field; only fields that the right one has are compared."""
    found = [f"{name}: {key} is missing" for key in right if key not in there]
    found += [f"{name}: {key} should not be there" for key in there if key not in right]
    for key in right.keys() & there.keys():
        found += [f"{name}: {key}: {line}" for line in _differing(right[key], there[key])]
    return sorted(found)


def texts(rows: list[Row]) -> list[str]:
    """Whole rows as texts that can be compared, in an order of their own."""
    return sorted(repr(sorted(row.items())) for row in rows)
