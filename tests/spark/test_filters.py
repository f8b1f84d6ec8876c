"""``spark/filters.py``: which of Spark's filters select projects, and which."""

from dataclasses import dataclass
from typing import Any

import pytest

from source_pypi.spark.filters import Condition, conditions_of
from source_pypi.streams import stream_named

NAMES = ("click", "flask", "requests")
PROJECT = ("project",)


@dataclass(frozen=True)
class Comparison:
    """A filter with the fields of Spark's; the tests make classes of Spark's names from it."""

    attribute: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class Not:
    """A filter that is negated."""

    child: Any


def made(name: str, value: Any, attribute: tuple[str, ...] = PROJECT) -> Any:
    """Return a filter of a class of Spark's."""
    return type(name, (Comparison,), {})(attribute, value)


@pytest.mark.parametrize(
    ("filter_", "admitted"),
    [
        (made("EqualTo", "flask"), ["flask"]),
        (made("EqualNullSafe", "Flask"), []),
        (made("In", ("flask", "click", "x")), ["click", "flask"]),
        (made("GreaterThan", "flask"), ["requests"]),
        (made("GreaterThanOrEqual", "flask"), ["flask", "requests"]),
        (made("LessThan", "flask"), ["click"]),
        (made("LessThanOrEqual", "flask"), ["click", "flask"]),
        (made("StringStartsWith", "fl"), ["flask"]),
        (made("StringEndsWith", "k"), ["click", "flask"]),
        (made("StringContains", "l"), ["click", "flask"]),
        (Not(made("EqualTo", "flask")), ["click", "requests"]),
        (Not(made("In", ("flask", "click"))), ["requests"]),
    ],
)
def test_filter_on_project(filter_: Any, admitted: list[str]) -> None:
    """A filter on the name of the project admits the names that Spark's filter does."""
    (condition,) = conditions_of([filter_], stream_named("files"))
    assert [name for name in NAMES if condition.admits(name)] == admitted


@pytest.mark.parametrize(
    "filter_",
    [
        made("EqualTo", "1.0", ("version",)),
        made("EqualTo", "flask", ("project", "name")),
        made("EqualTo", None),
        made("In", ("flask", None)),
        made("IsNotNull", None),
        Not(Not(made("EqualTo", "flask"))),
    ],
)
def test_other_filters_select_nothing(filter_: Any) -> None:
    """Filters on other columns, with null, or of other kinds are left to Spark."""
    assert conditions_of([filter_], stream_named("files")) == ()


def test_streams_without_projects() -> None:
    """Streams that describe the index as a whole have no conditions."""
    filter_ = made("EqualTo", "flask")
    expected = {"files": 1, "roles": 1, "project": 1, "listing": 0, "events": 0, "stats": 0}
    assert {name: len(conditions_of([filter_], stream_named(name))) for name in expected} == expected
    assert conditions_of([filter_], stream_named("files")) == (Condition("EqualTo", "flask"),)
