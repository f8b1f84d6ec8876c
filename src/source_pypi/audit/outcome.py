"""What a run could not read: of which projects, of which streams, and why.

A stream of a project was read if the run has a batch of the project, with a change of the stream, and neither a failure
nor a document that the index lacks. Everything else is not checked.
"""

from collections.abc import Collection, Iterable, Mapping

from source_pypi.errors import NotOfferedError, SourceError, UnknownReleaseError
from source_pypi.safety.printable import printable
from source_pypi.safety.redaction import without_credentials
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch
from source_pypi.sync.state import ProjectState, ProjectSummary, StateStore

_UNUSABLE = "the index answered with an old or incomplete document"
_NOT_REACHED = "this run did not read it"


class Outcome:
    """What the batches of a run tell.

    :param streams: the streams of the run.
    :ivar projects: the projects that the run has read, in order, also missing ones.
    :ivar missing: the projects that the index does not have.
    :ivar answered: whether the index has answered at all.
    """

    def __init__(self, streams: Collection[Stream]) -> None:
        self.projects: dict[str, None] = {}
        self.missing: set[str] = set()
        self.answered = False
        self._streams = [stream for stream in streams if stream.of_project and not stream.service]
        self._service_streams = {stream.name for stream in streams if stream.service}
        self._problems: dict[str, dict[str, str]] = {}
        self._dependencies: dict[str, str | None] = {}
        self._of_index: list[str] = []
        self._of_services: dict[str, str] = {}

    def add(self, batch: Batch) -> None:
        """Add the results of a batch."""
        if batch.service:
            self._of_services |= {name: reason(error) for name, error in batch.failures.items()}
            if batch.gap:
                gap = without_credentials(printable(batch.gap))
                self._of_services |= {name: gap for name in batch.changes if name not in self._of_services}
            return
        if batch.project is None:
            self._of_index += [reason(error) for error in batch.failures.values()]
            return
        self.projects[batch.project] = None
        self.answered = self.answered or bool(batch.changes)
        if batch.missing or batch.missing_allowed:
            self.missing.add(batch.project)
        problems = self._problems.setdefault(batch.project, {})
        for stream in self._streams:
            if (problem := _problem(stream, batch) or _invalid(stream, batch)) is not None:
                problems.setdefault(stream.name, problem)
            if stream.name == "dependencies" and not _has_unknown_release(batch):
                self._dependencies[batch.project] = _problem(stream, batch)

    def add_missing(self, projects: Iterable[str]) -> None:
        """Add projects that the index does not have, also those that no file names."""
        self.missing.update(projects)

    def stop(self, error: SourceError) -> None:
        """Add what ended the run early."""
        self._of_index.append(reason(error))

    def problem(self, project: str, streams: Collection[str]) -> str | None:
        """Why streams of a project were not read; None: all of them were."""
        failed = next((self._of_services[name] for name in streams if name in self._of_services), None)
        if failed is not None or (streams and self._service_streams.issuperset(streams)):
            return failed
        if project not in self.projects:
            return next(iter(self._of_index), _NOT_REACHED)
        problems = self._problems.get(project, {})
        return next((problems[name] for name in streams if name in problems), None)

    def dependencies_problem(self, project: str) -> str | None:
        """Why the dependencies of a project are not known; None: they are.

        A null in place of the list means that there are none: the public index writes it so. A release that the index
        does not have is no reason, since it is missing.
        """
        if project not in self.projects:
            return next(iter(self._of_index), _NOT_REACHED)
        return self._dependencies.get(project)


def _has_unknown_release(batch: Batch) -> bool:
    return any(isinstance(error, UnknownReleaseError) for error in batch.user_errors)


def _problem(stream: Stream, batch: Batch) -> str | None:
    """Why a stream was not read; None: its documents were received."""
    name = stream.name
    error = batch.failures.get(name) or batch.lacking.get(name) or _of_releases(stream, batch)
    if isinstance(error, NotOfferedError) and not error.project:  # of other projects it may have them
        error = NotOfferedError(error.what, error.url, error.found, batch.project or "")
    if error is not None:
        return reason(error)
    if name not in batch.changes:
        return _UNUSABLE
    return None


def _invalid(stream: Stream, batch: Batch) -> str | None:
    """Why documents that were received do not have a stream's rows; None: they do."""
    name = stream.name
    unknown = batch.changes[name].unknown_partitions or batch.changes[name].lacks_key
    return f"a document of the index has no valid {stream.required_key}" if unknown else None


def _of_releases(stream: Stream, batch: Batch) -> SourceError | None:
    """Why a stream that reads documents of releases lacks some of them."""
    if stream.partition_kind is not DocumentKind.RELEASES:
        return None
    errors = (error for error in batch.user_errors if isinstance(error, UnknownReleaseError | NotOfferedError))
    return next(errors, None)


def reason(error: SourceError) -> str:
    """What happened, on one line without credentials; for what the index lacks, without what to do."""
    text = error.reason if isinstance(error, NotOfferedError) else str(error)
    return without_credentials(printable(text))


class FreshRun:
    """A store of whose state a run makes use, without continuing an interrupted run: every project is requested.

    :param store: the store.
    """

    keys = False
    unfinished: int | None = None

    def __init__(self, store: StateStore) -> None:
        self._store = store

    @property
    def unresolved(self) -> Collection[str]:
        """As of the store."""
        return self._store.unresolved

    def load(self, projects: Collection[str]) -> Mapping[str, Mapping[str, ProjectState]]:
        """As of the store."""
        return self._store.load(projects)

    def summaries(self, settings_digests: Mapping[str, bytes]) -> Iterable[ProjectSummary]:
        """As of the store."""
        return self._store.summaries(settings_digests)

    def finish(self) -> None:
        """As of the store."""
        self._store.finish()
