"""services/advisories/api.py: the zip first, then what was modified, removed or late; errors and warnings."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from source_pypi.services.advisories import api
from source_pypi.sync.batch import Batch
from tests.databases import rows
from tests.fake_advisories import Database, FakeAdvisories, Fault, random_records, record
from tests.fake_advisories.database import zip_of
from tests.fake_advisories.records import START, timestamp
from tests.services.advisories.loading import NOW, STREAMS, contents, load

pytest.importorskip("cvss")
_UP_TO_2 = [{"introduced": "0"}, {"fixed": "2.0"}]
_DAY = 86_400


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A DuckDB file."""
    return tmp_path / "x.duckdb"


@pytest.fixture
def database() -> Database:
    """Three advisories."""
    made = Database()
    made.publish(
        record("PYSEC-1", "Zope.Interface", events=_UP_TO_2, versions=["1.0"], aliases=["CVE-1"]),
        record("GHSA-1", "flask", events=_UP_TO_2, aliases=["CVE-1"]),
        record("MAL-1", "evil", versions=["0.1", "0.2"]),
    )
    return made


@pytest.fixture
def fake(database: Database) -> Iterator[FakeAdvisories]:
    """Their export."""
    with FakeAdvisories(database) as made:
        yield made


def ids(place: Path, table: str = "advisories") -> list[Any]:
    """The identifiers in a table."""
    return [one for (one,) in rows(place, f"SELECT DISTINCT id FROM {table} ORDER BY id")]


def test_first_sync_reads_the_zip(place: Path, fake: FakeAdvisories) -> None:
    """The first sync requests the zip only, and loads every advisory with its ranges and versions."""
    found = load(place, fake.url)
    assert (found.warnings, found.errors, fake.paths) == ([], [], ["all.zip"])
    assert contents(place)["advisories"] == [
        ("GHSA-1", "vulnerability", None, START, None, None, None, ["CVE-1"], *[None] * 5, ["flask"], "[]"),
        ("MAL-1", "malware", None, START, None, None, None, [], *[None] * 5, ["evil"], "[]"),
        ("PYSEC-1", "vulnerability", None, START, None, None, None, ["CVE-1"], *[None] * 5, ["zope-interface"], "[]"),
    ]
    query = "SELECT id, position, project, introduced, introduced_sort_key, fixed, last_affected FROM advisory_ranges"
    assert rows(place, f"{query} ORDER BY id") == [
        ("GHSA-1", 0, "flask", None, "", "2.0", None),
        ("PYSEC-1", 0, "zope-interface", None, "", "2.0", None),
    ]
    assert rows(place, "SELECT id, project, version FROM advisory_versions ORDER BY ALL") == [
        ("MAL-1", "evil", "0.1"),
        ("MAL-1", "evil", "0.2"),
        ("PYSEC-1", "zope-interface", "1.0"),
    ]


def test_nothing_new_costs_one_small_request(place: Path, fake: FakeAdvisories) -> None:
    """If the list is unchanged, nothing else is requested, and nothing is written."""
    load(place, fake.url)
    load(place, fake.url)  # the list had not been requested before
    fake.answers.clear()
    found = load(place, fake.url)
    assert [(one.path.rpartition("/")[2], one.status) for one in fake.answers] == [("modified_id.csv", 304)]
    assert found.counts == [{}]


