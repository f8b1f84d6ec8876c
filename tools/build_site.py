"""Build the site of the documentation: ``.venvs/docs/bin/python tools/build_site.py`` (``make site``).

The pages stay as GitHub shows them. This module copies them to ``build/docs`` in the form that the generator reads,
runs the generator there, and checks what it has made. These are errors: a link that leads nowhere, an example that its
language cannot parse, and anything on a page that a browser would load from another host.
"""

import ast
import json
import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Container, Iterator
from html.parser import HTMLParser
from pathlib import Path
from textwrap import dedent
from typing import Any

PROJECT = Path(__file__).parents[1]
CONFIG = PROJECT / "tools" / "site" / "zensical.toml"
BUILD = PROJECT / "build"
#: Files that are not below ``docs``, by their places in the site.
FROM_ROOT = {
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "icon.svg": "icon.svg",
    "style.css": "tools/site/style.css",
    "iframe-worker.js": "tools/site/iframe-worker.js",
}
#: Names that a page has in the site, by its place in the repository.
RENAMED = {"docs/README.md": "index.md", **{source: name for name, source in FROM_ROOT.items()}}
#: ``[text](target)`` or ``![text](target)``; a target has no spaces.
_LINK = re.compile(r"(!?)\[([^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\(([^()\s]+)\)")
#: A block of code, or code in a line: what no rule below changes.
_CODE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2 *$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
#: A diagram of tables, which GitHub draws with a script of another host.
_DIAGRAM = re.compile(r"^```mermaid\nerDiagram\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: A block of commands, of which one or more go on in lines that begin with "> ".
_SESSION = re.compile(r"^```console\n((?:(?!```).*\n)*?> (?:(?!```).*\n)*)```$", re.MULTILINE)
#: A heading with something that looks like a tag, which the generator leaves out of the anchor and GitHub does not.
_HEADING_WITH_TAG = re.compile(r"^#{2,6} (.*<\w+>.*)$", re.MULTILINE)
#: An entry of the navigation that is a page.
_ENTRY = re.compile(r' +\{ "[^"]+" = "([^"]+)" \},')
_TABLE_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)


def pages() -> dict[str, Path]:
    """Every page and picture of the site: its place there, and its file."""
    found = {}
    for file in sorted((PROJECT / "docs").rglob("*")):
        if file.is_file():
            found[place_of(file.relative_to(PROJECT).as_posix())] = file
    return {**found, **{name: PROJECT / source for name, source in FROM_ROOT.items()}}


def place_of(source: str) -> str:
    """The place in the site of a file in the repository."""
    return RENAMED.get(source, source.removeprefix("docs/")).replace(".ipynb", ".md")


def settings(places: Container[str]) -> str:
    """The generator's settings; entries of the navigation whose pages do not exist are left out."""
    lines = CONFIG.read_text(encoding="utf-8").splitlines(keepends=True)
    named = [(line, _ENTRY.fullmatch(line.rstrip())) for line in lines]
    return "".join(line for line, entry in named if entry is None or place_of(f"docs/{entry[1]}") in places)


def navigation() -> list[str]:
    """The pages in the navigation, in its order."""
    found = map(_ENTRY.fullmatch, CONFIG.read_text(encoding="utf-8").splitlines())
    return [place_of(f"docs/{entry[1]}") for entry in found if entry]


