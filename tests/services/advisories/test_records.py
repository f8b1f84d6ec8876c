"""services/advisories/records.py: valid records, fields of wrong types, and what is no record."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_pypi.services.advisories.records import (
    Affected,
    Event,
    InvalidRecordError,
    Labels,
    Package,
    Range,
    Record,
    Reference,
    Severity,
    parse_record,
)

_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_LEAST: dict[str, Any] = {"id": "A", "modified": "2026-01-02T03:04:05Z"}


def parsed(**values: Any) -> tuple[Record, tuple[str, ...]]:
    """The record of these values and the required ones."""
    return parse_record(json.dumps(_LEAST | values).encode())


def test_least_record() -> None:
    """Only identifier and time of the change are required."""
    assert parsed() == (Record(id="A", modified=_AT), ())


def test_times() -> None:
    """Times are in UTC, whatever their zone; those without one are in UTC; digits beyond microseconds are rounded."""
    record, _ = parsed(
        modified="2026-01-02T05:04:05+02:00", published="2026-01-02T03:04:05", withdrawn="2026-01-02T03:04:05.0000007Z"
    )
    assert (record.modified, record.published) == (_AT, _AT)
    assert record.withdrawn in (_AT, _AT + timedelta(microseconds=1))
    assert parsed(withdrawn="9999-12-31T23:59:59-05:00")[0].withdrawn == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_fields_of_wrong_types() -> None:
    """A field of a wrong type is null; of lists and objects, what is valid stays."""
    record, invalid = parsed(
        summary=1,
        published="yesterday",
        aliases=["CVE-1", 2, None],
        severity=[{"type": "CVSS_V3", "score": 9.8}, 7],
        references="none",
        database_specific={"severity": ["HIGH"]},
        affected=[
            {
                "package": {"ecosystem": "PyPI", "name": "a"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": 2}, 3]}, None],
                "versions": ["1", 2],
            },
            "b",
        ],
    )
    assert record == Record(
        id="A",
        modified=_AT,
        aliases=("CVE-1",),
        severity=(Severity("CVSS_V3"),),
        affected=(
            Affected(Package("PyPI", "a"), (Range("ECOSYSTEM", (Event(introduced="0"), Event())),), versions=("1",)),
        ),
        database_specific=Labels(),
    )
    assert set(invalid) == {
        *("published", "summary", "aliases", "severity", "references", "database_specific", "affected")
    }


def test_references_and_projects() -> None:
    """Projects have normalised names, and are those of the ecosystem only, also of a part of it."""
    packages = [("PyPI", "Zope.Interface"), ("npm", "a"), ("PyPI:extra", "b_c"), (None, "d"), ("PyPI", None)]
    affected = [{"package": {"ecosystem": ecosystem, "name": name}} for ecosystem, name in packages]
    record, invalid = parsed(affected=[*affected, {}], references=[{"type": "FIX", "url": "https://x"}])
    assert [project for project, _ in record.projects] == ["zope-interface", "b-c"]
    assert (record.references, invalid) == ((Reference("FIX", "https://x"),), ())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not valid JSON"),
        (b"{", "it is not valid JSON"),
        (b"\xff\xfe", "it is not valid JSON"),
        (b"[" * 100_000, "it is not valid JSON"),
        (b"[]", "it is not a JSON object"),
        (b"{}", "its id is missing or invalid"),
        (b'{"id": "A"}', "its modified is missing or invalid"),
        (b'{"id": "A", "modified": "now"}', "its modified is missing or invalid"),
        (b'{"id": 1, "modified": "2026-01-02T03:04:05Z"}', "its id is missing or invalid"),
        (b'{"id": "", "modified": "2026-01-02T03:04:05Z"}', "its id is invalid"),
        (b'{"id": "a\\u0000", "modified": "2026-01-02T03:04:05Z"}', "its id is invalid"),
        (b'{"id": "B", "modified": "2026-01-02T03:04:05Z"}', "its id is 'B'"),
    ],
)
def test_no_record(content: bytes, reason: str) -> None:
    """What has no valid identifier and time is refused."""
    with pytest.raises(InvalidRecordError) as raised:
        parse_record(content, "A")
    assert str(raised.value) == reason


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(Record.__struct_fields__), _JSON))
def test_any_object_is_read_or_refused(values: dict[str, Any]) -> None:
    """Any JSON object is a record or is refused, whatever its fields hold."""
    record, _ = parse_record(json.dumps(values | _LEAST).encode())
    assert record.id == "A"
    assert all(isinstance(project, str) for project, _ in record.projects)
