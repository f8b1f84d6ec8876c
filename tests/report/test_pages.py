"""report/pages.py: the figures of each page, over the example."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from source_pypi.report.database import open_database
from source_pypi.report.figures import Absent, Figure
from source_pypi.report.pages import (
    DEPENDENCIES,
    INDEX,
    MOST_PLATFORMS,
    PROJECT,
    dependencies_page,
    index_page,
    project_page,
)
from tests.report.tables import PINS, Tables, make_database, pin


def by_name(figures: Iterable[Figure | Absent]) -> dict[str, Any]:
    """Figures by their names."""
    return {figure.plan.name: figure for figure in figures}


@pytest.fixture
def dependencies(example: Path) -> dict[str, Any]:
    """The figures of the example's pins."""
    with open_database(str(example)) as database:
        return by_name(dependencies_page(database))


@pytest.fixture
def project(example: Path) -> dict[str, Any]:
    """The figures of the example's project copper-web."""
    with open_database(str(example)) as database:
        return by_name(project_page(database, "copper-web"))


def records(figure: Figure) -> list[dict[str, Any]]:
    """The rows of a figure."""
    return figure.result.records()


def test_pins_are_sorted_by_severity(dependencies: dict[str, Any]) -> None:
    """One row a requirement, serious findings first, then those with the most findings; each with file and line."""
    rows = records(dependencies["pins"])
    order = {"red": 0, "not checked": 1, "amber": 2, "none": 3}
    ranks = [(order[row["severity"]], -len(row["red"]), -len(row["amber"]), row["project"]) for row in rows]
    assert ranks == sorted(ranks)
    assert len(rows) == 22
    wool = next(row for row in rows if row["project"] == "wool-http")
    assert wool == {
        "severity": "red",
        "project": "wool-http",
        "version": "2.2.3",
        "specifier": "~=2.2.0",
        "latest_version": "3.0.1",
        "releases_behind": 6,
        "days_behind": 270,
        "major_behind": 1,
        "advisories": ["GHSA-xxxx-made-0002", "PYSEC-2024-9001"],
        "fixes": ["2.3.3", "3.0.3"],
        "fix_admitted": False,
        "yanked_reason": None,
        "status": None,
        "owners": ["jonas", "mara"],
        "organization": "copperworks",
        "attestation": None,
        "attested_files": None,
        "files": None,
        "license": "BSD-3-Clause",
        "file": "requirements.txt",
        "line": 3,
        "not_read": None,
        "red": ["vulnerable"],
        "amber": ["major behind"],
    }


def test_advisories_of_pins(dependencies: dict[str, Any]) -> None:
    """Each advisory of a pinned release has its fix, and whether the specifier admits it."""
    rows = [
        (row["project"], row["id"], row["smallest_fix"], row["fix_admitted"])
        for row in records(dependencies["advisories"])
    ]
    assert ("certs", "PYSEC-2024-9005", "2024.7.4", False) in rows
    assert len(rows) == 6


