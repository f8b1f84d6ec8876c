"""destinations/pins.py: the tables ``pins`` and ``pin_clauses``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.tables import OLD_SELECTION
from source_pypi.selection import Selection, select
from source_pypi.services.index.api import Index
from source_pypi.standards.clauses import clauses_of
from source_pypi.standards.versions import sort_key
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches
from tests.batches import batch_with
from tests.databases import rows
from tests.destinations.loading import NOW, OpenLoader, contents, into_duckdb, kill, state_file
from tests.fake_index import FakeIndex, World

Connect = Callable[..., Index]
STREAMS = ("versions", "vulnerabilities")


class Syncs:
    """Runs of ``sync`` into one store."""

    def __init__(self, open_loader: OpenLoader, folder: Path, fake: FakeIndex, connect: Connect) -> None:
        self.open_loader, self.folder, self.fake, self.connect = open_loader, folder, fake, connect
        self.at = NOW

    def __call__(self, *names: str, cut: int | None = None, files: tuple[Path, ...] = (), **settings: Any) -> None:
        """Load projects; with ``cut``, kill the run after this many batches, of which each was committed."""
        self.fake.new_run()
        self.at += 60
        config = make_config({"projects": names, **settings})
        selection, streams = select(config, files, by_command=len(names)), choose_streams(STREAMS)
        loader = self.open_loader(STREAMS, root=self.fake.url, now=self.at, requested=selection.requested)
        loader.__enter__()
        self._add(loader, selection, streams, config, cut)
        if cut is not None:
            kill(loader)
            return
        loader.finish()
        loader.__exit__(None, None, None)

    def _add(self, loader: Loader, selection: Selection, streams: Any, config: Any, cut: int | None) -> None:
        run = batches(self.connect(self.fake), selection, streams, config, loader, lambda: self.at)
        for number, batch in enumerate(run):
            if number == cut:
                return
            loader.add(batch)
            if cut is not None:
                loader.commit()

    def versions(self) -> list[tuple[Any, ...]]:
        """The requirements with their versions, in order."""
        return [row[1:] for row in contents(self.folder, "pins", "position, project, specifier, version")]

    def paths(self) -> list[str]:
        """What the last run requested, with the statuses."""
        return sorted(f"{one.path} {one.status}" for one in self.fake.requests)


@pytest.fixture
def sync(open_loader: OpenLoader, tmp_path: Path, fake: FakeIndex, connect: Connect) -> Syncs:
    """Run ``sync`` into a DuckDB file, and into a folder of Parquet."""
    return Syncs(open_loader, tmp_path, fake, connect)


def test_row_has_every_value_of_its_requirement(world: World, sync: Syncs, tmp_path: Path) -> None:
    """A row is a requirement, in the order in which they were given, with where it is from and what it selects."""
    world.add("flask", releases=["2.0", "2.1", "3.0"])
    world.add("click", releases=["8.0", "8.1.0"])
    file = tmp_path / "requirements.txt"
    file.write_text(
        "Flask[async,dotenv]~=2.0; python_version > '3'\n\nclick==8.1\nours @ https://example.com/x.whl\ngone\n"
    )
    other = tmp_path / "uv.lock"
    other.write_text(
        '[[package]]\nname = "theirs"\nversion = "1.0"\nsource = { registry = "https://packages.example.com/simple" }\n'
    )
    sync("flask", files=(file, other), exclude=["gone"])
    columns = "position, project, specifier, pinned_version, extras, marker, file, line, named_index, version, not_read"
    elsewhere = "its file has it from https://packages.example.com/simple, and this run reads the public index"
    assert contents(tmp_path, "pins", columns) == [
        (0, "flask", None, None, None, None, "command line", None, None, "3.0", None),
        (1, "flask", "~=2.0", None, ["async", "dotenv"], 'python_version > "3"', str(file), 1, None, "2.1", None),
        (2, "click", "==8.1", "8.1", None, None, str(file), 3, None, "8.1.0", None),
        (3, "gone", None, None, None, None, str(file), 5, None, None, "the setting exclude leaves it out"),
        (4, "ours", None, None, None, None, str(file), 4, None, None, "its file has it from a URL"),
        (
            5,
            "theirs",
            "==1.0",
            "1.0",
            None,
            None,
            str(other),
            1,
            "https://packages.example.com/simple",
            None,
            elsewhere,
        ),
    ]
    keys = contents(tmp_path, "pins", "position, sort_key")
    assert keys == [*enumerate(map(sort_key, ["3.0", "2.1", "8.1.0"])), (3, None), (4, None), (5, None)]


def test_clauses_are_rows(world: World, sync: Syncs, tmp_path: Path) -> None:
    """Each clause of a requirement is a row with its interval; of one that is no specifier, the pin is one."""
    world.add("flask", releases=["2.0"])
    file = tmp_path / "pyproject.toml"
    file.write_text('[tool.poetry.dependencies]\nflask = "2.0"\nclick = "^8"\n')
    sync("flask", "flask!=2.1.*,>=2", files=(file,), missing_projects="warn")
    columns = "position, clause, project, operator, clause_version, lower_sort_key, upper_sort_key, excluded"
    excluded, least, pin = (clauses_of(text)[0] for text in ("!=2.1.*", ">=2", "==2.0"))
    assert contents(tmp_path, "pin_clauses", columns) == [
        (1, 0, "flask", "!=", "2.1.*", excluded.lower, excluded.upper, True),
        (1, 1, "flask", ">=", "2", least.lower, None, False),
        (2, 0, "flask", "==", "2.0", pin.lower, pin.upper, False),
        (3, 0, "click", None, "^8", None, None, None),
    ]


def test_version_stays_if_nothing_changed(world: World, sync: Syncs) -> None:
    """If a project has not changed, its requirements keep the version that an earlier run found."""
    world.add("foo", releases=["1.0", "2.0"])
    for _ in range(2):
        sync("foo<2", "foo", "foo==1")
        assert sync.versions() == [("foo", "<2", "1.0"), ("foo", None, "2.0"), ("foo", "==1", "1.0")]
    assert sync.paths() == ["/pypi/foo/1.0/json 304", "/pypi/foo/json 304"]


def test_version_follows_the_index(world: World, sync: Syncs) -> None:
    """When the index has a new release that a requirement selects, its row has it."""
    world.add("foo", releases=["1.0", "2.0"])
    sync("foo<2", "foo")
    world.upload("foo", "1.1", filename="foo-1.1.tar.gz")
    world.upload("foo", "3.0", filename="foo-3.0.tar.gz")
    sync("foo<2", "foo")
    assert sync.versions() == [("foo", "<2", "1.1"), ("foo", None, "3.0")]


@pytest.mark.parametrize("name", ["foo", "foo==2.0", "foo<3"])
def test_requirement_without_known_version_reads_the_project(world: World, sync: Syncs, name: str) -> None:
    """A requirement that is new reads its project in full, although the project has not changed, and only once."""
    world.add("foo", releases=["1.0", "2.0"])
    world.add("bar")
    sync("foo", "bar")
    sync("bar")
    sync(name, "bar")
    assert [version for project, _, version in sync.versions() if project == "foo"] == ["2.0"]
    assert "/pypi/foo/json 200" in sync.paths()
    assert "/pypi/bar/json 304" in sync.paths()
    sync(name, "bar")
    assert "/pypi/foo/json 304" in sync.paths()
    assert [version for project, _, version in sync.versions() if project == "foo"] == ["2.0"]


def test_killed_run_leaves_versions_of_what_it_read(world: World, sync: Syncs) -> None:
    """A run that is killed leaves the version of each project that it read, and of the others what was known.

    The run that continues it skips what was read, keeps its versions, and finds the others.
    """
    for name in ("a", "b", "c"):
        world.add(name, releases=["1.0", "2.0"])
    sync("a<2", "b<2")
    for name in ("a", "b", "c"):
        world.upload(name, "1.1", filename=f"{name}-1.1.tar.gz")
    sync("a<2", "b<2", "c<2", cut=1)
    assert sync.versions() == [("a", "<2", "1.1"), ("b", "<2", "1.0"), ("c", "<2", None)]
    sync("a<2", "b<2", "c<2")
    assert sync.versions() == [("a", "<2", "1.1"), ("b", "<2", "1.1"), ("c", "<2", "1.1")]
    assert not any(path.startswith("/pypi/a/") for path in sync.paths())


def test_failed_project_keeps_its_version(world: World, sync: Syncs) -> None:
    """If a project, or the release that is selected now, cannot be read, its requirement keeps the version."""
    world.add("foo", releases=["1.0", "3.0"])
    world.add("bar", releases=["1.0", "3.0"])
    sync("foo<2", "bar<2")
    for name in ("foo", "bar"):
        world.upload(name, "1.1", filename=f"{name}-1.1.tar.gz")
    world.override("/pypi/foo/json", b"no JSON")
    world.override("/pypi/bar/1.1/json", b"no JSON")
    sync("foo<2", "bar<2")
    assert sync.versions() == [("foo", "<2", "1.0"), ("bar", "<2", "1.0")]
    assert contents(sync.folder, "vulnerabilities", "*") == []


def test_project_that_vanishes_has_no_version(world: World, sync: Syncs) -> None:
    """Requirements of a project that the index no longer has, or has quarantined, have no version any more."""
    for name in ("foo", "bar", "baz", "more"):
        world.add(name)
    sync("foo", "bar==1.0", "baz", "more")
    world.delete_project("foo")
    world.delete_project("bar")
    world.quarantine("baz")
    sync("foo", "bar==1.0", "baz", "more", accept_deletions=True)
    assert sync.versions() == [("foo", None, None), ("bar", "==1.0", None), ("baz", None, None), ("more", None, "1.0")]


def test_requirement_that_no_release_satisfies_has_no_version(world: World, sync: Syncs) -> None:
    """A pin or range that no release satisfies has no version."""
    world.add("foo", releases=["1.0"])
    sync("foo==9", "foo>=9", "foo==1.0.0")
    assert sync.versions() == [("foo", "==9", None), ("foo", ">=9", None), ("foo", "==1.0.0", "1.0")]


def test_rows_of_another_index_are_forgotten(world: World, sync: Syncs, serve: Callable[..., FakeIndex]) -> None:
    """When the rows of another index are replaced, its versions are forgotten."""
    world.add("foo", releases=["1.0"])
    sync("foo")
    requested = select(make_config({"projects": ["foo"]})).requested
    other = {"root": "http://other.test", "replace_index": True, "requested": requested}
    with sync.open_loader(STREAMS, now=sync.at, **other) as loader:
        assert loader.unresolved == {"foo"}
        loader.add(batch_with("foo", {"versions": [{"project": "foo", "version": "7"}]}))
    assert sync.versions() == [("foo", None, None)]


def test_table_of_older_releases_is_dropped(open_loader: OpenLoader, tmp_path: Path, world: World, sync: Syncs) -> None:
    """``_selection``, which older releases made, is dropped, with a view of it; rows and state stay."""
    world.add("foo", releases=["1.0"])
    sync("foo")
    with open_loader(STREAMS, root=sync.fake.url, now=sync.at) as loader:
        loader._store.make([OLD_SELECTION])
        loader._run = replace(loader._run, tables=(*loader._run.tables, "_selection"))
        loader.finish()
    if (tmp_path / "x.duckdb").exists():
        with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
            connection.execute("CREATE VIEW old AS SELECT project FROM _selection")
            connection.execute("COMMENT ON VIEW old IS 'A row is a project.'")
    sync("foo")
    assert sync.versions() == [("foo", None, "1.0")]
    assert contents(tmp_path, "versions", "version") == [("1.0",)]
    (recorded,) = rows(state_file(tmp_path), "SELECT tables FROM _run")
    assert "_selection" not in str(recorded)
    if (tmp_path / "x.duckdb").exists():
        query = "SELECT table_name FROM information_schema.tables WHERE table_name IN ('_selection', 'old')"
        assert rows(tmp_path / "x.duckdb", query) == []
    else:
        assert not (tmp_path / "x" / "_selection").exists()


def test_other_table_of_that_name_stays(tmp_path: Path) -> None:
    """A table ``_selection`` that is not ours stays."""
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE _selection AS SELECT 1 AS mine")
    with into_duckdb(path, choose_streams(["files"])):
        pass
    assert rows(path, "SELECT mine FROM _selection") == [(1,)]
