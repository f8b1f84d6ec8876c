"""The requests, response bodies and rows of a sync when little or nothing has changed."""

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from source_pypi import airbyte
from source_pypi.config import Config, make_config
from source_pypi.destinations import open_destination
from source_pypi.selection import select
from source_pypi.services.index.api import open_index
from source_pypi.streams import choose_streams
from source_pypi.sync.list_sample import SIZE
from source_pypi.sync.run import batches
from tests.fake_index import FakeIndex, World

MANY, SOME = 1000, 140
FLAT = ("projects", "versions", "files")
OF_RELEASES = ("projects", "release", "vulnerabilities")
HOUR, DAY = 3600, 86_400
#: When the first sync runs, in seconds since 1970.
BEGAN = 1_800_000_000


class Counts(NamedTuple):
    """The cost of a sync: requests, conditional ones, statuses, bytes of bodies, rows written."""

    requests: int
    conditional: int
    statuses: dict[int, int]
    body_bytes: int
    rows: int


def project_names(count: int) -> list[str]:
    """The names of the projects."""
    return [f"project-{number}" for number in range(count)]


def world_of(count: int) -> World:
    """Projects with two releases of two files each."""
    world = World()
    for name in project_names(count):
        world.add(name, releases=["1.0", "2.0"], summary=f"What {name} does")
    return world


@pytest.fixture(scope="module")
def many() -> World:
    """A thousand projects that do not change."""
    return world_of(MANY)


@pytest.fixture(scope="module")
def some() -> World:
    """Fewer projects that do not change."""
    return world_of(SOME)


@dataclass
class Command:
    """A command that keeps its database or its state in a folder.

    :ivar paths: the paths of the requests of the last run.
    """

    fake: FakeIndex
    folder: Path
    paths: list[str] = field(default_factory=list)

    def config(self, projects: int, **settings: Any) -> Config:
        """Settings for the index, without a rate limit."""
        chosen: dict[str, Any] = {
            "projects": project_names(projects),
            "index_url": self.fake.url,
            "requests_per_second": 0,
        }
        return make_config(chosen | settings)

    def cost(self, rows: int) -> Counts:
        """The cost of the sync that has just ended."""
        requests = self.fake.requests
        self.paths = [request.path for request in requests]
        return Counts(
            len(requests),
            sum("if-none-match" in request.headers for request in requests),
            dict(Counter(request.status for request in requests)),
            sum(request.body_bytes for request in requests),
            rows,
        )


class Sync(Command):
    """``sync``, into a DuckDB file."""

    def run(self, projects: int, streams: tuple[str, ...], now: float, **settings: Any) -> Counts:
        """Run at a time; its cost."""
        self.fake.new_run()
        config, chosen = self.config(projects, **settings), choose_streams(list(streams))
        index, selection = open_index(config), select(config)
        before = self._content(streams)
        opened = open_destination(str(self.file), chosen, selection.requested, root=index.root, now=lambda: now)
        with opened as database:
            for batch in batches(index, selection, chosen, config, database, lambda: now):
                database.add(batch)
            database.finish()
        index.client.close()
        return self.cost((self._content(streams) - before).total())

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / "counts.duckdb"

    def _content(self, streams: tuple[str, ...]) -> Counter[str]:
        """The rows in the tables, with their ``seen_at``."""
        if not self.file.exists():
            return Counter()
        connection = duckdb.connect(str(self.file), read_only=True)
        tables = [connection.execute(f"SELECT * FROM {stream}").fetchall() for stream in streams]
        connection.close()
        return Counter(f"{stream} {row}" for stream, rows in zip(streams, tables, strict=True) for row in rows)


class Read(Command):
    """``read``, with the state of the run before."""

    def run(self, projects: int, streams: tuple[str, ...], now: float, **settings: Any) -> Counts:
        """Read, at a time; what it cost."""
        self.fake.new_run()
        catalog, state = self.folder / "catalog.json", self.folder / "state.json"
        catalog.write_text(json.dumps({"streams": [{"stream": {"name": name}} for name in streams]}))
        written: list[bytes] = []
        previous = state if state.exists() else None
        assert airbyte.read(self.config(projects, **settings), catalog, previous, written.append, lambda: now)
        messages = [json.loads(line) for line in b"".join(written).splitlines()]
        states = {m["state"]["stream"]["stream_descriptor"]["name"]: m["state"] for m in messages if "state" in m}
        state.write_text(json.dumps(list(states.values())))
        return self.cost(sum(message["type"] == "RECORD" for message in messages))


Start = Callable[..., Sync | Read]