def test_advisories_of_osv(tmp_path: Path) -> None:
    """OSV's advisories count as the index's do; malware is a finding of its own, and withdrawn ones are none."""
    columns = (
        "project TEXT, version TEXT, specifier TEXT, id TEXT, kind TEXT, aliases TEXT[], summary TEXT, "
        "severity TEXT, score DOUBLE, "
        "published_at TIMESTAMPTZ, withdrawn_at TIMESTAMPTZ, removed_at TIMESTAMPTZ, smallest_fix TEXT, "
        "fix_admitted BOOLEAN, link TEXT"
    )
    at = datetime(2026, 1, 2, tzinfo=UTC)

    def about(project: str, id_: str, kind: str, *, withdrawn: datetime | None = None) -> tuple[Any, ...]:
        link = f"https://x/{id_}"
        return (project, "1", None, id_, kind, [], "bad", "high", 7.5, at, withdrawn, None, "2", True, link)

    tables: Tables = {
        "pins": (PINS, [pin(number, name, "1") for number, name in enumerate("abc")]),
        "advisory_pins": (
            columns,
            [
                about("a", "P-1", "vulnerability"),
                about("b", "MAL-1", "malware"),
                about("c", "P-2", "vulnerability", withdrawn=at),
            ],
        ),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        found = by_name(dependencies_page(database))
    assert [(row["project"], row["advisories"], row["fixes"], row["red"]) for row in records(found["pins"])] == [
        ("a", ["P-1"], ["2"], ["vulnerable"]),
        ("b", None, None, ["malware"]),
        ("c", None, None, []),
    ]
    shown = [
        (row["id"], row["kind"], row["severity"], row["score"], row["published"], row["source"])
        for row in records(found["bulk_advisories"])
    ]
    assert shown == [
        ("MAL-1", "malware", "high", 7.5, at.date(), "osv"),
        ("P-1", "vulnerability", "high", 7.5, at.date(), "osv"),
        ("P-2", "withdrawn", "high", 7.5, at.date(), "osv"),
    ]


def test_paths_to_vulnerable_projects(dependencies: dict[str, Any]) -> None:
    """A path leads from a requirement that no other one requires to each vulnerable project, the shortest of them."""
    paths = {(row["project"], row["required_by"]): row["path"] for row in records(dependencies["paths"])}
    assert paths[("url-tools", "ember-queue")] == "ember-queue → url-tools"
    assert paths[("wool-http", "copper-web")] == "copper-web → wool-http"
    assert paths[("vault-crypto", "vault-crypto")] == "vault-crypto"
    assert ("url-tools", "url-tools") not in paths


def test_paths_among_projects_that_require_each_other(tmp_path: Path) -> None:
    """Circles end; a vulnerable requirement without a root above it has a path of its own; extras do not count."""
    columns = "project TEXT, version TEXT, name TEXT, extra TEXT"
    rows: list[tuple[Any, ...]] = [
        ("a", "1", "b", None),
        ("b", "1", "a", None),
        ("top", "1", "deep", None),
        ("deep", "1", "bad", None),
    ]
    rows += [("top", "1", "b", "test"), ("other", "0", "bad", None), ("bad", "1", "bad", None)]
    tables: Tables = {
        "pins": (PINS, [pin(0, "a", "1"), pin(1, "b", "1"), pin(2, "top", "1"), pin(3, "other", "1")]),
        "dependencies": (columns, rows),
        "vulnerabilities": (
            "project TEXT, version TEXT, id TEXT, withdrawn_at TIMESTAMPTZ",
            [("b", "1", "X-1", None), ("bad", "1", "X-2", None), ("top", "1", "X-3", "2024-01-01")],
        ),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        found = records(by_name(dependencies_page(database))["paths"])
    assert [(row["project"], row["required_by"], row["path"], row["distance"]) for row in found] == [
        ("b", "b", "b", 0),
        ("bad", "top", "top → deep → bad", 2),
    ]


def test_findings_are_those_of_the_requirement(tmp_path: Path) -> None:
    """A requirement is not missing because another one of its project is; the fix that it admits is its own."""
    missing = "project TEXT, specifier TEXT, file TEXT, line INTEGER, status TEXT, reason TEXT, since TIMESTAMPTZ"
    vulnerable = (
        "project TEXT, version TEXT, specifier TEXT, file TEXT, line INTEGER, id TEXT, aliases TEXT[], summary TEXT, "
        "link TEXT, fixed_in TEXT[], smallest_fix TEXT, fix_admitted BOOLEAN, source TEXT"
    )
    pins = [list(pin(number, name, "1")) for number, name in enumerate(("a", "a", "b", "b", "c"))]
    for number, specifier in ((1, "==9"), (2, "==1"), (3, ">=1")):
        pins[number][2] = specifier
    pins[1][9] = pins[4][9] = None
    advisory = ["f", 1, "X-1", None, None, None, None, "2"]
    tables: Tables = {
        "pins": (PINS, pins),
        "missing_projects": (
            missing,
            [("a", "==9", "f", 1, "no release", None, None), ("c", None, "f", 1, "missing", None, None)],
        ),
        "vulnerable_pins": (
            vulnerable,
            [("b", "1", "==1", *advisory, False, None), ("b", "1", ">=1", *advisory, True, None)],
        ),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        rows = records(by_name(dependencies_page(database))["pins"])
    assert {(row["project"], row["specifier"]): (row["red"], row["fix_admitted"]) for row in rows} == {
        ("a", None): ([], None),
        ("a", "==9"): (["missing"], None),
        ("b", "==1"): (["vulnerable"], False),
        ("b", ">=1"): (["vulnerable"], True),
        ("c", None): (["missing"], None),
    }


def test_licences_that_spdx_does_not_have(tmp_path: Path) -> None:
    """A licence as free text is shown, and is not counted among those that are not stated."""
    columns = (
        "project TEXT, version TEXT, specifier TEXT, file TEXT, line INTEGER, expression TEXT, "
        "expression_source TEXT, license TEXT"
    )
    rest = (None, "f", 1)
    licenses = [("a", "1", *rest, None, None, "GPL v3"), ("b", "1", *rest, None, None, None)]
    tables: Tables = {
        "pins": (PINS, [pin(0, "a", "1"), pin(1, "b", "1"), pin(2, "c", "1")]),
        "pin_licenses": (columns, [*licenses, ("c", "1", *rest, "MIT", "license", "MIT")]),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        figures = by_name(dependencies_page(database))
    assert {row["project"]: (row["license"], row["amber"]) for row in records(figures["pins"])} == {
        "a": ("GPL v3", ["no SPDX licence"]),
        "b": (None, ["no SPDX licence"]),
        "c": ("MIT", []),
    }
    assert [(row["expression"], row["named"]) for row in records(figures["licenses"])] == [
        ("not in SPDX", ["a"]),
        (None, ["b"]),
        ("MIT", ["c"]),
    ]


def test_project_that_the_index_does_not_have(example: Path) -> None:
    """The page of a quarantined or removed project has its status, and checks no metadata."""
    with open_database(str(example)) as database:
        figures = by_name(project_page(database, "night-mail"))
    (facts,) = records(figures["facts"])
    assert {name: value for name, value in facts.items() if value is not None} == {
        "name": "night-mail",
        "status": "quarantined",
    }
    assert records(figures["lint"]) == []


def test_wheels_of_pins(dependencies: dict[str, Any]) -> None:
    """The matrix has a row a pinned release; wheels of the stable ABI and for free-threaded Python are told apart."""
    rows = dependencies["wheels"].drawing["rows"]
    lattice = rows[("lattice", "1.26.4")]
    assert (lattice["macos arm64"]["free_threaded"], lattice["macos x86_64"]["free_threaded"]) == (True, False)
    assert rows[("vault-crypto", "41.0.3")]["windows x86_64"]["stable_abi"] is True
    assert list(rows[("copper-web", "2.3.0")]) == ["any"]


def test_many_platforms(tmp_path: Path) -> None:
    """The matrix has the platforms for which most releases have wheels; ``any`` comes first, then the names' order."""
    columns = "project TEXT, version TEXT, platform TEXT, python TEXT, abi TEXT"
    platforms = [("a", f"linux {number:02}") for number in range(30)]
    platforms += [(project, platform) for project in "ab" for platform in ("any", "Windows")]
    tables: Tables = {
        "pins": (PINS, [pin(0, "a", "1"), pin(1, "b", "1")]),
        "wheel_coverage": (columns, [(project, "1", name, "3.12", "cpython") for project, name in platforms]),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        shown = by_name(dependencies_page(database))["wheels"].drawing["platforms"]
    assert len(shown) == MOST_PLATFORMS
    assert (shown[0], shown[-1], shown[1:-1]) == ("any", "Windows", sorted(shown[1:-1]))


def test_skipped_pins(dependencies: dict[str, Any]) -> None:
    """Requirements that were not read have the reason."""
    rows = {row["project"]: row["reason"] for row in records(dependencies["skipped"])}
    assert rows == {"ghost-package": "the index says: missing", "night-mail": "the index says: quarantined"}


def test_requirements_without_a_name(tmp_path: Path) -> None:
    """Lines of files that name no project are listed behind the pins that were not read, with the reason."""
    tables: Tables = {
        "pins": (PINS, [pin(0, "a", "1"), pin(1, "b", None, "its file names another index")]),
        "unnamed_requirements": (
            "position INTEGER, requirement TEXT, reason TEXT",
            [(1, "https://example.com/x.zip", "r.txt:2: a URL"), (0, "./folder", "r.txt:1: a path")],
        ),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        found = records(by_name(dependencies_page(database))["skipped"])
    assert [(row["project"], row["requirement"], row["reason"], row["line"]) for row in found] == [
        ("b", None, "its file names another index", 2),
        (None, "./folder", "r.txt:1: a path", None),
        (None, "https://example.com/x.zip", "r.txt:2: a URL", None),
    ]


def test_changes_of_the_last_run(tmp_path: Path) -> None:
    """With runs and history, the page shows the last run's rows per table, and which rows changed."""
    tables = {
        "pins": (PINS, [pin(0, "a", "1")]),
        "runs": (
            "run INTEGER, started_at TIMESTAMPTZ, streams TEXT[], tables JSON",
            [
                (1, None, [], '{"files": {"added": 9, "changed": 0, "removed": 0, "rows": 9}}'),
                (2, None, [], '{"versions": {"added": 1, "changed": 2, "removed": 3, "rows": 4}}'),
            ],
        ),
        "changes": (
            "run INTEGER, table_name TEXT, key JSON, kind TEXT, changed_columns TEXT[], before JSON, after JSON",
            [
                (1, "files", '{"project": "a"}', "added", None, None, None),
                (2, "release", '{"project": "a", "version": "1"}', "changed", ["info"], "{}", "{}"),
                (
                    2,
                    "versions",
                    '{"project": "a", "version": "1"}',
                    "changed",
                    ["yanked", "yanked_reason"],
                    '{"yanked":false,"yanked_reason":null}',
                    '{"yanked":true,"yanked_reason":"bro\\"ken"}',
                ),
            ],
        ),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        figures = by_name(dependencies_page(database))
    assert records(figures["last_run"]) == [{"table": "versions", "added": 1, "changed": 2, "removed": 3, "rows": 4}]
    assert records(figures["changes"]) == [
        {
            "table": "versions",
            "kind": "changed",
            "row": "a, 1",
            "changed": 'yanked: false → true, yanked_reason: none → bro"ken',
        }
    ]


def test_absent_figures_say_what_brings_them(tmp_path: Path) -> None:
    """A figure without its tables says in one line which streams, or which option, it needs."""
    with open_database(str(make_database(tmp_path / "a.duckdb", {"pins": (PINS, [pin(0, "a", "1")])}))) as database:
        figures = by_name(dependencies_page(database))
    assert figures["wheels"].remedy == "not in this file; load it with --streams versions,files"
    assert figures["paths"].remedy == "not in this file; load it with --streams dependencies,vulnerabilities"
    assert figures["changes"].remedy == "not in this file; load it with --history"
    (row,) = records(figures["pins"])
    assert (row["severity"], row["red"], row["amber"]) == ("none", [], [])


def test_timeline_of_a_project(project: dict[str, Any]) -> None:
    """The timeline has a dot a release: pre-releases hollow, yanked ones crossed, vulnerable ones red."""
    dots = project["timeline"].drawing.dots
    assert len(dots) == 25
    assert [dot.title.split(",")[0] for dot in dots if dot.hollow] == ["2.0.0rc1", "3.0.0rc1"]
    assert [dot.title.split(",")[0] for dot in dots if dot.crossed] == ["2.2.1"]
    assert [dot.x for dot in dots] == sorted(dot.x for dot in dots)


def test_vulnerable_releases_are_red(example: Path) -> None:
    """A release with an advisory that stands is red in the timeline, and the dot's title names the advisory."""
    with open_database(str(example)) as database:
        dots = by_name(project_page(database, "certs"))["timeline"].drawing.dots
    assert [(dot.title.split(",")[0], "PYSEC-2024-9005" in dot.title) for dot in dots if dot.vulnerable] == [
        ("2023.7.22", True)
    ]


def test_sizes_of_releases(project: dict[str, Any]) -> None:
    """The sizes are those of the files, by type, the latest release first in the table and last in the chart."""
    rows = records(project["sizes"])
    assert rows[0] == {"version": "3.1.0", "sdist": 100_000, "wheels": 100_000, "other": 0, "files": 2}
    assert project["sizes"].drawing.bars[-1].title == "3.1.0: wheels 100.0 kB"


def test_coverage_of_wheels(example: Path) -> None:
    """Wheels of the latest release stand beside those of the one before."""
    with open_database(str(example)) as database:
        drawing = by_name(project_page(database, "half-attested"))["wheels"].drawing
    assert drawing["tags"] == ["py3-none", "cp310-abi3"]
    cell = drawing["rows"]["macosx_11_0_arm64"]["cp310-abi3"]
    assert (cell["latest"], cell["previous"]) == (True, False)
    both = drawing["rows"]["any"]["py3-none"]
    assert (both["latest"], both["previous"]) == (True, True)


def test_other_figures_of_a_project(project: dict[str, Any], example: Path) -> None:
    """Facts, owners, links, dependencies and dependents of a project."""
    (facts,) = records(project["facts"])
    assert (facts["name"], facts["latest_version"], facts["status"]) == ("copper-web", "3.1.0", "active")
    assert (facts["owners"], facts["organization"]) == (["ines", "jonas", "mara"], "copperworks")
    assert [row["user"] for row in records(project["owners"])] == ["mara", "ines", "jonas"]
    assert [row["name"] for row in records(project["dependencies"])] == [
        "wool-http",
        "quartz-templates",
        "marble-cli",
        "tin-signals",
    ]
    assert {row["label"] for row in records(project["urls"])} == {"Homepage", "Source"}
    with open_database(str(example)) as database:
        dependents = by_name(project_page(database, "url-tools"))["dependents"]
    assert [row["dependent"] for row in records(dependents)] == ["ember-queue", "river-requests"]


def test_checks_of_metadata(project: dict[str, Any]) -> None:
    """Each check passes or does not, with what it looked at."""
    passed = {row["check"]: row["passed"] for row in records(project["lint"])}
    assert [name for name, one in passed.items() if not one] == ["A URL of the issues", "A URL of the changelog"]


def test_a_contradiction_of_classifiers(tmp_path: Path) -> None:
    """A classifier of a Python version below requires-python does not pass, and is named."""
    tables = {
        "projects": "SELECT 'a' AS project, 'S' AS summary, '>=3.10' AS requires_python, 'MIT' AS license_expression, "
        "NULL AS license, ['License :: OSI Approved', 'Programming Language :: Python :: 3.9'] AS classifiers",
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        checks = {row["check"]: row for row in records(by_name(project_page(database, "a"))["lint"])}
    assert checks["Classifiers agree with requires-python"]["passed"] is False
    assert checks["Classifiers agree with requires-python"]["detail"] == "below it: 3.9"
    assert checks["No licence classifier beside the expression"]["passed"] is False


DAYS = (
    "project TEXT, day TEXT, source TEXT, category TEXT, downloads BIGINT, counting TEXT, complete BOOLEAN",
    (
        ("a", "2026-08-23", "pypistats", "without_mirrors", 7, "every-object", True),
        ("a", "2026-08-24", "pypistats", "without_mirrors", 5, "artifacts", True),
        ("a", "2026-08-24", "pypistats", "with_mirrors", 99, "artifacts", True),
        ("b", "2026-08-24", "pypistats", "without_mirrors", 30, "artifacts", True),
        ("c", "2026-08-24", "pypistats", "without_mirrors", 400, "artifacts", True),
        ("a", "2026-08-25", "pypistats", "without_mirrors", 2, "artifacts", False),
        ("a", "2026-08-21", "clickhouse", "without_mirrors", 1, "every-object", True),
    ),
)


def test_downloads_by_day(tmp_path: Path) -> None:
    """A bar a day, of the source with the newest days; its colour tells what was counted, and what is not complete."""
    tables = {"downloads_daily": DAYS, "pins": (PINS, [pin(0, "a", "1"), pin(1, "b", "1"), pin(2, "c", None, "why")])}
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        of_project = by_name(project_page(database, "a"))["downloads"]
        of_pins = by_name(dependencies_page(database))["downloads"]
    assert [(bar.title, bar.style) for bar in of_project.drawing.bars] == [
        ("2026-08-23: 7, every object counted", "third"),
        ("2026-08-24: 5, wheels and sdists counted", "first"),
        ("2026-08-25: 2, wheels and sdists counted, not complete", "second"),
    ]
    assert [(row["day"], row["downloads"]) for row in records(of_pins)] == [
        ("2026-08-25", 2),
        ("2026-08-24", 35),
        ("2026-08-23", 7),
    ]


def test_downloads_by_version_python_and_system(tmp_path: Path) -> None:
    """The last 30 complete days of the newest source, and of these only days that count as the last one does."""
    columns = "project TEXT, day TEXT, source TEXT, dimensions TEXT, version TEXT, python TEXT, system TEXT"
    rows = [
        ("a", "2026-08-24", "pypistats", "python", "", "3.12", "", 6, "artifacts", True),
        ("a", "2026-09-20", "pypistats", "python", "", "3.12", "", 1, "artifacts", True),
        ("a", "2026-09-20", "pypistats", "python", "", "", "", 3, "artifacts", True),
        ("b", "2026-09-20", "pypistats", "python", "", "3.9", "", 10, "artifacts", True),
        ("c", "2026-09-20", "pypistats", "python", "", "3.9", "", 99, "artifacts", True),
        ("a", "2026-08-23", "pypistats", "python", "", "2.7", "", 99, "every-object", True),
        ("a", "2026-09-21", "pypistats", "python", "", "2.7", "", 99, "artifacts", False),
        ("a", "2026-09-20", "clickhouse", "version", "1.0", "", "", 2, "artifacts", True),
        ("b", "2026-08-21", "clickhouse", "version", "2.0", "", "", 5, "every-object", True),
        ("b", "2026-09-20", "clickhouse", "version", "", "", "", 6, "artifacts", True),
    ]
    by = (f"{columns}, downloads BIGINT, counting TEXT, complete BOOLEAN", rows)
    tables = {"downloads_by": by, "pins": (PINS, [pin(0, "a", "1"), pin(1, "b", "1"), pin(2, "c", None, "why")])}
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        project, pins = by_name(project_page(database, "a")), by_name(dependencies_page(database))
    both, late = ("2026-08-24", "artifacts"), ("2026-09-20", "artifacts")
    assert project["downloads_by_python"].result.rows == [("3.12", 7, 70.0, *both), ("unknown", 3, 30.0, *both)]
    assert project["downloads_by_version"].result.rows == [("1.0", 2, 100.0, *late)]
    assert project["downloads_by_system"].result.rows == []
    assert pins["downloads_by_python"].result.rows == [
        ("3.9", 10, 50.0, *both),
        ("3.12", 7, 35.0, *both),
        ("unknown", 3, 15.0, *both),
    ]
    assert pins["downloads_by_version"].result.rows == [("b unknown", 6, 75.0, *late), ("a 1.0", 2, 25.0, *late)]


def test_downloads_that_were_not_loaded(project: dict[str, Any]) -> None:
    """Without the stream, the figure says how to load it."""
    assert project["downloads"].remedy == "not in this file; load it with --streams downloads"
    assert project["downloads_by_python"].remedy == "not in this file; load it with --streams downloads_by"


def test_tables_of_another_release(tmp_path: Path) -> None:
    """A figure whose table lacks a column says so in one line; the others are there."""
    tables = {"projects": "SELECT 'a' AS project, NULL::TIMESTAMPTZ AS first_upload_at"}
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        figures = by_name(index_page(database))
    assert figures["sizes"].remedy == (
        "not in this file, whose tables another release made; a sync with this release brings them up to date"
    )
    assert records(figures["new_projects"]) == []


def test_aggregates(example: Path) -> None:
    """The page of many projects counts projects and files, and lists the projects that most others require."""
    with open_database(str(example)) as database:
        figures = by_name(index_page(database))
        files = database.value("SELECT count(*) FROM files")
    assert sum(row["files"] for row in records(figures["uploads"])) == files
    assert sum(row["projects"] for row in records(figures["new_projects"])) == 23
    assert {row["status"]: row["projects"] for row in records(figures["statuses"])} == {
        "active": 22,
        "archived": 1,
        "missing": 1,
        "quarantined": 1,
    }
    assert records(figures["licenses"])[0] == {"expression": "BSD-3-Clause", "projects": 8}
    assert records(figures["python"]) == [{"python": "3.9", "projects": 23}]
    assert records(figures["projects"])[0]["dependents"] == 2
    coverage = {row["stream"]: (row["projects"], row["rows"]) for row in records(figures["coverage"])}
    assert coverage["files"] == (23, files)
    attested = records(figures["attestations"])
    assert sum(row["attested"] for row in attested) == 52
    assert all(0 <= row["percent"] <= 100 for row in attested)


def test_anchors_are_unique() -> None:
    """Each figure of a page has an anchor of its own; anchors do not change, since others link to them."""
    assert [plan.anchor for plan in DEPENDENCIES] == [
        "pins",
        "advisories",
        "bulk-advisories",
        "paths",
        "last-run",
        "changes",
        "licenses",
        "wheels",
        "downloads",
        "downloads-by-version",
        "downloads-by-python",
        "downloads-by-system",
        "skipped",
    ]
    for page in (DEPENDENCIES, PROJECT, INDEX):
        assert len({plan.anchor for plan in page}) == len(page)
