"""Readers of what other services answer: the journal, OSV's export, sources of downloads, the list of top projects."""

import io
import json
import random
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from msgspec import Struct

from source_pypi.errors import ServiceDocumentError, SourceError
from source_pypi.http.client import Response
from source_pypi.services.advisories.archive import BrokenArchiveError, read_archive
from source_pypi.services.advisories.documents import AdvisoryDocuments
from source_pypi.services.advisories.listing import microseconds, parse_listing
from source_pypi.services.advisories.records import InvalidRecordError, Record, parse_record
from source_pypi.services.downloads import top
from source_pypi.services.downloads.clickhouse import Clickhouse
from source_pypi.services.downloads.documents import breakdowns_of
from source_pypi.services.downloads.pypistats import Pypistats
from source_pypi.services.downloads.task import Task
from source_pypi.services.events.entries import JournalPage, entries_of
from source_pypi.services.events.xmlrpc import Fault, parse_response
from source_pypi.streams import STREAMS
from tests.batches import change_with
from tests.fake_advisories import Database, random_records
from tests.fake_advisories.database import zip_of
from tests.fake_index import xmlrpc
from tests.fuzz.documents import URL, check_change
from tests.fuzz.mutation import mutated_bytes, mutated_json
from tests.fuzz.seeds import world

TODAY = date(2026, 8, 27)
_DAYS = ["2026-08-23", "2026-08-26"]


def check_rows_of(service: str, documents: Any, *names: str) -> None:
    """Check the rows of all streams of a service, or of those with these names."""
    for stream in STREAMS:
        if stream.service == service and (not names or stream.name in names):
            check_change(stream, change_with(list(stream.rows(documents))))


# The journal --------------------------------------------------------------------------------------------------


def journals() -> list[bytes]:
    """Answers of the journal: pages, a serial, a fault."""
    entries = [[*entry[:3], xmlrpc.sanitised(entry.action), entry.serial] for entry in world().journal][:6]
    odd: list[list[str | int | None]] = [
        ["Foo", None, 1_725_534_675, "add Owner caf&#233;", 2**31 + 5],
        ["", "", -1, "x", 10**12],
    ]
    faults = xmlrpc.fault(-32500, "HTTPTooManyRequests: too many. Limit may reset in 7 seconds.")
    return [xmlrpc.value(entries).body, xmlrpc.value([]).body, xmlrpc.value(7).body, _long(odd), faults.body]


def _long(rows: Sequence[Sequence[str | int | None]]) -> bytes:
    """A page with serials that do not fit 32 bits, which the standard library does not write."""
    pages = [f"<value><array><data>{''.join(map(_value, row))}</data></array></value>" for row in rows]
    array = f"<array><data>{''.join(pages)}</data></array>"
    body = f"<params><param><value>{array}</value></param></params>"
    return f"<?xml version='1.0'?><methodResponse>{body}</methodResponse>".encode()


def _value(item: str | int | None) -> str:
    """A value in XML."""
    if item is None:
        return "<value><nil/></value>"
    return f"<value><i8>{item}</i8></value>" if isinstance(item, int) else f"<value>{escape(item)}</value>"


def journal(body: bytes) -> None:
    """An answer of the journal: a page, a serial or a fault."""
    result = parse_response(body, URL)
    if not isinstance(result, Fault) and type(result) is not int:
        check_rows_of("events", JournalPage(tuple(entries_of(result, 0, URL))))


# Advisories ---------------------------------------------------------------------------------------------------


def advisories() -> list[bytes]:
    """Records with every kind of field."""
    return [json.dumps(one).encode() for one in random_records(40, 5)]


def _check_records(*records: Record) -> None:
    by_id = {one.id: one for one in records}
    for one in by_id.values():
        assert microseconds(one.modified) >= 0
    check_rows_of("advisories", AdvisoryDocuments(tuple(by_id.values())))


def advisory(body: bytes) -> None:
    """A record."""
    try:
        record, _ = parse_record(body)
    except InvalidRecordError as error:
        raise ServiceDocumentError(URL, "an advisory", str(error), "advisories_url") from error
    _check_records(record)


def archives() -> list[bytes]:
    """Zips of records."""
    made = [Database() for _ in range(2)]
    for number, database in enumerate(made):
        database.publish(*random_records(3, number))
    return [database.zip for database in made]