def stage(folder: Path) -> None:
    """Copy all pages and pictures into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    files = pages()
    for place, file in files.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        source = file.relative_to(PROJECT).as_posix()
        if file.suffix == ".ipynb":
            target.write_text(for_site(notebook(file.read_text(encoding="utf-8")), source, files), encoding="utf-8")
        elif file.suffix == ".md":
            target.write_text(for_site(file.read_text(encoding="utf-8"), source, files), encoding="utf-8")
        else:
            shutil.copyfile(file, target)


def for_site(text: str, source: str, files: dict[str, Path]) -> str:
    """A page in the form that the generator reads; links that are a file's name become the title of its page.

    :param source: the page's place in the repository.
    :param files: what the site has, as ``pages`` returns it; a link to anything else becomes its text.
    """
    text = re.sub(r"^</?HideInUI>\n", "", text, flags=re.MULTILINE)
    text = text.replace("<details>", '<details markdown="1">')
    text = "".join(_indented(text.splitlines(keepends=True)))
    text = _DIAGRAM.sub(lambda block: _relations(block[1]), text)
    text = _SESSION.sub(lambda block: _commands_apart(block[1]), text)
    text = _HEADING_WITH_TAG.sub(lambda head: f"{head[0]} {{ #{_anchor(head[1])} }}", text)
    text = _TABLE_ROW.sub(lambda row: re.sub(r"`[^`\n]+`", lambda code: code[0].replace(r"\|", "|"), row[0]), text)
    return outside_code(text, lambda part: _LINK.sub(lambda link: _link(link, source, files), part))


def _indented(lines: list[str]) -> Iterator[str]:
    """The lines of a page; what belongs to a numbered item is indented by four spaces, as the generator needs it."""
    in_item = False
    for line in lines:
        if line.strip() and not line.startswith(" "):
            in_item = re.match(r"\d+\. ", line) is not None
        yield f" {line}" if in_item and line.startswith("   ") else line


def _relations(diagram: str) -> str:
    """A diagram of tables as a table: each table, its key, and the tables that it refers to, with the columns."""
    refers: dict[str, list[str]] = {}
    for parent, child, columns in re.findall(r"^ +(\w+) \S+ (\w+) : \"(.+)\"$", diagram, re.MULTILINE):
        refers.setdefault(child, []).append(f"[`{parent}`](#{parent}) (`{columns}`)")
    rows = ["| table | key | refers to |", "| --- | --- | --- |"]
    for name, body in re.findall(r"^ +(\w+) \{\n(.*?)^ +\}", diagram, re.DOTALL | re.MULTILINE):
        key = ", ".join(f"`{column}`" for column in re.findall(r"(\w+) PK$", body, re.MULTILINE))
        rows.append(f"| [`{name}`](#{name}) | {key or 'none'} | {', '.join(refers.get(name, []))} |")
    return "\n".join(rows)


def _commands_apart(session: str) -> str:
    """A block of commands, in which each command of several lines is a block of its own, which can be copied.

    The generator takes the further lines of such a command for output.
    """
    parts: list[str] = []
    for step in re.split(r"^(?=\$ )", session, flags=re.MULTILINE)[1:]:
        command = re.match(r"\$ .*\n(?:>.*\n)*", step)
        assert command is not None
        output = step[command.end() :]
        if command[0].count("\n") > 1:
            text = re.sub(r"^(?:\$|>) ?", "", command[0], flags=re.MULTILINE)
            parts += [f"```sh\n{text}```", *([f"```text\n{output}```"] if output else [])]
        elif parts and parts[-1].startswith("```console"):
            parts[-1] = f"{parts[-1][:-3]}{step}```"
        else:
            parts.append(f"```console\n{step}```")
    return "\n\n".join(parts)


def _anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change a text, but for the code in it; code in the text of a link stays with the link."""
    kept: list[str] = []

    def keep(code: re.Match[str]) -> str:
        kept.append(code[0])
        return f"\x00{len(kept) - 1}\x00"

    return re.sub(r"\x00(\d+)\x00", lambda mark: kept[int(mark[1])], change(_CODE.sub(keep, text)))


def _link(link: re.Match[str], source: str, files: dict[str, Path]) -> str:
    target, hash_, anchor = link[3].partition("#")
    if not target or re.match(r"[a-z][a-z0-9+.-]*:", target):
        return link[0]
    file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    place = place_of(file)
    if place not in files:
        return link[2]
    here = posixpath.dirname(place_of(source))
    text = title(files[place]) if link[2] in (posixpath.basename(file), target) and place.endswith(".md") else link[2]
    return f"{link[1]}[{text}]({posixpath.relpath(place, here or '.')}{hash_}{anchor})"


