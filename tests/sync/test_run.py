"""sync/run.py: which requests a run sends, in which order, and the batches that it yields."""

import re
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.errors import (
    NotOfferedError,
)
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.selection import select
from source_pypi.streams import DEFAULT, choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, Notice
from source_pypi.sync.listing_warnings import skipped_warning
from source_pypi.sync.notices import NoticeKind
from source_pypi.sync.run import batches
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.sync.helpers import ALL, Connect, counts, paths, read, releases_in, streams


def test_streams_share_one_request_a_project(world: World, fake: FakeIndex, connect: Connect) -> None:
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


def test_only_documents_that_streams_read_are_requested(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Projects are requested only if a stream reads them, and so are documents of the index."""
    world.add("flask")
    list(read(connect(fake), ["flask"], streams("stats")))
    assert fake.counts == {"/stats/": 1}
    fake.new_run()
    list(read(connect(fake), ["flask"], streams("files")))
    assert fake.counts == {"/pypi/flask/json": 1}


@pytest.mark.parametrize("stream", choose_streams(["all"]), ids=lambda stream: stream.name)
def test_rows_do_not_depend_on_the_other_streams(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, stream: Stream
) -> None:
    """A stream's rows are the same whether it is read alone or with all others."""
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve()
    alone = [rows_in(batch) for batch in read(connect(fake), ["flask"], [stream])]
    fake.new_run()
    together = [rows_in(batch) for batch in read(connect(fake), ["flask"], ALL)]
    made = [rows[stream.name] for rows in alone if stream.name in rows]
    assert len(made) == 1
    if stream.name in DEFAULT:
        assert made == [rows[stream.name] for rows in together if stream.name in rows]


def test_field_of_a_wrong_type_is_null_and_reported_once(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A field of a wrong type is null in the row, and reported with its path, once for all streams."""
    world.add("flask", releases=["1.0"])
    document = {"info": {"name": "Flask", "version": "1.0", "summary": 7}, "releases": {"1.0": []}, "urls": []}
    world.override("/pypi/flask/json", document)
    (batch,) = read(connect(fake), ["flask"], streams("projects", "project", "release"))
    assert [str(invalid_field) for invalid_field in batch.invalid_fields] == ["$.info.summary: expected text, found 7"]
    assert [row.summary for row in rows_in(batch)["projects"]] == [None]


def test_next_projects_are_requested_while_a_batch_is_written(world: World, fake: FakeIndex, connect: Connect) -> None:
    """While a batch is written, the next two projects are requested, and no more."""
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
def test_batches_keep_the_order_with_any_concurrency(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, concurrency: int
) -> None:
    """Batches come in the order of the projects, and no more requests are under way than allowed."""
    names = [f"p{number}" for number in range(12)]
    for name in names:
        world.add(name)
    fake = serve(latency=0.02)
    index = connect(fake, connections=concurrency)
    most, under_way, lock = 0, 0, threading.Lock()
    send = index.client._send

    def counted(*arguments: Any) -> object:
        nonlocal most, under_way
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            return send(*arguments)
        finally:
            with lock:
                under_way -= 1

    index.client._send = counted  # type: ignore[method-assign, assignment]
    run = read(index, [*names], streams("files"), max_concurrency=concurrency)
    assert [batch.project for batch in run] == names
    assert most == concurrency


@pytest.mark.parametrize(
    ("project", "names", "settings"),
    [
        ("p0", ("files", "statuses"), {}),
        ("p0==1.0", ("dependencies",), {}),
        ("p0", ("release",), {"releases": "all"}),
        ("p0", ("files", "core_metadata"), {}),
    ],
)
def test_projects_are_requested_one_after_another(
    world: World, fake: FakeIndex, connect: Connect, project: str, names: Sequence[str], settings: dict[str, Any]
) -> None:
    """With one worker, all requests of a project precede those of the next one."""
    for name in ("p0", "p1", "p2"):
        world.add(name, releases=["1.0", "2.0"])
    events: list[RetryWait | RequestLog] = []
    list(read(connect(fake, on_event=events.append), [project, "p1", "p2"], streams(*names), **settings))
    found = [re.search(r"p\d", event.url) for event in events]
    order = [match[0] for match in found if match is not None]
    assert (order, len(order) > 3) == (sorted(order), True)


def test_slow_project_does_not_stop_the_other_workers(world: World, fake: FakeIndex, connect: Connect) -> None:
    """While one project is slow, others are read, up to twice as many ahead as there are workers."""
    names = [f"p{number}" for number in range(8)]
    for name in names:
        world.add(name)
    fake.fault("/pypi/p0/json", faults.slow(0.5))
    events: list[RetryWait | RequestLog] = []
    list(read(connect(fake, connections=2, on_event=events.append), names, streams("files"), max_concurrency=2))
    order = [event.url.split("/")[-2] for event in events]
    assert order[: order.index("p0")] == ["p1", "p2", "p3"]


def test_abandoned_run_ends_its_threads(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A run that is abandoned requests nothing more, and leaves no thread behind."""
    for name in "abcdef":
        world.add(name)
    reading, left, waited, before = threading.Event(), threading.Event(), list[bool](), threading.enumerate()

    def tell(event: RetryWait | RequestLog) -> None:
        if event.url.endswith("/b/json"):
            reading.set()
            waited.append(left.wait(5))

    run = read(connect(fake, on_event=tell), [*"abcdef"], streams("files"))
    next(run)
    threads = [one for one in threading.enumerate() if one not in before and one.name.startswith("fetch")]
    assert reading.wait(5)
    run.close()  # type: ignore[attr-defined]
    left.set()
    _eventually(lambda: not any(thread.is_alive() for thread in threads))
    assert (len(threads), waited, fake.counts) == (1, [True], {"/pypi/a/json": 1, "/pypi/b/json": 1})


def test_warning_counts_the_skipped_projects() -> None:
    """The warning counts the skipped projects, with separators of thousands."""
    assert [skipped_warning(count) for count in (1, 2, 2000)] == [
        "1 project skipped: the index's list shows no change",
        "2 projects skipped: the index's list shows no change",
        "2,000 projects skipped: the index's list shows no change",
    ]


def test_stream_that_cannot_be_read_is_reported_first(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A stream that lacks something is reported with the reason, before anything else; the others are read."""
    world.add("flask")
    error = NotOfferedError("roles", "http://index.test")

    def lacking() -> None:
        raise error

    files, roles = choose_streams(["files", "roles"])
    config = make_config({"projects": ["flask"]})
    streams = [replace(roles, require=lacking), files]
    first, second = batches(connect(fake), select(config), streams, config, now=lambda: 86_400.0)
    assert first == Batch(None, datetime(1970, 1, 2, tzinfo=UTC), failures={"roles": error})
    assert (second.project, list(second.changes)) == ("flask", ["files"])


def test_incomplete_mirror_gives_the_latest_release(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """A mirror without release documents and statistics gives the latest release; the run reports what is missing."""
    world.add("flask", releases=["1.0", "2.0", "3.0"])
    fake = serve(poverty=True)
    project, whole = read(connect(fake), ["flask"], ALL, releases="all")
    assert counts(project) == {"projects": 1, "versions": 3, "files": 6, "project": 1, "release": 1}
    assert releases_in(project) == ["3.0"]
    assert project.notices == (Notice(NoticeKind.UNREAD, count=2),)
    assert rows_in(whole) == {}
    assert isinstance(whole.failures["stats"], NotOfferedError)
    assert str(whole.failures["stats"]) == (
        f"this index offers no statistics ({fake.url}/stats/ answered 404): "
        "leave the stream out, or read an index that has it"
    )
    urls = [row.url for row in rows_in(project)["files"]]
    assert all(url.startswith(f"{fake.url}/packages/") for url in urls)


@pytest.mark.parametrize(("stream", "path"), [("stats", "/stats/"), ("recent_releases", "/rss/updates.xml")])
def test_stream_of_the_index_is_requested_once_beside_the_list(
    world: World, fake: FakeIndex, connect: Connect, stream: str, path: str
) -> None:
    """A document of the index is requested once, also if the list says which projects to read."""
    world.add("a")
    store = MemoryStore()
    store.sync(fake, connect(fake), [], ["files", stream], whole_index=True)
    assert sorted(paths(fake)) == sorted(["/simple/ 200", "/pypi/a/json 200", f"{path} 200"])
    assert store.rows == {"files": 2, stream: 1}
