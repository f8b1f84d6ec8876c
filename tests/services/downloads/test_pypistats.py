"""services/downloads/pypistats.py: its documents, its limits, its errors, and what it does not have."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from source_pypi.http.client import Client
from source_pypi.http.request_log import RetryWait
from source_pypi.services.downloads.documents import Count, DownloadCounts
from source_pypi.services.downloads.pypistats import REQUESTS_PER_MINUTE, Pypistats
from source_pypi.services.downloads.task import Task
from tests.fake_downloads import Answer, Downloads, FakePypistats
from tests.services.downloads.reading import TODAY, ago, client, service, sync, table

HTML = {"Content-Type": "text/html"}


@pytest.fixture
def downloads() -> Downloads:
    """Downloads of a and b, by pip and by a mirror."""
    made = Downloads(TODAY)
    made.add("a", 1, 5)
    made.add("a", 1, 2, installer="devpi", python="", system="")
    made.add("a", 4, 3, python="", system="FreeBSD")
    made.add("b", 2, 7, installer="")
    return made


@pytest.fixture
def fake(downloads: Downloads) -> Iterator[FakePypistats]:
    """The site."""
    with FakePypistats(downloads) as made:
        yield made


def test_counts_of_a_project(fake: FakePypistats, tmp_path: Path) -> None:
    """Each day has a row with and one without mirrors, with what counted then and whether it is complete."""
    assert sync(tmp_path / "x.duckdb", service(fake), fake.downloads, "a", "b") == []
    columns = "project, day, source, category, downloads, counting, complete, slice"
    assert table(tmp_path / "x.duckdb", "downloads", columns) == [
        ("a", "2026-08-23", "pypistats", "with_mirrors", 3, "every-object", True, "pypistats 2026-08-23"),
        ("a", "2026-08-23", "pypistats", "without_mirrors", 3, "every-object", True, "pypistats 2026-08-23"),
        ("a", "2026-08-26", "pypistats", "with_mirrors", 7, "artifacts", False, "pypistats 2026-08-26"),
        ("a", "2026-08-26", "pypistats", "without_mirrors", 5, "artifacts", False, "pypistats 2026-08-26"),
        ("b", "2026-08-25", "pypistats", "with_mirrors", 7, "artifacts", False, "pypistats 2026-08-25"),
    ]


def test_counts_by_python_and_system(fake: FakePypistats, tmp_path: Path) -> None:
    """Breakdowns are without mirrors; what the source calls null is empty."""
    sync(tmp_path / "x.duckdb", service(fake), fake.downloads, "a")
    columns = "project, day, dimensions, python, system, version, downloads, slice"
    assert table(tmp_path / "x.duckdb", "downloads_by", columns) == [
        ("a", "2026-08-23", "python", "", "", "", 3, "pypistats python 2026-08-23"),
        ("a", "2026-08-23", "system", "", "other", "", 3, "pypistats system 2026-08-23"),
        ("a", "2026-08-26", "python", "3.12", "", "", 5, "pypistats python 2026-08-26"),
        ("a", "2026-08-26", "system", "", "Linux", "", 5, "pypistats system 2026-08-26"),
    ]


def test_requests_have_no_filters(fake: FakePypistats, tmp_path: Path) -> None:
    """One request for each series of each project, without parameters, with the User-Agent of this package."""
    sync(tmp_path / "x.duckdb", service(fake, "system"), fake.downloads, "B", "a")
    assert fake.paths == [
        "/api/packages/b/overall",
        "/api/packages/b/system",
        "/api/packages/a/overall",
        "/api/packages/a/system",
    ]
    assert {asked.headers["user-agent"] for asked in fake.asked} == {"source-pypi"}


def test_unknown_projects_are_warned_of(fake: FakePypistats, tmp_path: Path) -> None:
    """A project that the source does not know has no rows, and a warning; the others are read."""
    lines = sync(tmp_path / "x.duckdb", service(fake), fake.downloads, "nothing", "a")
    assert lines == ["pypistats has no downloads of 1 project: nothing"]
    assert {project for (project,) in table(tmp_path / "x.duckdb", "downloads", "project")} == {"a"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"<html>maintenance</html>", "JSON is malformed: invalid character (byte 0)"),
        (b'{"x": ' + b"[" * 100_000, "JSON that is nested too deep"),
        (b'{"data": [], "package": "a"}', "Object missing required field `type`"),
        (b'{"data": [], "package": "b", "type": "overall_downloads"}', "overall_downloads of b"),
        (b'{"data": [], "package": "a", "type": "system_downloads"}', "system_downloads of a"),
        (
            b'{"data": [{"category": "x", "date": "2026-13-01", "downloads": 1}], "package": "a", '
            b'"type": "overall_downloads"}',
            "Invalid RFC3339 encoded date - at `$.data[0].date`",
        ),
        (
            b'{"data": [{"category": "x", "date": "2026-08-01", "downloads": -1}], "package": "a", '
            b'"type": "overall_downloads"}',
            "Expected `int` >= 0 - at `$.data[0].downloads`",
        ),
        (
            b'{"data": [{"category": "x", "date": "2026-08-01", "downloads": 1}, '
            b'{"category": "x", "date": "2026-08-01", "downloads": 2}], "package": "a", "type": "overall_downloads"}',
            "a day and category twice",
        ),
        (b"\xff", "JSON is malformed: invalid character (byte 0)"),
    ],
)
def test_nonsense_costs_one_project(fake: FakePypistats, tmp_path: Path, body: bytes, found: str) -> None:
    """A document that is none is one error with its URL; other projects are read, and later it is read, too."""
    fake.fail(Answer(200, body, HTML))
    (line,) = sync(tmp_path / "x.duckdb", service(fake), fake.downloads, "a", "b", streams=("downloads",))
    expected = "overall of a" if "_downloads of" in found else "a JSON object of downloads by day"
    url = f"{fake.url}/api/packages/a/overall"
    assert line == f"{url}: expected {expected}, found {found}: check downloads_url"
    assert {project for (project,) in table(tmp_path / "x.duckdb", "downloads", "project")} == {"b"}
    sync(tmp_path / "x.duckdb", service(fake), fake.downloads, "a", "b", streams=("downloads",))
    assert fake.paths[2:] == ["/api/packages/a/overall"]
    assert {project for (project,) in table(tmp_path / "x.duckdb", "downloads", "project")} == {"a", "b"}


def test_it_stops_after_nonsense_in_a_row(fake: FakePypistats, tmp_path: Path) -> None:
    """After three documents in a row that cannot be read, no further one is requested."""
    fake.fail(*[Answer(200, b"<html>", HTML)] * 3)
    (line,) = sync(tmp_path / "x.duckdb", service(fake), fake.downloads, *"abcde", streams=("downloads",))
    assert line.startswith(f"{fake.url}/api/packages/a/overall: expected")
    assert len(fake.paths) == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(503, b"503 TEMPORARILY DISABLED", HTML), "/api/packages/b/overall answered 503 (3 tries in "),
        (Answer(429, b"<a>429 RATE LIMIT EXCEEDED</a>", HTML), "/api/packages/b/overall answered 429 (3 tries in "),
        (Answer(403, b"403", HTML), "/api/packages/b/overall answered 403: check downloads_url"),
        (Answer(200, b"{}", cut=1), "/api/packages/b/overall cannot be reached: the response was incomplete ("),
    ],
)
def test_what_was_read_before_an_outage_stays(
    fake: FakePypistats, tmp_path: Path, answer: Answer, message: str
) -> None:
    """A source that fails ends the run of its streams with one error; the next run continues with the projects left."""
    path = tmp_path / "x.duckdb"
    fake.fail(None, *[answer] * 3)
    (line,) = sync(path, service(fake), fake.downloads, "a", "b", streams=("downloads",))
    assert line.startswith(f"{fake.url}{message}")
    assert {project for (project,) in table(path, "downloads", "project")} == {"a"}
    fake.failing.clear()
    fake.asked.clear()
    lines = sync(path, service(fake), fake.downloads, "a", "b", streams=("downloads",))
    assert lines == ["downloads of 1 project skipped: they were read from pypistats today"]
    assert fake.paths == ["/api/packages/b/overall"]
    assert {project for (project,) in table(path, "downloads", "project")} == {"a", "b"}


def test_the_pace_keeps_the_limits(downloads: Downloads) -> None:
    """At the pace of the default settings the site refuses nothing, in any minute of a run."""
    time = [0.0]

    def sleep(seconds: float) -> None:
        time[0] += seconds

    waits: list[object] = []
    with FakePypistats(downloads, limited=True, once_a_day=False, clock=lambda: time[0]) as fake:
        paced = Client(
            requests_per_second=REQUESTS_PER_MINUTE / 60,
            clock=lambda: time[0],
            sleep=sleep,
            on_event=lambda event: waits.append(event) if isinstance(event, RetryWait) else None,
        )
        task = Task("a", (), TODAY, None)
        found = list(Pypistats(paced, fake.url).read([task] * 70, TODAY))
    assert waits == []
    assert time[0] == pytest.approx(69 * 60 / REQUESTS_PER_MINUTE)
    assert all(isinstance(one, DownloadCounts) for _, one in found)


def test_a_refusal_is_waited_out(downloads: Downloads) -> None:
    """Without a Retry-After, the usual waits outlast the minute of the limit."""
    time = [0.0]

    def sleep(seconds: float) -> None:
        time[0] += seconds

    with FakePypistats(downloads, limited=True, once_a_day=False, clock=lambda: time[0]) as fake:
        fast = Client(requests_per_second=0, clock=lambda: time[0], sleep=sleep)
        found = list(Pypistats(fast, fake.url).read([Task("a", (), TODAY, None)] * 40, TODAY))
    assert len(found) == 40
    assert all(isinstance(one, DownloadCounts) for _, one in found)


def test_counts_of_a_document(fake: FakePypistats) -> None:
    """The counts are those of the document, in its order."""
    ((_, found),) = Pypistats(client(), f"{fake.url}/").read([Task("a", ("system",), TODAY, None)], TODAY)
    day, other = (TODAY.fromisoformat(ago(days)) for days in (1, 4))
    counts = Count(day, 5, ("Linux",)), Count(other, 3, ("other",))
    assert found == DownloadCounts("a", "pypistats", ("system",), TODAY, counts)
