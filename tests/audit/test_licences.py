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


@pytest.mark.parametrize("expression", ["", "nonsense", "MIT OR", "(MIT"])
def test_invalid_expressions_are_unknown(expression: str) -> None:
    """An expression that is not valid names no licence, and is unknown: neither accepted nor refused."""
    assert alternatives(expression) is None
    assert identifiers(expression) == frozenset()
    assert is_accepted(expression, frozenset({"MIT"})) is None
    assert is_avoidable(expression, frozenset({"MIT"})) is None


def test_alternatives_are_limited() -> None:
    """An expression with a trillion combinations is unknown; combinations that are the same count once."""
    many = " AND ".join(f"(LicenseRef-a{number} OR LicenseRef-b{number})" for number in range(40))
    assert alternatives(many) is None
    assert is_accepted(many, frozenset({"MIT"})) is None
    same = " AND ".join(["(MIT OR ISC)"] * 40)
    assert alternatives(same) == frozenset(map(frozenset, [{"MIT"}, {"ISC"}, {"MIT", "ISC"}]))


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