def test_modified_advisories_replace_their_rows(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """A modified advisory is requested by itself, and its rows in all streams are replaced; others stay."""
    load(place, fake.url)
    database.change("GHSA-1", affected=[], summary="nothing of ours")
    database.change("MAL-1", affected=record("x", "evil", events=[{"introduced": "0"}])["affected"])
    database.publish(record("PYSEC-2", "flask", events=_UP_TO_2, modified=START + timedelta(days=1)))
    fake.answers.clear()
    load(place, fake.url)
    assert sorted(fake.paths) == ["GHSA-1.json", "MAL-1.json", "PYSEC-2.json", "modified_id.csv"]
    assert (ids(place), ids(place, "advisory_ranges"), ids(place, "advisory_versions")) == (
        ["MAL-1", "PYSEC-1", "PYSEC-2"],
        ["MAL-1", "PYSEC-1", "PYSEC-2"],
        ["PYSEC-1"],
    )


def test_many_modified_advisories_come_in_the_zip(
    place: Path, fake: FakeAdvisories, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More modified advisories than ``MOST_SINGLE`` are read from the zip, of which only these are written."""
    monkeypatch.setattr(api, "MOST_SINGLE", 1)
    load(place, fake.url)
    for identifier in ("GHSA-1", "MAL-1"):
        database.change(identifier, summary="new")
    fake.answers.clear()
    found = load(place, fake.url)
    assert (fake.paths, found.counts[0]["advisories"]) == (["modified_id.csv", "all.zip"], 2)


def test_everything_is_read_again_after_some_days(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """After ``full_check_days``, the zip is read on condition: a change that no time shows is found then."""
    load(place, fake.url)
    database.records["GHSA-1"] = database.records["GHSA-1"] | {"summary": "silent"}
    database.export()
    load(place, fake.url, now=NOW + 6 * _DAY)
    assert rows(place, "SELECT count(*) FROM advisories WHERE summary IS NOT NULL") == [(0,)]
    fake.answers.clear()
    load(place, fake.url, now=NOW + 7 * _DAY)
    load(place, fake.url, now=NOW + 14 * _DAY)
    assert [(one.path.rpartition("/")[2], one.status) for one in fake.answers] == [("all.zip", 200), ("all.zip", 304)]
    assert rows(place, "SELECT id FROM advisories WHERE summary = 'silent'") == [("GHSA-1",)]


def test_late_advisories_are_noticed(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """An advisory that comes into the export after one that was modified later is read when it comes."""
    database.hold("LATE-1")
    database.publish(record("LATE-1", "flask", events=_UP_TO_2, modified=START - timedelta(days=1)))
    load(place, fake.url)
    assert "LATE-1" not in ids(place)
    database.release()
    load(place, fake.url)
    assert "LATE-1" in ids(place)


def test_old_copies_are_read_again(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """A single file that is older than the list says, or missing, is requested again by the next run."""
    load(place, fake.url)
    database.change("GHSA-1", summary="new", export=False)
    database.publish(record("PYSEC-2", "flask", modified=START), export=False)
    database.export(files=False, archive=False)
    late = "its file is missing, or older than the list says"
    assert load(place, fake.url).gaps == [
        f"{fake.url}: 2 advisories could not be read in full (GHSA-1: {late}; PYSEC-2: {late})"
    ]
    assert rows(place, "SELECT summary FROM advisories WHERE id = 'GHSA-1'") == [(None,)]
    database.export()
    load(place, fake.url)
    assert rows(place, "SELECT summary FROM advisories WHERE id = 'GHSA-1'") == [("new",)]
    assert "PYSEC-2" in ids(place)


def test_zip_that_lags_behind(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """A zip that is older than what was read by itself changes no row back, and marks nothing as removed."""
    load(place, fake.url)
    database.change("GHSA-1", summary="new", export=False)
    database.publish(record("PYSEC-2", "flask", modified=START + timedelta(hours=2)), export=False)
    database.export(archive=False)
    load(place, fake.url)
    before = contents(place)
    database.zip = zip_of({f"{one}.json": database.files[one] for one in ("MAL-1", "PYSEC-1")})
    load(place, fake.url, now=NOW + 8 * _DAY)
    assert (contents(place), ids(place, "removed_advisories")) == (before, [])
    fake.answers.clear()
    load(place, fake.url, now=NOW + 8 * _DAY)
    assert (contents(place), fake.paths) == (before, ["modified_id.csv"])


def test_removed_advisories_are_marked(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """An advisory that disappears keeps its rows, and gets a row with the time; if it comes back, the time is null."""
    load(place, fake.url)
    kept = database.records["MAL-1"]
    database.remove("MAL-1")
    load(place, fake.url, now=NOW + 60)
    at = datetime.fromtimestamp(NOW + 60, UTC)
    assert rows(place, "SELECT id, removed_at FROM removed_advisories") == [("MAL-1", at)]
    assert ids(place) == ["GHSA-1", "MAL-1", "PYSEC-1"]
    load(place, fake.url, now=NOW + 120)
    assert rows(place, "SELECT id, removed_at FROM removed_advisories") == [("MAL-1", at)]
    database.publish(kept)
    load(place, fake.url, now=NOW + 180)
    assert rows(place, "SELECT id, removed_at FROM removed_advisories") == [("MAL-1", None)]


def test_mass_removal_is_a_fault(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """If a large share of the advisories is missing at once, none is marked, unless the user accepts it."""
    database.publish(*(record(f"PYSEC-{number}", modified=START) for number in range(10, 20)))
    load(place, fake.url)
    for number in range(10, 20):
        database.remove(f"PYSEC-{number}")
    found = load(place, fake.url)
    assert [one for one in found.warnings if "missing at once" in one] == [
        f"{fake.url}: 10 of 13 advisories are missing at once; they are not marked as removed"
    ]
    assert rows(place, "SELECT count(*) FROM removed_advisories") == [(0,)]
    database.change("GHSA-1")
    load(place, fake.url, accept_deletions=True)
    assert rows(place, "SELECT count(*) FROM removed_advisories") == [(10,)]


def test_only_selected_projects(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """With projects, only advisories about them are loaded; a further project makes the zip be read again."""
    load(place, fake.url, projects=["flask"])
    assert ids(place) == ["GHSA-1"]
    database.publish(record("PYSEC-2", "evil", events=_UP_TO_2, modified=START + timedelta(hours=1)))
    fake.answers.clear()
    load(place, fake.url, projects=["flask"])
    assert (ids(place), fake.paths) == (["GHSA-1"], ["modified_id.csv", "PYSEC-2.json"])
    fake.answers.clear()
    load(place, fake.url, projects=["flask", "Zope_Interface"])
    assert (ids(place), fake.paths) == (["GHSA-1", "PYSEC-1"], ["all.zip"])


def test_interrupted_first_sync_continues(
    place: Path, fake: FakeAdvisories, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that ends between two portions is continued after the members that were written."""
    monkeypatch.setattr(api, "PORTION", 10)
    database.publish(*random_records(35, 3))

    def stop(batch: Batch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(place, fake.url, on_batch=stop)
    assert len(ids(place)) == 10
    found = load(place, fake.url)
    assert sum(one["advisories"] for one in found.counts) == 28
    fresh = place.with_name("fresh.duckdb")
    load(fresh, fake.url)
    assert contents(place) == contents(fresh)


@pytest.mark.parametrize("options", [{"etags": False}, {"hashes": False}, {"chunked": True}, {"listing": False}])
def test_poor_copies(place: Path, database: Database, options: dict[str, bool]) -> None:
    """A copy without ETags, checksums, lengths or the list works as well."""
    with FakeAdvisories(database, **options) as fake:
        load(place, fake.url)
        database.change("GHSA-1", summary="new")
        found = load(place, fake.url)
        assert (found.warnings, found.errors) == ([], [])
        assert rows(place, "SELECT id FROM advisories WHERE summary = 'new'") == [("GHSA-1",)]


@pytest.mark.parametrize(
    ("end", "fault", "message"),
    [
        ("all.zip", Fault(403), "answered 403: check advisories_url"),
        ("all.zip", Fault(404), "answered 404: try later, or check advisories_url"),
        ("all.zip", Fault(418), "answered 418"),
        (
            "all.zip",
            Fault(body=b"<html>Sign in</html>"),
            "expected a zip of advisories, found something else: it is not a zip, or its end is missing",
        ),
        ("all.zip", Fault(body=zip_of({"a.json": b"{}", "b.txt": b""})), "2 of 2 members that are none (a.json: "),
        ("all.zip", Fault(body=zip_of({})), "found one without members"),
        ("all.zip", Fault(wrong_hash=True), "has the MD5"),
        ("all.zip", Fault(headers={"Content-Encoding": "br"}), "Content-Encoding"),
    ],
)
def test_errors(place: Path, fake: FakeAdvisories, end: str, fault: Fault, message: str) -> None:
    """What is not the export is an error that says where and what; a later run loads everything."""
    fake.fault(end, fault)
    found = load(place, fake.url)
    assert (len(found.errors), found.counts) == (1, [{}])
    assert f"{fake.url}/PyPI/{end}" in found.errors[0] or fake.url in found.errors[0]
    assert message in found.errors[0]
    assert load(place, fake.url).errors == []
    assert len(ids(place)) == 3


def test_faults_that_pass_are_retried(place: Path, fake: FakeAdvisories, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is cut off, and an outage, are retried: the zip is received from its beginning."""
    monkeypatch.setattr("source_pypi.http.client.SHORTEST_BACKOFF", 0.01)
    fake.fault("all.zip", Fault(cut=100))
    fake.fault("all.zip", Fault(503))
    assert load(place, fake.url).errors == []
    assert (len(ids(place)), fake.paths) == (3, ["all.zip"] * 3)


def test_a_list_that_is_none_is_an_error(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """A page instead of the list is an error; the rows stay."""
    load(place, fake.url)
    fake.fault("modified_id.csv", Fault(body=b"<html>Sign in</html>"))
    found = load(place, fake.url)
    assert found.errors == [
        f"{fake.url}/PyPI/modified_id.csv: expected lines with a time and an identifier, found no line of that format: "
        "check advisories_url"
    ]
    assert len(ids(place)) == 3


def test_members_that_cannot_be_read(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """Broken members are left out and named; those that had rows keep them, and are marked as removed once they are."""
    load(place, fake.url)
    members = {f"{one}.json": database.files[one] for one in ("MAL-1", "PYSEC-1")}
    database.zip = zip_of({**members, "GHSA-1.json": b"{", "README": b"x"})
    found = load(place, fake.url, now=NOW + 8 * _DAY)
    gap = f"{fake.url}: 1 advisory could not be read in full (GHSA-1: it is not valid JSON)"
    assert [one for one in found.warnings if "could not be read" in one] == [
        f"{gap}; the rows of earlier syncs stay",
        f"{fake.url}: 1 member of the zip could not be read (README: its name is not that of an advisory)",
    ]
    assert found.gaps == [gap]
    assert (ids(place), ids(place, "removed_advisories")) == (["GHSA-1", "MAL-1", "PYSEC-1"], [])
    database.remove("GHSA-1")
    found = load(place, fake.url, now=NOW + 16 * _DAY)
    assert (found.gaps, ids(place, "removed_advisories")) == ([""], ["GHSA-1"])


def test_advisories_stay_unread_until_they_are_read(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """A broken advisory is a gap of every run, also if the zip is unchanged, and is requested until it can be read."""
    database.records["GHSA-1"] |= {"affected": "flask"}
    database.records["MAL-1"] |= {"modified": timestamp(START - timedelta(days=40))}
    database.export()
    good = database.files["MAL-1"]
    database.files["MAL-1"] = b"["
    database.zip = zip_of({f"{one}.json": content for one, content in database.files.items()})
    gaps = load(place, fake.url).gaps
    gaps += load(place, fake.url).gaps
    gaps += load(place, fake.url, now=NOW + 8 * _DAY).gaps
    gap = (
        "2 advisories could not be read in full (MAL-1: it is not valid JSON; GHSA-1: what it affects has a wrong type)"
    )
    assert gaps == [f"{fake.url}: {gap}"] * 3
    assert [one.status for one in fake.answers if one.path.endswith("all.zip")] == [200, 304]
    database.files["MAL-1"] = good
    database.change("GHSA-1", affected=record("x", "flask", events=_UP_TO_2)["affected"], export=False)
    database.export(archive=False)
    assert load(place, fake.url, now=NOW + 8 * _DAY).gaps == [""]
    assert (ids(place), ids(place, "advisory_ranges")) == (["GHSA-1", "MAL-1", "PYSEC-1"], ["GHSA-1", "PYSEC-1"])


def test_warnings_of_fields(place: Path, fake: FakeAdvisories, database: Database) -> None:
    """Fields of a wrong type and invalid CVSS vectors become null, and are named."""
    vectors = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:X"}, {"type": "CVSS_V4", "score": "9.8"}]
    database.change("GHSA-1", summary=5, aliases=["CVE-1", 7], severity=vectors)
    found = load(place, fake.url)
    assert found.warnings == [
        f"{fake.url}: 1 advisories have fields of a wrong type, which became null (GHSA-1: summary, aliases)",
        f"{fake.url}: 1 advisories have an invalid CVSS vector, which became null (GHSA-1: 9.8)",
    ]
    query = (
        "SELECT summary, aliases, cvss_v3, cvss_v3_score, cvss_v4, cvss_v4_score FROM advisories WHERE id = 'GHSA-1'"
    )
    assert rows(place, query) == [(None, ["CVE-1"], None, None, None, None)]


def test_old_export(place: Path, fake: FakeAdvisories) -> None:
    """An export whose newest change is days old is reported."""
    found = load(place, fake.url, now=NOW + 3 * _DAY)
    assert found.warnings == [
        f"{fake.url}: the export may be out of date: its newest change is 4 days old (2026-01-01)"
    ]


@pytest.mark.parametrize("kind", ["bucket", "zip", "folder"])
def test_local_files(place: Path, tmp_path: Path, database: Database, kind: str) -> None:
    """``file:`` names a copy of the bucket, a zip, or a folder of advisories; it is read again if it has changed."""

    def write() -> None:
        (tmp_path / "osv" / "PyPI").mkdir(parents=True, exist_ok=True)
        if kind == "folder":
            for name, content in database.files.items():
                (tmp_path / "osv" / f"{name}.json").write_bytes(content)
            (tmp_path / "osv" / "PyPI").rmdir()
        else:
            (tmp_path / "osv" / "PyPI" / "all.zip").write_bytes(database.zip)

    write()
    url = f"file:{tmp_path}/osv" + ("/PyPI/all.zip" if kind == "zip" else "")
    assert (load(place, url).errors, ids(place)) == ([], ["GHSA-1", "MAL-1", "PYSEC-1"])
    assert load(place, url).counts == [{}]
    database.change("GHSA-1", summary="a longer text")
    write()
    assert load(place, url).counts[0]["advisories"] == 1


def test_export_that_cannot_be_reached(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export that cannot be reached is an error that names its own setting, not that of the index."""
    monkeypatch.setattr("source_pypi.http.client.SHORTEST_BACKOFF", 0.01)
    (error,) = load(place, "http://127.0.0.1:9/osv", request_timeout_seconds=1).errors
    assert error.startswith("http://127.0.0.1:9/osv/PyPI/all.zip cannot be reached: no connection can be made")
    assert error.endswith(": try later, or check advisories_url")


def test_local_folder_that_is_missing(place: Path, tmp_path: Path) -> None:
    """A path without advisories is an error that names it."""
    assert load(place, f"file:{tmp_path}/none").errors == [
        f"file:{tmp_path}/none has no all.zip and no advisories: check advisories_url"
    ]


def test_streams_that_are_added_later(place: Path, fake: FakeAdvisories) -> None:
    """A stream that is selected later is read from the beginning, with the others."""
    load(place, fake.url, streams=["advisory_ranges"])
    load(place, fake.url, streams=STREAMS)
    assert (len(ids(place)), len(ids(place, "advisory_ranges"))) == (3, 2)
    assert fake.paths == ["all.zip", "all.zip"]
