"""Which streams the index and other services provide, as far as a run could tell.

Rules
    A stream is available if the index has, for at least one project of the run, the documents that its rows are made
    from, whether or not these make rows. It is not available if the index has them for none, and answered so for at
    least one. Otherwise the run could not tell: the stream was not selected, its documents could not be read, no
    project was due, or none of the projects exists.

    A stream of another service is available if the run has read the service.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from source_pypi.errors import NotOfferedError, SourceError
from source_pypi.safety.redaction import without_credentials
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import NAMES, stream_named
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, Capability, Change
from source_pypi.sync.fetch_result import FetchResult

NOT_SELECTED = "the run did not select this stream"
NOT_SEEN = "the run received no document that tells whether the index provides this stream"
#: The same of a stream of another service.
NOT_READ = "the run had nothing to read from the service {}, so that it cannot tell whether that provides this stream"


def provided_streams(streams: Iterable[Stream], result: FetchResult, changes: Mapping[str, Change]) -> frozenset[str]:
    """Return the names of the streams of which the index has the documents, even if these make no rows.

    :param changes: how the rows changed, of the streams that could be read.
    """
    return frozenset(s.name for s in streams if s.name in changes and _is_provided(s, result, changes[s.name]))


def lacking_streams(
    streams: Iterable[Stream], result: FetchResult, changes: Mapping[str, Change]
) -> dict[str, NotOfferedError]:
    """Return why the index lacks the documents of other streams that could be read, by name."""
    return {
        stream.name: result.lacking[stream.partition_kind]
        for stream in streams
        if stream.name in changes
        and stream.partition_kind in result.lacking
        and not _is_provided(stream, result, changes[stream.name])
    }


def _is_provided(stream: Stream, result: FetchResult, change: Change) -> bool:
    if change.count or result.project is None:
        return True
    found = {kind for kind, fingerprint in result.fingerprints.items() if not fingerprint.absent}
    reads_page = DocumentKind.PAGE in stream.documents and stream.partition_kind is None
    page_suffices = reads_page or (stream.from_page and result.page_completes)
    page_suffices = page_suffices or (stream.from_metadata and result.page_only)
    if not found & {DocumentKind.PROJECT, *([DocumentKind.PAGE] if page_suffices else [])}:
        return False
    if stream.partition_kind in result.lacking:
        partitions = change.state.partitions.values()
        return any(one.has_rows or one.fingerprint is None or not one.fingerprint.absent for one in partitions)
    return True


class _Lack(Struct):
    """Why the index does not provide a stream.

    :ivar error: of the first project.
    :ivar projects: how many projects lack it.
    :ivar fails: whether the stream could therefore not be read; otherwise it has no rows.
    """

    error: NotOfferedError
    checked_at: datetime
    projects: int = 0
    fails: bool = False


class Capabilities:
    """What the batches of a run tell of the index."""

    def __init__(self) -> None:
        self._provided: dict[str, datetime] = {}
        self._lacks: dict[str, _Lack] = {}
        self._failures: dict[str, SourceError] = {}

    def add(self, batch: Batch) -> None:
        """Add what a batch tells."""
        self._provided.update(dict.fromkeys(batch.provided, batch.seen_at))
        for stream, error in (batch.lacking | batch.failures).items():
            if isinstance(error, NotOfferedError):
                lack = self._lacks.setdefault(stream, _Lack(error, batch.seen_at))
                lack.projects += 1
                lack.fails = lack.fails or stream in batch.failures
                lack.checked_at = batch.seen_at
            else:
                self.add_failure(stream, error)

    def add_failure(self, stream: str, error: SourceError) -> None:
        """Add why a stream could not be read, if that is not what the index does not provide."""
        self._failures.setdefault(stream, error)

    def unavailable(self, *, failing: bool | None = None) -> dict[str, NotOfferedError]:
        """Return why the index does not provide streams, by name, in the order of the table of streams.

        That some projects lack what earlier runs read of them says nothing of the others.

        :param failing: only those that could therefore not be read, or only the others.
        """
        return {
            name: lack.error.of_index()
            for name in NAMES
            if (lack := self._lacks.get(name))
            and name not in self._provided
            and not lack.error.read_before
            and failing in (None, lack.fails)
        }

    def failures(self) -> dict[str, NotOfferedError]:
        """Return, by name, why streams could not be read of all projects, or of some, because the index lacks it."""
        unavailable = self.unavailable(failing=True)
        partly = {name: _of_projects(lack) for name in NAMES if (lack := self._lacks.get(name)) and lack.fails}
        return partly | unavailable

    def rows(self, selected: Collection[str], announced: Mapping[DocumentKind, str]) -> tuple[Capability, ...]:
        """Return a row for every stream of the product.

        :param selected: the names of the streams that the run reads.
        :param announced: what the run reports of documents that the index announces and does not have, by kind.
        """
        return tuple(self._row(name, announced, selected=name in selected) for name in NAMES)

    def _row(self, name: str, announced: Mapping[DocumentKind, str], *, selected: bool) -> Capability:
        if name in self._provided:
            return Capability(name, available=True, checked_at=self._provided[name])
        lack = self._lacks.get(name)
        if lack is not None and not lack.error.read_before:
            texts = {} if lack.fails else {kind.value: text for kind, text in announced.items()}
            reason = texts.get(lack.error.what) or lack.error.of_index().reason
            return Capability(name, available=False, reason=without_credentials(reason), checked_at=lack.checked_at)
        if error := self._failures.get(name) or (lack and lack.error):
            return Capability(name, reason=without_credentials(f"the run could not read this stream: {error}"))
        if not selected:
            return Capability(name, reason=NOT_SELECTED)
        service = stream_named(name).service
        return Capability(name, reason=NOT_READ.format(service) if service else NOT_SEEN)


def _of_projects(lack: _Lack) -> NotOfferedError:
    """The error of the first project, with the number of others."""
    error, others = lack.error, lack.projects - 1
    if not others or not error.project:
        return error
    more = f"{error.project} and {others:,} more {'project' if others == 1 else 'projects'}"
    return NotOfferedError(error.what, error.url, error.found, more, error.read_before)
