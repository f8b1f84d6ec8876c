"""README.md: its commands and code work."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from source_pypi.queries import questions
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


def commands() -> list[str]:
    """The commands of all console blocks, in order, but those of development, which tests of CI run."""
    text = README.partition("## Develop")[0]
    blocks = re.findall(r"```console\n(.+?)```", text, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def run_all(folder: Path, index: str) -> Iterator[tuple[str, subprocess.CompletedProcess[str]]]:
    """Each command, run as a shell runs it in a folder, with the index; ``make`` runs in the clone."""
    program = folder / "bin" / "source-pypi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m source_pypi "$@"\n')
    program.chmod(0o755)
    (folder / "requirements.txt").write_text("flask==3.0\n")
    (folder / "config.json").write_text(json.dumps({"projects": ["flask"], "index_url": index}))
    catalog = [{"stream": {"name": "files", "json_schema": {}}, "sync_mode": "full_refresh"}]
    (folder / "catalog.json").write_text(json.dumps({"streams": catalog}))
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"SOURCE_PYPI_INDEX_URL": index, "PATH": path}
    for command in commands():
        line = command.replace(".venv/bin/source-pypi", "source-pypi")
        if line.startswith("make sync"):
            line += f" INTO={folder / 'pypi.duckdb'}"
        where = ROOT if line.startswith("make") else folder
        done = subprocess.run(
            line, shell=True, cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        yield command, done


def test_commands(three: World, tmp_path: Path) -> None:
    """Every command works, in order; those with output print the headings that are shown."""
    with FakeIndex(three, strict=False) as fake:
        done = dict(run_all(tmp_path, fake.url))
    assert {name: one.stderr for name, one in done.items() if one.returncode not in EXPECTED.get(name, {0})} == {}
    first, query, report, *_ = done.values()
    lines = [line for line in first.stdout.splitlines() if line and not line.startswith("setting up")]
    assert lines[:4] == [
        "table         added    changed    removed     in all",
        "projects          3          0          0          3",
        "versions          4          0          0          4",
        "files             8          0          0          8",
    ]
    assert lines[4].startswith("3 projects, 3 requests, ")
    assert query.stdout.splitlines()[0].split() == ["project", "files", "mb", "yanked"]
    assert report.stdout.startswith("flask.html: project, ")


#: Commands that do not exit with 0 on the index of the test: it has no attestations, and not every release document.
EXPECTED = {"source-pypi audit -r requirements.txt --strict": {0, 2}}


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


def test_number_of_questions() -> None:
    """README and changelog say how many named questions there are."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n## 0.4.0\n")[0]
    assert re.findall(r"(\d+) named\s+questions", README + changelog) == [str(len(questions()))] * 2


def test_no_address_of_a_registry() -> None:
    """No tracked file writes the address of a public registry or of its file host."""
    hosts = "py" + r"pi\.org|pythonhosted" + r"\.org|registry\.npm" + r"js"
    done = subprocess.run(["git", "grep", "-nIE", hosts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
