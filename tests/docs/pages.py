"""The pages whose commands run, each with the index that it needs."""

from collections.abc import Callable
from pathlib import Path

from tests.docs.session import DOCS, Shell, replay
from tests.docs.worlds import example_index, next_day
from tests.fake_index import FakeIndex, World

#: By page, what happens on the index before a command.
PAGES: dict[str, dict[str, Callable[[World], None]]] = {
    "tutorial.md": {"source-pypi sync": next_day},
}


def replayed(name: str, folder: Path) -> str:
    """A page, with what its commands print now in a folder."""
    world = example_index()
    with FakeIndex(world, strict=False) as index:
        shell = Shell(folder, index.url, {"SOURCE_PYPI_REQUESTS_PER_SECOND": "0"})
        before = {command: lambda change=change: change(world) for command, change in PAGES[name].items()}
        try:
            return replay((DOCS / name).read_text(encoding="utf-8"), shell, before)
        finally:
            shell.close()
