"""Batches as a visit would give them, and the rows that are in one, for tests of those who make and take them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from source_pypi.streams import STREAMS
from source_pypi.sync.batch import Batch, rows_of
from source_pypi.sync.changes import SLICE, Change
from source_pypi.sync.state import ProjectState

SEEN_AT = datetime(2026, 11, 22, 7, 29, 37, tzinfo=UTC)
#: What a stream has seen of a project of which nothing more is known.
SEEN = ProjectState(int(SEEN_AT.timestamp()), b"term", True, None, {}, {})
_BY_NAME = {stream.name: stream for stream in STREAMS}
_ENCODER = msgspec.json.Encoder()


def change_with(rows: Sequence[Any], **fields: Any) -> Change:
    """A change with these rows, as lines in slices."""
    slices = (rows[start : start + SLICE] for start in range(0, len(rows), SLICE))
    return Change(SEEN, len(rows), tuple(map(_ENCODER.encode_lines, slices)), **fields)


def batch_with(
    project: str | None,
    rows: Mapping[str, Sequence[Any]] | None = None,
    *,
    kept: Mapping[str, tuple[str, ...]] | None = None,
    **fields: Any,
) -> Batch:
    """A batch with these rows, by stream, that replace all others, but for those of the parts ``kept``."""
    changes = {
        name: change_with(made, unchanged_partitions=(kept or {}).get(name, ())) for name, made in (rows or {}).items()
    }
    return Batch(project, **{"seen_at": SEEN_AT, "changes": changes, **fields})


def rows_in(batch: Batch) -> dict[str, list[Any]]:
    """The rows of a batch, by stream, of those that have changed; as many as it says that there are."""
    rows = {name: list(rows_of(_BY_NAME[name], batch.changes[name])) for name in batch.counts}
    assert {name: len(made) for name, made in rows.items()} == batch.counts
    return rows
