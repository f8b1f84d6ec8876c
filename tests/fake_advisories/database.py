"""Records, and the export that is made of them now and then: it shows the records of the last export, not of now."""

import io
import json
import zipfile
from datetime import datetime, timedelta
from typing import Any

from tests.fake_advisories.records import START, timestamp

Json = dict[str, Any]


class Database:
    """The records of a database and its export.

    :ivar records: the records, by identifier.
    :ivar zip: the exported zip.
    :ivar listing: the exported list of modified records, newest first.
    :ivar files: the exported files of single records, by identifier.
    """

    def __init__(self) -> None:
        self.records: dict[str, Json] = {}
        self.now = START
        self.zip, self.listing, self.files = b"", b"", dict[str, bytes]()
        self._held: set[str] = set()

    def publish(self, *records: Json, export: bool = True) -> None:
        """Add or replace records as they are, and export."""
        self.records |= {one["id"]: one for one in records}
        if export:
            self.export()

    def change(self, identifier: str, *, export: bool = True, **values: Any) -> None:
        """Change fields of a record, which is then the newest."""
        self.now += timedelta(minutes=1)
        newest = max([self.now, *(datetime.fromisoformat(one["modified"]) for one in self.records.values())])
        self.now = newest + timedelta(seconds=1)
        self.records[identifier] = self.records[identifier] | {"modified": timestamp(self.now)} | values
        if export:
            self.export()

    def remove(self, identifier: str, *, export: bool = True) -> None:
        """Delete a record."""
        del self.records[identifier]
        if export:
            self.export()

    def hold(self, *identifiers: str) -> None:
        """Leave these records out of exports, as they are now there, until ``release``: they come late."""
        self._held = set(identifiers)

    def release(self) -> None:
        """Export every record again."""
        self._held = set()
        self.export()

    def export(self, *, files: bool = True, listing: bool = True, archive: bool = True) -> None:
        """Make the export: single files, the list, and the zip; any may lag behind."""
        there = {one: self.records[one] for one in sorted(self.records) if one not in self._held}
        written = {one: json.dumps(record).encode() for one, record in there.items()}
        if files:
            self.files = written
        if listing:
            lines = sorted(((record["modified"], one) for one, record in there.items()), reverse=True)
            self.listing = "".join(f"{time},{one}\n" for time, one in lines).encode()
        if archive:
            self.zip = zip_of({f"{one}.json": content for one, content in written.items()})


def zip_of(members: dict[str, bytes]) -> bytes:
    """A zip of members by name; the same members make the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
