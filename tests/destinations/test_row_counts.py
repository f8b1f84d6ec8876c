"""destinations/row_counts.py: the changes that a run counts are the differences of its tables."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from source_pypi.destinations.row_counts import INCIDENTAL, RowChanges, compared_columns
from source_pypi.destinations.tables import table_of
from source_pypi.schema import SEEN_AT
from source_pypi.streams import STREAMS, stream_named
from tests.batches import batch_with
from tests.destinations.loading import BAR, FOO, ROOT, OpenLoader, changes, contents, fill
from tests.destinations.loading import OTHER as STATE

#: Tables with a partition, with JSON, of the whole index, with a serial, whose key is every column, and without a key.
NAMES = ("files", "release", "listing", "projects", "classifiers", "stats")
PROJECTS = ("a", "b", "c")
Snapshot = Mapping[str, Mapping[tuple[Any, ...], tuple[Any, ...]]]


def snapshot(folder: Path) -> Snapshot:
    """The rows of each table by key, without the columns that do not count as changes."""
    found = {}
    for name in NAMES:
        key = stream_named(name).key
        compared = compared_columns(table_of(stream_named(name)))
        columns = ", ".join(f'"{column}"' for column in (*key, *compared))
        rows = contents(folder, name, columns)
        found[name] = {row[: len(key)]: row[len(key) :] for row in rows}
        assert len(found[name]) == len(rows)
    return found


def difference(before: Snapshot, after: Snapshot) -> dict[str, RowChanges]:
    """The changes between two snapshots, by table."""
    return {
        name: RowChanges(
            added=len(after[name].keys() - before[name].keys()),
            changed=sum(after[name][key] != before[name][key] for key in after[name].keys() & before[name].keys()),
            removed=len(before[name].keys() - after[name].keys()),
        )
        for name in NAMES
    }


def random_rows(random_: random.Random, project: str) -> dict[str, Sequence[Mapping[str, Any]]]:
    """New rows of some of the tables of a project, few of them different from the last ones."""
    version = {"project": project, "version": "1"}
    some: dict[str, Sequence[Mapping[str, Any]]] = {
        "files": [
            {"project": project, "filename": f"{number}.whl", "size": random_.choice([None, 1, 2]), "python_tags": None}
            for number in range(3)
            if random_.random() < 0.7
        ],
        "release": [
            {**version, "version": number, "info": {"summary": random_.choice([None, "x"])}, "last_serial": 1}
            for number in ("1", "2")
            if random_.random() < 0.7
        ],
        "projects": [{"project": project, "serial": random_.randrange(9), "summary": random_.choice("xy")}],
        "classifiers": [{**version, "classifier": one} for one in "abc" if random_.random() < 0.5],
    }
    return {name: rows for name, rows in some.items() if random_.random() < 0.6}


def random_index_rows(random_: random.Random) -> dict[str, Sequence[Mapping[str, Any]]]:
    """New rows of the whole index."""
    listed = [project for project in PROJECTS if random_.random() < 0.6]
    return {
        "listing": [
            {"project": project, "name": random_.choice([None, project.upper()]), "serial": random_.randrange(9)}
            for project in listed
        ],
        "stats": [{"top_packages": {}, "total_packages_size": random_.choice([1, 2])}],
    }


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_the_differences_of_tables(open_loader: OpenLoader, tmp_path: Path, seed: int) -> None:
    """After each run, whatever it writes in whatever packages, its counts are the differences of its tables.

    A project is written at most once in a run, as a run does it.
    """
    random_ = random.Random(seed)
    with open_loader(NAMES):
        pass
    for _ in range(6):
        before = snapshot(tmp_path)
        with open_loader(NAMES) as loader:
            selected = random_.sample(PROJECTS, random_.randrange(4))
            for project in selected:
                loader.add(batch_with(project, random_rows(random_, project)))
                if random_.random() < 0.5:
                    loader.commit()
            if random_.random() < 0.5:
                loader.add(batch_with(None, random_index_rows(random_)))
            if random_.random() < 0.2:
                loader.prune(selected)
        after = snapshot(tmp_path)
        assert loader.row_changes == difference(before, after)
        assert loader.totals() == {name: len(rows) for name, rows in after.items()}


def test_unchanged_partitions_do_not_count(open_loader: OpenLoader) -> None:
    """Rows of partitions that stay are neither changed nor removed."""
    one, two = ({"project": "foo", "version": version, "info": {}} for version in "12")
    with open_loader(("release",)) as loader:
        loader.add(batch_with("foo", {"release": [one, two]}))
    with open_loader(("release",)) as loader:
        loader.add(batch_with("foo", {"release": [{**two, "info": {"x": 1}}]}, kept={"release": ("1",)}))
    assert loader.row_changes == {"release": RowChanges(changed=1)}
    assert loader.totals() == {"release": 2}


def test_incidental_columns_are_not_a_change(open_loader: OpenLoader) -> None:
    """A row whose serial and time alone differ has not changed."""
    row = {"project": "foo", "serial": 1, "summary": "x"}
    with open_loader(("projects",)) as loader:
        loader.add(batch_with("foo", {"projects": [row]}))
    with open_loader(("projects",)) as loader:
        loader.add(batch_with("foo", {"projects": [{**row, "serial": 2}]}))
    assert loader.row_changes == {"projects": RowChanges()}


def test_incidental_columns_are_serials_and_times() -> None:
    """Every serial of a stream, and the time of the visit, are left out of the comparison."""
    columns = {name for stream in STREAMS for name in table_of(stream).names()}
    assert {name for name in columns if name.endswith("serial")} | {SEEN_AT.name} == INCIDENTAL


def test_pruned_rows_are_removed_rows(open_loader: OpenLoader) -> None:
    """``prune`` counts rows as removed, also in tables of streams that did not run."""
    with open_loader(("files", "versions")) as loader:
        loader.add(batch_with("foo", FOO))
        loader.add(batch_with("bar", BAR))
    with open_loader(("files",)) as loader:
        loader.add(batch_with("bar", changes=changes({"files": STATE})))
        loader.prune({"bar"})
        loader.finish()
    assert loader.row_changes == {"files": RowChanges(removed=1), "versions": RowChanges(removed=1)}
    assert loader.totals() == {"files": 1, "versions": 0}


def test_rows_of_another_index_are_removed_rows(open_loader: OpenLoader) -> None:
    """``replace_index`` counts the deleted rows once the other index has answered; before, nothing is counted."""
    with open_loader() as loader:
        loader.add(batch_with("foo", FOO))
    with open_loader(("files",), root="http://other.test", replace_index=True) as loader:
        assert loader.totals() == {}
        loader.add(batch_with("bar", BAR))
        loader.finish()
    assert loader.row_changes == {"files": RowChanges(added=1, removed=1), "versions": RowChanges(removed=1)}
    assert loader.totals() == {"files": 1, "versions": 0}


def test_committed_rows_count(open_loader: OpenLoader) -> None:
    """What is added counts once it is committed; state alone counts nothing."""
    fill(open_loader())
    with open_loader(root=ROOT) as loader:
        loader.add(batch_with("foo", FOO))
        assert loader.row_changes == {"versions": RowChanges(), "files": RowChanges()}
        loader.commit()
        assert loader.row_changes == {"versions": RowChanges(added=1), "files": RowChanges(added=1)}
        assert loader.totals() == {"versions": 1, "files": 1}
