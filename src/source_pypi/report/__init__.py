"""The report: one HTML page of a database that ``sync`` loaded. It contains all that it shows, and requests nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from source_pypi._version import __version__
from source_pypi.errors import QueryError
from source_pypi.report.database import Database, open_database
from source_pypi.report.figures import Absent, Figure
from source_pypi.report.pages import dependencies_page, index_page, project_page
from source_pypi.report.render import listed, render_page
from source_pypi.report.rules import checked_rules
from source_pypi.safety.files import replacing
from source_pypi.safety.redaction import without_credentials
from source_pypi.safety.wording import shell_quoted

#: The most pins that a page lists one by one.
MOST_PINS = 300


class Written(Struct, frozen=True):
    """A report that was written.

    :ivar page: ``dependencies``, ``project`` or ``index``.
    :ivar size: its size in bytes.
    :ivar missing: the titles of the figures that the file has no tables for.
    """

    path: Path
    page: str
    size: int
    missing: tuple[str, ...]


def write_report(
    database: str | Path, output: Path, *, project: str | None = None, schema: str | None = None
) -> Written:
    """Write the report of a database as an HTML file.

    :param database: a DuckDB file, or a folder of Parquet, that ``sync`` loaded.
    :param project: the project that the page is about. None: the pins, or aggregates of more than ``MOST_PINS``.
    :param schema: the schema of the tables. None: ``main``.
    :raises QueryError: when the database cannot be read, or does not contain the project.
    :raises OSError: when the page cannot be written.
    """
    with open_database(str(database), schema) as opened:
        page, content = _content(opened, project)
    text = render_page(content).encode("utf-8", "replace")
    with replacing(output) as made:
        made.write_bytes(text)
    absent = tuple(one.query.title for one in content["figures"] if isinstance(one, Absent))
    return Written(output, page, len(text), absent)


def _content(database: Database, project: str | None) -> tuple[str, dict[str, Any]]:
    """Which page it is, and what it shows."""
    lead = ""
    figures: list[Figure | Absent]
    pins = database.value("SELECT count(*) FROM pins") if database.has("pins") else 0
    if project is not None:
        name = _normalised(project)
        _check_loaded(database, name)
        page, kind, title, figures = "project", "Project", name, list(project_page(database, name))
        if database.has("projects"):
            lead = database.value("SELECT summary FROM projects WHERE project = $project", {"project": name}) or ""
    elif 0 < pins <= MOST_PINS:
        page, kind, title = "dependencies", "Dependencies", _selection(database)
        figures = list(dependencies_page(database))
    else:
        page, kind, title, figures = "index", "Projects", "Many projects", list(index_page(database))
    return page, {
        "kind": kind,
        "title": title,
        "lead": lead,
        "facts": _facts(database, pins),
        "unavailable": sorted(database.unavailable.items()),
        "figures": figures,
        "attestations_checked": any(rule.name == "unattested" for rule in checked_rules(database)),
        "version": __version__,
        "made_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "file": Path(database.source).name,
    }


def _normalised(project: str) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(project.strip()))


def _check_loaded(database: Database, project: str) -> None:
    """Refuse a project of which no table has a row."""
    tables = [name for name in ("projects", "versions", "files", "statuses", "dependencies") if database.has(name)]
    for table in tables:
        sql = f"SELECT count(*) FROM {table} WHERE project = $project"  # noqa: S608 - a name of ours
        if database.value(sql, {"project": project}):
            return
    command = database.opened.sync_command(shell_quoted(project))
    raise QueryError(f"{database.source} has no rows of the project {project}: load it with {command}")


def _selection(database: Database) -> str:
    """The files that the pins are from, as a title."""
    files = database.value("SELECT list(DISTINCT file ORDER BY file) FROM pins WHERE file IS NOT NULL") or []
    return listed([str(one) for one in files], 3) or "Pins"


def _facts(database: Database, pins: int) -> list[tuple[str, str]]:
    """The header: index, time, selection and counts."""
    facts = [("index", _index(database))]
    if database.has("runs"):
        started = database.value("SELECT max(started_at) FROM runs")
        facts.append(("last run", f"{started:%Y-%m-%d %H:%M} UTC" if started else "unknown"))
        streams = database.value("SELECT arg_max(streams, run) FROM runs") or []
        facts.append(("streams", listed([str(one) for one in streams], 20)))
    if pins:
        facts.append(("requirements", f"{pins:,}"))
    tables = [name for name in ("projects", "versions", "files") if database.has(name)]
    return [*facts, *((name, f"{database.value(f'SELECT count(*) FROM {name}'):,}") for name in tables)]  # noqa: S608


def _index(database: Database) -> str:
    """The URL of the index, without credentials; a folder of Parquet has it in ``runs`` only."""
    sql = 'SELECT "index" FROM _run' if database.has("_run") else 'SELECT arg_max("index", run) FROM runs'
    found = database.value(sql) if database.has("_run") or database.has("runs") else None
    return without_credentials(str(found or "unknown"))
