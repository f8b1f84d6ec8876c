"""destinations/views.py: which views a database gets, and what they say of a real sync."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from source_pypi.config import make_config
from source_pypi.destinations.views import comment_of, creatable
from source_pypi.queries import Query, views
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches
from tests.databases import rows
from tests.destinations.loading import into_duckdb, views_of_index
from tests.fake_index import FakeIndex, World
from tests.fake_index.model import Vulnerability

Connect = Callable[..., Index]
Load = Callable[..., list[str]]
NAMES = "select view_name from duckdb_views() where not internal order by all"
BY_NAME = {view.name: view for view in views()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database goes."""
    return tmp_path / "pypi.duckdb"


@pytest.fixture
def load(path: Path, fake: FakeIndex, connect: Connect) -> Load:
    """Load projects; return the warnings."""

    def load(*projects: str, streams: tuple[str, ...] = ("all",)) -> list[str]:
        config = make_config({"projects": projects})
        selection, chosen = select(config), choose_streams(streams)
        with into_duckdb(path, chosen, selection.requested) as database:
            for batch in batches(connect(fake), selection, chosen, config):
                database.add(batch)
            database.finish()
        return database.warnings

    return load


def execute(path: Path, *statements: str) -> None:
    """Execute statements, as a user would."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_view_says_what_it_answers(world: World, load: Load, path: Path) -> None:
    """The comment on a view says what a row is, what it answers, and which tables it needs."""
    world.add("flask")
    load("flask")
    comments = dict(rows(path, "select view_name, comment from duckdb_views() where not internal"))
    assert comments == {view.name: comment_of(view) for view in views_of_index()}
    assert comments["sole_maintainers"] == (
        "A row is a project of no organization in which only one user has a role. "
        "It answers: Which projects depend on one person? It needs: roles, projects."
    )


def test_view_appears_with_its_tables(world: World, load: Load, path: Path, fake: FakeIndex) -> None:
    """A view is created once all tables that it reads exist, also when they were loaded by different runs."""
    world.add("flask")
    load("flask", streams=("files",))
    assert rows(path, NAMES) == []
    fake.new_run()
    load("flask", streams=("versions",))
    names = ["latest_files", "outdated_pins", "release_cadence", "stale_projects", "wheel_coverage", "yanked_pins"]
    assert [name for (name,) in rows(path, NAMES)] == names


def test_views_that_can_be_created() -> None:
    """A view needs all its tables, and the views that it reads; one of the user's own stands in the way of both."""
    tables = {"pins", "attestations", "versions", "index_capabilities"}

    def found(**others: bool) -> set[str]:
        ours = dict.fromkeys(tables, True) | others
        return {view.name for view in creatable(ours.get)}

    assert found() == {"provenance_status", "unattested_pins", "release_cadence", "stale_projects"}
    assert found(stale_projects=True, pin_clauses=True) == found() | {"outdated_pins", "yanked_pins"}
    assert found(provenance_status=False) == {"release_cadence", "stale_projects"}
    assert found(versions=False) == set()


def test_views_of_earlier_releases_go(world: World, load: Load, path: Path) -> None:
    """The views of earlier releases that have other names now are dropped, even if they cannot be read any more."""
    world.add("flask")
    execute(
        path,
        "CREATE TABLE gone (x INTEGER)",
        "CREATE VIEW yanked_in_use AS SELECT x FROM gone",
        "COMMENT ON VIEW yanked_in_use IS 'A row is a yanked version that something pins.'",
        "CREATE VIEW sole_maintainer AS SELECT 1 AS mine",
        "DROP TABLE gone",
    )
    assert load("flask", streams=("versions",)) == []
    names = {name for (name,) in rows(path, NAMES)}
    assert "yanked_in_use" not in names
    assert rows(path, "select * from sole_maintainer") == [(1,)]


def test_table_without_a_column(world: World, load: Load, path: Path, fake: FakeIndex) -> None:
    """A table of another stream that lacks a column costs the views that read it, and nothing else."""
    world.add("flask")
    load("flask", streams=("versions", "dependencies"))
    execute(path, "ALTER TABLE dependencies DROP COLUMN marker")
    fake.new_run()
    assert load("flask", streams=("versions",)) == []
    assert "dependents" not in {name for (name,) in rows(path, NAMES)}
    assert rows(path, "select project, releases from release_cadence") == [("flask", 1)]
    fake.new_run()
    load("flask", streams=("versions", "dependencies"))
    assert rows(path, "select * from dependents") == []


def test_view_that_fails(monkeypatch: pytest.MonkeyPatch, world: World, load: Load, path: Path) -> None:
    """A view that the database refuses is a warning; the other views and the rows are there."""
    world.add("flask")
    broken = Query("broken", "Broken", "Does it work?", ("versions",), "SELECT nonsense(", "a failure")
    monkeypatch.setattr("source_pypi.destinations.views.views", lambda: (broken, BY_NAME["release_cadence"]))
    (warning,) = load("flask", streams=("versions",))
    assert warning.startswith("the view broken was not created: Parser Error")
    assert "\n" not in warning
    assert rows(path, "select project, releases from release_cadence") == [("flask", 1)]


def test_views_of_pins(world: World, load: Load, path: Path) -> None:
    """A sync of pins on an index finds the vulnerable, the yanked, the outdated and the missing ones."""
    world.add("click", releases=["8.0", "8.1", "8.2"])
    world.yank("click", "8.0", "broken")
    world.add("flask", releases=["1.0", "1.1", "2.0"])
    world.add_advisory("flask", "1.0", Vulnerability("PYSEC-1", fixed_in=("2.0", "1.1")))
    world.archive("click")
    assert load("click==v8.0", "flask<2,!=1.1", "nowhere==1") == []
    assert rows(path, "select project, version, yanked_reason, replacement, replacement_admitted from yanked_pins") == [
        ("click", "8.0", "broken", "8.1", False)
    ]
    assert rows(path, "select project, version, id, smallest_fix, fix_admitted from vulnerable_pins") == [
        ("flask", "1.0", "PYSEC-1", "1.1", False)
    ]
    outdated = "select project, version, latest_version, releases_behind, major_behind, latest_admitted"
    assert rows(path, f"{outdated} from outdated_pins order by project") == [
        ("click", "8.0", "8.2", 2, 0, False),
        ("flask", "1.0", "2.0", 2, 1, False),
    ]
    assert rows(path, "select project, specifier, status from missing_projects") == [("nowhere", "==1", "missing")]
    assert rows(path, "select project, version, status, reason from pin_statuses") == [
        ("click", "8.0", "archived", None)
    ]
