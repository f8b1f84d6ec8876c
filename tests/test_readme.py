"""README.md: its commands and code work."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex, World

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def three(world: World) -> World:
    """Return an index with the projects in the README."""
    for name, releases in (("requests", ["2.31.0"]), ("Flask", ["3.0", "3.1"]), ("airbyte-cdk", ["7.0"])):
        world.add(name, releases=releases)
    return world


def test_first_command(three: World, fake: FakeIndex, tmp_path: Path) -> None:
    """The first command loads its projects and prints a table as shown."""
    command = re.search(r'^\$ make sync PROJECTS="([^"]+)"$', README, re.MULTILINE)
    assert command is not None
    into = tmp_path / "pypi.duckdb"
    make = ["make", "-s", "sync", f"PROJECTS={command[1]}", f"INTO={into}", f"ARGS=--index-url {fake.url}"]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()[-6:]
    assert shown[:4] == ["stream          rows", "projects           3", "versions           4", "files              8"]
    assert shown[4].startswith("3 projects, 3 requests, ")
    connection = duckdb.connect(str(into), read_only=True)
    assert connection.execute("select project from projects order by all").fetchall() == [
        ("airbyte-cdk",),
        ("flask",),
        ("requests",),
    ]
    connection.close()


def test_query(three: World, fake: FakeIndex, tmp_path: Path) -> None:
    """The query returns the columns shown."""
    query = re.search(r"sql\('''(.+?)'''\)", README, re.DOTALL)
    assert query is not None
    into = tmp_path / "pypi.duckdb"
    sync = [sys.executable, "-m", "source_pypi", "sync", "flask", "requests", "--into", str(into)]
    subprocess.run([*sync, "--index-url", fake.url], check=True, capture_output=True)
    connection = duckdb.connect(str(into), read_only=True)
    answer = connection.execute(query[1])
    assert [column[0] for column in answer.description or ()] == ["project", "files", "mb", "yanked"]
    assert [row[:2] for row in answer.fetchall()] == [("flask", 4), ("requests", 2)]
    connection.close()


def test_python_code(three: World, fake: FakeIndex) -> None:
    """The Python lines run unchanged, against any index."""
    block = re.search(r"```python\n(.+?)```", README, re.DOTALL)
    assert block is not None
    code = block[1].replace('contact="me@example.com"', f'contact="me@example.com", index_url="{fake.url}"')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 6
    assert fake.requests[0].headers["user-agent"].endswith(" (+me@example.com)")


def test_every_stream_is_named() -> None:
    """The README's table names all streams, and nothing else."""
    table = README.partition("## Tables")[2].partition("\n\n`sync`")[0]
    assert set(re.findall(r"`(\w+)`", table)) == {stream.name for stream in STREAMS}


def test_no_address_of_a_registry() -> None:
    """No tracked file writes the address of a public registry or of its file host."""
    hosts = "py" + r"pi\.org|pythonhosted" + r"\.org|registry\.npm" + r"js"
    done = subprocess.run(["git", "grep", "-nIE", hosts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
