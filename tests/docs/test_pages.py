"""The tutorial and the guides: their commands run in order, and print what is shown."""

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, replayed
from tests.docs.session import DOCS, Step, same, steps


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith(".md")])
def test_commands_print_what_is_shown(name: str, tmp_path: Path) -> None:
    """Every command of a page prints what the page shows; ``python -m tests.docs`` writes it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    assert replayed(name, folder) == (DOCS / name).read_text(encoding="utf-8")


def test_every_page_with_a_shell_is_replayed() -> None:
    """Each new page with console blocks is in the table of pages, so that none is left out."""
    pages = [*DOCS.glob("how-to/*.md"), DOCS / "tutorial.md", DOCS / "reference" / "exit-codes.md"]
    shown = {page.relative_to(DOCS).as_posix() for page in pages if "```console" in page.read_text(encoding="utf-8")}
    assert shown == {name for name in PAGES if name.endswith(".md")}


def test_steps_of_a_block() -> None:
    """A block has commands of one or more lines, each with what it prints."""
    block = "$ one\nfirst\nsecond\n$ cat << 'END'\n> a\n> END\na\n$ three\n"
    assert steps(block) == [Step("one", "first\nsecond"), Step("cat << 'END'\na\nEND", "a"), Step("three", "")]


def test_what_is_not_compared() -> None:
    """Seconds, bytes, times, and the widths of columns differ from run to run; other numbers are compared."""
    assert same("3 projects, 1.2 MB, 0.9 s") == same("3 projects, 900 kB, 12.0 s")
    assert same("since                 x\n--------------------  -") == same("since         x\n------  -")
    assert same("2026-11-29T02:28:31.35Z") == same("2026-11-28T01:00:00Z")
    assert same("3 projects") != same("4 projects")
