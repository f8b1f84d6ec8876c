"""What came of a run: counted batch by batch, told at the end, by every front in the same words."""

from collections import Counter

from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, SourceError, UnknownProjectsError
from source_pypi.sync.batch import Batch

#: Failures and oddities that are told one by one; the rest is counted.
MAX_LISTED_ERRORS = 10


class RunSummary(Struct):
    """Counts of a run.

    :ivar index: the index's address, to name it in messages.
    :ivar projects: projects that were read; missing ones do not count.
    :ivar unchanged: those of them that have not changed since they were read before.
    :ivar rows: rows by stream.
    :ivar stopped: what ended the run early; None: it came to its end.
    """

    index: str
    projects: int = 0
    unchanged: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    failures: list[tuple[SourceError, tuple[str, ...]]] = field(default_factory=list)
    user_errors: list[SourceError] = field(default_factory=list)
    stopped: SourceError | None = None
    _lacking: set[str] = field(default_factory=set)

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.rows.update(batch.counts)
        if batch.missing and batch.project is not None:
            self.missing.append(batch.project)
        elif batch.project is not None and batch.changes:
            self.projects += 1
            self.unchanged += not batch.counts
        causes: dict[int, tuple[SourceError, list[str]]] = {}
        for stream, error in batch.failures.items():
            causes.setdefault(id(error), (error, []))[1].append(stream)
        for error, streams in causes.values():
            self._fail(error, streams)
        self.user_errors += batch.user_errors

    def _fail(self, error: SourceError, streams: list[str]) -> None:
        """Note a failure; what an index does not offer is told once a stream, not once a project."""
        if isinstance(error, NotOfferedError):
            streams = [stream for stream in streams if stream not in self._lacking]
            self._lacking.update(streams)
        if streams:
            self.failures.append((error, tuple(streams)))

    def stop(self, error: SourceError, streams: tuple[str, ...]) -> None:
        """Note what ended the run before its end."""
        self.stopped = error
        self.failures.append((error, streams))

    @property
    def errors(self) -> list[SourceError]:
        """Everything that went wrong, in the order to tell it."""
        missing = [UnknownProjectsError(self.missing, self.index)] if self.missing else []
        return [*(error for error, _ in self.failures), *self.user_errors, *missing]

    def lines(self) -> list[str]:
        """What went wrong, a line each: which streams, what was asked, what came back, what to do."""
        told = [f"{', '.join(streams)}: {error}" for error, streams in self.failures[:MAX_LISTED_ERRORS]]
        if len(self.failures) > MAX_LISTED_ERRORS:
            told.append(f"and {len(self.failures) - MAX_LISTED_ERRORS} more failures like these")
        return told + [str(error) for error in self.errors[len(self.failures) :]]

    def of_stream(self, stream: str) -> list[SourceError]:
        """What went wrong with one stream."""
        return [error for error, streams in self.failures if stream in streams]


def warnings_of(batch: Batch) -> list[str]:
    """Return what the user should know of a batch, a line each."""
    return [*batch.warnings, *_invalid_field_warnings(batch)]


def _invalid_field_warnings(batch: Batch) -> list[str]:
    if not batch.invalid_fields:
        return []
    shown = "; ".join(str(invalid_field) for invalid_field in batch.invalid_fields[:3])
    more = f"; and {len(batch.invalid_fields) - 3} more" if len(batch.invalid_fields) > 3 else ""
    return [
        f"{batch.project or 'index'}: {len(batch.invalid_fields)} fields of a wrong type became null: {shown}{more}"
    ]
