"""Tests of ``sync/services.py``: portions of a service become batches, and their rows replace only their partitions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pytest
from msgspec import Struct

from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.parquet.store import ParquetStore
from source_pypi.errors import SourceError, UnavailableError
from source_pypi.fields import describe
from source_pypi.selection import Selection
from source_pypi.services.service import Cursor, Portion, Request
from source_pypi.streams.stream import Stream
from source_pypi.sync.services import service_batches
from tests.databases import rows

NOW = 1_795_332_577


class Event(Struct, frozen=True):
    """An event."""

    serial: Annotated[int, describe("Its number.", source="serial")]
    what: Annotated[str, describe("What happened.", source="what")]


class Download(Struct, frozen=True):
    """The downloads of a project in a day."""

    project: Annotated[str, describe("Its name.", source="name")]
    day: Annotated[str, describe("The day.", source="day")]
    count: Annotated[int, describe("How many.", source="count")]


#: The documents of a portion are rows by stream.
EVENTS = Stream(
    "events",
    "an event",
    Event,
    ("serial",),
    (),
    "1",
    lambda all_: all_["events"],
    service="journal",
    merged_by="serial",
)
DOWNLOADS = Stream(
    "downloads",
    "a day",
    Download,
    ("project", "day"),
    (),
    "1 per project",
    lambda all_: all_["downloads"],
    service="journal",
    merged_by="day",
    per_project=True,
)


class Journal:
    """A service that returns prepared portions, and keeps what it was asked."""

    url = "http://journal.test"

    def __init__(self, *portions: Portion | SourceError) -> None:
        self.prepared, self.requests = portions, list[Request]()

    def close(self) -> None:
        """Nothing is requested."""

    def portions(self, request: Request) -> Iterator[Portion]:
        """Yield the portions, or raise."""
        self.requests.append(request)
        for one in self.prepared:
            if isinstance(one, SourceError):
                raise one
            yield one


def events(*numbers: int, cursor: bytes = b"x", what: str = "new") -> Portion:
    """A portion of events."""
    return Portion({"events": [Event(number, what) for number in numbers]}, {"events": cursor})


def downloads(project: str, cursor: bytes = b"x", /, **days: int) -> Portion:
    """A portion of a project's downloads."""
    made = [Download(project, day, count) for day, count in days.items()]
    return Portion({"downloads": made}, {"downloads": cursor}, project)


@pytest.fixture(params=["duckdb", "parquet"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where rows are loaded, of each kind that needs no server."""
    return tmp_path / ("x.duckdb" if request.param == "duckdb" else "x")


def load(place: Path, journal: Journal, *streams: Stream) -> list[Any]:
    """Load a run of the service; return the errors."""
    store = DuckdbStore(str(place)) if place.suffix else ParquetStore(f"{place}/")
    errors: list[Any] = []
    with Loader(store, streams, root="", now=lambda: NOW) as loader:
        for batch in service_batches({"journal": journal}, streams, Selection(), loader, lambda: NOW):
            loader.add(batch)
            errors += batch.failures.values()
        loader.finish()
    return errors


def table(place: Path, name: str, columns: str) -> list[tuple[Any, ...]]:
    """Columns of a table, in order."""
    source = name if place.suffix else f"'{place}/{name}/*.parquet'"
    query = f"SELECT {columns} FROM {source}"
    return sorted(rows(place, query) if place.suffix else duckdb.connect().execute(query).fetchall())


def test_new_rows_are_added(place: Path) -> None:
    """Rows of later portions and runs are added; those that are there stay, but for the same value of ``merged_by``."""
    load(place, Journal(events(1, 2), events(3)), EVENTS)
    load(place, Journal(events(3, 4, what="again")), EVENTS)
    assert table(place, "events", "serial, what") == [(1, "new"), (2, "new"), (3, "again"), (4, "again")]


def test_rows_of_a_project_replace_its_own(place: Path) -> None:
    """A portion of a project replaces only this project's rows of the same partitions."""
    load(place, Journal(downloads("a", d1=1, d2=2), downloads("b", d1=10, d2=20)), DOWNLOADS)
    load(place, Journal(downloads("a", d2=3, d3=4)), DOWNLOADS)
    found = table(place, "downloads", "project, day, count")
    assert found == [("a", "d1", 1), ("a", "d2", 3), ("a", "d3", 4), ("b", "d1", 10), ("b", "d2", 20)]


def test_partitions_without_rows_lose_theirs(place: Path) -> None:
    """A portion may name partitions of which nothing is left: their rows are deleted."""
    load(place, Journal(events(1, 2, 3)), EVENTS)
    load(place, Journal(Portion({"events": []}, {"events": b"y"}, partitions=("2",))), EVENTS)
    assert table(place, "events", "serial") == [(1,), (3,)]


def test_the_cursor_of_the_last_portion_is_kept(place: Path) -> None:
    """The next run gets the cursor of the last portion that was written, for the index as a whole or for a project."""
    load(place, Journal(events(1, cursor=b"1"), events(2, cursor=b"2"), downloads("a", b"d1", d1=1)), EVENTS, DOWNLOADS)
    asked = Journal()
    seen: list[Any] = []

    def portions(request: Request) -> Iterator[Portion]:
        seen.append(request.cursors(["", "a", "b"]))
        return iter(())

    asked.portions = portions  # type: ignore[method-assign]
    load(place, asked, EVENTS, DOWNLOADS)
    assert {project: dict(one) for project, one in seen[0].items() if one} == {
        "": {"events": Cursor(b"2", True, NOW)},
        "a": {"downloads": Cursor(b"d1", True, NOW)},
    }


def test_a_service_that_fails_keeps_what_came_before(place: Path) -> None:
    """An error fails the service's streams; rows and cursors of earlier portions stay."""
    error = UnavailableError("http://journal.test", 503, 3, 1.0, None)
    assert load(place, Journal(events(1), error), EVENTS, DOWNLOADS) == [error, error]
    assert table(place, "events", "serial") == [(1,)]


def test_nothing_new_writes_nothing_but_the_cursor(place: Path) -> None:
    """A portion without rows leaves the table, and moves the cursor."""
    load(place, Journal(events(1)), EVENTS)
    load(place, Journal(events(cursor=b"9")), EVENTS)
    assert table(place, "events", "serial") == [(1,)]
