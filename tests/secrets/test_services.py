"""Commands that read other services, and those that read a loaded database, write no credentials of any of them."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from source_pypi.config import make_config
from source_pypi.services.downloads.progress import source_day
from source_pypi.services.service import open_services
from tests.connector import sample_world
from tests.fake_advisories import Database, FakeAdvisories, Fault, record
from tests.fake_downloads import Answer, Downloads, FakeClickhouse, FakePypistats, FakeTop
from tests.fake_index import FakeIndex, faults
from tests.fake_index.site import Answer as IndexAnswer
from tests.secrets.command import Place
from tests.secrets.conftest import IN_SETTINGS
from tests.secrets.hidden import (
    ADVISORIES,
    CLICKHOUSE,
    CLICKHOUSE_USER,
    DOWNLOADS,
    EVENTS,
    OF_SERVICES,
    PASSWORD,
    TOP,
    USERNAME,
    found,
)

STREAMS = "files,versions,events,advisories,advisory_ranges,removed_advisories,downloads,downloads_by"
PINS = "requests==2.0\n"


@dataclass(frozen=True)
class Services:
    """An index and the other services, each with its own credentials."""

    index: FakeIndex
    journal: FakeIndex
    advisories: FakeAdvisories
    pypistats: FakePypistats
    clickhouse: FakeClickhouse
    top: FakeTop

    def settings(self, **settings: Any) -> dict[str, Any]:
        """Settings with the credentials of all of them."""
        return {
            **IN_SETTINGS.settings(self.index.url),
            "events_url": with_password(f"{self.journal.url}/pypi", EVENTS),
            "events_since": "0",
            "advisories_url": with_password(self.advisories.url, ADVISORIES),
            "downloads_url": with_password(self.pypistats.url, DOWNLOADS),
            "downloads_per_minute": 0,
            "top": 1,
            "top_url": with_password(f"{self.top.url}/top.json", TOP),
            "request_timeout_seconds": 1,
            **settings,
        }

    def of_clickhouse(self) -> dict[str, Any]:
        """The settings with ClickHouse as the source."""
        credentials = {"clickhouse_username": CLICKHOUSE_USER, "clickhouse_password": CLICKHOUSE}
        source = {"downloads_from": "clickhouse", "downloads_by": ["version"], "clickhouse_url": self.clickhouse.url}
        return self.settings(**source, **credentials)

    def received(self) -> dict[str, set[str | None]]:
        """The credentials that each of them received."""
        headers: dict[str, list[Mapping[str, str]]] = {
            "index": [one.headers for one in self.index.requests],
            "journal": [one.headers for one in self.journal.requests],
            "advisories": [one.headers for one in self.advisories.answers],
        }
        servers = {"pypistats": self.pypistats, "clickhouse": self.clickhouse, "top": self.top}
        headers |= {name: [one.headers for one in server.asked] for name, server in servers.items()}
        return {name: {one.get("authorization") for one in received} for name, received in headers.items() if received}


def with_password(url: str, password: str) -> str:
    """A URL with a user name and a password."""
    return url.replace("://", f"://svc:{quote(password, safe='')}@")


def basic(username: str, password: str) -> set[str | None]:
    """The header with these credentials."""
    return {f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"}


@pytest.fixture
def services() -> Iterator[Services]:
    """All of them, with something to read about the projects of the index."""
    world, database = sample_world(), Database()
    database.publish(record("PYSEC-1", "requests", events=[{"introduced": "0"}], severity=[]))
    downloads = Downloads(source_day(datetime.now(UTC).timestamp()))
    downloads.add("requests", 2, 3, version="1.0")
    with ExitStack() as stack:
        index = FakeIndex(world, username=USERNAME, password=PASSWORD, strict=False)
        journal = FakeIndex(world, username="svc", password=EVENTS, strict=False)
        yield Services(
            stack.enter_context(index),
            stack.enter_context(journal),
            stack.enter_context(FakeAdvisories(database)),
            stack.enter_context(FakePypistats(downloads, once_a_day=False)),
            stack.enter_context(FakeClickhouse(downloads)),
            stack.enter_context(FakeTop("requests")),
        )


EXPECTED = {
    "index": basic(USERNAME, PASSWORD),
    "journal": basic("svc", EVENTS),
    "advisories": basic("svc", ADVISORIES),
    "top": basic("svc", TOP),
}


@pytest.mark.parametrize("source", ["pypistats", "clickhouse"])
def test_services_get_their_own_credentials(place: Place, services: Services, source: str) -> None:
    """Each service receives its credentials only; sync, query, report and export write none, whatever they show."""
    settings = services.settings() if source == "pypistats" else services.of_clickhouse()
    config = place.write("config.json", settings)
    done = place.run("sync", "--config", config, "--streams", STREAMS, "--history", "--debug")
    assert (done.status, done.leaks()) == (0, {})
    own = basic("svc", DOWNLOADS) if source == "pypistats" else basic(CLICKHOUSE_USER, CLICKHOUSE)
    assert services.received() == EXPECTED | {source: own}
    if source == "clickhouse":
        return  # what reads the database is the same
    variables = {"SOURCE_PYPI_USERNAME": USERNAME, "SOURCE_PYPI_PASSWORD": PASSWORD}
    for arguments in (
        ["query", "select * from index_capabilities, runs", "-o", "rows.json"],
        ["report", "-o", "page.html"],
        ["export", "--all", "--to", "exported", "--format", "csv"],
    ):
        done = place.run(*arguments, **variables)
        assert (done.status, done.leaks()) == (0, {}), done.user_errors


def test_audit_writes_no_secret(place: Place, services: Services) -> None:
    """An audit with the index's and OSV's advisories writes no credentials of either."""
    requirements = place.write("requirements.txt", PINS)
    settings = services.settings()
    variables = {"SOURCE_PYPI_USERNAME": USERNAME, "SOURCE_PYPI_PASSWORD": PASSWORD}
    urls = ["--index-url", services.index.url, "--advisories-url", settings["advisories_url"]]
    arguments = ["--advisories", "both", "--into", "audit.duckdb", "--debug", "--format", "sarif", "-o", "report"]
    done = place.run("audit", "-r", requirements, *urls, *arguments, **variables)
    assert (done.status, done.leaks()) == (1, {}), done.user_errors
    received = services.received()
    assert (received["index"], received["advisories"]) == (EXPECTED["index"], EXPECTED["advisories"])


@pytest.mark.parametrize("status", [401, 200])
def test_services_that_quote_credentials(place: Place, services: Services, status: int) -> None:
    """A response that refuses or is no document, and repeats the credentials, is not quoted."""
    told = f"you sent {' and '.join(OF_SERVICES)}"
    html = Answer(status, f"<p>{told}".encode(), {"Content-Type": "text/html"})
    for server in (services.pypistats, services.clickhouse):
        server.fail(*[html] * 20)
    for end in ("all.zip", "modified_id.csv"):
        services.advisories.fault(end, Fault(status, told.encode()), 9)
    services.journal.fault("/pypi", faults.Fault("told", IndexAnswer(status, "text/html", told.encode())), times=None)
    settings = services.settings() if status == 200 else services.of_clickhouse()
    done = place.run("sync", "--config", place.write("config.json", settings), "--streams", STREAMS, "--debug")
    assert (done.status, done.leaks()) == (1, {})
    assert all(name in done.user_errors for name in (b"events: ", b"advisories", b"downloads"))


INVALID: dict[str, dict[str, Any]] = {
    "no URL of downloads": {"downloads_url": f"svc:{quote(DOWNLOADS, safe='')}@downloads.test"},
    "no URL of advisories": {"advisories_url": f"svc:{quote(ADVISORIES, safe='')}@advisories.test"},
    "no host of events": {"events_url": f"https://svc:{quote(EVENTS, safe='')}@[events.test"},
    "no port of the list": {"top_url": f"https://top.test:{TOP}/"},
    "a password that is a list": {"clickhouse_password": [CLICKHOUSE]},
    "a database": {"clickhouse_database": CLICKHOUSE},
    "a folder with credentials": {"advisories_url": f"file://svc:{quote(ADVISORIES, safe='')}@host/x"},
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_settings_are_not_quoted(name: str) -> None:
    """The error of an invalid setting of a service, and its configuration as text, have no secret."""
    try:
        config = make_config({"projects": ["requests"], **INVALID[name]})
        open_services(["advisories", "events", "downloads"], config, lambda event: None)
        shown = repr(config)
    except Exception as error:
        shown = repr(error) + str(error)
    assert found([shown.encode()]) == {}
    assert len(shown) > 20


def test_representation_has_no_secret(services: Services) -> None:
    """The configuration as text has no credentials of any service."""
    settings = services.of_clickhouse() | {"clickhouse_url": with_password("http://127.0.0.1:9", CLICKHOUSE)}
    shown = repr(make_config(settings))
    assert found([shown.encode()], set(OF_SERVICES) - {CLICKHOUSE_USER}) == {}
    assert "clickhouse_password='***'" in shown
