"""destinations/__init__.py: what ``--into`` names, and how a kind of store is added."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from source_pypi.destinations import KINDS, Kind, open_destination
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.parquet.store import ParquetStore
from source_pypi.errors import ExtraMissingError
from source_pypi.streams import choose_streams
from tests.batches import SEEN, batch_with

FILES = choose_streams(["files"])
#: A store that keeps rows as text in a dictionary of its module, and state as the loader packs it.
TOY = """
from source_pypi.destinations.store import Limits

TABLES, STATE, RUNS, RECORDS = {}, {}, [], []


class ToyStore:
    limits = Limits(projects=10, unchanged_projects=10, size=1_000_000, json_size=1_000_000)
    history = "none"
    exclusive = True
    secrets = ()

    def __init__(self, into):
        self.name = into

    def open(self):
        pass

    def close(self):
        pass

    def last_run(self):
        return RUNS[-1] if RUNS else None

    def latest_check(self):
        return max((row.checked_at for row in STATE.values()), default=None)

    def existing(self, tables, recorded):
        return {table.name: True for table in tables if table.name in TABLES}

    def incomplete(self, tables):
        return set()

    def row_counts(self, table):
        return []

    def rows_of(self, table, columns):
        return []

    def make(self, tables):
        for table in tables:
            TABLES.setdefault(table.name, {})

    def make_views(self):
        return ()

    def begin(self, run, *, clear_state, clear=()):
        RUNS.append(run)
        if clear_state:
            STATE.clear()

    def states(self, projects):
        return [STATE[project] for project in projects if project in STATE]

    def summaries(self, settings_digests):
        return []

    def other_states(self, settings_digests, streams):
        return list(STATE.values())

    def write(self, package):
        for staged in package.staged:
            lines = b"".join(path.read_bytes() for path in staged.paths)
            TABLES[staged.table.name][",".join(staged.scope.projects)] = lines.decode()
        STATE.update(package.state)
        RUNS.append(package.run)
        return {}

    def row_count(self, table):
        return len(TABLES[table.name])

    def last_run_number(self):
        return 0

    def record_run(self, record):
        RECORDS.append(record)
"""


@pytest.mark.parametrize(
    ("into", "store"),
    [
        ("warehouse/", ParquetStore),
        ("there", ParquetStore),
        ("file:///tmp/x", ParquetStore),
        ("pypi.duckdb", DuckdbStore),
        ("folder/pypi.duckdb", DuckdbStore),
        ("pypi.DB", DuckdbStore),
        ("pypi.ddb", DuckdbStore),
        ("duckdb:pypi", DuckdbStore),
    ],
)
def test_kind_of_store(into: str, store: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is Parquet; what is no address and no name of dlt's is a DuckDB file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    assert type(open_destination(into, FILES, root="")._store) is store


def test_kind_is_added_by_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A further kind of store is a module and a line: the loader stages rows, keeps state and resumes runs for it."""
    (tmp_path / "toy_store.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    kinds = (Kind(lambda into: into.startswith("toy:"), "toy_store:ToyStore", "toy"), *KINDS)
    for name in ("a.whl", "b.whl"):
        with open_destination("toy:box", FILES, root="http://index.test", kinds=kinds) as loader:
            loader.add(batch_with("foo", {"files": [{"project": "foo", "filename": name}]}))
            loader.finish()
    toy_store: Any = import_module("toy_store")

    seen_at = '"seen_at":"2026-11-22T07:29:37Z"'
    assert toy_store.TABLES["files"] == {"foo": f'{{"project":"foo","filename":"b.whl",{seen_at}}}\n'}
    assert toy_store.RUNS[-1].unfinished is None
    with open_destination("toy:box", FILES, root="http://index.test", kinds=kinds) as loader:
        assert loader.load(["foo"]) == {"foo": {"files": SEEN}}
        assert loader.warnings == []


def test_missing_extra_is_named(tmp_path: Path) -> None:
    """A kind whose library is not installed is an error that names its extra, without the address's options."""
    kinds = (Kind(lambda into: True, "no_such_module:Store", "boxes"),)
    with pytest.raises(ExtraMissingError) as caught:
        open_destination("box://ann:secret@host/x?key=hidden", FILES, root="", kinds=kinds)
    assert str(caught.value) == "--into box://host/x needs the extra: pip install 'source-pypi[boxes]'"
