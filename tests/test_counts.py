"""What a sync asks for and writes when little or nothing has changed: requests, bodies and rows, counted."""

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
from source_pypi.destinations.duckdb.store import Database
from source_pypi.selection import select
from source_pypi.services.index.api import open_index
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches
from tests.fake_index import FakeIndex, World

MANY, SOME = 1000, 140
FLAT = ("projects", "versions", "files")
OF_RELEASES = ("projects", "release", "vulnerabilities")
HOUR, DAY = 3600, 86_400
#: When the first sync runs, in seconds since 1970.
BEGAN = 1_800_000_000


class Counts(NamedTuple):
    """What a sync cost: requests, those of them with a condition, their statuses, bytes of bodies, rows written."""

    requests: int
    conditional: int
    statuses: dict[int, int]
    body_bytes: int
    rows: int


def named(count: int) -> list[str]:
    """The names of the projects."""
    return [f"project-{number}" for number in range(count)]


def world_of(count: int) -> World:
    """Projects with two releases of two files each."""
    world = World()
    for name in named(count):
        world.add(name, releases=["1.0", "2.0"], summary=f"What {name} does")
    return world


@pytest.fixture(scope="module")
def many() -> World:
    """A thousand projects, to which nothing happens."""
    return world_of(MANY)


@pytest.fixture(scope="module")
def some() -> World:
    """Fewer projects, to which nothing happens."""
    return world_of(SOME)


@dataclass
class Front:
    """A front that keeps what it has loaded in a folder.

    :ivar asked: what the last sync asked for.
    """

    fake: FakeIndex
    folder: Path
    asked: list[str] = field(default_factory=list)

    def config(self, projects: int, **settings: Any) -> Config:
        """Settings for the index, without a pace."""
        chosen: dict[str, Any] = {"projects": named(projects), "index_url": self.fake.url, "requests_per_second": 0}
        return make_config(chosen | settings)

    def counted(self, rows: int) -> Counts:
        """What the sync that has just ended cost."""
        requests = self.fake.requests
        self.asked = [request.path for request in requests]
        return Counts(
            len(requests),
            sum("if-none-match" in request.headers for request in requests),
            dict(Counter(request.status for request in requests)),
            sum(request.body_bytes for request in requests),
            rows,
        )


class Sync(Front):
    """``sync``, into a DuckDB file."""

    def run(self, projects: int, streams: tuple[str, ...], now: float, **settings: Any) -> Counts:
        """Load, at a time; what it cost."""
        self.fake.new_run()
        config, chosen = self.config(projects, **settings), choose_streams(list(streams))
        index, selection = open_index(config), select(config)
        before = self._content(streams)
        opened = Database(self.file, chosen, selection.projects, root=index.root, now=lambda: now)
        with opened as database:
            for batch in batches(index, selection, chosen, config, database, lambda: now):
                database.add(batch)
            database.finish()
        index.client.close()
        return self.counted((self._content(streams) - before).total())

    @property
    def file(self) -> Path:
        """Where it loads."""
        return self.folder / "counts.duckdb"

    def _content(self, streams: tuple[str, ...]) -> Counter[str]:
        """The rows that there are, each with the time of the visit that found it new."""
        if not self.file.exists():
            return Counter()
        connection = duckdb.connect(str(self.file), read_only=True)
        tables = [connection.execute(f"SELECT * FROM {stream}").fetchall() for stream in streams]
        connection.close()
        return Counter(f"{stream} {row}" for stream, rows in zip(streams, tables, strict=True) for row in rows)


class Read(Front):
    """``read``, whose state is handed back."""

    def run(self, projects: int, streams: tuple[str, ...], now: float, **settings: Any) -> Counts:
        """Read, at a time; what it cost."""
        self.fake.new_run()
        catalog, state = self.folder / "catalog.json", self.folder / "state.json"
        catalog.write_text(json.dumps({"streams": [{"stream": {"name": name}} for name in streams]}))
        written: list[bytes] = []
        handed = state if state.exists() else None
        assert airbyte.read(self.config(projects, **settings), catalog, handed, written.append, lambda: now)
        messages = [json.loads(line) for line in b"".join(written).splitlines()]
        states = {m["state"]["stream"]["stream_descriptor"]["name"]: m["state"] for m in messages if "state" in m}
        state.write_text(json.dumps(list(states.values())))
        return self.counted(sum(message["type"] == "RECORD" for message in messages))


Start = Callable[..., Sync | Read]


