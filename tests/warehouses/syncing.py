"""A sync, as the command makes one, and what a plain read gives."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from source_pypi.config import make_config
from source_pypi.destinations import open_destination
from source_pypi.http.client import Client
from source_pypi.schema import stream_fields
from source_pypi.selection import Selection, select
from source_pypi.services.index.api import Index
from source_pypi.services.index.locations import Locations
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Row, Stream
from source_pypi.sync.run import batches, needs_projects
from tests.batches import rows_in
from tests.fake_index import FakeIndex
from tests.warehouses.places import Place, Rows, in_order

ALL = choose_streams(["all"])


@dataclass(slots=True)
class Done:
    """What a sync did: rows that it wrote, by stream, and its warnings."""

    rows: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@contextmanager
def asking(fake: FakeIndex) -> Iterator[Index]:
    """Our side of an index, that does not wait."""
    client = Client(requests_per_second=0, timeout=5, sleep=lambda seconds: None)
    try:
        yield Index(client, Locations(fake.url))
    finally:
        client.close()


def sync(
    place: Place,
    fake: FakeIndex,
    projects: Sequence[str],
    streams: Sequence[Stream] = ALL,
    *,
    now: Callable[[], float] = time.time,
    keep_history: bool = False,
    **settings: Any,
) -> Done:
    """Load projects, and go on from what was loaded before."""
    config = make_config({"projects": projects, "releases": "all", **settings})
    selection = select(config) if needs_projects(streams) else Selection()
    done = Done()
    with (
        asking(fake) as index,
        open_destination(
            place.into, streams, selection.requested, root=index.root, keep_history=keep_history, now=now
        ) as warehouse,
    ):
        done.warnings = warehouse.warnings
        for batch in batches(index, selection, streams, config, warehouse, now):
            warehouse.add(batch)
            for name, count in batch.counts.items():
                done.rows[name] = done.rows.get(name, 0) + count
        warehouse.finish()
    return done


def read(fake: FakeIndex, projects: Sequence[str], streams: Sequence[Stream] = ALL) -> dict[str, Rows]:
    """What is on the index, by stream."""
    config = make_config({"projects": projects, "releases": "all"})
    made: dict[str, Rows] = {stream.name: [] for stream in streams}
    by_name = {stream.name: stream for stream in streams}
    with asking(fake) as index:
        for batch in batches(index, select(config), streams, config):
            for name, rows in rows_in(batch).items():
                made[name] += [_plain(by_name[name], row) for row in rows]
    return {name: in_order(rows) for name, rows in made.items()}


def held(place: Place, streams: Sequence[Stream] = ALL) -> dict[str, Rows]:
    """What is in a place, by stream."""
    return {stream.name: in_order(place.rows(stream)) for stream in streams}


def _plain(stream: Stream, row: Row) -> dict[str, Any]:
    given: dict[str, Any] = msgspec.to_builtins(row, builtin_types=(datetime,))
    return {field.name: given.get(field.name) for field in stream_fields(stream)}
