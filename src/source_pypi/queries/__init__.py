"""Queries in files: the views that ``sync`` creates, and the named questions.

Format
    A file is ``NAME.sql``. It begins with comments, ``-- key: value``, and has one SELECT below them, in DuckDB's
    dialect. Keys: ``title``, ``question`` (what the query answers), ``needs`` (the tables and views that it reads,
    separated by commas); in views also ``row`` (what a row is), one ``column NAME`` for each column that needs an
    explanation, and ``duckdb only`` (why other databases do not have the view). A comment that is indented by more than
    one space continues the value above it.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import takewhile

from msgspec import Struct

_ENTRY = re.compile(r"-- (column \w+|title|question|needs|row|duckdb only): (.+)")
_REQUIRED = ("title", "question", "needs")


class Query(Struct, frozen=True):
    """A query in a file.

    :ivar name: the name of the file without its ending; the name of a view in the database.
    :ivar title: a heading of a few words.
    :ivar question: what the query answers, in one sentence.
    :ivar needs: the tables and views that it reads. A view exists once all of them do.
    :ivar sql: one SELECT in DuckDB's dialect, without a semicolon.
    :ivar row: what a row is; empty for questions.
    :ivar columns: the meaning of columns, by their names.
    :ivar duckdb_only: why other databases do not have the view; empty: PostgreSQL and SQLite have it.
    """

    name: str
    title: str
    question: str
    needs: tuple[str, ...]
    sql: str
    row: str = ""
    columns: Mapping[str, str] = {}
    duckdb_only: str = ""


@cache
def views() -> tuple[Query, ...]:
    """All views, each after the views that it reads."""
    by_name = {query.name: query for query in _read("views")}
    order = TopologicalSorter({name: set(by_name).intersection(query.needs) for name, query in by_name.items()})
    return tuple(by_name[name] for name in order.static_order())


@cache
def questions() -> tuple[Query, ...]:
    """All named questions, in the order of their names."""
    return tuple(_read("questions"))


@cache
def variants(dialect: str) -> dict[str, Query]:
    """The views that a dialect of SQL needs in other words, by their names."""
    return {query.name: query for query in _read("views", dialect)}


def parse_query(name: str, text: str) -> Query:
    """Return the query that a file contains.

    :param text: the content of the file.
    :raises ValueError: when a key is missing or unknown, or there is no SELECT.
    """
    lines = text.strip().splitlines()
    head = list(takewhile(lambda line: line.startswith("--"), lines))
    entries = _entries(name, head)
    sql = "\n".join(lines[len(head) :]).strip().rstrip(";")
    missing = [key for key in _REQUIRED if key not in entries]
    if missing or not sql:
        raise ValueError(f"{name}.sql: it has no {missing[0] if missing else 'SELECT'}")
    columns = {key.removeprefix("column "): entries[key] for key in entries if key.startswith("column ")}
    needs = tuple(need.strip() for need in entries["needs"].split(","))
    return Query(
        name=name,
        title=entries["title"],
        question=entries["question"],
        needs=needs,
        sql=sql,
        row=entries.get("row", ""),
        columns=columns,
        duckdb_only=entries.get("duckdb only", ""),
    )


def _entries(name: str, head: Iterable[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    key = ""
    for line in head:
        if match := _ENTRY.fullmatch(line):
            key = match[1]
            entries[key] = match[2].strip()
        elif key and line.startswith("--  "):
            entries[key] += f" {line[2:].strip()}"
        else:
            raise ValueError(f"{name}.sql: not a comment of the form '-- key: value': {line}")
    return entries


def _read(*folders: str) -> list[Query]:
    """The queries in a folder inside others, in the order of their names; none if there is no such folder."""
    found = files(__name__).joinpath(*folders)
    paths: list[Traversable] = list(found.iterdir()) if found.is_dir() else []
    sources = sorted((path for path in paths if path.name.endswith(".sql")), key=lambda path: path.name)
    return [parse_query(path.name.removesuffix(".sql"), path.read_text(encoding="utf-8")) for path in sources]
