"""The table ``runs``: when each sync ran, what it read, and how many rows it added, changed and removed."""

import json
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from source_pypi.destinations.row_counts import RowChanges
from source_pypi.destinations.tables import Column, Table
from source_pypi.schema import INTEGER, JSON, TEXT, TEXTS, TIMESTAMP

RUNS = Table(
    "runs",
    (
        Column("run", INTEGER, "Number of the run: 1, 2, ..."),
        Column("started_at", TIMESTAMP, "Time at which the run started."),
        Column("finished_at", TIMESTAMP, "Time at which the run finished. Null: it ended early, or is under way."),
        Column("index", TEXT, "The URL of the index, without credentials."),
        Column("streams", TEXTS, "The streams that the run selected."),
        Column(
            "tables",
            JSON,
            "Rows that were added, changed and removed in each table, and the number of rows after the run: "
            '{"files": {"added": 1, "changed": 0, "removed": 0, "rows": 5}}. Null: the run was killed or is under way.',
        ),
        Column("projects", INTEGER, "Number of projects that the run read. Null: the run was killed or is under way."),
        Column("requests", INTEGER, "Number of requests to the index. Null: unknown."),
        Column("new_histories", TEXTS, "The tables whose history began with the run."),
    ),
    "a sync. Key: run",
)

#: The view over the histories (``changes_view.py``).
CHANGES_VIEW = "changes"


class RunRecord(Struct, frozen=True, kw_only=True):
    """A row of ``runs``: the columns of ``RUNS``, in their order."""

    run: int
    started_at: datetime
    finished_at: datetime | None = None
    index: str
    streams: tuple[str, ...]
    tables: str | None = None
    projects: int | None = None
    requests: int | None = None
    new_histories: tuple[str, ...] = ()


def tables_json(changes: Mapping[str, RowChanges], totals: Mapping[str, int]) -> str:
    """The column ``tables``.

    :param totals: the number of rows of each table.
    """
    return json.dumps(
        {
            name: {"added": one.added, "changed": one.changed, "removed": one.removed, "rows": totals[name]}
            for name, one in changes.items()
        }
    )


def record_values(record: RunRecord) -> list[object]:
    """The values of a row of ``runs``: numbers, texts, times (UTC), tuples of texts, and None."""
    return [getattr(record, name) for name in RUNS.names()]
