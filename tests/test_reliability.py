"""docs/reliability.md: what it says of tests."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")


def named() -> list[tuple[str, str]]:
    """The files that the page names, and the functions in them; one without a file is of the file before."""
    found, file = [], ""
    for match in re.finditer(r"`((?:\w+/)*test_\w+\.py)?(?:::(test_\w+))?`", PAGE):
        file = match[1] or file
        if match[0] != "``":
            found.append((file, match[2] or ""))
    return found


@pytest.mark.parametrize(("file", "function"), sorted(set(named())), ids="::".join)
def test_the_tests_that_it_names(file: str, function: str) -> None:
    """Every test that the page names is there."""
    assert not function or f"def {function}(" in (TESTS / file).read_text(encoding="utf-8")
    assert (TESTS / file).is_file()


def test_it_names_tests() -> None:
    """The page names its tests in the form that is looked for."""
    assert ("http/test_network.py", "test_response_cut_at_any_byte_is_retried") in named()
    assert len(set(named())) > 60
