"""docs/reliability.md: what it says of tests."""

import re
from pathlib import Path

import pytest

from source_pypi.cli.signals import SHUTDOWN_SECONDS
from source_pypi.http import client

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


def test_first_screen() -> None:
    """The page begins with a screen of promises, each with what was measured, and where the details are."""
    first, _, appendix = PAGE.partition("\n## Appendix\n")
    assert len(first.splitlines()) <= 60
    headings = re.findall(r"^### (.+)$", appendix, re.MULTILINE)
    sections = {re.sub(r"[^\w -]", "", heading).replace(" ", "-").lower() for heading in headings}
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+) \|$", first, re.MULTILINE)
    promises = [row for row in rows if row[0].startswith("**")]
    linked = {link for *_, details in rows for link in re.findall(r"\(#([\w-]+)\)", details)}
    assert len(promises) == 7
    assert linked == sections


def test_first_screen_has_the_limits_of_the_code() -> None:
    """The waits of the first screen are those of the code."""
    waits = sum(min(client.LONGEST_BACKOFF, client.SHORTEST_BACKOFF * 2**number) for number in range(client.TRIES - 1))
    limits = f"{client.TRIES} attempts, with waits of {waits:g} s between them; after Ctrl-C: {SHUTDOWN_SECONDS:g} s"
    assert PAGE.count(f"| a request: {limits} |") == 1
