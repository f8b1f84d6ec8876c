"""services/downloads/clickhouse.py: few queries, no cut results, the quota, and the errors of the server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from source_pypi.config import make_config
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.services.downloads.api import open_service
from source_pypi.services.downloads.clickhouse import HOUR, Clickhouse, HourlyQuota
from source_pypi.services.downloads.documents import Count, DownloadCounts
from source_pypi.services.downloads.task import Task
from tests.fake_downloads import Answer, Downloads, FakeClickhouse, FakePypistats
from tests.fake_downloads.clickhouse import failure
from tests.services.downloads.reading import TODAY, ago, client, expected, service, sync, table

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def downloads() -> Downloads:
    """Downloads of a and b, by pip and others, of two versions."""
    made = Downloads(TODAY)
    made.add("a", 1, 5)
    made.add("a", 1, 2, version="2.0", installer="devpi", python="", system="")
    made.add("a", 4, 3, version="2.0", file_type="sdist", country="")
    made.add("b", 2, 7, installer="")
    return made


@pytest.fixture
def fake(downloads: Downloads) -> Iterator[FakeClickhouse]:
    """The server."""
    with FakeClickhouse(downloads) as made:
        yield made


@pytest.mark.parametrize("longs_as_text", [False, True])
def test_counts_of_projects(fake: FakeClickhouse, tmp_path: Path, longs_as_text: bool) -> None:
    """One query returns the days of all projects, with and without mirrors; unknown programs count as mirrors."""
    fake.longs_as_text = longs_as_text
    lines = sync(tmp_path / "x.duckdb", service(fake), fake.downloads, "a", "b", "c", streams=("downloads",))
    assert lines == ["clickhouse has no downloads of 1 project: c"]
    assert table(tmp_path / "x.duckdb", "downloads", "project, day, source, category, downloads, slice") == [
        ("a", "2026-08-23", "clickhouse", "with_mirrors", 3, "clickhouse 2026-08-23"),
        ("a", "2026-08-23", "clickhouse", "without_mirrors", 3, "clickhouse 2026-08-23"),
        ("a", "2026-08-26", "clickhouse", "with_mirrors", 7, "clickhouse 2026-08-26"),
        ("a", "2026-08-26", "clickhouse", "without_mirrors", 5, "clickhouse 2026-08-26"),
        ("b", "2026-08-25", "clickhouse", "with_mirrors", 7, "clickhouse 2026-08-25"),
    ]
    assert fake.queries == [
        {
            "user": "demo",
            "param_names": "['a','b','c']",
            "param_first": "2026-02-28",
            "param_until": "2026-08-27",
            "result_overflow_mode": "throw",
            "read_overflow_mode": "throw",
            "wait_end_of_query": "1",
        }
    ]
    assert [asked.method for asked in fake.asked] == ["POST"]


def test_counts_by_dimensions(fake: FakeClickhouse, tmp_path: Path) -> None:
    """A breakdown by several dimensions has a row for each combination."""
    sync(tmp_path / "x.duckdb", service(fake, "country+version", "installer"), fake.downloads, "a")
    columns = "day, dimensions, version, country, installer, downloads"
    assert table(tmp_path / "x.duckdb", "downloads_by", columns) == [
        ("2026-08-23", "installer", "", "", "pip", 3),
        ("2026-08-23", "version+country", "2.0", "", "", 3),
        ("2026-08-26", "installer", "", "", "devpi", 2),
        ("2026-08-26", "installer", "", "", "pip", 5),
        ("2026-08-26", "version+country", "1.0", "DE", "", 5),
        ("2026-08-26", "version+country", "2.0", "DE", "", 2),
    ]


def test_large_results_are_halved(fake: FakeClickhouse, tmp_path: Path) -> None:
    """A query whose result is too large is repeated for half of the projects, then of the days; nothing is lost."""
    for project in "abc":
        for days_ago in range(1, 9):
            fake.downloads.add(project, days_ago, days_ago)
    fake.most_cells = 3
    assert sync(tmp_path / "x.duckdb", service(fake, days=8), fake.downloads, *"abc", streams=("downloads",)) == []
    found = table(tmp_path / "x.duckdb", "downloads", "project, day, downloads, category")
    sums = {(project, str(day)): n for project in "abc" for day, n in fake.downloads.grouped(project, _day, 8).items()}
    assert {(project, day): n for project, day, n, category in found if category == "with_mirrors"} == sums
    assert len(fake.queries) == 2 + 3 * (1 + 2 + 4)


def test_the_smallest_query_may_be_too_large(fake: FakeClickhouse, tmp_path: Path) -> None:
    """If one day of one project is too large, the error names the setting that makes it smaller."""
    fake.most_cells = 0
    (line,) = sync(tmp_path / "x.duckdb", service(fake, "version"), fake.downloads, "a", streams=("downloads_by",))
    assert line == (
        f"{fake.url} answered Code: 396. DB::Exception: Limit for result exceeded, max bytes: 9.54 MiB. "
        "(TOO_MANY_ROWS_OR_BYTES) (version 26.1.1.1): try later, or check downloads_by"
    )


def test_a_cut_result_is_refused(fake: FakeClickhouse, tmp_path: Path) -> None:
    """A server that cuts results although it was asked not to is recognised: by projects, sums, and lists."""
    day, part = "2026-08-26", "a project with a part of its counts"
    whole = row("a", [day], [7], 7, 1)
    cases = [
        (row("a", [day], [7], 7, 2), "1 of 2 projects"),
        (row("z", [], [], 0, 1), "0 of 1 projects"),
        (row("a", [day], [7], 8, 1), part),
        (row("a", [day, day], [3, 4], 7, 1), part),
        (whole | {"without_mirrors": []}, part),
        ({name: value for name, value in whole.items() if name != "without_mirrors"}, part),
    ]
    for one, found in cases:
        fake.fail(Answer(200, json.dumps({"data": [one]}).encode(), JSON))
        (line,) = sync(tmp_path / "x.duckdb", service(fake), fake.downloads, "a", "b", streams=("downloads",))
        assert line.startswith(f"{fake.url}: expected a complete result, found {found}: "), line
    assert table(tmp_path / "x.duckdb", "downloads") == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            failure(201, "Quota for user `demo` has been exceeded. (QUOTA_EXCEEDED)"),
            " answered Code: 201. DB::Exception: Quota for user `demo` has been exceeded. (QUOTA_EXCEEDED) (version "
            "26.1.1.1): try later, or check clickhouse_queries_per_hour",
        ),
        (
            failure(60, "Table pypi.x does not exist. (UNKNOWN_TABLE)", 404),
            " answered Code: 60. DB::Exception: Table pypi.x does not exist. (UNKNOWN_TABLE) (version 26.1.1.1): try "
            "later, or check clickhouse_url, clickhouse_database, clickhouse_username and clickhouse_password",
        ),
        (
            Answer(200, b'{"data": [], "exception": "Code: 1000. DB::Exception: gone"}', JSON),
            " answered Code: 1000. DB::Exception: gone: try later, or check clickhouse_url, clickhouse_database, "
            "clickhouse_username and clickhouse_password",
        ),
        (
            Answer(200, b"<html>", {"Content-Type": "text/html"}),
            ": expected a result of ClickHouse as JSON, found JSON is malformed: invalid character (byte 0): check "
            "clickhouse_url, clickhouse_database, clickhouse_username and clickhouse_password",
        ),
        (
            Answer(404, b"Not found"),
            ": expected a result of ClickHouse as JSON, found status 404: check clickhouse_url, clickhouse_database, "
            "clickhouse_username and clickhouse_password",
        ),
    ],
)
def test_errors_of_the_server(fake: FakeClickhouse, tmp_path: Path, answer: Answer, message: str) -> None:
    """A query that fails is one error, which quotes the server; rows that were read before stay."""
    path = tmp_path / "x.duckdb"
    sync(path, service(fake), fake.downloads, "a", streams=("downloads",))
    before = table(path, "downloads")
    fake.downloads.pass_days()
    fake.fail(answer)
    assert sync(path, service(fake), fake.downloads, "a", streams=("downloads",)) == [f"{fake.url}{message}"]
    assert table(path, "downloads") == before != []


def test_an_exception_in_a_result_may_mean_too_much(fake: FakeClickhouse, tmp_path: Path) -> None:
    """An error after the first rows counts like one before them."""
    fake.fail(Answer(200, b'{"data": [], "exception": "Code: 159. DB::Exception: Timeout exceeded"}', JSON))
    assert sync(tmp_path / "x.duckdb", service(fake), fake.downloads, "a", "b", streams=("downloads",)) == []
    assert [query["param_names"] for query in fake.queries] == ["['a','b']", "['b']", "['a']"] or [
        query["param_names"] for query in fake.queries
    ] == ["['a','b']", "['a']", "['b']"]


def test_queries_have_few_projects(fake: FakeClickhouse) -> None:
    """A query has at most 200 projects, 20 for a breakdown, and 4,000 characters of names: a URL has its limits."""
    source = Clickhouse(client(), fake.url, "pypi", "demo", 1_000)
    tasks = [Task(f"project-{number:03}", (), TODAY, None) for number in range(450)]
    by = [Task(f"project-{number:03}", ("version",), TODAY, None) for number in range(45)]
    long = [Task("x" * 300 + str(number), (), TODAY, None) for number in range(15)]
    assert [len(list(source.read(some, TODAY))) for some in (tasks, by, long)] == [450, 45, 15]
    sizes = [query["param_names"].count(",") + 1 for query in fake.queries]
    assert sizes == [200, 200, 50, 20, 20, 5, 13, 2]


def test_quota() -> None:
    """Within an hour no more queries pass than allowed; the next waits until the oldest is an hour ago."""
    time, waits = [0.0], list[float]()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        time[0] += seconds

    quota = HourlyQuota(3, lambda: time[0], wait)
    passed = []
    for _ in range(8):
        quota.take()
        passed.append(time[0])
        time[0] += 10
    assert passed == [0, 10, 20, HOUR, HOUR + 10, HOUR + 20, 2 * HOUR, 2 * HOUR + 10]
    assert waits == [HOUR - 30, HOUR - 30]


def test_waits_for_the_quota_are_told(fake: FakeClickhouse) -> None:
    """Before the run waits for the quota, a message says for how long."""
    events: list[RetryWait | RequestLog] = []
    slept: list[float] = []
    options: dict[str, Any] = {"on_event": events.append, "clock": lambda: 0.0, "sleep": slept.append}
    source = Clickhouse(client(), fake.url, "pypi", "demo", 1, **options)
    list(source.read([Task("a", (), TODAY, None), Task("a", ("version",), TODAY, None)], TODAY))
    assert events == [RetryWait(fake.url, "the queries of this hour are sent", HOUR, 0)]
    assert slept == [HOUR]


def test_password_is_sent_as_credentials(fake: FakeClickhouse) -> None:
    """A password goes into the Authorization header, not into the URL; without one, the user is a parameter."""
    settings = {"downloads_from": "clickhouse", "clickhouse_url": fake.url, "clickhouse_username": "reader"}
    for password in (None, "hidden"):
        made = open_service(make_config({**settings, "clickhouse_password": password}), lambda event: None)
        source = made._source  # type: ignore[attr-defined]
        list(source.read([Task("a", (), TODAY, None)], TODAY))
    without, with_password = fake.asked
    assert fake.queries[0]["user"] == "reader"
    assert "authorization" not in without.headers
    assert "user" not in fake.queries[1]
    assert with_password.headers["authorization"] == "Basic cmVhZGVyOmhpZGRlbg=="
    assert "hidden" not in with_password.path


def test_both_sources_agree(downloads: Downloads, tmp_path: Path) -> None:
    """Where definitions agree, both sources give the same counts, and their rows stay beside each other."""
    path = tmp_path / "x.duckdb"
    with FakeClickhouse(downloads) as fake, FakePypistats(downloads) as site:
        sync(path, service(fake), downloads, "a", streams=("downloads",))
        sync(path, service(site), downloads, "a", streams=("downloads",))
    found = table(path, "downloads", "source, project, day, category, downloads")
    assert found == sorted(
        (source, *row) for source in ("clickhouse", "pypistats") for row in expected(downloads, 180, "a")
    )


def test_counts_are_sorted(fake: FakeClickhouse) -> None:
    """The counts of a project are in the order of days and values, whatever the order of the server's arrays."""
    source = Clickhouse(client(), fake.url, "pypi", "demo", 60)
    first = TODAY.fromisoformat(ago(9))
    ((_, found),) = source.read([Task("a", ("version",), first, None)], TODAY)
    old, new = (TODAY.fromisoformat(ago(days)) for days in (4, 1))
    counts = Count(old, 3, ("2.0",)), Count(new, 5, ("1.0",)), Count(new, 2, ("2.0",))
    assert found == DownloadCounts("a", "clickhouse", ("version",), TODAY, counts)


def row(project: str, days: list[str], counts: list[int], total: int, projects: int) -> dict[str, Any]:
    """A row of a result."""
    row = {"project": project, "days": days, "counts": counts, "without_mirrors": counts}
    return {**row, "total": total, "projects": projects}


def _day(one: Any) -> Any:
    return one.day
