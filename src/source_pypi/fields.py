"""Descriptions of fields, written once, on the record.

A record is a ``msgspec.Struct`` whose fields are ``Annotated`` with :func:`describe`. JSON Schema, column comments,
docs and the connector's specification are generated from :func:`fields_of`.
"""

import functools
import types
import typing
from typing import Annotated, Any, Union

from msgspec import NODEFAULT, UNSET, Meta, Struct

#: An integer of 64 bits, which every destination can store; JSON has no limit.
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


def describe(meaning: str, *, source: str = "", unit: str = "", null: str = "", **more: Any) -> Meta:
    """Describe a field.

    :param meaning: the meaning of the value, in one sentence.
    :param source: its place in the documents of the index, e.g. ``info.summary``; empty for fields of documents.
    :param unit: the unit of a number, e.g. ``bytes``.
    :param null: the meaning of null; empty: the field is never null.
    :param more: further JSON Schema keywords (``title``, ``examples``, ``airbyte_secret``).
    """
    extra = {"source": source, "unit": unit, "null": null}
    return Meta(description=meaning, extra=extra, extra_json_schema=more or None)


class Field(Struct, frozen=True):
    """A field of a record, with the description of :func:`describe`.

    ``name`` is the name in documents and tables, ``type`` the Python type without ``None`` and annotations,
    ``nullable`` whether it may be null, ``default`` its default or None.
    """

    name: str
    type: Any
    nullable: bool
    meaning: str
    source: str
    unit: str
    null: str
    keywords: dict[str, Any]
    default: Any

    @property
    def description(self) -> str:
        """Meaning, unit and the meaning of null in one line; the comment of a column."""
        unit = f" In {self.unit}." if self.unit else ""
        null = f" Null: {self.null}." if self.null else ""
        return f"{self.meaning}{unit}{null}"


@functools.cache
def fields_of(record: type[Struct]) -> tuple[Field, ...]:
    """The fields of a record in order, each with its description; cached."""
    hints = typing.get_type_hints(record, include_extras=True)
    defaults = dict(zip(reversed(record.__struct_fields__), reversed(record.__struct_defaults__), strict=False))
    return tuple(
        _field(wire_name, hints[name], defaults.get(name))
        for name, wire_name in zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True)
    )


def _field(name: str, hint: Any, default: Any) -> Field:
    plain, metas = bare(hint)
    type_, nullable = without_none(plain)
    described = next((meta for meta in metas if meta.description is not None), Meta())
    extra = described.extra or {}
    keywords: dict[str, Any] = {}
    for meta in metas:
        keywords |= meta.extra_json_schema or {}
        keywords |= number_limits(meta)
    return Field(
        name=name,
        type=type_,
        nullable=nullable,
        meaning=described.description or "",
        source=extra.get("source", ""),
        unit=extra.get("unit", ""),
        null=extra.get("null", ""),
        keywords=keywords,
        default=None if default in (NODEFAULT, UNSET) else default,
    )


def number_limits(meta: Meta) -> dict[str, Any]:
    """The bounds of a number as keywords of JSON Schema, without those of 64 bits."""
    named = {"minimum": meta.ge, "maximum": meta.le, "exclusiveMinimum": meta.gt}
    return {name: bound for name, bound in named.items() if bound not in (None, -(2**63), 2**63 - 1)}


def bare(hint: Any) -> tuple[Any, tuple[Meta, ...]]:
    """A type without its annotations, and the annotations, the outermost last."""
    metas: tuple[Meta, ...] = ()
    while typing.get_origin(hint) is Annotated:
        metas = (*(meta for meta in hint.__metadata__ if isinstance(meta, Meta)), *metas)
        hint = hint.__origin__
    return hint, metas


def without_none(hint: Any) -> tuple[Any, bool]:
    """A type without ``None``, and whether it included ``None``. A union of several types becomes a tuple of types."""
    if typing.get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    members = [bare(member)[0] for member in typing.get_args(hint)]
    rest = tuple(member for member in members if member is not type(None))
    return (rest[0] if len(rest) == 1 else rest), len(rest) < len(members)
