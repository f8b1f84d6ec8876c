"""What the streams of advisories make their rows from."""

from datetime import datetime

from msgspec import Struct

from source_pypi.services.advisories.records import Record

#: The stream that has a row for each advisory that the export no longer has.
REMOVED = "removed_advisories"
#: The stream that has scores.
SCORED = "advisories"


class AdvisoryDocuments(Struct, frozen=True):
    """What rows are made from.

    :ivar records: advisories.
    :ivar removed: when it was noticed that the export no longer has an advisory, by identifier; None: it has it again.
    """

    records: tuple[Record, ...] = ()
    removed: dict[str, datetime | None] = {}
