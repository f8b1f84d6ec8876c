"""queries/questions: what each named question answers from small tables, and from a loaded database."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.answers.available import availability, find_question, needed_tables, similar_questions
from source_pypi.answers.database import open_database
from source_pypi.queries import Query, questions, views
from source_pypi.services.index.api import Index
from source_pypi.standards.versions import sort_key
from source_pypi.streams import STREAMS
from tests.destinations.loading import load
from tests.fake_index import FakeIndex, World
from tests.queries.cases import (
    NOW,
    THEN,
    Case,
    Rows,
    advisory,
    attestation,
    clause,
    counted,
    days,
    pin,
    release,
    wheel,
)
from tests.queries.test_views import connection as views_connection
from tests.queries.test_views import insert, tables_in

__all__ = ["views_connection"]

#: Columns of tables and views that only some syncs make.
SOMETIMES = {
    "changes": "run BIGINT, table_name VARCHAR, key JSON, kind VARCHAR, changed_columns VARCHAR[], before JSON, "
    "after JSON",
    "runs": "run BIGINT, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, tables JSON, projects BIGINT, "
    "requests BIGINT",
}


@pytest.fixture
def connection(views_connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A database with all tables, empty, and all views."""
    for name, columns in SOMETIMES.items():
        views_connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
    return views_connection


BY_NAME = {question.name: question for question in questions()}
FILE = "requirements.txt"


