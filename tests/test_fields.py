"""fields.py: descriptions of fields."""

from typing import Annotated, Any, Literal

import pytest
from msgspec import NODEFAULT, Meta, Struct, field

from source_pypi.fields import Field, Integer, bare, describe, fields_of, number_limits, without_none


class Inner(Struct):
    """A nested record."""

    text: str | None = None


class Base(Struct, frozen=True):
    """A record that another extends."""

    plain: str
    size: Annotated[Integer | None, describe("How large.", source="a.size", unit="bytes", null="unknown")]
    pace: Annotated[float, Meta(ge=0, le=9), describe("How fast.", unit="1/s", title="Pace", examples=[1])] = 5
    either: Annotated[bool | dict[str, str | None] | None, describe("One or the other.")] = field(
        default=None, name="ei-ther"
    )


class Extended(Base, frozen=True, kw_only=True):
    """A record with further fields, which come last."""

    inner: Annotated[list[Inner] | None, describe("Nested.")]
    choice: Annotated[Literal["a", "b"], describe("A choice.", airbyte_secret=True)] = "a"


def described(name: str, type_: Any, **more: Any) -> Field:
    """A field without a description, with these keywords."""
    nothing: dict[str, Any] = {
        "nullable": False,
        "meaning": "",
        "source": "",
        "unit": "",
        "null": "",
        "keywords": {},
        "default": None,
    }
    return Field(name=name, type=type_, **(nothing | more))


PLAIN = described("plain", str)
SIZE = described("size", int, nullable=True, meaning="How large.", source="a.size", unit="bytes", null="unknown")
PACE = described(
    "pace",
    float,
    meaning="How fast.",
    unit="1/s",
    keywords={"minimum": 0, "maximum": 9, "title": "Pace", "examples": [1]},
    default=5,
)
EITHER = described("ei-ther", (bool, dict[str, str | None]), nullable=True, meaning="One or the other.")
INNER = described("inner", list[Inner], nullable=True, meaning="Nested.")
CHOICE = described("choice", Literal["a", "b"], meaning="A choice.", keywords={"airbyte_secret": True}, default="a")


def test_fields_of_a_record() -> None:
    """Each field has its name in documents, its type without None, and its description."""
    assert fields_of(Base) == (PLAIN, SIZE, PACE, EITHER)


def test_inherited_fields_come_first() -> None:
    """Inherited fields come first, each with its own default."""
    assert fields_of(Extended) == (PLAIN, SIZE, PACE, EITHER, INNER, CHOICE)


@pytest.mark.parametrize(
    ("unit", "null", "expected"),
    [
        ("", "", "What it tells."),
        ("bytes", "", "What it tells. In bytes."),
        ("", "nobody knows", "What it tells. Null: nobody knows."),
        ("bytes", "nobody knows", "What it tells. In bytes. Null: nobody knows."),
    ],
)
def test_description_is_one_line(unit: str, null: str, expected: str) -> None:
    """The description is meaning, unit and meaning of null, each if given."""
    assert described("x", int, meaning="What it tells.", unit=unit, null=null).description == expected


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        (Meta(), {}),
        (Meta(ge=0), {"minimum": 0}),
        (Meta(le=7), {"maximum": 7}),
        (Meta(gt=0, le=64), {"maximum": 64, "exclusiveMinimum": 0}),
        (Meta(ge=-(2**63), le=2**63 - 1), {}),
        (Meta(ge=-(2**63) + 1), {"minimum": -(2**63) + 1}),
    ],
)
def test_bounds_are_json_schema(meta: Meta, expected: dict[str, Any]) -> None:
    """Bounds become keywords of JSON Schema, except those of 64 bits."""
    assert number_limits(meta) == expected


ONE, TWO = Meta(description="one"), Meta(description="two")


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (str, (str, ())),
        (Annotated[str, ONE], (str, (ONE,))),
        (Annotated[Annotated[str, ONE], TWO], (str, (ONE, TWO))),
        (Annotated[str, "a note", ONE], (str, (ONE,))),
        (Annotated[str | None, ONE], (str | None, (ONE,))),
    ],
)
def test_annotations_are_separated(hint: Any, expected: Any) -> None:
    """A type loses its annotations; those of msgspec are returned, the outermost last."""
    assert bare(hint) == expected


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (str, (str, False)),
        (str | None, (str, True)),
        (None | str, (str, True)),
        (list[str | None], (list[str | None], False)),
        (bool | dict[str, str], ((bool, dict[str, str]), False)),
        (bool | dict[str, str] | None, ((bool, dict[str, str]), True)),
        (Annotated[int, ONE] | None, (int, True)),
    ],
)
def test_none_is_removed_from_unions(hint: Any, expected: Any) -> None:
    """A type loses its None; a union of several types becomes a tuple."""
    assert without_none(hint) == expected


def test_only_further_keywords_reach_the_schema() -> None:
    """Only the further keywords of ``describe`` reach JSON Schema."""
    assert describe("A.", source="s", unit="u", null="n", title="T") == Meta(
        description="A.", extra={"source": "s", "unit": "u", "null": "n"}, extra_json_schema={"title": "T"}
    )
    assert describe("A.") == Meta(description="A.", extra={"source": "", "unit": "", "null": ""})


def test_default_of_a_required_field_is_none() -> None:
    """The default of a required field is None, not the marker of msgspec."""
    assert [one.default for one in fields_of(Base)[:2]] == [None, None]
    assert NODEFAULT not in [one.default for one in fields_of(Extended)]
