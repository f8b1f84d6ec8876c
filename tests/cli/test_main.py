"""cli/__init__.py: the group of commands, usage errors, and errors that no command handles."""

import subprocess
import sys
from pathlib import Path

from source_pypi import __version__
from tests.cli import Run


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


def test_standard_output_cannot_be_written(run: Run, tmp_path: Path) -> None:
    """If standard output cannot be written, one line says so."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "source_pypi", "spec"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: standard output cannot be written: No space left on device\n")


def test_help_lists_every_command(run: Run) -> None:
    """--help lists the commands in their order, sync first; an unknown command is an error."""
    done = run("--help")
    listed = done.stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == [
        *("sync", "report", "streams", "spec", "check", "discover", "read", "manifest"),
    ]
    done = run("nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'nope'" in done.stderr
