"""sync/run.py: one visit feeds every stream."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.errors import (
    ConfigError,
    DocumentError,
    NotOfferedError,
    RefusedError,
    SourceError,
    StoppedError,
    TooLargeError,
    UnavailableError,
    UnknownReleaseError,
    UnreachableError,
)
from source_pypi.http.client import RequestLog, RetryWait
from source_pypi.selection import select
from source_pypi.services.index.api import STALE_TRIES, Index
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.streams import DEFAULT, STREAMS, choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch
from source_pypi.sync.changes import Change
from source_pypi.sync.circuit_breaker import CircuitBreaker
from source_pypi.sync.fetch_plan import FetchPlan
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.run import _has_failed, _skipped_warning, batches
from source_pypi.sync.state import ProjectState
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import DAY, NOW, MemoryStore, full_sync

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
    return {name: len(rows) for name, rows in rows_in(batch).items()}


def releases_in(batch: Batch) -> list[str]:
    """The versions that the stream release has rows of."""
    return [row["version"] for row in rows_in(batch)["release"]]


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
    alone = [rows_in(batch) for batch in read(connect(fake), ["flask"], [stream])]
    fake.new_run()
    together = [rows_in(batch) for batch in read(connect(fake), ["flask"], ALL)]
    made = [rows[stream.name] for rows in alone if stream.name in rows]
    assert len(made) == 1
    if stream.name in DEFAULT:
        assert made == [rows[stream.name] for rows in together if stream.name in rows]


def test_missing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that the index does not have is said to be missing, and the others are read."""
    world.add("flask")
    given = list(read(connect(fake), ["nope", "flask"], streams("files")))
    assert given[0] == Batch("nope", given[0].seen_at, given[0].changes, missing=True, total_projects=2)
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
    assert [str(complaint) for complaint in batch.user_errors] == [
        f"the index has no release document of flask 9.9 ({fake.url}/pypi/flask/9.9/json answered 404): "
        "check the version, or drop the pin to read the latest release"
    ]
    assert isinstance(batch.user_errors[0], UnknownReleaseError)


