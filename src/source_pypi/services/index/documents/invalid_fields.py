"""Nulls the fields of a document that have a wrong type, and reports them.

Only documents that do not decode reach this module, so it favours clarity over speed. A wrong value becomes null if
its field is nullable; else it is dropped from its list or object. Either way it is reported.
"""

import functools
import math
import typing
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from source_pypi.fields import bare, without_none


class InvalidField(Struct, frozen=True):
    """A field of a wrong type: its path, the expected type and the value."""

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}"


_DROP = object()
_TYPE_NAMES: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number of 64 bits",
    datetime: "a time (RFC 3339)",
    list: "a list",
    dict: "an object",
}


def null_invalid_fields(tree: dict[str, Any], record: type[Struct]) -> tuple[dict[str, Any], list[InvalidField]]:
    """Null or drop the values in ``tree`` that do not match ``record``; keys that the record lacks stay."""
    invalid_fields: list[InvalidField] = []
    return _repair_struct(tree, record, "$", invalid_fields), invalid_fields


def _repair(value: Any, hint: Any, path: str, invalid_fields: list[InvalidField]) -> Any:
    type_, nullable = without_none(bare(hint)[0])
    if value is None and nullable:
        return None
    candidates = type_ if isinstance(type_, tuple) else (type_,)
    kinds = [_kind(candidate) for candidate in candidates]
    for candidate, kind in zip(candidates, kinds, strict=True):
        if _fits(value, kind):
            return _repair_inside(value, candidate, path, invalid_fields)
    invalid_fields.append(InvalidField(path, " or ".join(_TYPE_NAMES[kind] for kind in kinds), _shown(value)))
    return None if nullable else _DROP


def _repair_inside(value: Any, hint: Any, path: str, invalid_fields: list[InvalidField]) -> Any:
    plain = bare(hint)[0]
    if isinstance(plain, type) and issubclass(plain, Struct):
        return _repair_struct(value, plain, path, invalid_fields)
    if plain is Any:
        return value
    if isinstance(value, list):
        (item_hint,) = typing.get_args(plain)
        repaired = (_repair(item, item_hint, f"{path}[{i}]", invalid_fields) for i, item in enumerate(value))
        return [item for item in repaired if item is not _DROP]
    if isinstance(value, dict):
        _, item_hint = typing.get_args(plain)
        pairs = (
            (key, _repair(item, item_hint, f"{path}[{_shown(key)}]", invalid_fields)) for key, item in value.items()
        )
        return {key: item for key, item in pairs if item is not _DROP}
    return value


def _repair_struct(
    value: dict[str, Any], record: type[Struct], path: str, invalid_fields: list[InvalidField]
) -> dict[str, Any]:
    repaired = _respelled(value, record)
    for wire_name, hint in _hints(record).items():
        if wire_name in repaired:
            item = _repair(repaired[wire_name], hint, f"{path}.{wire_name}", invalid_fields)
            if item is not _DROP:
                repaired[wire_name] = item
    return repaired


def _respelled(value: dict[str, Any], record: type[Struct]) -> dict[str, Any]:
    """A copy in which the values that mirrors write in another form have the form of the record.

    A size may be text or have a fraction of zero. ``yanked`` may be the reason, which is not empty (PEP 691); text that
    stands for a boolean is none.
    """
    respelled, fields = dict(value), record.__struct_fields__
    if "size" in fields and (size := _whole_number(value.get("size"))) is not None:
        respelled["size"] = size
    if "yanked_reason" in fields and _is_reason(reason := value.get("yanked")):
        respelled["yanked"] = True
        respelled["yanked_reason"] = value.get("yanked_reason") or reason
    return respelled


def _is_reason(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() not in ("", "false", "true")


def _whole_number(value: Any) -> int | None:
    """The whole number that a text or a float stands for; None: it stands for none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else None


@functools.cache
def _hints(record: type[Struct]) -> dict[str, Any]:
    """The types of the fields of a record by key; cached, since reading them is slow."""
    hints = typing.get_type_hints(record, include_extras=True)
    names = zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True)
    return {wire_name: hints[name] for name, wire_name in names}


def _kind(hint: Any) -> type:
    plain = bare(hint)[0]
    if plain is Any:
        return object
    origin = typing.get_origin(plain) or plain
    return dict if issubclass(origin, Struct) else origin


def _fits(value: Any, kind: type) -> bool:
    if kind is object:
        return True
    if kind is int:
        return type(value) is int and -(2**63) <= value < 2**63
    if kind is datetime:
        return isinstance(value, str) and _is_time(value)
    return type(value) is kind


def _is_time(value: str) -> bool:
    try:
        msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return False
    return True


def _shown(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "a number out of range"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
