"""sync/run.py: what a failed request costs, and when a run ends early."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from source_pypi.errors import (
    DocumentError,
    RefusedError,
    SourceError,
    StoppedError,
    TooLargeError,
    UnavailableError,
    UnknownReleaseError,
    UnreachableError,
)
from source_pypi.http.client import FIRST_TRIES
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.run import _has_failed
from source_pypi.sync.state import ProjectState
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.sync.helpers import ALL, METADATA, Connect, chain, counts, paths, read, streams


def test_failed_release_document_costs_its_streams_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If a release document cannot be read, only the streams that read it fail, for this project only."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click", releases=["7.0", "8.0"])
    fake.fault("/pypi/flask/1.0/json", faults.html())
    flask, click = read(connect(fake), ["flask==1.0", "click==7.0"], streams("files", "release"))
    assert counts(flask) == {"files": 4}
    assert isinstance(flask.failures["release"], DocumentError)
    assert counts(click) == {"files": 4, "release": 1}


def test_failed_project_costs_itself_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If a project document cannot be read, the other projects are read; a 503 is not an absence."""
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


def test_three_failed_projects_stop_the_run_if_the_index_fails(world: World, fake: FakeIndex, connect: Connect) -> None:
    """After three failed projects in a row the run stops if a project that was read before fails, too."""
    for name in "abcdefghijkl":
        world.add(name)
    run = read(connect(fake), [*"abcdefghijkl"], streams("files"))
    assert not next(run).failures
    fake.fault("*", faults.html(), times=None)
    given: list[Batch] = []
    with pytest.raises(StoppedError, match="stopped after 3 projects in a row failed"):
        given.extend(run)
    assert sum(bool(batch.failures) for batch in given) == 3


@pytest.mark.parametrize("fault", [faults.forbidden(), faults.json({"errors": [{"status": 403}]}), faults.html()])
def test_refused_projects_cost_themselves_only(
    world: World, fake: FakeIndex, connect: Connect, fault: faults.Fault
) -> None:
    """Projects that the index refuses stop nothing, however many there are in a row, in the first and later runs."""
    names = [f"p{number}" for number in range(10)]
    for name in names:
        world.add(name)
    for name in names[2:8]:
        fake.fault(f"/pypi/{name}/json", fault, times=None)
    fake.may_repeat = {"/pypi/p1/json"}
    store = MemoryStore()
    for _ in range(2):
        store.sync(fake, connect(fake), names, ["files"])
        assert [bool(batch.failures) for batch in store.batches] == [False] * 2 + [True] * 6 + [False] * 2
    assert paths(fake).count("/pypi/p1/json 304") == 3, "once for its rows, then after each three failures"


