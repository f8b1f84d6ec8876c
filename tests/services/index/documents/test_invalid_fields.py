"""services/index/documents/invalid_fields.py: which fields are nulled, and how they are reported."""

import time
from datetime import datetime
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct, field

from source_pypi.fields import Integer, describe
from source_pypi.services.index.documents import Project
from source_pypi.services.index.documents.invalid_fields import InvalidField, null_invalid_fields

TEXT, FLAG, LIST, OBJECT = "text", "true or false", "a list", "an object"
NUMBER, TIME = "a whole number of 64 bits", "a time (RFC 3339)"


class Part(Struct):
    """Something nested."""

    name: Annotated[str | None, describe("A name.")] = None
    counts: Annotated[list[Integer] | None, describe("Numbers, of which none is null.")] = None


class Whole(Struct):
    """A field of each kind that documents have."""

    text: Annotated[str | None, describe("A text.")] = None
    flag: Annotated[bool | None, describe("Yes or no.")] = None
    count: Annotated[Integer | None, describe("A number.")] = None
    when: Annotated[datetime | None, describe("A time.")] = None
    texts: Annotated[list[str] | None, describe("Texts, of which none is null.")] = None
    labels: Annotated[dict[str, str | None] | None, describe("Texts that may be null.")] = None
    sizes: Annotated[dict[str, Integer] | None, describe("Numbers that may not.")] = None
    either: Annotated[bool | dict[str, str | None] | None, describe("Two types.")] = field(default=None, name="ei-ther")
    part: Annotated[Part | None, describe("Nested.")] = None
    parts: Annotated[list[Part] | None, describe("A list of them.")] = None
    groups: Annotated[dict[str, list[Part] | None] | None, describe("Lists by name.")] = None


def invalid(path: str, expected: str, found: str) -> InvalidField:
    """An invalid field, from its parts."""
    return InvalidField(path, expected, found)


SOUND: dict[str, list[Any]] = {
    "text": [None, "", "a"],
    "flag": [None, True, False],
    "count": [None, 0, -1, 2**63 - 1, -(2**63)],
    "when": [None, "2024-01-02T03:04:05", "2024-01-02T03:04:05.678901Z", "2024-01-02T03:04:05+02:00"],
    "texts": [None, [], ["a", ""]],
    "labels": [None, {}, {"a": "b", "c": None}],
    "sizes": [None, {}, {"a": 1}],
    "ei-ther": [None, False, True, {}, {"sha256": "a", "md5": None}],
    "part": [None, {}, {"name": "a", "counts": [1]}, {"name": None, "unknown": [1]}],
    "parts": [None, [], [{}, {"name": "a"}]],
    "groups": [None, {}, {"a": None, "b": [], "c": [{"name": "d"}]}],
    "unknown": [None, 1.5, {"a": [1, {"b": None}]}],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in SOUND.items() for value in values])
def test_valid_values_and_unknown_keys_stay(name: str, value: Any) -> None:
    """A value of the right type, and any value of an unknown key, stays and is not reported."""
    assert null_invalid_fields({name: value}, Whole) == ({name: value}, [])


ODD: list[tuple[str, Any, Any, list[InvalidField]]] = [
    ("text", 1, None, [invalid("$.text", TEXT, "1")]),
    ("text", True, None, [invalid("$.text", TEXT, "True")]),
    ("text", ["a"], None, [invalid("$.text", TEXT, "['a']")]),
    ("text", {}, None, [invalid("$.text", TEXT, "{}")]),
    ("flag", 0, None, [invalid("$.flag", FLAG, "0")]),
    ("flag", "true", None, [invalid("$.flag", FLAG, "'true'")]),
    ("count", "1", None, [invalid("$.count", NUMBER, "'1'")]),
    ("count", True, None, [invalid("$.count", NUMBER, "True")]),
    ("count", 1.0, None, [invalid("$.count", NUMBER, "1.0")]),
    ("count", 2**63, None, [invalid("$.count", NUMBER, "9223372036854775808")]),
    ("count", -(2**63) - 1, None, [invalid("$.count", NUMBER, "-9223372036854775809")]),
    ("count", float("inf"), None, [invalid("$.count", NUMBER, "a number out of range")]),
    ("count", float("nan"), None, [invalid("$.count", NUMBER, "a number out of range")]),
    ("when", "", None, [invalid("$.when", TIME, "''")]),
    ("when", "yesterday", None, [invalid("$.when", TIME, "'yesterday'")]),
    ("when", "2024-02-30T00:00:00", None, [invalid("$.when", TIME, "'2024-02-30T00:00:00'")]),
    ("when", 1704164645, None, [invalid("$.when", TIME, "1704164645")]),
    ("texts", "a", None, [invalid("$.texts", LIST, "'a'")]),
    ("texts", {"a": "b"}, None, [invalid("$.texts", LIST, "{'a': 'b'}")]),
    (
        "texts",
        ["a", 1, None, "b", ["c"]],
        ["a", "b"],
        [invalid("$.texts[1]", TEXT, "1"), invalid("$.texts[2]", TEXT, "None"), invalid("$.texts[4]", TEXT, "['c']")],
    ),
    ("labels", [], None, [invalid("$.labels", OBJECT, "[]")]),
    ("labels", {"a b": 1, "c": "d"}, {"a b": None, "c": "d"}, [invalid("$.labels['a b']", TEXT, "1")]),
    (
        "sizes",
        {"a": "1", "b": None, "c": 2},
        {"c": 2},
        [invalid("$.sizes['a']", NUMBER, "'1'"), invalid("$.sizes['b']", NUMBER, "None")],
    ),
    ("ei-ther", "a", None, [invalid("$.ei-ther", "true or false or an object", "'a'")]),
    ("ei-ther", {"sha256": 1}, {"sha256": None}, [invalid("$.ei-ther['sha256']", TEXT, "1")]),
    ("part", [], None, [invalid("$.part", OBJECT, "[]")]),
    (
        "part",
        {"name": 1, "counts": [1, "2"], "unknown": 1},
        {"name": None, "counts": [1], "unknown": 1},
        [invalid("$.part.name", TEXT, "1"), invalid("$.part.counts[1]", NUMBER, "'2'")],
    ),
    ("parts", {}, None, [invalid("$.parts", LIST, "{}")]),
    (
        "parts",
        [None, {"name": 1}, "a", {"name": "b"}],
        [{"name": None}, {"name": "b"}],
        [
            invalid("$.parts[0]", OBJECT, "None"),
            invalid("$.parts[1].name", TEXT, "1"),
            invalid("$.parts[2]", OBJECT, "'a'"),
        ],
    ),
    (
        "groups",
        {"1.0": "a", "2.0": [{"counts": "b"}]},
        {"1.0": None, "2.0": [{"counts": None}]},
        [invalid("$.groups['1.0']", LIST, "'a'"), invalid("$.groups['2.0'][0].counts", LIST, "'b'")],
    ),
]


