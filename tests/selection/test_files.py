"""Requirement files and the setting ``requirements``: selection, and commands that use them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi import airbyte
from source_pypi.config import Config
from source_pypi.errors import NoProjectsError, RequirementsError
from source_pypi.selection import SelectedProject, Selection, select
from source_pypi.selection.files import is_lock
from source_pypi.selection.names import Unnamed
from tests.fake_index import FakeIndex, World

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run ``sync`` in the working directory, its output no terminal."""

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "source_pypi", "sync", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return command


def selected(project: str, *pins: str, unpinned: bool = False) -> SelectedProject:
    """A selected project, pinned or not."""
    return SelectedProject(NormalizedName(project), pins, unpinned or not pins)


def test_several_sources_of_one_project_are_merged() -> None:
    """A project that several sources name is selected once, at its first mention, with all pins."""
    Path("requirements.txt").write_text("zope.interface==5.0\nFlask\n-e .\n")
    Path("uv.lock").write_text(
        '[[package]]\nname = "flask"\nversion = "3.0.0"\nsource = { registry = "https://packages.example.com" }\n'
    )
    config = Config(projects=("Zope_Interface",), requirements="flask==2.0\nclick==8\n-r other.txt", exclude=("cl*",))
    config = replace(config, any_index=True)
    selection = select(config, [Path("requirements.txt"), Path("uv.lock")])
    assert [(one.project, one.versions, one.origin and one.origin.file) for one in selection.requested] == [
        ("zope-interface", "", None),
        ("flask", "2.0", "setting 'requirements'"),
        ("click", "8", "setting 'requirements'"),
        ("zope-interface", "5.0", "requirements.txt"),
        ("flask", "", "requirements.txt"),
        ("flask", "3.0.0", "uv.lock"),
    ]
    assert selection.unnamed == (
        Unnamed("other.txt", "setting 'requirements':3: a setting cannot include files"),
        Unnamed(".", "requirements.txt:3: editable, not a project of an index"),
    )
    assert replace(selection, requested=(), unnamed=()) == Selection(
        projects=(
            selected("zope-interface", "5.0", unpinned=True),
            selected("flask", "2.0", "3.0.0", unpinned=True),
        ),
        excluded=("cl*",),
        warnings=(
            "setting 'requirements':3: skipped, a setting cannot include files: other.txt",
            "requirements.txt:3: skipped, editable, not a project of an index: .",
        ),
    )


def test_files_without_projects_are_refused() -> None:
    """Files without projects are an error that lists what was skipped, unless the whole index is read."""
    Path("a.txt").write_text("-e .\n./b")
    Path("b.txt").write_text("# nothing")
    with pytest.raises(RequirementsError) as caught:
        select(Config(), [Path("a.txt"), Path("b.txt")])
    assert str(caught.value) == (
        "a.txt, b.txt: names no projects (a.txt:1: skipped, editable, not a project of an index: .; "
        "a.txt:2: skipped, a path, not a project of an index: ./b)"
    )
    with pytest.raises(RequirementsError, match=r"^setting 'requirements': names no projects$"):
        select(Config(requirements="# nothing"))
    assert select(Config(whole_index=True), [Path("b.txt")]) == Selection(whole_index=True)
    with pytest.raises(NoProjectsError):
        select(Config(requirements="flask", exclude=("flask",)))


