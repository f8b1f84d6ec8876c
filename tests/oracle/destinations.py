"""Where rows go: DuckDB, SQLite, Parquet through `sync`, and a destination that deduplicates behind `read`."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from tests.oracle.product import Outcome, Product
from tests.oracle.tables import Key
from tests.oracle.values import Row

Settings = dict[str, Any]


@dataclass
class Destination:
    """Where the rows of some streams are kept, in a folder of its own."""

    product: Product
    folder: Path
    streams: tuple[str, ...]
    history: bool = False

    def load(self, settings: Settings, streams: Sequence[str]) -> Outcome:
        """Run the product once, for some of the streams."""
        config = self.folder / "config.json"
        config.write_text(json.dumps(settings))
        options = ("--history",) if self.history else ()
        return self.product.run(
            self.folder, "sync", "--config", str(config), "--into", self.place, "--streams", ",".join(streams), *options
        )

    @property
    def place(self) -> str:
        """What `--into` is given."""
        raise NotImplementedError

    def rows(self) -> dict[str, list[Row]]:
        """What was loaded, by stream; no rows where there is no table."""
        raise NotImplementedError


def _fetched(cursor: Any) -> list[Row]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


class DuckDb(Destination):
    """A DuckDB file."""

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self.folder / "loaded.duckdb")

    def rows(self) -> dict[str, list[Row]]:
        """What was loaded, by stream."""
        return self.tables(self.streams)

    def tables(self, names: Sequence[str]) -> dict[str, list[Row]]:
        """The rows of tables by name; none where there is no file or no such table."""
        if not Path(self.place).exists():
            return {name: [] for name in names}
        with closing(duckdb.connect(self.place, config={"threads": 1})) as connection:
            connection.execute("set timezone = 'UTC'")
            return {name: self._table(connection, name) for name in names}

    def _table(self, connection: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
        try:
            return _fetched(connection.execute(f'select * from "{name}"'))
        except duckdb.CatalogException:
            return []


class Sqlite(Destination):
    """An SQLite file."""

    @property
    def place(self) -> str:
        """The file's address."""
        return f"sqlite:///{self.folder / 'loaded.db'}"

    def rows(self) -> dict[str, list[Row]]:
        """What was loaded, by stream."""
        path = self.folder / "loaded.db"
        if not path.exists():
            return {name: [] for name in self.streams}
        with closing(sqlite3.connect(path)) as connection:
            there = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
            return {
                name: _fetched(connection.execute(f'select * from "{name}"')) if name in there else []
                for name in self.streams
            }


class Parquet(Destination):
    """A folder of Parquet files."""

    @property
    def place(self) -> str:
        """The folder's path."""
        return f"{self.folder / 'loaded'}/"

    def rows(self) -> dict[str, list[Row]]:
        """What was loaded, by stream."""
        with closing(duckdb.connect()) as connection:
            connection.execute("set timezone = 'UTC'")
            return {name: self._read(connection, name) for name in self.streams}

    def _read(self, connection: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
        files = sorted(str(path) for path in (self.folder / "loaded" / name).glob("*.parquet"))
        return _fetched(connection.execute("select * from read_parquet(?)", [files])) if files else []


@dataclass
class Read(Destination):
    """
    A destination of Airbyte's behind `read`: of each key the row with the highest cursor stays, and none if that is a
    deletion; streams without a cursor are replaced when they are complete. State is handed back.
    """

    state: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, dict[Key, Row]] = field(default_factory=dict)
    emitted: int = 0
    discovered: dict[str, Any] | None = None

    def load(self, settings: Settings, streams: Sequence[str]) -> Outcome:
        """Run `read` once, and apply what it prints."""
        config, catalog, state = (self.folder / name for name in ("config.json", "catalog.json", "state.json"))
        config.write_text(json.dumps(settings))
        catalog.write_text(json.dumps(self._catalog(config, streams)))
        state.write_text(json.dumps(list(self.state.values())))
        outcome = self.product.run(
            self.folder, "read", "--config", str(config), "--catalog", str(catalog), "--state", str(state)
        )
        self._apply(outcome.printed, streams)
        return outcome

    def rows(self) -> dict[str, list[Row]]:
        """What was kept, by stream."""
        return {
            name: [row for row in self.kept.get(name, {}).values() if row.get("_ab_cdc_deleted_at") is None]
            for name in self.streams
        }

    def _catalog(self, config: Path, streams: Sequence[str]) -> dict[str, Any]:
        if self.discovered is None:
            outcome = self.product.run(self.folder, "discover", "--config", str(config))
            messages = _messages(outcome.printed)
            self.discovered = next(message["catalog"] for message in messages if message["type"] == "CATALOG")
        return {
            "streams": [
                {
                    "stream": stream,
                    "sync_mode": "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh",
                    "destination_sync_mode": "append_dedup" if self._cursor(stream["name"]) else "overwrite",
                    "cursor_field": stream.get("default_cursor_field", []),
                    "primary_key": stream.get("source_defined_primary_key", []),
                }
                for stream in self.discovered["streams"]
                if stream["name"] in streams
            ]
        }

    def _cursor(self, name: str) -> str | None:
        return self.product.streams[name].cursor

    def _apply(self, printed: str, streams: Sequence[str]) -> None:
        replaced: dict[str, dict[Key, Row]] = {name: {} for name in streams if self._cursor(name) is None}
        self.emitted = 0
        for message in _messages(printed):
            if message["type"] == "STATE":
                self.state[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
            elif message["type"] == "RECORD":
                self._take(message["record"]["stream"], message["record"]["data"], replaced)
            elif message["type"] == "TRACE" and message["trace"].get("stream_status", {}).get("status") == "COMPLETE":
                name = message["trace"]["stream_status"]["stream_descriptor"]["name"]
                self.kept |= {name: replaced[name]} if name in replaced else {}

    def _take(self, name: str, row: Row, replaced: dict[str, dict[Key, Row]]) -> None:
        stream = self.product.streams[name]
        key = tuple(row[one] for one in stream.key)
        if stream.cursor is None:
            replaced[name][key] = row
            return
        self.emitted += 1
        there = self.kept.setdefault(name, {})
        if key not in there or row[stream.cursor] >= there[key][stream.cursor]:
            there[key] = row


def _messages(printed: str) -> Iterator[dict[str, Any]]:
    """The messages of the protocol; a line that was cut off, as by a kill, is left out."""
    for line in printed.splitlines():
        try:
            message = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(message, dict) and "type" in message:
            yield message


DESTINATIONS: dict[str, Callable[..., Destination]] = {
    "duckdb": DuckDb,
    "sqlite": Sqlite,
    "parquet": Parquet,
    "read": Read,
}
"""The destinations by name."""
