"""destinations/staging.py: files of new rows, and those of some projects among them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from source_pypi.destinations.staging import JSON_FILE, LONG_ROW, StagingWriter
from source_pypi.destinations.store import ReplaceScope, StagedRows
from source_pypi.destinations.tables import Column, Table
from source_pypi.schema import JSON, TEXT
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.state import ProjectState

EARLY, LATE = datetime(2026, 11, 22, 7, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)
STATE = ProjectState(0, b"", True, None, {}, {})
THINGS = Table("things", (Column("project", TEXT), Column("name", TEXT)), "a thing")
DOCUMENTS = Table("documents", (Column("project", TEXT), Column("info", JSON)), "a document")


def texts(rows: StagedRows) -> dict[str, bytes]:
    """The content of each file, by its name."""
    return {path.name: path.read_bytes() for path in rows.paths}


@pytest.fixture
def things(tmp_path: Path) -> StagingWriter:
    """New rows of foo and bar; those of some of bar's partitions stay; all of baz's are deleted."""
    writer = StagingWriter(tmp_path, THINGS)
    writer.add(Batch("foo", EARLY), [b"foo-1\nfoo-2\n", b"foo-3\n"], Change(STATE))
    writer.add(Batch("bar", LATE), [b"bar-1\n"], Change(STATE, unchanged_partitions=("1.0", "2.0")))
    writer.add(Batch("baz", LATE), [], Change(STATE))
    writer.close()
    return writer


def test_rows_go_to_one_file(things: StagingWriter, tmp_path: Path) -> None:
    """The rows of a table are lines of one file, with the projects and partitions whose rows they replace."""
    scope = ReplaceScope(
        projects={"foo": EARLY, "bar": LATE, "baz": LATE}, unchanged_partitions={"bar": ("1.0", "2.0")}
    )
    assert things.rows == StagedRows(THINGS, [tmp_path / "things-0.ndjson"], scope, size=24, longest=12)
    assert texts(things.rows) == {"things-0.ndjson": b"foo-1\nfoo-2\nfoo-3\nbar-1\n"}


def test_nothing_is_written_without_rows(tmp_path: Path) -> None:
    """Without rows there is no file; what they replace is known all the same."""
    writer = StagingWriter(tmp_path, THINGS)
    assert writer.rows == StagedRows(THINGS)
    writer.add(Batch("foo", EARLY), [b""], Change(STATE))
    writer.close()
    assert writer.rows == StagedRows(THINGS, scope=ReplaceScope(projects={"foo": EARLY}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "add",
    [
        lambda writer: writer.add(Batch(None, LATE), [b"one\n", b"two\n"], Change(STATE)),
        lambda writer: writer.add_all(b"one\ntwo\n", LATE),
    ],
    ids=["batch", "all"],
)
def test_rows_of_the_index_replace_the_table(tmp_path: Path, add: Callable[[StagingWriter], None]) -> None:
    """Rows of the index as a whole replace all rows of the table; the time stands under an empty name."""
    writer = StagingWriter(tmp_path, THINGS)
    add(writer)
    writer.close()
    assert writer.rows.scope == ReplaceScope(whole=True, projects={"": LATE})
    assert texts(writer.rows) == {"things-0.ndjson": b"one\ntwo\n"}


@pytest.mark.parametrize(
    ("lines", "longest"),
    [(LONG_ROW // 2, LONG_ROW), (LONG_ROW // 2 + 1, LONG_ROW // 2 + 1)],
    ids=["few bytes", "many bytes"],
)
def test_longest_row(tmp_path: Path, lines: int, longest: int) -> None:
    """Up to ``LONG_ROW`` bytes count as one row; beyond, the longest line does, with its end."""
    writer = StagingWriter(tmp_path, THINGS)
    line = b"x" * (lines - 1) + b"\n"
    writer.add(Batch("foo", EARLY), [line * 2, b"short\n"], Change(STATE))
    writer.close()
    assert writer.rows.longest == longest


def test_json_goes_to_files_of_limited_size(tmp_path: Path) -> None:
    """Rows with JSON begin a new file once one has ``JSON_FILE`` bytes; other rows do not, and no slice is cut."""
    slices = [b"a" * (JSON_FILE - 1) + b"\n", b"b\n", b"c" * JSON_FILE + b"\n", b"d\n"]
    for table, expected in ((DOCUMENTS, [slices[0], slices[1] + slices[2], slices[3]]), (THINGS, [b"".join(slices)])):
        writer = StagingWriter(tmp_path, table)
        writer.add(Batch("foo", EARLY), slices, Change(STATE))
        writer.close()
        assert [path.name for path in writer.rows.paths] == [f"{table.name}-{n}.ndjson" for n in range(len(expected))]
        assert [path.read_bytes() for path in writer.rows.paths] == expected


def test_only_some_projects(things: StagingWriter, tmp_path: Path) -> None:
    """The rows of some projects are copied to a file of their own, with what these rows replace; all stay as well."""
    everything, copy = texts(things.rows), tmp_path / "copy"
    copy.mkdir()
    scope = ReplaceScope(projects={"bar": LATE}, unchanged_partitions={"bar": ("1.0", "2.0")})
    one = things.only(["bar", "nobody"], copy)
    assert one == StagedRows(THINGS, [copy / "things-0.ndjson"], scope, size=6, longest=6)
    assert texts(one) == {"things-0.ndjson": b"bar-1\n"}
    both = things.only(["foo", "baz"], copy)
    assert both is not None
    assert both.scope == ReplaceScope(projects={"foo": EARLY, "baz": LATE})
    assert texts(both) == {"things-0.ndjson": b"foo-1\nfoo-2\nfoo-3\n"}
    assert texts(things.rows) == everything


def test_all_rows_of_a_project_are_replaced(tmp_path: Path) -> None:
    """Lines may replace all rows of a project."""
    writer = StagingWriter(tmp_path, THINGS)
    writer.add_project("foo", b"foo-1\n", EARLY)
    writer.close()
    assert writer.rows.scope == ReplaceScope(projects={"foo": EARLY})
    assert texts(writer.rows) == {"things-0.ndjson": b"foo-1\n"}


def test_only_projects_whose_rows_are_deleted(things: StagingWriter, tmp_path: Path) -> None:
    """A project without new rows has no file, but its old rows are replaced; one that was not added has neither."""
    assert things.only(["baz"], tmp_path) == StagedRows(THINGS, scope=ReplaceScope(projects={"baz": LATE}))
    assert things.only(["nobody"], tmp_path) is None
    assert things.only([], tmp_path) is None


def test_only_rows_of_several_files(tmp_path: Path) -> None:
    """The rows of a project are found in all files, and go to files of limited size again."""
    writer, copy = StagingWriter(tmp_path, DOCUMENTS), tmp_path / "copy"
    copy.mkdir()
    large = b"a" * JSON_FILE + b"\n"
    for lines in (b"x\n", large, b"y\n"):
        writer.add(Batch("foo", EARLY), [lines], Change(STATE))
        writer.add(Batch("bar", LATE), [b"z\n"], Change(STATE))
    writer.close()
    assert len(writer.rows.paths) == 2
    some = writer.only(["foo"], copy)
    assert some is not None
    assert texts(some) == {"documents-0.ndjson": b"x\n" + large, "documents-1.ndjson": b"y\n"}


def test_only_rows_of_the_index(tmp_path: Path) -> None:
    """The rows of the index as a whole are found under an empty name, and still replace the table."""
    writer = StagingWriter(tmp_path, THINGS)
    writer.add(Batch(None, LATE), [b"one\n"], Change(STATE))
    writer.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    some = writer.only([""], copy)
    assert some == StagedRows(THINGS, [copy / "things-0.ndjson"], writer.rows.scope, size=4, longest=4)
