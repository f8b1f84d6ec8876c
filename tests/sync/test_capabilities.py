"""sync/capabilities.py: which streams a run finds on the index."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import NAMES, choose_streams
from source_pypi.sync.batch import Batch, Capability
from source_pypi.sync.capabilities import NOT_READ, NOT_SEEN, NOT_SELECTED, Capabilities
from source_pypi.sync.run import Run
from tests.fake_index import FakeIndex, World, faults
from tests.fake_index.documents import View, page_html
from tests.memory_store import NOW, MemoryStore
from tests.sync.helpers import METADATA, PROVENANCE, Connect, rich, streams

Found = dict[str, tuple[bool | None, str | None]]


def sync(index: Index, projects: list[str], *names: str, store: MemoryStore | None = None) -> tuple[Run, list[Batch]]:
    """Run these streams; return the run, and its batches."""
    config = make_config({"projects": projects})
    run = Run(index, select(config), streams(*names), config, lambda: NOW)
    batches = []
    for batch in run.batches(store):
        batches.append(batch)
        if store is not None:
            for stream in run.streams:
                if stream.name in batch.changes:
                    store.add(stream, batch)
    return run, batches


def found(index: Index, projects: list[str], *names: str, store: MemoryStore | None = None) -> Found:
    """Run these streams; return what the last batch says of them, without the time."""
    rows = {row.stream: row for row in sync(index, projects, *names, store=store)[1][-1].capabilities}
    assert list(rows) == list(NAMES)
    assert {(row.available, row.reason, row.checked_at) for name, row in rows.items() if name not in names} <= {
        (None, NOT_SELECTED, None)
    }
    assert all((row.checked_at is None) == (row.available is None) for row in rows.values())
    return {name: (rows[name].available, rows[name].reason) for name in names}


def pages_only(fake: FakeIndex, *names: str) -> None:
    """Serve no project documents."""
    for name in names:
        fake.world.override(f"/pypi/{name}/json", b"{}", status=404)


def test_complete_index_provides_every_stream(world: World, fake: FakeIndex, connect: Connect) -> None:
    """On an index that has everything, every stream is available, with the time at which that was found out."""
    rich(world)
    of_index = [stream.name for stream in choose_streams(["all"])]
    _, batches = sync(connect(fake), ["foo"], *of_index)
    (at,) = {batch.seen_at for batch in batches if batch.project == "foo"}
    available = {name: Capability(name, available=True, checked_at=at) for name in of_index}
    others = {name: Capability(name, reason=NOT_SELECTED) for name in NAMES if name not in of_index}
    every = available | others
    assert batches[-1] == Batch(None, at, capabilities=tuple(every[name] for name in NAMES))


def test_stream_without_rows_is_available(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A stream whose documents the index has is available, also if these make no rows, and if they are unchanged."""
    world.add("foo")
    index, store, names = connect(fake), MemoryStore(), ("dependencies", "vulnerabilities", "roles", "attestations")
    expected = dict.fromkeys(names, (True, None))
    assert found(index, ["foo"], *names, store=store) == expected
    fake.new_run()
    assert found(index, ["foo"], *names, store=store) == expected
    assert {name: store.tables().get(name) for name in names} == {name: [] for name in names}


