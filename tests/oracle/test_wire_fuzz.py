"""Spoilt raw answers: each project ends in rows or in an error, and never in the rows of another one."""

from tests.oracle.wire_fuzz import fuzz, name_of


def test_spoilt_answers() -> None:
    """10,000 spoilt answers among sound ones: rows or an error for each, within bounded time and memory."""
    found = [finding for part in fuzz(10_000, 1, at_once=2) for finding in part]
    texts = [f"{finding.command}\n  {finding.text}" for finding in found]
    assert not texts, "\n".join(texts)


def test_a_name_comes_from_no_other() -> None:
    """A name with one other character is not the name of another project."""
    assert len({name_of(number, kind) for number in range(1000) for kind in "ps"}) == 2000
