"""The pages whose commands run, each with the index that it needs."""

from collections.abc import Callable
from pathlib import Path

from tests.docs import notebook
from tests.docs.session import DOCS, Shell, replay
from tests.docs.worlds import example_index, next_day
from tests.fake_index import FakeIndex, World

#: By page, what happens on the index before a command.
PAGES: dict[str, dict[str, Callable[[World], None]]] = {
    "tutorial.md": {"source-pypi sync": next_day},
    "how-to/audit-in-ci.md": {},
    "how-to/company-mirror.md": {},
    "how-to/airbyte.md": {},
    "how-to/warehouses.md": {},
    "how-to/share.md": {},
    "reference/exit-codes.md": {},
}


#: The requirement file that a page finds, unless it makes its own.
REQUIREMENTS = "flask==2.2.2\nwerkzeug==2.2.1\nrequests==2.32.1\ncompany-lib==1.4.0\n"


def replayed(name: str, folder: Path) -> str:
    """A page, with what its commands print now in a folder."""
    world = example_index()
    folder.joinpath("requirements.txt").write_text(REQUIREMENTS)
    text = (DOCS / name).read_text(encoding="utf-8")
    with FakeIndex(world, strict=False, poverty=name == "how-to/company-mirror.md") as index:
        if name.endswith(".ipynb"):
            return notebook.run(text, folder, index.url)
        shell = Shell(folder, index.url, {"SOURCE_PYPI_REQUESTS_PER_SECOND": "0"})
        before = {command: lambda change=change: change(world) for command, change in PAGES[name].items()}
        try:
            return replay(text, shell, before)
        finally:
            shell.close()
