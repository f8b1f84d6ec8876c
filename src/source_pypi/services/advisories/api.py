"""The service ``advisories``: first all advisories in one zip, later those that were modified.

Flow
    The first sync reads the zip, and so does one every ``full_check_days``, at least one day. The others read the list
    of modified advisories, then each of these by itself, or the zip again if they are more than ``MOST_SINGLE``.

Rows
    All rows of a read advisory are replaced. One that no longer concerns a selected project loses its rows; one that
    the export no longer has keeps them, and gets a row in ``removed_advisories``.

Reading on
    beyond-index.md 3.1.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from source_pypi.config import Config
from source_pypi.errors import ServiceDocumentError
from source_pypi.http.credentials import credentials_for
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.safety.wording import counted
from source_pypi.services.advisories.archive import Member, identifier_of
from source_pypi.services.advisories.documents import REMOVED, SCORED, AdvisoryDocuments
from source_pypi.services.advisories.export import (
    SETTING,
    Export,
    ListingAnswer,
    LocalExport,
    RemoteExport,
    local_path,
)
from source_pypi.services.advisories.listing import Listing, microseconds
from source_pypi.services.advisories.position import Position, pack, recent_of, unpack
from source_pypi.services.advisories.records import Record
from source_pypi.services.clients import open_client, service_errors
from source_pypi.services.service import Portion, Request
from source_pypi.standards.cvss import base_score

#: Advisories that are requested one by one in a run; more are read from the zip, which has some 40 MB.
MOST_SINGLE = 300
#: Advisories that are written together.
PORTION = 500
#: The fewest days after which all advisories are read again, since the list shows every modified one.
LEAST_FULL_DAYS = 1
#: After how many days without a modified advisory an export is out of date.
STALE_DAYS = 3
#: Advisories that are missing at once although they may have been removed: fewer are marked in any case.
FEW_REMOVED = 5
#: Names in a warning.
_MOST_NAMED = 5
_LATE = "its file is missing, or older than the list says"
_PARTIAL = "what it affects has a wrong type"
_DAY = 86_400


class _Found(Struct):
    """What a run has read so far.

    :ivar modified: when each read advisory was modified, by identifier.
    :ivar ids: the advisories that have rows.
    :ivar listed: all identifiers that the export has, whether or not they could be read.
    :ivar damaged: why members have no advisory, by name.
    :ivar repaired: the fields of a wrong type, by identifier.
    :ivar late: the advisories whose files are older than the list says, or missing.
    """

    modified: dict[str, int] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    damaged: dict[str, str] = field(default_factory=dict)
    repaired: dict[str, tuple[str, ...]] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)

    def add(self, member: Member) -> Record | None:
        """Take note of a member, and return its advisory."""
        self.listed.add(identifier_of(member.name))
        if member.record is None:
            self.damaged[member.name] = member.reason
            return None
        self.modified[member.record.id] = microseconds(member.record.modified)
        if member.invalid:
            self.repaired[member.record.id] = member.invalid
        return member.record

    @property
    def unread(self) -> dict[str, str]:
        """Why advisories could not be read, or not in full, by identifier."""
        damaged = {id_: reason for name, reason in self.damaged.items() if (id_ := identifier_of(name))}
        partial = [name for name, fields in self.repaired.items() if "affected" in fields]
        return dict.fromkeys(self.late, _LATE) | damaged | dict.fromkeys(partial, _PARTIAL)

    def warnings(self, url: str) -> Iterator[str]:
        """What the user should know of other members, and of fields."""
        if others := [name for name in self.damaged if not identifier_of(name)]:
            some = "; ".join(f"{name[:100]}: {self.damaged[name]}" for name in others[:_MOST_NAMED])
            yield f"{url}: {counted(len(others), 'member')} of the zip could not be read ({some})"
        if self.repaired:
            some = "; ".join(f"{name}: {', '.join(self.repaired[name])}" for name in list(self.repaired)[:_MOST_NAMED])
            yield f"{url}: {len(self.repaired):,} advisories have fields of a wrong type, which became null ({some})"


class Advisories:
    """The advisories of an export.

    :param full_check_days: how often, in days, all of them are read again.
    :param max_removed_share: the largest share of advisories that may be missing at once; more are taken for a fault
        of the export.
    """

    def __init__(self, export: Export, full_check_days: float, max_removed_share: float) -> None:
        self._export, self._full_check_days, self._max_removed_share = export, full_check_days, max_removed_share
        self._invalid_vectors = dict[str, str]()

    @property
    def url(self) -> str:
        """Its URL without credentials, for messages."""
        return self._export.url

    def close(self) -> None:
        """As of ``Service``."""
        self._export.close()

    def portions(self, request: Request) -> Iterator[Portion]:
        """Yield the advisories that were modified since the last run; see the module.

        :raises SourceError: when the export cannot be read.
        """
        self._invalid_vectors = {}
        with service_errors(SETTING):
            yield from self._portions(request)

    def _portions(self, request: Request) -> Iterator[Portion]:
        previous = self._previous(request)
        due = request.now() - previous.full_at >= self._full_check_days * _DAY
        answer = (
            False if due or previous.done >= 0 else self._export.listing("" if previous.unread else previous.listing)
        )
        if answer is True:
            yield self._last(request, previous, _Found(ids=set(previous.ids)), None)
            return
        if answer is False:
            yield from self._of_archive(request, previous, everything=due)
            return
        assert isinstance(answer, ListingAnswer)
        listed = answer.listing.modified.items()
        changed = [one for one, time in listed if previous.is_new(one, time) or one in previous.unread]
        if len(changed) > MOST_SINGLE:
            yield from self._of_archive(request, previous, everything=False)
        else:
            yield from self._of_records(request, replace(previous, listing=answer.etag), changed, answer.listing)

    def _previous(self, request: Request) -> Position:
        """Where the last run of these streams ended; the beginning, if one of them has to be read in full."""
        cursors = request.cursors([""]).get("", {})
        positions = dict[str, Position]()
        for stream in request.streams:
            cursor = cursors.get(stream)
            position = None if cursor is None or not cursor.comparable else unpack(cursor.value)
            positions[stream] = position or Position()
        removed = positions.get(REMOVED, Position())
        if all(position.covers(request.projects) for position in positions.values()):
            oldest = min(positions.values(), key=lambda one: (one.modified, -one.done))
            return replace(oldest, ids=removed.ids, gone=removed.gone)
        return Position(ids=removed.ids, gone=removed.gone)

    def _of_records(
        self, request: Request, previous: Position, changed: list[str], listing: Listing
    ) -> Iterator[Portion]:
        """Portions of advisories that are requested one by one."""
        found, ids = _Found(listed=set(listing.modified)), set(previous.ids)
        records = list[Record]()
        for identifier in changed:
            member = self._export.advisory(identifier)
            record = None if member is None else found.add(member)
            if (member is None or record) and found.modified.get(identifier, 0) < listing.modified[identifier]:
                found.late.append(identifier)
            if record is not None:
                records.append(record)
                ids.discard(identifier)
                ids.update([identifier] if _concerns(record, request.projects) else [])
        newest = max([previous.modified, *found.modified.values()])
        known = {one: time for one, time in previous.recent.items() if one in listing.modified} | found.modified
        found.ids = ids
        position = replace(previous, modified=newest, recent=recent_of(known, newest), unread=found.unread)
        yield self._last(request, position, found, listing.modified, records)

    def _of_archive(self, request: Request, previous: Position, *, everything: bool) -> Iterator[Portion]:
        """Portions of the advisories in the zip: all of them, or those that were modified."""
        resumes = previous.done >= 0
        everything = everything or resumes
        full_at = int(request.now()) if everything else previous.full_at
        with self._export.archive("" if resumes else previous.archive) as archive:
            if archive is None:
                yield self._last(request, replace(previous, full_at=full_at), _Found(ids=set(previous.ids)), None)
                return
            found, records, total = _Found(), list[Record](), 0
            done = previous.done if archive.tag == previous.archive else 0
            for total, member in enumerate(archive.members, 1):
                record = found.add(member)
                if record is None:
                    continue
                if _concerns(record, request.projects):
                    found.ids.add(record.id)
                modified = found.modified[record.id]
                if total > done and previous.recent.get(record.id, 0) <= modified:  # else the zip lags behind
                    is_new = everything or previous.is_new(record.id, modified) or record.id in previous.unread
                    records += [record] if is_new else []
                if len(records) == PORTION:
                    self._check_vectors(request, records)
                    partial = replace(previous, archive=archive.tag, done=total, projects=_names(request), full_at=0)
                    yield self._portion(request, partial if everything else previous, records)
                    records = []
            self._check(found, total)
            position = replace(_with_archive(previous, found), archive=archive.tag, done=-1, full_at=full_at)
            yield self._last(request, replace(position, projects=_names(request)), found, found.modified, records)

    def _check(self, found: _Found, total: int) -> None:
        """Refuse an export most of whose members are no advisories: it is another one, or broken.

        :raises ServiceDocumentError: when it is.
        """
        if len(found.damaged) * 2 > total or not total:
            name, reason = next(iter(found.damaged.items()), ("", ""))
            what = f"{len(found.damaged):,} of {total:,} members that are none ({name[:100]}: {reason})"
            raise ServiceDocumentError(
                self.url, "a zip of advisories", what if total else "one without members", SETTING
            )

    def _last(
        self,
        request: Request,
        position: Position,
        found: _Found,
        listed: Iterable[str] | None,
        records: Sequence[Record] = (),
    ) -> Portion:
        """The last portion of a run: it also says which advisories the export no longer has.

        :param position: where the run ends, with the advisories that had rows before.
        :param listed: the advisories that the export has; None: those that it had.
        """
        gap = self._gap(position.unread)
        warnings = [f"{gap}; the rows of earlier syncs stay"] if gap else []
        warnings += found.warnings(self.url)
        removed = dict[str, datetime | None]()
        gone = set(position.gone)
        if listed is not None:
            there = found.listed | set(listed)
            missing = set(position.ids) - there - gone
            if self._is_fault(len(missing), len(position.ids)):
                warnings.append(
                    f"{self.url}: {len(missing):,} of {len(position.ids):,} advisories are missing at once; "
                    "they are not marked as removed"
                )
                found.ids |= missing
                missing = set()
            removed |= dict.fromkeys(sorted(missing), datetime.fromtimestamp(int(request.now()), UTC))
            removed |= dict.fromkeys(sorted(gone & there))
            gone = (gone - there) | missing
            found.ids |= found.unread.keys() & set(position.ids)
        position = replace(position, ids=tuple(sorted(found.ids | gone)), gone=tuple(sorted(gone)))
        self._check_vectors(request, records)
        warnings += [*self._stale(position.modified, request.now()), *self._vector_warnings()]
        return self._portion(request, position, records, removed, tuple(warnings), gap)

    def _gap(self, unread: Mapping[str, str]) -> str:
        """Which advisories could not be read, and why; empty: all could."""
        some = "; ".join(f"{name[:100]}: {why}" for name, why in list(unread.items())[:_MOST_NAMED])
        number = "1 advisory" if len(unread) == 1 else f"{len(unread):,} advisories"
        return f"{self.url}: {number} could not be read in full ({some})" if unread else ""

    def _is_fault(self, missing: int, known: int) -> bool:
        """Whether too many advisories are missing at once: the export is incomplete."""
        return missing > max(FEW_REMOVED, self._max_removed_share * known)

    def _vector_warnings(self) -> Iterator[str]:
        if invalid := self._invalid_vectors:
            some = "; ".join(f"{id_}: {vector[:100]}" for id_, vector in list(invalid.items())[:_MOST_NAMED])
            yield f"{self.url}: {len(invalid):,} advisories have an invalid CVSS vector, which became null ({some})"

    def _check_vectors(self, request: Request, records: Iterable[Record]) -> None:
        """Take note of CVSS vectors that have no score, for the stream that has scores."""
        if SCORED not in request.streams:
            return
        for record in records:
            if _concerns(record, request.projects):
                invalid = (one for one in record.vectors if base_score(one) is None)
                self._invalid_vectors.update((record.id, one) for one in invalid)

    def _stale(self, newest: int, now: float) -> Iterator[str]:
        days = (now - newest / 1_000_000) / _DAY
        if newest and days > STALE_DAYS:
            when = datetime.fromtimestamp(newest // 1_000_000, UTC)
            age = f"its newest change is {days:.0f} days old ({when:%Y-%m-%d})"
            yield f"{self.url}: the export may be out of date: {age}"

    def _portion(
        self,
        request: Request,
        position: Position,
        records: Sequence[Record],
        removed: dict[str, datetime | None] | None = None,
        warnings: tuple[str, ...] = (),
        gap: str = "",
    ) -> Portion:
        relevant = tuple(record for record in records if _concerns(record, request.projects))
        without_ids = pack(replace(position, ids=(), gone=()))
        cursors = {name: without_ids if name != REMOVED else pack(position) for name in request.streams}
        partitions = tuple(dict.fromkeys(record.id for record in records))
        documents = AdvisoryDocuments(relevant, removed or {})
        return Portion(documents, cursors, partitions=partitions, warnings=warnings, gap=gap)


def _with_archive(previous: Position, found: _Found) -> Position:
    """The position after a zip. Advisories that were read before and are newer than the zip are still there."""
    newest = max(found.modified.values(), default=0)
    later = {one: time for one, time in previous.recent.items() if time > newest}
    found.listed |= later.keys()
    found.ids |= later.keys() & set(previous.ids)
    times = found.modified | {one: max(time, found.modified.get(one, 0)) for one, time in later.items()}
    newest = max(times.values(), default=0)
    return replace(previous, modified=newest, recent=recent_of(times, newest), unread=found.unread)


def _concerns(record: Record, projects: Iterable[str] | None) -> bool:
    """Whether an advisory names one of these projects; None: any project of the ecosystem."""
    named = {project for project, _ in record.projects}
    return bool(named) if projects is None else not named.isdisjoint(projects)


def _names(request: Request) -> tuple[str, ...] | None:
    return None if request.projects is None else tuple(sorted(set(request.projects)))


def open_service(config: Config, on_event: Callable[[RetryWait | RequestLog], None]) -> Advisories:
    """The advisories that a configuration names; nothing is requested yet."""
    days = max(config.full_check_days, LEAST_FULL_DAYS)
    return Advisories(_export(config, on_event), days, 1 if config.accept_deletions else config.max_deleted_share)


def _export(config: Config, on_event: Callable[[RetryWait | RequestLog], None]) -> Export:
    url = config.advisories_url
    if url.startswith("file:"):
        return LocalExport(local_path(url))
    client = open_client(config, credentials_for(url), on_event, requests_per_second=config.requests_per_second)
    return RemoteExport(client, url.rstrip("/"))
