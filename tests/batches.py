"""Made-up batches, and the rows of a batch: for tests of code that makes or takes batches."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from source_pypi.streams import STREAMS
from source_pypi.sync.batch import Batch, Change, rows_of
from source_pypi.sync.changes import SLICE
from source_pypi.sync.state import ProjectState

SEEN_AT = datetime(2026, 11, 22, 7, 29, 37, tzinfo=UTC)
#: The state of a stream without documents or rows.
SEEN = ProjectState(int(SEEN_AT.timestamp()), b"term", True, None, {}, {})
_BY_NAME = {stream.name: stream for stream in STREAMS}
_ENCODER = msgspec.json.Encoder()


def change_with(rows: Sequence[Any], **fields: Any) -> Change:
    """Return a change with these rows, as lines in slices."""
    slices = (rows[start : start + SLICE] for start in range(0, len(rows), SLICE))
    return Change(SEEN, len(rows), tuple(map(_ENCODER.encode_lines, slices)), **fields)


def batch_with(
    project: str | None,
    rows: Mapping[str, Sequence[Any]] | None = None,
    *,
    kept: Mapping[str, tuple[str, ...]] | None = None,
    **fields: Any,
) -> Batch:
    """Return a batch with these rows, by stream, which replace all but those of the partitions ``kept``."""
    changes = {
        name: change_with(made, unchanged_partitions=(kept or {}).get(name, ())) for name, made in (rows or {}).items()
    }
    return Batch(project, **{"seen_at": SEEN_AT, "changes": changes, **fields})


def rows_in(batch: Batch) -> dict[str, list[Any]]:
    """Return the rows of a batch, by stream that changed; as many as its ``counts`` say."""
    rows = {name: list(rows_of(_BY_NAME[name], batch.changes[name])) for name in batch.counts}
    assert {name: len(made) for name, made in rows.items()} == batch.counts
    return rows