def test_page_only_index(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index of pages has the streams that pages feed; the reason for others is the line that is printed, once."""
    for name in ("foo", "bar"):
        rich(world, name)
    pages_only(fake, "foo", "bar")
    names = ("projects", "versions", "files", "dependencies", "roles", "attestations", "statuses", "project", "release")
    run, batches = sync(connect(fake), ["foo", "bar"], *names)
    reason = f"this index offers no project documents ({fake.url}/pypi/foo/json answered 404)"
    lacking = ("roles", "attestations", "project", "release")
    assert {row.stream: (row.available, row.reason) for row in batches[-1].capabilities if row.stream in names} == {
        name: (False, reason) if name in lacking else (True, None) for name in names
    }
    assert run.summary.lines() == [
        f"{name}: {reason}: leave the stream out, or read an index that has it" for name in lacking
    ]
    assert not run.summary.rows.keys() & set(lacking)


def test_empty_page_does_not_tell(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project without files and document leaves open whether there are documents; another project tells."""
    rich(world)
    world.add("empty", [])
    pages_only(fake, "foo")
    index = connect(fake)
    assert found(index, ["empty"], "files", "roles") == {"files": (None, NOT_SEEN), "roles": (None, NOT_SEEN)}
    fake.new_run()
    reason = f"this index offers no project documents ({fake.url}/pypi/foo/json answered 404)"
    assert found(index, ["empty", "foo"], "files", "roles") == {"files": (True, None), "roles": (False, reason)}


def test_one_project_is_enough(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A stream is available if the index has the documents of one project; the line names the others."""
    for name in ("foo", "bar", "baz"):
        rich(world, name)
    pages_only(fake, "foo", "bar")
    run, batches = sync(connect(fake), ["foo", "bar", "baz"], "roles")
    assert [row for row in batches[-1].capabilities if row.stream == "roles"] == [
        Capability("roles", available=True, checked_at=batches[2].seen_at)
    ]
    assert run.summary.lines() == [
        f"roles: this index offers no project documents of foo and 1 more project ({fake.url}/pypi/foo/json answered "
        "404): leave the stream out, or read an index that has it"
    ]


def test_pins_without_release_documents_are_one_line(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """An index without release documents is one line for all pins, which names the streams without rows."""
    for name in "abc":
        world.add(name, ["1.0", "2.0"])
    fake, store = serve(poverty=True), MemoryStore()
    index, pins, names = connect(fake), ["a==1.0", "b==1.0", "c==1.0"], ("files", "dependencies", "release")
    reason = f"this index offers no release documents ({fake.url}/pypi/a/1.0/json answered 404)"
    for _ in range(2):
        fake.new_run()
        run, batches = sync(index, pins, *names, store=store)
        assert run.summary.lines() == [
            f"dependencies, release: {reason}: leave the stream out, or read an index that has it"
        ]
        rows = {row.stream: (row.available, row.reason) for row in batches[-1].capabilities if row.stream in names}
        assert rows == {"files": (True, None), "dependencies": (False, reason), "release": (False, reason)}


def test_pins_that_only_the_page_lists(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin that the page lists is not mistyped: the index lacks release documents. A pin that it does not list is."""
    world.add("foo", ["1.0", "2.0"])
    world.override("/pypi/foo/json", {"info": {"name": "Foo", "version": "2.0", "requires_dist": None}})
    world.override("/pypi/foo/1.0/json", b"{}", status=404)
    index = connect(fake)
    lines = sync(index, ["foo==1.0"], "dependencies")[0].summary.lines()
    assert lines == [
        f"dependencies: this index offers no release documents ({fake.url}/pypi/foo/1.0/json answered 404): "
        "leave the stream out, or read an index that has it"
    ]
    fake.new_run()
    (line,) = sync(index, ["foo==3.0"], "dependencies")[0].summary.lines()
    assert line.startswith("the index has no release document of foo 3.0 (")


def test_pin_that_no_page_lists_is_an_error_with_every_stream(world: World, fake: FakeIndex, connect: Connect) -> None:
    """On an index of pages a pin that the page does not list is an error, also if a stream needs release documents."""
    world.add("foo", ["1.0"])
    pages_only(fake, "foo")
    lines = sync(connect(fake), ["foo==9"], "files", "roles")[0].summary.lines()
    assert [line.partition(" (")[0] for line in lines] == [
        "roles: this index offers no project documents",
        "the index has no release document of foo 9",
    ]


def test_page_only_index_without_metadata(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where pages list no METADATA, the streams that need it are not available, and a line of each says so."""
    for name in ("foo", "bar"):
        world.upload(name, "1.0", filename=f"{name}-1.0.tar.gz")
    pages_only(fake, "foo", "bar")
    names = ("projects", "dependencies", "core_metadata")
    run, batches = sync(connect(fake), ["foo", "bar"], *names)
    reason = f"this index offers no core metadata ({fake.url}/simple/foo/ announces none for the selected releases)"
    said = {row.stream: (row.available, row.reason) for row in batches[-1].capabilities if row.stream in names}
    assert said == {"projects": (True, None), "dependencies": (False, reason), "core_metadata": (False, reason)}
    assert run.summary.lines() == [
        f"{name}: {reason}: leave the stream out, or read an index that has it" for name in names[1:]
    ]


def test_page_only_index_whose_metadata_is_missing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """METADATA that pages list and that answers 404 makes the streams unavailable, with a warning."""
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", metadata=METADATA)
    pages_only(fake, "foo")
    fake.fault("*.metadata", faults.missing(), times=None)
    reason = (
        "core metadata (METADATA): the index announces 1 of 1 project (foo) for which it then answers 404; loaded rows "
        "stay"
    )
    assert found(connect(fake), ["foo"], "projects", "dependencies", "classifiers") == {
        "projects": (True, None),
        "dependencies": (False, reason),
        "classifiers": (False, reason),
    }


def test_unchanged_metadata_is_available(world: World, fake: FakeIndex, connect: Connect) -> None:
    """On an index of pages, a stream that METADATA feeds is available also if nothing has changed."""
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", metadata=METADATA)
    pages_only(fake, "foo")
    index, store = connect(fake), MemoryStore()
    for _ in range(2):
        fake.new_run()
        assert found(index, ["foo"], "dependencies", "urls", store=store) == {
            "dependencies": (True, None),
            "urls": (True, None),
        }


def test_announced_core_metadata_that_is_missing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The reason for METADATA and provenance that are announced and missing is the warning that the run prints."""
    wheel = "foo-1.0-py3-none-any.whl"
    world.upload("foo", "1.0", filename=wheel, metadata=METADATA, provenance=PROVENANCE)
    for path in ("*.metadata", "*/provenance"):
        fake.fault(path, faults.missing(), times=None)
    _, batches = sync(connect(fake), ["foo"], "core_metadata", "attestations")
    said = {row.stream: (row.available, row.reason) for row in batches[-1].capabilities if row.reason != NOT_SELECTED}
    announced = "the index announces 1 of 1 project (foo) for which it then answers 404; loaded rows stay"
    warnings = {
        "core_metadata": f"core metadata (METADATA): {announced}",
        "attestations": f"provenance: {announced}",
    }
    assert said == {name: (False, warning) for name, warning in warnings.items()}
    assert sorted(batches[-1].warnings) == sorted(warnings.values())


def test_page_without_provenance(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Pages that do not speak of provenance make attestations unavailable, as HTML and as JSON."""
    rich(world)
    index = connect(fake)
    bodies = {
        "text/html": page_html(world.projects["foo"], View(fake.url)).replace(b"data-provenance", b"data-x"),
        "application/vnd.pypi.simple.v1+json": b'{"meta":{"api-version":"1.0"},"name":"foo","files":[{"filename":'
        b'"foo-1.0.tar.gz","url":"../foo-1.0.tar.gz","hashes":{}}]}',
    }
    for content_type, body in bodies.items():
        world.override("/simple/foo/", body, content_type)
        fake.new_run()
        assert found(index, ["foo"], "attestations") == {
            "attestations": (False, f"this index offers no provenance documents ({fake.url}/simple/foo/ names none)")
        }


def test_failure_does_not_tell(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A stream that could not be read is neither available nor unavailable; the reason is the error."""
    world.add("foo")
    fake.fault("/pypi/foo/json", faults.server_error(500), times=None)
    run, batches = sync(connect(fake), ["foo"], "files")
    (error,) = run.summary.errors
    (row,) = [row for row in batches[-1].capabilities if row.stream == "files"]
    assert row == Capability("files", reason=f"the run could not read this stream: {error}")


def test_run_that_ends_early(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A run that the index refuses says so of every selected stream."""
    world.add("foo")
    fake.fault("*", faults.missing(401), times=None)
    run, batches = sync(connect(fake), ["foo"], "files", "stats")
    reason = f"the run could not read this stream: {run.summary.stopped}"
    rows = {row.stream: (row.available, row.reason) for row in batches[-1].capabilities}
    assert (rows["files"], rows["stats"], rows["roles"]) == ((None, reason), (None, reason), (None, NOT_SELECTED))


@pytest.mark.parametrize("projects", [["nope"], ["foo"]])
def test_missing_project_does_not_tell(world: World, fake: FakeIndex, connect: Connect, projects: list[str]) -> None:
    """A project that the index does not have, or has no more, does not tell which streams the index provides."""
    world.add("foo")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    world.delete_project("foo")
    fake.new_run()
    expected = {"files": (None, NOT_SEEN)}
    assert found(index, projects, "files", store=store) == expected


def test_service_that_had_nothing_to_read() -> None:
    """A stream of another service of which nothing was read says so of the service, not of the index."""
    rows = {row.stream: row for row in Capabilities().rows({"downloads", "files"}, {})}
    reason = NOT_READ.format("downloads")
    assert rows["downloads"] == Capability("downloads", reason=reason)
    assert rows["files"] == Capability("files", reason=NOT_SEEN)
    assert rows["downloads_by"] == Capability("downloads_by", reason=NOT_SELECTED)


def test_reasons_have_no_credentials(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A reason has no credentials, whatever an error quotes."""
    world.add("foo")
    world.override("/pypi/foo/json", b'{"x": "http://ann:secret@index.test/"}', status=200)
    _, batches = sync(connect(fake), ["foo"], "files")
    assert "secret" not in str([replace(row) for row in batches[-1].capabilities])
