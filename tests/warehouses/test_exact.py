"""What is in a warehouse is what is on the index: after a first sync, after changes, with streams that come later."""

import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.destinations import open_destination
from source_pypi.destinations.tables import OLD_SELECTION
from source_pypi.errors import DestinationError
from source_pypi.selection import select
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.sync.run import Run
from tests.fake_index import FakeIndex, World, faults
from tests.model.changes import CHANGES, PROJECTS, Site
from tests.warehouses.places import Place, in_order
from tests.warehouses.syncing import ALL, asking, held, read, sync

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]
#: Every character that quoting, escaping or storing could lose; NUL, which databases do not hold, is tested apart.
ODD = "naïve \\ \\n \" ' ; -- %s :x {} $1 \u202e \U0001f40d \x07 \t end"


def lively(world: World) -> None:
    """Two projects with something in every stream."""
    world.add(
        "Flask",
        releases=["1.0", "2.0"],
        owner="alice",
        keywords="web, wsgi",
        summary=ODD,
        author="",
        requires_dist=["click>=8", 'six; python_version < "3"'],
        classifiers=["Typing :: Typed", "Topic :: Utilities"],
        project_urls={"Source": "https://code.example.com"},
    )
    world.add("click", releases=["7.0"], owner="bob", summary=" ")
    world.add_advisory("flask", "1.0", "PYSEC-1")


def test_first(place: Place, world: World, serve: Serve) -> None:
    """After a first sync every stream is a table with the very rows that a plain read gives, and all its columns."""
    lively(world)
    fake = serve()
    sync(place, fake, ["flask", "click"])
    fake.new_run()
    assert held(place) == read(fake, ["flask", "click"])
    assert {stream.name for stream in ALL} <= place.tables()


def test_nothing_changed(place: Place, world: World, serve: Serve) -> None:
    """Where nothing has changed a second sync asks on condition, gets no document, and writes no row that has state."""
    lively(world)
    streams = choose_streams(["projects", "versions", "files", "vulnerabilities", "roles"])
    fake = serve()
    assert sync(place, fake, ["flask", "click"], streams).rows["files"] == 6
    before = held(place, streams)
    fake.new_run()
    assert sync(place, fake, ["flask", "click"], streams).rows == {}
    assert [(request.path, request.status) for request in fake.requests] == [
        ("/pypi/flask/json", 304),
        ("/pypi/click/json", 304),
    ]
    assert held(place, streams) == before


def test_changes(place: Place, world: World, serve: Serve) -> None:
    """Uploads, yanks, deletions, roles, advisories, archiving: after each sync the tables are those of a first one."""
    lively(world)
    fake = serve()
    sync(place, fake, ["flask", "click"])
    world.upload("flask", "2.0", filename="flask-2.0-1-py3-none-any.whl")
    world.yank("flask", "1.0", "broken")
    world.add_advisory("click", "7.0", "PYSEC-2")
    fake.new_run()
    sync(place, fake, ["flask", "click"])
    fake.new_run()
    assert held(place) == read(fake, ["flask", "click"])
    world.delete_release("flask", "1.0")
    world.remove_role("flask", "alice")
    world.add_role("click", "alice")
    world.set_advisories("click", "7.0", [])
    world.archive("click")
    fake.new_run()
    sync(place, fake, ["flask", "click"])
    fake.new_run()
    assert held(place) == read(fake, ["flask", "click"])


def test_nothing_left(place: Place, world: World, serve: Serve) -> None:
    """A stream of which a project has no rows left loses them all, and so does a project that is gone."""
    lively(world)
    streams = choose_streams(["files", "roles", "vulnerabilities", "dependencies"])
    fake = serve()
    sync(place, fake, ["flask", "click"], streams)
    world.set_advisories("flask", "1.0", [])
    world.remove_role("flask", "alice")
    world.delete_project("click")
    fake.new_run()
    sync(place, fake, ["flask", "click"], streams)
    now = held(place, streams)
    assert (now["vulnerabilities"], now["roles"], {row["project"] for row in now["files"]}) == ([], [], {"flask"})
    assert {row["project"] for row in now["dependencies"]} == {"flask"}


