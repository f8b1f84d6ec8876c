"""destinations/loader.py: rows and state are collected, and committed together, whatever the store."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.errors import DestinationError, UnavailableError
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.sync.batch import Capability, Change
from tests.batches import SEEN, SEEN_AT, batch_with
from tests.databases import rows
from tests.destinations.loading import (
    BAR,
    FOO,
    OTHER,
    ROOT,
    STATE,
    OpenLoader,
    contents,
    fill,
    into_duckdb,
    into_folder,
    kill,
    run,
    stored,
)
from tests.fake_index import FakeIndex, World

Connect = Callable[..., Index]
OTHER_ROOT = "http://other.test"


def test_index_is_replaced_once_it_has_answered(open_loader: OpenLoader, tmp_path: Path) -> None:
    """Rows and state of the other index are deleted with the first commit after a response; a 404 is none."""
    with open_loader() as loader:
        loader.add(batch_with("foo", FOO))
    before = stored(tmp_path)
    outage = UnavailableError(OTHER_ROOT, 503, 7, 60.0, None)
    with open_loader(("files",), root=OTHER_ROOT, replace_index=True) as loader:
        assert loader.load(["foo"]) == {}
        assert list(loader.summaries({"files": b"term"})) == []
        loader.add(replace(batch_with("nope", {"files": []}), missing=True))
        loader.add(batch_with("bar", failures={"files": outage}))
        loader.commit()
    assert stored(tmp_path) == before
    with open_loader(("files",), root=OTHER_ROOT, replace_index=True) as loader:
        (warning,) = loader.warnings
        loader.add(batch_with("bar", BAR))
        loader.finish()
    assert f" holds rows of {ROOT}: they are deleted once {OTHER_ROOT} has answered" in warning
    assert stored(tmp_path) == [("files", "bar"), ("index", OTHER_ROOT), ("state", "bar")]
    assert contents(tmp_path, "versions", "*") == []


@pytest.mark.parametrize(("store", "seconds"), [("duckdb", 5), ("parquet", 60)])
def test_commit_by_time(tmp_path: Path, store: str, seconds: int) -> None:
    """Few projects are committed as well once 5 seconds have passed since the last commit; in a folder, 60."""
    clock = [100.0]
    make = into_duckdb if store == "duckdb" else into_folder
    path = tmp_path / ("x.duckdb" if store == "duckdb" else "x")
    loader = make(path, choose_streams(["files"]), root=ROOT, clock=lambda: clock[0]).__enter__()
    for number in range(4):
        clock[0] += seconds / 2
        loader.add(batch_with(f"p{number}", {"files": [{"project": f"p{number}", "filename": f"{number}.whl"}]}))
    clock[0] += seconds / 2 - 0.1
    loader.add(batch_with("late", {"files": []}))
    kill(loader)
    assert stored(tmp_path) == [
        *(("files", f"p{number}") for number in range(4)),
        ("index", ROOT),
        *(("state", f"p{number}") for number in range(4)),
    ]


def test_killed_run_writes_nothing_further(open_loader: OpenLoader, tmp_path: Path) -> None:
    """What was added and not committed is lost with the process, rows and state alike."""
    fill(open_loader())
    loader = open_loader().__enter__()
    loader.add(batch_with("foo", {"files": [{"project": "foo", "filename": "foo.whl"}]}))
    kill(loader)
    with open_loader() as loader:
        assert loader.load(["foo"]) == {"foo": {"files": STATE, "versions": OTHER}}


def test_second_sync_changes_nothing(
    open_loader: OpenLoader, tmp_path: Path, world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """A second sync of an unchanged index makes conditional requests, and leaves every row with its time."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click")
    fake = serve()
    index = connect(fake)
    run(open_loader(root=index.root), index, ["flask", "click"])
    first = contents(tmp_path, "files", "*")
    fake.new_run()
    run(open_loader(root=index.root), index, ["click", "flask"])
    assert contents(tmp_path, "files", "*") == first
    assert [request.status for request in fake.requests] == [304, 304]


