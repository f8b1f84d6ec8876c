"""Projects, runs, and what the runs requested: for the tests of ``sync/``."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from source_pypi.config import make_config
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch
from source_pypi.sync.run import batches
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.memory_store import MemoryStore, full_sync

Connect = Callable[..., Index]
#: Streams of projects that read the project document only, and one of the index.
ALL = choose_streams(["projects", "versions", "files", "project", "release", "stats"])
#: Every stream that has rows of projects.
EVERY = [stream.name for stream in STREAMS if stream.of_project and not stream.service]
#: Streams that read release documents, and one that does not.
RELEASED = ["release", "dependencies", "vulnerabilities", "files"]
METADATA = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nRequires-Dist: filled\n"
PROVENANCE = {"version": 1, "attestation_bundles": []}


def read(index: Index, projects: Sequence[str], streams: Sequence[Stream], **settings: Any) -> Iterator[Batch]:
    """Return the batches of a run over these projects, without state."""
    config = make_config({"projects": list(projects), **settings})
    return batches(index, select(config), streams, config)


def streams(*names: str) -> tuple[Stream, ...]:
    """Return these streams."""
    return choose_streams(names)


def counts(batch: Batch) -> dict[str, int]:
    """Return the number of rows of a batch, by stream."""
    return {name: len(rows) for name, rows in rows_in(batch).items()}


def releases_in(batch: Batch) -> list[str]:
    """Return the versions of the rows of the stream ``release``."""
    return [row["version"] for row in rows_in(batch)["release"]]


def statuses_of(fake: FakeIndex) -> dict[str, list[int]]:
    """Return the statuses of the responses in the last run, by path."""
    statuses: dict[str, list[int]] = {}
    for request in fake.requests:
        statuses.setdefault(request.path, []).append(request.status)
    return statuses


def rich(world: World, name: str = "foo") -> None:
    """Add a project with three releases, of which each stream of projects has a row."""
    info = {"requires_dist": ["bar"], "classifiers": ["Typing :: Typed"], "project_urls": {"Docs": "https://a.test"}}
    world.add(name, releases=["1.0", "2.0", "3.0"], owner="ann", **info)
    wheel = f"{name}-3.0-1-py3-none-any.whl"
    metadata = METADATA.replace(b"foo", name.encode()).replace(b"1.0", b"3.0")
    world.upload(name, "3.0", filename=wheel, metadata=metadata, provenance=PROVENANCE)
    world.add_advisory(name, "1.0", "PYSEC-1")


def agrees(
    fake: FakeIndex, index: Index, store: MemoryStore, projects: Sequence[str], names: Sequence[str], **s: Any
) -> bool:
    """Return whether the tables are those of a run without state; the fake index forgets what was requested before."""
    expected = full_sync(fake, index, projects, names, **s).tables()
    fake.new_run()
    return all(store.tables().get(n, []) == store.merged().get(n, []) == expected.get(n, []) for n in names)


def chain(world: World) -> None:
    """Add projects: release 1.0 of a needs b, release 2.0 needs c, and both need d."""
    world.add("a", ["1.0"], requires_dist=["b", "d"])
    world.add("a", ["2.0"], requires_dist=["c", "d"])
    for name in "bcd":
        world.add(name)


def projects_read(store: MemoryStore) -> list[str | None]:
    """Return the projects that the last run read, in order."""
    return [batch.project for batch in store.batches]


def silent(world: World) -> None:
    """Add a release whose document has no requirements, and a wheel whose metadata has one."""
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", metadata=METADATA)
    world.add("filled")


def paths(fake: FakeIndex) -> list[str]:
    """Return the paths that the last run requested, in order, each with its status."""
    return [f"{request.path} {request.status}" for request in fake.requests]


def visited(fake: FakeIndex, store: MemoryStore) -> list[str]:
    """Return the paths that the last run requested, but for those of the sample that the list is compared with."""
    read = {f"/pypi/{name}/json 304" for name in projects_read(store)}
    return [path for path in paths(fake) if path in read or path.count("/") > 3 or not path.endswith("/json 304")]
