"""audit/licences.py: which licences an expression names, and which of them one may choose."""

import pytest

from source_pypi.audit.licences import alternatives, identifiers, is_accepted, is_avoidable


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("mit", [{"MIT"}]),
        ("MIT OR Apache-2.0", [{"MIT"}, {"Apache-2.0"}]),
        ("MIT AND Zlib", [{"MIT", "Zlib"}]),
        ("MIT AND (BSD-3-Clause OR ISC)", [{"MIT", "BSD-3-Clause"}, {"MIT", "ISC"}]),
        ("MIT OR ISC AND Zlib", [{"MIT"}, {"ISC", "Zlib"}]),
        ("GPL-2.0-only with Classpath-exception-2.0", [{"GPL-2.0-only WITH Classpath-exception-2.0"}]),
        ("LicenseRef-ours", [{"LicenseRef-ours"}]),
    ],
)
def test_alternatives(expression: str, expected: list[set[str]]) -> None:
    """AND binds more tightly than OR; an exception belongs to its licence."""
    assert alternatives(expression) == frozenset(map(frozenset, expected))


@pytest.mark.parametrize("expression", ["", "nonsense", "MIT OR", "(MIT", " AND ".join(["(MIT OR ISC OR Zlib)"] * 40)])
def test_invalid_expressions_are_unknown(expression: str) -> None:
    """An expression that is not valid, or has too many alternatives, is unknown: neither accepted nor refused."""
    assert (alternatives(expression) is None) == (is_accepted(expression, frozenset({"MIT"})) is None)
    if "Zlib" not in expression:
        assert alternatives(expression) is None
        assert identifiers(expression) == frozenset()


def test_alternatives_are_limited() -> None:
    """An expression with a million combinations is unknown, and takes no time."""
    many = " AND ".join(f"(LicenseRef-a{number} OR LicenseRef-b{number})" for number in range(20))
    assert alternatives(many) is None


@pytest.mark.parametrize(
    ("expression", "accepted", "avoidable"),
    [
        ("MIT", True, False),
        ("GPL-3.0-only", False, True),
        ("MIT OR GPL-3.0-only", True, True),
        ("MIT AND GPL-3.0-only", False, False),
        ("MIT AND ISC OR GPL-3.0-only", True, True),
    ],
)
def test_choice(expression: str, accepted: bool, avoidable: bool) -> None:
    """One may choose between alternatives: accepted if one has only these licences, avoidable if one has none."""
    assert is_accepted(expression, frozenset({"MIT", "ISC"})) is accepted
    assert is_avoidable(expression, frozenset({"MIT"})) is avoidable
