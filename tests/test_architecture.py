"""docs/architecture.md and its picture: what they say of the code is so."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import grimp
import pytest

from tests.fake_index import FakeIndex, World
from tools import draw_architecture

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

#: Where the path begins: the function of the command. What calls it only chooses the command.
COMMAND = "sync"
#: What a worker's stack begins with.
WORKER = ("sync/workers.py", "_work")
#: The moments of a row, by the call that makes them: the request for its document, the row, its way into a destination.
MOMENTS = (
    ("http/client.py", "get"),
    ("streams/files.py", "files_rows"),
    ("destinations/loader.py", "add"),
)

Stack = Sequence[tuple[str, str]]


def documented() -> list[str]:
    """The files of the path, as the numbered table of the page lists them."""
    section = PAGE.partition("## The path of a row")[2].partition("\n## ")[0]
    return re.findall(r"^\| \d+ \| `([\w/]+\.py)` \|", section, re.MULTILINE)


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> list[Stack]:
    """The call stacks of a first ``sync`` of one project into DuckDB, each from its command on."""
    folder, world = tmp_path_factory.mktemp("trace"), World()
    world.add("flask", releases=["3.0", "3.1"])
    into = ["--into", str(folder / "one.duckdb")]
    with FakeIndex(world) as index:
        command = [sys.executable, "-m", "tests.tracing", str(folder / "calls.json"), "sync", "flask", *into]
        subprocess.run([*command, "--index-url", index.url], cwd=ROOT, check=True, capture_output=True, timeout=120)
    traced = [[tuple(call) for call in stack] for stack in json.loads((folder / "calls.json").read_text())]
    return list(filter(None, map(from_command, traced)))


def from_command(stack: Stack) -> Stack:
    """A stack without what calls the command, or of a worker without the loop that takes its tasks."""
    functions = [function for _, function in stack]
    if COMMAND in functions:
        return stack[functions.index(COMMAND) :]
    return [call for call in stack if call != WORKER]


def test_a_row_passes_the_files_that_the_page_lists(stacks: list[Stack]) -> None:
    """The files on the call stacks of a row's three moments are those of the page, in its order, at most nine."""
    moments = [next(stack for stack in stacks if stack[-1] == moment) for moment in MOMENTS]
    request, row, stored = ([file for file, _ in stack] for stack in moments)
    # the worker's stack begins in the file that gave it its task: it goes on where the row's stack has that file
    started = row.index(request[0])
    path = list(dict.fromkeys([*row[:started], *request, *row[started:], *stored]))
    assert path == documented()
    assert len(path) <= 9


def test_calls_run_along_the_path(stacks: list[Stack]) -> None:
    """No file of the path is called by a later one, whatever lies between: a row never takes a step back."""
    order = {file: number for number, file in enumerate(documented())}
    numbers = [[order[file] for file, _ in stack if file in order] for stack in stacks]
    back = {stack for stack, on_path in zip(map(tuple, stacks), numbers, strict=True) if on_path != sorted(on_path)}
    assert back == set()


def test_every_import_between_packages_is_in_the_picture() -> None:
    """The picture has each import between two packages once: as an arrow, or in the text of the importing box."""
    picture = draw_architecture.read_picture()
    graph = grimp.build_graph("source_pypi", cache_dir=None)
    shown = {(a, b): picture.imports[a, b] for a, b in picture.arrows}
    for package in picture.sizes:
        for imported, count in (item.split() for item in picture.further(package)):
            assert (package, imported) not in shown
            shown[package, imported] = int(count)
    for a in picture.sizes:
        for b in picture.sizes.keys() - {a}:
            importers = [
                graph.find_modules_that_directly_import(module) & modules(graph, a) for module in modules(graph, b)
            ]
            assert shown.get((a, b), 0) == sum(map(len, importers)), (a, b)


def modules(graph: grimp.ImportGraph, package: str) -> set[str]:
    """A package or module below the root, and everything in it."""
    return {f"source_pypi.{package}", *graph.find_descendants(f"source_pypi.{package}")}


def test_an_arrow_is_left_out_only_where_others_lead_there() -> None:
    """Arrows are the transitive reduction of the imports: without any of them something could no longer be reached."""
    imports = {("a", "b"): 1, ("b", "c"): 1, ("a", "c"): 4, ("b", "d"): 1, ("c", "d"): 1, ("e", "d"): 1}
    assert draw_architecture.essential(imports) == [("a", "b"), ("b", "c"), ("c", "d"), ("e", "d")]


def test_check_fails_unless_the_picture_is_current(tmp_path: Path) -> None:
    """``--check`` accepts what was written, the same each time, and rejects any other file, or none."""
    file = tmp_path / "architecture.svg"
    with pytest.raises(SystemExit, match="run make docs"):
        draw_architecture.main(["--check", str(file)])
    draw_architecture.main([str(file)])
    draw_architecture.main(["--check", str(file)])
    file.write_text(file.read_text(encoding="utf-8").replace(">streams<", ">tables<"), encoding="utf-8")
    with pytest.raises(SystemExit, match="run make docs"):
        draw_architecture.main(["--check", str(file)])


def test_the_table_of_the_layers_is_the_contract() -> None:
    """Each row of the table has the number of a rung of the contract, and its packages."""
    layers = PAGE.partition("## The layers")[2].partition("\n## ")[0]
    table: dict[int, set[str]] = {}
    for number, packages in re.findall(r"^\| (\d+) \| ([^|]+) \|", layers, re.MULTILINE):
        table.setdefault(int(number), set()).update(re.findall(r"`(\w+)(?:/|\.py)`", packages))
    rungs = [set(rung) for rung in draw_architecture.read_rungs()]
    assert table == dict(enumerate(rungs, start=1))
