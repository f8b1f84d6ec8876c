"""Unusual locales, homes, users, folders and streams: the same rows, or a one-line error."""

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
    """An empty folder that every user may write, unlike pytest's folders, and an index."""
    with tempfile.TemporaryDirectory(prefix="source-pypi-") as name, FakeIndex(odd_world()) as index:
        Path(name).chmod(0o777)
        yield Surroundings(Path(name), index)


def summaries(path: Path) -> list[str]:
    """Return the summaries in a database."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return [row for (row,) in connection.execute("SELECT summary FROM projects ORDER BY project DESC").fetchall()]


def loaded(here: Surroundings, name: str = "pypi.duckdb") -> bool:
    """Return whether the database has the projects."""
    return summaries(here.folder / name)[0] == SUMMARY


@pytest.mark.parametrize("locale", LOCALES)
def test_output_is_utf8_in_every_locale(here: Surroundings, locale: str) -> None:
    """In every locale, rows, files and messages are UTF-8; text that cannot be shown is no reason to fail."""
    variables = LOCALES[locale]
    assert SUMMARY in here.read(**variables)
    assert here.sync("--into", "größe.duckdb", **variables) == (0, "")
    assert loaded(here, "größe.duckdb")
    done = here.run("sync", "größe", "--index-url", here.index.url, **variables)
    assert done.returncode == 1
    assert b"cannot be a project" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("kind", ["unset", "missing", "read-only", "a file"])
def test_no_home_is_needed(here: Surroundings, kind: str) -> None:
    """Commands work if HOME is unset, missing, read-only or a file, and write nothing there."""
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


def test_user_without_a_name(here: Surroundings) -> None:
    """Commands work as a user id without a name, as in a container."""
    through = as_nobody()
    if not through:
        pytest.skip("only root can become somebody else")
    assert SUMMARY in here.read(through=through)
    assert here.sync(through=through) == (0, "")
    assert loaded(here)


@pytest.mark.parametrize("kind", ["missing", "read-only"])
def test_unusable_tmpdir(here: Surroundings, kind: str) -> None:
    """If TMPDIR is missing or read-only, Python's next choice is used."""
    folder = here.folder / "tmp"
    if kind == "read-only":
        folder.mkdir()
        folder.chmod(0o555)
    assert here.sync(TMPDIR=str(folder), through=as_nobody()) == (0, "")
    assert loaded(here)
    assert not folder.is_dir() or [*folder.iterdir()] == []


def test_read_only_folder(here: Surroundings) -> None:
    """In a read-only folder read works, and sync ends with a one-line error before the first request."""
    through = as_nobody()
    if not through:
        pytest.skip("root may write everywhere")
    here.config(), here.catalog()
    here.folder.chmod(0o555)
    assert SUMMARY in here.read(through=through)
    status, error = here.sync(through=through)
    here.folder.chmod(0o777)
    assert (status, error) == (1, "error: cannot write pypi.duckdb: no permission to write there\n")
    assert here.index.requests == []


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("command", ["sync", "spec"])
def test_closed_streams(here: Surroundings, number: int, command: str) -> None:
    """A closed standard stream has no effect, unless the output goes there: then it is a one-line error."""
    shell = ["sh", "-c", f'exec "$@" {number}{"<" if number == 0 else ">"}&-', "sh"]
    arguments = ["sync", "--config", here.config()] if command == "sync" else ["spec"]
    here.index.new_run()
    done = here.run(*arguments, through=shell)
    if command == "spec" and number == 1:
        error = b"error: standard output cannot be written: Bad file descriptor\n"
        assert (done.returncode, done.stderr) == (1, error)
    else:
        assert (done.returncode, done.stderr) == (0, b"")
    assert command == "spec" or loaded(here)


def test_file_size_limit(here: Surroundings) -> None:
    """A limit on file sizes is a one-line error; the next sync completes the database."""
    through = ["sh", "-c", 'ulimit -f 50; trap "" XFSZ; exec "$@"', "sh"]
    status, error = here.sync(through=through)
    assert status == 1
    assert error.startswith("error: cannot write ")
    assert error.count("\n") == 1
    assert here.sync()[0] == 0
    assert loaded(here)


def test_sync_leaves_only_its_database(here: Surroundings) -> None:
    """A sync leaves no file but its database, neither in HOME nor in the temporary folder."""
    for name in ("home", "tmp"):
        (here.folder / name).mkdir()
    assert here.sync(HOME=str(here.folder / "home"), TMPDIR=str(here.folder / "tmp")) == (0, "")
    assert [*(here.folder / "home").rglob("*"), *(here.folder / "tmp").rglob("*")] == []


def test_optimised_python(here: Surroundings) -> None:
    """With ``python -OO``, without assertions and docstrings, the commands give the same output."""
    plain = here.run("spec").stdout
    assert here.run("spec", PYTHONOPTIMIZE="2").stdout == plain
    assert here.sync(PYTHONOPTIMIZE="2") == (0, "")
    assert loaded(here)


def test_no_warning_in_development_mode(here: Surroundings) -> None:
    """Python's development mode reports no open file and no deprecated call."""
    assert here.sync(PYTHONDEVMODE="1") == (0, "")
    assert SUMMARY in here.read(PYTHONDEVMODE="1", PYTHONWARNDEFAULTENCODING="1")


def test_umask(here: Surroundings) -> None:
    """The umask sets the permissions of the database."""
    through = ["sh", "-c", 'umask 077; exec "$@"', "sh"]
    assert here.sync(through=through) == (0, "")
    assert stat.S_IMODE((here.folder / "pypi.duckdb").stat().st_mode) == 0o600
