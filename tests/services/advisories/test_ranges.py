"""services/advisories/ranges.py: intervals from events, beside an evaluation after the specification."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest
from packaging.version import Version

from source_pypi.services.advisories.ranges import Interval, intervals, key_of_introduced
from source_pypi.services.advisories.records import Event, Range, parse_record
from source_pypi.standards.versions import sort_key
from tests.fake_advisories import random_records
from tests.fake_advisories.evaluation import affects
from tests.fake_advisories.records import VERSIONS


def of(*events: dict[str, str], kind: str = "ECOSYSTEM") -> list[Interval]:
    """The intervals of one range."""
    return list(intervals([Range(kind, tuple(Event(**one) for one in events))]))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([{"introduced": "0"}], [Interval(introduced=None)]),
        ([{"introduced": "0"}, {"fixed": "1"}], [Interval(introduced=None, fixed="1")]),
        ([{"fixed": "1.0"}, {"introduced": "0.5"}], [Interval(introduced="0.5", fixed="1.0")]),
        ([{"introduced": "1"}, {"last_affected": "1.0"}], [Interval(introduced="1", last_affected="1.0")]),
        ([{"introduced": "1"}, {"fixed": "1.0"}], []),
        (
            [{"introduced": "2"}, {"fixed": "3"}, {"introduced": "0"}, {"fixed": "1"}],
            [Interval(introduced=None, fixed="1"), Interval(introduced="2", fixed="3")],
        ),
        ([{"introduced": "1"}, {"introduced": "2"}, {"fixed": "3"}], [Interval(introduced="1", fixed="3")]),
        (
            [{"introduced": "1"}, {"last_affected": "2"}, {"fixed": "3"}],
            [Interval(introduced="1", last_affected="2")],
        ),
        ([{"introduced": "1"}, {"last_affected": "2"}, {"fixed": "2"}], [Interval(introduced="1", fixed="2")]),
        ([{"fixed": "2"}], []),
        ([], []),
        (
            [{"introduced": "1"}, {"limit": "2"}, {"limit": "3"}],
            [Interval(introduced="1", limit="3")],
        ),
        ([{"introduced": "1"}, {"limit": "2"}, {"limit": "*"}], [Interval(introduced="1")]),
        (
            [{"introduced": "0"}, {"last_affected": "1"}, {"introduced": "1"}],
            [Interval(introduced=None, last_affected="1")],
        ),
    ],
)
def test_intervals(events: list[dict[str, str]], expected: list[Interval]) -> None:
    """Events in any order make the intervals of the specification."""
    assert of(*events) == expected


def test_other_kinds_have_no_intervals() -> None:
    """A range of commits says nothing about versions."""
    assert of({"introduced": "0"}, kind="GIT") == []


def contains(found: Iterable[Interval], version: str) -> bool:
    """Whether a version is in one of the intervals, compared by sort keys, as the views do."""
    key = sort_key(version)
    return any(
        key >= key_of_introduced(one.introduced)
        and (one.fixed is None or key < sort_key(one.fixed))
        and (one.last_affected is None or key <= sort_key(one.last_affected))
        and (one.limit is None or key < sort_key(one.limit))
        for one in found
    )


def test_random_records_match_the_specification() -> None:
    """Of 500 records with every kind of event, each affects the versions that the specification's algorithm says."""
    import json

    decided = [0, 0]
    for record in random_records(500, 7):
        parsed, invalid = parse_record(json.dumps(record).encode())
        assert invalid == ()
        by_project: dict[str, list[Any]] = {}
        for project, affected in parsed.projects:
            by_project.setdefault(project, []).append(affected)
        for project, every in by_project.items():
            found = list(chain.from_iterable(intervals(one.ranges) for one in every))
            listed = {Version(one) for affected in every for one in affected.versions}
            for version in VERSIONS:
                expected = affects(record, project, version)
                assert (contains(found, version) or Version(version) in listed) == expected, (record, version)
                decided[expected] += 1
    assert min(decided) > 2_000