def test_changed_rows_are_replaced_by_project(
    open_loader: OpenLoader, tmp_path: Path, world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """Changed rows are replaced, deleted ones deleted, also a project's last row; other projects stay."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click", releases=["7.0"])
    fake = serve()
    index = connect(fake)
    run(open_loader(root=index.root), index, ["flask", "click"])
    world.delete_release("flask", "1.0")
    for file in list(world.projects["flask"].releases["2.0"].files.values()):
        world.delete_file(file.filename)
    fake.new_run()
    run(open_loader(root=index.root), index, ["flask"])
    assert contents(tmp_path, "versions", "project, version, file_count") == [("click", "7.0", 2), ("flask", "2.0", 0)]
    assert contents(tmp_path, "files", "DISTINCT project") == [("click",)]


def test_failed_stream_keeps_its_rows(open_loader: OpenLoader, tmp_path: Path) -> None:
    """A stream that could not be read keeps the rows and the state that it had."""
    names = ("files", "versions", "stats")
    outage = UnavailableError("http://index.test", 503, 7, 60.0, None)
    stats = {"stats": [{"top_packages": {}, "total_packages_size": 7}]}
    row = {"files": [{"project": "foo", "filename": "foo.whl"}], "versions": [{"project": "foo", "version": "1"}]}
    with open_loader(names) as loader:
        loader.add(batch_with("foo", row))
        loader.add(batch_with(None, stats))
    with open_loader(names) as loader:
        loader.add(batch_with("foo", {"files": []}, failures={"versions": outage}))
        loader.add(batch_with(None, failures={"stats": outage}))
    assert contents(tmp_path, "files", "*") == []
    assert contents(tmp_path, "versions", "project, version") == [("foo", "1")]
    assert contents(tmp_path, "stats", "total_packages_size") == [(7,)]


def test_unchanged_partitions_stay(open_loader: OpenLoader, tmp_path: Path) -> None:
    """Rows of unchanged partitions stay, those of the others are replaced."""
    before = [{"project": "foo", "version": version, "info": {"summary": "old"}} for version in ("1", "2")]
    with open_loader(("release",)) as loader:
        loader.add(batch_with("foo", {"release": before}))
        new = {"project": "foo", "version": "2", "info": {"summary": "new"}}
        loader.add(batch_with("foo", {"release": [new]}, kept={"release": ("1",)}))
    assert contents(tmp_path, "release", "version, info ->> 'summary'") == [("1", "old"), ("2", "new")]


def test_project_that_comes_twice_is_replaced(open_loader: OpenLoader, tmp_path: Path) -> None:
    """A project that comes again before a commit leaves the rows of its last batch only."""
    with open_loader() as loader:
        for version in ("1", "2"):
            loader.add(batch_with("foo", {"versions": [{"project": "foo", "version": version}]}))
    assert contents(tmp_path, "versions", "version") == [("2",)]


def test_error_under_way_does_not_prevent_the_commit(open_loader: OpenLoader, tmp_path: Path) -> None:
    """What was added before an error is committed."""
    with suppress(ZeroDivisionError), open_loader() as loader:
        loader.add(batch_with("foo", {"versions": [{"project": "foo", "version": "1"}]}))
        raise ZeroDivisionError
    assert contents(tmp_path, "versions", "version") == [("1",)]


def test_capabilities_of_the_last_run_are_stored(open_loader: OpenLoader, tmp_path: Path) -> None:
    """``index_capabilities`` has what the last run found; a run that is killed before its end changes nothing."""
    found = (
        Capability("files", available=True, checked_at=SEEN_AT),
        Capability("roles", available=False, reason="none"),
    )
    for capabilities in ((Capability("urls", reason="not selected"),), found, ()):
        with open_loader() as loader:
            loader.add(batch_with("foo", {"versions": [{"project": "foo", "version": "1"}]}))
            if capabilities:
                loader.add(batch_with(None, capabilities=capabilities))
    columns = "stream, available, reason, checked_at = '2026-11-22 07:29:37+00'"
    assert contents(tmp_path, "index_capabilities", columns) == [
        ("files", True, None, True),
        ("roles", False, "none", None),
    ]


def test_refused_rows_do_not_stop_the_capabilities(open_loader: OpenLoader, tmp_path: Path) -> None:
    """If the destination refuses the rows of a project, what the run found on the index is stored."""
    with open_loader(("files",)) as loader:
        loader.add(batch_with("bad", {"files": [{"project": "bad", "size": "no number"}]}))
        loader.add(batch_with("foo", {"files": [{"project": "foo", "filename": "foo.whl"}]}))
        loader.add(batch_with(None, capabilities=(Capability("files", available=True, checked_at=SEEN_AT),)))
    assert contents(tmp_path, "index_capabilities", "stream, available") == [("files", True)]


def test_last_requirements_are_stored(open_loader: OpenLoader, tmp_path: Path) -> None:
    """``pins`` has the requirements of the last sync, a row each, in their order."""
    for names in (["old"], ["b==1.0", "a", "b>=2"]):
        with open_loader(requested=select(make_config({"projects": names})).requested):
            pass
    assert contents(tmp_path, "pins", "position, project, specifier, pinned_version") == [
        (0, "b", "==1.0", "1.0"),
        (1, "a", None, None),
        (2, "b", ">=2", None),
    ]


def test_projects_are_committed_by_two_hundred(tmp_path: Path) -> None:
    """A commit to DuckDB has two hundred projects; a run that is killed leaves what was committed, whole."""
    loader = into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"]), clock=lambda: 0.0).__enter__()
    for number in range(220):
        name = f"p{number}"
        rows_of_project = [{"project": name, "filename": f"{name}-{file}.whl"} for file in range(2)]
        loader.add(batch_with(name, {"files": rows_of_project}))
    kill(loader)
    assert rows(tmp_path / "x.duckdb", "SELECT count(DISTINCT project), count(*) FROM files") == [(200, 400)]


def test_unchanged_projects_are_committed_by_five_hundred(tmp_path: Path) -> None:
    """Projects without new rows are committed by the five hundred, and with those that have some."""
    loader = into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"]), clock=lambda: 0.0).__enter__()
    for number in range(520):
        loader.add(batch_with(f"p{number}", changes={"files": Change(SEEN)}))
    for number in range(180):
        loader.add(batch_with(f"q{number}", {"files": []}))
    kill(loader)
    counts = rows(tmp_path / "x.duckdb", "SELECT left(project, 1), count(*) FROM _state GROUP BY 1 ORDER BY 1")
    assert counts == [("p", 520), ("q", 180)]


def test_full_disk_is_one_error(tmp_path: Path) -> None:
    """Where rows cannot be staged, the error names the temporary folder, and none of them is loaded."""
    loader = into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"])).__enter__()
    loader._staged["files"]._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    with pytest.raises(DestinationError, match=r"temporary folder .*: No space left on device") as caught:
        loader.add(batch_with("a", {"files": [{"project": "a", "filename": "a.whl"}]}))
    loader.__exit__(DestinationError, caught.value, None)
    assert rows(tmp_path / "x.duckdb", "SELECT count(*) FROM files") == [(0,)]
