"""Clauses of specifiers as intervals of sort keys, judged by ``packaging``."""

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet

from source_pypi.standards.clauses import Clause, admits, clauses_of, is_specifier
from source_pypi.standards.versions import sort_key

#: Numbers near each other, so that many pairs of versions are neighbours.
_NUMBERS = st.sampled_from([0, 0, 1, 1, 2, 9, 10])
_RELEASES = st.lists(_NUMBERS, min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
_EPOCHS = st.sampled_from(["", "", "", "0!", "1!"])
_PRE = st.sampled_from(["", "", "", "a0", "a1", "b1", "rc1", "rc2"])
_POST = st.sampled_from(["", "", "", ".post0", ".post1", ".post2"])
_DEV = st.sampled_from(["", "", "", ".dev0", ".dev1", ".dev2"])
_LOCAL = st.sampled_from(["", "", "", "+1", "+a", "+a.1", "+0"])
_PUBLIC = st.builds(lambda *parts: "".join(parts), _EPOCHS, _RELEASES, _PRE, _POST, _DEV)
_VERSIONS = st.builds(lambda *parts: "".join(parts), _PUBLIC, _LOCAL)
_CLAUSES = st.one_of(
    st.builds(lambda operator, version: operator + version, st.sampled_from(["<", "<=", ">", ">=", "~="]), _PUBLIC),
    st.builds(lambda operator, version: operator + version, st.sampled_from(["==", "!="]), _VERSIONS),
    st.builds(
        lambda operator, epoch, release: f"{operator}{epoch}{release}.*",
        st.sampled_from(["==", "!="]),
        _EPOCHS,
        _RELEASES,
    ),
)


@settings(max_examples=10_000, deadline=None)
@given(_CLAUSES, _VERSIONS)
@example("<1.0", "1.0rc1")
@example("<1.0", "1.0.dev0")
@example("<1.0rc1", "1.0.dev0")
@example("<1.0.post1", "1.0")
@example(">1.0", "1.0.post1")
@example(">1.0", "1.0+local")
@example(">1.0.post1", "1.0.post2")
@example(">1.0a1", "1.0a1.post1")
@example("==1.0", "1.0+local")
@example("==1.0+a", "1.0+a.1")
@example("!=1.0", "1.0+local")
@example("<=1.0", "1.0+local")
@example("==1.*", "1.0.dev0")
@example("==0.*", "1.0.dev0")
@example("~=1.4.5a4", "1.4.5a5")
@example("~=1!2.2", "1!3.dev0")
def test_interval_admits_what_packaging_admits(clause: str, version: str) -> None:
    """The interval of a clause admits exactly the versions that ``packaging`` says it admits."""
    try:
        expected = Specifier(clause).contains(version, prereleases=True)
    except InvalidSpecifier:
        expected = None
    (parsed,) = clauses_of(clause)
    assert admits(parsed, sort_key(version)) is expected


@settings(max_examples=300, deadline=None)
@given(st.lists(_CLAUSES, max_size=4).map(",".join), _VERSIONS)
def test_specifier_admits_what_all_of_its_clauses_admit(specifier: str, version: str) -> None:
    """A version satisfies a specifier if it satisfies each clause."""
    try:
        expected = SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return
    assert all(admits(clause, sort_key(version)) for clause in clauses_of(specifier)) is expected


def test_sql_agrees_with_the_function() -> None:
    """In SQL the interval is compared as the documentation says, with the same result."""
    clauses = ["<1.0", "<=1.0", ">1.0", ">=1.0", "==1.0", "!=1.0", "==1.*", "!=1.*", "~=1.0"]
    versions = ["0.9", "1.0.dev0", "1.0rc1", "1.0", "1.0+local", "1.0.post1", "1.0.1", "1.5", "2.0.dev0", "2.0", "1!0"]
    for (clause,) in map(clauses_of, clauses):
        for version in versions:
            row = duckdb.execute(
                "SELECT (coalesce(k >= lower, true) AND coalesce(k < upper, true)) <> excluded "
                "FROM (SELECT ?::VARCHAR AS k, ?::VARCHAR AS lower, ?::VARCHAR AS upper, ?::BOOLEAN AS excluded)",
                [sort_key(version), clause.lower, clause.upper, clause.excluded],
            ).fetchone()
            assert row == (admits(clause, sort_key(version)),), (clause, version)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (" , ", ()),
        ("dev", (Clause(None, "dev"),)),
        (">=dev", (Clause(">=", "dev"),)),
        ("^1.2", (Clause(None, "^1.2"),)),
        (">=", (Clause(">=", None),)),
        ("~=1", (Clause("~=", "1"),)),
        ("<1.*", (Clause("<", "1.*"),)),
        (">=1.0+local", (Clause(">=", "1.0+local"),)),
        ("=>1.0", (Clause(None, "=>1.0"),)),
    ],
)
def test_invalid_clause_has_no_interval(text: str, expected: tuple[Clause, ...]) -> None:
    """An invalid clause keeps its texts, and says nothing of what it admits."""
    assert clauses_of(text) == expected
    assert not is_specifier(text)
    assert all(admits(clause, sort_key("1.0")) is None for clause in expected)


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("===1.0", "1.0", True),
        ("===1.0", "1.1", False),
        ("===2004d", "2004d", True),
        ("===2004d", "2004", False),
        ("===2004d", "2004d1", False),
        ("===2004d", "2004dx", False),
        ("<2", "2004d", False),
        ("<=2", "2004d", False),
        (">=1", "2004d", False),
        ("==1.*", "2004d", False),
    ],
)
def test_arbitrary_equality_and_invalid_versions(text: str, version: str, expected: bool) -> None:
    """``===`` admits an invalid version of the same text; no other clause that has bounds admits an invalid version."""
    (clause,) = clauses_of(text)
    assert admits(clause, sort_key(version)) is expected


def test_clauses_keep_their_order() -> None:
    """Clauses come in the order of the specifier, with operator and version as written, without white space."""
    assert [(one.operator, one.version, one.excluded) for one in clauses_of(" >= 2 ,!=2.1.*, <v3")] == [
        (">=", "2", False),
        ("!=", "2.1.*", True),
        ("<", "v3", False),
    ]
