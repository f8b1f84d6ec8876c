"""The SQL for ClickHouse: one query for a series of many projects.

The playground returns at most 1,000 rows of a query, and a query has one row for each project: its days, values and
counts are arrays. Each row also says how many downloads and how many rows there are, so that a result which was cut is
recognised (beyond-index.md 1.3).
"""

from collections.abc import Collection

#: The columns of the dimensions.
COLUMNS = {
    "version": "version",
    "file_type": "type",
    "python": "python_minor",
    "system": "system",
    "country": "country_code",
    "installer": "installer",
}
#: Programs that copy an index: those that pypistats leaves out.
MIRRORS = ("bandersnatch", "z3c.pypimirror", "Artifactory", "devpi")
#: The tables with sums by day, version and the columns in their names, the smallest first.
_BY_VERSION = "pypi_downloads_per_day_by_version"
TABLES: tuple[tuple[str, frozenset[str]], ...] = (
    (_BY_VERSION, frozenset({"version"})),
    (f"{_BY_VERSION}_by_file_type", frozenset({"version", "file_type"})),
    (f"{_BY_VERSION}_by_system", frozenset({"version", "system"})),
    (f"{_BY_VERSION}_by_python", frozenset({"version", "python"})),
    (f"{_BY_VERSION}_by_country", frozenset({"version", "country"})),
    (f"{_BY_VERSION}_by_installer_by_type", frozenset({"version", "installer", "file_type"})),
    (f"{_BY_VERSION}_by_system_by_country", frozenset({"version", "system", "country"})),
    (f"{_BY_VERSION}_by_python_by_country", frozenset({"version", "python", "country"})),
    (f"{_BY_VERSION}_by_installer_by_type_by_country", frozenset({"version", "installer", "file_type", "country"})),
)
#: The table with a row for each download, for combinations that no table has sums of.
EVERY = "pypi"


def query_of(database: str, dimensions: tuple[str, ...]) -> str:
    """The query for a series. Its parameters: ``names``, and the days from ``first`` up to before ``until``.

    :param database: the database of the tables; letters, digits and underscores.
    """
    table, count = _table_of(dimensions)
    values = [COLUMNS[name] for name in dimensions]
    grouped = ", ".join(["project", "date", *values])
    arrays = "".join(f", groupArray({value}) AS {name}_values" for name, value in zip(dimensions, values, strict=True))
    sums = f"{count} AS downloads" if dimensions else f"{count} AS downloads, {_without_mirrors()} AS others"
    others = "" if dimensions else ", groupArray(others) AS without_mirrors"
    return (  # names are ours, values are parameters
        "SELECT *, count() OVER () AS projects FROM (\n"
        f"  SELECT project, groupArray(date) AS days{arrays}, groupArray(downloads) AS counts{others}, "
        "sum(downloads) AS total FROM (\n"
        f"    SELECT {grouped}, {sums} FROM {database}.{table}\n"
        "    WHERE project IN {names:Array(String)} AND date >= {first:Date} AND date < {until:Date}\n"
        f"    GROUP BY {grouped}\n"
        "  ) GROUP BY project\n"
        ") ORDER BY project FORMAT JSON"
    )


def _table_of(dimensions: Collection[str]) -> tuple[str, str]:
    """The smallest table that has the dimensions, and the sum of its counts."""
    needed = {*dimensions} or {"installer"}
    found = next((table for table, has in TABLES if needed <= has), None)
    return (EVERY, "count()") if found is None else (found, "sum(count)")


def _without_mirrors() -> str:
    listed = ", ".join(f"'{name}'" for name in (*MIRRORS, ""))
    return f"sumIf(count, installer NOT IN ({listed}))"
