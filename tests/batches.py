"""Batches as a visit would give them, for tests of those who take them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from source_pypi.batch import Batch
from source_pypi.changes import Change
from source_pypi.state import Seen

SEEN_AT = datetime(2026, 11, 22, 7, 29, 37, tzinfo=UTC)
#: What a stream has seen of a project of which nothing more is known.
SEEN = Seen(int(SEEN_AT.timestamp()), b"term", True, None, {}, {})


def batch_with(
    project: str | None,
    rows: Mapping[str, Sequence[Any]] | None = None,
    *,
    kept: Mapping[str, tuple[str, ...]] | None = None,
    **fields: Any,
) -> Batch:
    """A batch with these rows, by stream, that replace all others, but for those of the parts ``kept``."""
    changes = {
        name: Change(SEEN, list(made), msgspec.json.Encoder().encode_lines(list(made)), (kept or {}).get(name, ()))
        for name, made in (rows or {}).items()
    }
    return Batch(project, **{"seen_at": SEEN_AT, "changes": changes, **fields})
