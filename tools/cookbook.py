"""The cookbook: every named question, with its SQL and the answer of an example database.

The database is loaded from an index on the loopback: that of the report's example, and projects for the questions that
it does not answer. The present is fixed, so that the page changes only when a question, a table or the example does.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from source_pypi.answers.available import availability, needed_tables
from source_pypi.answers.results import cell
from source_pypi.destinations.tables import table_of
from source_pypi.queries import Query, questions
from source_pypi.services.downloads.documents import COUNTING_CHANGE, counting_of
from source_pypi.streams import stream_named
from tests.fake_index import World
from tests.fake_index.model import advisory
from tests.report.example import Example, add_example, example_world, load_example, requirements_text

#: The present of the example.
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
#: Rows of an answer that are shown, and the width to which a cell is cut.
ROWS, WIDTH = 5, 44
#: The sections, and the questions in each; those that are in none come last.
SECTIONS = {
    "What you require": r".*-pins|pin-licenses|vulnerable-requirers",
    "Security and provenance": r"vulnerable-.*|foreign-publishers|provenance-changes|inactive-projects",
    "Releases and files": r".*-releases|late-files|uploads-.*|invalid-versions|file-types|.*-pythons",
    "Projects": r".*-projects|new-projects-.*|missing-links|python-classifiers",
    "Wheels and platforms": r".*-platforms|.*-wheels",
    "Requirements of projects": r".*-requirements|most-required|direct-references",
    "People and licences": r"key-people|sole-maintainers|license-shares",
    "Downloads": r"downloads-.*|counting-change",
    "The index and the syncs": r"index-gaps|recent-changes|sync-runs|status-differences|lookalike-names",
}
_OTHERS = "Further questions"
#: Projects beside those of the report's example.
_PROJECTS = (
    Example(
        "comet-tools",
        None,
        ("0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0", "2019-final"),
        every=12,
        last=420,
        requires=("night-sky @ https://files.example/night-sky.tar.gz", "paper-config==6.0.0", "almanac>=2.8,<3.*"),
        tags=(),
        owners=("jonas",),
    ),
    Example("ember-queues", None, ("1.0.0",), last=300),
    Example("emberqueue", None, ("0.0.1",), last=12, owners=("mallory",)),
    Example("amber-auth", None, ("1.0.0", "1.1.0", "1.2.0"), every=7, last=9, attested=0, organization="amber"),
)
#: The shares of downloads, in percent, by dimension and value.
_SHARES = {
    "python": {"3.12": 60, "3.13": 40},
    "system": {"Linux": 90, "Windows": 10},
    "version": {"2.3.0": 70, "2.2.0": 30},
}
#: A second file of requirements: names the example's first one does not have, another pin, and what is no project.
_OLD = "\n".join(
    (
        "# what the old service needs",
        "idents==3.4",
        "amber-auth==1.2.0",
        "comet-tools",
        "ember-queues",
        "emberqueue",
        "night-sky @ https://files.example/night-sky.tar.gz",
        "",
    )
)


def cookbook() -> str:
    """Every question in its section: what it asks, what it needs, its answer, its SQL."""
    with tempfile.TemporaryDirectory() as folder, _database(Path(folder)) as connection:
        parts = []
        for title, found in _sections():
            parts += [f"## {title}", *(_entry(connection, question) for question in found)]
        return "\n\n".join(parts)


def _sections() -> Iterator[tuple[str, list[Query]]]:
    left = list(questions())
    for title, pattern in {**SECTIONS, _OTHERS: ".*"}.items():
        found = [one for one in left if re.fullmatch(pattern, one.name)]
        left = [one for one in left if one not in found]
        if found:
            yield title, found


def _entry(connection: duckdb.DuckDBPyConnection, question: Query) -> str:
    needs = ", ".join(f"`{name}`" for name in needed_tables(question))
    options = availability(question, ()).remedy
    loaded = f" (`sync {options}`)" if options else " (every sync)"
    return "\n".join(
        (
            f"### {question.name}\n",
            f"{question.question} Needs {needs}{loaded}.\n",
            f"```console\n$ source-pypi query {question.name}\n{_answer(connection, question.sql)}\n```\n",
            f"<details>\n<summary>SQL</summary>\n\n```sql\n{question.sql}\n```\n\n</details>",
        )
    )


def _answer(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    result = connection.execute(sql)
    columns = [(name, str(kind)) for name, kind, *_ in result.description]
    rows = result.fetchall()
    shown = [[_cut(_cell(value, kind)) for value, (_, kind) in zip(row, columns, strict=True)] for row in rows[:ROWS]]
    table = [[name for name, _ in columns], *shown]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    numbers = [all(isinstance(row[n], int | float | None) for row in rows) for n in range(len(columns))]
    table.insert(1, ["-" * width for width in widths])
    lines = [_line(row, widths, numbers) for row in table]
    count = f"the first {ROWS} of {len(rows)} rows" if len(rows) > ROWS else f"{len(rows)} row{'s'[: len(rows) != 1]}"
    return "\n".join([*lines, f"({count})"])


def _line(row: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    cells = zip(row, widths, numbers, strict=True)
    return "  ".join(text.rjust(width) if right else text.ljust(width) for text, width, right in cells).rstrip()


def _cell(value: object, kind: str) -> str:
    """The text of a value; times of the load, which differ each time, are the present of the example."""
    if isinstance(value, datetime) and value > NOW + timedelta(hours=1):
        value = NOW
    return re.sub(r"http://127\.0\.0\.1:\d+/", "{index}", cell(value, kind))


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


# The database ---------------------------------------------------------------------------------------------------------


def _database(folder: Path) -> duckdb.DuckDBPyConnection:
    """Load the example twice, and open it with a present that does not move."""
    folder.joinpath("requirements.txt").write_text(f"{requirements_text()}amber-auth==1.3.0\n")
    folder.joinpath("old.txt").write_text(_OLD)
    path = load_example(folder, _world(), "-r", "./old.txt", change=_next_day)
    connection = duckdb.connect(str(path))
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE MACRO get_current_timestamp() AS TIMESTAMPTZ '{NOW.isoformat()}'")
    for run, days in ((1, 1), (2, 0)):
        began = NOW - timedelta(days=days, seconds=2)
        times = [began, began + timedelta(seconds=2), run]
        connection.execute("UPDATE runs SET started_at = ?, finished_at = ? WHERE run = ?", times)
    _add_downloads(connection)
    return connection


def _world() -> World:
    world = example_world(NOW)
    for one in _PROJECTS:
        add_example(world, one, NOW)
    world.upload("amber-auth", "1.3.0", filename="amber_auth-1.3.0-py3-none-any.whl", uploaded_at=NOW - timedelta(3))
    late = "swift_json-3.9.10-cp314-cp314-win_amd64.whl"
    world.upload("swift-json", "3.9.10", filename=late, uploaded_at=NOW - timedelta(1))
    world.add_advisory("stone-lock", "1.4.0", advisory("PYSEC-2026-9010", summary="Locks can be opened twice"))
    _hide_file(world, "solo-parser")
    return world


def _hide_file(world: World, name: str) -> None:
    """Let the page of a project lack all files, which its document lists."""
    page = {"meta": {"api-version": "1.4"}, "name": name, "versions": [], "files": []}
    world.override(f"/simple/{name}/", page, "application/vnd.pypi.simple.v1+json")


def _next_day(world: World) -> None:
    """What happens before the second sync: a release, a yanked one, an advisory."""
    world.release("url-tools", "2.3.0", {"requires_python": ">=3.10"})
    uploaded = NOW - timedelta(hours=3)
    world.upload("url-tools", "2.3.0", filename="url_tools-2.3.0-py3-none-any.whl", uploaded_at=uploaded, size=400_000)
    world.yank("lattice", "1.26.4", "a wrong result in rare cases")
    world.add_advisory("copper-web", "2.3.0", advisory("PYSEC-2026-9009", summary="A second flaw", fixed_in=("2.3.9",)))


def _add_downloads(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the tables of downloads, with invented counts of 120 days."""
    for name, rows in (("downloads", list(_downloads())), ("downloads_by", list(_downloads_by()))):
        table = table_of(stream_named(name))
        columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
        connection.execute(f"CREATE TABLE {name} ({columns})")
        types = {column.name: column.type.duckdb for column in table.columns if column.name in rows[0]}
        struct = f"STRUCT({', '.join(f'{name} {types[name]}' for name in rows[0])})[]"
        insert = f"INSERT INTO {name} BY NAME (SELECT unnest(?::JSON::{struct}, recursive := true))"
        connection.execute(insert, [json.dumps(rows)])


def _downloads() -> Iterator[dict[str, object]]:
    for project, usual in (("copper-web", 9_000), ("river-requests", 21_000)):
        for age in range(120):
            day = NOW.date() - timedelta(days=age + 1)
            count = usual + 40 * (120 - age) if day >= COUNTING_CHANGE else usual * 3
            common = {"project": project, "day": day.isoformat(), "source": "pypistats", "downloads": count}
            yield {**common, "category": "without_mirrors", "complete": age > 1, "counting": counting_of(day)}


def _downloads_by() -> Iterator[dict[str, object]]:
    for row in _downloads():
        common = {name: value for name, value in row.items() if name not in ("category", "downloads")}
        for dimension, shares in _SHARES.items():
            for value, percent in shares.items():
                counted = {**dict.fromkeys(_SHARES, ""), "dimensions": dimension, dimension: value}
                yield {**common, **counted, "downloads": int(str(row["downloads"])) * percent // 100}