def test_other_projects_stay(place: Place, world: World, serve: Serve) -> None:
    """What is not asked for stays as it is."""
    lively(world)
    fake = serve()
    streams = choose_streams(["files", "versions"])
    sync(place, fake, ["flask", "click"], streams)
    before = held(place, streams)
    world.delete_release("flask", "2.0")
    fake.new_run()
    sync(place, fake, ["click"], streams)
    assert held(place, streams) == before


def test_a_stream_later(place: Place, world: World, serve: Serve) -> None:
    """A stream and a project that come later are read from their beginning; the others keep their state."""
    lively(world)
    fake = serve()
    sync(place, fake, ["flask"], choose_streams(["files"]))
    fake.new_run()
    done = sync(place, fake, ["flask", "click"], choose_streams(["files", "versions"]))
    assert done.rows == {"files": 2, "versions": 3}
    fake.new_run()
    both = choose_streams(["files", "versions"])
    assert held(place, both) == read(fake, ["flask", "click"], both)


def test_gone_from_the_whole_index(place: Place, world: World, serve: Serve) -> None:
    """What the list has no more goes, also where an added stream never saw it; then the list spares most visits."""
    lively(world)
    versions, both = choose_streams(["versions"]), choose_streams(["versions", "roles"])
    fake = serve()
    sync(place, fake, [], versions, whole_index=True)
    world.delete_project("click")
    fake.new_run()
    sync(place, fake, [], both, whole_index=True)
    fake.new_run()
    assert held(place, both) == read(fake, ["flask"], both)
    fake.new_run()
    sync(place, fake, [], both, whole_index=True)
    assert [(request.path, request.status) for request in fake.requests] == [
        ("/simple/", 200),
        ("/pypi/flask/json", 304),
    ]


def test_a_failure_keeps_rows(place: Place, world: World, serve: Serve) -> None:
    """What could not be read keeps what was loaded before, and is read when it can be again."""
    lively(world)
    fake = serve()
    streams = choose_streams(["files", "stats"])
    sync(place, fake, ["flask", "click"], streams)
    before = held(place, streams)
    world.yank("flask", "1.0", "broken")
    fake.new_run()
    fake.fault("/pypi/flask/json", faults.forbidden())
    fake.fault("/stats/", faults.forbidden())
    sync(place, fake, ["flask", "click"], streams)
    assert held(place, streams) == before
    fake.new_run()
    sync(place, fake, ["flask", "click"], streams)
    fake.new_run()
    assert held(place, streams) == read(fake, ["flask", "click"], streams)


@pytest.mark.parametrize("seed", [1, 2])
def test_anything(place: Place, world: World, serve: Serve, seed: int) -> None:
    """Whatever happens to an index, in any order: after a sync the tables are those of a first one."""
    chance = random.Random(seed)
    site = Site(world)
    for name in PROJECTS:
        site.happen("create", name, chance.randrange(9))
    fake = serve()
    for _ in range(4):
        fake.new_run()
        sync(place, fake, PROJECTS)
        fake.new_run()
        assert held(place) == read(fake, PROJECTS)
        for _ in range(6):
            site.happen(chance.choice(list(CHANGES)), chance.choice(PROJECTS), chance.randrange(9))


def test_another_index(place: Place, world: World, serve: Serve) -> None:
    """Rows of another index are an error, and stay as they are."""
    lively(world)
    first, second = serve(), serve()
    sync(place, first, ["flask", "click"])
    before = held(place)
    world.delete_release("flask", "2.0")
    with pytest.raises(DestinationError, match=f"it holds rows of the index {first.url}, "):
        sync(place, second, ["flask", "click"])
    assert second.requests == []
    assert held(place) == before