@pytest.fixture(params=[Sync, Read])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Start an index of a world, and a command that has not read it yet."""
    started: list[FakeIndex] = []

    def make(world: World, **options: Any) -> Sync | Read:
        started.append(FakeIndex(world, **options).start())
        command: Sync | Read = request.param(started[-1], tmp_path)
        return command

    yield make
    for fake in started:
        fake.stop()
        assert fake.repeated == []


def test_unchanged_projects_take_one_conditional_request_each(start: Start, many: World) -> None:
    """1,000 unchanged projects take 1,000 conditional requests, no body and no row."""
    command = start(many)
    first = command.run(MANY, FLAT, BEGAN)
    assert first == Counts(MANY, 0, {200: MANY}, first.body_bytes, MANY * (1 + 2 + 4))
    assert command.run(MANY, FLAT, BEGAN + HOUR) == Counts(MANY, MANY, {304: MANY}, 0, 0)


def test_unchanged_projects_without_etags_write_no_rows(start: Start, many: World) -> None:
    """If the index sends no ETags, the documents are downloaded again, and no row is written."""
    command = start(many, etags=False)
    first = command.run(MANY, FLAT, BEGAN)
    assert first == Counts(MANY, 0, {200: MANY}, first.body_bytes, MANY * (1 + 2 + 4))
    assert command.run(MANY, FLAT, BEGAN + HOUR) == Counts(MANY, 0, {200: MANY}, first.body_bytes, 0)


@pytest.mark.parametrize("etags", [True, False])
def test_statuses_take_a_conditional_request_for_the_page(start: Start, some: World, etags: bool) -> None:
    """``statuses`` adds a conditional request for the page of each project."""
    command = start(some, etags=etags)
    first = command.run(SOME, (*FLAT, "statuses"), BEGAN)
    assert first == Counts(2 * SOME, 0, {200: 2 * SOME}, first.body_bytes, SOME * (1 + 2 + 4 + 1))
    again = command.run(SOME, (*FLAT, "statuses"), BEGAN + HOUR)
    unchanged = Counts(2 * SOME, 2 * SOME, {304: 2 * SOME}, 0, 0)
    assert again == (unchanged if etags else Counts(2 * SOME, 0, {200: 2 * SOME}, first.body_bytes, 0))


def test_unchanged_whole_index_takes_its_list_and_a_sample(start: Start, some: World) -> None:
    """An unchanged whole index takes its list, or two questions to its journal, and a sample of ten projects."""
    command = start(some)
    first = command.run(0, FLAT, BEGAN, whole_index=True)
    assert first == Counts(SOME + 1, 0, {200: SOME + 1}, first.body_bytes, SOME * (1 + 2 + 4))
    again = command.run(0, FLAT, BEGAN + 1, whole_index=True)
    asked = 2 if isinstance(command, Read) else 1  # the events since the last run, and whether the journal is the same
    assert again == Counts(asked + SIZE, SIZE, {200: asked, 304: SIZE}, again.body_bytes, 0)


def test_one_changed_project_takes_one_body(start: Start) -> None:
    """If one of 140 projects changes, one body is downloaded, and the rows of that project are written."""
    world = world_of(SOME)
    command = start(world)
    command.run(SOME, FLAT, BEGAN)
    world.yank("project-7", "1.0", "broken")
    counts = command.run(SOME, FLAT, BEGAN + HOUR)
    assert counts[:3] == (SOME, SOME, {304: SOME - 1, 200: 1})
    assert 0 < counts.body_bytes < 20_000
    assert counts.rows == 1 + 2 + 4  # of that project, all: they are one part, which is written whole


def is_due(project: str, before: float, now: float) -> bool:
    """Whether a project's full check is due between two syncs, with a period of a week."""
    phase = zlib.crc32(project.encode()) / 2**32 * 7 * DAY
    return (now - phase) // (7 * DAY) > (before - phase) // (7 * DAY)


def test_release_documents_are_checked_once_a_week(start: Start, some: World) -> None:
    """With ``releases: all``, daily syncs request each release document once a week."""
    command = start(some)
    first = command.run(SOME, OF_RELEASES, BEGAN, releases="all")
    assert first[:3] == (2 * SOME, 0, {200: 2 * SOME})  # the document of the latest release is the project's
    requested: Counter[str] = Counter()
    for day in range(7):
        counts = command.run(SOME, OF_RELEASES, BEGAN + (day + 1) * DAY, releases="all")
        due = [name for name in project_names(SOME) if is_due(name, BEGAN + day * DAY, BEGAN + (day + 1) * DAY)]
        assert counts == Counts(SOME + len(due), SOME + len(due), {304: SOME + len(due)}, 0, 0)
        requested.update(path for path in command.paths if path.endswith("/1.0/json"))
    assert requested == Counter(f"/pypi/{name}/1.0/json" for name in project_names(SOME))


def test_release_documents_are_not_checked_again_within_a_minute(start: Start, some: World) -> None:
    """With ``releases: all``, a second sync within a minute requests only project documents."""
    command = start(some)
    command.run(SOME, OF_RELEASES, BEGAN, releases="all")
    assert not [name for name in project_names(SOME) if is_due(name, BEGAN, BEGAN + 60)]
    assert command.run(SOME, OF_RELEASES, BEGAN + 60, releases="all") == Counts(SOME, SOME, {304: SOME}, 0, 0)