def test_poor_mirror(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """A mirror without release documents and statistics still gives the latest release, and says what it lacks."""
    world.add("flask", releases=["1.0", "2.0", "3.0"])
    fake = serve(poverty=True)
    project, whole = read(connect(fake), ["flask"], ALL, releases="all")
    assert counts(project) == {"projects": 1, "versions": 3, "files": 6, "project": 1, "release": 1}
    assert releases_in(project) == ["3.0"]
    assert project.warnings == ("flask: the index has no release documents of 2 versions (1.0, 2.0); 1 could be read",)
    assert rows_in(whole) == {}
    assert isinstance(whole.failures["stats"], NotOfferedError)
    assert str(whole.failures["stats"]) == (
        f"this index offers no statistics ({fake.url}/stats/ answered 404): "
        "leave the stream out, or read an index that has it"
    )
    urls = [row.url for row in rows_in(project)["files"]]
    assert all(url.startswith(f"{fake.url}/packages/") for url in urls)


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
    assert (rows_in(first), first.missing) == ({}, False)
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
    assert [str(invalid_field) for invalid_field in batch.invalid_fields] == ["$.info.summary: expected text, found 7"]
    assert [row.summary for row in rows_in(batch)["projects"]] == [None]


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
    send = index.client._send

    def counted(*asked: Any) -> object:
        nonlocal most, under_way
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            return send(*asked)
        finally:
            with lock:
                under_way -= 1

    index.client._send = counted  # type: ignore[method-assign, assignment]
    run = read(index, [*names], streams("files"), max_concurrency=concurrency)
    assert [batch.project for batch in run] == names
    assert most == concurrency


@pytest.mark.parametrize(
    ("asked", "names", "settings"),
    [
        ("p0", ("files", "statuses"), {}),
        ("p0==1.0", ("dependencies",), {}),
        ("p0", ("release",), {"releases": "all"}),
        ("p0", ("files", "core_metadata"), {}),
    ],
)
def test_one_project_after_another(
    world: World, fake: FakeIndex, connect: Connect, asked: str, names: Sequence[str], settings: dict[str, Any]
) -> None:
    """Where a project takes several questions, all of them go out before those of the next one."""
    for name in ("p0", "p1", "p2"):
        world.add(name, releases=["1.0", "2.0"])
    told: list[RetryWait | RequestLog] = []
    list(read(connect(fake, tell=told.append), [asked, "p1", "p2"], streams(*names), **settings))
    order = [re.search(r"p\d", event.url) for event in told]
    projects = [found[0] for found in order if found is not None]
    assert (projects, len(projects) > 3) == (sorted(projects), True)


def test_one_slow_answer(world: World, fake: FakeIndex, connect: Connect) -> None:
    """While one project is waited for, others are read, but no more than are kept: twice as many as go at once."""
    names = [f"p{number}" for number in range(8)]
    for name in names:
        world.add(name)
    fake.fault("/pypi/p0/json", faults.slow(0.5))
    told: list[RetryWait | RequestLog] = []
    list(read(connect(fake, connections=2, tell=told.append), names, streams("files"), max_concurrency=2))
    order = [event.url.split("/")[-2] for event in told]
    assert order[: order.index("p0")] == ["p1", "p2", "p3"]


def test_threads_end(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A run that is left in the middle waits for nothing, asks for nothing more, and leaves no thread behind."""
    for name in "abcdef":
        world.add(name)
    reading, left, waited, before = threading.Event(), threading.Event(), list[bool](), threading.enumerate()

    def tell(event: RetryWait | RequestLog) -> None:
        if event.url.endswith("/b/json"):
            reading.set()
            waited.append(left.wait(5))

    run = read(connect(fake, tell=tell), [*"abcdef"], streams("files"))
    next(run)
    threads = [one for one in threading.enumerate() if one not in before and one.name.startswith("fetch")]
    assert reading.wait(5)
    run.close()  # type: ignore[attr-defined]
    left.set()
    _eventually(lambda: not any(thread.is_alive() for thread in threads))
    assert (len(threads), waited, fake.counts) == (1, [True], {"/pypi/a/json": 1, "/pypi/b/json": 1})


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
        rows.append(rows_in(batch).get("core_metadata"))
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


# What is known already: runs after the first ------------------------------------------------------------------

EVERY = [stream.name for stream in STREAMS if stream.of_project]
METADATA = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nRequires-Dist: filled\n"
PROVENANCE = {"version": 1, "attestation_bundles": []}


def statuses_of(fake: FakeIndex) -> dict[str, list[int]]:
    """The statuses of the answers of the last run, by path."""
    told: dict[str, list[int]] = {}
    for request in fake.requests:
        told.setdefault(request.path, []).append(request.status)
    return told


def rich(world: World, name: str = "foo") -> None:
    """A project with three releases, of which each stream of projects has a row."""
    info = {"requires_dist": ["bar"], "classifiers": ["Typing :: Typed"], "project_urls": {"Docs": "https://a.test"}}
    world.add(name, releases=["1.0", "2.0", "3.0"], owner="ann", **info)
    wheel = f"{name}-3.0-1-py3-none-any.whl"
    world.upload(name, "3.0", filename=wheel, metadata=METADATA, provenance=PROVENANCE)
    world.add_advisory(name, "1.0", "PYSEC-1")


def agrees(
    fake: FakeIndex, index: Index, store: MemoryStore, asked: Sequence[str], names: Sequence[str], **s: Any
) -> bool:
    """Whether the tables are those of a run that remembers nothing, replaced or merged; the trap starts anew."""
    expected = full_sync(fake, index, asked, names, **s).tables()
    fake.new_run()
    return all(store.tables().get(n, []) == store.merged().get(n, []) == expected.get(n, []) for n in names)


@pytest.mark.parametrize("releases", ["latest", "all"])
def test_nothing_has_changed(world: World, fake: FakeIndex, connect: Connect, releases: str) -> None:
    """A second run asks once, on condition, for the documents of the project, and brings no body and no row."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert min(store.rows[name] for name in ("release", "dependencies", "statuses", "core_metadata")) > 0
    store.sync(fake, index, ["foo"], EVERY, at=NOW + 60, releases=releases)
    assert [(r.path, r.status, r.body_bytes) for r in fake.requests] == [
        ("/pypi/foo/json", 304, 0),
        ("/simple/foo/", 304, 0),
    ]
    assert (store.rows, store.deleted_keys) == ({}, {})
    assert store.batches[0].changes.keys() == set(EVERY)


def test_a_thousand_unchanged_projects(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A second run over many unchanged projects is one conditional request each, and nothing else."""
    names = [f"p{number}" for number in range(200)]
    for name in names:
        world.add(name)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, names, ["files", "release"])
    store.sync(fake, index, names, ["files", "release"])
    assert [(r.path, r.status, r.body_bytes) for r in fake.requests] == [(f"/pypi/{n}/json", 304, 0) for n in names]
    assert store.rows == {}


@pytest.mark.parametrize("releases", ["latest", "all"])
def test_nothing_has_changed_without_etags(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, releases: str
) -> None:
    """Without ETags the project's documents are fetched again, no release is, and there is no row."""
    rich(world)
    fake = serve(etags=False)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert statuses_of(fake) == {"/pypi/foo/json": [200], "/simple/foo/": [200]}
    assert store.rows == {}
    world.yank("foo", "1.0", "bad")
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert store.rows.keys() >= {"projects", "files", "versions", "statuses"}
    assert agrees(fake, index, store, ["foo"], EVERY, releases=releases)


#: What happens to a project, and which of the streams tell it, where all releases are read.
HAPPENED: dict[str, tuple[Callable[[World], object], set[str]]] = {
    "upload": (
        lambda world: world.upload("foo", "4.0", filename="foo-4.0.tar.gz"),
        {"projects", "versions", "files", "project", "release", "statuses", "dependencies", "classifiers", "urls"}
        | {"vulnerabilities"},
    ),
    "another file": (
        lambda world: world.upload("foo", "2.0", filename="foo-2.0.zip"),
        {"projects", "versions", "files", "project", "release", "statuses"},
    ),
    "yank": (
        lambda world: world.yank("foo", "1.0", "bad"),
        {"projects", "versions", "files", "project", "release", "statuses"},
    ),
    "advisory": (lambda world: world.add_advisory("foo", "3.0", "PYSEC-2"), {"project", "release", "vulnerabilities"}),
    "role": (lambda world: world.add_role("foo", "bob"), {"projects", "roles", "project", "release", "statuses"}),
    "archive": (lambda world: world.archive("foo"), {"statuses"}),
    "deleted file": (
        lambda world: world.delete_file("foo-3.0.tar.gz"),
        {"projects", "versions", "files", "project", "release", "statuses"},
    ),
    "provenance added later": (
        lambda world: world.backfill("foo-1.0-py3-none-any.whl", provenance=PROVENANCE),
        set(),
    ),
}


@pytest.mark.parametrize("happened", HAPPENED)
def test_what_has_changed(world: World, fake: FakeIndex, connect: Connect, happened: str) -> None:
    """Only the streams whose rows differ tell any, and the tables are those of a run that remembers nothing."""
    rich(world)
    change, expected = HAPPENED[happened]
    index, store = connect(fake), MemoryStore()
    names = [name for name in EVERY if name != "attestations"]
    store.sync(fake, index, ["foo"], names, releases="all")
    change(world)
    store.sync(fake, index, ["foo"], names, releases="all")
    assert store.rows.keys() == expected
    assert agrees(fake, index, store, ["foo"], names, releases="all")


def test_what_the_serial_misses(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Advisories withdrawn, organizations, accounts and archiving change no serial, and are seen all the same."""
    rich(world)
    world.add_role("foo", "bob")
    world.set_organization("foo", "acme")
    world.add_advisory("foo", "3.0", "PYSEC-3")
    index, store = connect(fake), MemoryStore()
    names = ["projects", "roles", "vulnerabilities", "statuses"]
    store.sync(fake, index, ["foo"], names)
    changes: list[Callable[[], object]] = [
        lambda: world.withdraw_advisory("foo", "PYSEC-3"),
        lambda: world.rename_organization("acme", "new"),
        lambda: world.delete_account("bob"),
        lambda: world.rename_user("ann", "anna"),
        lambda: world.archive("foo"),
        lambda: world.unarchive("foo"),
    ]
    for change in changes:
        serial = world.serial
        change()
        store.sync(fake, index, ["foo"], names)
        assert store.rows != {}
        assert world.serial == serial
        assert agrees(fake, index, store, ["foo"], names)


@pytest.mark.parametrize("releases", ["latest", "all"])
def test_only_the_page_has_changed(world: World, fake: FakeIndex, connect: Connect, releases: str) -> None:
    """Rows that are made from page and document need both: the document that has not changed is asked for whole."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    names = ["files", "release", "statuses"]
    store.sync(fake, index, ["foo"], names, releases=releases)
    world.archive("foo")
    store.sync(fake, index, ["foo"], names, releases=releases)
    assert statuses_of(fake) == {"/pypi/foo/json": [304, 200], "/simple/foo/": [200]}
    assert store.rows == {"statuses": 1}
    assert agrees(fake, index, store, ["foo"], names, releases=releases)


def test_only_the_document_has_changed(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where the document has changed the page is asked for without condition, once."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files", "statuses"])
    world.add_role("foo", "bob")
    store.sync(fake, index, ["foo"], ["files", "statuses"])
    assert statuses_of(fake) == {"/pypi/foo/json": [200], "/simple/foo/": [200]}
    assert store.rows == {"statuses": 1}  # the serial
    assert agrees(fake, index, store, ["foo"], ["files", "statuses"])


def test_a_stream_selected_later(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A stream selected later is read from its beginning, without condition; the others have nothing new."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"], releases="all")
    store.sync(fake, index, ["foo"], ["files", "versions", "release", "statuses"], releases="all")
    assert statuses_of(fake) == {
        "/pypi/foo/json": [200],
        "/simple/foo/": [200],
        "/pypi/foo/1.0/json": [200],
        "/pypi/foo/2.0/json": [200],
    }
    assert store.rows == {"versions": 3, "release": 3, "statuses": 1}
    assert agrees(fake, index, store, ["foo"], ["files", "versions", "release", "statuses"], releases="all")
    store.sync(fake, index, ["foo"], ["files", "versions", "release", "statuses", "vulnerabilities"], releases="all")
    assert store.rows == {"vulnerabilities": 1}
    assert agrees(fake, index, store, ["foo"], ["release", "vulnerabilities"], releases="all")


def test_a_project_added_later(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project named later is read from its beginning; the one that was read before is not read again."""
    rich(world)
    world.add("bar")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    store.sync(fake, index, ["foo", "bar"], ["files"])
    assert statuses_of(fake) == {"/pypi/foo/json": [304], "/pypi/bar/json": [200]}
    assert store.rows == {"files": 2}
    assert agrees(fake, index, store, ["foo", "bar"], ["files"])


def test_a_project_that_changed_while_it_was_not_named(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What a project was when it was last read counts, however many runs have passed since."""
    rich(world)
    world.add("bar")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo", "bar"], ["files"])
    world.yank("foo", "1.0")
    store.sync(fake, index, ["bar"], ["files"])
    store.sync(fake, index, ["foo", "bar"], ["files"])
    assert statuses_of(fake) == {"/pypi/foo/json": [200], "/pypi/bar/json": [304]}
    assert agrees(fake, index, store, ["foo", "bar"], ["files"])


RELEASED = ["release", "dependencies", "vulnerabilities", "files"]


def test_a_pin_that_changes(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Another pin is read from its beginning, what was pinned before is gone, and other streams tell nothing."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo==1.0"], RELEASED)
    store.sync(fake, index, ["foo==2.0"], RELEASED)
    assert statuses_of(fake) == {"/pypi/foo/json": [200], "/pypi/foo/2.0/json": [200]}
    assert store.rows == {"release": 1, "dependencies": 1, "vulnerabilities": 0}
    assert store.deleted_keys == {
        "release": [{"project": "foo", "version": "1.0"}],
        "dependencies": [{"project": "foo", "version": "1.0", "position": 0}],
        "vulnerabilities": [{"project": "foo", "version": "1.0", "id": "PYSEC-1"}],
    }
    assert agrees(fake, index, store, ["foo==2.0"], RELEASED)
    store.sync(fake, index, ["foo"], RELEASED)
    assert agrees(fake, index, store, ["foo"], RELEASED)


def test_all_releases_later(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where all releases are read later on, those that are new are told, and the latest is not told again."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], RELEASED)
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    assert store.rows == {"release": 2, "dependencies": 2, "vulnerabilities": 1}
    assert store.deleted_keys == {}
    assert agrees(fake, index, store, ["foo"], RELEASED, releases="all")
    store.sync(fake, index, ["foo"], RELEASED, releases="latest")
    assert store.deleted_keys["release"] == [{"project": "foo", "version": v} for v in ("1.0", "2.0")]
    assert agrees(fake, index, store, ["foo"], RELEASED)


def test_releases_of_a_project_that_changed(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Release documents that were read are asked for again on condition, once their project has changed."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["release"], releases="all")
    world.upload("foo", "4.0", filename="foo-4.0.tar.gz")
    store.sync(fake, index, ["foo"], ["release"], releases="all")
    assert statuses_of(fake) == {
        "/pypi/foo/json": [200],
        "/pypi/foo/1.0/json": [200],  # the serial stands in it
        "/pypi/foo/2.0/json": [200],
        "/pypi/foo/3.0/json": [200],
    }
    world.add_advisory("foo", "4.0", "PYSEC-4")
    store.sync(fake, index, ["foo"], ["release"], releases="all")
    assert statuses_of(fake) == {"/pypi/foo/json": [200]} | {f"/pypi/foo/{n}.0/json": [304] for n in (1, 2, 3)}
    assert store.rows == {"release": 1}
    assert agrees(fake, index, store, ["foo"], ["release"], releases="all")


@pytest.mark.parametrize("names", [["vulnerabilities"], RELEASED], ids=["alone", "with others"])
def test_an_advisory_of_a_pinned_release(world: World, fake: FakeIndex, connect: Connect, names: list[str]) -> None:
    """A pinned release is asked for in every run: an advisory changes nothing but its own document."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    asked = ["foo==1.0", "foo==2.0"]
    store.sync(fake, index, asked, names)
    world.add_advisory("foo", "2.0", "PYSEC-9")
    store.sync(fake, index, asked, names)
    assert statuses_of(fake) == {
        "/pypi/foo/json": [304, 200],
        "/pypi/foo/1.0/json": [304],
        "/pypi/foo/2.0/json": [200],
    }
    assert store.rows == {name: 1 for name in names if name in ("vulnerabilities", "release")}
    assert agrees(fake, index, store, asked, names)
    store.sync(fake, index, asked, names)
    assert {status for told in statuses_of(fake).values() for status in told} == {304}


def test_an_advisory_of_a_release_that_is_not_pinned(world: World, fake: FakeIndex, connect: Connect) -> None:
    """All releases are asked for, on condition, once in `full_check_days`: an advisory is seen then, and not before."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    world.add_advisory("foo", "1.0", "PYSEC-9")
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    assert statuses_of(fake) == {"/pypi/foo/json": [304]}
    store.sync(fake, index, ["foo"], RELEASED, at=NOW + 7 * DAY, releases="all")
    assert statuses_of(fake) == {
        "/pypi/foo/json": [304, 200],
        "/pypi/foo/1.0/json": [200],
        "/pypi/foo/2.0/json": [304],
    }
    assert store.rows == {"vulnerabilities": 2, "release": 1}
    assert agrees(fake, index, store, ["foo"], RELEASED, releases="all")
    store.sync(fake, index, ["foo"], RELEASED, at=NOW + 7 * DAY, releases="all", full_check_days=0)
    assert statuses_of(fake) == {f"/pypi/foo/{rest}json": [304] for rest in ("", "1.0/", "2.0/")}


def test_documents_come_in_any_order_of_runs(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Streams that are read in turns each have their own state, and end with the same tables."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    turns = [["files", "release"], ["versions", "release"], ["statuses", "files"], EVERY, ["release"], EVERY]
    acts: list[Callable[[], object]] = [
        lambda: world.yank("foo", "2.0"),
        lambda: world.archive("foo"),
        lambda: world.add_advisory("foo", "3.0", "PYSEC-5"),
        lambda: world.upload("foo", "4.0", filename="foo-4.0.tar.gz", provenance=PROVENANCE),
        lambda: world.delete_release("foo", "1.0"),
        lambda: world.unarchive("foo"),
    ]
    for names, act in zip(turns, acts, strict=True):
        store.sync(fake, index, ["foo"], names, releases="all", full_check_days=0)
        assert agrees(fake, index, store, ["foo"], names, releases="all")
        act()
    store.sync(fake, index, ["foo"], EVERY, releases="all", full_check_days=0)
    assert agrees(fake, index, store, ["foo"], EVERY, releases="all")


# Copies that are older than what was seen ---------------------------------------------------------------------


@pytest.mark.parametrize("names", [["files"], ["files", "release", "statuses"]], ids=["alone", "with others"])
def test_a_stale_copy_changes_nothing(
    world: World, fake: FakeIndex, connect: Connect, waits: list[float], names: list[str]
) -> None:
    """A copy older than what was seen is tried a few times, then left; nothing changes; the next run heals."""
    rich(world)
    world.yank("foo", "1.0")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], names, releases="all")
    before = store.tables()
    fake.fault("/pypi/foo/json", faults.stale(), times=STALE_TRIES)
    (batch,) = store.sync(fake, index, ["foo"], names, releases="all")
    assert [request.path for request in fake.requests] == ["/pypi/foo/json"] * STALE_TRIES
    assert len(waits) == STALE_TRIES - 1
    assert (batch.changes, batch.failures, batch.missing) == ({}, {}, False)
    assert batch.warnings == (
        f"{fake.url}/pypi/foo/json is an old copy (serial {world.serial - 1}, {world.serial} was seen before): "
        "what was loaded stays, the next run asks again (if the index was set up anew, reset the state)",
    )
    assert store.tables() == before
    store.sync(fake, index, ["foo"], names, releases="all")
    assert {status for told in statuses_of(fake).values() for status in told} == {304}
    assert agrees(fake, index, store, ["foo"], names, releases="all")


def test_news_behind_a_stale_copy(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What has changed while only old copies came is read by the next run."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    world.set_serial("foo", world.serial - 1)  # the copy is from before what was seen
    world.delete_file("foo-1.0.tar.gz")
    fake.fault("/pypi/foo/json", faults.stale(), times=None)
    store.sync(fake, index, ["foo"], ["files"])
    assert store.batches[0].changes == {}
    fake.clear_faults()
    store.sync(fake, index, ["foo"], ["files"])
    assert store.deleted_keys == {"files": [{"project": "foo", "filename": "foo-1.0.tar.gz"}]}
    assert agrees(fake, index, store, ["foo"], ["files"])


def test_a_stale_page(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An old copy of the page leaves the streams that read it as they are, and costs the others nothing."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files", "statuses"])
    world.set_serial("foo", world.serial - 1)
    world.upload("foo", "4.0", filename="foo-4.0.tar.gz")
    fake.fault("/simple/foo/", faults.stale(), times=None)
    (batch,) = store.sync(fake, index, ["foo"], ["files", "statuses"])
    assert (set(batch.changes), batch.failures) == ({"files"}, {})
    assert [note.split(" (")[0] for note in batch.warnings] == [f"{fake.url}/simple/foo/ is an old copy"]
    fake.clear_faults()
    store.sync(fake, index, ["foo"], ["files", "statuses"])
    assert store.rows == {"statuses": 1}
    assert agrees(fake, index, store, ["foo"], ["files", "statuses"])


def test_a_stale_release(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An old copy of a release leaves the streams that read releases as they are, and costs the others nothing."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo==1.0"], ["files", "release"])
    world.set_serial("foo", world.serial - 1)
    world.yank("foo", "1.0")
    fake.fault("/pypi/foo/1.0/json", faults.stale(), times=None)
    (batch,) = store.sync(fake, index, ["foo==1.0"], ["files", "release"])
    assert (set(batch.changes), batch.failures) == ({"files"}, {})
    fake.clear_faults()
    store.sync(fake, index, ["foo==1.0"], ["files", "release"])
    assert store.rows == {"release": 1}
    assert agrees(fake, index, store, ["foo==1.0"], ["files", "release"])


# What is gone, and what is only out of reach ------------------------------------------------------------------


def test_a_project_that_is_gone(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Of a project that is deleted every row goes, and that is said; it is no mistake of the user's."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY, releases="all")
    world.delete_project("foo")
    (batch,) = store.sync(fake, index, ["foo"], EVERY, releases="all")
    assert (batch.missing, batch.warnings) == (False, ("foo was removed from the index, and its rows are deleted",))
    assert {name: len(rows) for name, rows in store.tables().items() if rows} == {"statuses": 1}
    assert store.tables() == store.merged()
    assert [row["status"] for row in store.tables()["statuses"]] == ["missing"]
    store.sync(fake, index, ["foo"], EVERY, releases="all")
    assert store.rows == {}


def test_a_project_that_comes_back(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that was missing is read from its beginning once it is there, and again after it was re-created."""
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY)
    assert store.batches[0].missing
    for _ in range(2):
        world.add("foo", releases=[f"{world.serial}.0"])
        store.sync(fake, index, ["foo"], EVERY)
        assert store.rows["files"] == 2
        assert agrees(fake, index, store, ["foo"], EVERY)
        world.delete_project("foo")
        store.sync(fake, index, ["foo"], EVERY)
        assert store.tables()["files"] == store.merged()["files"] == []


def test_a_name_that_never_was(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A misspelt name is told in every run, not only in the first."""
    index, store = connect(fake), MemoryStore()
    for _ in range(2):
        (batch,) = store.sync(fake, index, ["nope"], ["files", "statuses"])
        assert (batch.missing, batch.warnings) == (True, ())


@pytest.mark.parametrize("releases", ["latest", "all"])
def test_quarantine(world: World, fake: FakeIndex, connect: Connect, releases: str) -> None:
    """The rows of a quarantined project go as the index's went, `statuses` says so, and they come back."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    world.quarantine("foo")
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert store.batches[0].warnings == ("foo is quarantined: the index has no project document of it",)
    assert {name: len(rows) for name, rows in store.tables().items() if rows} == {"statuses": 1}
    assert [row["status"] for row in store.merged()["statuses"]] == ["quarantined"]
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert store.rows == {}
    world.unquarantine("foo")
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert agrees(fake, index, store, ["foo"], EVERY, releases=releases)


def test_what_is_gone_is_told_by_key(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A file, version, role or advisory that vanished is told by its whole key."""
    rich(world)
    world.add_role("foo", "bob", "Maintainer")
    world.add_advisory("foo", "3.0", "PYSEC-2")
    index, store = connect(fake), MemoryStore()
    names = ["files", "versions", "roles", "vulnerabilities", "projects"]
    store.sync(fake, index, ["foo"], names)
    world.delete_file("foo-3.0.tar.gz")
    world.delete_release("foo", "2.0")
    world.remove_role("foo", "bob")
    world.set_advisories("foo", "3.0", [])
    store.sync(fake, index, ["foo"], names)
    assert {name: sorted(map(str, told)) for name, told in store.deleted_keys.items()} == {
        "files": [
            str({"project": "foo", "filename": name})
            for name in ("foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz", "foo-3.0.tar.gz")
        ],
        "versions": [str({"project": "foo", "version": "2.0"})],
        "roles": [str({"project": "foo", "role": "Maintainer", "user": "bob"})],
        "vulnerabilities": [str({"project": "foo", "version": "3.0", "id": "PYSEC-2"})],
    }
    assert agrees(fake, index, store, ["foo"], names)


def test_without_keys(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where keys are not remembered nothing is told by key, tables are exact, and keys are kept from then on."""
    rich(world)
    index, store = connect(fake), MemoryStore(keys=False)
    store.sync(fake, index, ["foo"], ["files", "versions", "release"])
    assert {part.keys for name in ("files", "release") for part in store.states["foo"][name].partitions.values()} == {
        None
    }
    world.delete_release("foo", "2.0")
    store.sync(fake, index, ["foo"], ["files", "versions"])
    assert store.deleted_keys == {}
    assert store.tables()["files"] == full_sync(fake, index, ["foo"], ["files"]).tables()["files"]
    store.keys = True
    store.sync(fake, index, ["foo"], ["files", "versions"])
    assert (statuses_of(fake), store.rows) == ({"/pypi/foo/json": [200]}, {})
    world.delete_release("foo", "1.0")
    store.sync(fake, index, ["foo"], ["versions"])
    assert store.deleted_keys == {"versions": [{"project": "foo", "version": "1.0"}]}


OUTAGES = {
    "503": faults.unavailable(),
    "500": faults.server_error(500),
    "reset": faults.reset(),
    "html": faults.html(),
    "forbidden": faults.forbidden(),
    "json": faults.json({"message": "ok"}),
}


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("path", ["/pypi/foo/json", "/simple/foo/", "/pypi/foo/1.0/json", "*.metadata", "/integrity/*"])
def test_an_outage_removes_nothing(world: World, fake: FakeIndex, connect: Connect, path: str, outage: str) -> None:
    """Whatever document cannot be had, the rows that were made from it stay, and the next run reads what it missed."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    asked = ["foo", "foo==1.0"]
    store.sync(fake, index, asked, EVERY)
    before = store.tables()
    world.delete_release("foo", "2.0")
    fake.fault(path, OUTAGES[outage], times=None)
    store.sync(fake, index, asked, EVERY)
    (batch,) = store.batches
    assert batch.changes.keys() | batch.failures.keys() == set(EVERY)
    assert batch.changes.keys() & batch.failures.keys() == set()
    assert {name: store.tables()[name] for name in batch.failures} == {name: before[name] for name in batch.failures}
    if path != "*.metadata":  # it has not changed, and so was not asked for
        assert batch.failures
    fake.clear_faults()
    store.sync(fake, index, asked, EVERY)
    assert agrees(fake, index, store, asked, EVERY)


def test_an_absence_that_cannot_be_explained_removes_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where the document is not there and the page cannot be had, nothing is known, and nothing goes."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY)
    before = store.tables()
    world.override("/pypi/foo/json", b"{}", status=404)
    for outage in (faults.unavailable(), faults.html()):
        fake.fault("/simple/foo/", outage, times=None)
        (batch,) = store.sync(fake, index, ["foo"], EVERY)
        assert (batch.changes, set(batch.failures)) == ({}, set(EVERY))
        fake.clear_faults()
    assert store.tables() == before


# Pins that are not there --------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [["foo", "foo==9"], ["foo==9"], ["foo==1.0", "foo==9"]], ids=str)
def test_a_missing_pin_is_told_in_every_run(world: World, fake: FakeIndex, connect: Connect, asked: list[str]) -> None:
    """A pin that the index does not have is a complaint in every run, whatever has changed."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    for _ in range(3):
        (batch,) = store.sync(fake, index, asked, ["files", "release"])
        assert [str(error).split(" (")[0] for error in batch.user_errors] == [
            "the index has no release document of foo 9"
        ]
    assert agrees(fake, index, store, asked, ["files", "release"])


def test_a_pin_that_comes_to_be(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pinned release that is uploaded later is read then."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo==9"], RELEASED)
    world.upload("foo", "9", filename="foo-9.tar.gz")
    store.sync(fake, index, ["foo==9"], RELEASED)
    assert store.batches[0].user_errors == ()
    assert [row["version"] for row in store.tables()["release"]] == ["9"]
    assert agrees(fake, index, store, ["foo==9"], RELEASED)


def test_a_pinned_release_that_is_gone(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pinned release that was read and is gone takes its rows with it, and is a complaint, in every run."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo==1.0", "foo==2.0"], RELEASED)
    world.delete_release("foo", "1.0")
    store.sync(fake, index, ["foo==1.0", "foo==2.0"], RELEASED)
    assert store.deleted_keys["release"] == [{"project": "foo", "version": "1.0"}]
    for _ in range(2):
        assert [type(error) for error in store.batches[0].user_errors] == [UnknownReleaseError]
        assert store.merged() == store.tables()
        assert [row["version"] for row in store.tables()["release"]] == ["2.0"]
        store.sync(fake, index, ["foo==1.0", "foo==2.0"], RELEASED)


# Dependencies, core metadata, attestations --------------------------------------------------------------------


def chain(world: World) -> None:
    """Release 1.0 of a needs b, release 2.0 needs c, and both need d."""
    world.add("a", ["1.0"], requires_dist=["b", "d"])
    world.add("a", ["2.0"], requires_dist=["c", "d"])
    for name in "bcd":
        world.add(name)


def visited(store: MemoryStore) -> list[str | None]:
    """The projects that the last run visited, in their order."""
    return [batch.project for batch in store.batches]


@pytest.mark.parametrize("asked", [["a"], ["a==1.0"], ["a==1.0", "a"]], ids=str)
@pytest.mark.parametrize("names", [["files"], ["dependencies"], ["files", "release"]], ids=str)
def test_unchanged_projects_are_followed(
    world: World, fake: FakeIndex, connect: Connect, asked: list[str], names: list[str]
) -> None:
    """What an unchanged project needs is known without its documents, and is visited, on condition, too."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, asked, names, follow_dependencies=2)
    first = visited(store)
    assert len(first) > 1
    store.sync(fake, index, asked, names, follow_dependencies=2)
    assert visited(store) == first
    assert {status for told in statuses_of(fake).values() for status in told} == {304}
    assert store.rows == {}


def test_following_later(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where dependencies are followed later on, a project that has not changed is asked for whole once."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a"], ["files"])
    store.sync(fake, index, ["a"], ["files"], follow_dependencies=1)
    assert statuses_of(fake) == {f"/pypi/{name}/json": [200] for name in "acd"}
    store.sync(fake, index, ["a"], ["files"], follow_dependencies=1)
    assert statuses_of(fake) == {f"/pypi/{name}/json": [304] for name in "acd"}


def test_other_needs(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A new release that needs something else is followed at once."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a"], ["files"], follow_dependencies=1)
    world.add("a", ["3.0"], requires_dist=["b"])
    store.sync(fake, index, ["a"], ["files"], follow_dependencies=1)
    assert visited(store) == ["a", "b"]
    assert agrees(fake, index, store, ["a", "b", "c", "d"], ["files"])


def test_what_several_pins_need(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where the document of one of two pinned releases has changed, what the other one needs is followed as well."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    asked, names = ["a==1.0", "a==2.0"], ["files", "release"]
    world.add("a", ["3.0"])
    store.sync(fake, index, asked, names, follow_dependencies=1)
    assert visited(store) == ["a", "b", "d", "c"]
    world.add_advisory("a", "1.0", "PYSEC-1")
    for _ in range(2):
        store.sync(fake, index, asked, names, follow_dependencies=1)
        assert visited(store) == ["a", "b", "d", "c"]


def test_needs_that_could_not_be_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What a pinned release needs is asked for again where its document could not be had, whatever has changed."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    fake.fault("/pypi/a/1.0/json", faults.unavailable(), times=None)
    store.sync(fake, index, ["a==1.0"], ["files"], follow_dependencies=1)
    assert (visited(store), store.rows) == (["a"], {"files": 4})
    fake.clear_faults()
    store.sync(fake, index, ["a==1.0"], ["files"], follow_dependencies=1)
    assert visited(store) == ["a", "b", "d"]


def test_another_pin_needs_something_else(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where the pin changes, what the other release needs is followed, also where no stream reads releases."""
    chain(world)
    world.add("a", ["3.0"])
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a==1.0"], ["files"], follow_dependencies=1)
    store.sync(fake, index, ["a==2.0"], ["files"], follow_dependencies=1)
    assert visited(store) == ["a", "c", "d"]


def silent(world: World) -> None:
    """A release that says nothing of its requirements, and a wheel whose metadata does."""
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", metadata=METADATA)
    world.add("filled")


def test_requirements_from_core_metadata(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Core metadata that fills gaps is asked for once, and for as long as nothing changes not again."""
    silent(world)
    index, store = connect(fake), MemoryStore()
    settings: dict[str, Any] = {"core_metadata": True, "follow_dependencies": 1}
    names = ["dependencies", "core_metadata"]
    store.sync(fake, index, ["foo"], names, **settings)
    assert (visited(store), store.rows) == (["foo", "filled"], {"dependencies": 1, "core_metadata": 1})
    store.sync(fake, index, ["foo"], names, **settings)
    assert statuses_of(fake) == {"/pypi/foo/json": [304], "/pypi/filled/json": [304]}
    assert visited(store) == ["foo", "filled"]
    world.add_role("foo", "ann")
    store.sync(fake, index, ["foo"], names, **settings)
    assert store.rows == {}
    assert agrees(fake, index, store, ["foo"], names, **settings)


def test_core_metadata_later(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where gaps are filled later on, releases that were read are read anew; and back again."""
    silent(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["dependencies", "files"])
    assert store.tables()["dependencies"] == []
    store.sync(fake, index, ["foo"], ["dependencies", "files"], core_metadata=True)
    assert store.rows == {"dependencies": 1}
    store.sync(fake, index, ["foo"], ["dependencies", "files"])
    assert store.deleted_keys == {"dependencies": [{"project": "foo", "version": "1.0", "position": 0}]}
    assert agrees(fake, index, store, ["foo"], ["dependencies", "files"])


def test_core_metadata_that_is_backfilled(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Core metadata that the index makes known later is read then, without a new serial."""
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", core_metadata=None)
    world.upload("foo", "2.0", filename="foo-2.0-py3-none-any.whl", metadata=METADATA)
    index, store = connect(fake), MemoryStore()
    names = ["core_metadata", "dependencies"]
    store.sync(fake, index, ["foo"], names, releases="all", core_metadata=True)
    world.backfill("foo-1.0-py3-none-any.whl", metadata=METADATA, core_metadata=sha256(METADATA).hexdigest())
    store.sync(fake, index, ["foo"], names, releases="all", core_metadata=True)
    assert store.rows == {"core_metadata": 1, "dependencies": 1}
    assert agrees(fake, index, store, ["foo"], names, releases="all", core_metadata=True)


def attested(world: World, version: str) -> str:
    """The provenance of a file of the project foo that is really attested, as far as its shape goes."""
    filename = f"foo-{version}-py3-none-any.whl"
    world.upload("foo", version, filename=filename)
    return filename


def test_attestations(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Provenance is asked for once; that of a new file, or added later, is read then; the rest is not told again."""
    names = ["attestations", "files"]
    bundle = {"publisher": {"kind": "GitHub", "claims": None}, "attestations": [{"version": 1}]}
    provenance = {"version": 1, "attestation_bundles": [bundle]}
    first, second = attested(world, "1.0"), attested(world, "2.0")
    world.backfill(first, provenance=provenance)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], names, releases="all")
    assert store.rows["attestations"] == 1
    store.sync(fake, index, ["foo"], names, releases="all")
    assert statuses_of(fake) == {"/pypi/foo/json": [304], "/simple/foo/": [304]}
    world.backfill(second, provenance=provenance)
    store.sync(fake, index, ["foo"], names, releases="all")
    assert store.rows == {"attestations": 1}
    assert sorted(status for path, told in statuses_of(fake).items() if "integrity" in path for status in told) == [
        200,
        304,
    ]
    assert agrees(fake, index, store, ["foo"], names, releases="all")
    world.delete_release("foo", "1.0")
    store.sync(fake, index, ["foo"], names, releases="all")
    assert [(gone["project"], gone["filename"]) for gone in store.deleted_keys["attestations"]] == [("foo", first)]
    assert agrees(fake, index, store, ["foo"], names, releases="all")


def test_a_full_check_without_etags(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Without ETags, too, all releases are asked for once in `full_check_days`, and only what differs is told."""
    rich(world)
    fake = serve(etags=False)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    world.add_advisory("foo", "1.0", "PYSEC-9")
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    assert (statuses_of(fake), store.rows) == ({"/pypi/foo/json": [200]}, {})
    store.sync(fake, index, ["foo"], RELEASED, at=NOW + 7 * DAY, releases="all")
    assert statuses_of(fake) == {f"/pypi/foo/{rest}json": [200] for rest in ("", "1.0/", "2.0/")}
    assert store.rows == {"vulnerabilities": 2, "release": 1}
    assert agrees(fake, index, store, ["foo"], RELEASED, releases="all")


# What a run says of itself ------------------------------------------------------------------------------------


def test_what_is_spared_is_counted() -> None:
    """The warning counts the skipped projects, with separators of thousands."""
    assert [_skipped_warning(count) for count in (1, 2, 2000)] == [
        "1 project skipped: the index's list shows no change",
        "2 projects skipped: the index's list shows no change",
        "2,000 projects skipped: the index's list shows no change",
    ]


def test_streams_that_cannot_be_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A stream that lacks something is told with the reason, before anything else; the others are read."""
    world.add("flask")
    error = ConfigError("it lacks something")

    def lacking() -> None:
        raise error

    files, roles = choose_streams(["files", "roles"])
    config = make_config({"projects": ["flask"]})
    streams = [replace(roles, require=lacking), files]
    first, second = batches(connect(fake), select(config), streams, config, now=lambda: 86_400.0)
    assert first == Batch(None, datetime(1970, 1, 2, tzinfo=UTC), failures={"roles": error})
    assert (second.project, list(second.changes)) == ("flask", ["files"])


def test_who_is_to_blame_for_nothing() -> None:
    """A visit is lost if nothing came of it; not if something did, and not if the project alone is too large."""
    large, silent = TooLargeError("a", "b", "c"), UnreachableError("a", "b", 1, 1.0)
    time_of = datetime(1970, 1, 2, tzinfo=UTC)

    def lost(*errors: SourceError, changes: int = 0) -> bool:
        failures = {str(number): error for number, error in enumerate(errors)}
        seen = ProjectState(1, b"", True, 1, {}, {})
        return _has_failed(Batch("foo", time_of, {str(n): Change(seen) for n in range(changes)}, failures=failures))

    assert [lost(silent), lost(silent, large), lost(large), lost(), lost(silent, changes=1)] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_three_in_a_row_are_needed() -> None:
    """Documents are given up after as many transient failures in a row as projects; anything else begins anew."""
    silent, refused = UnreachableError("a", "b", 1, 1.0), RefusedError("a", 403, "")
    plan = FetchPlan(frozenset({DocumentKind.PROJECT, DocumentKind.PAGE}), "latest")
    for errors in ([silent] * 2, [silent, silent, refused, silent, silent], [silent, silent, None, silent, silent]):
        unwell = CircuitBreaker()
        for error in errors:
            result = FetchResult()
            if error is not None:
                result.failures[DocumentKind.PAGE] = error
            unwell.record(result, plan.documents)
        assert unwell.without_failing(plan) is plan
    unwell.record(FetchResult(failures={DocumentKind.PAGE: silent}), plan.documents)
    assert unwell.without_failing(plan) == replace(plan, documents=frozenset({DocumentKind.PROJECT}))
    later = FetchResult()
    unwell.record(later, plan.documents)
    assert later.failures == {DocumentKind.PAGE: silent}


@pytest.mark.parametrize(
    ("names", "asked", "path", "told", "failed"),
    [
        (["files"], ["a==9", "a==1.0"], "/pypi/a/1.0/json", [UnknownReleaseError, UnavailableError], []),
        (["files", "release"], ["a==9", "a==1.0"], "/pypi/a/1.0/json", [UnknownReleaseError], ["release"]),
        (["files", "statuses"], ["a"], "/simple/a/", [], ["statuses"]),
        (["files"], ["a"], "/pypi/a/json", [], ["files"]),
    ],
    ids=["releases are only followed", "releases are read", "page", "project"],
)
def test_what_is_read_only_to_be_followed(
    world: World,
    fake: FakeIndex,
    connect: Connect,
    names: list[str],
    asked: list[str],
    path: str,
    told: list[type[SourceError]],
    failed: list[str],
) -> None:
    """A release whose needs cannot be read is a complaint where no stream reads it, and else the stream's failure."""
    chain(world)
    fake.fault(path, faults.unavailable(), times=None)
    batch = next(read(connect(fake), asked, streams(*names), follow_dependencies=1))
    assert ([type(error) for error in batch.user_errors], list(batch.failures)) == (told, failed)


@pytest.mark.parametrize(
    ("names", "follow", "expected"), [(["release"], 0, ["foo"]), (["files"], 1, ["foo", "filled"])], ids=str
)
def test_gaps_are_filled_where_it_matters(
    world: World, fake: FakeIndex, connect: Connect, names: list[str], follow: int, expected: list[str]
) -> None:
    """Core metadata is asked for where a stream is filled from it, or dependencies are followed, and else not."""
    silent(world)
    given = list(read(connect(fake), ["foo"], streams(*names), core_metadata=True, follow_dependencies=follow))
    assert [batch.project for batch in given] == expected
    assert sum(path.endswith(".metadata") for path in fake.counts) == follow


# The list of projects -----------------------------------------------------------------------------------------


def paths(fake: FakeIndex) -> list[str]:
    """What the last run asked for, in this order, each with its status."""
    return [f"{request.path} {request.status}" for request in fake.requests]


def test_what_was_excluded_before(world: World, fake: FakeIndex, connect: Connect) -> None:
    """That the list is the same spares no project that was not chosen when it was read."""
    world.add("a")
    world.add("b")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, [], ["files"], whole_index=True, exclude=["b"])
    store.sync(fake, index, [], ["files"], whole_index=True)
    assert paths(fake) == ["/simple/ 200", "/pypi/b/json 200"]


def test_a_project_without_serial(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A document that tells no serial may be older than the list, even one of the first: that is not remembered."""
    listed = {"meta": {"api-version": "1.0"}, "projects": [{"name": "a", "_last-serial": 1}]}
    world.override("/simple/", listed, JSON_PAGE)
    world.override("/pypi/a/json", {"info": {"name": "a", "version": "1.0"}, "releases": {}, "urls": []})
    index, store = connect(fake), MemoryStore()
    for _ in range(2):
        store.sync(fake, index, [], ["project"], whole_index=True)
        assert store.batches[-1].project == "a"
    assert paths(fake) == ["/simple/ 200", "/pypi/a/json 304"]


def test_what_is_not_listed_any_more(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that the list has no more is told by its key; a list that is the same brings nothing."""
    world.add("a")
    world.add("b")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a"], ["files", "listing"])
    store.sync(fake, index, ["a"], ["files", "listing"])
    assert (paths(fake), store.rows) == (["/pypi/a/json 304", "/simple/ 304"], {})
    world.delete_project("b")
    store.sync(fake, index, ["a"], ["files", "listing"])
    assert store.deleted_keys == {"listing": [{"project": "b"}]}
    assert agrees(fake, index, store, ["a"], ["files", "listing"])


@pytest.fixture
def three(
    world: World, fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> tuple[Index, MemoryStore]:
    """Three projects that were read, of which so many names are as many as the list is asked for."""
    monkeypatch.setattr("source_pypi.sync.listing.MIN_PROJECTS_FOR_LISTING", 3)
    for name in "abcd":
        world.add(name, releases=["1.0", "2.0"])
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, [*"abc"], ["dependencies"])
    assert paths(fake) == [f"/pypi/{name}/json 200" for name in "abc"], "nothing is known yet that the list could spare"
    return index, store


def test_the_list_pays(world: World, fake: FakeIndex, three: tuple[Index, MemoryStore]) -> None:
    """Of as many names as the list pays for, only those that moved are visited, and pinned ones always."""
    index, store = three
    world.yank("b", "1.0")
    store.sync(fake, index, [*"abc", "d==1.0"], ["dependencies"])
    assert paths(fake) == ["/simple/ 200", "/pypi/b/json 200", "/pypi/d/json 200", "/pypi/d/1.0/json 200"]


@pytest.mark.parametrize(
    ("asked", "settings", "each"),
    [
        (["a", "b", "d"], {}, ["a 304", "b 304", "d 200"]),
        (["a", "b", "c==2.0"], {}, ["a 304", "b 304", "c 200"]),
        (["a", "b"], {}, ["a 304", "b 304"]),
        (["a", "b", "c"], {"releases": "all"}, ["a 200", "b 200", "c 200"]),
    ],
    ids=["one is new", "one is pinned", "two", "read on other terms"],
)
def test_the_list_does_not_pay(
    fake: FakeIndex, three: tuple[Index, MemoryStore], asked: list[str], settings: dict[str, Any], each: list[str]
) -> None:
    """Where the list could spare fewer visits, each project is asked for, and the list is not."""
    index, store = three
    store.sync(fake, index, asked, ["dependencies"], **settings)
    assert [path for path in paths(fake) if "/1.0/" not in path] == [
        f"/pypi/{name}/json {status}" for name, status in map(str.split, each)
    ]


def test_the_list_does_not_tell_what_is_needed(fake: FakeIndex, three: tuple[Index, MemoryStore]) -> None:
    """Where dependencies are followed, each project is asked for, since what it needs is to be visited too."""
    index, store = three
    for status in (200, 304):
        store.sync(fake, index, [*"abc"], ["dependencies"], follow_dependencies=1)
        assert paths(fake) == [f"/pypi/{name}/json {status}" for name in "abc"]


def test_no_list_for_names(fake: FakeIndex, three: tuple[Index, MemoryStore]) -> None:
    """Where the list cannot be had, projects that were named are asked for one by one."""
    index, store = three
    fake.fault("/simple/", faults.unavailable(), times=None)
    given = store.sync(fake, index, [*"abc"], ["dependencies"])
    assert paths(fake) == ["/simple/ 503"] * 7 + [f"/pypi/{name}/json 304" for name in "abc"]
    assert [(batch.project, batch.failures) for batch in given] == [(name, {}) for name in "abc"]


def test_what_is_read_for_another_purpose(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What is given up where streams read it is still asked for to fill gaps, and counts where it comes."""
    names = [f"p{number}" for number in range(4)]
    for name in names:
        world.upload(name, "1.0", filename=f"{name}-1.0-py3-none-any.whl", metadata=METADATA)
    for name in names[:3]:
        fake.fault(f"*/{name}-1.0-py3-none-any.whl.metadata", faults.unavailable(), times=None)
    given = list(read(connect(fake), names, streams("files", "dependencies"), core_metadata=True))
    assert [(counts(batch), list(batch.failures)) for batch in given] == [
        *[({"files": 1}, ["dependencies"])] * 3,
        ({"files": 1, "dependencies": 1}, []),
    ]


@pytest.mark.parametrize(("stream", "path"), [("stats", "/stats/"), ("recent_releases", "/rss/updates.xml")])
def test_beside_the_whole_index(world: World, fake: FakeIndex, connect: Connect, stream: str, path: str) -> None:
    """What tells of the index as a whole is asked for once, also where the list tells what to visit."""
    world.add("a")
    store = MemoryStore()
    store.sync(fake, connect(fake), [], ["files", stream], whole_index=True)
    assert sorted(paths(fake)) == sorted(["/simple/ 200", "/pypi/a/json 200", f"{path} 200"])
    assert store.rows == {"files": 2, stream: 1}
