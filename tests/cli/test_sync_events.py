"""cli/sync.py: the stream events, and its views."""

from pathlib import Path

from tests.cli import Run
from tests.databases import rows
from tests.fake_index import FakeIndex, World, faults


def test_a_quarantined_release_keeps_its_row(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """A quarantined release disappears from ``versions``; ``version_statuses`` still has it, with its status."""
    world.add("Flask", releases=["1.0", "2.0", "3.0"], owner="ann")
    world.add("other", releases=["1.0"])
    options = ("--index-url", fake.url, "--streams", "projects,versions,events")
    assert run("sync", "flask", *options).returncode == 0
    assert rows(tmp_path / "pypi.duckdb", "SELECT * FROM events") == []
    world.quarantine_release("flask", "2.0")
    world.yank("flask", "3.0")
    world.yank("other", "1.0")
    fake.new_run()
    again = run("sync", "flask", *options)
    assert (again.returncode, again.stderr) == (0, "")
    assert [one.path for one in fake.requests] == ["/pypi/flask/json", "/pypi", "/pypi"]
    file = tmp_path / "pypi.duckdb"
    assert rows(file, "SELECT version FROM versions ORDER BY 1") == [("1.0",), ("3.0",)]
    assert rows(file, "SELECT project, version, kind FROM events ORDER BY serial") == [
        ("flask", "2.0", "release_quarantined"),
        ("flask", "3.0", "yank_release"),
    ]
    statuses = "SELECT version, status, is_listed FROM version_statuses ORDER BY 1"
    assert rows(file, statuses) == [("1.0", "available", True), ("2.0", "quarantined", False), ("3.0", "yanked", True)]
    assert rows(file, "SELECT version, is_open FROM quarantines") == [("2.0", True)]


def test_only_events(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """A run of events alone needs no project, and requests nothing of the index but its journal."""
    world.add("Flask", owner="ann")
    done = run("sync", "--streams", "events", "--events-since", "0", "--index-url", fake.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert {one.path for one in fake.requests} == {"/pypi"}
    ((count,),) = rows(tmp_path / "pypi.duckdb", "SELECT count(*) FROM events")
    assert count == len(world.journal)


def test_a_journal_that_fails_costs_only_its_stream(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """If the index has no journal, the other streams are loaded, and one message says what is missing."""
    world.add("Flask")
    fake.fault("/pypi", faults.missing(), times=None)
    done = run("sync", "flask", "--streams", "projects,events", "--index-url", fake.url)
    assert done.returncode == 1
    assert done.stderr.count("offers no journal of events") == 1
    assert rows(tmp_path / "pypi.duckdb", "SELECT project FROM projects") == [("flask",)]


def test_whole_index_and_events_share_the_journal(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> None:
    """A second run of the whole index reads the journal, once for its stream and for the choice of projects."""
    for number in range(20):
        world.add(f"p{number}")
    options = ("--whole-index", "--streams", "projects,versions,events", "--index-url", fake.url)
    assert run("sync", *options).returncode == 0
    for number in (3, 4):
        world.project(f"p{number}").release("2.0", wheel=True)
    fake.new_run()
    again = run("sync", *options)
    assert (again.returncode, fake.repeated) == (0, [])
    assert again.stderr == "warning: 18 projects skipped: the index's journal shows no change\n"
    changed = [one.path for one in fake.requests if one.status == 200 and one.method == "GET"]
    assert sorted(changed) == ["/pypi/p3/json", "/pypi/p4/json"]
    assert "/simple/" not in {one.path for one in fake.requests}
    file = tmp_path / "pypi.duckdb"
    assert rows(file, "SELECT project, kind FROM events WHERE kind = 'new_release' ORDER BY serial") == [
        ("p3", "new_release"),
        ("p4", "new_release"),
    ]
    assert rows(file, "SELECT count(*) FROM versions") == [(22,)]
    fake.new_run()
    assert run("sync", *options).returncode == 0
    assert fake.repeated == []


def test_events_are_not_requested_unless_selected(world: World, fake: FakeIndex, run: Run) -> None:
    """Neither the default streams nor ``all`` request the journal."""
    world.add("Flask")
    assert run("sync", "flask", "--index-url", fake.url).returncode == 0
    fake.new_run()
    assert run("sync", "flask", "--streams", "all", "--into", "all.duckdb", "--index-url", fake.url).returncode == 0
    assert "/pypi" not in {one.path for one in fake.requests}
