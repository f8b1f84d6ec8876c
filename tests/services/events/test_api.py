"""services/events/api.py: each event once, from where the first sync began, also after runs that ended early."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from source_pypi.config import Config, make_config
from source_pypi.errors import ServiceError, SettingError, StateError
from source_pypi.services.events.api import EventsCursor, journal_url, open_journal, open_service
from source_pypi.services.events.entries import JournalEntry
from tests.fake_index import FakeIndex, World, faults
from tests.services.events.helpers import NOW, read, request, service


def journal_of(index: FakeIndex, since: int = 0) -> list[JournalEntry]:
    """The events of an index after a serial."""
    return [JournalEntry(*entry) for entry in index.world.journal if entry.serial > since]


def decoded(cursor: bytes) -> EventsCursor:
    """A cursor."""
    return msgspec.json.decode(cursor, type=EventsCursor)


def test_first_sync_begins_now(index: FakeIndex) -> None:
    """Without ``events_since`` the first sync asks for the last serial only, and later ones return what came after."""
    entries, cursor = read(service(index).portions(request()))
    assert (entries, len(index.requests)) == ([], 1)
    before = index.world.serial
    assert decoded(cursor) == EventsCursor(f"{index.url}/pypi", None, before, before)
    index.world.yank("flask", "1.0")
    entries, cursor = read(service(index).portions(request(cursor)))
    assert entries == [JournalEntry("Flask", "1.0", index.world.journal[-1].timestamp, "yank release", before + 1)]
    assert decoded(cursor).last == before + 1


def test_pages_until_one_is_not_full(index: FakeIndex) -> None:
    """Pages are requested until one is not full: none is skipped, none is requested twice."""
    entries, cursor = read(service(index, "0", page_size=4).portions(request()))
    assert entries == journal_of(index)
    assert len(index.requests) == len(entries) // 4 + 1
    assert decoded(cursor) == EventsCursor(f"{index.url}/pypi", "0", 0, index.world.serial)


def test_an_error_keeps_the_pages_before(index: FakeIndex) -> None:
    """If a page cannot be read, the cursor of the one before continues after it."""
    portions = service(index, "0", page_size=4).portions(request())
    first = next(portions)
    index.fault("/pypi", faults.unavailable(), times=None)
    with pytest.raises(ServiceError):
        next(portions)
    index.clear_faults()
    rest, _ = read(service(index, "0", page_size=4).portions(request(first.cursors["events"])))
    assert [*first.documents.entries, *rest] == journal_of(index)


def test_selected_projects(index: FakeIndex) -> None:
    """With selected projects only their events are returned, in any spelling; the cursor moves on all the same."""
    entries, cursor = read(service(index, "0", page_size=4).portions(request(projects=["django-rest", "other"])))
    assert entries == [entry for entry in journal_of(index) if entry.name == "Django.Rest"]
    assert decoded(cursor).last == index.world.serial


def test_excluded_projects(index: FakeIndex) -> None:
    """Excluded projects are left out."""
    asked = replace(request(), excludes=lambda name: name.startswith("d"))
    entries, _ = read(service(index, "0").portions(asked))
    assert {entry.name for entry in entries} == {"Flask", "requests"}


def test_since_a_serial(index: FakeIndex) -> None:
    """A serial in ``events_since`` is where the first sync begins."""
    assert read(service(index, "7").portions(request()))[0] == journal_of(index, 7)


@pytest.mark.parametrize("page_size", [2, 4, 1000])
def test_until_a_serial(index: FakeIndex, page_size: int) -> None:
    """With a last serial, later events are left out, and no page after it is requested."""
    middle = index.world.journal[6].serial
    entries, _ = read(service(index, "1", page_size, until=middle).portions(request()))
    assert entries == [entry for entry in journal_of(index, 1) if entry.serial <= middle]
    assert len(index.requests) == -(-len(entries) // page_size)


@pytest.mark.parametrize("page_size", [3, 4, 1000])
def test_since_a_date(index: FakeIndex, page_size: int) -> None:
    """A date in ``events_since`` begins at the first event of that time; no page is requested twice."""
    middle = index.world.journal[9]
    since = datetime.fromtimestamp(middle.timestamp, UTC).isoformat()
    entries, cursor = read(service(index, since, page_size).portions(request()))
    expected = [entry for entry in journal_of(index) if entry.timestamp >= middle.timestamp]
    assert entries == expected
    assert decoded(cursor).first == expected[0].serial - 1
    assert decoded(cursor).last == index.world.serial


def test_earlier_since_reads_again(index: FakeIndex) -> None:
    """If ``events_since`` becomes earlier, the journal is read again from there; a later one changes nothing."""
    _, cursor = read(service(index, "7").portions(request()))
    again, cursor = read(service(index, "3").portions(request(cursor)))
    assert again == journal_of(index, 3)
    assert decoded(cursor) == EventsCursor(f"{index.url}/pypi", "3", 3, index.world.serial)
    later, cursor = read(service(index, "10").portions(request(cursor)))
    assert (later, decoded(cursor).first) == ([], 3)
    removed, cursor = read(service(index).portions(request(cursor)))
    assert (removed, decoded(cursor).first, decoded(cursor).since) == ([], 3, None)


def test_other_fields_read_again(index: FakeIndex) -> None:
    """If rows have other fields now, they are read again from where the first sync began."""
    _, cursor = read(service(index, "7").portions(request()))
    assert read(service(index, "7").portions(request(cursor, comparable=False)))[0] == journal_of(index, 7)


def test_another_journal(index: FakeIndex) -> None:
    """The cursor of another journal is refused, since its serials mean other events."""
    other = msgspec.json.encode(EventsCursor("http://other.test/pypi", None, 5, 6))
    message = f"belongs to the journal http://other.test/pypi, and this run reads {index.url}/pypi"
    with pytest.raises(StateError, match=message):
        next(service(index).portions(request(other)))
    with pytest.raises(StateError, match="its cursor is broken"):
        next(service(index).portions(request(b"{}")))
    assert index.requests == []


def test_journal_that_ends_earlier(index: FakeIndex) -> None:
    """A journal that ends before the last event that was read is reported, and the cursor stays."""
    cursor = msgspec.json.encode(EventsCursor(f"{index.url}/pypi", None, 5, 5000))
    (portion,) = service(index).portions(request(cursor))
    assert portion.documents.entries == ()
    assert decoded(portion.cursors["events"]).last == 5000
    (warning,) = portion.warnings
    assert "ends at the event 1" in warning
    assert "5,000 has been read" in warning


def test_nothing_new(index: FakeIndex) -> None:
    """If nothing has happened, the portion is empty and has no warning."""
    _, cursor = read(service(index).portions(request()))
    (portion,) = service(index).portions(request(cursor))
    assert (portion.documents.entries, portion.warnings) == ((), ())


def test_future_since(index: FakeIndex) -> None:
    """A date in the future begins at the journal's last event."""
    entries, cursor = read(service(index, "2100-01-01").portions(request()))
    assert (entries, decoded(cursor).first) == ([], index.world.serial)
    assert datetime.fromtimestamp(NOW, UTC).year < 2100


