"""A user who runs the connector through PyAirbyte and reads the DuckDB file directly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex
from tests.pyairbyte.connector import Connector
from tests.pyairbyte.environment import PyAirbyte

Row = dict[str, Any]

#: The streams that are read.
SELECTED = ("projects", "versions", "files", "roles", "statuses", "vulnerabilities")
DELETED_AT = "_ab_cdc_deleted_at"
#: Columns that differ in each load.
LOAD_COLUMNS = ("_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "seen_at")
SCHEMA = "pypi"


@dataclass(frozen=True, slots=True)
class Request:
    """A request: its path, whether it was conditional, and the status of the response."""

    path: str
    conditional: bool
    status: int


@dataclass(frozen=True, slots=True)
class User:
    """PyAirbyte, a connector and an index. Each job is a new run for the index."""

    pyairbyte: PyAirbyte
    connector: Connector
    fake: FakeIndex
    folder: Path

    def config(self, *projects: str, **settings: Any) -> dict[str, Any]:
        """Return the connector's configuration."""
        return {"projects": projects, "index_url": self.fake.url, "requests_per_second": 0, **settings}

    def check(self, *projects: str) -> None:
        """Check the configuration for these projects."""
        self._do("check", *projects)

    def read(self, *projects: str, cache: str = "cache", streams: Sequence[str] = SELECTED) -> int:
        """Read streams into a cache; return the number of records."""
        path = str(self.folder / f"{cache}.duckdb")
        records: int = self._do("read", *projects, streams=streams, cache=path)
        return records

    def records(self, stream: str, *projects: str) -> list[Row]:
        """Return the records of a stream, without a cache."""
        rows: list[Row] = self._do("records", *projects, stream=stream)
        return rows

    def with_process(self, pyairbyte: PyAirbyte) -> "User":
        """Return a user with the same caches and another process."""
        return replace(self, pyairbyte=pyairbyte)

    def requests(self) -> list[Request]:
        """Return the requests of the last job, by project."""
        requests = [Request(r.path, "if-none-match" in r.headers, r.status) for r in self.fake.requests]
        return sorted(requests, key=lambda request: (request.path.split("/")[2], request.path))

    def tables(self, cache: str = "cache") -> dict[str, list[Row]]:
        """Return all tables of a cache, with those of PyAirbyte itself; rows in storage order."""
        with self._open(cache) as database:
            found = database.execute(
                "select table_name from information_schema.tables where table_schema = ? order by all", [SCHEMA]
            ).fetchall()
            return {name: _rows(database.execute(f'from {SCHEMA}."{name}"')) for (name,) in found}

    def live(self, cache: str = "cache") -> dict[str, list[Row]]:
        """Return the rows that are not marked as deleted, by stream, sorted by key, without the load columns."""
        return {
            stream: [
                {name: value for name, value in row.items() if name not in (*LOAD_COLUMNS, DELETED_AT)}
                for row in self._sorted(stream, cache)
                if row[DELETED_AT] is None
            ]
            for stream in SELECTED
        }

    def deleted(self) -> dict[str, list[Row]]:
        """Return the rows that are marked as deleted, by stream, without nulls."""
        found = {}
        for stream in SELECTED:
            marked = [row for row in self._sorted(stream, "cache") if row[DELETED_AT] is not None]
            assert all(row[DELETED_AT] == row["seen_at"] for row in marked)
            found[stream] = [
                {name: v for name, v in row.items() if v is not None and name not in (*LOAD_COLUMNS, DELETED_AT)}
                for row in marked
            ]
        return {stream: rows for stream, rows in found.items() if rows}

    def _sorted(self, stream: str, cache: str) -> list[Row]:
        key = next(one.key for one in STREAMS if one.name == stream)
        return sorted(self.tables(cache)[stream], key=lambda row: tuple(str(row[name]) for name in key))

    def _do(self, job: str, *projects: str, **arguments: Any) -> Any:
        self.fake.new_run()
        config = self.config(*projects)
        return self.pyairbyte.do(job, executable=str(self.connector.path), config=config, **arguments)

    def _open(self, cache: str) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.folder / f"{cache}.duckdb"), read_only=True)


def _rows(found: duckdb.DuckDBPyConnection) -> list[Row]:
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
