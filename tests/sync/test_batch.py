"""sync/batch.py: the rows of one project, with what is kept in state and reported."""

import json
from datetime import UTC, datetime

import pytest
from msgspec import Raw

from source_pypi.streams import choose_streams
from source_pypi.streams.roles import Role
from source_pypi.sync.batch import Batch, Change, lines_of, rows_of
from source_pypi.sync.changes import SLICE
from tests.batches import SEEN, SEEN_AT, batch_with, change_with


def test_counts_are_of_changed_streams() -> None:
    """Rows are counted for streams that changed, also if none is left; an unchanged stream has none to write."""
    changes = {"files": change_with([{"x": 1}, {"x": 2}]), "roles": change_with([]), "urls": Change(SEEN)}
    assert Batch("a", SEEN_AT, changes).counts == {"files": 2, "roles": 0}


ROWS = [{"project": "a", "info": {"text": "}\n{"}}, {"project": "b", "info": {}}]


def test_lines_of_incremental_streams_have_seen_at() -> None:
    """Rows of an incremental stream have ``seen_at``, whatever texts they hold; other rows have none."""
    project, stats = choose_streams(["project", "stats"])
    made = batch_with("a", {"project": ROWS, "stats": ROWS}, seen_at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    lines = [json.loads(line) for line in b"".join(lines_of(project, made)).splitlines()]
    assert lines == [{**row, "seen_at": "2026-01-02T03:04:05.000006Z"} for row in ROWS]
    assert [json.loads(line) for line in b"".join(lines_of(stats, made)).splitlines()] == ROWS
    assert [*lines_of(project, batch_with("a", {"project": []}))] == []
    assert [*lines_of(project, batch_with("a", changes={"project": Change(SEEN)}))] == []


def test_begin_and_end_are_on_the_line_of_each_row() -> None:
    """What is written before and after rows is on the line of each."""
    project, stats = choose_streams(["project", "stats"])
    made = batch_with("a", {"project": ROWS, "stats": ROWS})
    around = {"begin": b"<", "end": b">"}
    assert b"".join(lines_of(project, made, **around)) == (
        b'<{"project":"a","info":{"text":"}\\n{"},"seen_at":"2026-11-22T07:29:37Z"}>\n'
        b'<{"project":"b","info":{},"seen_at":"2026-11-22T07:29:37Z"}>\n'
    )
    assert b"".join(lines_of(stats, made, **around)) == (
        b'<{"project":"a","info":{"text":"}\\n{"}}>\n<{"project":"b","info":{}}>\n'
    )
    assert [*lines_of(project, batch_with("a", {"project": []}), **around)] == []


@pytest.mark.parametrize("around", [{}, {"begin": b"<", "end": b">"}], ids=["bare", "wrapped"])
def test_many_lines_come_in_slices(around: dict[str, bytes]) -> None:
    """Many rows come several at a time, in whole lines."""
    rows = [{"project": f"p{number}"} for number in range(2 * SLICE + 7)]
    (stream,) = choose_streams(["project"])
    slices = [*lines_of(stream, batch_with("a", {"project": rows}), **around)]
    assert [len(lines.splitlines()) for lines in slices] == [SLICE, SLICE, 7]
    assert all(lines.endswith(b"\n") for lines in slices)
    lines = [json.loads(line.removeprefix(b"<").removesuffix(b">")) for line in b"".join(slices).splitlines()]
    assert lines == [{**row, "seen_at": "2026-11-22T07:29:37Z"} for row in rows]


def test_rows_are_instances_of_the_record() -> None:
    """Rows of a stream with a record are instances of it, however many slices they come in."""
    (stream,) = choose_streams(["roles"])
    made = [Role(project="foo", role="Owner", user=f"u{number}") for number in range(SLICE + 2)]
    assert [*rows_of(stream, change_with(made))] == made
    assert [*rows_of(stream, change_with([]))] == [*rows_of(stream, Change(SEEN))] == []


def test_documents_passed_on_whole_are_dicts() -> None:
    """Rows that are documents passed on whole are dicts of plain values, with all keys, whatever their types."""
    (stream,) = choose_streams(["project"])
    made = [{"project": "foo", "info": {"name": 7}, "new": [1.5, None, Raw(b"1e999")]}, *ROWS]
    expected = [{"project": "foo", "info": {"name": 7}, "new": [1.5, None, None]}, *ROWS]
    assert [*rows_of(stream, change_with(made))] == expected
