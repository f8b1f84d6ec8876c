"""Requirements: what parses, and which extras ask for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement

from source_pypi.standards.requirements import extras_named, parse_requirement, read_requirement


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "foo>=1,<2",
        "foo (>=1)",
        "foo[a,b] ~= 1.0 ; python_version < '3'",
        "foo @ https://example.com/foo.whl ; extra == 'x'",
        "foo===2004d",
    ],
)
def test_what_parses(text: str) -> None:
    """A requirement of PEP 508 is what packaging reads in it."""
    assert parse_requirement(text) == Requirement(text)


@pytest.mark.parametrize(
    "text", ["", " ", "pytz (>dev)", "foo>=1.0.*", "foo\n>=1", "-foo", f"foo; {'(' * 5000}os_name == 'nt'{')' * 5000}"]
)
def test_what_does_not(text: str) -> None:
    """What PEP 508 does not know is None, and no error."""
    assert parse_requirement(text) is None


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("extra == 'a'", {"a"}),
        ("'a' == extra", {"a"}),
        ("extra == 'A_b.C'", {"a-b-c"}),
        ("extra == 'a' or 'b' == extra", {"a", "b"}),
        ("python_version < '3' and extra == 'a'", {"a"}),
        ("(extra == 'a' or extra == 'a') and os_name == 'nt'", {"a"}),
        ("extra != 'a'", set()),
        ("python_version < '3'", set()),
        ("os_name == 'extra'", set()),
    ],
)
def test_extras(marker: str, expected: set[str]) -> None:
    """The extras that a marker names are normalised, in whichever order it names them."""
    requirement = parse_requirement(f"foo; {marker}")
    assert requirement is not None
    assert extras_named(requirement.marker) == expected


def test_no_marker() -> None:
    """What has no marker is asked for in any case."""
    requirement = parse_requirement("foo[a]")
    assert requirement is not None
    assert extras_named(requirement.marker) == frozenset()


@given(st.one_of(st.text(), st.text("foo[]()<>=!~;@.*,'\" 0123andorextra_").map(lambda text: f"foo{text}")))
def test_any_text(text: str) -> None:
    """No text does more than not parse."""
    requirement = parse_requirement(text)
    assert requirement is None or extras_named(requirement.marker) is not None


def test_an_alternative_that_asks_for_no_extra() -> None:
    """A requirement that one of its alternatives asks for without an extra is asked for in any case."""
    assert extras_named(Marker("python_version < '3' or extra == 'x'")) == frozenset()
    assert extras_named(Marker("extra == 'y' or extra == 'x' and python_version < '3'")) == {"x", "y"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("foo" + ">=1," * 5000, "it has more than 10,000 characters"),
        (f"foo; {'(' * 4000}os_name == 'nt'{')' * 4000}", "it is nested too deep"),
    ],
)
def test_what_takes_too_long(text: str, reason: str) -> None:
    """A requirement that is very long, or nested very deep, is none, and says why."""
    assert parse_requirement(text) is None
    with pytest.raises(InvalidRequirement, match=reason):
        read_requirement(text)
