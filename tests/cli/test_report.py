"""cli/report.py: the command report."""

from pathlib import Path

import pytest

from tests.cli import Run
from tests.fake_index import FakeIndex, World


@pytest.fixture
def loaded(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> Path:
    """A folder with a loaded ``pypi.duckdb``."""
    world.add("Flask", releases=["1.0", "2.0"])
    done = run("sync", "flask==1.0", "--index-url", fake.url)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_report_of_the_default_file(loaded: Path, run: Run) -> None:
    """Without arguments, report reads pypi.duckdb and writes report.html, and says so with the size."""
    done = run("report")
    assert done.returncode == 0
    size = (loaded / "report.html").stat().st_size
    assert done.stdout == f"report.html: dependencies, {size / 1000:,.0f} kB\n"
    assert done.stderr.startswith("note: without ")
    assert "<h1>command line</h1>" in (loaded / "report.html").read_text()


def test_report_of_a_project(loaded: Path, run: Run) -> None:
    """--project and -o choose the page and the file; they may be anywhere."""
    done = run("report", "pypi.duckdb", "--project", "Flask", "-o", "flask.html")
    assert (done.returncode, done.stdout.split(",")[0]) == (0, "flask.html: project")
    assert "<h1>flask</h1>" in (loaded / "flask.html").read_text()


def test_output_that_is_no_file(loaded: Path, run: Run) -> None:
    """A device is written to and stays one."""
    (loaded / "null").symlink_to("/dev/null")
    assert run("report", "-o", "null").returncode == 0
    assert ((loaded / "null").is_symlink(), Path("/dev/null").is_char_device()) == (True, True)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["none.duckdb"],
            "error: there is no file none.duckdb: load projects into it with source-pypi sync NAME... "
            "--into none.duckdb, or name another file\n",
        ),
        (
            ["--project", "django"],
            "error: pypi.duckdb has no rows of the project django: load it with source-pypi sync django "
            "--into pypi.duckdb\n",
        ),
        (["-o", "none/report.html"], "error: cannot write none/report.html: no such file or directory\n"),
        (
            ["--schema", "none"],
            "error: the schema none of pypi.duckdb has no tables of source-pypi; they are in the schema main: "
            "add --schema main\n",
        ),
    ],
)
def test_errors(loaded: Path, run: Run, arguments: list[str], line: str) -> None:
    """What cannot be read or written is an error of one line, with status 1 and no file."""
    done = run("report", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1
    assert not (loaded / "report.html").exists()


def test_database_is_not_changed(loaded: Path, run: Run) -> None:
    """The database has the same bytes afterwards, and can be on a read-only disk."""
    before = (loaded / "pypi.duckdb").read_bytes()
    (loaded / "pypi.duckdb").chmod(0o400)
    assert run("report").returncode == 0
    assert (loaded / "pypi.duckdb").read_bytes() == before


def test_sync_with_report(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """``sync --report`` writes the page of what it has loaded, also of a second run and of another schema."""
    world.add("Flask", releases=["1.0", "2.0"])
    for options in ([], [], ["--schema", "mine"]):
        fake.new_run()
        (tmp_path / "page.html").unlink(missing_ok=True)
        done = run("sync", "flask==1.0", "--index-url", fake.url, "--report", "page.html", *options)
        assert done.returncode == 0, done.stderr
        assert "page.html: dependencies, " in done.stdout
        text = (tmp_path / "page.html").read_text()
        assert "<h1>command line</h1>" in text
        assert fake.url in text


def test_report_of_a_folder(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """A folder of Parquet has the same pages; its views are made for the time of the report."""
    world.add("Flask", releases=["1.0", "2.0"])
    done = run("sync", "flask==1.0", "--index-url", fake.url, "--into", "warehouse/", "--report", "page.html")
    assert (done.returncode, done.stdout.splitlines()[-1].split(",")[0]) == (0, "page.html: dependencies")
    assert fake.url in (tmp_path / "page.html").read_text()
    assert ">major behind<" in (tmp_path / "page.html").read_text()
    assert run("report", "warehouse", "--project", "flask").returncode == 0


@pytest.mark.parametrize("into", ["s3://bucket/pypi", "sqlite:///pypi.db"])
def test_sync_with_report_needs_a_file(fake: FakeIndex, run: Run, into: str) -> None:
    """``--report`` with another destination is an error before the first request."""
    done = run("sync", "flask", "--index-url", fake.url, "--into", into, "--report", "page.html")
    assert done.returncode == 1
    assert done.stderr == "error: --report needs a DuckDB file or a folder, such as --into pypi.duckdb\n"
    assert fake.requests == []


def test_open(loaded: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--open`` opens the page in the browser, by its URL."""
    browser = loaded / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {loaded}/opened\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    assert run("report", "--open").returncode == 0
    assert (loaded / "opened").read_text().strip() == (loaded / "report.html").as_uri()