@pytest.fixture(params=[Sync, Read])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Start an index of a world, and a front that has not yet read from it."""
    started: list[FakeIndex] = []

    def make(world: World, **options: Any) -> Sync | Read:
        started.append(FakeIndex(world, **options).start())
        front: Sync | Read = request.param(started[-1], tmp_path)
        return front

    yield make
    for fake in started:
        fake.stop()
        assert fake.repeated == []


def test_nothing_has_changed(start: Start, many: World) -> None:
    """Over 1,000 unchanged projects: 1,000 conditional requests, no body, no row."""
    front = start(many)
    first = front.run(MANY, FLAT, BEGAN)
    assert first == Counts(MANY, 0, {200: MANY}, first.body_bytes, MANY * (1 + 2 + 4))
    assert front.run(MANY, FLAT, BEGAN + HOUR) == Counts(MANY, MANY, {304: MANY}, 0, 0)


def test_nothing_has_changed_without_etags(start: Start, many: World) -> None:
    """Where the index gives no ETags: the documents once more, and no row."""
    front = start(many, etags=False)
    first = front.run(MANY, FLAT, BEGAN)
    assert first == Counts(MANY, 0, {200: MANY}, first.body_bytes, MANY * (1 + 2 + 4))
    assert front.run(MANY, FLAT, BEGAN + HOUR) == Counts(MANY, 0, {200: MANY}, first.body_bytes, 0)


@pytest.mark.parametrize("etags", [True, False])
def test_two_documents_a_project(start: Start, some: World, etags: bool) -> None:
    """With ``statuses`` there is the page, too: asked for on the same terms."""
    front = start(some, etags=etags)
    first = front.run(SOME, (*FLAT, "statuses"), BEGAN)
    assert first == Counts(2 * SOME, 0, {200: 2 * SOME}, first.body_bytes, SOME * (1 + 2 + 4 + 1))
    again = front.run(SOME, (*FLAT, "statuses"), BEGAN + HOUR)
    unchanged = Counts(2 * SOME, 2 * SOME, {304: 2 * SOME}, 0, 0)
    assert again == (unchanged if etags else Counts(2 * SOME, 0, {200: 2 * SOME}, first.body_bytes, 0))


def test_whole_index(start: Start, some: World) -> None:
    """An unchanged index takes one request in the next run, for its list."""
    front = start(some)
    first = front.run(0, FLAT, BEGAN, whole_index=True)
    assert first == Counts(SOME + 1, 0, {200: SOME + 1}, first.body_bytes, SOME * (1 + 2 + 4))
    second = front.run(0, FLAT, BEGAN + 1, whole_index=True)
    assert second == Counts(1, 0, {200: 1}, second.body_bytes, 0)
    assert second.body_bytes < 1_000


def test_one_project_has_changed(start: Start) -> None:
    """Of 140 projects that one was uploaded to: one body, and the rows that are new or different."""
    world = world_of(SOME)
    front = start(world)
    front.run(SOME, FLAT, BEGAN)
    world.yank("project-7", "1.0", "broken")
    counts = front.run(SOME, FLAT, BEGAN + HOUR)
    assert counts[:3] == (SOME, SOME, {304: SOME - 1, 200: 1})
    assert 0 < counts.body_bytes < 20_000
    assert counts.rows == 1 + 2 + 4  # of that project, all: they are one part, which is written whole


def is_due(project: str, before: float, now: float) -> bool:
    """Whether a project's own time has come between two syncs, with a week as the period."""
    phase = zlib.crc32(project.encode()) / 2**32 * 7 * DAY
    return (now - phase) // (7 * DAY) > (before - phase) // (7 * DAY)


def test_release_documents(start: Start, some: World) -> None:
    """``releases: all``, daily: project documents, and the release documents of a seventh, each once in a week."""
    front = start(some)
    first = front.run(SOME, OF_RELEASES, BEGAN, releases="all")
    assert first[:3] == (2 * SOME, 0, {200: 2 * SOME})  # the document of the latest release is the project's
    asked: Counter[str] = Counter()
    for day in range(7):
        counts = front.run(SOME, OF_RELEASES, BEGAN + (day + 1) * DAY, releases="all")
        due = [name for name in named(SOME) if is_due(name, BEGAN + day * DAY, BEGAN + (day + 1) * DAY)]
        assert counts == Counts(SOME + len(due), SOME + len(due), {304: SOME + len(due)}, 0, 0)
        asked.update(path for path in front.asked if path.endswith("/1.0/json"))
    assert asked == Counter(f"/pypi/{name}/1.0/json" for name in named(SOME))


def test_release_documents_within_a_minute(start: Start, some: World) -> None:
    """``releases: all``, at once again: the project documents only, as nobody's time has come."""
    front = start(some)
    front.run(SOME, OF_RELEASES, BEGAN, releases="all")
    assert not [name for name in named(SOME) if is_due(name, BEGAN, BEGAN + 60)]
    assert front.run(SOME, OF_RELEASES, BEGAN + 60, releases="all") == Counts(SOME, SOME, {304: SOME}, 0, 0)
