"""standards/requirements.py: requirements, and the extras that their markers require."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement

from source_pypi.standards.requirements import extras_named, lenient_requirement, parse_requirement, read_requirement


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
def test_valid_requirements(text: str) -> None:
    """A valid requirement has the parts that packaging reads."""
    assert parse_requirement(text) == Requirement(text)


@pytest.mark.parametrize(
    "text", ["", " ", "pytz (>dev)", "foo>=1.0.*", "foo\n>=1", "-foo", f"foo; {'(' * 5000}os_name == 'nt'{')' * 5000}"]
)
def test_invalid_requirements_are_none(text: str) -> None:
    """A requirement that violates PEP 508 is None."""
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
def test_required_extras_are_normalized(marker: str, expected: set[str]) -> None:
    """The extras of a marker are normalized, in whichever order it names them."""
    requirement = parse_requirement(f"foo; {marker}")
    assert requirement is not None
    assert extras_named(requirement.marker) == expected


def test_requirement_without_marker() -> None:
    """A requirement without a marker requires no extra."""
    requirement = parse_requirement("foo[a]")
    assert requirement is not None
    assert extras_named(requirement.marker) == frozenset()


@given(st.one_of(st.text(), st.text("foo[]()<>=!~;@.*,'\" 0123andorextra_").map(lambda text: f"foo{text}")))
def test_any_text_parses_or_is_none(text: str) -> None:
    """Any text is a requirement or None."""
    requirement = parse_requirement(text)
    assert requirement is None or extras_named(requirement.marker) is not None


def test_alternative_without_an_extra() -> None:
    """A marker with an alternative that names no extra requires none."""
    assert extras_named(Marker("python_version < '3' or extra == 'x'")) == frozenset()
    assert extras_named(Marker("extra == 'y' or extra == 'x' and python_version < '3'")) == {"x", "y"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("foo" + ">=1," * 5000, "it has more than 10,000 characters"),
        (f"foo; {'(' * 4000}os_name == 'nt'{')' * 4000}", "it is nested too deep"),
    ],
)
def test_long_and_deep_requirements_are_refused(text: str, reason: str) -> None:
    """A requirement that is too long, or nested too deep, is refused with the reason."""
    assert parse_requirement(text) is None
    with pytest.raises(InvalidRequirement, match=reason):
        read_requirement(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo[a]>=1; os_name == 'nt'", "foo[a]>=1; os_name == 'nt'"),
        ("pytz (>dev)", "pytz"),
        ("Extract_Msg (<=0.29.*)", "extract-msg"),
        ("foo[B] (>=1.0.*) ; extra == 'x'", "foo[B]; extra == 'x'"),
        ("foo[a (>1) ; os_name == 'nt'", "foo; os_name == 'nt'"),
        ("foo[a] >= ; nonsense", "foo[a]"),
        ("foo;", "foo"),
    ],
)
def test_lenient_requirement(text: str, expected: str) -> None:
    """What PEP 508 does not allow is left out of a requirement; its name, extras and marker stay if they can."""
    assert lenient_requirement(text) == Requirement(expected)


@pytest.mark.parametrize("text", ["", "-e .", "git+https://example.com/x", "./x", "x/y", ">=1", "git@example.com:x"])
def test_lenient_requirement_without_a_name(text: str) -> None:
    """Without a name there is no requirement of a project."""
    assert lenient_requirement(text) is None