def requirement(project: str, name: str | None, specifier: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of ``dependencies`` of release 1.0."""
    row = {"project": project, "version": "1.0", "position": 0, "requirement": f"{name}{specifier or ''}"}
    return {**row, "name": name, "specifier": specifier, **more}


def rows(names: str, *values: tuple[Any, ...]) -> Rows:
    """Rows of these columns."""
    return [dict(zip(names.split(), row, strict=True)) for row in values]


PINNED: dict[str, Rows] = {
    "pins": [pin(0, "a", "1.0", "==1.0"), pin(1, "a", "1.5")],
    "pin_clauses": [clause(0, "1.0", "1.0.post0")],
    "vulnerabilities": [
        advisory("1.0", "A", ["1.2"]),
        advisory("1.5", "B", []),
        advisory("1.5", "C", ["1.2"], withdrawn_at=THEN),
    ],
}
RELEASES: Rows = [
    release("a", "1.0", NOW - days(900), is_latest=False),
    release("a", "1.2", NOW - days(800), yanked=True, yanked_reason="broken"),
    release("a", "2.0", NOW - days(3), is_latest=True),
]
DOWNLOADS: dict[str, Rows] = {
    "downloads": [
        *(counted("a", f"2026-08-{day:02}", 10) for day in range(14, 24)),
        *(counted("a", f"2026-08-{day:02}", 4) for day in range(24, 31)),
        counted("a", "2026-08-30", 9, "with_mirrors"),
        counted("a", "2026-08-31", 99, complete=False),
        counted("a", "2026-07-31", 3),
        counted("a", "2026-06-01", 77),
        counted("b", "2026-08-29", 1),
    ]
}
COUNTS = (
    '{"files": {"added": 1, "changed": 0, "removed": 2, "rows": 9}, '
    '"roles": {"added": 0, "changed": 0, "removed": 0, "rows": 1}}'
)
CASES = (
    Case("downloads-per-project", DOWNLOADS, [("a", "pypistats", 128, 3, False), ("b", "pypistats", 1, 0, True)]),
    Case("counting-change", DOWNLOADS, [("a", "pypistats", "without_mirrors", 3.7, 1.0, 27.2)]),
    *(
        Case(f"downloads-per-{name}", {"downloads_by": rows(
            f"project source day dimensions {name} downloads complete",
            ("a", "pypistats", "2026-09-01", name, "x", 5, True), ("a", "pypistats", "2026-09-02", name, "x", 1, True),
            ("a", "pypistats", "2026-09-02", name, "", 2, True), ("a", "pypistats", "2026-09-03", name, "x", 9, False),
            ("a", "pypistats", "2026-07-01", name, "x", 9, True), ("a", "pypistats", "2026-09-02", "z", "x", 9, True),
        )}, [("a", "pypistats", "x", 6, 75.0), ("a", "pypistats", "unknown", 2, 25.0)])
        for name in ("version", "python", "system")
    ),
    Case("vulnerable-pins", PINNED, [
        ("a", "1.0", "A", "1.2", False, "bad", FILE, 1),
        ("a", "1.5", "B", None, None, "bad", FILE, 2),
    ]),
    Case("unfixed-pins", PINNED, [("a", "1.5", "B", ["CVE-B"], "bad", "https://example.com/B")]),
    Case("vulnerable-requirers", {**PINNED, "dependencies": [
        requirement("b", "a", ">=1", marker="x"), requirement("a", "a"), requirement("b", "c"),
    ]}, [("a", "1.0", ["A"], "b", "1.0", ">=1", "x"), ("a", "1.5", ["B"], "b", "1.0", ">=1", "x")]),
    Case("yanked-pins", {"pins": [pin(0, "a", "1.2", "==1.2"), pin(1, "a", "2.0")], "versions": RELEASES,
                         "pin_clauses": [clause(0, "1.2", "1.2.post0")]},
         [("a", "1.2", "broken", "2.0", False, FILE, 1)]),
    Case("outdated-pins", {"pins": [pin(0, "a", "2.0"), pin(1, "a", "1.0")], "versions": RELEASES},
         [("a", "1.0", "2.0", 1, 1, 897, True, FILE, 2)]),
    Case("unattested-pins", {
        "pins": [pin(0, "a", "1.0"), pin(1, "a", "2.0")],
        "versions": RELEASES,
        "attestations": [attestation("1.0", "x"), attestation("2.0", "x"), attestation("2.0", "y")],
        "index_capabilities": rows("stream available", ("attestations", True)),
    }, [("a", "1.0", 2, 1, "partial", FILE, 1)]),
    Case("missing-pins", {
        "pins": [pin(0, "gone", None, ">1"), pin(1, "a", "1.0")],
        "statuses": rows("project status reason seen_at", ("gone", "missing", None, THEN), ("a", "active", None, THEN)),
    }, [("gone", ">1", "missing", None, THEN, FILE, 1)]),
    Case("inactive-pins", {
        "pins": [pin(0, "a", "1.0"), pin(1, "b", "1.0"), pin(2, "c", "1.0")],
        "statuses": rows("project status reason", ("a", "archived", "done"), ("b", "quarantined", None),
                         ("c", "active", None)),
    }, [("b", "1.0", "quarantined", None, FILE, 2), ("a", "1.0", "archived", "done", FILE, 1)]),
    Case("pin-licenses", {
        "pins": [pin(0, "a", "1.0"), pin(1, "b", "1.0")],
        "licenses": rows("project version expression expression_source license",
                         ("a", "1.0", "MIT", "license", "MIT"), ("b", "1.0", None, None, "x" * 99)),
    }, [("b", "1.0", None, None, "x" * 80, FILE, 2), ("a", "1.0", "MIT", "license", "MIT", FILE, 1)]),
    Case("fresh-pins", {"pins": [pin(0, "a", "1.0"), pin(1, "a", "2.0"), pin(2, "b", "1.0")],
                        "versions": [*RELEASES, release("b", "1.0", first_seen_at=NOW - days(13))]},
         [("a", "2.0", NOW - days(3), 3, FILE, 2), ("b", "1.0", NOW - days(13), 13, FILE, 3)]),
    Case("late-files", {
        "pins": [pin(0, "a", "1.0"), pin(1, "a", "1.0")],
        "files": rows("project version filename uploaded_at", ("a", "1.0", "x", NOW - days(20)),
                      ("a", "1.0", "y", NOW - days(7)), ("a", "1.0", "z", NOW), ("b", "1.0", "z", NOW)),
    }, [("a", "1.0", "z", NOW, 20)]),
    Case("open-pins", {"pins": [pin(0, "a", "1.0", ">=1"), pin(1, "b", "1.0", "==1.0", pinned_version="1.0"),
                                pin(2, "c", None, not_read="x"), pin(3, "d", "2.0")]},
         [("d", None, "2.0", FILE, 4), ("a", ">=1", "1.0", FILE, 1)]),
    Case("unread-pins", {"pins": [pin(0, "a", "1.0"), pin(1, "b", None, ">1", not_read="why", named_index="there")]},
         [("b", ">1", "there", "why", FILE, 2)]),
    Case("conflicting-pins", {"pins": [
        pin(0, "a", "1.0", pinned_version="1.0"), pin(1, "a", "2.0", pinned_version="2.0", line=None),
        pin(2, "b", "1.0", pinned_version="1.0"), pin(3, "b", "1.0", pinned_version="1"), pin(4, "b", "2.0"),
    ]}, [("a", 2, "1.0 (requirements.txt:1), 2.0 (requirements.txt)")]),
    Case("sole-maintainers", {
        "roles": rows("project role user", ("a", "Owner", "ann"), ("b", "Owner", "ann"), ("c", "Owner", "ann"),
                      ("c", "Owner", "bob")),
        "projects": rows("project organization", ("b", "acme"), ("a", None), ("c", None)),
    }, [("a", "ann")]),
    Case("key-people", {"roles": rows("project role user", ("a", "Owner", "ann"), ("a", "Maintainer", "ann"),
                                      ("b", "Owner", "ann"), ("b", "Owner", "bob"), ("c", "Owner", "bob"))},
         [("ann", 2, 1), ("bob", 2, 1)]),
    Case("provenance-changes", {
        "versions": [release("a", "1.0", NOW - days(20)), release("a", "1.1", NOW - days(10), is_latest=True)],
        "attestations": [attestation("1.0", "x"), attestation("1.0", "y"), attestation("1.1", "x", "org/b"),
                         attestation("1.1", "y", "org/b")],
        "index_capabilities": rows("stream available", ("attestations", True)),
    }, [("a", "1.1", "full, changed", "1.0", "org/b release.yml")]),
    Case("foreign-publishers", {
        "attestations": [attestation("1.0", "x", "Org/a"), attestation("2.0", "x", "org/b"),
                         attestation("2.0", "y", "org/b"), attestation("3.0", "x", None)],
        "urls": rows("project version url", ("a", "1.0", "https://example.com/org/A/"),
                     ("a", "2.0", "https://example.com/org/a")),
    }, [("a", "2.0", "org/b", "release.yml")]),
    Case("yanked-requirements", {"versions": RELEASES, "dependencies": [
        requirement("b", "a", "==1.2.0", pin_sort_key=sort_key("1.2.0")), requirement("c", "a", ">=1"),
        requirement("d", "a", "==1.0", pin_sort_key=sort_key("1.0")),
    ]}, [("b", "1.0", "a==1.2.0", "1.2", "broken")]),
    Case("inactive-projects", {"statuses": rows("project status reason seen_at", ("a", "active", None, THEN),
                                                ("b", "archived", "done", THEN))}, [("archived", "b", "done", THEN)]),
    Case("vulnerable-releases", PINNED, [("a", "1.0", 1, 0, ["A"]), ("a", "1.5", 1, 1, ["B"])]),
    Case("lookalike-names", {"listing": rows("project", ("co-lour5",), ("c0lours",), ("colour",), ("color",))},
         [(2, ["c0lours", "co-lour5"])]),
    Case("status-differences", {"statuses": rows("project status agree disagreement", ("a", "active", False, "x"),
                                                 ("b", "active", True, None), ("c", "missing", None, None))},
         [("a", "active", "x")]),
    Case("uploads-per-month", {"versions": [
        release("a", "1", THEN, total_size=10**9), release("a", "2", THEN, total_size=5 * 10**8),
        release("b", "1", THEN + days(1), total_size=None), release("c", "1", None),
    ]}, [("2024-01", 2, 4, 1.5), ("2024-02", 1, 2, None)]),
    Case("new-projects-per-month", {"versions": [release("a", "1", THEN), release("a", "2", NOW),
                                                 release("b", "1", THEN), release("c", "1", None)]},
         [("2024-01", 2, 1)]),
    Case("largest-projects", {"projects": rows("project version_count file_count total_size", ("a", 1, 2, 10**6),
                                               ("b", 2, 4, 6 * 10**6), ("c", 0, 0, 0), ("d", 1, 1, None))},
         [("b", 2, 4, 6.0, 1.5), ("a", 1, 2, 1.0, 0.5), ("c", 0, 0, 0.0, None)]),
    Case("grown-releases", {"versions": [
        release("a", "1.0", total_size=2 * 10**6), release("a", "1.1", total_size=9 * 10**6, yanked=True),
        release("a", "2.0", total_size=5 * 10**6, is_latest=True), release("b", "1.0", total_size=1),
        release("b", "2.0", total_size=1, is_latest=True), release("c", "1.0", total_size=9, is_latest=True),
    ]}, [("a", "1.0", "2.0", 1.0, 2.5, 2.5)]),
    Case("file-types", {"files": rows("packagetype size", ("sdist", 10**9), ("bdist_wheel", 10**6),
                                      ("bdist_wheel", 3 * 10**6), (None, None))},
         [("bdist_wheel", 2, 50.0, 0.004, 2.0), ("sdist", 1, 25.0, 1.0, 1000.0), (None, 1, 25.0, None, None)]),
    Case("source-only-projects", {"versions": [
        release("a", "1", THEN, is_latest=True, has_sdist=True, has_wheel=False),
        release("b", "1", THEN, is_latest=True, has_sdist=True, has_wheel=True),
        release("c", "1", THEN, is_latest=False, has_sdist=True, has_wheel=False),
    ]}, [("a", "1", THEN)]),
    Case("wheel-platforms", {
        "versions": [release("a", "1", is_latest=True), release("b", "1", is_latest=True), release("b", "0")],
        "files": [wheel("a", "1", "cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64"),
                  wheel("b", "1", "cp39-abi3-manylinux1_x86_64"), wheel("b", "1", "py3-none-any"),
                  wheel("a", "1", "cp39-cp39-win32"), wheel("b", "0", "cp39-cp39-win_arm64")],
    }, [("manylinux", "x86_64", 2), ("any", None, 1), ("windows", "x86", 1)]),
    Case("free-threaded-wheels", {
        "versions": [release("a", "1", is_latest=True), release("b", "1", is_latest=True),
                     release("c", "1", is_latest=True)],
        "files": [wheel("a", "1", "cp313-cp313t-win32"), wheel("a", "1", "cp314-cp314t-win32"),
                  wheel("a", "1", "cp39-abi3-win32"), wheel("b", "1", "cp315-abi3.abi3t-win32"),
                  wheel("c", "1", "cp39-abi3-win32"), wheel("c", "1", "py3-none-any")],
    }, [("a", "1", ["cp313t", "cp314t"], True, 3), ("b", "1", ["abi3t"], True, 1)]),
    Case("missing-platforms", {
        "versions": [release(name, "1", is_latest=True) for name in "abc"],
        "files": [wheel("a", "1", "cp39-abi3-manylinux_2_17_aarch64.musllinux_1_2_x86_64"),
                  wheel("a", "1", "cp39-abi3-macosx_10_9_universal2"), wheel("b", "1", "py3-none-any"),
                  wheel("b", "1", "cp39-abi3-win32"),
                  wheel("c", "1", "cp3-abi3-manylinux_2_17_aarch64"), wheel("c", "1", "cp3-abi3-musllinux_1_2_x86_64"),
                  wheel("c", "1", "cp3-abi3-manylinux_2_17_x86_64"), wheel("c", "1", "cp3-abi3-macosx_11_0_arm64"),
                  wheel("c", "1", "cp3-abi3-win_amd64"), wheel("c", "1", "cp3-abi3-win_arm64")],
    }, [("a", "1", False, True, True, True, False, False)]),
    Case("python-classifiers", {
        "projects": [
            {"project": project, "classifiers": [f"Programming Language :: Python :: {one}" for one in pythons]}
            for project, pythons in (("a", ["3", "3.9", "3.10"]), ("b", ["3.10", "3 :: Only"]), ("c", []))
        ],
    }, [("3.9", 1, 50.0), ("3.10", 2, 100.0)]),
    Case("required-pythons", {"versions": [
        release("a", "1", is_latest=True, requires_python=">=3.9"), release("a", "0", requires_python=">=2"),
        release("b", "1", is_latest=True, requires_python=">=3.9"), release("c", "1", is_latest=True),
        release("d", "1", is_latest=True, requires_python=">=3.9,<4"),
    ]}, [(">=3.9", 2, 50.0, False), (">=3.9,<4", 1, 25.0, True), (None, 1, 25.0, False)]),
    Case("raised-pythons", {"versions": [
        release("a", "1", requires_python=">=3.8"), release("a", "1.5", requires_python=None),
        release("a", "1.9rc1", is_prerelease=True, requires_python=">=3.9"),
        release("a", "2", THEN, is_latest=True, requires_python=">=3.9"), release("b", "1", is_latest=True),
        release("c", "1"), release("c", "2", is_latest=True),
    ]}, [("a", "1.5", "2", None, ">=3.9", THEN)]),
    Case("stale-projects", {"versions": [release("a", "1", NOW - days(800), is_latest=True),
                                         release("b", "1", NOW - days(700), is_latest=True)]},
         [("a", "1", NOW - days(800), 800)]),
    Case("overdue-projects", {"versions": [
        *(release("a", str(number), NOW - days(200 + 10 * number)) for number in range(5)),
        *(release("b", str(number), NOW - days(200 + 50 * number)) for number in range(5)),
        *(release("c", str(number), NOW - days(200 + 10 * number)) for number in range(4)),
    ]}, [("a", 5, 10.0, 200, 20.0)]),
    Case("new-releases", {"versions": RELEASES}, [("a", "2.0", NOW - days(3), 2, False, False)]),
    Case("most-required", {"dependencies": [
        requirement("a", "x"), requirement("a", "x", extra="t"), requirement("b", "x", extra="t"),
        requirement("b", "y"), requirement("b", "b"), requirement("b", None),
    ]}, [("x", 2, 1), ("y", 1, 1)]),
    Case("capped-requirements", {"dependencies": [
        requirement("a", "x", ">=1,<2"), requirement("b", "x", ">=1,<2"), requirement("c", "x", "~=1.0"),
        requirement("c", "y", ">=1,!=2"), requirement("c", "z", "==1", extra="t"), requirement("c", "w", "<=1"),
    ]}, [("x", 3, ">=1,<2"), ("w", 1, "<=1")]),
    Case("direct-references", {"dependencies": [requirement("a", "x"),
                                                requirement("a", "y", url="https://y", marker="m")]},
         [("a", "1.0", "y", "https://y", "m")]),
    Case("invalid-requirements", {"dependencies": [requirement("a", "x"),
                                                   requirement("a", None, parse_error="bad", requirement="(x")]},
         [("a", "1.0", "(x", "bad")]),
    Case("license-shares", {"licenses": rows("project expression expression_source", ("a", "MIT", "license"),
                                             ("b", "MIT", "license_expression"), ("c", None, None),
                                             ("d", "MIT", "classifiers"))}, [("MIT", 3, 75.0, 1), (None, 1, 25.0, 0)]),
    Case("yanked-releases", {"versions": RELEASES}, [("a", "1.2", NOW - days(800), "broken", False)]),
    Case("invalid-versions", {"versions": [release("a", "1", THEN), release("a", "x", THEN, valid_pep440=False)]},
         [("a", "x", THEN, 2)]),
    Case("missing-links", {
        "projects": [
            *rows("project latest_version", ("a", "1"), ("b", "1"), ("c", "1")),
            *rows("project latest_version home_page", ("unread", "2", "https://x")),
            *rows("project latest_version project_urls", ("not-read-either", "2", '{"Source": "https://x"}')),
        ],
        "urls": [
            *rows("project version well_known", ("a", "1", "source"), ("a", "1", "homepage"), ("a", "0", "issues")),
            *({"project": "b", "version": "1", "well_known": kind}
              for kind in ("source", "issues", "documentation", "changelog", None)),
        ],
    }, [("c", "1", ["source", "issues", "documentation", "changelog"]),
        ("a", "1", ["issues", "documentation", "changelog"])]),
    Case("recent-changes", {"changes": rows("run table_name key kind changed_columns before after",
                                            (1, "files", '{"a": 1}', "added", None, None, "{}"),
                                            (2, "files", '{"a": 2}', "removed", None, "{}", None),
                                            (2, "files", '{"a": 1}', "changed", ["x"], "{}", "{}"))}, [
        (2, "files", "changed", '{"a": 1}', ["x"], "{}", "{}"),
        (2, "files", "removed", '{"a": 2}', None, "{}", None),
    ]),
    Case("sync-runs", {"runs": rows("run started_at finished_at tables projects requests",
                                    (1, THEN, THEN + days(1), COUNTS, 3, 4), (2, THEN, None, None, None, None),
                                    (3, THEN, THEN, '{"files": {"added": 0, "changed": 0, "removed": 0}}', 1, 1))},
         [(3, THEN, 0.0, 1, 1, None, None, None, None),
          (2, THEN, None, None, None, None, None, None, None), (1, THEN, 86400.0, 3, 4, "files", 1, 0, 2)]),
    Case("index-gaps", {"index_capabilities": rows("stream available reason checked_at", ("a", True, None, THEN),
                                                   ("b", False, "no pages", THEN), ("c", None, "failed", None))},
         [("b", False, "no pages", THEN), ("c", None, "failed", None)]),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.view)
def test_question(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    """Every question has the right answer to small tables with nulls, pre-releases and rows of no interest."""
    insert(connection, case.tables)
    connection.execute("SET TimeZone = 'UTC'")
    assert connection.execute(BY_NAME[case.view].sql).fetchall() == case.expected


def test_every_question_has_a_case() -> None:
    """There are at least 25 questions, each with a case above."""
    assert [case.view for case in CASES if case.view not in BY_NAME] == []
    assert {case.view for case in CASES} == set(BY_NAME)
    assert len(BY_NAME) >= 25


@pytest.mark.parametrize("name", BY_NAME)
def test_question_to_empty_tables(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """A question to empty tables has no rows."""
    assert connection.execute(BY_NAME[name].sql).fetchall() == []


def test_needs_are_what_a_question_reads(connection: duckdb.DuckDBPyConnection) -> None:
    """A question names exactly the tables and views that it reads."""
    for question in BY_NAME.values():
        ((tree,),) = connection.execute("SELECT json_serialize_sql(?)", [question.sql]).fetchall()
        assert set(tables_in(json.loads(tree))) == set(question.needs), question.name


def test_names_and_titles_differ() -> None:
    """No two questions have the same title, and no question the name of a view."""
    assert len({question.title for question in BY_NAME.values()}) == len(BY_NAME)
    assert {view.name for view in views()}.isdisjoint(BY_NAME)
    assert [one.name for one in BY_NAME.values() if not one.question.endswith("?")] == []


def test_questions_to_a_loaded_database(
    world: World, fake: FakeIndex, connect: Callable[..., Index], tmp_path: Path
) -> None:
    """A database with all streams of the index can answer every question about the index."""
    world.add("flask", releases=["1.0", "2.0"], requires_dist=["click>=8", "broken ("])
    world.add("click", releases=["8.0"])
    world.add_role("click", "ann")
    path = tmp_path / "pypi.duckdb"
    load(path, connect(fake), "flask==1.0", "click")
    with open_database(str(path)) as database:
        missing = {one.name: availability(one, database.relations).missing for one in questions()}
        absent = {*SOMETIMES, *(stream.name for stream in STREAMS if stream.service)}
        always = [one for one in questions() if absent.isdisjoint({*one.needs, *needed_tables(one)})]
        assert {one.name: missing[one.name] for one in always} == {one.name: () for one in always}
        answers = {one.name: _rows(database.query(one.sql).batches) for one in always}
    assert answers["outdated-pins"] == [("flask", "1.0", "2.0", 1, 1, 0, False, "setting projects", None)]
    assert answers["sole-maintainers"] == [("click", "ann")]
    assert answers["invalid-requirements"][0][:3] == ("flask", "1.0", "broken (")
    assert answers["most-required"] == [("broken", 1, 1), ("click", 1, 1)]


def _rows(batches: Any) -> list[tuple[Any, ...]]:
    return [row for batch in batches for row in batch]


def test_availability() -> None:
    """A question needs the tables of its views; sync's options bring what is missing, with what is there already."""
    fixed = BY_NAME["vulnerable-requirers"]
    assert needed_tables(fixed) == ("pins", "pin_clauses", "vulnerabilities", "dependencies")
    found = availability(fixed, {"pins", "pin_clauses", "dependencies"})
    assert (found.missing, found.remedy) == (("vulnerabilities",), "--streams vulnerabilities,dependencies")
    assert availability(fixed, {"vulnerable_pins", "dependencies"}).missing == ()
    assert availability(fixed, {"vulnerable_pins"}).missing == ("dependencies",)
    assert availability(fixed, {*needed_tables(fixed)}).missing == ("vulnerable_pins",)
    assert availability(BY_NAME["open-pins"], ()).remedy == ""
    assert availability(BY_NAME["recent-changes"], {"files"}).remedy == "--history"


def test_names_of_questions() -> None:
    """A question is found with underscores, too; others are similar by spelling or by a word."""
    assert find_question("Yanked_Pins") is BY_NAME["yanked-pins"]
    assert find_question("yanked") is None
    assert similar_questions("yankd-pins")[0] == "yanked-pins"
    assert "yanked-releases" in similar_questions("yanked")
    assert similar_questions("qqq") == []


@pytest.mark.parametrize("question", questions(), ids=lambda one: one.name)
def test_question_has_an_order(question: Query) -> None:
    """Every question orders its rows, since the command shows the first ones."""
    assert re.search(r"\nORDER BY [^()]*(\([^()]*\)[^()]*)*(\nLIMIT \d+)?$", question.sql)
