"""docs/reliability.md names tests that exist."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")


def named() -> list[tuple[str, str]]:
    """Return the test files and functions that the page names; a function without a file belongs to the file before."""
    found, file = [], ""
    for match in re.finditer(r"`((?:\w+/)*test_\w+\.py)?(?:::(test_\w+))?`", PAGE):
        file = match[1] or file
        if match[0] != "``":
            found.append((file, match[2] or ""))
    return found


@pytest.mark.parametrize(("file", "function"), sorted(set(named())), ids="::".join)
def test_every_named_test_exists(file: str, function: str) -> None:
    """Every test that the page names exists."""
    assert not function or f"def {function}(" in (TESTS / file).read_text(encoding="utf-8")
    assert (TESTS / file).is_file()


def test_references_are_found() -> None:
    """The page's references to tests are found in the form in which it writes them."""
    assert ("http/test_network.py", "test_cut_at_any_byte") in named()
    assert len(set(named())) > 60
