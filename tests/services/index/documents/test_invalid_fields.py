"""What is left of a document when the fields of a wrong type are nulled, and what is noted of it."""

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


def odd(path: str, expected: str, found: str) -> InvalidField:
    """An oddity, in the order in which it is told."""
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
def test_what_fits_stays(name: str, value: Any) -> None:
    """A value of the right type, and whatever stands in an unknown key, stays as it is and is not noted."""
    assert null_invalid_fields({name: value}, Whole) == ({name: value}, [])


ODD: list[tuple[str, Any, Any, list[InvalidField]]] = [
    ("text", 1, None, [odd("$.text", TEXT, "1")]),
    ("text", True, None, [odd("$.text", TEXT, "True")]),
    ("text", ["a"], None, [odd("$.text", TEXT, "['a']")]),
    ("text", {}, None, [odd("$.text", TEXT, "{}")]),
    ("flag", 0, None, [odd("$.flag", FLAG, "0")]),
    ("flag", "true", None, [odd("$.flag", FLAG, "'true'")]),
    ("count", "1", None, [odd("$.count", NUMBER, "'1'")]),
    ("count", True, None, [odd("$.count", NUMBER, "True")]),
    ("count", 1.0, None, [odd("$.count", NUMBER, "1.0")]),
    ("count", 2**63, None, [odd("$.count", NUMBER, "9223372036854775808")]),
    ("count", -(2**63) - 1, None, [odd("$.count", NUMBER, "-9223372036854775809")]),
    ("count", float("inf"), None, [odd("$.count", NUMBER, "a number out of range")]),
    ("count", float("nan"), None, [odd("$.count", NUMBER, "a number out of range")]),
    ("when", "", None, [odd("$.when", TIME, "''")]),
    ("when", "yesterday", None, [odd("$.when", TIME, "'yesterday'")]),
    ("when", "2024-02-30T00:00:00", None, [odd("$.when", TIME, "'2024-02-30T00:00:00'")]),
    ("when", 1704164645, None, [odd("$.when", TIME, "1704164645")]),
    ("texts", "a", None, [odd("$.texts", LIST, "'a'")]),
    ("texts", {"a": "b"}, None, [odd("$.texts", LIST, "{'a': 'b'}")]),
    (
        "texts",
        ["a", 1, None, "b", ["c"]],
        ["a", "b"],
        [odd("$.texts[1]", TEXT, "1"), odd("$.texts[2]", TEXT, "None"), odd("$.texts[4]", TEXT, "['c']")],
    ),
    ("labels", [], None, [odd("$.labels", OBJECT, "[]")]),
    ("labels", {"a b": 1, "c": "d"}, {"a b": None, "c": "d"}, [odd("$.labels['a b']", TEXT, "1")]),
    (
        "sizes",
        {"a": "1", "b": None, "c": 2},
        {"c": 2},
        [odd("$.sizes['a']", NUMBER, "'1'"), odd("$.sizes['b']", NUMBER, "None")],
    ),
    ("ei-ther", "a", None, [odd("$.ei-ther", "true or false or an object", "'a'")]),
    ("ei-ther", {"sha256": 1}, {"sha256": None}, [odd("$.ei-ther['sha256']", TEXT, "1")]),
    ("part", [], None, [odd("$.part", OBJECT, "[]")]),
    (
        "part",
        {"name": 1, "counts": [1, "2"], "unknown": 1},
        {"name": None, "counts": [1], "unknown": 1},
        [odd("$.part.name", TEXT, "1"), odd("$.part.counts[1]", NUMBER, "'2'")],
    ),
    ("parts", {}, None, [odd("$.parts", LIST, "{}")]),
    (
        "parts",
        [None, {"name": 1}, "a", {"name": "b"}],
        [{"name": None}, {"name": "b"}],
        [
            odd("$.parts[0]", OBJECT, "None"),
            odd("$.parts[1].name", TEXT, "1"),
            odd("$.parts[2]", OBJECT, "'a'"),
        ],
    ),
    (
        "groups",
        {"1.0": "a", "2.0": [{"counts": "b"}]},
        {"1.0": None, "2.0": [{"counts": None}]},
        [odd("$.groups['1.0']", LIST, "'a'"), odd("$.groups['2.0'][0].counts", LIST, "'b'")],
    ),
]


@pytest.mark.parametrize(("name", "value", "kept", "invalid_fields"), ODD)
def test_what_does_not_fit_goes(name: str, value: Any, kept: Any, invalid_fields: list[InvalidField]) -> None:
    """What does not fit becomes null, or is dropped where null does not fit either, and is noted with its path."""
    assert null_invalid_fields({name: value, "beside": name}, Whole) == ({name: kept, "beside": name}, invalid_fields)


def test_every_field_is_looked_at() -> None:
    """One odd field hides no other, and they are noted in the order of the record."""
    tree = {"parts": [1], "count": "a", "flag": True, "text": 2}
    assert null_invalid_fields(tree, Whole) == (
        {"parts": [], "count": None, "flag": True, "text": None},
        [odd("$.text", TEXT, "2"), odd("$.count", NUMBER, "'a'"), odd("$.parts[0]", OBJECT, "1")],
    )


def test_the_tree_given_stays() -> None:
    """What was given is not changed."""
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
def test_long_finds_are_cut(value: Any, found: str) -> None:
    """What was found is told in 60 characters at most, on one line."""
    assert null_invalid_fields({"text": value}, Whole) == ({"text": None}, [odd("$.text", TEXT, found)])


def test_an_oddity_in_words() -> None:
    """An oddity reads as a sentence: where, what should stand there, what does."""
    told = str(odd("$.releases['1.0'][0].size", NUMBER, "'5 kB'"))
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
def test_whatever_comes_ends_as_the_record(tree: dict[str, Any]) -> None:
    """Whatever stands in the fields, what is left is the record, and mending it again finds nothing more."""
    mended, invalid_fields = null_invalid_fields(tree, Whole)
    msgspec.convert(mended, Whole)
    assert null_invalid_fields(mended, Whole) == (mended, [])
    assert bool(invalid_fields) == (mended != tree)
    assert mended.keys() == tree.keys()


@CALM
@given(st.dictionaries(st.sampled_from([*SOUND]), TREES))
def test_odd_is_what_the_decoder_refuses(tree: dict[str, Any]) -> None:
    """Something is noted exactly when the typed decoder would have refused the tree."""
    try:
        msgspec.convert(tree, Whole)
    except msgspec.ValidationError:
        refused = True
    else:
        refused = False
    assert bool(null_invalid_fields(tree, Whole)[1]) == refused


def test_long_keys_are_cut() -> None:
    """A key of a megabyte does not make a message of one."""
    _, (invalid_field,) = null_invalid_fields({"releases": {"x" * 1_000_000: 1}}, Project)
    assert str(invalid_field) == f"$.releases['{'x' * 56}...]: expected a list, found 1"


def test_many_odd_records_end_quickly() -> None:
    """What a record's fields are is found out once, not for each of them."""
    began = time.process_time()
    mended, _ = null_invalid_fields({"info": {"name": 1}, "urls": [{} for _ in range(100_000)]}, Project)
    assert len(mended["urls"]) == 100_000
    assert time.process_time() - began < 5
