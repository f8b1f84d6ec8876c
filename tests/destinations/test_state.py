"""destinations/state.py: what a store keeps of the streams' state, and what the next run loads of it."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.errors import StateError
from source_pypi.services.index.documents import ABSENT, UNKNOWN
from source_pypi.streams import choose_streams
from source_pypi.sync.state import WHOLE_INDEX, Partition, ProjectState, ProjectSummary
from tests.batches import batch_with
from tests.destinations.loading import ALIKE, NOW, OTHER, STATE, OpenLoader, change_state, changes, fill, state_file

LARGE = ProjectState(
    2**40, b"\x00\xff\x00'", False, 2**63 - 1, {"d": ABSENT, "p": UNKNOWN}, {"1.0\x00": Partition(b"\x00" * 6, ABSENT)}
)


def test_state_is_loaded_by_the_next_run(open_loader: OpenLoader) -> None:
    """The next run loads the state of its streams by project and stream, and none of other streams."""
    fill(open_loader())
    with open_loader() as loader:
        assert loader.load(["foo", "bar", "", "baz"]) == {
            "foo": {"files": STATE, "versions": OTHER},
            "bar": {"files": OTHER},
            "": {"files": OTHER},
        }
        assert loader.load([]) == {}
    with open_loader(("versions",)) as loader:
        assert loader.load(["foo"]) == {"foo": {"versions": OTHER}}


@pytest.mark.parametrize(
    "states",
    [{"files": ALIKE, "versions": ALIKE}, {"files": LARGE, "versions": STATE}, {"files": ALIKE, "versions": LARGE}],
    ids=["alike", "large", "both"],
)
def test_any_state_survives(open_loader: OpenLoader, states: dict[str, ProjectState]) -> None:
    """State of any bytes and of numbers of 64 bits survives."""
    with open_loader() as loader:
        loader.add(batch_with("foo", changes=changes(states)))
        loader.commit()
        assert loader.load(["foo"]) == {"foo": states}


def test_new_state_replaces_that_of_its_stream(open_loader: OpenLoader) -> None:
    """A commit replaces the state of the stream and the project, and of nothing else."""
    fill(open_loader())
    with open_loader(("files",)) as loader:
        loader.add(batch_with("foo", changes=changes({"files": OTHER})))
        assert loader.load(["foo"]) == {"foo": {"files": STATE}}, "not committed yet"
    with open_loader() as loader:
        assert loader.load(["foo", "bar"]) == {"foo": {"files": OTHER, "versions": OTHER}, "bar": {"files": OTHER}}


@pytest.mark.parametrize(
    ("exclusive", "read", "is_error"),
    [
        (True, {"files": OTHER, "versions": STATE}, False),
        (True, {"files": OTHER}, True),
        (False, {"files": OTHER, "versions": STATE}, True),
    ],
)
def test_state_that_is_replaced_whole_is_not_read(
    tmp_path: Path, exclusive: bool, read: dict[str, ProjectState], is_error: bool
) -> None:
    """A damaged row of a project is replaced if all streams were read, and no other run may have added to it."""
    streams, path = choose_streams(["files", "versions"]), str(tmp_path / "x.duckdb")
    fill(Loader(DuckdbStore(path), streams))
    change_state(tmp_path, "UPDATE _state SET packed = 'x'::BLOB WHERE project = 'foo'")
    store = DuckdbStore(path)
    store.exclusive = exclusive
    damaged = pytest.raises(StateError, match="the row of the project 'foo' in _state was changed or is damaged")
    with damaged if is_error else nullcontext(), Loader(store, streams) as loader:
        loader.add(batch_with("foo", changes=changes(read)))
    with damaged if is_error else nullcontext(), Loader(DuckdbStore(path), streams) as loader:
        assert loader.load(["foo", "bar"]) == {"foo": read, "bar": {"files": OTHER}}


def test_summaries_compare_all_streams(open_loader: OpenLoader) -> None:
    """A project is comparable if all streams have state with these digests, whatever others have; the index is none."""
    fill(open_loader())
    with open_loader(("files", "versions", "roles")) as loader:
        loader.add(batch_with("bar", changes=changes({"versions": STATE, "roles": STATE})))
        loader.add(
            batch_with("old", changes=changes({"versions": ProjectState(1, b"old.", True, 1, {}, {}), "files": STATE}))
        )
        loader.commit()
        digests = dict.fromkeys(("files", "versions"), b"term")
        assert sorted(summary for summary in loader.summaries(digests) if summary.comparable) == [
            ProjectSummary("bar", None, NOW, False),
            ProjectSummary("foo", None, NOW, False),
        ]
        assert [summary.project for summary in loader.summaries(digests) if not summary.comparable] == ["old"]
        assert sorted(loader.summaries({"files": b"term"})) == [
            ProjectSummary("bar", None, NOW + 1, False),
            ProjectSummary("foo", 7, NOW, False),
            ProjectSummary("old", 7, NOW, False),
        ]
        others = list(loader.summaries({"files": b"else"}))
        assert sorted(summary.project for summary in others) == ["bar", "foo", "old"]
        assert not any(summary.comparable for summary in others)


def test_state_of_the_list_survives_a_commit_of_rows(open_loader: OpenLoader) -> None:
    """State of the index as a whole survives commits of rows, which a store may delete it for."""
    with open_loader() as loader:
        loader.add(batch_with(None, changes=changes({"files": STATE})))
        loader.commit()
        loader.add(batch_with("foo", {"files": [{"project": "foo", "filename": "foo.whl"}]}))
        loader.commit()
        assert loader.load([WHOLE_INDEX]) == {WHOLE_INDEX: {"files": STATE}}


@pytest.mark.parametrize(
    "change",
    [
        "packed = 'x'",
        "packed = ''",
        "packed = '1garbage'",
        "packed = NULL",
        "settings_digests = 'files'",
        "settings_digests = ''",
        "settings_digests = 'files:zz,versions:zz'",
    ],
)
def test_broken_state_is_an_error(open_loader: OpenLoader, tmp_path: Path, change: str) -> None:
    """Broken state of a project is an error of one line with the statement that deletes it; other state is read.

    Once it was deleted, the project has no state: it is read in full.
    """
    fill(open_loader())
    change_state(tmp_path, f"UPDATE _state SET {change} WHERE project = 'foo'")
    with open_loader() as loader:
        assert loader.load(["bar"]) == {"bar": {"files": OTHER}}
        with pytest.raises(StateError) as caught:
            loader.load(["foo"])
    file, name = state_file(tmp_path), tmp_path / "x.duckdb"
    assert str(caught.value) == (
        f"the state of {name if name.exists() else f'{tmp_path}/x/'} cannot be read: "
        "the row of the project 'foo' in _state was changed or is damaged; "
        f"delete it in {file}, and the next run reads the project 'foo' in full: "
        "DELETE FROM _state WHERE project = 'foo'"
    )
    change_state(tmp_path, str(caught.value).rpartition(": ")[2])
    with open_loader() as loader:
        assert loader.load(["foo", "bar"]) == {"bar": {"files": OTHER}}


@pytest.mark.parametrize(
    ("change", "row", "condition"),
    [
        ("checked_at = NULL WHERE project = 'bar'", "the project 'bar'", "project = 'bar'"),
        ("project = NULL WHERE project = 'foo'", "no project", "project IS NULL"),
        ("project = 'it''s\n', packed = 'x' WHERE project = 'foo'", 'the project "it\'s\\n"', "project = 'it''s\n'"),
    ],
)
def test_broken_state_in_a_list_is_an_error(
    open_loader: OpenLoader, tmp_path: Path, change: str, row: str, condition: str
) -> None:
    """A broken row is found as well where all state is listed; the statement deletes it, and no other one."""
    fill(open_loader())
    change_state(tmp_path, f"UPDATE _state SET {change}")
    digests = {"files": OTHER.settings_digest}
    with open_loader() as loader, pytest.raises(StateError) as caught:
        list(loader.summaries(digests))
    assert f"the row of {row} in _state was changed or is damaged" in caught.value.reason
    assert caught.value.remedy.endswith(f": DELETE FROM _state WHERE {condition}")
    assert "\n" not in str(caught.value)
    change_state(tmp_path, caught.value.remedy.rpartition(": ")[2])
    with open_loader() as loader:
        assert len(list(loader.summaries(digests))) == 1
