"""Loads advisories into a DuckDB file, as ``sync`` does, at a given time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from source_pypi.config import make_config
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.selection import Selection, select
from source_pypi.services.advisories.api import open_service
from source_pypi.streams import choose_streams
from source_pypi.sync.batch import Batch
from source_pypi.sync.services import service_batches
from tests.databases import rows

STREAMS = ("advisories", "advisory_ranges", "advisory_versions", "removed_advisories")
#: 2 January 2026, a day after the first records of tests.
NOW = 1_767_312_000


class Loaded(Struct):
    """What a load reported: warnings, errors, how many rows of each stream it wrote, and gaps, one a batch."""

    warnings: list[str]
    errors: list[str]
    counts: list[dict[str, int]]
    gaps: list[str]


def load(
    place: Path,
    url: str,
    *,
    projects: Sequence[str] = (),
    streams: Sequence[str] = STREAMS,
    now: float = NOW,
    on_batch: Callable[[Batch], None] = lambda batch: None,
    **settings: Any,
) -> Loaded:
    """Load the streams; without projects, those of all projects.

    :param on_batch: called after each batch.
    """
    chosen = choose_streams(streams)
    given: dict[str, Any] = {"advisories_url": url, "requests_per_second": 0, "projects": list(projects)}
    config = make_config(given | settings)
    service = open_service(config, lambda event: None)
    selection = select(config) if projects else Selection()
    found = Loaded([], [], [], [])
    with Loader(DuckdbStore(str(place)), chosen, root="", now=lambda: now) as loader:
        for batch in service_batches({"advisories": service}, chosen, selection, loader, lambda: now):
            loader.add(batch)
            found.warnings += batch.warnings
            found.errors += map(str, batch.failures.values())
            found.counts.append(batch.counts)
            found.gaps.append(batch.gap)
            on_batch(batch)
        loader.finish()
    found.errors = list(dict.fromkeys(found.errors))
    return found


def contents(place: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables of advisories, without the time of the visit."""
    tables = STREAMS[:3]
    return {one: rows(place, f"SELECT * EXCLUDE (seen_at) FROM {one} ORDER BY ALL") for one in tables}
