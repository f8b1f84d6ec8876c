"""Somebody who uses the connector through PyAirbyte, and looks into the DuckDB file with DuckDB alone."""

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
CHOSEN = ("projects", "versions", "files", "roles", "statuses", "vulnerabilities")
DELETED_AT = "_ab_cdc_deleted_at"
#: Columns that tell of the load, not of the index: in each load they are others.
OF_THE_LOAD = ("_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "seen_at")
SCHEMA = "pypi"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked of the index: the path, whether on a condition, and the status of the answer."""

    path: str
    conditional: bool
    status: int


@dataclass(frozen=True, slots=True)
class User:
    """A PyAirbyte, a connector and an index; each job asks the index anew."""

    pyairbyte: PyAirbyte
    connector: Connector
    fake: FakeIndex
    folder: Path

    def config(self, *projects: str, **settings: Any) -> dict[str, Any]:
        """The connector's configuration."""
        return {"projects": projects, "index_url": self.fake.url, "requests_per_second": 0, **settings}

    def check(self, *projects: str) -> None:
        """Check the configuration for these projects."""
        self._do("check", *projects)

    def read(self, *projects: str, cache: str = "cache", streams: Sequence[str] = CHOSEN) -> int:
        """Read streams into a cache; the number of records that came."""
        path = str(self.folder / f"{cache}.duckdb")
        records: int = self._do("read", *projects, streams=streams, cache=path)
        return records

    def records(self, stream: str, *projects: str) -> list[Row]:
        """The records of a stream, without a cache."""
        rows: list[Row] = self._do("records", *projects, stream=stream)
        return rows

    def another(self, pyairbyte: PyAirbyte) -> "User":
        """The same user at another PyAirbyte, who has the caches of this one."""
        return replace(self, pyairbyte=pyairbyte)

    def answers(self) -> list[Answer]:
        """What the last job asked of the index, by project."""
        asked = [Answer(r.path, "if-none-match" in r.headers, r.status) for r in self.fake.requests]
        return sorted(asked, key=lambda answer: (answer.path.split("/")[2], answer.path))

    def tables(self, cache: str = "cache") -> dict[str, list[Row]]:
        """Whole tables of a cache, those of PyAirbyte's own too, in the order in which they lie there."""
        with self._open(cache) as database:
            found = database.execute(
                "select table_name from information_schema.tables where table_schema = ? order by all", [SCHEMA]
            ).fetchall()
            return {name: _rows(database.execute(f'from {SCHEMA}."{name}"')) for (name,) in found}

    def live(self, cache: str = "cache") -> dict[str, list[Row]]:
        """What stands in the tables of the chosen streams that is not marked as gone, by key; not how it was loaded."""
        return {
            stream: [
                {name: value for name, value in row.items() if name not in (*OF_THE_LOAD, DELETED_AT)}
                for row in self._sorted(stream, cache)
                if row[DELETED_AT] is None
            ]
            for stream in CHOSEN
        }

    def gone(self) -> dict[str, list[Row]]:
        """What is marked as gone in the tables of the chosen streams, without what is null."""
        found = {}
        for stream in CHOSEN:
            marked = [row for row in self._sorted(stream, "cache") if row[DELETED_AT] is not None]
            assert all(row[DELETED_AT] == row["seen_at"] for row in marked)
            found[stream] = [
                {name: v for name, v in row.items() if v is not None and name not in (*OF_THE_LOAD, DELETED_AT)}
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
