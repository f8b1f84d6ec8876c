"""The code without what Windows lacks (modules, signals, functions), and with its paths and drives."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from source_pypi.destinations.address import is_database, is_folder, parse_address
from source_pypi.safety.redaction import without_credentials
from tests.connector import ROOT
from tests.environments.surroundings import SUMMARY, Surroundings, odd_world
from tests.environments.test_surroundings import loaded
from tests.fake_index import FakeIndex

#: Removes, before the command runs, what Windows does not have.
WITHOUT = """
import os, select, signal, sys
for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty", "syslog"):
    sys.modules[name] = None
for module, names in (
    (select, ["poll"]),
    (signal, ["SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "setitimer", "alarm"]),
    (os, ["chown", "fchmod", "fork", "getpgid", "getuid", "geteuid", "killpg", "setsid", "uname"]),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Surroundings]:
    """A folder with a Python that lacks what Windows lacks, and an index."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    with FakeIndex(odd_world()) as index:
        yield Surroundings(tmp_path, index)


def test_commands_work_without_posix_modules(here: Surroundings) -> None:
    """The commands work without the modules, signals and functions of POSIX."""
    path = str(here.folder)
    assert json.loads(here.run("spec", PYTHONPATH=path).stdout)["type"] == "SPEC"
    assert SUMMARY in here.read(PYTHONPATH=path)
    assert here.sync(PYTHONPATH=path) == (0, "")
    assert loaded(here)


def test_messages_end_with_line_feeds(here: Surroundings) -> None:
    """Messages are written as bytes and end with a line feed alone, on every system."""
    assert b"\r" not in here.run("spec").stdout


@pytest.mark.parametrize(
    ("into", "is_address"),
    [
        ("C:\\data\\pypi.duckdb", False),
        ("C:/data/pypi.duckdb", False),
        ("C://data/pypi.duckdb", False),
        ("c:pypi.duckdb", False),
        ("\\\\server\\share\\pypi.duckdb", False),
        ("data\\pypi.duckdb", False),
        ("C:\\data\\warehouse\\", True),
        ("C:/data/warehouse/", True),
        ("file:///C:/data/warehouse", True),
        ("sqlite:///C:\\data\\pypi.db", True),
    ],
)
def test_drive_is_not_a_url_scheme(into: str, is_address: bool) -> None:
    """A path with a drive is a DuckDB file, or a folder if it ends with a slash; only a URL is a URL."""
    assert (is_folder(into) or is_database(into)) is is_address
    if is_address:
        kind = "sqlalchemy" if into.startswith("sqlite") else "folder"
        assert (parse_address(into).kind, parse_address(into).address, parse_address(into).secrets) == (kind, into, ())


@pytest.mark.parametrize("path", ["C:\\Users\\ann@home\\x.duckdb", "C:/Users/ann@home/x.duckdb", "D:\\a b\\c:d"])
def test_drive_is_not_a_user_name(path: str) -> None:
    """A path with a drive and an @ is shown unchanged."""
    assert without_credentials(f"cannot write {path}: no") == f"cannot write {path}: no"


def test_text_files_have_an_explicit_encoding() -> None:
    """Every text file is opened with an explicit encoding, because the default of Windows is not UTF-8."""
    wrong = []
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                modes = [one.value for one in node.args if isinstance(one, ast.Constant)]
                explicit = any(keyword.arg == "encoding" for keyword in node.keywords)
                text = name in ("read_text", "write_text") or (
                    name in ("open", "NamedTemporaryFile") and any(mode in ("r", "w", "a", "x") for mode in modes)
                )
                if text and not explicit:
                    wrong.append(f"{file.name}:{node.lineno}")
    assert wrong == []
