"""The pages: which figures each has, in which order, and what is drawn of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from source_pypi.queries import Query
from source_pypi.report import charts
from source_pypi.report.database import Database, QueryResult
from source_pypi.report.figures import Absent, Figure, Plan, make_figure, read_query
from source_pypi.report.rules import checked_rules, counting_query, rule_counts
from source_pypi.report.values import shown, size

#: The most releases that a chart of sizes shows.
MOST_BARS = 60
#: The most platforms of the matrix of wheels, and the most columns of the coverage of one project.
MOST_PLATFORMS, MOST_TAGS = 24, 40
#: The most projects that the page of many projects lists.
MOST_LISTED = 2000

DEPENDENCIES = (
    Plan("pins", "pins"),
    Plan("advisories"),
    Plan("bulk_advisories"),
    Plan("paths"),
    Plan("last_run"),
    Plan("changes"),
    Plan("licenses", "shares"),
    Plan("wheels", "matrix", 5000),
    Plan("downloads", "bars", 2000),
    Plan("downloads_by_version", "shares", half=True),
    Plan("downloads_by_python", "shares", half=True),
    Plan("downloads_by_system", "shares", half=True),
    Plan("skipped"),
)
PROJECT = (
    Plan("facts", "facts"),
    Plan("timeline", "timeline", 2000),
    Plan("advisories"),
    Plan("sizes", "bars", 2000),
    Plan("downloads", "bars", 2000),
    Plan("downloads_by_version", "shares", half=True),
    Plan("downloads_by_python", "shares", half=True),
    Plan("downloads_by_system", "shares", half=True),
    Plan("wheels", "coverage", 2000),
    Plan("python", half=True),
    Plan("attestations", half=True),
    Plan("owners", half=True),
    Plan("urls", half=True),
    Plan("dependencies"),
    Plan("dependents"),
    Plan("lint", "checks"),
)
INDEX = (
    Plan("uploads", "bars", 2000),
    Plan("new_projects", "bars", 2000),
    Plan("ages", "shares", half=True),
    Plan("sizes", "shares", half=True),
    Plan("python", "shares", half=True),
    Plan("licenses", "shares", half=True),
    Plan("attestations", "bars", 2000),
    Plan("statuses", "shares", half=True),
    Plan("coverage", "shares", half=True),
    Plan("projects", "table", MOST_LISTED),
)


def dependencies_page(database: Database) -> Iterator[Figure | Absent]:
    """The figures of the page of pins."""
    yield _counts(database)
    yield from _figures(database, "dependencies", DEPENDENCIES)


def project_page(database: Database, project: str) -> Iterator[Figure | Absent]:
    """The figures of the page of one project, by its normalised name."""
    yield from _figures(database, "project", PROJECT, {"project": project})


def index_page(database: Database) -> Iterator[Figure | Absent]:
    """The figures of the page of many projects: aggregates, and the projects that were released last."""
    yield from _figures(database, "index", INDEX)


def _figures(
    database: Database, page: str, plans: tuple[Plan, ...], parameters: Mapping[str, str] | None = None
) -> Iterator[Figure | Absent]:
    for plan in plans:
        query = _coverage_query(database) if plan.name == "coverage" else read_query(page, plan.name)
        figure = make_figure(database, query, plan, parameters)
        draw = _DRAWINGS.get((page, plan.name))
        if isinstance(figure, Figure) and draw is not None:
            figure = replace(figure, drawing=draw(figure.result))
        yield figure


def _counts(database: Database) -> Figure | Absent:
    figure = make_figure(database, counting_query(checked_rules(database)), Plan("counts", "tiles"))
    if isinstance(figure, Absent):
        return figure
    return replace(figure, drawing=rule_counts(database, figure.result.rows))


def _coverage_query(database: Database) -> Query:
    """How many projects each stream's table has rows of."""
    from source_pypi.streams import STREAMS

    tables = [one.name for one in STREAMS if one.of_project and database.has(one.name)]
    selects = [
        f"SELECT '{name}' AS stream, count(DISTINCT project) AS projects, count(*) AS \"rows\" FROM {name}"  # noqa: S608
        for name in tables
    ]
    return Query(
        "coverage",
        "Coverage of the streams",
        "Of how many projects does each table have rows?",
        tuple(tables),
        "\nUNION ALL\n".join(selects) or "SELECT NULL AS stream, NULL AS projects WHERE false",
    )


