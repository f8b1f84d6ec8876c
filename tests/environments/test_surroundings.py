"""Locales, homes, users, folders and streams that are not what one expects: the same rows, or one clear line."""

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.environments.surroundings import SUMMARY, Surroundings, as_nobody, odd_world
from tests.fake_index import FakeIndex

LOCALES = {
    "C": {"LC_ALL": "C"},
    "C.UTF-8": {"LC_ALL": "C.UTF-8"},
    "POSIX, without UTF-8": {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "a locale that is not there": {"LC_ALL": "xx_XX.ISO-8859-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "none": {},
}


@pytest.fixture
def here() -> Iterator[Surroundings]:
    """An empty folder that everybody may write, and an index. It is none of pytest's, which are shut to other users."""
    with tempfile.TemporaryDirectory(prefix="source-pypi-") as name, FakeIndex(odd_world()) as index:
        Path(name).chmod(0o777)
        yield Surroundings(Path(name), index)


def summaries(path: Path) -> list[str]:
    """The summaries in a database."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return [row for (row,) in connection.execute("SELECT summary FROM projects ORDER BY project DESC").fetchall()]


def loaded(here: Surroundings, name: str = "pypi.duckdb") -> bool:
    """Whether everything is in the database."""
    return summaries(here.folder / name)[0] == SUMMARY


@pytest.mark.parametrize("locale", LOCALES)
def test_locales(here: Surroundings, locale: str) -> None:
    """Whatever the locale: rows, files and messages are UTF-8, and what cannot be shown is no reason to fail."""
    variables = LOCALES[locale]
    assert SUMMARY in here.read(**variables)
    assert here.sync("--into", "größe.duckdb", **variables) == (0, "")
    assert loaded(here, "größe.duckdb")
    done = here.run("sync", "größe", "--index-url", here.index.url, **variables)
    assert done.returncode == 1
    assert b"cannot be a project" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("kind", ["unset", "missing", "read-only", "a file"])
def test_homes(here: Surroundings, kind: str) -> None:
    """No home is needed: neither none, nor one that is not there or cannot be written."""
    home = here.folder / "home"
    if kind == "a file":
        home.touch()
    elif kind == "read-only":
        home.mkdir()
        home.chmod(0o555)
    given = None if kind == "unset" else str(home)
    assert SUMMARY in here.read(through=as_nobody(), HOME=given)
    assert here.sync(HOME=given, through=as_nobody()) == (0, "")
    assert loaded(here)
    assert not home.is_dir() or [*home.iterdir()] == []


def test_a_user_without_a_name(here: Surroundings) -> None:
    """As a user that the system does not know, as in a container, everything works."""
    through = as_nobody()
    if not through:
        pytest.skip("only root can become somebody else")
    assert SUMMARY in here.read(through=through)
    assert here.sync(through=through) == (0, "")
    assert loaded(here)


@pytest.mark.parametrize("kind", ["missing", "read-only"])
def test_temporary_folders(here: Surroundings, kind: str) -> None:
    """Where TMPDIR is no folder that can be written, another one is taken, as Python does."""
    folder = here.folder / "tmp"
    if kind == "read-only":
        folder.mkdir()
        folder.chmod(0o555)
    assert here.sync(TMPDIR=str(folder), through=as_nobody()) == (0, "")
    assert loaded(here)
    assert not folder.is_dir() or [*folder.iterdir()] == []


def test_a_folder_that_cannot_be_written(here: Surroundings) -> None:
    """In a folder that cannot be written a read works, and a sync says in one line why it cannot make its database."""
    through = as_nobody()
    if not through:
        pytest.skip("root may write everywhere")
    here.config(), here.catalog()
    here.folder.chmod(0o555)
    assert SUMMARY in here.read(through=through)
    status, said = here.sync(through=through)
    here.folder.chmod(0o777)
    assert (status, said) == (1, "error: cannot write pypi.duckdb: no permission to write there\n")
    assert here.index.requests == []


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("command", ["sync", "spec"])
def test_closed_streams(here: Surroundings, number: int, command: str) -> None:
    """A closed standard stream is no harm, but where it is the way out: then that is one line."""
    shell = ["sh", "-c", f'exec "$@" {number}{"<" if number == 0 else ">"}&-', "sh"]
    arguments = ["sync", "--config", here.config()] if command == "sync" else ["spec"]
    here.index.new_run()
    done = here.run(*arguments, through=shell)
    if command == "spec" and number == 1:
        told = b"error: standard output cannot be written: Bad file descriptor\n"
        assert (done.returncode, done.stderr) == (1, told)
    else:
        assert (done.returncode, done.stderr) == (0, b"")
    assert command == "spec" or loaded(here)


def test_no_room_in_files(here: Surroundings) -> None:
    """Where a file may not grow any further, that is one line, and the database is whole."""
    through = ["sh", "-c", 'ulimit -f 50; trap "" XFSZ; exec "$@"', "sh"]
    status, said = here.sync(through=through)
    assert status == 1
    assert said.startswith("error: cannot write ")
    assert said.count("\n") == 1
    assert here.sync()[0] == 0
    assert loaded(here)


def test_nothing_is_left(here: Surroundings) -> None:
    """A sync leaves its database and nothing else, neither at home nor in the temporary folder."""
    for name in ("home", "tmp"):
        (here.folder / name).mkdir()
    assert here.sync(HOME=str(here.folder / "home"), TMPDIR=str(here.folder / "tmp")) == (0, "")
    assert [*(here.folder / "home").rglob("*"), *(here.folder / "tmp").rglob("*")] == []


def test_optimised(here: Surroundings) -> None:
    """Under ``python -OO``, without assertions and docstrings, the commands are the same."""
    plain = here.run("spec").stdout
    assert here.run("spec", PYTHONOPTIMIZE="2").stdout == plain
    assert here.sync(PYTHONOPTIMIZE="2") == (0, "")
    assert loaded(here)


def test_nothing_to_warn_of(here: Surroundings) -> None:
    """Python's development mode, which tells of files left open and of what is deprecated, has nothing to tell."""
    assert here.sync(PYTHONDEVMODE="1") == (0, "")
    assert SUMMARY in here.read(PYTHONDEVMODE="1", PYTHONWARNDEFAULTENCODING="1")


def test_umask(here: Surroundings) -> None:
    """A database has the access that the user's mask gives it."""
    through = ["sh", "-c", 'umask 077; exec "$@"', "sh"]
    assert here.sync(through=through) == (0, "")
    assert stat.S_IMODE((here.folder / "pypi.duckdb").stat().st_mode) == 0o600