@pytest.mark.parametrize(("name", "value", "kept", "invalid_fields"), ODD)
def test_invalid_values_are_nulled_or_dropped(
    name: str, value: Any, kept: Any, invalid_fields: list[InvalidField]
) -> None:
    """A value of a wrong type becomes null, or is dropped where null is invalid, and is reported with its path."""
    assert null_invalid_fields({name: value, "beside": name}, Whole) == ({name: kept, "beside": name}, invalid_fields)


def test_every_invalid_field_is_reported() -> None:
    """All invalid fields are reported, in the order of the record."""
    tree = {"parts": [1], "count": "a", "flag": True, "text": 2}
    assert null_invalid_fields(tree, Whole) == (
        {"parts": [], "count": None, "flag": True, "text": None},
        [invalid("$.text", TEXT, "2"), invalid("$.count", NUMBER, "'a'"), invalid("$.parts[0]", OBJECT, "1")],
    )


def test_argument_is_not_changed() -> None:
    """The argument is not changed."""
    tree = {"text": 1, "parts": [{"name": 1}, 2]}
    null_invalid_fields(tree, Whole)
    assert tree == {"text": 1, "parts": [{"name": 1}, 2]}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (["a" * 54], f"['{'a' * 54}']"),
        (["a" * 56], f"['{'a' * 56}']"),
        (["a" * 57], f"['{'a' * 55}..."),
        (["a\n" * 1000], "['" + "a\\n" * 18 + "a..."),
    ],
)
def test_long_values_are_cut(value: Any, found: str) -> None:
    """A reported value has at most 60 characters, on one line."""
    assert null_invalid_fields({"text": value}, Whole) == ({"text": None}, [invalid("$.text", TEXT, found)])


def test_message_of_an_invalid_field() -> None:
    """The message has the path, the expected type and the value."""
    told = str(invalid("$.releases['1.0'][0].size", NUMBER, "'5 kB'"))
    assert told == "$.releases['1.0'][0].size: expected a whole number of 64 bits, found '5 kB'"


#: The first draw may take long on a busy machine.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5))
TREES = st.recursive(
    SCALARS | st.sampled_from(["2024-01-02T03:04:05Z", "2024-01-02"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "name", "counts"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@CALM
@given(st.dictionaries(st.sampled_from([*SOUND]), TREES))
def test_result_always_matches_the_record(tree: dict[str, Any]) -> None:
    """The result of any input matches the record, and has no further invalid fields."""
    mended, invalid_fields = null_invalid_fields(tree, Whole)
    msgspec.convert(mended, Whole)
    assert null_invalid_fields(mended, Whole) == (mended, [])
    assert bool(invalid_fields) == (mended != tree)
    assert mended.keys() == tree.keys()


@CALM
@given(st.dictionaries(st.sampled_from([*SOUND]), TREES))
def test_fields_are_invalid_if_the_decoder_refuses(tree: dict[str, Any]) -> None:
    """A field is reported exactly if the typed decoder refuses the document."""
    try:
        msgspec.convert(tree, Whole)
    except msgspec.ValidationError:
        refused = True
    else:
        refused = False
    assert bool(null_invalid_fields(tree, Whole)[1]) == refused


def test_long_keys_are_cut() -> None:
    """A reported key is cut."""
    _, (invalid_field,) = null_invalid_fields({"releases": {"x" * 1_000_000: 1}}, Project)
    assert str(invalid_field) == f"$.releases['{'x' * 56}...]: expected a list, found 1"


def test_many_invalid_records_take_little_time() -> None:
    """The fields of a record are looked up once, not for each record."""
    began = time.process_time()
    mended, _ = null_invalid_fields({"info": {"name": 1}, "urls": [{} for _ in range(100_000)]}, Project)
    assert len(mended["urls"]) == 100_000
    assert time.process_time() - began < 5
