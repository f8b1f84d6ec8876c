"""docs/library.md: its examples run as they are."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex, World

PAGE = (Path(__file__).parent.parent / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
#: What only the environment ``frames`` has.
LIBRARIES = re.compile(r"duckdb|polars|pandas|arrow")


def add_projects(world: World) -> None:
    """Add the projects that the examples read."""
    for name, releases in (("requests", ["2.31.0"]), ("Flask", ["3.0", "3.1"]), ("click", ["8.1"])):
        world.add(name, releases=releases)


def run_example(code: str, fake: FakeIndex, folder: Path) -> str:
    """Run an example against an index with its projects, and return what it prints."""
    index = f'contact="me@example.com", index_url="{fake.url}", requests_per_second=0'
    code = code.replace('contact="me@example.com"', index)
    assert "streams()" in code or fake.url in code
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_section_has_an_example() -> None:
    """Each section that is about a call has an example, and none is missed here."""
    assert len(EXAMPLES) == 9
    assert PAGE.count("```python") == 10  # one section has two


@pytest.mark.parametrize("section", [name for name, code in EXAMPLES.items() if not LIBRARIES.search(code)])
def test_example(section: str, world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """The example runs, prints something, and requests each project at most once."""
    add_projects(world)
    assert run_example(EXAMPLES[section], fake, tmp_path)


def test_second_run_with_state(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """The example with state finds nothing new in a second run."""
    add_projects(world)
    first = run_example(EXAMPLES["Only what changed"], fake, tmp_path)
    fake.new_run()
    second = run_example(EXAMPLES["Only what changed"], fake, tmp_path)
    assert first == "flask ('projects', 'versions', 'files') 4 []\nrequests ('projects', 'versions', 'files') 2 []\n"
    assert second == "flask () 0 []\nrequests () 0 []\n"


def test_second_example_of_open(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """Streams that are taken one after another share the requests."""
    add_projects(world)
    (code,) = (one for one in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if 'reader["versions"]' in one)
    assert run_example(code, fake, tmp_path) == "3 6\n"
    assert len(fake.requests) == 2
