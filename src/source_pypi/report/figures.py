"""Figures: a query, its answer, and what a page shows of it. Each has its SQL, its table as CSV, and an anchor."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct

from source_pypi.queries import Query, parse_query
from source_pypi.report.database import OPTIONAL, Database, Missing, QueryResult
from source_pypi.report.values import csv_url

#: The most rows of a figure that a page shows.
MOST_ROWS = 500


class Plan(Struct, frozen=True):
    """How a page shows a query.

    :ivar name: the file of SQL, and the figure's anchor, which stays the same between releases.
    :ivar kind: the template's macro that draws it.
    :ivar limit: the most rows that are read.
    :ivar half: whether two such figures stand side by side on a wide screen.
    """

    name: str
    kind: str = "table"
    limit: int = MOST_ROWS
    half: bool = False

    @property
    def anchor(self) -> str:
        """The figure's place in the page."""
        return self.name.replace("_", "-")


class Figure(Struct, frozen=True):
    """What a page shows of a query.

    :ivar download: the table as a URL that holds it.
    :ivar downloaded: the number of rows in it.
    :ivar drawing: what the macro draws, beside the rows.
    :ivar missing: None; what an absent figure has instead.
    """

    plan: Plan
    result: QueryResult
    download: str
    downloaded: int
    drawing: Any = None
    missing: None = None

    @property
    def query(self) -> Query:
        """The query that is answered."""
        return self.result.query


class Absent(Struct, frozen=True):
    """A figure that the file has no tables for."""

    plan: Plan
    missing: Missing

    @property
    def query(self) -> Query:
        """The query that cannot be answered."""
        return self.missing.query

    @property
    def remedy(self) -> str:
        """What to run to get it, in words."""
        if self.missing.outdated:
            return (
                "not in this file, whose tables another release made; a sync with this release brings them up to date"
            )
        if self.missing.streams:
            return f"not in this file; load it with --streams {','.join(self.missing.streams)}"
        if "changes" in self.missing.tables or any(name.endswith("_history") for name in self.missing.tables):
            return "not in this file; load it with --history"
        return f"not in this file; a sync with this release creates {', '.join(self.missing.tables)}"


@cache
def read_query(page: str, name: str) -> Query:
    """The query in ``sql/PAGE/NAME.sql``."""
    text = files("source_pypi.report").joinpath("sql", page, f"{name}.sql").read_text(encoding="utf-8")
    return parse_query(name, text)


def make_figure(
    database: Database, query: Query, plan: Plan, parameters: Mapping[str, str] | None = None
) -> Figure | Absent:
    """Ask the database for a figure.

    :param parameters: texts for the query's parameters.
    """
    result = database.run_query(query, plan.limit, parameters, optional=OPTIONAL)
    if isinstance(result, Missing):
        return Absent(plan, result)
    return Figure(plan, result, *csv_url(result.columns, result.rows))