def mutated_archive(seed: bytes, chance: random.Random) -> bytes:
    """A zip with changed bytes, or with changed members."""
    if chance.random() < 0.5:
        return mutated_bytes(seed, chance)
    members = {
        f"{chance.choice(('', 'PyPI/', '../'))}{one['id']}{chance.choice(('.json', '.json', '.txt'))}": json.dumps(one)
        for one in random_records(3, chance.randrange(1000))
    }
    return zip_of({name: mutated_json(text.encode(), chance) for name, text in members.items()})


def archive(body: bytes) -> None:
    """A zip: each member has an advisory, or a reason why not."""
    try:
        members = list(read_archive(io.BytesIO(body)))
    except BrokenArchiveError as error:
        raise ServiceDocumentError(URL, "a zip of advisories", str(error), "advisories_url") from error
    assert all((one.record is None) == bool(one.reason) for one in members)
    _check_records(*(one.record for one in members if one.record is not None))


def listings() -> list[bytes]:
    """Lists of modified records."""
    database = Database()
    database.publish(*random_records(20, 1))
    return [database.listing, database.listing.replace(b",", b",PyPI/")]


def listing(body: bytes) -> None:
    """A list: times are positive numbers of 64 bits."""
    found = parse_listing(body)
    assert all(0 <= time < 2**63 for time in found.modified.values())
    assert len(found.modified) + found.invalid <= body.count(b"\n") + 1


# Downloads ----------------------------------------------------------------------------------------------------


class Answering(Struct):
    """A client that every request gets the same answer of."""

    body: bytes
    headers: Mapping[str, str] = {}

    def get(self, url: str, **options: Any) -> Response:
        """The answer."""
        del options
        return Response(url, 200, self.body, self.headers)

    def post(self, url: str, body: bytes, **options: Any) -> Response:
        """The answer."""
        del body
        return self.get(url, **options)

    def quoted(self, text: str, body: bytes) -> str:
        """The text: there are no credentials."""
        del body
        return text


def pypistats_documents() -> list[bytes]:
    """Documents of pypistats: of days, and of days by system."""
    days = [
        {"category": category, "date": day, "downloads": number}
        for number, day in enumerate(_DAYS)
        for category in ("with_mirrors", "without_mirrors")
    ]
    return [json.dumps({"data": days, "package": "foo", "type": "overall_downloads"}).encode()]


def pypistats(body: bytes) -> None:
    """A document of pypistats."""
    _read(Pypistats(Answering(body), "http://stats.test"), Task("foo", (), TODAY, None))  # type: ignore[arg-type]


def clickhouse_results() -> list[bytes]:
    """Results of ClickHouse: of days and versions, and without a row."""
    row = {
        "project": "foo",
        "days": _DAYS,
        "counts": ["3", 4],
        "without_mirrors": [2, "4"],
        "total": "7",
        "projects": 1,
        "version_values": ["1.0", ""],
    }
    result = {"meta": [], "data": [row], "rows": 1, "statistics": {"elapsed": 0.1}, "exception": None}
    return [json.dumps(one).encode() for one in (result, result | {"data": []})]


def clickhouse(body: bytes) -> None:
    """A result of ClickHouse, read as one of days and as one by version."""
    source = Clickhouse(
        Answering(body),  # type: ignore[arg-type]
        "http://clickhouse.test",
        "pypi",
        "demo",
        10**6,
        sleep=lambda seconds: None,
    )
    errors = []
    for dimensions in ((), *breakdowns_of(["version"])):
        try:
            _read(source, Task("foo", dimensions, date(2026, 8, 20), None))
        except SourceError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _read(source: Pypistats | Clickhouse, task: Task) -> None:
    for _, found in source.read([task], TODAY):
        if isinstance(found, SourceError):
            raise found
        check_rows_of("downloads", found.since(task.first), task.stream)


def top_lists() -> list[bytes]:
    """Lists of the most downloaded projects."""
    rows = [{"download_count": 9 - number, "project": name} for number, name in enumerate(("boto3", "Zope.X", "a b"))]
    return [json.dumps({"last_update": "2026-11-01 07:34:21", "rows": rows, "total_rows": 3}).encode()]


def top_list(body: bytes) -> None:
    """A list of projects: normalised names, each once."""
    assert all(name and name == name.lower() for name in top._names(body, URL))
