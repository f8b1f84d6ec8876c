"""sync.py: one visit feeds every stream."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from source_pypi.batch import Batch
from source_pypi.config import make_config
from source_pypi.errors import (
    DocumentError,
    NotOfferedError,
    RefusedError,
    StoppedError,
    UnavailableError,
    UnknownReleaseError,
    UnreachableError,
)
from source_pypi.index import Index
from source_pypi.selection import select
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync import batches
from tests.fake_index import FakeIndex, World, faults

Connect = Callable[..., Index]
ALL = choose_streams(["projects", "versions", "files", "project", "release", "stats"])


def read(index: Index, asked: Sequence[str], streams: Sequence[Stream], **settings: Any) -> Iterator[Batch]:
    """Batches of the projects that a user names."""
    config = make_config({"projects": list(asked), **settings})
    return batches(index, select(config), streams, config)


def streams(*names: str) -> tuple[Stream, ...]:
    """Streams by name."""
    return choose_streams(names)


def counts(batch: Batch) -> dict[str, int]:
    """Rows by stream."""
    return {name: len(rows) for name, rows in batch.rows.items()}


def releases_in(batch: Batch) -> list[str]:
    """The versions that the stream release has rows of."""
    return [row["version"] for row in batch.rows["release"] if isinstance(row, dict)]


def test_one_request_a_project(world: World, fake: FakeIndex, connect: Connect) -> None:
    """All streams of two projects take one request a project, and one for the index."""
    world.add("Flask", releases=["1.0", "2.0"])
    world.add("requests", releases=["3.0"])
    given = list(read(connect(fake), ["Flask", "requests"], ALL))
    assert [(batch.project, counts(batch)) for batch in given] == [
        ("flask", {"projects": 1, "versions": 2, "files": 4, "project": 1, "release": 1}),
        ("requests", {"projects": 1, "versions": 1, "files": 2, "project": 1, "release": 1}),
        (None, {"stats": 1}),
    ]
    assert fake.counts == {"/pypi/flask/json": 1, "/pypi/requests/json": 1, "/stats/": 1}


def test_only_what_is_read_is_asked_for(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Projects are not asked for where no stream reads them, nor the index where none reads it."""
    world.add("flask")
    list(read(connect(fake), ["flask"], streams("stats")))
    assert fake.counts == {"/stats/": 1}
    fake.new_run()
    list(read(connect(fake), ["flask"], streams("files")))
    assert fake.counts == {"/pypi/flask/json": 1}


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_rows_do_not_depend_on_the_other_streams(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, stream: Stream
) -> None:
    """What a stream's rows hold is the same whether it is read alone or with all others."""
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve()
    alone = [batch.rows for batch in read(connect(fake), ["flask"], [stream])]
    fake.new_run()
    together = [batch.rows for batch in read(connect(fake), ["flask"], ALL)]
    encoded = [str(rows[stream.name]) for rows in alone if stream.name in rows]
    assert len(encoded) == 1
    if stream.default:
        assert encoded == [str(rows[stream.name]) for rows in together if stream.name in rows]


def test_missing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that the index does not have is said to be missing, and the others are read."""
    world.add("flask")
    given = list(read(connect(fake), ["nope", "flask"], streams("files")))
    assert given[0] == Batch("nope", given[0].seen_at, given[0].changes, missing=True, known=2)
    assert counts(given[0]) == {"files": 0}
    assert counts(given[1]) == {"files": 2}


def test_pinned(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin reads that release's document, in the index's spelling, and not the latest one."""
    world.add("flask", releases=["1.0", "2.0"])
    (batch,) = read(connect(fake), ["flask==1.0.0"], streams("release"))
    assert releases_in(batch) == ["1.0"]
    assert fake.counts == {"/pypi/flask/json": 1, "/pypi/flask/1.0/json": 1}


