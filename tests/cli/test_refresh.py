"""cli/refresh.py: sync without names refreshes what a destination contains."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.cli import Run, count_rows
from tests.fake_downloads import Downloads, FakePypistats
from tests.fake_index import FakeIndex, World

Serve = Callable[..., FakeIndex]


def pins_in(folder: Path, into: str) -> list[tuple[object, ...]]:
    """The requirements in a DuckDB file or a folder."""
    return rows_in(folder, into, "pins", "project, specifier, pinned_version, extras, file, line, version, not_read")


def rows_in(folder: Path, into: str, table: str, columns: str) -> list[tuple[object, ...]]:
    """The rows of a table in a DuckDB file or a folder, by position."""
    with duckdb.connect(str(folder / into) if into.endswith(".duckdb") else ":memory:") as connection:
        source = table if into.endswith(".duckdb") else f"'{folder / into}/{table}/*.parquet'"
        return connection.execute(f"select {columns} from {source} order by position").fetchall()


@pytest.mark.parametrize("into", ["pypi.duckdb", "warehouse/"])
def test_refresh(world: World, serve: Serve, run: Run, tmp_path: Path, into: str) -> None:
    """The index, the streams and the requirements are those of the last run; further projects are read, too.

    Lines without a name stay as well.
    """
    for name in ("flask", "click", "jinja2"):
        world.add(name, releases=["1.0", "2.0", "3.0"])
    fake = serve()
    (tmp_path / "r.txt").write_text("\nclick[x]<3\n./folder\n-e https://ann:secret@example.com/x.git\n")
    options = ("--into", into, "--requests-per-second", "0")
    first = run("sync", "jinja2", "--index-url", fake.url, "--streams", "versions,release", *options)
    assert (first.returncode, first.stderr) == (0, "")
    again = ("flask==1.0", "-r", "r.txt", "--index-url", fake.url, "--streams", "versions")
    assert run("sync", *again, *options).returncode == 0
    pins = pins_in(tmp_path, into)
    unnamed = rows_in(tmp_path, into, "unnamed_requirements", "requirement, reason")
    assert unnamed == [
        ("./folder", "r.txt:3: a path, not a project of an index"),
        ("https://example.com/x.git", "r.txt:4: editable, not a project of an index"),
    ]
    assert pins == [
        ("flask", "==1.0", "1.0", None, "command line", None, "1.0", None),
        ("click", "<3", None, ["x"], "r.txt", 2, "2.0", None),
    ]
    world.upload("jinja2", "4.0", filename="jinja2-4.0.tar.gz")
    fake.new_run()
    done = run("sync", *options)
    note = f"note: refreshing {into}: 3 projects, versions, release, from {fake.url}\n"
    assert (done.returncode, done.stderr) == (0, note)
    assert pins_in(tmp_path, into) == pins
    assert rows_in(tmp_path, into, "unnamed_requirements", "requirement, reason") == unnamed
    assert "versions          1          1          0         10\n" in done.stdout
    requested = {request.path for request in fake.requests}
    assert {"/pypi/flask/1.0/json", "/pypi/click/2.0/json", "/pypi/jinja2/json"} <= requested


@pytest.mark.parametrize("into", ["pypi.duckdb", "warehouse/"])
def test_refresh_of_services(world: World, serve: Serve, run: Run, into: str) -> None:
    """A destination that has streams of other services only is refreshed; events are those of the same index."""
    world.add("flask")
    fake, counts = serve(), Downloads(date(2026, 8, 2))
    counts.add("flask")
    options = ("--requests-per-second", "0")
    events = ("--streams", "events", "--events-since", "0", "--index-url", fake.url)
    with FakePypistats(counts) as site:
        source = ("--downloads-url", site.url)
        assert run("sync", "flask", "--streams", "downloads", *source, *options, "--into", into).returncode == 0
        done = run("sync", *source, *options, "--into", into)
        note = f"note: refreshing {into}: 1 project, downloads"
        read = "warning: downloads of 1 project skipped: they were read from pypistats today"
        assert (done.returncode, done.stderr) == (0, f"{note}\n{read}\n")
    assert len(site.asked) == 1
    assert run("sync", *events, *options, "--into", f"events-{into}").returncode == 0
    known = len(world.journal)
    world.yank("flask", "1.0")
    fake.new_run()
    done = run("sync", *options, "--into", f"events-{into}")
    assert (done.returncode, done.stderr) == (0, f"note: refreshing events-{into}: events, from {fake.url}\n")
    assert f"events 1 0 0 {known + 1}".split() in [line.split() for line in done.stdout.splitlines()]


def test_services_continue_when_an_index_is_added(world: World, serve: Serve, run: Run) -> None:
    """The first run that reads an index keeps the state of other services: no event is missed, no count read twice."""
    world.add("flask")
    fake, counts = serve(), Downloads(date(2026, 8, 2))
    counts.add("flask")
    with FakePypistats(counts) as site:
        options = ("--index-url", fake.url, "--downloads-url", site.url, "--requests-per-second", "0")
        assert run("sync", "flask", "--streams", "downloads", *options).returncode == 0
        assert run("sync", "flask", "--streams", "events", *options).returncode == 0
        world.yank("flask", "1.0")
        fake.new_run()
        done = run("sync", "flask", "--streams", "projects,events,downloads", *options)
    assert (done.returncode, len(site.asked)) == (0, 1)
    assert ["events", "1", "0", "0", "1"] in [line.split() for line in done.stdout.splitlines()]


def test_options_of_a_refresh(world: World, serve: Serve, run: Run, tmp_path: Path) -> None:
    """Streams and excluded projects come from options if given; the next refresh reads the excluded project again."""
    for name in ("flask", "click"):
        world.add(name)
    fake = serve()
    assert run("sync", "flask", "click", "--index-url", fake.url).returncode == 0
    world.upload("flask", "9.0", filename="flask-9.0.tar.gz")
    world.upload("click", "9.0", filename="click-9.0.tar.gz")
    fake.new_run()
    done = run("sync", "--streams", "versions", "--exclude", "cl*")
    assert done.stderr == f"note: refreshing pypi.duckdb: 1 project, versions, from {fake.url}\n"
    assert [request.path for request in fake.requests] == ["/pypi/flask/json"]
    assert [row[-1] for row in pins_in(tmp_path, "pypi.duckdb")] == [None, "the setting exclude leaves it out"]
    fake.new_run()
    assert run("sync").returncode == 0
    assert [row[-1] for row in pins_in(tmp_path, "pypi.duckdb")] == [None, None]
    assert count_rows(tmp_path / "pypi.duckdb", "versions") == 4


def test_projects_of_another_index_stay_unread(world: World, serve: Serve, run: Run, tmp_path: Path) -> None:
    """A project that the last run did not request, since its file names another index, is not requested either."""
    world.add("flask")
    world.add("secret-lib")
    fake = serve()
    (tmp_path / "uv.lock").write_text(
        f'[[package]]\nname = "flask"\nversion = "1.0"\nsource = {{ registry = "{fake.url}/simple" }}\n'
        '[[package]]\nname = "secret-lib"\nversion = "1.0"\nsource = { registry = "https://corp.example.com/simple" }\n'
    )
    assert run("sync", "-r", "uv.lock", "--index-url", fake.url).returncode == 0
    pins = pins_in(tmp_path, "pypi.duckdb")
    fake.new_run()
    done = run("sync")
    assert (done.returncode, done.stderr) == (
        0,
        f"note: refreshing pypi.duckdb: 1 project, projects, versions, files, from {fake.url}\n",
    )
    assert fake.counts == {"/pypi/flask/json": 1}
    assert pins_in(tmp_path, "pypi.duckdb") == pins


def test_dry_run_of_a_refresh(world: World, serve: Serve, run: Run) -> None:
    """A dry run says what would be refreshed, and requests nothing."""
    world.add("flask", releases=["1.0"])
    fake = serve()
    assert run("sync", "flask<2", "--index-url", fake.url).returncode == 0
    fake.new_run()
    done = run("sync", "--dry-run")
    assert done.stdout.splitlines()[:3] == [
        f"index: {fake.url}",
        "projects: 1: flask<2",
        "streams: projects, versions, files",
    ]
    assert fake.requests == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--into", "new.duckdb"], "new.duckdb does not exist"),
        (["--into", "new/"], "new/ does not exist"),
        (["--into", "empty/"], "empty/ holds nothing that source-pypi loaded"),
        (["--into", "other.duckdb"], "other.duckdb holds nothing that source-pypi loaded"),
        (
            ["--into", "other.duckdb", "--schema", "new"],
            "other.duckdb, schema new holds nothing that source-pypi loaded",
        ),
        (["--into", "sqlite:///new.db"], "sqlite:///new.db does not exist"),
    ],
)
def test_nothing_to_refresh(run: Run, tmp_path: Path, options: list[str], reason: str) -> None:
    """A destination that does not exist, or holds nothing of ours, is one error; nothing is created in it."""
    (tmp_path / "empty").mkdir()
    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        connection.execute("create table mine (x integer)")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run("sync", *options)
    names, file = "give names (flask requests)", "a file (-r requirements.txt)"
    advice = f"{names} or {file}, or refresh another destination (--into)"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: no projects named, and {reason}: {advice}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        schemas = connection.execute("select schema_name from duckdb_schemas() where schema_name = 'new'").fetchall()
    assert schemas == []


def test_misspelt_name(world: World, serve: Serve, run: Run, tmp_path: Path) -> None:
    """A name that the index did not have is requested again, but it is no error until it is named again."""
    world.add("flask")
    fake = serve()
    for name, code in (("flask", 0), ("flaskk", 1)):
        assert run("sync", name, "--index-url", fake.url).returncode == code
        fake.new_run()
    refresh = run("sync")
    warning = "warning: flaskk is not on the index: check the spelling"
    assert (refresh.returncode, refresh.stderr.splitlines()[1:]) == (0, [warning])
    fake.new_run()
    assert run("sync", "flask", "--index-url", fake.url).returncode == 0
    fake.new_run()
    note = f"note: refreshing pypi.duckdb: 1 project, projects, versions, files, from {fake.url}\n"
    assert run("sync").stderr == note
