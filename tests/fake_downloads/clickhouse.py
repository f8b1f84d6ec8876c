"""FakeClickhouse: the HTTP interface of a server with the playground's tables and limits (beyond-index.md 1.3).

It understands the queries of this package only, by their table and columns, unless an engine executes them:
``tests/clickhouse`` has one, and compares both.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fake_downloads.counts import MIRRORS, Download, Downloads
from tests.fake_downloads.server import Answer, Asked, FakeServer

#: The attributes of a download by column.
COLUMNS = {
    "version": "version",
    "type": "file_type",
    "python_minor": "python",
    "system": "system",
    "country_code": "country",
    "installer": "installer",
}
#: The columns of each table besides project and date; `pypi` has a row for each download.
TABLES = {
    "pypi": ("country_code", "type", "installer", "python_minor", "system", "version"),
    **{
        f"pypi_downloads_per_day_by_version{rest}": ("version", *columns)
        for rest, columns in {
            "": (),
            "_by_country": ("country_code",),
            "_by_file_type": ("type",),
            "_by_python": ("python_minor",),
            "_by_installer_by_type": ("installer", "type"),
            "_by_system": ("system",),
            "_by_installer_by_type_by_country": ("installer", "type", "country_code"),
            "_by_python_by_country": ("python_minor", "country_code"),
            "_by_system_by_country": ("system", "country_code"),
        }.items()
    },
}
_QUERY = re.compile(r"SELECT \*.*GROUP BY project, date(?P<columns>[^)]*?)\s*\) GROUP BY project", re.DOTALL)
_TABLE = re.compile(r"FROM (\w+)\.(\w+)")

Engine = Callable[[str, Mapping[str, str]], str]


class FakeClickhouse(FakeServer):
    """The server.

    most_cells: how many elements of arrays a result may have, instead of the limit of 10 MB. quota: queries that it
    answers, then it refuses. engine: executes queries; None: they are understood here. longs_as_text: integers of 64
    bits are texts, as in older servers. password: the one of the user ``reader``; None: any user may read.
    """

    def __init__(
        self,
        downloads: Downloads,
        *,
        most_cells: int = 200_000,
        quota: int = 60,
        engine: Engine | None = None,
        longs_as_text: bool = False,
    ) -> None:
        super().__init__()
        self.downloads, self.most_cells, self.quota, self.engine = downloads, most_cells, quota, engine
        self.longs_as_text = longs_as_text

    @property
    def queries(self) -> list[dict[str, str]]:
        """The parameters of each query."""
        return [dict(parse_qsl(urlsplit(path).query)) for path in self.paths]

    def answer(self, asked: Asked) -> Answer:
        """A result, or an error with its code in a header."""
        parameters = dict(parse_qsl(urlsplit(asked.path).query))
        if asked.method != "POST":
            return failure(164, "Cannot execute query in readonly mode. (READONLY)")
        if len(self.asked) > self.quota:
            return failure(201, "Quota for user `demo` for 3600s has been exceeded: queries = 61/60. (QUOTA_EXCEEDED)")
        names = json.loads(parameters["param_names"].replace("'", '"'))
        query = asked.body.decode()
        if self.engine is not None:
            bound = {name.removeprefix("param_"): value for name, value in parameters.items()}
            text = self.engine(query, {name: bound[name] for name in ("names", "first", "until")})
            return Answer(200, text.encode(), {"Content-Type": "application/json; charset=UTF-8"})
        rows = self._rows(query, names, date.fromisoformat(parameters["param_first"]), parameters["param_until"])
        if sum(len(row["days"]) for row in rows) > self.most_cells:
            if "throw" in (parameters.get("result_overflow_mode"), parameters.get("read_overflow_mode")):
                return failure(396, "Limit for result exceeded, max bytes: 9.54 MiB. (TOO_MANY_ROWS_OR_BYTES)")
            rows = rows[: len(rows) // 2]
        return self._result(rows)

    def _rows(self, query: str, names: list[str], first: date, until: str) -> list[dict[str, Any]]:
        table, columns = _understood(query)
        assert set(columns) <= set(TABLES[table]), f"{table} has no {columns}"
        last = min(date.fromisoformat(until), self.downloads.today)
        rows = []
        for name in sorted(set(names)):
            counted: Counter[tuple[str, ...]] = Counter()
            others: Counter[tuple[str, ...]] = Counter()
            for one, count in self.downloads.of(name):
                if first <= one.day < last:
                    key = (str(one.day), *(getattr(one, COLUMNS[column]) for column in columns))
                    counted[key] += count
                    others[key] += 0 if one.installer in MIRRORS or not one.installer else count
            if counted:
                rows.append(self._row(name, columns, counted, others))
        return [row | {"projects": self._number(len(rows))} for row in rows]

    def _row(
        self, name: str, columns: list[str], counted: Counter[tuple[str, ...]], others: Counter[tuple[str, ...]]
    ) -> dict[str, Any]:
        keys = list(counted)
        arrays = {f"{COLUMNS[column]}_values": [key[i + 1] for key in keys] for i, column in enumerate(columns)}
        row: dict[str, Any] = {"project": name, "days": [key[0] for key in keys], **arrays}
        row["counts"] = [self._number(counted[key]) for key in keys]
        if not columns:
            row["without_mirrors"] = [self._number(others[key]) for key in keys]
        return row | {"total": self._number(counted.total())}

    def _number(self, number: int) -> int | str:
        return str(number) if self.longs_as_text else number

    def _result(self, rows: list[dict[str, Any]]) -> Answer:
        meta = [{"name": name, "type": "String"} for name in (rows[0] if rows else ())]
        statistics = {"elapsed": 0.1, "rows_read": 1, "bytes_read": 1}
        body = {"meta": meta, "data": rows, "rows": len(rows), "statistics": statistics}
        return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json; charset=UTF-8"})


def failure(code: int, text: str, status: int = 500) -> Answer:
    """A failed query, as the server answers it."""
    body = f"Code: {code}. DB::Exception: {text} (version 26.1.1.1)\n".encode()
    headers = {"Content-Type": "text/plain; charset=UTF-8", "X-ClickHouse-Exception-Code": str(code)}
    return Answer(status, body, headers)


def _understood(query: str) -> tuple[str, list[str]]:
    """The table of a query, and what it groups by besides project and date."""
    found, table = _QUERY.search(query), _TABLE.search(query)
    assert found is not None, query
    assert table is not None, query
    return table[2], [column for column in re.split(r",\s*", found["columns"]) if column]


def downloads_in(downloads: Downloads, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """The rows of a table that has these columns: their sums, for an engine to load; a project and a day come first."""
    counted: Counter[tuple[Any, ...]] = Counter()
    for one, count in downloads.counts.items():
        counted[_values(one, columns)] += count
    return [(*values, count) for values, count in counted.items()]


def _values(one: Download, columns: tuple[str, ...]) -> tuple[Any, ...]:
    return (one.project, str(one.day), *(getattr(one, COLUMNS[column]) for column in columns))
