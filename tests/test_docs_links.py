"""The documentation: its links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
#: ``[text](target)`` and ``![text](target)``; a target has no spaces.
LINK = re.compile(r"\[[^\]\[]*(?:\[[^\]]*\][^\]\[]*)*\]\(([^()\s]+)\)")


def prose(text: str) -> str:
    """Return a page without its blocks of code and its comments, which have neither links nor headings."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r"^( *)(```|~~~).*?^\1\2 *$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them; a heading that occurs again gets a number."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(text), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        plain = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(next(name for name in (plain, *(f"{plain}-{n}" for n in range(1, 100))) if name not in found))
    return found


def links(text: str) -> list[str]:
    """Return the targets of a page's links, but for those to other sites."""
    without_code = re.sub(r"`[^`\n]*`", "", prose(text))
    return [target for target in LINK.findall(without_code) if not re.match(r"[a-z][a-z0-9+.-]*:", target)]


def leads_somewhere(page: Path, target: str, root: Path) -> bool:
    """Return whether the file of a link is in the repository, and has the heading that the link names."""
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists() or not file.is_relative_to(root):
        return False
    return not anchor or anchor in anchors(file.read_text(encoding="utf-8"))


def broken(page: Path, root: Path = ROOT) -> list[str]:
    """Return the links of a page to a file or a heading that does not exist."""
    return [target for target in links(page.read_text(encoding="utf-8")) if not leads_somewhere(page, target, root)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    """Every relative link of a page leads to a file of the repository, and every anchor to a heading of it."""
    assert broken(page) == []


def test_pages_are_found() -> None:
    """The pages in the root folder and below docs are checked, and they have links."""
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "docs/streams.md", "docs/reference/indexes.md"} <= names
    assert sum(len(links(page.read_text(encoding="utf-8"))) for page in PAGES) > 200


def test_every_page_is_linked() -> None:
    """Each page of docs has a link from another page."""
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        for target in links(page.read_text(encoding="utf-8"))
        if not target.startswith("#")
    }
    assert [str(page.relative_to(ROOT)) for page in PAGES if page.parent != ROOT and page not in linked] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](missing.md)", ["missing.md"]),
        ("[a](#no-such)\n\n## Such", ["#no-such"]),
        ("[a](#such-1)\n\n## Such\n\n## Such", []),
        ("[a](#a-b_c-d)\n\n# A `b_c` (d)!", []),
        ("[`a`](other.md#two)\n![b](other.md)", []),
        ("[a](other.md#three)", ["other.md#three"]),
        ("[a](../outside.md)", ["../outside.md"]),
        ("```\n[a](missing.md)\n```\n`[a](missing.md)` [a](https://example.com/x.md#y)", []),
    ],
)
def test_what_is_broken(tmp_path: Path, text: str, expected: list[str]) -> None:
    """A link is broken if its file or heading is missing; code and links to other sites are not checked."""
    (tmp_path / "other.md").write_text("# One\n\n## Two\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert broken(page, tmp_path) == expected
