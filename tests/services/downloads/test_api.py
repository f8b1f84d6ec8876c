"""services/downloads/api.py: which days are read again, what stays, and what is not asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from source_pypi.config import Config, make_config
from source_pypi.errors import SettingError
from source_pypi.services.downloads.api import open_service
from source_pypi.services.downloads.progress import Progress, SeriesProgress, source_day
from source_pypi.services.service import Cursor, Request
from tests.fake_downloads import Downloads, FakeClickhouse, FakePypistats
from tests.services.downloads.reading import TODAY, ago, expected, noon, service, sync, table

Fake = FakePypistats | FakeClickhouse


@pytest.fixture
def downloads() -> Downloads:
    """Downloads of a on each of ten days."""
    made = Downloads(TODAY)
    for days in range(1, 11):
        made.add("a", days, 10 + days)
    return made


@pytest.fixture(params=[FakePypistats, FakeClickhouse])
def fake(request: pytest.FixtureRequest, downloads: Downloads) -> Iterator[Fake]:
    """Each source."""
    with request.param(downloads) as made:
        yield made


def test_late_downloads_are_read(fake: Fake, downloads: Downloads, tmp_path: Path) -> None:
    """Downloads that the source knew late are in the rows of their days; other rows are not written again."""
    path = tmp_path / "x.duckdb"
    downloads.add("a", 1, 100, known_in=1)
    downloads.add("a", 3, 100, known_in=1)
    sync(path, service(fake), downloads, "a")
    downloads.pass_days()
    downloads.add("a", 1, 1)
    sync(path, service(fake), downloads, "a")
    assert table(path, "downloads") == sorted(expected(downloads, 180, "a"))
    again = table(path, "downloads", "DISTINCT day, seen_at")
    latest = max(seen for _, seen in again)
    assert sorted(day for day, seen in again if seen == latest) == [ago(3), ago(2), ago(1), ago(0)]


def test_days_become_complete(fake: Fake, downloads: Downloads, tmp_path: Path) -> None:
    """The last two days are not complete; the next runs find them complete."""
    path = tmp_path / "x.duckdb"
    sync(path, service(fake), downloads, "a")
    query = "DISTINCT day, complete"
    assert [day for day, complete in table(path, "downloads", query) if not complete] == [ago(2), ago(1)]
    downloads.pass_days(3)
    sync(path, service(fake), downloads, "a")
    assert all(complete for _, complete in table(path, "downloads", query))


def test_what_the_source_forgets_stays(fake: Fake, downloads: Downloads, tmp_path: Path) -> None:
    """Days that the source no longer has keep their rows, and those since the last run are added."""
    path = tmp_path / "x.duckdb"
    sync(path, service(fake), downloads, "a")
    before = table(path, "downloads")
    downloads.pass_days(200)
    for one in list(downloads.counts):
        del downloads.counts[one]
    downloads.add("a", 1, 7)
    sync(path, service(fake), downloads, "a")
    assert table(path, "downloads") == sorted([*before, *expected(downloads, 180, "a")])


def test_corrections_to_nothing(fake: Fake, downloads: Downloads, tmp_path: Path) -> None:
    """A day of the last three whose downloads are taken back loses its rows; if all are gone, they stay."""
    path = tmp_path / "x.duckdb"
    sync(path, service(fake), downloads, "a")
    gone = next(one for one in downloads.counts if str(one.day) == ago(2))
    del downloads.counts[gone]
    downloads.pass_days()
    sync(path, service(fake), downloads, "a")
    assert table(path, "downloads") == sorted(expected(downloads, 180, "a"))
    before = table(path, "downloads")
    downloads.counts.clear()
    downloads.pass_days()
    sync(path, service(fake), downloads, "a")
    assert table(path, "downloads") == before


def test_a_project_is_read_once_a_day(fake: Fake, downloads: Downloads, tmp_path: Path) -> None:
    """A second run on the same day of the source requests nothing; on the next day, each series once."""
    path = tmp_path / "x.duckdb"
    sync(path, service(fake), downloads, "a")
    first = len(fake.asked)
    (line,) = sync(path, service(fake), downloads, "a")
    assert line.startswith("downloads of 1 project skipped: they were read from ")
    assert len(fake.asked) == first
    downloads.pass_days()
    assert sync(path, service(fake), downloads, "a") == []
    assert len(fake.asked) == 2 * first


def test_new_breakdown_is_read_from_the_beginning(downloads: Downloads, tmp_path: Path) -> None:
    """A breakdown that is added later is read on the same day, with all days; those of others stay."""
    path = tmp_path / "x.duckdb"
    with FakeClickhouse(downloads) as fake:
        sync(path, service(fake, "version"), downloads, "a", streams=("downloads_by",))
        sync(path, service(fake, "country"), downloads, "a", streams=("downloads_by",))
    summed = "(SELECT dimensions, count(*) AS days, sum(downloads)::BIGINT AS n FROM downloads_by GROUP BY dimensions)"
    assert table(path, summed, "*") == [("country", 10, 155), ("version", 10, 155)]


def test_first_days(fake: Fake, downloads: Downloads, tmp_path: Path) -> None:
    """The first run reads the days that the setting says, later ones all since."""
    path = tmp_path / "x.duckdb"
    sync(path, service(fake, days=4), downloads, "a")
    assert {day for (day,) in table(path, "downloads", "day")} == {ago(days) for days in range(1, 5)}
    downloads.pass_days(30)
    downloads.add("a", 28, 5)
    sync(path, service(fake, days=4), downloads, "a")
    assert table(path, "downloads") == sorted(row for row in expected(downloads, 180, "a") if row[1] >= ago(4))


def test_new_project_beside_known_ones(fake: Fake, downloads: Downloads, tmp_path: Path) -> None:
    """A project that is selected later is read in full, while known ones continue."""
    path = tmp_path / "x.duckdb"
    for days in (1, 9):
        downloads.add("b", days, 3)
    sync(path, service(fake), downloads, "a")
    downloads.pass_days()
    sync(path, service(fake), downloads, "b", "a")
    assert table(path, "downloads") == sorted(expected(downloads, 180, "a", "b"))


def test_whole_index_is_refused(fake: Fake) -> None:
    """Without names of projects, nothing is requested: the sources are not to be read as a whole."""
    request = Request({"downloads"}, None, lambda projects: {}, lambda: noon(TODAY))
    with pytest.raises(SettingError, match="downloads are read of projects that are named only"):
        list(service(fake).portions(request))
    assert fake.asked == []


def test_source_day() -> None:
    """A day of the sources begins when they have loaded the day before."""
    midnight = noon(TODAY) - 12 * 3600
    assert source_day(midnight + 89 * 60) < TODAY
    assert source_day(midnight + 90 * 60) == TODAY


@pytest.mark.parametrize("value", [b"", b"[]", b'{"pypistats": 1}', b"\xff"])
def test_broken_cursor_is_none(value: bytes) -> None:
    """A cursor that cannot be read, or that is of rows with other fields, is as good as none."""
    assert Progress(Cursor(value, True, 0)).since("pypistats", ()) is None
    good = b'{"pypistats":["2026-08-20","2026-08-27"]}'
    assert str(Progress(Cursor(good, True, 0)).since("pypistats", ())) == "2026-08-18"
    assert Progress(Cursor(good, False, 0)).since("pypistats", ()) is None
    assert SeriesProgress(None, TODAY).newest is None


@pytest.mark.parametrize("source", ["pypistats", "clickhouse"])
def test_names_of_a_private_index_are_not_sent(source: str) -> None:
    """Names of another index than the public one are sent to a source of the user's own only, or with any_index."""
    url = "downloads_url" if source == "pypistats" else "clickhouse_url"
    private = {"projects": ["a"], "downloads_from": source, "index_url": "http://packages.example.com/simple/"}
    request = Request({"downloads"}, ["a"], lambda names: {}, lambda: noon(TODAY))
    sent = []
    for more in ({}, {"any_index": True}, {url: "http://127.0.0.1:9"}, {"index_url": None}):
        opened = open_service(make_config(private | more), lambda event: None)
        sent.append(opened._refusal is None)  # type: ignore[attr-defined]
    assert sent == [False, True, True, True]
    public = getattr(Config(), url)
    host = public.removeprefix("https://")
    spellings = (
        *(f"{public}/", f"{public}:443", f"{public}:8443/", f"{public}./", f"http://{host}", f"https://{host.upper()}"),
        *(f"https://www.{host}", f"https://me:word@{host}/path?x=1"),
    )
    for one in spellings:
        opened = open_service(make_config(private | {url: one}), lambda event: None)
        assert opened._refusal is not None, one  # type: ignore[attr-defined]
    with pytest.raises(SettingError, match=f"setting '{url}': names of projects of http://packages.example.com"):
        next(open_service(make_config(private), lambda event: None).portions(request))
