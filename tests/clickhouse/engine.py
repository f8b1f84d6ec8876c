"""chdb with the tables of the playground, filled with downloads of the fake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fake_downloads.clickhouse import TABLES, downloads_in
from tests.fake_downloads.counts import Downloads

#: The order of the tables of sums, which end in the columns of their names; `pypi` has another.
_FIRST = ("project", "version", "date")


def definition(table: str, columns: tuple[str, ...]) -> str:
    """The statement that creates a table, with the playground's types, engine and order."""
    kinds = dict.fromkeys(("version", *(() if table == "pypi" else ("installer",))), "String")
    listed = ", ".join(f"`{name}` {kinds.get(name, 'LowCardinality(String)')}" for name in columns)
    if table == "pypi":
        order = "project, date, version, country_code, python_minor, system"
        return f"CREATE TABLE pypi.pypi (`date` Date, `project` String, {listed}) ENGINE = MergeTree ORDER BY ({order})"
    order = ", ".join((*_FIRST, *(name for name in columns if name != "version")))
    head = f"CREATE TABLE pypi.{table} (`project` String, `date` Date, {listed}, `count` Int64)"
    return f"{head} ENGINE = SummingMergeTree ORDER BY ({order})"


class Engine:
    """Executes queries on the tables; each instance has them anew."""

    def __init__(self, downloads: Downloads) -> None:
        from chdb.session import Session

        self._session: Any = Session()
        self._session.query("CREATE DATABASE pypi")
        for table, columns in TABLES.items():
            self._session.query(definition(table, columns))
            self._fill(table, columns, downloads)

    def __call__(self, query: str, parameters: Mapping[str, str]) -> str:
        """The result of a query."""
        return str(self._session.query(query.removesuffix(" FORMAT JSON"), "JSON", params=dict(parameters)))

    def close(self) -> None:
        """Delete the tables."""
        self._session.close()

    def _fill(self, table: str, columns: tuple[str, ...], downloads: Downloads) -> None:
        """Insert each sum in two parts: parts of sums merge late, if ever."""
        rows = []
        for *values, count in downloads_in(downloads, columns):
            if table == "pypi":
                rows += [f"({', '.join(map(_literal, [values[1], values[0], *values[2:]]))})"] * count
            else:
                rows.append(
                    f"({', '.join(map(_literal, values))}, {count - 1}), ({', '.join(map(_literal, values))}, 1)"
                )
        if rows:
            names = ["date", "project"] if table == "pypi" else ["project", "date"]
            listed = ", ".join([*names, *columns, *(() if table == "pypi" else ("count",))])
            self._session.query(f"INSERT INTO pypi.{table} ({listed}) VALUES {', '.join(rows)}")


def _literal(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
