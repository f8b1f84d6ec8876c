"""Documents of services other than the index, of which their streams make rows, by service."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from source_pypi.services.advisories.documents import AdvisoryDocuments
from source_pypi.services.advisories.records import parse_record
from tests.fake_advisories import random_records


def _advisories() -> Sequence[AdvisoryDocuments]:
    """Advisories with everything, with fields of wrong types, and none; removed ones."""
    records = [parse_record(json.dumps(one).encode())[0] for one in random_records(60, 5)]
    odd = (
        b'{"id": "X", "modified": "2026-01-01T00:00:00Z", "summary": 1, "affected": [1, {"package": 7}], "aliases": {}}'
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        AdvisoryDocuments(tuple(records), {"A": at, "B": None}),
        AdvisoryDocuments((parse_record(odd)[0],)),
        AdvisoryDocuments(),
    )


#: What the function ``rows`` of the streams of each service takes.
DOCUMENTS: dict[str, Callable[[], Sequence[Any]]] = {"advisories": _advisories}