def test_journal_url() -> None:
    """The journal is below the root of the index, unless a setting names another URL."""
    assert journal_url(Config(index_url="https://packages.test/root/simple/")) == "https://packages.test/root/pypi"
    config = Config(index_url="https://packages.test/", events_url="https://other.test/RPC2")
    assert journal_url(config) == "https://other.test/RPC2"
    assert journal_url(Config()).endswith("/pypi")


def test_credentials_of_the_index() -> None:
    """The credentials of the index are sent to a journal of the same origin, and to no other."""
    with FakeIndex(World(), username="u", password="p") as one, FakeIndex(World(), strict=False) as other:
        settings = {"index_url": one.url, "index_username": "u", "index_password": "p"}
        open_journal(make_config(settings)).last_serial()
        open_journal(make_config({**settings, "events_url": f"{other.url}/pypi"})).last_serial()
        with_user = other.url.replace("//", "//me:secret@") + "/pypi"
        open_journal(make_config({**settings, "events_url": with_user})).last_serial()
        sent = [one.headers.get("authorization") for one in other.requests]
        assert one.requests[0].headers["authorization"] == "Basic dTpw"
        assert sent == [None, "Basic bWU6c2VjcmV0"]


def test_service_hides_credentials() -> None:
    """The URL for messages and cursors has no credentials."""
    config = Config(events_url="https://me:secret@packages.test/pypi")
    assert open_service(config, lambda event: None).url == "https://packages.test/pypi"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"events_since": "yesterday"}, "setting 'events_since': must be a serial, such as"),
        ({"events_since": "-1"}, "setting 'events_since': must be a serial, such as"),
        ({"events_url": "packages.test"}, "setting 'events_url': must be a URL such as"),
    ],
)
def test_invalid_settings(settings: dict[str, str], message: str) -> None:
    """Invalid settings are refused before anything is requested."""
    with pytest.raises(SettingError, match=message):
        make_config(settings)