def _timeline(result: QueryResult) -> charts.Timeline:
    found = [row for row in result.records() if isinstance(row["released_at"], datetime)]
    lanes = ["releases", *(["pre-releases"] if any(row["is_prerelease"] for row in found) else [])]
    releases = [
        charts.Release(
            row["released_at"],
            _release_title(row),
            "pre-releases" if row["is_prerelease"] else "releases",
            hollow=bool(row["is_prerelease"]),
            crossed=bool(row["yanked"]),
            vulnerable=bool(row["advisories"]),
        )
        for row in reversed(found)
    ]
    return charts.timeline(releases, lanes)


def _release_title(row: Mapping[str, Any]) -> str:
    notes = [
        "pre-release" if row["is_prerelease"] else "",
        "yanked" if row["yanked"] else "",
        shown(row["advisories"]) if row["advisories"] else "",
    ]
    return ", ".join([f"{shown(row['version'])}, {shown(row['released_at'])}", *filter(None, notes)])


def _sizes(result: QueryResult) -> charts.Bars:
    rows = list(reversed(result.records()[:MOST_BARS]))
    kinds = (("sdist", "first"), ("wheels", "second"), ("other", "third"))
    stacks = [
        [(row[kind], f"{shown(row['version'])}: {kind} {size(row[kind])}", style) for kind, style in kinds]
        for row in rows
    ]
    return charts.bars([shown(row["version"])[:14] for row in rows], stacks, "bytes")


def _downloads(result: QueryResult) -> charts.Bars:
    """A bar a day; colours mark the days before the counting changed, and days that are not complete."""
    rows = list(reversed(result.records()))
    stacks = [
        [(row["downloads"], f"{row['day']}: {shown(row['downloads'])}, {_day_note(row)}", _day_style(row))]
        for row in rows
    ]
    return charts.bars([row["day"] for row in rows], stacks)


def _day_style(row: Mapping[str, Any]) -> str:
    if not row["complete"]:
        return "second"
    return "third" if row["counting"] == "every-object" else "first"


def _day_note(row: Mapping[str, Any]) -> str:
    counted = "every object counted" if row["counting"] == "every-object" else "wheels and sdists counted"
    return counted if row["complete"] else f"{counted}, not complete"


def _monthly(column: str, unit: str = "") -> Callable[[QueryResult], charts.Bars]:
    def draw(result: QueryResult) -> charts.Bars:
        rows = result.records()
        stacks = [[(row[column] or 0, f"{row['month']:%b %Y}: {shown(row[column])}{unit}", "first")] for row in rows]
        return charts.bars([f"{row['month']:%Y-%m}" for row in rows], stacks, unit)

    return draw


def _matrix(result: QueryResult) -> dict[str, Any]:
    """The platforms for which most releases have wheels, by name, and a row a release."""
    platforms: Counter[str] = Counter()
    rows: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for one in result.records():
        cells = rows.setdefault((one["project"], one["version"]), {})
        if one["platform"] is not None:
            platforms[one["platform"]] += 1
            cells[one["platform"]] = one
    most = (name for name, _ in platforms.most_common(MOST_PLATFORMS))
    return {"platforms": sorted(most, key=lambda name: (name != "any", name.lower())), "rows": rows}


def _coverage(result: QueryResult) -> dict[str, Any]:
    """The platforms of one project, and a column for each Python and ABI."""
    tags: dict[str, None] = {}
    rows: dict[str, dict[str, Mapping[str, Any]]] = {}
    for one in result.records():
        tag = one["python"] if one["python"] == one["abi"] else f"{one['python']}-{one['abi']}"
        tags[tag] = None
        rows.setdefault(one["platform"], {})[tag] = one
    return {"tags": sorted(tags, key=_tag_order)[:MOST_TAGS], "rows": rows}


def _tag_order(tag: str) -> tuple[int, str]:
    digits = "".join(char for char in tag.partition("-")[0] if char.isdigit())
    return int(digits[1:5] or 0), tag


_DRAWINGS: Mapping[tuple[str, str], Callable[[QueryResult], Any]] = {
    ("dependencies", "wheels"): _matrix,
    ("dependencies", "downloads"): _downloads,
    ("project", "downloads"): _downloads,
    ("project", "timeline"): _timeline,
    ("project", "sizes"): _sizes,
    ("project", "wheels"): _coverage,
    ("index", "uploads"): _monthly("files"),
    ("index", "new_projects"): _monthly("projects"),
    ("index", "attestations"): _monthly("percent", "%"),
}
