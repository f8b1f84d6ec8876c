"""The site of the documentation: its navigation has every page; pages are changed only where the generator needs it."""

from pathlib import Path

import pytest

from tools.build_site import for_site, foreign, navigation, notebook, pages, settings, unparsable


def test_every_page_is_in_the_navigation() -> None:
    """Each page is in the navigation once; an entry without a page is left out of the generator's settings."""
    places = sorted(place for place in pages() if place.endswith(".md"))
    assert sorted(place for place in navigation() if place in places) == places
    entries = [line for line in settings(["tutorial.md"]).splitlines() if line.endswith('.md" },')]
    assert [line.strip() for line in entries] == ['{ "Tutorial" = "tutorial.md" },']


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("docs/a.md", "[x](streams.md#y) [x](#z)", "[x](streams.md#y) [x](#z)"),
        ("docs/a.md", "[c](../CONTRIBUTING.md#b) [l](../CHANGELOG.md)", "[c](contributing.md#b) [l](changelog.md)"),
        ("docs/a.md", "[f](../benchmarks/floor.py), [h](https://x.example/)", "f, [h](https://x.example/)"),
        ("docs/how-to/a.md", "[`r`](../README.md) ![i](../growth.svg)", "[`r`](../index.md) ![i](../growth.svg)"),
        (
            "CONTRIBUTING.md",
            "[s](docs/streams.md#a) [docs/audit.md](docs/audit.md)",
            "[s](streams.md#a) [Audit](audit.md)",
        ),
        ("docs/a.md", "[audit.md](audit.md#rules) [x](audit.md)", "[Audit](audit.md#rules) [x](audit.md)"),
        ("docs/a.md", "[n](how-to/data-frames.ipynb)", "[n](how-to/data-frames.md)"),
        ("docs/a.md", "`[f](../x.py)`\n```\n[f](../x.py)\n```\n", "`[f](../x.py)`\n```\n[f](../x.py)\n```\n"),
        (
            "docs/a.md",
            "```mermaid\nerDiagram\n    a {\n        string x PK\n    }\n    b {\n        string x\n    }\n"
            '    a ||--o{ b : "x"\n```\n',
            "| table | key | refers to |\n| --- | --- | --- |\n| [`a`](#a) | `x` |  |\n"
            "| [`b`](#b) | none | [`a`](#a) (`x`) |\n",
        ),
        (
            "docs/a.md",
            "```console\n$ a\n$ cat << 'E'\n> x\n> E\nx\n$ b\nc\n$ d\n```\n",
            "```console\n$ a\n```\n\n```sh\ncat << 'E'\nx\nE\n```\n\n```text\nx\n```\n\n```console\n$ b\nc\n$ d\n```\n",
        ),
        ("docs/a.md", "```console\n$ a\nx > y\n```\n", "```console\n$ a\nx > y\n```\n"),
        ("docs/a.md", "1. a\n   - b\n     c\n\n   d\n- e\n   f\n", "1. a\n    - b\n      c\n\n    d\n- e\n   f\n"),
        ("docs/a.md", "| a |\n| `x\\|y` |", "| a |\n| `x|y` |"),
        ("docs/a.md", "## 1. `GET /<name>/`", "## 1. `GET /<name>/` { #1-get-name }"),
        ("docs/a.md", "<HideInUI>\ntext\n</HideInUI>\n<details>", 'text\n<details markdown="1">'),
    ],
)
def test_page_for_the_site(source: str, text: str, expected: str) -> None:
    """Links to what the site has lead there, others become text; code stays; anchors are those of GitHub."""
    assert for_site(text, source, pages()) == expected


def test_notebook_becomes_a_page() -> None:
    """A notebook has its texts, its code, and below each cell what it printed and returned."""
    cells = (
        '{"cell_type": "markdown", "source": ["# T"]}, {"cell_type": "code", "source": ["1"], "outputs": '
        '[{"text": ["p"]}, {"data": {"text/plain": ["1"]}}]}'
    )
    expected = "# T\n\n```python\n1\n```\n\n```text\np\n```\n\n```text\n1\n```\n"
    assert notebook(f'{{"cells": [{cells}]}}') == expected


def test_what_other_hosts_serve(tmp_path: Path) -> None:
    """Scripts, pictures and styles of other hosts are found; links for readers are none of them."""
    page = '<script src="//cdn.example/a.js"></script><img src="x.png"><a href="https://a.example">a</a>'
    (tmp_path / "a.html").write_text(f'{page}<link rel="stylesheet" href="https://fonts.example/b.css">')
    (tmp_path / "c.css").write_text("a { background: url(https://i.example/d.png) } b { background: url(data:x) }")
    assert list(foreign(tmp_path)) == [
        "a.html: //cdn.example/a.js",
        "a.html: https://fonts.example/b.css",
        "c.css: https://i.example/d.png",
    ]


def test_examples_that_cannot_be_parsed() -> None:
    """A block of JSON, TOML or Python that its language cannot parse is found; other blocks are not looked at."""
    page = "```json\n{]\n```\n\n```toml\na = 1\n```\n\n  ```python\n  a = (\n  ```\n\n```text\n{]\n```\n"
    assert [one.split(": ")[:2] for one in unparsable("a.md", page)] == [["a.md", "json"], ["a.md", "python"]]
