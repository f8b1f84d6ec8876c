"""results/columns.py: values in the types of columns."""

from datetime import UTC, datetime

import pytest

from source_pypi.results.columns import values_of
from source_pypi.results.row_types import Document, record_type
from source_pypi.schema import BOOLEAN, INTEGER, JSON, NUMBER, TEXT, TEXTS, TIMESTAMP, ColumnType
from source_pypi.streams import stream_named


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (TEXT, "a", "a"),
        (TEXT, 1, None),
        (INTEGER, 1, 1),
        (INTEGER, True, None),
        (INTEGER, 2**63, None),
        (NUMBER, 1.5, 1.5),
        (NUMBER, 2, 2.0),
        (NUMBER, True, None),
        (NUMBER, "1.5", None),
        (BOOLEAN, False, False),
        (BOOLEAN, 0, None),
        (TIMESTAMP, "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (TIMESTAMP, "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (TIMESTAMP, "yesterday", None),
        (TEXTS, ["a", None], ["a", None]),
        (TEXTS, ["a", 1], None),
        (TEXTS, "a", None),
        (JSON, {"a": [1, None]}, '{"a":[1,null]}'),
        (JSON, "a", '"a"'),
        (JSON, None, None),
    ],
)
def test_value_of_a_document(type_: ColumnType, value: object, expected: object) -> None:
    """A value of a document that is passed on whole has its column's type, or is None."""
    rows = [Document(field=value), Document()]
    assert values_of(stream_named("project"), rows, "field", type_) == [expected, None]


def test_nested_values_of_records_are_json() -> None:
    """Nested values of records become JSON; all others stay as they are."""
    vulnerabilities = stream_named("vulnerabilities")
    assert record_type(vulnerabilities).__name__ == "Vulnerability"
    project = record_type(stream_named("projects"))
    fields = dict.fromkeys(project.__struct_fields__) | {
        "project": "flask",
        "seen_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    row = project(**fields)
    assert values_of(stream_named("projects"), [row], "project", TEXT) == ["flask"]
    assert values_of(stream_named("projects"), [row], "seen_at", TIMESTAMP) == [datetime(2026, 1, 1, tzinfo=UTC)]