def test_pinned_to_the_latest(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin to the latest version, in any spelling, needs no further request; asked twice, it is one row."""
    world.add("flask", releases=["1.0", "2.0"])
    (batch,) = read(connect(fake), ["flask==2.0.0", "flask==2", "flask"], streams("release"))
    assert releases_in(batch) == ["2.0"]
    assert fake.counts == {"/pypi/flask/json": 1}


def test_all_releases(world: World, fake: FakeIndex, connect: Connect) -> None:
    """All releases take one request each, but for the latest; a pinned project counts as its pin."""
    world.add("flask", releases=["1.0", "2.0", "3.0"])
    world.add("click", releases=["7.0", "8.0"])
    given = read(connect(fake), ["flask", "click==7.0"], streams("release"), releases="all")
    assert [releases_in(batch) for batch in given] == [["3.0", "1.0", "2.0"], ["7.0"]]
    assert fake.counts == {
        "/pypi/flask/json": 1,
        "/pypi/flask/1.0/json": 1,
        "/pypi/flask/2.0/json": 1,
        "/pypi/click/json": 1,
        "/pypi/click/7.0/json": 1,
    }


def test_pinned_release_missing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin that the index does not have is a complaint that names both; the rest of the project is read."""
    world.add("flask", releases=["1.0"])
    (batch,) = read(connect(fake), ["flask", "flask==9.9"], streams("release", "files"))
    assert counts(batch) == {"files": 2, "release": 1}
    assert [str(complaint) for complaint in batch.complaints] == [
        f"the index has no release document of flask 9.9 ({fake.url}/pypi/flask/9.9/json answered 404): "
        "check the version, or drop the pin to read the latest release"
    ]
    assert isinstance(batch.complaints[0], UnknownReleaseError)


def test_poor_mirror(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """A mirror without release documents and statistics still gives the latest release, and says what it lacks."""
    world.add("flask", releases=["1.0", "2.0", "3.0"])
    fake = serve(poverty=True)
    project, whole = read(connect(fake), ["flask"], ALL, releases="all")
    assert counts(project) == {"projects": 1, "versions": 3, "files": 6, "project": 1, "release": 1}
    assert releases_in(project) == ["3.0"]
    assert project.notes == ("flask: the index has no release documents of 2 versions (1.0, 2.0); 1 could be read",)
    assert whole.rows == {}
    assert isinstance(whole.failures["stats"], NotOfferedError)
    assert str(whole.failures["stats"]) == (
        f"this index offers no statistics ({fake.url}/stats/ answered 404): "
        "leave the stream out, or read an index that has it"
    )
    addresses = [row.url for row in project.rows["files"]]  # type: ignore[union-attr]
    assert all(address.startswith(f"{fake.url}/packages/") for address in addresses)


def test_a_document_that_fails_costs_its_streams_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where a release document cannot be had, only the streams that read it fail, for this project only."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click", releases=["7.0", "8.0"])
    fake.fault("/pypi/flask/1.0/json", faults.html())
    flask, click = read(connect(fake), ["flask==1.0", "click==7.0"], streams("files", "release"))
    assert counts(flask) == {"files": 4}
    assert isinstance(flask.failures["release"], DocumentError)
    assert counts(click) == {"files": 4, "release": 1}


def test_a_project_that_fails_costs_itself_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where a project document cannot be had, the other projects are read; a 503 is never an absence."""
    for name in ("a", "b"):
        world.add(name)
    fake.fault("/pypi/a/json", faults.unavailable(), times=None)
    first, second = read(connect(fake), ["a", "b"], streams("files", "release"))
    assert (first.rows, first.missing) == ({}, False)
    assert {name: type(error) for name, error in first.failures.items()} == {
        "files": UnavailableError,
        "release": UnavailableError,
    }
    assert counts(second) == {"files": 2, "release": 1}


def test_hopeless(world: World, fake: FakeIndex, connect: Connect) -> None:
    """When three projects in a row have failed, the rest is left for another run, and that is said."""
    for name in "abcdef":
        world.add(name)
    for name in "bcd":
        fake.fault(f"/pypi/{name}/json", faults.html(), times=None)
    run = read(connect(fake), [*"abcdef"], streams("files"))
    assert [bool(next(run).failures) for _ in range(4)] == [False, True, True, True]
    with pytest.raises(StoppedError, match="stopped after 3 projects in a row failed; 2 were not asked for"):
        next(run)


def test_three_failures_at_the_end(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Three failures that leave nothing to ask for stop nothing."""
    for name in "abc":
        world.add(name)
        fake.fault(f"/pypi/{name}/json", faults.html())
    assert [bool(batch.failures) for batch in read(connect(fake), [*"abc"], ALL)] == [True, True, True, False]


def test_unreachable(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index that never answers ends the run with its first question."""
    fake.fault("*", faults.reset(), times=None)
    with pytest.raises(UnreachableError):
        list(read(connect(fake), ["a", "b"], streams("files")))
    assert {request.path for request in fake.requests} <= {"/pypi/a/json", "/pypi/b/json"}


def test_credentials_refused(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Refused credentials end the run: every other question would be refused too."""
    fake = serve(username="me", password="pw")
    with pytest.raises(RefusedError):
        list(read(connect(fake), ["a", "b", "c", "d"], streams("files")))


def test_oddities(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A field of a wrong type is null in the row, and is told with its place, once for all streams."""
    world.add("flask", releases=["1.0"])
    document = {"info": {"name": "Flask", "version": "1.0", "summary": 7}, "releases": {"1.0": []}, "urls": []}
    world.override("/pypi/flask/json", document)
    (batch,) = read(connect(fake), ["flask"], streams("projects", "project", "release"))
    assert [str(oddity) for oddity in batch.oddities] == ["$.info.summary: expected text, found 7"]
    assert [row.summary for row in batch.rows["projects"]] == [None]  # type: ignore[union-attr]


def test_asks_ahead(world: World, fake: FakeIndex, connect: Connect) -> None:
    """While a batch is being written the next project is asked for, and no more than that."""
    names = [f"p{number}" for number in range(6)]
    for name in names:
        world.add(name)
    run = read(connect(fake), [*names], streams("files"))
    next(run)
    _eventually(lambda: len(fake.requests) == 3)
    assert [request.path for request in fake.requests] == [f"/pypi/p{number}/json" for number in range(3)]
    run.close()  # type: ignore[attr-defined]


def _eventually(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(200):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to pass")


@pytest.mark.parametrize("concurrency", [1, 4])
def test_order_and_concurrency(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, concurrency: int
) -> None:
    """Batches come in the order of the targets, and never more requests are under way than allowed."""
    names = [f"p{number}" for number in range(12)]
    for name in names:
        world.add(name)
    fake = serve(latency=0.02)
    index = connect(fake, connections=concurrency)
    most, under_way, lock = 0, 0, threading.Lock()
    get = index.client.get

    def counted(address: str, *, accept: str, etag: str | None = None) -> object:
        nonlocal most, under_way
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            return get(address, accept=accept, etag=etag)
        finally:
            with lock:
                under_way -= 1

    index.client.get = counted  # type: ignore[method-assign, assignment]
    run = read(index, [*names], streams("files"), max_concurrency=concurrency)
    assert [batch.project for batch in run] == names
    assert most == concurrency


def test_threads_end(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A run that is left in the middle leaves no thread behind."""
    for name in "abcdef":
        world.add(name)
    run = read(connect(fake), [*"abcdef"], streams("files"))
    next(run)
    run.close()  # type: ignore[attr-defined]
    _eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("visit")])


def test_an_optional_document_never_stops_the_others(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Pages that fail for every project cost the stream that reads them, not the rows of the others."""
    names = [f"p{number}" for number in range(6)]
    for name in names:
        world.add(name)
    fake.fault("/simple/*", faults.html(), times=None)
    given = list(read(connect(fake), names, streams("files", "statuses")))
    assert [counts(batch) for batch in given] == [{"files": 2}] * 6


def test_a_kind_of_document_is_given_up(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What failed for three projects in a row is not asked for any more: each question costs a minute of patience."""
    names = [f"p{number}" for number in range(8)]
    for name in names:
        world.add(name)
    fake.fault("/simple/*", faults.unavailable(), times=None)
    given = list(read(connect(fake), names, streams("files", "statuses")))
    assert [counts(batch) for batch in given] == [{"files": 2}] * 8
    assert {type(batch.failures["statuses"]) for batch in given} == {UnavailableError}
    asked = {request.path for request in fake.requests if request.path.startswith("/simple/")}
    assert len(asked) <= 5  # three, and at most two that were under way


def test_following_changes_no_rows(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Following dependencies of a pin leaves the releases that other streams read as they are."""
    world.add("foo", releases=["1.0", "2.0", "3.0"])
    fake = serve()
    for file in list(world.projects["foo"].releases["1.0"].files):
        world.backfill(file, metadata=b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n")
    rows = []
    for chosen in (streams("core_metadata"), streams("core_metadata", "dependencies")):
        fake.new_run()
        settings = {"releases": "all", "follow_dependencies": 1}
        (batch,) = read(connect(fake), ["foo", "foo==1.0"], chosen, **settings)
        rows.append(batch.rows.get("core_metadata"))
    assert rows[0] == rows[1]
    assert rows[0] is not None


def test_a_project_that_fails_says_nothing_of_other_documents(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where project documents fail, what lies behind them was not asked for, and is not given up for it."""
    names = [f"p{number}" for number in range(6)]
    for name in names:
        world.add(name)
    for name in names[:2]:
        fake.fault(f"/pypi/{name}/json", faults.unavailable(), times=None)
    world.add("old", releases=["1.0", "2.0"])
    fake.fault("/pypi/old/1.0/json", faults.unavailable(), times=None)
    asked = ["p0", "p1", "old==1.0", *names[2:]]
    given = list(read(connect(fake), asked, streams("files", "release")))
    assert [counts(batch) for batch in given] == [{}, {}, {"files": 4}, *[{"files": 2, "release": 1}] * 4]