def test_sync_loads_projects_of_files(world: World, fake: FakeIndex, run: Run) -> None:
    """Files add projects and pins to names; each is requested once; what is skipped is a warning."""
    world.add("Flask", releases=["1.0", "2.0"])
    world.add("click", releases=["7.0", "8.0"])
    world.add("requests", releases=["3.0"])
    world.add("six", releases=["1.16.0", "1.17.0"])
    Path("requirements.txt").write_text("flask>=1\n-c constraints.txt\n-e .\n")
    Path("constraints.txt").write_text("flask==1.0\nclick==7.0\n")
    Path("Pipfile.lock").write_text(json.dumps({"_meta": {}, "default": {"six": {"version": "==1.16.0"}}}))
    files = ("-r", "requirements.txt", "--requirements", "Pipfile.lock")
    done = run("FLASK==1.0", "requests", *files, "--streams", "projects,release", "--index-url", fake.url)
    assert (done.returncode, done.stderr) == (
        0,
        "warning: requirements.txt:3: skipped, editable, not a project of an index: .\n",
    )
    with duckdb.connect("pypi.duckdb", read_only=True) as connection:
        projects = connection.execute("select project from projects order by 1").fetchall()
        releases = connection.execute("select info->>'$.name', info->>'$.version' from release order by 1").fetchall()
    assert projects == [("flask",), ("requests",), ("six",)]
    assert releases == [("Flask", "1.0"), ("requests", "3.0"), ("six", "1.16.0")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.txt", None, "no.txt: cannot be read: No such file or directory"),
        ("a.txt", b"flask\nfl ask", "a.txt:2: 'fl ask' is not a valid requirement: Expected "),
        ("a.txt", b"flask # caf\xe9", "a.txt:1: is not valid UTF-8: byte 0xe9"),
        ("a.txt", b"-r no.txt", "a.txt:1: no.txt cannot be read: No such file or directory"),
        ("a.txt", b"", "a.txt: names no projects"),
        ("uv.lock", b"{}", "uv.lock:1: is not valid TOML: "),
        ("Pipfile.lock", b"\n{]", "Pipfile.lock:2: is not valid JSON: "),
        ("poetry.lock", b'[[package]]\nname = "-"', "poetry.lock: '-' cannot be a project: "),
    ],
)
def test_invalid_file_stops_sync(run: Run, fake: FakeIndex, name: str, content: bytes | None, message: str) -> None:
    """An invalid file is one line with its name; no request is sent and no file is written."""
    if content is not None:
        Path(name).write_bytes(content)
    done = run("-r", name, "--index-url", fake.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {message}")
    assert len(done.stderr.splitlines()) == 1
    assert fake.requests == []
    assert not Path("pypi.duckdb").exists()


def test_connector_reads_requirements_setting(world: World, fake: FakeIndex) -> None:
    """The connector reads its setting and warns of what it skips; ``check`` fails if the setting is invalid."""
    world.add("flask", releases=["1.0", "2.0"])
    Path("catalog.json").write_text('{"streams": [{"stream": {"name": "release"}}]}')
    config = Config(requirements="flask==1.0\n-r other.txt", index_url=fake.url, requests_per_second=0)
    lines: list[bytes] = []
    assert airbyte.read(config, Path("catalog.json"), None, lines.append)
    messages = [json.loads(line) for line in b"".join(lines).splitlines()]
    warnings = [one["log"]["message"] for one in messages if one["type"] == "LOG" and one["log"]["level"] == "WARN"]
    records = [one["record"]["data"]["info"]["version"] for one in messages if one["type"] == "RECORD"]
    assert warnings == ["setting 'requirements':2: skipped, a setting cannot include files: other.txt"]
    assert records == ["1.0"]
    status = json.loads(airbyte.check(Config(requirements="fl ask", index_url=fake.url)))["connectionStatus"]
    assert status["status"] == "FAILED"
    assert status["message"].startswith("setting 'requirements':1: 'fl ask' is not a valid requirement: Expected ")


@pytest.mark.parametrize(
    ("name", "lock"),
    [
        ("uv.lock", True),
        ("poetry.lock", True),
        ("pdm.lock", True),
        ("Pipfile.lock", True),
        ("pylock.toml", True),
        ("pylock.dev.toml", True),
        ("requirements.txt", False),
        ("pyproject.toml", False),
        ("other.lock", False),
    ],
)
def test_lock_files(name: str, lock: bool) -> None:
    """A lock file is recognized by its name; it need not exist."""
    assert is_lock(Path("folder", name)) is lock


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("Pipfile", "its lock file, Pipfile.lock (pipenv lock)"),
        ("setup.cfg", "a requirements.txt, a pyproject.toml, or"),
    ],
)
def test_file_of_a_kind_that_is_not_read(name: str, instead: str) -> None:
    """The error says what to give in its place."""
    Path(name).write_text('[[source]]\nurl = "https://packages.example.com"\n\n[packages]\nflask = "*"\n')
    with pytest.raises(RequirementsError) as caught:
        select(Config(), [Path(name)])
    assert str(caught.value).startswith(f"{name}: is not read; give {instead}")


def test_pipfile_from_standard_input() -> None:
    """It is known by its tables, and refused as well."""
    text = '[[source]]\nurl = "https://packages.example.com"\n\n[packages]\nflask = "*"\n'
    done = subprocess.run(
        [sys.executable, "-m", "source_pypi", "sync", "-r", "-", "--dry-run"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "error: -: is a Pipfile, which is not read; give its lock file, Pipfile.lock (pipenv lock)\n",
    )
