"""cli/__init__.py: the group of commands, usage errors, and errors that no command handles."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from source_pypi import __version__
from source_pypi.cli import COMMANDS, cli
from tests.cli import Run
from tests.fake_index import FakeIndex, World


def test_version(run: Run) -> None:
    """--version prints the version."""
    assert run("--version").stdout == f"source-pypi, version {__version__}\n"


def test_missing_option(run: Run) -> None:
    """A missing option is an error on standard error, and status 2."""
    done = run("read", "--config", "config.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Missing option '--catalog'" in done.stderr


def test_spec_imports_little() -> None:
    """Spec imports neither HTTP nor a database nor any stream."""
    code = (
        "import sys; from source_pypi.cli import airbyte, cli; airbyte._write = len; "
        "cli(['spec'], standalone_mode=False); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {
        "urllib3",
        "duckdb",
        "rich",
        "distlib",
        "packaging",
        "http.client",
        "source_pypi.services.index.documents",
        "source_pypi.streams.stream",
        "concurrent.futures",
    }
    assert heavy & set(loaded) == set()


def test_help_imports_little() -> None:
    """The help, which asks each command for its summary, imports none of what the commands import when they run."""
    code = "import sys; from source_pypi.cli import cli; cli(['--help'], standalone_mode=False); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(printed.splitlines()[-1].split())
    assert {name for name in loaded if name.startswith("source_pypi.cli.")} >= {
        f"source_pypi.cli.{module}" for module in COMMANDS.values()
    }
    heavy = {"msgspec", "packaging", "difflib", "tempfile", "source_pypi.audit.rules", "source_pypi.config"}
    assert heavy & loaded == set()


def test_standard_output_cannot_be_written(run: Run, tmp_path: Path) -> None:
    """If standard output cannot be written, one line says so."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "source_pypi", "spec"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: standard output cannot be written: No space left on device\n")


def test_help_lists_every_command(run: Run) -> None:
    """--help lists every command once, in sections; examples follow."""
    done = run("--help")
    sections = done.stdout.partition("Load:\n")[2].partition("  Examples:")[0].rstrip().split("\n\n")
    listed = [line.split()[0] for section in sections for line in section.splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted(cli.list_commands(click.Context(cli)))
    assert listed[0] == "sync"
    assert [section.splitlines()[0] for section in sections[1:] if section.strip()] == ["Look:", "Airbyte:"]
    assert "  source-pypi sync flask requests " in done.stdout


def test_examples_have_lines_of_their_own() -> None:
    """The examples in a command's help are not filled into a paragraph."""
    texts = {name: CliRunner().invoke(cli, [name, "--help"]).output for name in COMMANDS}
    assert [name for name, text in texts.items() if "\\b" in text or "Examples:   " in text] == []
    assert "\n    source-pypi sync --into deps.duckdb\n" in texts["sync"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nope"], "error: No such command 'nope'. (see source-pypi --help)\n"),
        (["snyc"], "error: No such command 'snyc'. Did you mean 'sync'? (see source-pypi --help)\n"),
        (["sync", "--nope\x1b[31m"], "error: No such option '--nope\\x1b[31m'. (see source-pypi sync --help)\n"),
        (["check"], "error: Missing option '--config'. (see source-pypi check --help)\n"),
    ],
)
def test_usage_errors(run: Run, arguments: list[str], line: str) -> None:
    """A usage error is one line that names the help, with status 2; what was typed is escaped."""
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_output_in_another_encoding(world: World, fake: FakeIndex, run: Run) -> None:
    """Characters that the encoding of the output lacks are escaped."""
    world.add("flask")
    done = run("sync", "flask", "--index-url", fake.url, "--into", "日本.duckdb", PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stderr) == (0, "")
    assert "destination: \\u65e5\\u672c.duckdb\n" in done.stdout
