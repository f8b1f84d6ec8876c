"""Spoilt raw answers: each project ends in rows or in an error, and never in the rows of another one."""

from tests.oracle import known
from tests.oracle.wire_fuzz import fuzz, fuzz_product, name_of


def test_spoilt_answers() -> None:
    """2,000 spoilt answers among sound ones: rows or an error for each, within bounded time and memory."""
    assert [finding.text for finding in fuzz(2000, 1, fuzz_product(), without=known.WIRE)] == []


def test_a_name_comes_from_no_other() -> None:
    """A name with one other character is not the name of another project."""
    assert len({name_of(number, kind) for number in range(1000) for kind in "ps"}) == 2000