def title(file: Path) -> str:
    """The title of a page or a notebook."""
    text = file.read_text(encoding="utf-8")
    found = re.search(r"^# (.+)$", notebook(text) if file.suffix == ".ipynb" else text, re.MULTILINE)
    return found[1] if found else file.name


def notebook(text: str) -> str:
    """A notebook as Markdown: its texts, its code, and what the code printed or returned."""
    parts = []
    for cell in json.loads(text)["cells"]:
        content = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(content)
            continue
        parts.append(f"```python\n{content}\n```")
        parts += [f"```text\n{shown}\n```" for shown in map(_output, cell["outputs"]) if shown]
    return "\n\n".join(parts) + "\n"


def _output(output: dict[str, Any]) -> str:
    return "".join(output["text"] if "text" in output else output["data"]["text/plain"]).rstrip()


class _Resources(HTMLParser):
    """What a browser loads with a page: scripts, styles, pictures, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the URL of a resource."""
        values = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video", "audio", "embed"):
            self.found.append(values.get("src") or "")
        elif tag == "link" and values.get("rel") not in ("canonical", "prev", "next", "alternate"):
            self.found.append(values.get("href") or "")


def foreign(site: Path) -> Iterator[str]:
    """What the pages and styles of a site would load from other hosts."""
    for page in sorted(site.rglob("*.html")):
        resources = _Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        yield from (f"{page.relative_to(site)}: {url}" for url in resources.found if re.match(r"(https?:)?//", url))
    for style in sorted(site.rglob("*.css")):
        urls = re.findall(r"(?:@import\s+|url\()[\"']?((?:https?:)?//[^\"')]+)", style.read_text(encoding="utf-8"))
        yield from (f"{style.relative_to(site)}: {url}" for url in urls)


def unparsable(name: str, page: str) -> Iterator[str]:
    """The examples in a page that cannot be parsed, with what is wrong."""
    for indent, language, code in _EXAMPLE.findall(page):
        try:
            _PARSERS[language](dedent(code) if indent else code)
        except (ValueError, SyntaxError) as error:
            yield f"{name}: {language}: {error}"


def _compile(code: str) -> None:
    compile(code, "<example>", "exec", flags=ast.PyCF_ONLY_AST)


def _parse_yaml(code: str) -> None:
    """Parse YAML; the library is in the environment ``docs`` only."""
    import yaml  # noqa: PLC0415

    try:
        yaml.safe_load(code)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


#: How the examples of a language are parsed.
_PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "python": _compile,
    "toml": tomllib.loads,
    "yaml": _parse_yaml,
}
_EXAMPLE = re.compile(rf"^( *)```({'|'.join(_PARSERS)})\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Build the site, or end with what is wrong."""
    texts = {name: file.read_text(encoding="utf-8") for name, file in pages().items() if file.suffix == ".md"}
    if wrong := [one for name, text in texts.items() for one in unparsable(name, text)]:
        sys.exit("examples that cannot be parsed:\n" + "\n".join(wrong))
    stage(BUILD / "docs")
    (BUILD / "zensical.toml").write_text(settings(pages()), encoding="utf-8")
    shutil.rmtree(BUILD / "site", ignore_errors=True)
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=BUILD, check=False, capture_output=True, text=True)
    if done.returncode:
        said, _, _ = (done.stdout + done.stderr).partition("Traceback")
        sys.exit(re.sub(r"\x1b\[[\d;]*m", "", said) + "the site cannot be built: see above")
    if found := list(foreign(BUILD / "site")):
        sys.exit("loaded from other hosts:\n" + "\n".join(found))
    print(f"build/site/index.html: {len(list((BUILD / 'site').rglob('*.html')))} pages")


if __name__ == "__main__":
    main()