def test_what_was_named(place: Place, world: World, serve: Serve) -> None:
    """What was named last, with its versions, is in ``pins``."""
    lively(world)
    streams = choose_streams(["files"])
    fake = serve()
    sync(place, fake, ["flask==1.0", "click"], streams)
    fake.new_run()
    sync(place, fake, ["flask==1.0"], streams)
    columns = ("position", "project", "specifier", "pinned_version", "extras", "line", "version", "not_read")
    (pin,) = [{name: row[name] for name in columns} for row in place.select("pins")]
    assert pin == {
        "position": 0,
        "project": "flask",
        "specifier": "==1.0",
        "pinned_version": "1.0",
        "extras": None,
        "line": None,
        "version": "1.0",
        "not_read": None,
    }
    (clause,) = place.select("pin_clauses")
    assert (clause["operator"], clause["clause_version"], clause["excluded"]) == ("==", "1.0", False)


def test_table_of_older_releases_is_dropped(place: Place, world: World, serve: Serve) -> None:
    """``_selection``, which older releases made, is dropped, and rows and state stay."""
    lively(world)
    streams = choose_streams(["files"])
    fake = serve()
    sync(place, fake, ["flask"], streams)
    with open_destination(place.into, streams, root=fake.url) as loader:
        loader._store.make([OLD_SELECTION])
        loader._run = replace(loader._run, tables=(*loader._run.tables, "_selection"))
        loader.finish()
    assert "_selection" in place.tables()
    fake.new_run()
    assert sync(place, fake, ["flask"], streams).warnings == []
    assert "_selection" not in place.tables()
    assert len(place.select("files")) == 4


def test_capabilities(place: Place, world: World, serve: Serve) -> None:
    """What the last run found on the index is in ``index_capabilities``, a row a stream."""
    lively(world)
    fake, streams = serve(poverty=True), choose_streams(["files", "stats"])
    config = make_config({"projects": ["flask"]})
    for _ in range(2):
        fake.new_run()
        with asking(fake) as index, open_destination(place.into, streams, root=index.root) as warehouse:
            for batch in Run(index, select(config), streams, config).batches(warehouse):
                warehouse.add(batch)
    rows = {row["stream"]: row for row in place.select("index_capabilities")}
    assert {name: row["available"] is None for name, row in rows.items()} == {
        stream.name: stream not in streams for stream in STREAMS
    }
    assert [bool(rows[name]["available"]) for name in ("files", "stats")] == [True, False]
    assert [row["checked_at"] is None for row in rows.values()] == [row["available"] is None for row in rows.values()]
    assert (rows["files"]["reason"], rows["stats"]["reason"]) == (
        None,
        f"this index offers no statistics ({fake.url}/stats/ answered 404)",
    )


def test_nul(place: Place, world: World, serve: Serve) -> None:
    """NUL, which many databases cannot hold, becomes U+FFFD there, nested or not; elsewhere it stays."""
    world.release("a", "1.0", info={"summary": "a\x00b", "project_urls": {"x": "\\\x00\x00"}})
    fake = serve()
    streams = choose_streams(["projects", "project"])
    sync(place, fake, ["a"], streams)
    nul = "\x00" if place.name == "parquet" else "\ufffd"
    (project,), (document,) = place.rows(streams[0]), place.rows(streams[1])
    assert project["summary"] == f"a{nul}b"
    assert document["info"]["project_urls"] == {"x": f"\\{nul}{nul}"}


def test_many_projects(place: Place, world: World, serve: Serve) -> None:
    """More projects than go into a load, and then fewer of them with changes."""
    names = [f"p{number}" for number in range(250)]
    for name in names:
        world.add(name)
    fake = serve()
    streams = choose_streams(["files", "versions"])
    sync(place, fake, names, streams)
    assert len(place.rows(streams[1])) == 500
    world.yank("p7", "1.0", None)
    fake.new_run()
    assert sync(place, fake, names, streams).rows == {"files": 2, "versions": 1}
    assert len(in_order(place.rows(streams[1]))) == 500