def test_project_that_was_read_and_is_refused_then_stops_nothing(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """If the last project that was read is refused meanwhile, the one before it shows that the index answers."""
    names = [f"p{number}" for number in range(8)]
    for name in names:
        world.add(name)
    for name in names[2:5]:
        fake.fault(f"/pypi/{name}/json", faults.html(), times=None)
    fake.may_repeat = {"/pypi/p0/json", "/pypi/p1/json"}
    run = read(connect(fake), names, streams("files"))
    given = [next(run), next(run)]
    fake.fault("/pypi/p1/json", faults.forbidden(), times=None)
    given += run
    assert [bool(batch.failures) for batch in given] == [False] * 2 + [True] * 3 + [False] * 3
    assert [path for path in paths(fake) if "/p0/" in path] == ["/pypi/p0/json 200", "/pypi/p0/json 304"]


def test_first_projects_that_are_refused_stop_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the first projects are refused and the index has no list, the others are read all the same."""
    names = [f"p{number}" for number in range(6)]
    for name in names:
        world.add(name)
    for name in names[:4]:
        fake.fault(f"/pypi/{name}/json", faults.forbidden(), times=None)
    world.override("/simple/", b"", status=404)
    given = list(read(connect(fake), names, streams("files")))
    assert [counts(batch) for batch in given] == [{}] * 4 + [{"files": 2}] * 2


def test_index_that_is_down_from_the_start_is_not_asked_for_everything(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """If the first three projects and the list fail with 503, the run stops."""
    names = [f"p{number}" for number in range(9)]
    for name in names:
        world.add(name)
    fake.fault("*", faults.unavailable(), times=None)
    with pytest.raises(StoppedError):
        list(read(connect(fake), names, streams("files")))
    assert len({request.path for request in fake.requests if request.path.startswith("/pypi/")}) <= 5


def test_scattered_failures_stop_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Only failures in a row make a run ask whether the index still answers; scattered ones do not."""
    names = [f"p{number}" for number in range(10)]
    for name in names:
        world.add(name)
    for number in (0, 1, 3, 4, 6, 7):
        fake.fault(f"/pypi/p{number}/json", faults.html(), times=None)
    given = list(read(connect(fake), names, streams("files")))
    assert [bool(batch.failures) for batch in given] == [n in (0, 1, 3, 4, 6, 7) for n in range(10)]
    assert len(fake.requests) == 10


def test_three_failures_at_the_end_stop_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Three failures after which no project is left do not stop the run."""
    for name in "abc":
        world.add(name)
        fake.fault(f"/pypi/{name}/json", faults.html())
    assert [bool(batch.failures) for batch in read(connect(fake), [*"abc"], ALL)] == [True, True, True, False]


def test_unreachable_index_ends_the_run(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index to which no connection can be made ends the run with the first request."""
    index = connect(fake)
    fake.stop()
    with pytest.raises(UnreachableError):
        list(read(index, ["a", "b"], streams("files")))
    assert index.client.stats.requests <= 2 * FIRST_TRIES


@pytest.mark.parametrize("fault", [faults.reset(), faults.truncated(20), faults.broken_gzip()])
def test_first_project_that_fails_on_its_connection_costs_itself_only(
    world: World, fake: FakeIndex, connect: Connect, fault: faults.Fault
) -> None:
    """A first project whose connection breaks in every try does not keep the others from being read."""
    world.add("a")
    world.add("b")
    fake.fault("/*/a/*", fault, times=None)
    given = list(read(connect(fake), ["a", "b"], streams("files")))
    assert [(bool(batch.failures), counts(batch)) for batch in given] == [(True, {}), (False, {"files": 2})]


def test_index_that_breaks_every_connection_is_not_asked_for_everything(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """If every connection breaks from the start, three projects and the list are tried, and the run ends."""
    fake.fault("*", faults.reset(), times=None)
    with pytest.raises(StoppedError):
        list(read(connect(fake), [*"abcdefghij"], streams("files")))
    assert {request.path for request in fake.requests} <= {"/simple/", *(f"/pypi/{name}/json" for name in "abcdefgh")}


@pytest.mark.parametrize("path", ["/pypi/b/json", "/*.metadata"])
def test_document_that_refuses_credentials_costs_itself_only(
    world: World, fake: FakeIndex, connect: Connect, path: str
) -> None:
    """After other documents were received, a 401 is the failure of one document, as a 403 is."""
    for name in "abc":
        world.add(name)
        world.backfill(f"{name}-1.0-py3-none-any.whl", metadata=METADATA.replace(b"foo", name.encode()))
    fake.fault(path, faults.missing(401), times=None)
    given = list(read(connect(fake), [*"abc"], streams("files", "core_metadata")))
    kinds = [{name: type(error).__name__ for name, error in batch.failures.items()} for batch in given]
    refused = dict.fromkeys(["core_metadata"] if "metadata" in path else ["files", "core_metadata"], "RefusedError")
    assert kinds == ([refused] * 3 if "metadata" in path else [{}, refused, {}])


def test_credentials_that_are_refused_from_some_time_on_end_the_run(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """If the index refuses the credentials also for what it sent before, the run ends: they have expired."""
    names = [f"p{number}" for number in range(10)]
    for name in names:
        world.add(name)
    given = read(connect(fake), names, streams("files"))
    first = next(given)
    fake.fault("*", faults.missing(401), times=None)
    with pytest.raises(RefusedError):
        list(given)
    assert counts(first) == {"files": 2}


def test_refused_credentials_end_the_run(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Refused credentials end the run: every other request would be refused, too."""
    fake = serve(username="me", password="pw")
    with pytest.raises(RefusedError):
        list(read(connect(fake), ["a", "b", "c", "d"], streams("files")))


def test_failing_pages_cost_one_stream_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Pages that fail for every project cost the stream that reads them, not the rows of the others."""
    names = [f"p{number}" for number in range(6)]
    for name in names:
        world.add(name)
    fake.fault("/simple/*", faults.html(), times=None)
    given = list(read(connect(fake), names, streams("files", "statuses")))
    assert [counts(batch) for batch in given] == [{"files": 2}] * 6


def test_kind_of_document_that_fails_is_no_longer_requested(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A kind that failed for three projects in a row is not requested any more: retries take a minute each."""
    names = [f"p{number}" for number in range(8)]
    for name in names:
        world.add(name)
    fake.fault("/simple/*", faults.unavailable(), times=None)
    given = list(read(connect(fake), names, streams("files", "statuses")))
    assert [counts(batch) for batch in given] == [{"files": 2}] * 8
    assert {type(batch.failures["statuses"]) for batch in given} == {UnavailableError}
    projects = {request.path for request in fake.requests if request.path.startswith("/simple/")}
    assert len(projects) <= 5  # three, and at most two that were under way


def test_failed_projects_do_not_count_against_other_documents(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If a project document fails, the documents behind it were not requested, and do not count as failed."""
    names = [f"p{number}" for number in range(6)]
    for name in names:
        world.add(name)
    for name in names[:2]:
        fake.fault(f"/pypi/{name}/json", faults.unavailable(), times=None)
    world.add("old", releases=["1.0", "2.0"])
    fake.fault("/pypi/old/1.0/json", faults.unavailable(), times=None)
    projects = ["p0", "p1", "old==1.0", *names[2:]]
    given = list(read(connect(fake), projects, streams("files", "release")))
    assert [counts(batch) for batch in given] == [{}, {}, {"files": 4}, *[{"files": 2, "release": 1}] * 4]


def test_project_counts_as_failed_without_any_stream() -> None:
    """A project has failed if no stream could be read, unless it is only too large."""
    large, silent = TooLargeError("a", "b", "c"), UnreachableError("a", "b", 1, 1.0)
    time_of = datetime(1970, 1, 2, tzinfo=UTC)

    def lost(*errors: SourceError, changes: int = 0) -> bool:
        failures = {str(number): error for number, error in enumerate(errors)}
        state = ProjectState(1, b"", True, 1, {}, {})
        return _has_failed(Batch("foo", time_of, {str(n): Change(state) for n in range(changes)}, failures=failures))

    assert [lost(silent), lost(silent, large), lost(large), lost(), lost(silent, changes=1)] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("names", "projects", "path", "user_errors", "failed"),
    [
        (["files"], ["a==9", "a==1.0"], "/pypi/a/1.0/json", [UnknownReleaseError, UnavailableError], []),
        (["files", "release"], ["a==9", "a==1.0"], "/pypi/a/1.0/json", [UnknownReleaseError], ["release"]),
        (["files", "statuses"], ["a"], "/simple/a/", [], ["statuses"]),
        (["files"], ["a"], "/pypi/a/json", [], ["files"]),
    ],
    ids=["releases are only followed", "releases are read", "page", "project"],
)
def test_failed_release_is_reported_even_if_no_stream_reads_it(
    world: World,
    fake: FakeIndex,
    connect: Connect,
    names: list[str],
    projects: list[str],
    path: str,
    user_errors: list[type[SourceError]],
    failed: list[str],
) -> None:
    """A release whose requirements cannot be read is a user error if no stream reads it, else the stream's failure."""
    chain(world)
    fake.fault(path, faults.unavailable(), times=None)
    batch = next(read(connect(fake), projects, streams(*names), follow_dependencies=1))
    assert ([type(error) for error in batch.user_errors], list(batch.failures)) == (user_errors, failed)


def test_core_metadata_that_failed_is_requested_again_to_fill_gaps(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """Core metadata that is no longer requested for streams is still requested to fill gaps."""
    names = [f"p{number}" for number in range(4)]
    for name in names:
        metadata = METADATA.replace(b"Name: foo", b"Name: %s" % name.encode())
        world.upload(name, "1.0", filename=f"{name}-1.0-py3-none-any.whl", metadata=metadata)
    for name in names[:3]:
        fake.fault(f"*/{name}-1.0-py3-none-any.whl.metadata", faults.unavailable(), times=None)
    given = list(read(connect(fake), names, streams("files", "dependencies"), core_metadata=True))
    assert [(counts(batch), list(batch.failures)) for batch in given] == [
        *[({"files": 1}, ["dependencies"])] * 3,
        ({"files": 1, "dependencies": 1}, []),
    ]
