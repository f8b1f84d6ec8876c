"""Filters of Spark on ``project``, which select the projects that are requested."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from source_pypi.streams.stream import Stream

_PROJECT = "project"
#: Spark's filters, by the names of their classes, as tests of a project's name.
_TESTS: dict[str, Callable[[str, Any], bool]] = {
    "EqualTo": lambda name, value: name == value,
    "EqualNullSafe": lambda name, value: name == value,
    "In": lambda name, values: name in values,
    "GreaterThan": lambda name, value: name > value,
    "GreaterThanOrEqual": lambda name, value: name >= value,
    "LessThan": lambda name, value: name < value,
    "LessThanOrEqual": lambda name, value: name <= value,
    "StringStartsWith": lambda name, value: name.startswith(value),
    "StringEndsWith": lambda name, value: name.endswith(value),
    "StringContains": lambda name, value: value in name,
}


class Condition(Struct, frozen=True):
    """A condition on the name of a project.

    :ivar test: the name of Spark's class of filters.
    :ivar value: the text, or for ``In`` a tuple of texts, that names are compared with.
    :ivar negated: whether names must not pass the test.
    """

    test: str
    value: Any
    negated: bool = False

    def admits(self, name: str) -> bool:
        """Return whether a project's normalised name passes."""
        return _TESTS[self.test](name, self.value) is not self.negated


def conditions_of(filters: Iterable[Any], stream: Stream) -> tuple[Condition, ...]:
    """Return Spark's filters that concern the name of a project only; the others are left out.

    Streams that are not requested by project have none.
    """
    if not stream.of_project:
        return ()
    found = (_condition(one) for one in filters)
    return tuple(one for one in found if one is not None)


def _condition(filter_: Any) -> Condition | None:
    """The condition of a filter; None: it concerns something else, or compares with null."""
    negated = type(filter_).__name__ == "Not"
    inner = filter_.child if negated else filter_
    test = type(inner).__name__
    if test not in _TESTS or tuple(inner.attribute) != (_PROJECT,):
        return None
    texts = tuple(inner.value) if test == "In" else (inner.value,)
    if not all(isinstance(text, str) for text in texts):
        return None
    return Condition(test, texts if test == "In" else inner.value, negated)
