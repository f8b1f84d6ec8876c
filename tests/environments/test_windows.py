"""What Windows has and lacks, held against the code paths: drives in paths, modules and signals that are not there."""

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

#: What is taken away before the command runs, as on Windows.
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
    """A folder, and an index, where Python is without what Windows lacks."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    with FakeIndex(odd_world()) as index:
        yield Surroundings(tmp_path, index)


def test_without_what_windows_lacks(here: Surroundings) -> None:
    """Without POSIX's modules, signals and functions, the commands work."""
    path = str(here.folder)
    assert json.loads(here.run("spec", PYTHONPATH=path).stdout)["type"] == "SPEC"
    assert SUMMARY in here.read(PYTHONPATH=path)
    assert here.sync(PYTHONPATH=path) == (0, "")
    assert loaded(here)


def test_line_ends(here: Surroundings) -> None:
    """Messages end with a line feed alone, whatever the system makes of line ends: they are written as bytes."""
    assert b"\r" not in here.run("spec").stdout


@pytest.mark.parametrize(
    ("into", "taken"),
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
def test_a_drive_is_no_scheme(into: str, taken: bool) -> None:
    """A path with a drive is a DuckDB file, or with a slash behind it a folder; only an address is an address."""
    assert (is_folder(into) or is_database(into)) is taken
    if taken:
        kind = "sqlalchemy" if into.startswith("sqlite") else "folder"
        assert (parse_address(into).kind, parse_address(into).address, parse_address(into).secrets) == (kind, into, ())


@pytest.mark.parametrize("path", ["C:\\Users\\ann@home\\x.duckdb", "C:/Users/ann@home/x.duckdb", "D:\\a b\\c:d"])
def test_a_drive_is_no_address(path: str) -> None:
    """A path with a drive and an @ is shown as it is."""
    assert without_credentials(f"cannot write {path}: no") == f"cannot write {path}: no"


def test_text_is_utf8() -> None:
    """No file is opened as text without saying its encoding: Windows would take another one than UTF-8."""
    wrong = []
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                modes = [one.value for one in node.args if isinstance(one, ast.Constant)]
                said = any(keyword.arg == "encoding" for keyword in node.keywords)
                text = name in ("read_text", "write_text") or (
                    name in ("open", "NamedTemporaryFile") and any(mode in ("r", "w", "a", "x") for mode in modes)
                )
                if text and not said:
                    wrong.append(f"{file.name}:{node.lineno}")
    assert wrong == []
